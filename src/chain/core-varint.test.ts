import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreVarintBytes } from '../../test/support/undo-writer.ts';
import { hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { coreVarint, readCoreVarint } from './core-varint.hot.ts';

/** Bitcoin Core `src/test/serialize_tests.cpp`, `varints_bitpatterns`. */
const CORE_PATTERNS: readonly (readonly [number: bigint, hex: string])[] = [
  [0n, '00'],
  [0x7fn, '7f'],
  [0x80n, '8000'],
  [0x1234n, 'a334'],
  [0xffffn, '82fe7f'],
  [0x123456n, 'c7e756'],
  [0x80123456n, '86ffc7e756'],
  [0xffffffffn, '8efefefe7f'],
  [0x7fffffffffffffffn, 'fefefefefefefefe7f'],
  [0xffffffffffffffffn, '80fefefefefefefefe7f'],
];

function readWhole(bytes: Uint8Array, at = 0): bigint {
  readCoreVarint(bytes, at);
  return (BigInt(coreVarint.high) << 28n) + BigInt(coreVarint.low);
}

test('the bit patterns of Bitcoin Core, by the reader and by the writer of the tests', () => {
  for (const [number, hex] of CORE_PATTERNS) {
    assert.equal(readWhole(hexToBytes(hex)), number, hex);
    assert.equal(coreVarint.end, hex.length / 2);
    assert.equal(coreVarintBytes(number).toString('hex'), hex);
  }
});

test('what was written is read, whatever its size and place', (t) => {
  const random = seededRandom('core-varint');
  t.diagnostic(`seed ${random.seed}`);
  for (let i = 0; i < 20_000; i += 1) {
    const word = (BigInt(random.u32()) << 32n) + BigInt(random.u32());
    const number = word >> BigInt(random.int(0, 63));
    const before = random.bytes(random.int(0, 3));
    const bytes = Buffer.concat([before, coreVarintBytes(number), Buffer.of(0xff)]);
    assert.equal(readWhole(bytes, before.length), number, `${number}`);
    assert.equal(coreVarint.end, bytes.length - 1);
    if (number < 2n ** 53n) assert.equal(readCoreVarint(bytes, before.length), Number(number));
  }
});

test('a number that is cut off, or has more than 64 bits', () => {
  for (const hex of ['', '80', '8efefefe', '80fefefefefefefefe', `81${'fe'.repeat(8)}ff00`]) {
    assert.throws(() => readCoreVarint(hexToBytes(hex), 0), { code: 'CLEW_UNDO_DAMAGED' }, hex);
  }
  assert.throws(() => readCoreVarint(hexToBytes('ff'.repeat(40)), 0), {
    code: 'CLEW_UNDO_DAMAGED',
  });
});
