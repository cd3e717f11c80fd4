import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as btc from '@scure/btc-signer';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile } from '../../test/support/shared-data.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import type { Sats } from '../units/amount.ts';
import type { Txid } from '../units/ids.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import {
  classifyInput,
  INPUT_KIND,
  type InputShape,
  inputKindName,
  KEY_FORM,
  newInputShape,
  PREVOUT_UNKNOWN,
  SIGHASH,
} from './input-kind.ts';
import { getNetwork } from './network.ts';
import { classifyScript } from './script.ts';
import type { ScriptKind } from './script-kind.ts';
import { serializeTransaction, type TransactionInput } from './transaction.ts';

const MAIN = getNetwork('main');
const columns = new BlockColumns();

/** A block with that one transaction. */
function blockOf(transaction: Uint8Array): Uint8Array {
  const block = new Uint8Array(81 + transaction.length);
  block[80] = 1;
  block.set(transaction, 81);
  return block;
}

type Prevout = ScriptKind | typeof PREVOUT_UNKNOWN;

/** What the first input of the transaction looks like, and the script that it reveals. */
function shapeOf(transaction: Uint8Array, prevKind: Prevout): InputShape & { redeem: string } {
  const block = blockOf(transaction);
  readBlockColumns(block, MAIN, columns);
  const shape = newInputShape();
  classifyInput(block, columns, 0, prevKind, shape);
  const redeem = block.subarray(shape.redeemOffset, shape.redeemOffset + shape.redeemLength);
  return { ...shape, redeem: bytesToHex(redeem) };
}

// Payments made and signed by an independent library.

const PRIVATE_KEYS = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
const RANDOM = seededRandom('input-kind');
const PUBLIC_KEYS = PRIVATE_KEYS.map(publicKey);

function publicKey(privateKey: Uint8Array): Uint8Array {
  // The library gives x-only keys; the parity is found by asking for the address of both.
  const xonly = btc.utils.pubSchnorr(privateKey);
  const even = Uint8Array.of(2, ...xonly);
  const odd = Uint8Array.of(3, ...xonly);
  const wanted = btc.getAddress('pkh', privateKey);
  return btc.p2pkh(even).address === wanted ? even : odd;
}

interface Payment {
  readonly script: Uint8Array;
  readonly redeemScript?: Uint8Array;
  readonly witnessScript?: Uint8Array;
}

/** A transaction that spends the payment, signed with the keys and the sighash type given. */
function spend(payment: Payment, sighash: number, keys: readonly Uint8Array[]): Uint8Array {
  const tx = new btc.Transaction({ allowLegacyWitnessUtxo: true, allowUnknownOutputs: true });
  tx.addInput({
    ...payment,
    txid: RANDOM.bytes(32),
    index: 0,
    witnessUtxo: { script: payment.script, amount: 100_000n },
    sighashType: sighash,
  });
  tx.addOutput({ script: btc.p2wpkh(PUBLIC_KEYS[0]!).script, amount: 90_000n });
  for (const each of keys) tx.sign(each, [sighash], new Uint8Array(32));
  tx.finalize();
  return tx.extract();
}

const ECDSA_TYPES: readonly [number, number][] = [
  [btc.SigHash.ALL, SIGHASH.all],
  [btc.SigHash.NONE, SIGHASH.none],
  [btc.SigHash.SINGLE, SIGHASH.single],
  [btc.SigHash.ALL_ANYONECANPAY, SIGHASH.allAnyoneCanPay],
  [btc.SigHash.NONE_ANYONECANPAY, SIGHASH.noneAnyoneCanPay],
  [btc.SigHash.SINGLE_ANYONECANPAY, SIGHASH.singleAnyoneCanPay],
];

const key = PUBLIC_KEYS[0]!;
const multisig = btc.p2ms(2, PUBLIC_KEYS);

/** Kind, payment, signers, key form, script revealed. */
const PAYMENTS: readonly (readonly [number, Payment, number, number, Uint8Array | undefined])[] = [
  [INPUT_KIND.p2pkh, btc.p2pkh(key), 1, KEY_FORM.compressed, undefined],
  [INPUT_KIND.p2shMultisig, btc.p2sh(multisig), 2, KEY_FORM.compressed, multisig.script],
  [INPUT_KIND.p2shOther, btc.p2sh(btc.p2pk(key)), 1, KEY_FORM.none, btc.p2pk(key).script],
  [INPUT_KIND.p2shP2wpkh, btc.p2sh(btc.p2wpkh(key)), 1, KEY_FORM.compressed, undefined],
  [INPUT_KIND.p2shP2wsh, btc.p2sh(btc.p2wsh(multisig)), 2, KEY_FORM.compressed, multisig.script],
  [INPUT_KIND.p2wpkh, btc.p2wpkh(key), 1, KEY_FORM.compressed, undefined],
  [INPUT_KIND.p2wshMultisig, btc.p2wsh(multisig), 2, KEY_FORM.compressed, multisig.script],
  [INPUT_KIND.p2wshOther, btc.p2wsh(btc.p2pk(key)), 1, KEY_FORM.none, btc.p2pk(key).script],
];

