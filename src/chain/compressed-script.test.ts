import assert from 'node:assert/strict';
import { createECDH, ECDH } from 'node:crypto';
import { test } from 'node:test';
import { packScript } from '../../test/support/undo-writer.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { packedScriptBytes, SCRIPT_FORMS, unpackScript } from './compressed-script.ts';

function unpack(packed: Uint8Array): string | undefined {
  const [code] = packed;
  assert.ok(code! < SCRIPT_FORMS);
  assert.equal(packed.length, 1 + packedScriptBytes(code!));
  const to = new Uint8Array(3 + 67);
  const length = unpackScript(code!, packed, 1, to, 3);
  if (length < 0) return undefined;
  assert.ok(to.subarray(3 + length).every((byte) => byte === 0));
  return Buffer.from(to.subarray(3, 3 + length)).toString('hex');
}

function convert(key: Buffer, form: 'compressed' | 'uncompressed'): string {
  return ECDH.convertKey(key, 'secp256k1', undefined, 'hex', form) as string;
}

test('the six forms, written by the tests’ own packer', (t) => {
  const random = seededRandom('forms');
  t.diagnostic(`seed ${random.seed}`);
  for (let i = 0; i < 30; i += 1) {
    const hash = Buffer.from(random.bytes(20)).toString('hex');
    const curve = createECDH('secp256k1');
    curve.setPrivateKey(Buffer.from(random.bytes(32)));
    const key = curve.getPublicKey();
    const scripts: readonly (readonly [hex: string, codes: string])[] = [
      [`76a914${hash}88ac`, '00'],
      [`a914${hash}87`, '01'],
      [`21${convert(key, 'compressed')}ac`, '02 03'],
      [`41${key.toString('hex')}ac`, '04 05'],
    ];
    for (const [hex, codes] of scripts) {
      const packed = packScript(Buffer.from(hex, 'hex'));
      assert.ok(codes.includes(packed.toString('hex', 0, 1)), hex);
      assert.equal(unpack(packed), hex);
    }
  }
});

test('the x of any key gives its y, as OpenSSL has it; where the curve has no point there is no script', (t) => {
  const random = seededRandom('points');
  t.diagnostic(`seed ${random.seed}`);
  let points = 0;
  for (let i = 0; i < 100; i += 1) {
    const x = Buffer.from(random.bytes(32));
    for (const parity of [0, 1]) {
      let expected: string | undefined;
      try {
        expected = `41${convert(Buffer.concat([Buffer.of(2 + parity), x]), 'uncompressed')}ac`;
        points += 1;
      } catch {
        // No point of the curve.
      }
      assert.equal(unpack(Buffer.concat([Buffer.of(4 + parity), x])), expected, x.toString('hex'));
    }
  }
  assert.ok(points > 60 && points < 140);
  // x must be below the prime of the field.
  assert.equal(unpack(Buffer.concat([Buffer.of(4), Buffer.alloc(32, 0xff)])), undefined);
});

test('a key that only looks like one is packed byte by byte, as Bitcoin Core does', () => {
  const off = Buffer.concat([Buffer.of(65, 4), Buffer.alloc(64, 5), Buffer.of(0xac)]);
  assert.equal(packScript(off).length, 1 + off.length);
  assert.equal(packScript(off)[0], off.length + 6);
});
