import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutScript, p2pkh, p2sh, p2wpkh, p2wsh } from '@scure/btc-signer';
import { Script } from '@scure/btc-signer/script.js';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { hash160, sha256 } from '../bytes/hash.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import {
  classifyScript,
  isMultisig,
  isUnspendable,
  multisigKeyForms,
  multisigScript,
  opReturnScript,
  p2pkhScript,
  p2pkScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
  parseMultisig,
  scriptPayload,
  witnessScript,
} from './script.ts';
import { hasAddress, SCRIPT_KIND, type ScriptKindName, scriptKindName } from './script-kind.ts';
import { parseBlock } from './transaction.ts';

/** The name of the kind of the script, which also must be the same inside a larger buffer. */
function kindOf(script: Uint8Array): ScriptKindName {
  const kind = classifyScript(script, 0, script.length);
  const padded = Buffer.concat([Buffer.from([0x51, 0xae]), script, Buffer.from([0xae, 0x51])]);
  assert.equal(classifyScript(padded, 2, 2 + script.length), kind, 'the same inside a buffer');
  return scriptKindName(kind);
}

// Points of the curve, so that the independent library accepts them: 1·G, 2·G, 3·G.
const KEYS = [
  '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5',
  '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9',
].map(hexToBytes);
const UNCOMPRESSED = hexToBytes(
  '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' +
    '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
);

test('what we build is what an independent library builds', () => {
  const key = KEYS[0]!;
  const same = (ours: Uint8Array, theirs: Uint8Array): void =>
    assert.equal(bytesToHex(ours), bytesToHex(theirs));
  same(p2pkhScript(hash160(key)), p2pkh(key).script);
  same(p2wpkhScript(hash160(key)), p2wpkh(key).script);
  const inner = { type: 'pk', script: p2pkScript(key) } as const;
  same(p2shScript(hash160(inner.script)), p2sh(inner).script);
  same(p2wshScript(sha256(inner.script)), p2wsh(inner).script);
  same(p2pkScript(key), OutScript.encode({ type: 'pk', pubkey: key }));
  same(p2trScript(key.subarray(1)), OutScript.encode({ type: 'tr', pubkey: key.subarray(1) }));
  same(multisigScript(2, KEYS), OutScript.encode({ type: 'ms', pubkeys: KEYS, m: 2 }));
  for (const length of [1, 75, 76, 255, 256, 520]) {
    const data = seededRandom(length).bytes(length);
    same(opReturnScript(data), Script.encode(['RETURN', data]));
  }
  assert.equal(bytesToHex(opReturnScript(new Uint8Array(0))), '6a');
});

test('each builder makes a script of its kind with its payload', () => {
  const random = seededRandom('kinds');
  const h20 = random.bytes(20);
  const h32 = random.bytes(32);
  const cases: [Uint8Array, ScriptKindName, Uint8Array | undefined][] = [
    [p2pkScript(KEYS[1]!), 'p2pk', hash160(KEYS[1]!)],
    [p2pkScript(UNCOMPRESSED), 'p2pk', hash160(UNCOMPRESSED)],
    [p2pkhScript(h20), 'p2pkh', h20],
    [p2shScript(h20), 'p2sh', h20],
    [p2wpkhScript(h20), 'p2wpkh', h20],
    [p2wshScript(h32), 'p2wsh', h32],
    [p2trScript(h32), 'p2tr', h32],
    [witnessScript(1, h20), 'witness_unknown', h20],
    [witnessScript(1, hexToBytes('4e73')), 'witness_unknown', hexToBytes('4e73')],
    [witnessScript(16, random.bytes(2)), 'witness_unknown', undefined],
    [witnessScript(2, random.bytes(40)), 'witness_unknown', undefined],
    [multisigScript(1, KEYS), 'multisig', undefined],
    [opReturnScript(h32), 'op_return', undefined],
  ];
  for (const [script, name, payload] of cases) {
    assert.equal(kindOf(script), name);
    const found = scriptPayload(script);
    if (payload !== undefined) assert.equal(bytesToHex(found!), bytesToHex(payload), name);
    else assert.equal(found !== undefined, name === 'witness_unknown', name);
    const kind = classifyScript(script, 0, script.length);
    assert.equal(hasAddress(kind), name !== 'multisig' && name !== 'op_return', name);
  }
  assert.equal(hasAddress(SCRIPT_KIND.nonstandard), false);
});