test('payments signed by an independent library: kind, key form, sighash type, script', () => {
  for (const [kind, payment, signers, keyForm, redeem] of PAYMENTS) {
    const prevKind = classifyScript(payment.script, 0, payment.script.length);
    const name = inputKindName(kind);
    for (const [sighash, bit] of ECDSA_TYPES) {
      const transaction = spend(payment, sighash, PRIVATE_KEYS.slice(0, signers));
      const shape = shapeOf(transaction, prevKind);
      assert.equal(inputKindName(shape.kind), name);
      assert.equal(shape.keyForm, keyForm, name);
      assert.equal(shape.sighashMask, bit, name);
      assert.equal(shape.redeem, redeem === undefined ? '' : bytesToHex(redeem), name);
      // Without the previous output: the same, or unknown; never another kind.
      const inferred = shapeOf(transaction, PREVOUT_UNKNOWN);
      if (inferred.kind === INPUT_KIND.unknown) continue;
      assert.equal(inputKindName(inferred.kind), name);
      assert.equal(inferred.sighashMask, bit, name);
      assert.equal(inferred.redeem, shape.redeem, name);
    }
  }
});

test('taproot by key and by script, with the default and every other sighash type', () => {
  const xonly = key.subarray(1);
  const types: [number, number][] = [[btc.SigHash.DEFAULT, SIGHASH.taprootDefault], ...ECDSA_TYPES];
  for (const [sighash, bit] of types) {
    const byKey = spend(btc.p2tr(xonly), sighash, PRIVATE_KEYS.slice(0, 1));
    for (const prevKind of [classifyScript(btc.p2tr(xonly).script, 0, 34), PREVOUT_UNKNOWN]) {
      const shape = shapeOf(byKey, prevKind as Prevout);
      if (prevKind === PREVOUT_UNKNOWN && shape.kind === INPUT_KIND.unknown) continue;
      assert.equal(shape.kind, INPUT_KIND.p2trKey);
      assert.equal(shape.keyForm, KEY_FORM.xonly);
      assert.equal(shape.sighashMask, bit);
      assert.equal(shape.witnessItems, 1);
    }
    const leaf = btc.p2tr_pk(btc.utils.pubSchnorr(PRIVATE_KEYS[1]!));
    const tree = btc.p2tr(btc.TAPROOT_UNSPENDABLE_KEY, { script: leaf.script });
    const byScript = spend(tree, sighash, PRIVATE_KEYS.slice(1, 2));
    for (const prevKind of [classifyScript(tree.script, 0, 34), PREVOUT_UNKNOWN]) {
      const shape = shapeOf(byScript, prevKind as Prevout);
      assert.equal(shape.kind, INPUT_KIND.p2trScript);
      assert.equal(shape.redeem, bytesToHex(leaf.script));
      assert.equal(shape.sighashMask, bit);
    }
  }
});

/** A transaction with one input, made by hand. */
function handmade(input: Partial<TransactionInput>): Uint8Array {
  return serializeTransaction(
    {
      version: 2,
      locktime: 0,
      inputs: [
        {
          prevTxid: '11'.repeat(32) as Txid,
          vout: 0,
          scriptSig: new Uint8Array(0),
          sequence: 0,
          witness: [],
          ...input,
        },
      ],
      outputs: [{ valueSats: 1 as Sats, script: hexToBytes('51') }],
    },
    { witness: true },
  );
}

const SIGNATURE = hexToBytes(`3044${'0220'}${'11'.repeat(32)}${'0220'}${'22'.repeat(32)}01`);

test('nothing is guessed when the previous output is unknown', () => {
  const anything: Partial<TransactionInput>[] = [
    {},
    { scriptSig: hexToBytes('51') },
    { scriptSig: hexToBytes('0151') },
    { scriptSig: hexToBytes('ac') },
    { scriptSig: hexToBytes('4c') },
    // A "key" that would also be a working script: pushes 2 bytes, then 15 times OP_1 OP_DROP.
    { witness: [SIGNATURE, hexToBytes(`02aabb${'5175'.repeat(15)}`)] },
    // 64 bytes that are a working script as well.
    { witness: [hexToBytes('51'.repeat(64))] },
    // The control block of a leaf version that has no meaning yet.
    { witness: [hexToBytes('51'), hexToBytes(`c2${'33'.repeat(32)}`)] },
    { witness: [hexToBytes('aa'), hexToBytes(`50${'33'.repeat(40)}`)] },
  ];
  for (const [i, input] of anything.entries()) {
    const shape = shapeOf(handmade(input), PREVOUT_UNKNOWN);
    assert.equal(inputKindName(shape.kind), 'unknown', `case ${i}`);
    assert.equal(shape.redeemLength, 0, `case ${i}`);
  }
});

