/** Scenarios of each CoinJoin protocol, Stonewall and PayJoin. */
import { opReturnScript } from '../../chain/script.ts';
import { standardDenominations } from '../mixers/wasabi-two.ts';
import { MAKES, type Order, type Place, type Wallet, type WalletMake } from '../wallet.ts';
import type { ScenarioBuilder } from './scenario-builder.ts';

/** What one participant takes out. */
interface Share {
  readonly wallet: Wallet;
  readonly outputsSats: readonly number[];
}

/** One transaction with all coins of all participants; returns where each output went. */
function mix(
  build: ScenarioBuilder,
  protocol: string,
  shares: readonly Share[],
  order: Order,
  make: WalletMake = MAKES.serviceSegwit,
): Place[] {
  const { maker } = build;
  maker.begin(make);
  const places: Place[] = [];
  const numbers = shares.map(({ wallet, outputsSats }) => {
    const inputs = build.addAll(wallet);
    const outputs = outputsSats.map((sats) => {
      const place = wallet.freshPlace('mix');
      places.push(place);
      maker.pay(place, sats, 'mix', wallet.owner);
      return maker.outputCount - 1;
    });
    return { actor: wallet.owner, inputs, outputs };
  });
  maker.finish({ order });
  build.tellMix(protocol, numbers);
  return places;
}

/** A TX0 with four premix coins, and a mix of two of them with three remixers. */
export function whirlpool(build: ScenarioBuilder): void {
  const d = 5_000_000;
  const premix = d + 9_000;
  const users = [1, 2, 3, 4, 5].map((i) => build.wallet(`whirlpool-${i}`));
  const [first, second, ...remixers] = users as [Wallet, Wallet, ...Wallet[]];
  const from = build.fund(first, [22_000_000]);
  build.fund(second, [premix]);
  for (const remixer of remixers) build.fund(remixer, [d]);
  build.mine();
  const { maker } = build;
  const coordinator = build.wallet('whirlpool-coordinator').freshPlace('fee');
  const waiting = build.wallet(first.owner);
  maker.begin(first.make);
  build.addAll(first);
  maker.payScript(opReturnScript(build.random.bytes(64)), 0);
  maker.pay(coordinator, 175_000, 'mix_fee', first.owner);
  const premixPlaces = [first, waiting, waiting, waiting].map((wallet) =>
    wallet.freshPlace('premix'),
  );
  for (const place of premixPlaces) maker.pay(place, premix, 'premix', first.owner);
  maker.pay(
    waiting.freshPlace('change'),
    maker.inputSats - maker.outputSats - 3000,
    'change',
    first.owner,
  );
  maker.finish({ order: 'bip69' });
  const tx0 = maker.txidHex;
  build.mine();
  const places = mix(
    build,
    'whirlpool',
    users.map((wallet) => ({ wallet, outputsSats: [d] })),
    'shuffled',
  );
  build.mine();
  build.name(
    'whirlpoolTx0',
    [tx0],
    [from[0]!, coordinator, ...premixPlaces],
    'TX0 for the 0.05 pool: OP_RETURN, coordinator fee 175,000, four premix outputs of 5,009,000, change.',
  );
  build.name(
    'whirlpool',
    [maker.txidHex],
    places,
    'Mix of five: two entrants, three remixers, all outputs 0.05; addresses: the outputs by participant.',
  );
}

/** Fourteen participants, 28 inputs, equal outputs of 0.1002, changes and a coordinator. */
export function wasabiOne(build: ScenarioBuilder): void {
  const d = 10_020_000;
  const users = Array.from({ length: 14 }, (_, i) => build.wallet(`wasabi1-${i + 1}`));
  for (const [i, user] of users.entries())
    build.fund(user, [6_000_000 + 13_700 * i, 7_100_000 + 91_300 * i]);
  const coordinator = build.wallet('wasabi1-coordinator');
  build.mine();
  const shares: Share[] = users.map((wallet) => ({
    wallet,
    outputsSats: [d, wallet.balanceSats - d - 23_000],
  }));
  const places = mix(
    build,
    'wasabi1',
    [...shares, { wallet: coordinator, outputsSats: [14 * 20_000] }],
    'bip69',
  );
  build.mine();
  build.name(
    'wasabi1',
    [build.maker.txidHex],
    places,
    'Fourteen equal outputs of 0.1002, fourteen changes, the coordinator last; addresses by participant.',
  );
}

/** Standard values that make up an amount, at most nine. */
function decompose(sats: number, skip: number): number[] {
  const outputs: number[] = [];
  let left = sats;
  let skips = skip;
  for (const value of standardDenominations()) {
    if (left < value + 200) continue;
    if (skips > 0 && left < 4 * value) {
      skips -= 1;
      continue;
    }
    while (left >= value + 200 && outputs.length < 9) {
      outputs.push(value);
      left -= value + 200;
    }
  }
  return outputs;
}

