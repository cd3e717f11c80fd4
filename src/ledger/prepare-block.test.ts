import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preparedColumns } from '../../test/support/prepared-columns.ts';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { headerHash } from '../chain/header.ts';
import { getNetwork } from '../chain/network.ts';
import { classifyScript } from '../chain/script.ts';
import { parseBlock } from '../chain/transaction.ts';
import { PreparedBlock, prepareBlock, preparedMemoryBytes } from './prepare-block.hot.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';

test('kinds and keys of all outputs of real blocks, in memory of its own and in shared memory', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const own = new PreparedBlock();
  for (const { name, network, bytes } of blocks) {
    const expected = { height: 1, hash: hashToDisplay(headerHash(bytes)) };
    prepareBlock(bytes, network, expected, own);
    const scripts = parseBlock(bytes, network).transactions.flatMap(({ outputs }) =>
      outputs.map(({ script }) => script),
    );
    assert.equal(own.columns.outputCount, scripts.length, name);
    // One assertion a block: there are half a million outputs.
    const wrong = scripts.findIndex((script, output) => {
      const isData = script.length > 10_000 || script[0] === 0x6a;
      hashScript(script, 0, script.length);
      return (
        own.outKind[output] !== classifyScript(script, 0, script.length) ||
        own.outUnspendable[output] !== (isData ? 1 : 0) ||
        own.outKeyLow[output] !== (isData ? 0 : scriptKey.low) ||
        own.outKeyHigh[output] !== (isData ? 0 : scriptKey.high)
      );
    });
    assert.equal(wrong, -1, name);

    const at = 64;
    const memory = new SharedArrayBuffer(at + preparedMemoryBytes(bytes.length));
    const writer = PreparedBlock.inMemory(memory, at, bytes.length);
    writer.bytes.set(bytes);
    prepareBlock(writer.bytes, network, expected, writer);
    writer.publish();
    const reader = PreparedBlock.inMemory(memory, at, bytes.length);
    reader.receive();
    assert.equal(reader.columns.txids.buffer, memory);
    assert.deepEqual(preparedColumns(reader), preparedColumns(own), name);
  }
});

test('a prepared block of any size fits the memory that is asked for', () => {
  for (let bytes = 0; bytes < 5_000; bytes += bytes < 500 ? 1 : 97) {
    const memory = new SharedArrayBuffer(preparedMemoryBytes(bytes));
    PreparedBlock.inMemory(memory, 0, bytes);
  }
  const bytes = 32 * 1024 * 1024;
  PreparedBlock.inMemory(new SharedArrayBuffer(preparedMemoryBytes(bytes)), 0, bytes);
});

test('what is not the block that is meant is refused with its code', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const block = blocks.find(({ name }) => name === 'mainnet-482683.raw')!;
  const into = new PreparedBlock();
  const hash = hashToDisplay(headerHash(block.bytes));
  const refuse = (bytes: Uint8Array, expected: { height: number; hash: string }, code: string) =>
    assert.throws(() => prepareBlock(bytes, getNetwork('main'), expected, into), { code });
  refuse(block.bytes, { height: 482_683, hash: '00'.repeat(32) }, 'CLEW_BLOCK_DAMAGED');
  refuse(block.bytes.subarray(0, 5_000), { height: 482_683, hash }, 'CLEW_BLOCK_DAMAGED');
  const { columns } = into;
  prepareBlock(block.bytes, getNetwork('main'), { height: 482_683, hash }, into);
  const changed = Uint8Array.from(block.bytes);
  changed[columns.outScriptOffset[1]! + 5]! ^= 1;
  refuse(changed, { height: 482_683, hash }, 'CLEW_BLOCK_MERKLE');
});