test('bare keys and bare multisig, with and without their previous output', () => {
  const push = (data: Uint8Array): Uint8Array => Uint8Array.of(data.length, ...data);
  const single = SIGNATURE.with(SIGNATURE.length - 1, 0x83);
  const byKey = handmade({ scriptSig: push(single) });
  const byKeys = handmade({
    scriptSig: Buffer.concat([hexToBytes('00'), push(SIGNATURE), push(single)]),
  });
  const p2pk = 1 satisfies ScriptKind;
  const bareMultisig = 8 satisfies ScriptKind;
  for (const prevKind of [p2pk, PREVOUT_UNKNOWN] as const) {
    const shape = shapeOf(byKey, prevKind);
    assert.equal(shape.kind, INPUT_KIND.p2pk);
    assert.equal(shape.sighashMask, SIGHASH.singleAnyoneCanPay);
  }
  for (const prevKind of [bareMultisig, PREVOUT_UNKNOWN] as const) {
    const shape = shapeOf(byKeys, prevKind);
    assert.equal(shape.kind, INPUT_KIND.multisig);
    assert.equal(shape.keyForm, KEY_FORM.none);
    assert.equal(shape.sighashMask, SIGHASH.all + SIGHASH.singleAnyoneCanPay);
  }
});

test('an annex is no signature and no control block', () => {
  const annex = hexToBytes('50aabb');
  const taproot = 6 satisfies ScriptKind;
  const byKey = shapeOf(handmade({ witness: [new Uint8Array(64).fill(7), annex] }), taproot);
  assert.equal(byKey.kind, INPUT_KIND.p2trKey);
  assert.equal(byKey.sighashMask, SIGHASH.taprootDefault);
  assert.equal(byKey.witnessItems, 2);
  const control = hexToBytes(`c0${'44'.repeat(32)}`);
  const byScript = shapeOf(handmade({ witness: [hexToBytes('5175'), control, annex] }), taproot);
  assert.equal(byScript.kind, INPUT_KIND.p2trScript);
  assert.equal(byScript.redeem, '5175');
});

test('a coinbase is one whatever is said of its previous output', () => {
  const coinbase = handmade({ prevTxid: '00'.repeat(32) as Txid, vout: 0xffff_ffff });
  for (const prevKind of [PREVOUT_UNKNOWN, 2] as const) {
    const shape = shapeOf(coinbase, prevKind);
    assert.equal(shape.kind, INPUT_KIND.coinbase);
    assert.equal(shape.sighashMask, 0);
  }
  const almost = shapeOf(handmade({ vout: 0xffff_ffff }), PREVOUT_UNKNOWN);
  assert.equal(almost.kind, INPUT_KIND.unknown);
});

test('unusual signatures: a type that does not exist, long keys, keys of both forms', () => {
  const push = (data: Uint8Array): Uint8Array =>
    data.length < 76
      ? Uint8Array.of(data.length, ...data)
      : Uint8Array.of(76, data.length, ...data);
  const odd = SIGNATURE.with(SIGNATURE.length - 1, 0x50);
  const longKey = hexToBytes(`04${'ff'.repeat(64)}`);
  const scriptSig = Buffer.concat([push(odd), push(longKey)]);
  for (const prevKind of [2, PREVOUT_UNKNOWN] as const) {
    const shape = shapeOf(handmade({ scriptSig }), prevKind);
    assert.equal(shape.kind, INPUT_KIND.p2pkh);
    assert.equal(shape.keyForm, KEY_FORM.uncompressed);
    assert.equal(shape.sighashMask, SIGHASH.other);
  }
  const redeem = Buffer.concat([
    hexToBytes('51'),
    push(longKey),
    push(PUBLIC_KEYS[0]!),
    hexToBytes('52ae'),
  ]);
  const both = Buffer.concat([hexToBytes('00'), push(SIGNATURE), push(odd), push(redeem)]);
  const shape = shapeOf(handmade({ scriptSig: both }), 3);
  assert.equal(shape.kind, INPUT_KIND.p2shMultisig);
  assert.equal(shape.keyForm, KEY_FORM.mixed);
  assert.equal(shape.sighashMask, SIGHASH.all + SIGHASH.other);
});

