/** Scenarios of script forms, keys in several forms, and signature hash types. */
import { opReturnScript } from '../../chain/script.ts';
import { FORM, type Form, SIGHASH } from '../script-form.hot.ts';
import { MAKES, type WalletMake } from '../wallet.ts';
import type { ScenarioBuilder } from './scenario-builder.ts';

/** Pay into a form, then spend from it. */
function payAndSpend(
  build: ScenarioBuilder,
  name: string,
  form: Form,
  make: WalletMake,
  note: string,
): void {
  const owner = build.wallet(name, make);
  const [place] = build.fund(owner, [2_500_000], form);
  const paid = build.maker.txidHex;
  build.mine();
  const out = build.wallet(`${name}-payee`).freshPlace('receive');
  const spent = build.sweep(owner, out, 'payment');
  build.mine();
  const hasAddress = form !== FORM.bareMultisig && form !== FORM.nonstandard;
  build.name(name, [paid, spent], hasAddress ? [place!, out] : [out], note);
}

export function scriptForms(build: ScenarioBuilder): void {
  payAndSpend(
    build,
    'bareMultisig',
    FORM.bareMultisig,
    MAKES.legacy,
    'A bare 1-of-2 multisig is paid (first) and spent (second) to the address.',
  );
  payAndSpend(
    build,
    'p2shMultisig',
    FORM.p2shMultisig,
    MAKES.multisigLegacy,
    'A 2-of-3 P2SH multisig (first address) is paid and spent; the redeem script is revealed.',
  );
  payAndSpend(
    build,
    'p2wshMultisig',
    FORM.p2wshMultisig,
    MAKES.multisigSegwit,
    'A 2-of-3 P2WSH multisig is paid and spent.',
  );
  payAndSpend(
    build,
    'nestedMultisig',
    FORM.p2shP2wshMultisig,
    MAKES.multisigNested,
    'A 2-of-3 multisig in P2WSH in P2SH is paid and spent.',
  );
  payAndSpend(
    build,
    'taprootKeyPath',
    FORM.p2tr,
    MAKES.taproot,
    'A Taproot output is paid and spent by key.',
  );
  payAndSpend(
    build,
    'taprootScriptPath',
    FORM.p2trScript,
    MAKES.taprootScript,
    'A Taproot output is paid and spent by script.',
  );
  payAndSpend(
    build,
    'uncompressedKey',
    FORM.p2pkhUncompressed,
    MAKES.oldUncompressed,
    'A P2PKH output of an uncompressed key is paid and spent.',
  );
  payAndSpend(
    build,
    'nonstandardScript',
    FORM.nonstandard,
    MAKES.legacy,
    'A script of no known kind is paid and spent.',
  );
}

/** A witness version that has no rules yet: it stays. */
export function futureWitness(build: ScenarioBuilder): void {
  const owner = build.wallet('futurist');
  const place = { ...owner.freshPlace('receive', { form: FORM.futureWitness }), keeper: undefined };
  build.fund(owner, [3_000_000]);
  build.mine();
  const txid = build.pay({ from: owner, to: [[place, 1_000_000]] });
  build.mine();
  build.name('futureWitness', [txid], [place], 'An output of a future witness version, unspent.');
}

/** The two forms of one key are never spent together; only the key joins them. */
function oneKey(
  build: ScenarioBuilder,
  name: string,
  forms: readonly [Form, Form],
  note: string,
): void {
  const owner = build.wallet(name, MAKES.legacy);
  const key = build.nextKey();
  const places = forms.map((form) => build.sameKey(owner, key, form));
  build.pay({ from: build.miner, to: [[places[0]!, 1_100_000]], purpose: 'funding' });
  build.mine();
  const txids = [
    build.sweep(owner, build.wallet(`${name}-payee-1`).freshPlace('receive'), 'payment'),
  ];
  build.pay({ from: build.miner, to: [[places[1]!, 1_200_000]], purpose: 'funding' });
  build.mine();
  txids.push(build.sweep(owner, build.wallet(`${name}-payee-2`).freshPlace('receive'), 'payment'));
  build.mine();
  build.name(name, txids, places, note);
}

export function sameKeys(build: ScenarioBuilder): void {
  oneKey(
    build,
    'sameKeyP2pk',
    [FORM.p2pk, FORM.p2pkh],
    'One key as P2PK and as P2PKH, spent apart. A bare key has the address of its P2PKH form, so both addresses are the same.',
  );
  oneKey(
    build,
    'sameKeyP2wpkh',
    [FORM.p2wpkh, FORM.p2pkh],
    'One key as P2WPKH (first address) and P2PKH (second), spent apart.',
  );
  oneKey(
    build,
    'sameKeyNested',
    [FORM.p2shP2wpkh, FORM.p2wpkh],
    'One key as P2SH-P2WPKH (first address, redeem script revealed when spent) and P2WPKH (second), spent apart.',
  );
}

