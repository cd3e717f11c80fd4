import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import {
  decodeNativeBlocks,
  encodeNativeBlock,
  FixedValues,
  RowValues,
  StringValues,
  U8Values,
  U32Values,
} from './native-block.ts';
import { shardsByBlock, shardsByKey, splitColumns } from './split-columns.hot.ts';

test('rows put apart by a key or by block: each once, in order, on the shard that its number says', () => {
  for (const [shards, rows] of [
    [2, 1_000],
    [3, 777],
    [7, 64],
    [255, 2_000],
    [2, 0],
  ] as const) {
    const random = seededRandom(`split ${shards} ${rows}`);
    // Beyond what a double holds.
    const base = 2n ** 63n - 9n;
    const key = new RowValues(base);
    const columns = {
      key,
      small: new U8Values(),
      number: new U32Values(),
      hash: new FixedValues(32),
      text: new StringValues(),
    };
    const written: { key: bigint; number: number; text: string; hash: string }[] = [];
    for (let row = 0; row < rows; row += 1) {
      const number = random.u32();
      const text = 'x'.repeat(random.int(0, 300));
      const hash = random.bytes(32);
      const plain = random.int(0, 2 ** 40);
      key.push(plain);
      columns.small.push(row % 256);
      columns.number.push(number);
      columns.hash.push(hash, 0);
      columns.text.pushText(text);
      const toHex = Buffer.from(hash).toString('hex');
      written.push({ key: base + BigInt(plain), number, text, hash: toHex });
    }
    const parts = splitColumns(columns, shardsByKey(key, shards), shards);
    const found = parts.map((part) => {
      const { key: keys, ...others } = part;
      assert.equal(keys!.type, 'UInt64');
      const blocks = [...decodeNativeBlocks(Buffer.concat(encodeNativeBlock(others)))];
      return blocks.flatMap(({ rowCount, columns: decoded }) => {
        const { bytes, ends } = decoded['text'] as { bytes: Uint8Array; ends: Float64Array };
        const hashes = decoded['hash'] as Uint8Array;
        return Array.from({ length: rowCount }, (_, row) => ({
          number: (decoded['number'] as Uint32Array)[row]!,
          text: Buffer.from(bytes.subarray(ends[row - 1] ?? 0, ends[row])).toString(),
          hash: Buffer.from(hashes.subarray(32 * row, 32 * row + 32)).toString('hex'),
        }));
      });
    });
    for (let shard = 0; shard < shards; shard += 1) {
      const expected = written
        .filter((row) => row.key % BigInt(shards) === BigInt(shard))
        .map(({ number, text, hash }) => ({ number, text, hash }));
      assert.deepEqual(found[shard], expected);
    }
  }
});

test('the rows of a block stay together, whatever the number of the first one', () => {
  const ends = Float64Array.of(2, 2, 5, 6);
  assert.deepEqual([...shardsByBlock(0n, ends, 2)], [0, 0, 0, 0, 0, 1]);
  assert.deepEqual([...shardsByBlock(2n ** 63n + 1n, ends, 3)], [0, 0, 2, 2, 2, 0]);
  assert.deepEqual([...shardsByBlock(5n, new Float64Array(0), 2)], []);
});
