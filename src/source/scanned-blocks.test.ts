import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { NO_BLOCK, NO_HEIGHT, type ScannedBlock, ScannedBlocks } from './scanned-blocks.ts';

test('rows are found by hash and parent, however many there are, and copies by row', () => {
  const random = seededRandom('scanned blocks');
  const blocks = new ScannedBlocks();
  const fileRow = blocks.addFile('/blk00000.dat', 8);
  const added: ScannedBlock[] = [];
  const copiesByRow = new Map<number, number[]>();
  // Many hashes with the same first bytes, so that rows meet in the table.
  const crowded = random.bytes(4);
  for (let i = 0; i < 5000; i += 1) {
    if (added.length > 0 && random.chance(0.1)) {
      const known = random.int(0, added.length - 1);
      const row = blocks.add({ ...added[known]!, offsetBytes: 2 ** 34 + i });
      assert.equal(row, known);
      copiesByRow.set(row, [...(copiesByRow.get(row) ?? []), 2 ** 34 + i]);
      continue;
    }
    const hash = random.bytes(32);
    if (random.chance(0.2)) hash.set(crowded);
    const block = {
      hash,
      prevHash: added.length > 0 && random.chance(0.8) ? random.pick(added).hash : random.bytes(32),
      timeSeconds: random.u32(),
      bits: random.u32(),
      coinbaseHeight: NO_HEIGHT,
      fileRow,
      offsetBytes: 8 + i,
      lengthBytes: 100,
      isWhole: true,
    };
    assert.equal(blocks.add(block), added.length);
    added.push(block);
  }
  const byHash = new Map(added.map(({ hash }, row) => [hashToDisplay(hash), row]));
  assert.equal(blocks.count, added.length);
  for (const [row, block] of added.entries()) {
    assert.equal(blocks.rowOf(block.hash), row);
    assert.equal(blocks.hashOf(row), hashToDisplay(block.hash));
    assert.equal(blocks.prevHashOf(row), hashToDisplay(block.prevHash));
    assert.equal(blocks.parentOf(row), byHash.get(hashToDisplay(block.prevHash)) ?? NO_BLOCK);
    assert.equal(blocks.timeSeconds[row], block.timeSeconds);
    assert.equal(blocks.bits[row], block.bits);
    assert.equal(blocks.offsetBytes[row], block.offsetBytes);
    assert.deepEqual(
      blocks.copiesOf(row).map(({ offsetBytes }) => offsetBytes),
      copiesByRow.get(row) ?? [],
    );
  }
  assert.equal(blocks.rowOf(random.bytes(32)), NO_BLOCK);
  assert.equal([...blocks.copies()].length, 5000 - added.length);
});