/** Two linked rounds of 18 participants with 54 and more inputs. */
export function wasabiTwo(build: ScenarioBuilder): void {
  const users = Array.from({ length: 18 }, (_, i) =>
    build.wallet(`wasabi2-${i + 1}`, i % 5 === 0 ? MAKES.taproot : MAKES.mobileSegwit),
  );
  for (const [i, user] of users.entries()) {
    build.fund(user, [1_000_000 + 77_777 * i, 340_000 + 5_431 * i, 2_100_000 + 99_991 * i]);
  }
  build.mine();
  const round = (): string => {
    const shares = users.map((wallet, i) => ({
      wallet,
      outputsSats: decompose(wallet.balanceSats - 400 * wallet.purse.count, i % 3),
    }));
    mix(build, 'wasabi2', shares, 'descending');
    build.mine();
    return build.maker.txidHex;
  };
  const txids = [round(), round()];
  build.name(
    'wasabi2',
    txids,
    [],
    'Two rounds of 18 participants in standard values, inputs and outputs descending; the second spends outputs of the first.',
  );
}

/** A taker and four makers, and a sweep of a taker with two makers. */
export function joinMarket(build: ScenarioBuilder): void {
  const round = (
    name: string,
    makers: number,
    d: number,
    takerSats: number,
  ): { txid: string; places: Place[] } => {
    const taker = build.wallet(`${name}-taker`);
    build.fund(taker, [takerSats]);
    const users = Array.from({ length: makers }, (_, i) => build.wallet(`${name}-maker-${i + 1}`));
    for (const [i, user] of users.entries())
      build.fund(user, [d + 3_100_000 + 701_000 * i, 400_000 + 1234 * i]);
    build.mine();
    const shares: Share[] = users.map((wallet, i) => ({
      wallet,
      outputsSats: [d, wallet.balanceSats - d + 800 + 100 * i],
    }));
    const over = taker.balanceSats - d - makers * 1500 - 8000;
    const places = mix(
      build,
      'joinmarket',
      [{ wallet: taker, outputsSats: over > 3000 ? [d, over] : [d] }, ...shares],
      'shuffled',
    );
    build.mine();
    return { txid: build.maker.txidHex, places };
  };
  const whole = round('joinmarket', 4, 12_345_678, 20_000_000);
  build.name(
    'joinmarket',
    [whole.txid],
    whole.places,
    'A taker and four makers: five equal outputs, five changes; addresses by participant, the taker first.',
  );
  const sweep = round('joinmarket-sweep', 2, 7_654_321, 7_654_321 + 2 * 1500 + 8000);
  build.name(
    'joinmarketSweep',
    [sweep.txid],
    sweep.places,
    'A taker without change and two makers: three equal outputs, two changes.',
  );
}

/** The payment, a decoy of the same value, two changes: by one owner, and by two. */
export function stonewalls(build: ScenarioBuilder): void {
  for (const isAlone of [true, false]) {
    const name = isAlone ? 'stonewall' : 'stonewallX2';
    const payer = build.wallet(`${name}-payer`);
    const partner = isAlone ? payer : build.wallet(`${name}-partner`);
    build.fund(payer, [5_000_000]);
    build.fund(partner, [4_000_000]);
    build.mine();
    const { maker } = build;
    const payee = build.wallet(`${name}-payee`).freshPlace('receive');
    maker.begin(MAKES.nestedMobile);
    build.addAll(payer);
    if (!isAlone) build.addAll(partner);
    maker.pay(payee, 1_700_000, 'payment', payer.owner);
    maker.pay(partner.freshPlace('mix'), 1_700_000, 'mix', partner.owner);
    maker.pay(payer.freshPlace('change'), 5_000_000 - 1_700_000 - 700, 'mix', payer.owner);
    maker.pay(partner.freshPlace('change'), 4_000_000 - 1_700_000 - 700, 'mix', partner.owner);
    maker.finish();
    if (isAlone) {
      build.tellMix('stonewall', [{ actor: payer.owner, inputs: [0, 1], outputs: [1, 2, 3] }]);
    } else {
      build.tellMix('stonewall_x2', [
        { actor: payer.owner, inputs: [0], outputs: [2] },
        { actor: partner.owner, inputs: [1], outputs: [1, 3] },
      ]);
    }
    build.mine();
    build.name(
      name,
      [maker.txidHex],
      [payee],
      `Two equal outputs of 1,700,000 and two changes, by ${isAlone ? 'one owner' : 'two owners'}; address: the payee.`,
    );
  }
}

/** The payee adds an input of his own. */
export function payJoin(build: ScenarioBuilder): void {
  const payer = build.wallet('payjoin-payer');
  const payee = build.wallet('payjoin-payee');
  const from = build.fund(payer, [3_000_000]);
  const theirs = build.fund(payee, [1_000_000]);
  build.mine();
  const shares = [
    { wallet: payer, outputsSats: [3_000_000 - 600_000 - 1100] },
    { wallet: payee, outputsSats: [1_000_000 + 600_000] },
  ];
  const places = mix(build, 'payjoin', shares, 'bip69', MAKES.lightSegwit);
  build.mine();
  build.name(
    'payJoin',
    [build.maker.txidHex],
    [from[0]!, theirs[0]!, ...places],
    'A payment of 600,000 with an input of each side; addresses: the inputs of payer and payee, then the outputs of payer and payee.',
  );
}