test('real blocks: what is inferred without the previous output is never wrong', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const kinds = new Map<string, ScriptKind>();
  const shape = newInputShape();
  let [known, inferred] = [0, 0];
  // Twice: the first time the outputs are collected.
  for (const isCollecting of [true, false]) {
    for (const { name, network, bytes } of blocks) {
      readBlockColumns(bytes, network, columns);
      for (let tx = 0; isCollecting && tx < columns.txCount; tx += 1) {
        const txid = bytesToHex(columns.txids.subarray(32 * tx, 32 * tx + 32));
        const first = columns.txFirstOutput[tx]!;
        for (let row = first; row < columns.txFirstOutput[tx + 1]!; row += 1) {
          const start = columns.outScriptOffset[row]!;
          const kind = classifyScript(bytes, start, start + columns.outScriptLength[row]!);
          kinds.set(`${txid}:${row - first}`, kind);
        }
      }
      for (let row = 0; !isCollecting && row < columns.inputCount; row += 1) {
        const at = columns.inPrevTxidOffset[row]!;
        const prevTxid = bytesToHex(bytes.subarray(at, at + 32));
        const prevKind = kinds.get(`${prevTxid}:${columns.inPrevVout[row]}`);
        if (prevKind === undefined) continue;
        classifyInput(bytes, columns, row, prevKind, shape);
        const truth = { ...shape };
        classifyInput(bytes, columns, row, PREVOUT_UNKNOWN, shape);
        known += 1;
        if (shape.kind === INPUT_KIND.unknown) continue;
        inferred += 1;
        assert.deepEqual({ ...shape }, truth, `${name} input row ${row}`);
      }
    }
  }
  assert.ok(known > 8000 && inferred > 0.98 * known, `${inferred} of ${known}`);
});

interface EsploraInput {
  prevout: { scriptpubkey_type: string } | null;
  scriptsig: string;
  witness?: string[];
  is_coinbase: boolean;
  sequence: number;
  inner_redeemscript_asm?: string;
  inner_witnessscript_asm?: string;
}

/** The kind by what an Esplora server says of the input. */
function esploraKind(input: EsploraInput): string {
  const type = input.prevout?.scriptpubkey_type;
  const isMultisig = (asm: string | undefined): boolean =>
    asm?.endsWith('OP_CHECKMULTISIG') ?? false;
  if (type === 'p2sh') {
    const redeem = input.inner_redeemscript_asm ?? '';
    if (redeem.startsWith('OP_0 OP_PUSHBYTES_20')) return 'p2sh_p2wpkh';
    if (redeem.startsWith('OP_0 OP_PUSHBYTES_32')) return 'p2sh_p2wsh';
    return isMultisig(redeem) ? 'p2sh_multisig' : 'p2sh_other';
  }
  if (type === 'v0_p2wpkh') return 'p2wpkh';
  if (type === 'v0_p2wsh') {
    return isMultisig(input.inner_witnessscript_asm) ? 'p2wsh_multisig' : 'p2wsh_other';
  }
  if (type === 'v1_p2tr') return input.witness!.length === 1 ? 'p2tr_key' : 'p2tr_script';
  return type!;
}

const ESPLORA_SCRIPT_KINDS: Record<string, ScriptKind> = {
  p2pk: 1,
  p2pkh: 2,
  p2sh: 3,
  v0_p2wpkh: 4,
  v0_p2wsh: 5,
  v1_p2tr: 6,
};

/** Every object that is an input of a transaction, however deep the answers are nested. */
function findInputs(value: unknown, into: EsploraInput[] = []): EsploraInput[] {
  if (typeof value === 'string' && value.startsWith('['))
    return findInputs(JSON.parse(value), into);
  if (typeof value !== 'object' || value === null) return into;
  if ('scriptsig' in value && 'prevout' in value) into.push(value as EsploraInput);
  for (const inner of Object.values(value)) findInputs(inner, into);
  return into;
}

test('recorded Esplora answers: the same kind of every input', (t) => {
  let compared = 0;
  for (const name of [
    'mempool-transactions-random',
    'mempool-transactions-rbfs',
    'mempool-transactions-replaced',
    'recorded-pagination',
  ]) {
    const file = sharedFile(t, `esplora/${name}.json`);
    if (file === undefined) return;
    for (const input of findInputs(JSON.parse(file.toString('utf8')))) {
      const prevKind = ESPLORA_SCRIPT_KINDS[input.prevout?.scriptpubkey_type ?? ''];
      if (prevKind === undefined) continue;
      const transaction = handmade({
        scriptSig: hexToBytes(input.scriptsig),
        witness: (input.witness ?? []).map(hexToBytes),
      });
      const expected = esploraKind(input);
      assert.equal(inputKindName(shapeOf(transaction, prevKind).kind), expected, name);
      const inferred = inputKindName(shapeOf(transaction, PREVOUT_UNKNOWN).kind);
      assert.ok(inferred === expected || inferred === 'unknown', `${inferred}, not ${expected}`);
      compared += 1;
    }
  }
  assert.ok(compared > 100, `${compared}`);
});
