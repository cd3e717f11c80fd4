/**
 * Nothing is lost: a process that indexes, reorganises, undoes and recovers is killed with SIGKILL at its writes, flushes,
 * renames, removals and inserts, half way through them too, and what the next one finds is a committed tip, whole.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { makeBranchingChain } from './support/branching-chain.ts';
import { ExpectedStates, KillWalk } from './support/kill-walk.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';

const KILLS = 42;
/** Enough for a few pages: the rest of the columns must leave memory, changed pages too. */
const MEMORY_BYTES = 3_000_000;

const folder = scratchFolder('kill');
after(() => removeScratch(folder));

test(`killed at ${KILLS} calls, the ledger opens whole at a committed tip and goes on`, async () => {
  const seed = 'kill';
  const chain = await makeBranchingChain(folder, {
    transactions: 700,
    seed,
    depth: 12,
    longerBlocks: 8,
    betterBlocks: 7,
    random: seededRandom(seed),
  });
  const expected = await ExpectedStates.make(chain, folder);
  const walks = [0, 1].map((n) => {
    const task = {
      blocks: chain.folder,
      folder: join(folder, `walk-${n}`),
      forkHeight: chain.forkHeight,
      undoTo: chain.forkHeight - 9,
      batchRows: 500,
      checkpointRows: 1_500,
      memoryBytes: MEMORY_BYTES,
      threads: n,
    };
    return new KillWalk(task, expected, seededRandom(`${seed} ${n}`)).go({
      kills: KILLS / 2,
      skipMax: 150,
      timedShare: 0.1,
      faultShare: 0.1,
    });
  });
  const results = await Promise.all(walks);
  const sum = (key: 'kills' | 'compared' | 'walks'): number =>
    results.reduce((total, result) => total + result[key], 0);
  assert.equal(sum('kills'), KILLS);
  assert.ok(sum('compared') >= KILLS / 2, `only ${sum('compared')} states were compared`);
  assert.ok(sum('walks') >= 2);
  const stages = new Set(results.flatMap(({ byStage }) => Object.keys(byStage)));
  for (const stage of ['recover', 'append', 'reorganise', 'undo', 'again']) {
    assert.ok(stages.has(stage), `no kill hit ${stage}: ${[...stages].join()}`);
  }
  chain.source.close();
});