test('near misses are non-standard (cases of script_standard_Solver_failure in Bitcoin Core)', () => {
  const key = bytesToHex(KEYS[0]!);
  const h20 = '11'.repeat(20);
  const h32 = '22'.repeat(32);
  const cases = [
    '', // empty
    `20${key.slice(2)}ac`, // a key one byte short
    `21${key}`, // no CHECKSIG
    `21${key}ad`, // CHECKSIGVERIFY
    `2104${key.slice(2)}ac`, // the prefix of a long key
    `41${'02'}${'33'.repeat(64)}ac`, // the prefix of a short key
    `4c21${key}ac`, // pushed with PUSHDATA1
    `76a914${h20}88`, // P2PKH without CHECKSIG
    `76a914${h20}88ac51`, // and one opcode more
    `76a913${h20.slice(2)}88ac`, // a hash one byte short
    `76a94c14${h20}88ac`, // P2PKH with PUSHDATA1
    `a914${h20}`, // P2SH without EQUAL
    `a914${h20}8787`,
    `a94c14${h20}87`,
    `aa20${h32}87`, // what some other coins call P2SH32
    `0015${h20}11`, // version 0 with 21 bytes
    `00${'13'}${h20.slice(2)}`,
    `0021${h32}11`,
    `0014${h20}51`, // something after the program
    `014014${h20}`,
    `4f14${h20}`, // OP_1NEGATE is no version
    `6114${h20}`, // OP_NOP is no version
    `5101aa`, // one byte is no program
    `5129${'aa'.repeat(41)}`, // 41 bytes neither
    '51', // OP_TRUE
    `0021${key}51ae`, // zero signatures of one key
    `5221${key}51ae`, // two of one
    `51${'51'}ae`, // no key
    `5121${key}52ae`, // count of keys wrong
    `5121${key}51af`, // CHECKMULTISIGVERIFY
    `5141${bytesToHex(UNCOMPRESSED)}`, // cut
    `5121${key}51`, // cut
    `510121${key}51ae`, // a push that is no key
    `5121${key}51ae00`, // something after it
    `01${'01'}21${key}51ae`, // 1 not in its shortest form
    `6121${key}51ae`,
  ];
  for (const hex of cases) {
    const script = hexToBytes(hex);
    assert.equal(kindOf(script), 'nonstandard', hex);
    assert.equal(scriptPayload(script), undefined, hex);
    assert.equal(parseMultisig(script), undefined, hex);
  }
});

test('what Core accepts beyond the usual is accepted: hybrid keys, pushes with a length apart, 17 to 20 keys', () => {
  const hybrid = Uint8Array.from(UNCOMPRESSED);
  hybrid[0] = 6;
  assert.equal(kindOf(p2pkScript(hybrid)), 'p2pk');
  const key = bytesToHex(KEYS[0]!);
  for (const push of ['21', '4c21', '4d2100', '4e21000000']) {
    const script = hexToBytes(`51${push}${key}51ae`);
    assert.equal(kindOf(script), 'multisig', push);
    assert.equal(bytesToHex(parseMultisig(script)!.keys[0]!), key, push);
    assert.equal(multisigKeyForms(script, 0), 1);
  }
  for (let count = 1; count <= 20; count += 1) {
    const keys = Array.from({ length: count }, (_, i) => (i % 3 === 1 ? UNCOMPRESSED : KEYS[0]!));
    for (const required of new Set([1, count])) {
      const script = multisigScript(required, keys);
      assert.equal(kindOf(script), 'multisig', `${required} of ${count}`);
      const found = parseMultisig(script)!;
      assert.equal(found.required, required);
      assert.deepEqual(found.keys.map(bytesToHex), keys.map(bytesToHex));
      assert.equal(multisigKeyForms(script, 0), count > 1 ? 3 : 1);
    }
  }
  assert.throws(() => multisigScript(1, new Array(21).fill(KEYS[0])), RangeError);
  assert.throws(() => multisigScript(0, KEYS), RangeError);
  assert.throws(() => multisigScript(4, KEYS), RangeError);
  const tooMany = Buffer.concat([
    hexToBytes('51'),
    ...new Array<Uint8Array>(21).fill(hexToBytes(`21${key}`)),
    hexToBytes('0115ae'),
  ]);
  assert.equal(kindOf(tooMany), 'nonstandard');
});

