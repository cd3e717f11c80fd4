/** Every engine of the query layer answers the same: each is held to the contract over the scenario chain and a simulated economy. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { getNetwork } from '../src/chain/network.ts';
import { openChdb } from '../src/ledger/engine.ts';
import { Ledger, type LedgerOptions } from '../src/ledger/ledger.ts';
import { FlowReader } from '../src/ledger/read/flow-reader.ts';
import { requireContract } from '../src/ledger/read/ledger-reader.contract.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { writeScenarioChain } from '../src/simulate/scenario-chain.ts';

import { type BlockSource, openBlockSource } from '../src/source/block-source.ts';
import { EngineFiller } from './support/fill-engine.ts';
import { SlowReader } from './support/slow-reader.ts';

import { temporaryFolder } from './support/temporary-folder.ts';
import { writeUndoFiles } from './support/undo-of-chain.ts';

const folder = temporaryFolder('readers');
let made = 0;

async function ledgerOf(source: BlockSource, options: LedgerOptions = {}): Promise<Ledger> {
  made += 1;
  const ledger = await Ledger.open(join(folder, `ledger-${made}`), source.network, options);
  await indexBlocks(ledger, source);
  return ledger;
}

function blocksOf(source: BlockSource): { height: number; bytes: Uint8Array }[] {
  return source.blocks.map((block) => ({ height: block.height, bytes: source.readBlock(block) }));
}

function slowReaderOf(source: BlockSource): SlowReader {
  return new SlowReader(source.network, blocksOf(source));
}

/** The scenario chain, with undo data beside it. */
async function scenarioSource(): Promise<BlockSource> {
  const blocks = join(folder, 'scenario');
  if (!existsSync(blocks)) {
    writeScenarioChain(blocks);
    writeUndoFiles(blocks, getNetwork('regtest').magic);
  }
  return openBlockSource(blocks);
}

test('flow index: the scenario chain', async (t) => {
  const source = await scenarioSource();
  const ledger = await ledgerOf(source);
  t.after(() => ledger.close());
  await requireContract(t, new FlowReader(ledger), slowReaderOf(source));
});

test('SQL over chDB: the scenario chain', async (t) => {
  const source = await scenarioSource();
  const engine = await openChdb(join(folder, 'wide-1'), true);
  t.after(() => engine.close());
  const filler = await EngineFiller.of(source.network, engine);
  for (const block of source.blocks) {
    filler.addBlock({ height: block.height, hash: block.hash, bytes: source.readBlock(block) });
    if (block.height % 60 === 59) await filler.commit();
  }
  await filler.commit();
  await requireContract(t, new SqlReader(engine, source.network), slowReaderOf(source));
});
