/** Scenarios of ordinary and less ordinary payments. */
import { FORM } from '../script-form.hot.ts';
import { MAKES, type Place } from '../wallet.ts';
import type { ScenarioBuilder } from './scenario-builder.ts';

/** One input, a small part out, the rest on: six times. */
export function peelChain(build: ScenarioBuilder): void {
  const peeler = build.wallet('peeler', { ...MAKES.mobileSegwit, selection: 'oldest' });
  const [start] = build.fund(peeler, [50_000_000]);
  build.mine();
  const txids: string[] = [];
  const places: Place[] = [start!];
  for (let hop = 0; hop < 6; hop += 1) {
    const place = build.wallet(`peel-payee-${hop + 1}`, MAKES.legacy).freshPlace('receive');
    txids.push(build.pay({ from: peeler, to: [[place, 1_000_000 + 250_000 * hop]] }));
    places.push(place);
    build.mine();
  }
  build.name(
    'peelChain',
    txids,
    places,
    'Six hops of 1 input and 2 outputs; addresses: the start, then what each hop pays.',
  );
}

/** An exchange pays twelve customers at once. */
export function batchPayout(build: ScenarioBuilder): void {
  const hot = build.wallet('exchange', MAKES.serviceSegwit);
  const [from] = build.fund(hot, [300_000_000]);
  build.mine();
  const payees = Array.from({ length: 12 }, (_, i) =>
    build
      .wallet(`customer-${i + 1}`, i % 2 === 0 ? MAKES.legacy : MAKES.nestedMobile)
      .freshPlace('receive'),
  );
  const txid = build.pay({
    from: hot,
    to: payees.map((place, i) => [place, 700_000 + 131_000 * i]),
    purpose: 'withdrawal',
  });
  build.mine();
  build.name(
    'batchPayout',
    [txid],
    [from!, ...payees],
    'One input, twelve payments and change; addresses: the payer, then the payees.',
  );
}

/** One address is paid three times and takes its own change back. */
export function addressReuse(build: ScenarioBuilder): void {
  const shop = build.wallet('reuser', MAKES.oneAddress);
  const place = shop.freshPlace('receive');
  const payers = [1, 2, 3].map((i) => build.wallet(`reuse-payer-${i}`));
  for (const payer of payers) build.fund(payer, [9_000_000]);
  build.mine();
  const txids = payers.map((payer, i) =>
    build.pay({ from: payer, to: [[place, 2_000_000 + 1000 * i]] }),
  );
  build.mine();
  const { maker } = build;
  maker.begin(shop.make);
  const payee = build.wallet('reuse-payee').freshPlace('receive');
  maker.pay(payee, 1_500_000, 'payment', 'reuser');
  build.addAll(shop);
  maker.pay(place, maker.inputSats - 1_500_000 - 2500, 'change', 'reuser');
  maker.finish();
  build.mine();
  build.name(
    'addressReuse',
    [...txids, maker.txidHex],
    [place, payee],
    'Three payments to the first address, then it pays the second with change to itself.',
  );
}

/** Dust to five strangers; one of them spends it together with his own coin. */
export function dust(build: ScenarioBuilder): void {
  const duster = build.wallet('duster');
  build.fund(duster, [5_000_000]);
  const victims = [1, 2, 3, 4, 5].map((i) => build.wallet(`dusted-${i}`));
  const places = victims.map((victim) => build.fund(victim, [3_000_000])[0]!);
  build.mine();
  const spread = build.pay({
    from: duster,
    to: places.map((place) => [place, 546]),
    purpose: 'dust',
  });
  build.mine();
  const careless = build.sweep(victims[0]!, victims[0]!.freshPlace('receive'));
  build.mine();
  build.name(
    'dust',
    [spread, careless],
    places,
    '546 satoshi to each of five addresses; the first is then spent with its dust.',
  );
}

/** All coins of a wallet to one fresh address of the same wallet. */
export function selfTransfer(build: ScenarioBuilder): void {
  const owner = build.wallet('mover', MAKES.lightSegwit);
  const from = build.fund(owner, [4_000_000, 7_000_000, 1_500_000]);
  build.mine();
  const to = owner.freshPlace('receive');
  const txid = build.sweep(owner, to);
  build.mine();
  build.name(
    'selfTransfer',
    [txid],
    [...from, to],
    'Three inputs and one output of one owner; the last address is the output.',
  );
}