test('OP_RETURN first and more than 10,000 bytes are unspendable, nothing else', () => {
  const spendable = (script: Uint8Array): boolean => !isUnspendable(script, 0, script.length);
  assert.ok(!spendable(hexToBytes('6a')));
  assert.ok(!spendable(opReturnScript(new Uint8Array(80))));
  assert.equal(kindOf(hexToBytes('6aac')), 'op_return', 'also when no push follows');
  assert.ok(spendable(new Uint8Array(0)));
  assert.ok(spendable(hexToBytes('006a')));
  assert.ok(spendable(new Uint8Array(10_000)));
  assert.ok(!spendable(new Uint8Array(10_001)));
  assert.ok(isUnspendable(hexToBytes('516a51'), 1, 2));
});

test('builders name the length that is wrong', () => {
  for (const build of [
    p2pkScript,
    p2pkhScript,
    p2shScript,
    p2wpkhScript,
    p2wshScript,
    p2trScript,
  ]) {
    assert.throws(() => build(new Uint8Array(21)), RangeError);
  }
  assert.throws(() => witnessScript(17, new Uint8Array(20)), RangeError);
  assert.throws(() => witnessScript(1, new Uint8Array(41)), RangeError);
  assert.throws(() => opReturnScript(new Uint8Array(65_536)), RangeError);
});

const THEIR_KINDS: Record<string, ScriptKindName> = {
  pk: 'p2pk',
  pkh: 'p2pkh',
  sh: 'p2sh',
  wpkh: 'p2wpkh',
  wsh: 'p2wsh',
  tr: 'p2tr',
  ms: 'multisig',
  p2a: 'witness_unknown',
};

/** Undefined for what the library does not know or can not read. */
function theirKind(script: Uint8Array): ScriptKindName | undefined {
  try {
    return THEIR_KINDS[OutScript.decode(script).type];
  } catch {
    return undefined;
  }
}

test('output scripts of real blocks are classified as by an independent library', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const seen = new Set<string>();
  const sampled = blocks.filter((block, i) => block.bytes.length > 5000 || i % 10 === 0);
  for (const { name, network, bytes } of sampled) {
    const perKind = new Map<ScriptKindName, number>();
    for (const { script } of parseBlock(bytes, network).transactions.flatMap((tx) => tx.outputs)) {
      const kind = scriptKindName(classifyScript(script, 0, script.length));
      const count = perKind.get(kind) ?? 0;
      // Plain kinds are all alike; the rare ones are looked at in every block, to the last.
      if (count >= 8 && kind !== 'nonstandard' && kind !== 'multisig' && kind !== 'p2pk') continue;
      perKind.set(kind, count + 1);
      seen.add(kind);
      const theirs = theirKind(script);
      // It also wants keys to lie on the curve, which no classification of the network asks.
      const isStricter = theirs === undefined && (kind === 'multisig' || kind === 'p2pk');
      const isOther = theirs === undefined && (kind === 'nonstandard' || kind === 'op_return');
      assert.ok(isStricter || isOther || theirs === kind, `${name}: ${kind}, theirs ${theirs}`);
    }
  }
  for (const kind of [
    'p2pk',
    'p2pkh',
    'p2sh',
    'p2wpkh',
    'p2wsh',
    'p2tr',
    'multisig',
    'op_return',
  ]) {
    assert.ok(seen.has(kind), `no ${kind} was met`);
  }
});

