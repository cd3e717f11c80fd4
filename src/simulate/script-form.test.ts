import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { describeScript } from '../../test/support/slow-chain.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import {
  FORM,
  type Form,
  hasWitness,
  INPUT_WEIGHT,
  OUTPUT_WEIGHT,
  ScriptForge,
  SIGHASH,
} from './script-form.hot.ts';

const forge = new ScriptForge(seededRandom('forms'));
const hash160 = (bytes: Uint8Array): Buffer =>
  createHash('ripemd160').update(createHash('sha256').update(bytes).digest()).digest();

function outputScript(form: Form, key: number): Uint8Array {
  const bytes = new Uint8Array(300);
  return bytes.slice(0, forge.writeOutputScript(form, key, bytes, 0));
}

function scriptSig(form: Form, key: number): Uint8Array {
  const bytes = new Uint8Array(700);
  return bytes.slice(0, forge.writeScriptSig(form, key, SIGHASH.all, false, bytes, 0));
}

function witness(form: Form, key: number): Uint8Array[] {
  const bytes = new Uint8Array(700);
  const end = forge.writeWitness(form, key, SIGHASH.all, false, bytes, 0);
  const items: Uint8Array[] = [];
  let at = 1;
  for (let i = 0; i < bytes[0]!; i += 1) {
    items.push(bytes.slice(at + 1, at + 1 + bytes[at]!));
    at += 1 + bytes[at]!;
  }
  assert.equal(at, end);
  return items;
}

test('output scripts are of the kind that their form says', () => {
  const expected: Readonly<Record<keyof typeof FORM, string>> = {
    p2pk: 'p2pk',
    p2pkUncompressed: 'p2pk',
    p2pkh: 'p2pkh',
    p2pkhUncompressed: 'p2pkh',
    p2shP2wpkh: 'p2sh',
    p2wpkh: 'p2wpkh',
    p2tr: 'p2tr',
    p2trScript: 'p2tr',
    p2shMultisig: 'p2sh',
    p2wshMultisig: 'p2wsh',
    p2shP2wshMultisig: 'p2sh',
    bareMultisig: 'multisig',
    nonstandard: 'nonstandard',
    futureWitness: 'witness_unknown',
  };
  for (const [name, form] of Object.entries(FORM)) {
    for (const key of [1, 2, 77, 4_000_000_000]) {
      assert.equal(
        describeScript(outputScript(form, key)).kind,
        expected[name as keyof typeof FORM],
        name,
      );
    }
  }
});

test('what a spend reveals is what the output commits to', () => {
  for (let key = 1; key < 40; key += 1) {
    const text = (bytes: Uint8Array): string => bytesToHex(bytes);
    const legacy = scriptSig(FORM.p2pkh, key);
    assert.equal(
      text(outputScript(FORM.p2pkh, key)),
      `76a914${hash160(legacy.slice(-33)).toString('hex')}88ac`,
    );
    const old = scriptSig(FORM.p2pkhUncompressed, key);
    assert.equal(old.at(-65), 4);
    assert.equal(
      text(outputScript(FORM.p2pkhUncompressed, key)),
      `76a914${hash160(old.slice(-65)).toString('hex')}88ac`,
    );
    const [, segwitKey] = witness(FORM.p2wpkh, key);
    assert.equal(
      text(outputScript(FORM.p2wpkh, key)),
      `0014${hash160(segwitKey!).toString('hex')}`,
    );
    const nested = scriptSig(FORM.p2shP2wpkh, key).slice(1);
    assert.equal(text(nested), text(outputScript(FORM.p2wpkh, key)));
    assert.equal(
      text(outputScript(FORM.p2shP2wpkh, key)),
      `a914${hash160(nested).toString('hex')}87`,
    );
    const redeem = scriptSig(FORM.p2shMultisig, key).slice(-105);
    assert.equal(
      text(outputScript(FORM.p2shMultisig, key)),
      `a914${hash160(redeem).toString('hex')}87`,
    );
    const witnessScript = witness(FORM.p2wshMultisig, key).at(-1)!;
    const program = createHash('sha256').update(witnessScript).digest('hex');
    assert.equal(text(outputScript(FORM.p2wshMultisig, key)), `0020${program}`);
    const both = scriptSig(FORM.p2shP2wshMultisig, key).slice(1);
    assert.equal(text(both), text(outputScript(FORM.p2wshMultisig, key)));
  }
});

test('signatures are strict DER (BIP 66) with low S and one sighash byte', () => {
  const bytes = new Uint8Array(100);
  for (let i = 0; i < 500; i += 1) {
    const lowR = i % 2 === 0;
    const end = forge.writeSignaturePush(SIGHASH.all, lowR, bytes, 0);
    const signature = bytes.slice(1, end);
    assert.equal(bytes[0], signature.length);
    assert.deepEqual([signature[0], signature[1]], [0x30, signature.length - 3]);
    const rLength = signature[3]!;
    const r = signature.subarray(4, 4 + rLength);
    const s = signature.subarray(6 + rLength, -1);
    assert.deepEqual(
      [signature[2], signature[4 + rLength], signature[5 + rLength]],
      [2, 2, s.length],
    );
    for (const number of [r, s]) {
      assert.ok(number[0]! < 0x80, 'not negative');
      assert.ok(number[0] !== 0 || number[1]! >= 0x80, 'no needless zero');
    }
    if (lowR) assert.equal(rLength, 32);
    assert.equal(s.length, 32);
    assert.equal(signature.at(-1), 1);
  }
});

test('a key is the same whenever it is asked for, and differs from others and other seeds', () => {
  const other = new ScriptForge(seededRandom('forms-2'));
  const seen = new Set<string>();
  for (let key = 1; key <= 3000; key += 1) seen.add(bytesToHex(outputScript(FORM.p2wpkh, key)));
  assert.equal(seen.size, 3000);
  assert.equal(bytesToHex(outputScript(FORM.p2tr, 5)), bytesToHex(outputScript(FORM.p2tr, 5)));
  const bytes = new Uint8Array(40);
  other.writeOutputScript(FORM.p2wpkh, 5, bytes, 0);
  assert.ok(!seen.has(bytesToHex(bytes.subarray(0, 22))));
});

test('weights are never below what is written, and close to it', () => {
  for (const [name, form] of Object.entries(FORM)) {
    const script = outputScript(form, 9);
    assert.equal(OUTPUT_WEIGHT[form], 4 * (9 + script.length), name);
    let largest = 0;
    for (let i = 0; i < 50; i += 1) {
      const sig = scriptSig(form, 9);
      const items = hasWitness(form) ? witness(form, 9) : [];
      const witnessBytes = items.reduce(
        (sum, item) => sum + 1 + item.length,
        items.length > 0 ? 1 : 0,
      );
      largest = Math.max(
        largest,
        4 * (40 + (sig.length < 253 ? 1 : 3) + sig.length) + witnessBytes,
      );
    }
    const estimate = INPUT_WEIGHT[form]!;
    assert.ok(
      estimate >= largest && estimate <= largest + 24,
      `${name}: ${estimate}, written ${largest}`,
    );
  }
});
