/** `clew check` of ledgers that begin in mid-chain: real blocks, and the scenario chain with undo data. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { withChangedColumn } from '../../../test/support/damage-ledger.ts';
import { sharedPath } from '../../../test/support/shared-data.ts';
import { onlyBlocks } from '../../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { writeUndoFiles } from '../../../test/support/undo-of-chain.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { writeScenarioChain } from '../../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../../source/block-source.ts';
import { indexBlocks } from '../index-blocks.ts';
import { type CheckAnswer, type CheckName, checkNetwork } from './check-network.ts';

const root = temporaryFolder('check-windows');
let folders = 0;

async function withLedger(
  source: BlockSource,
  work: (ledger: Ledger, folder: string) => Promise<void>,
): Promise<void> {
  folders += 1;
  const folder = join(root, `network-${folders}`);
  // Far from 0, so that a row that forgot the base is not right by chance.
  const far = 2n ** 60n;
  const base = {
    blocks: far,
    transactions: far + 7n,
    inputs: far,
    outputs: far + 9n,
    scripts: far,
  };
  const ledger = await Ledger.open(folder, source.network, { base });
  try {
    await indexBlocks(ledger, source);
    await work(ledger, folder);
  } finally {
    await ledger.close();
  }
}

function assertSound(answer: CheckAnswer): void {
  const failed = answer.checks.filter(({ status }) => status === 'failed');
  assert.deepEqual(failed, []);
}

function countsOf(answer: CheckAnswer, name: CheckName): Readonly<Record<string, number>> {
  return answer.checks.find((each) => each.name === name)!.counts;
}

test('the first 600 blocks are sound from the genesis block on', async (t) => {
  const path = sharedPath(t, 'bitcoin/blocks/early');
  if (path === undefined) return;
  await withLedger(await openBlockSource(path), async (ledger, folder) => {
    const answer = await checkNetwork({ ledger, folder });
    assertSound(answer);
    assert.deepEqual(countsOf(answer, 'headers'), {
      blocks: 600,
      withoutParent: 0,
      workUnchecked: 0,
      targetUnchecked: 0,
    });
    assert.equal(countsOf(answer, 'values')['blocksUnchecked'], 0);
  });
});

test('four blocks of 2024: what can not be known is counted apart; a milestone that was altered is found', async (t) => {
  const path = sharedPath(t, 'bitcoin/blocks/modern');
  if (path === undefined) return;
  await withLedger(await openBlockSource(path), async (ledger, folder) => {
    const answer = await checkNetwork({ ledger, folder });
    assertSound(answer);
    const { withoutParent, targetUnchecked } = countsOf(answer, 'headers');
    assert.deepEqual([withoutParent, targetUnchecked], [1, 1]);
    const { unknownInputs } = ledger.requireTip().counters;
    assert.equal(countsOf(answer, 'spends')['unknownInputs'], unknownInputs);
    assert.equal(countsOf(answer, 'tables')['unknown_prevouts'], unknownInputs);
    assert.equal(countsOf(answer, 'values')['blocksUnchecked'], 4);
    assert.equal(countsOf(answer, 'links')['milestones'], 15);
    await findAlteredMilestones(ledger, folder);
    await ledger.engine.command(
      'ALTER TABLE unknown_prevouts UPDATE prev_vout = prev_vout + 1 WHERE 1 SETTINGS mutations_sync = 2',
    );
    const { checks } = await checkNetwork({ ledger, folder });
    const failed = checks.filter(({ status }) => status === 'failed');
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['blocks'],
    );
    assert.equal(failed[0]!.finding!.facts['column'], 'unknown_prevouts.prev_txid');
  });
});

async function findAlteredMilestones(ledger: Ledger, folder: string): Promise<void> {
  const flow = await ledger.openFlow();
  const [tx, count] = [flow.milestoneTx.at(3), flow.milestoneOutputs.at(3)];
  // Rows are stored shifted by 256.
  const alterCount = (rows: Buffer): void => void rows.writeUInt32LE(count + 256 + 7, 4 * 3);
  await withChangedColumn(folder, 'milestoneOutputs', alterCount, async () => {
    const answer = await checkNetwork({ ledger, folder }, { withoutBlocks: true });
    const failed = answer.checks.filter(({ status }) => status === 'failed');
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['links'],
    );
    assert.deepEqual(failed[0]!.finding!.facts, {
      height: flow.txHeight(tx),
      txid: flow.txid(tx),
      column: 'milestoneOutputs',
      row: 3,
      expected: count,
      found: count + 7,
    });
  });
  const alterSum = (rows: Buffer): void => void rows.writeDoubleLE(1, 0);
  await withChangedColumn(folder, 'milestoneReceivedLow', alterSum, async () => {
    const answer = await checkNetwork({ ledger, folder }, { withoutBlocks: true });
    const links = answer.checks.find(({ name }) => name === 'links')!;
    assert.deepEqual(
      [links.finding?.facts['column'], links.finding?.facts['row'], links.finding?.facts['found']],
      ['milestoneReceivedLow', 0, 1],
    );
  });
}

test('a window with undo data, and one with a gap, are sound', async () => {
  const blocks = join(root, 'blocks');
  writeScenarioChain(blocks);
  writeUndoFiles(blocks, 0xdab5bffa);
  const source = await openBlockSource(blocks);
  await withLedger(
    onlyBlocks(source, (height) => height >= 125),
    async (ledger, folder) => {
      const answer = await checkNetwork({ ledger, folder });
      assertSound(answer);
      const { undoInputs } = countsOf(answer, 'spends');
      assert.ok(undoInputs! > 0);
      assert.equal(undoInputs, ledger.requireTip().rows.undoInputs);
      assertSound(await checkNetwork({ ledger, folder }, { heightMin: 150, heightMax: 170 }));
    },
  );
  await withLedger(
    onlyBlocks(source, (height) => height < 30 || height >= 150),
    async (ledger, folder) => {
      const answer = await checkNetwork({ ledger, folder });
      assertSound(answer);
      assert.equal(countsOf(answer, 'headers')['withoutParent'], 1);
    },
  );
  source.close();
});
