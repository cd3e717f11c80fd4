/** Row numbers beyond what 32 bits and a double hold: the same ledger, wherever its rows begin. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { compareAddresses, compareTransactions } from '../../test/support/compare-ledger.ts';
import { flowColumns } from '../../test/support/flow-columns.ts';
import { SHIFTED_BEGIN } from '../../test/support/shifted-flow.ts';
import { naiveLedgerOf } from '../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { BlockLoader } from '../ledger/block-loader.hot.ts';
import { countFlow } from '../ledger/counters.ts';
import { FlowIndex, SPENDER_MAX } from '../ledger/flow-index.ts';
import { undoBlocks } from '../ledger/flow-undo.hot.ts';
import { Ledger } from '../ledger/ledger.ts';
import { writeScenarioChain } from '../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { NONE } from '../units/ids.ts';
import { indexBlocks } from './index-blocks.ts';

const folder = temporaryFolder('row-numbers');
let source: BlockSource;

before(async () => {
  writeScenarioChain(join(folder, 'blocks'));
  source = await openBlockSource(join(folder, 'blocks'));
});

/** Beyond 2^32, 2^53, and so near to the end of 64 bits that one more bit would not fit. */
const BASE = {
  blocks: 2n ** 32n - 3n,
  transactions: 2n ** 53n - 5n,
  inputs: 2n ** 60n + 1n,
  outputs: 2n ** 63n - 7n,
  scripts: 2n ** 54n + 2n ** 32n - 1n,
};

test('tables whose rows begin beyond 2^53 give the same answers, undone, loaded again and reopened too', async () => {
  const place = join(folder, 'based');
  let ledger = await Ledger.open(place, source.network, { base: BASE });
  await indexBlocks(ledger, source, { batchRows: 500 });
  const [rows] = await ledger.engine.query(
    `SELECT toString(min(tx_index)) AS tx, toString(min(input_index)) AS input,
       (SELECT toString(min(output_index)) FROM outputs) AS output FROM inputs`,
  );
  assert.deepEqual(rows, {
    tx: BASE.transactions.toString(),
    input: BASE.inputs.toString(),
    output: BASE.outputs.toString(),
  });
  const columns = flowColumns(await ledger.openFlow());
  await ledger.undoAbove(150);
  await indexBlocks(ledger, source);
  await ledger.close();
  // A base is that of the ledger, not of whoever opens it.
  ledger = await Ledger.open(place, source.network, { base: { ...BASE, outputs: 0n } });
  assert.deepEqual(ledger.base, BASE);
  assert.deepEqual(flowColumns(await ledger.openFlow()), columns);
  assert.deepEqual(ledger.counters, countFlow(await ledger.openFlow()));
  const naive = naiveLedgerOf(source);
  await compareAddresses(ledger, naive, { every: 20 });
  await compareTransactions(ledger, naive, { every: 20 });
  await ledger.close();
});

/** Columns of a flow index by what their numbers count, for taking the beginning away. */
const COUNTED: Readonly<Record<string, keyof typeof SHIFTED_BEGIN>> = {
  blockFirstTx: 'tx',
  txFirstInput: 'input',
  txFirstOutput: 'output',
  inputPrevout: 'output',
  inputPrevOfScript: 'input',
  outputTx: 'tx',
  outputSpender: 'tx',
  outputPrevOfScript: 'output',
  scriptFirstOutput: 'output',
  scriptLastOutput: 'output',
  scriptLastInput: 'input',
  revealTx: 'tx',
  destroyedOutput: 'output',
  destroyedTx: 'tx',
  milestoneTx: 'tx',
  milestoneOutput: 'output',
  milestoneInput: 'input',
};
const BEGINS: Readonly<Record<string, keyof typeof SHIFTED_BEGIN>> = {
  transactions: 'tx',
  transactionEnds: 'tx',
  inputs: 'input',
  outputs: 'output',
};

/** The numbers in a column, the rows before its beginning left out, as if all rows began at 0. */
function unshifted(flow: FlowIndex, shift: boolean): Record<string, unknown[]> {
  const columns: Record<string, unknown[]> = {};
  for (const [name, column] of Object.entries(flow.columns.byName)) {
    const family = flow.columns.familyOf(name);
    const kind = BEGINS[family];
    const from = shift && kind !== undefined ? SHIFTED_BEGIN[kind] : 0;
    const counts = COUNTED[name];
    columns[name] = [];
    for (let row = from; row < column.length; row += 1) {
      const value = column.at(row);
      const isRow = typeof value === 'number' && value < SPENDER_MAX && value !== NONE;
      const less = shift && counts !== undefined && isRow ? SHIFTED_BEGIN[counts] : 0;
      columns[name].push(
        typeof value === 'number' ? value - less : Buffer.from(value).toString('hex'),
      );
    }
  }
  return columns;
}

test('blocks loaded and undone where rows are beyond 2^32 leave the same, row for row', () => {
  const load = (flow: FlowIndex, from: number, loader: BlockLoader): void => {
    for (const block of source.blocks.slice(from)) {
      const { height, hash, offsetBytes } = block;
      loader.addBlock(source.readBlock(block), {
        height,
        hash,
        fileId: 0,
        fileOffset: offsetBytes,
      });
    }
    assert.equal(flow.blockCount, source.blocks.length);
  };
  const plain = FlowIndex.inMemory(source.network);
  load(plain, 0, new BlockLoader(plain, countFlow(plain)));
  const shifted = FlowIndex.inMemory(source.network, {}, SHIFTED_BEGIN);
  const nothing = countFlow(FlowIndex.inMemory(source.network));
  const loader = new BlockLoader(shifted, nothing);
  load(shifted, 0, loader);
  const expected = unshifted(plain, false);
  assert.deepEqual(unshifted(shifted, true), expected);
  const counters = undoBlocks(shifted, 150, loader.counters);
  load(shifted, 150, new BlockLoader(shifted, counters));
  assert.deepEqual(unshifted(shifted, true), expected);
});