/** Strangers pay single-use addresses of one collector, who then spends them together. */
export function manyPayersOneCollector(build: ScenarioBuilder): void {
  const collector = build.wallet('collector', MAKES.lightSegwit);
  const txids: string[] = [];
  const places: Place[] = [];
  const payers = Array.from({ length: 10 }, (_, i) =>
    build.wallet(`payer-${i + 1}`, i % 3 === 0 ? MAKES.legacy : MAKES.mobileSegwit),
  );
  for (const payer of payers) build.fund(payer, [1_200_000]);
  build.mine();
  for (const payer of payers) {
    const place = collector.freshPlace('receive');
    places.push(place);
    txids.push(build.pay({ from: payer, to: [[place, 85_000]], purpose: 'site_payment' }));
    if (places.length % 4 === 0) build.mine();
  }
  build.mine();
  const out = collector.freshPlace('receive');
  txids.push(build.sweep(collector, out, 'gathering'));
  build.mine();
  build.name(
    'manyPayersOneCollector',
    txids,
    [...places, out],
    'Ten payments by ten owners to ten addresses, then one transaction spends them together to the last address.',
  );
}

/** Two customers and a seller pay into deposit addresses; the exchange sweeps them into its hot wallet. */
export function depositAddress(build: ScenarioBuilder): void {
  const deposits = build.wallet('deposit-exchange', MAKES.serviceLegacy);
  const hot = build.wallet('deposit-exchange', MAKES.serviceSegwit);
  const accounts = ['seller', 'customer-a', 'customer-b'].map((customer) =>
    deposits.freshPlace('deposit', { customer }),
  );
  const seller = build.wallet('seller');
  build.fund(seller, [6_000_000]);
  const payer = build.wallet('deposit-payer');
  build.fund(payer, [6_000_000]);
  build.mine();
  const txids = [
    build.pay({ from: seller, to: [[accounts[0]!, 1_000_000]], purpose: 'cash_out' }),
    build.pay({ from: payer, to: [[accounts[0]!, 90_000]], purpose: 'site_payment' }),
    build.pay({ from: payer, to: [[accounts[1]!, 400_000]], purpose: 'deposit' }),
    build.pay({ from: payer, to: [[accounts[2]!, 300_000]], purpose: 'deposit' }),
  ];
  build.mine();
  const place = hot.freshPlace('hot');
  txids.push(build.sweep(deposits, place, 'sweep'));
  build.mine();
  build.name(
    'depositAddress',
    txids,
    [...accounts, place],
    "Deposits of three customers, swept together; the first account is a seller's and is paid by a stranger too. Last address: the hot wallet.",
  );
}

/** Exactly equal parts of one coin: a look-alike of a mix that is none. */
export function equalSplit(build: ScenarioBuilder): void {
  const owner = build.wallet('splitter');
  build.fund(owner, [8_000_000, 8_000_000, 8_000_000]);
  build.mine();
  const { maker } = build;
  const places = Array.from({ length: 6 }, (_, i) =>
    build.wallet(`split-payee-${i + 1}`).freshPlace('receive'),
  );
  maker.begin(owner.make);
  build.addAll(owner);
  for (const place of places) maker.pay(place, 3_999_000, 'payout', owner.owner);
  maker.finish();
  build.mine();
  build.name(
    'equalSplit',
    [maker.txidHex],
    places,
    'Three inputs of one owner paid out in six equal parts (look-alike LA-1): no CoinJoin.',
  );
}

/** A payment that is spent again in the block that holds it. */
export function sameBlockSpend(build: ScenarioBuilder): void {
  const first = build.wallet('same-block-1');
  const second = build.wallet('same-block-2', MAKES.legacy);
  build.fund(first, [3_000_000]);
  build.mine();
  const middle = second.freshPlace('receive');
  const one = build.pay({ from: first, to: [[middle, 2_000_000]] });
  const last = build.wallet('same-block-3').freshPlace('receive', { form: FORM.p2tr });
  const two = build.sweep(second, last, 'payment');
  build.mine();
  build.name(
    'sameBlockSpend',
    [one, two],
    [middle, last],
    'The second transaction spends an output of the first in the same block.',
  );
}
