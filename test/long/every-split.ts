/** The scenario chain, cut at every height: undone to there, and loaded again from there, it is the same ledger. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { writeScenarioChain } from '../../src/simulate/scenario-chain.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import {
  compareAddresses,
  compareCounters,
  compareHistoryRows,
  compareTables,
  compareTransactions,
  tableDigests,
} from '../support/compare-ledger.ts';
import { flowColumns } from '../support/flow-columns.ts';
import { blocksTo, naiveLedgerOf } from '../support/some-blocks.ts';

/** @returns how many heights were tried */
export async function splitEverywhere(folder: string, every = 1): Promise<number> {
  writeScenarioChain(join(folder, 'blocks'));
  const source = await openBlockSource(join(folder, 'blocks'));
  const ledger = await Ledger.open(join(folder, 'ledger'), source.network);
  const stateOf = async () => ({
    counters: ledger.counters,
    tables: await tableDigests(ledger),
    flow: flowColumns(await ledger.openFlow()),
  });
  let splits = 0;
  try {
    await indexBlocks(ledger, source);
    const naive = naiveLedgerOf(source);
    await compareCounters(ledger, naive);
    await compareTables(ledger, source);
    await compareAddresses(ledger, naive, { every });
    await compareTransactions(ledger, naive, { every });
    const whole = await stateOf();
    for (let height = source.blocks.length - 2; height >= 0; height -= every) {
      await ledger.undoAbove(height);
      const beginning = blocksTo(source, height);
      const left = naiveLedgerOf(beginning);
      await compareCounters(ledger, left);
      await compareHistoryRows(ledger, left);
      await compareTables(ledger, beginning);
      await indexBlocks(ledger, source);
      assert.deepEqual(await stateOf(), whole, `cut above height ${height}`);
      splits += 1;
    }
  } finally {
    await ledger.close();
    source.close();
  }
  return splits;
}