/** Type names of Esplora servers. */
const ESPLORA_KINDS: Record<string, ScriptKindName> = {
  p2pk: 'p2pk',
  p2pkh: 'p2pkh',
  p2sh: 'p2sh',
  v0_p2wpkh: 'p2wpkh',
  v0_p2wsh: 'p2wsh',
  v1_p2tr: 'p2tr',
  op_return: 'op_return',
  multisig: 'multisig',
};

test('recorded Esplora answers give the same kinds', (t) => {
  let compared = 0;
  for (const name of [
    'mempool-transactions-random',
    'mempool-transactions-rbfs',
    'mempool-transactions-replaced',
    'mempool-non-standard-txs',
    'recorded-pagination',
  ]) {
    const file = sharedFile(t, `esplora/${name}.json`);
    if (file === undefined) return;
    const pattern = /"scriptpubkey":\s*"([0-9a-f]*)"[^{}]*?"scriptpubkey_type":\s*"(\w+)"/g;
    for (const [, hex, type] of file.toString('utf8').replaceAll('\\"', '"').matchAll(pattern)) {
      const kind = kindOf(hexToBytes(hex!));
      // Esplora calls future witness versions unknown, as it does what is non-standard.
      const isUnknown = kind === 'nonstandard' || kind === 'witness_unknown';
      assert.ok(type === 'unknown' ? isUnknown : kind === ESPLORA_KINDS[type!], `${name} ${hex}`);
      compared += 1;
    }
  }
  assert.ok(compared > 200, `${compared} compared`);
});

test('scripts of the BIP 341 and bitcoinjs vectors are taproot', (t) => {
  const bip341 = sharedJson<{ scriptPubKey: { expected: { scriptPubKey: string } }[] }>(
    t,
    'bitcoin/vectors/core/bip341_wallet_vectors.json',
  );
  if (bip341 === undefined) return;
  for (const { expected } of bip341.scriptPubKey) {
    assert.equal(kindOf(hexToBytes(expected.scriptPubKey)), 'p2tr');
  }
});

/** A slow reading of multisig over an independent script decoder; counts up to 16 only. */
function slowIsMultisig(script: Uint8Array): boolean {
  let parts: unknown[];
  try {
    parts = Script.decode(script);
  } catch {
    return false;
  }
  const number = (part: unknown): number => {
    const name = /^OP_(\d+)$/.exec(String(part));
    return name ? Number(name[1]) : typeof part === 'number' ? part : 0;
  };
  if (parts.length < 4 || parts.at(-1) !== 'CHECKMULTISIG') return false;
  const required = number(parts[0]);
  const count = number(parts.at(-2));
  const keys = parts.slice(1, -2);
  const isKey = (part: unknown): boolean =>
    part instanceof Uint8Array &&
    ((part.length === 33 && (part[0] === 2 || part[0] === 3)) ||
      (part.length === 65 && [4, 6, 7].includes(part[0]!)));
  return (
    required >= 1 && required <= count && count <= 16 && keys.length === count && keys.every(isKey)
  );
}

test('multisig agrees with a slow reading on damaged scripts (seeded)', () => {
  const random = seededRandom('multisig');
  let positive = 0;
  for (let i = 0; i < 4000; i += 1) {
    const count = random.int(1, 4);
    const keys = Array.from({ length: count }, () => random.pick([...KEYS, UNCOMPRESSED]));
    let script = multisigScript(random.int(1, count), keys);
    if (random.chance(0.8)) {
      script = script.slice(0, random.chance(0.2) ? random.int(1, script.length) : script.length);
      const at = random.pick([0, 1, 2, script.length - 2, script.length - 1]);
      script[Math.max(at, 0)] = random.chance(0.5) ? random.int(0x4c, 0x60) : random.int(0, 255);
    }
    // One-byte pushes of a count above 16 are tested on their own.
    if (script.some((byte, at) => byte === 1 && script[at + 1]! > 16 && at < 3)) continue;
    const ours = isMultisig(script, 0, script.length);
    assert.equal(ours, slowIsMultisig(script), `replay with round ${i}: ${bytesToHex(script)}`);
    if (ours) positive += 1;
  }
  assert.ok(positive > 400, `${positive}`);
});