/** Bytes that belong to nobody, beside a payment. */
export function opReturn(build: ScenarioBuilder): void {
  const owner = build.wallet('notary', MAKES.legacy);
  const [from] = build.fund(owner, [2_000_000]);
  build.mine();
  const { maker } = build;
  maker.begin(owner.make);
  maker.payScript(opReturnScript(build.random.bytes(40)), 0);
  const change = owner.freshPlace('change');
  build.addAll(owner);
  maker.pay(change, maker.inputSats - 1500, 'change', owner.owner);
  maker.finish({ order: 'given' });
  build.mine();
  build.name(
    'opReturn',
    [maker.txidHex],
    [from!, change],
    'Output 0 is OP_RETURN with 40 bytes and no value; the rest is change.',
  );
}

/** A script that is too long to be ever spent. */
export function oversizedScript(build: ScenarioBuilder): void {
  const owner = build.wallet('oversized');
  const [from] = build.fund(owner, [2_000_000]);
  build.mine();
  const { maker } = build;
  maker.begin(owner.make);
  // OP_NOP, 10,001 times: one more than a script may have.
  maker.payScript(new Uint8Array(10_001).fill(0x61), 700_000);
  build.addAll(owner);
  maker.pay(owner.freshPlace('change'), maker.inputSats - 700_000 - 60_000, 'change', owner.owner);
  maker.finish({ order: 'given' });
  build.mine();
  build.name(
    'oversizedScript',
    [maker.txidHex],
    [from!],
    'Output 0 holds 700,000 satoshi under a script of 10,001 bytes: unspendable.',
  );
}

/** A sale: the seller signs only his input and his price; buyer and seller share one transaction. */
export function sighashSwap(build: ScenarioBuilder): void {
  const seller = build.wallet('swap-seller', MAKES.taproot);
  const buyer = build.wallet('swap-buyer', MAKES.taproot);
  const [item] = build.fund(seller, [10_000]);
  const paid = build.fund(buyer, [1_500_000, 900_000]);
  build.mine();
  const { maker } = build;
  maker.begin(seller.make);
  const sellerInputs = build.addAll(seller, SIGHASH.singleAnyone);
  const price = seller.freshPlace('receive');
  maker.pay(price, 1_200_000, 'item_sale', buyer.owner);
  const buyerInputs = build.addAll(buyer);
  maker.pay(buyer.freshPlace('receive'), 10_000, 'item', seller.owner);
  const change = maker.inputSats - maker.outputSats - 2000;
  maker.pay(buyer.freshPlace('change'), change, 'change', buyer.owner);
  maker.finish({ order: 'given' });
  build.tellMix('swap', [
    { actor: seller.owner, inputs: sellerInputs, outputs: [] },
    { actor: buyer.owner, inputs: buyerInputs, outputs: [] },
  ]);
  build.mine();
  build.name(
    'sighashSwap',
    [maker.txidHex],
    [item!, ...paid, price],
    "Input 0 is the seller's, signed SINGLE|ANYONECANPAY (0x83); inputs 1 and 2 are the buyer's. Addresses: the item, the buyer's two, where the price goes.",
  );
}

/** Three strangers each add an input that signs only itself and the common output. */
export function crowdfund(build: ScenarioBuilder): void {
  const donors = [1, 2, 3].map((i) => build.wallet(`crowd-donor-${i}`, MAKES.legacy));
  const from = donors.map((donor) => build.fund(donor, [1_000_000])[0]!);
  build.mine();
  const { maker } = build;
  const goal = build.wallet('crowd-goal').freshPlace('receive');
  maker.begin(MAKES.legacy);
  const participants = donors.map((donor) => {
    const inputs = build.addAll(donor, SIGHASH.allAnyone);
    return { actor: donor.owner, inputs, outputs: [] as number[] };
  });
  maker.pay(goal, maker.inputSats - 5000, 'mix', 'crowd');
  maker.finish();
  build.tellMix('crowdfund', [...participants, { actor: 'crowd-goal', inputs: [], outputs: [0] }]);
  build.mine();
  build.name(
    'crowdfund',
    [maker.txidHex],
    [...from, goal],
    'Three owners, each input signed ALL|ANYONECANPAY (0x81), one output.',
  );
}
