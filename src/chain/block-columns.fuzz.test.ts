/**
 * Damaged real blocks: each either reads, the same way in both views, or is refused with a coded
 * error. Never another exception, never a read out of bounds, never a hang.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RealBlock, singleBlocks } from '../../test/support/real-blocks.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { bip34Height } from './header.ts';
import { classifyInput, newInputShape, PREVOUT_UNKNOWN } from './input-kind.ts';
import { checkMerkleRoot, checkWitnessCommitment } from './merkle.ts';
import { classifyScript, isUnspendable } from './script.ts';
import { SCRIPT_KIND, type ScriptKind } from './script-kind.ts';
import { parseBlock } from './transaction.ts';

/** Bytes that lengths and flags are made of, more often than chance would have them. */
const NASTY_BYTES = [0x00, 0x01, 0x08, 0x4c, 0x4d, 0x4e, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];

function damage(block: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = block.slice();
  // Nine times of ten close to the front, where counts and lengths are.
  const place = (): number =>
    random.int(80, random.chance(0.9) ? Math.min(600, bytes.length - 1) : bytes.length - 1);
  const changes = random.int(1, 3);
  for (let i = 0; i < changes; i += 1) {
    bytes[place()] = random.chance(0.7) ? random.pick(NASTY_BYTES) : random.int(0, 255);
  }
  if (random.chance(0.2)) return bytes.subarray(0, random.int(0, bytes.length));
  if (random.chance(0.1)) return Buffer.concat([bytes, random.bytes(random.int(1, 50))]);
  if (random.chance(0.1)) {
    const at = place();
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1), bytes.subarray(at)]);
  }
  return bytes;
}

/** The outcome of reading, or the coded refusal; anything else is a fault. */
function outcome<T>(read: () => T): T | ClewError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ClewError) return error;
    throw error;
  }
}

/** All that runs over the scripts of a block once it has been read. */
function visitScripts(bytes: Uint8Array, columns: BlockColumns, random: SeededRandom): void {
  const shape = newInputShape();
  const kinds = Object.values(SCRIPT_KIND);
  for (let row = 0; row < columns.inputCount; row += 1) {
    const prevKind: ScriptKind = random.pick(kinds);
    classifyInput(bytes, columns, row, prevKind, shape);
    assert.ok(shape.redeemOffset + shape.redeemLength <= bytes.length);
    classifyInput(bytes, columns, row, PREVOUT_UNKNOWN, shape);
    assert.ok(shape.redeemOffset + shape.redeemLength <= bytes.length);
  }
  for (let row = 0; row < columns.outputCount; row += 1) {
    const start = columns.outScriptOffset[row]!;
    const end = start + columns.outScriptLength[row]!;
    assert.ok(end <= bytes.length);
    classifyScript(bytes, start, end);
    isUnspendable(bytes, start, end);
  }
  checkMerkleRoot(bytes, columns);
  checkWitnessCommitment(bytes, columns);
  bip34Height(bytes, columns);
}

function fuzzOnce(block: RealBlock, columns: BlockColumns, seed: string): boolean {
  const random = seededRandom(seed);
  const bytes = damage(block.bytes, random);
  const objects = outcome(() => parseBlock(bytes, block.network));
  const refusal = outcome(() => readBlockColumns(bytes, block.network, columns));
  bip34Height(bytes);
  assert.equal(refusal instanceof ClewError, objects instanceof ClewError, 'both views agree');
  if (refusal instanceof ClewError) {
    assert.equal(refusal.code, 'CLEW_BLOCK_DAMAGED');
    const offset = refusal.facts['offset'];
    assert.ok(typeof offset === 'number' && offset >= 0 && offset <= bytes.length);
    return false;
  }
  if (objects instanceof ClewError) return false;
  const txids = objects.transactions.map((tx) => tx.txid as string);
  const same = txids.every(
    (txid, i) => hashToDisplay(columns.txids.subarray(32 * i, 32 * i + 32)) === txid,
  );
  assert.ok(same && columns.txCount === txids.length, 'the same txids');
  visitScripts(bytes, columns, random);
  return true;
}

test('damaged blocks are read alike in both views, or refused with a code', (t) => {
  const names = ['mainnet-482683.raw', 'testnet3-924634.raw', 'testnet3-700000.raw'];
  const blocks = singleBlocks(t)?.filter((block) => names.includes(block.name));
  if (blocks === undefined) return;
  const columns = new BlockColumns();
  let read = 0;
  const rounds = 1500;
  for (let i = 0; i < rounds; i += 1) {
    const seed = `block-fuzz-${i}`;
    try {
      if (fuzzOnce(blocks[i % blocks.length]!, columns, seed)) read += 1;
    } catch (error) {
      throw new Error(`replay with seed "${seed}", block ${i % blocks.length}`, { cause: error });
    }
  }
  // Both ways must really happen, or this test shows nothing.
  assert.ok(read > rounds / 10 && read < (9 * rounds) / 10, `${read} of ${rounds} were read`);
});

test('bytes by chance are no block', () => {
  const random = seededRandom('no-block');
  const columns = new BlockColumns();
  for (let i = 0; i < 3000; i += 1) {
    const bytes = random.bytes(random.int(0, 400));
    const found = outcome(() =>
      readBlockColumns(bytes, { mweb: true, headerForm: 'auxpow' } as never, columns),
    );
    assert.ok(found instanceof ClewError, `replay with round ${i}`);
  }
});
