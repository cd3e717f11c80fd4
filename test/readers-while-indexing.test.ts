/**
 * Many ask while blocks are indexed and reorganised in the same process, as pages of `clew serve` do beside `clew index`. Each
 * answer is entirely that of one tip, the one that it names, and equals what a ledger that ends there answers.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { ClewError } from '../src/errors.ts';
import { DataSession } from '../src/pipeline/data-session.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import type { OpenNetwork } from '../src/pipeline/open-network.ts';
import type { BlockSource } from '../src/source/block-source.ts';
import { type BranchingChain, makeBranchingChain } from './support/branching-chain.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';
import { blocksTo, naiveLedgerOf } from './support/some-blocks.ts';

const folder = scratchFolder('readers');
const session = new DataSession({
  storePath: join(folder, 'store.sqlite'),
  networkFolder: (network) => {
    const path = join(folder, network);
    mkdirSync(path, { recursive: true });
    return path;
  },
});
after(async () => {
  await session.close();
  removeScratch(folder);
});

interface Questions {
  readonly addresses: readonly string[];
  readonly txids: readonly string[];
}

/** What both branches speak of, and what only one knows. */
function questionsOf({ source, longer }: BranchingChain): Questions {
  const addresses = new Set<string>();
  const txids = new Set<string>();
  for (const branch of [source, longer]) {
    const naive = naiveLedgerOf(branch);
    const last = [...naive.byTxid].slice(-12);
    for (const [txid, [transaction]] of last) {
      txids.add(txid);
      for (const { address } of transaction!.outputs) {
        if (address !== undefined) addresses.add(address);
      }
    }
    const busiest = [...naive.history].sort(([, a], [, b]) => b.length - a.length);
    for (const [address] of busiest.slice(0, 3)) addresses.add(address);
  }
  return { addresses: [...addresses], txids: [...txids] };
}

/** The code of the error instead of an answer, when there is none. */
async function orCode<T>(answer: Promise<T>): Promise<T | string> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ClewError && /NOT_FOUND/.test(error.code)) return error.code;
    throw error;
  }
}

/** Several answers that belong together. */
async function ask(open: OpenNetwork, questions: Questions, which: number) {
  const { addresses, txids } = questions;
  const address = addresses[which % addresses.length]!;
  const txid = txids[which % txids.length]!;
  const answers = {
    before: await open.status(),
    address: await orCode(open.address(address, { limit: 5 })),
    transaction: await orCode(open.transaction(txid)),
    cluster: await orCode(open.cluster(address, { limit: 5 })),
    after: await open.status(),
  };
  assert.deepEqual(answers.after, answers.before, 'the tip changed while it was read');
  return answers;
}

const indexing = (source: BlockSource, options = {}) =>
  session.useNetwork('regtest', ({ ledger }) => indexBlocks(ledger, source, options), 'write');

test('answers while blocks are indexed and reorganised are of one tip each', async () => {
  const random = seededRandom('readers-1');
  const chain = await makeBranchingChain(folder, {
    transactions: 900,
    seed: 'readers',
    depth: 25,
    longerBlocks: 10,
    betterBlocks: 12,
    random,
  });
  const { source, longer, forkHeight } = chain;
  const questions = questionsOf(chain);
  const use = <T>(work: (open: OpenNetwork) => Promise<T>) => session.useNetwork('regtest', work);
  await indexing(blocksTo(longer, forkHeight - 30));

  const heard = new Map<string, Map<number, unknown>>();
  let isDone = false;
  let answers = 0;
  let number = 0;
  const reader = async (): Promise<void> => {
    while (!isDone) {
      number += 1;
      const which = number % 12;
      const answer = await use((open) => ask(open, questions, which));
      const { hash } = answer.before.tip;
      const known = heard.get(hash) ?? new Map<number, unknown>();
      if (known.has(which)) assert.deepEqual(answer, known.get(which));
      known.set(which, answer);
      heard.set(hash, known);
      answers += 1;
      await setImmediate();
    }
  };
  // A failure is kept until all have come to their end: nothing may be closed under anybody's feet.
  const ended = Promise.allSettled([reader(), reader(), reader()]);
  const small = { batchRows: 150, checkpointRows: 300 };
  let reorganised: { plan: string } | undefined;
  try {
    await indexing(longer, small);
    for (const text of ['once', 'again']) {
      reorganised = await indexing(source, { ...small, threads: text === 'once' ? 1 : 0 });
      if (text === 'once') {
        await session.useNetwork('regtest', ({ ledger }) => ledger.undoAbove(forkHeight), 'write');
        await indexing(longer, small);
      }
    }
  } finally {
    isDone = true;
    await ended;
  }
  for (const result of await ended) {
    if (result.status === 'rejected') throw result.reason;
  }
  assert.equal(reorganised?.plan, 'reorganise');
  assert.equal(await use(async ({ ledger }) => ledger.tip?.hash), source.blocks.at(-1)!.hash);
  const tips = [...heard.keys()];
  assert.ok(tips.includes(longer.blocks.at(-1)!.hash), 'nobody asked at the old tip');
  assert.ok(tips.includes(source.blocks.at(-1)!.hash), 'nobody asked at the new tip');
  assert.ok(tips.length >= 4, `only ${tips.length} tips in ${answers} answers`);
  await compareWithEachTip(chain, questions, heard);
});

/** Every tip that was answered from is made once more, alone. */
async function compareWithEachTip(
  { source, longer }: BranchingChain,
  questions: Questions,
  heard: ReadonlyMap<string, ReadonlyMap<number, unknown>>,
): Promise<void> {
  for (const branch of [source, longer]) {
    await session.useNetwork('regtest', ({ ledger }) => ledger.clear(), 'write');
    await indexing(branch);
    for (const { height, hash } of branch.blocks.toReversed()) {
      const known = heard.get(hash);
      if (known === undefined) continue;
      await session.useNetwork('regtest', ({ ledger }) => ledger.undoAbove(height), 'write');
      for (const [which, answer] of known) {
        const alone = await session.useNetwork('regtest', (open) => ask(open, questions, which));
        assert.deepEqual(answer, alone, `at height ${height}, question ${which}`);
      }
    }
  }
}
