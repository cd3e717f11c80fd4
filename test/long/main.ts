/**
 * `npm run long`: what takes too long for every day. Kills a process that indexes more than 500 times, cuts a chain at every
 * height, follows a real node through restarts and reorganisations, and throws damaged files and damaged blocks at the reader and
 * the loader. Says what it did as Markdown, which `docs/reliability.md` quotes.
 *
 * `npm run long -- --seed WORD --minutes N` does other things of the same kind; the seed of what fails is printed.
 * `--only damaged` runs the parts with that word in their titles.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/bytes/seeded-random.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { groupedNumber } from '../../src/units/number-text.ts';
import { makeBranchingChain } from '../support/branching-chain.ts';
import { indexWithKills } from '../support/kill-index.ts';
import { ExpectedStates, KillWalk, type KillWalkResult } from '../support/kill-walk.ts';
import { removeScratch, scratchFolder } from '../support/scratch-folder.ts';
import { splitEverywhere } from './every-split.ts';
import { followNode } from './follow-node.ts';
import { type BlockFuzzResult, fuzzBlocks } from './fuzz-blocks.ts';
import { type FileFuzzResult, fuzzFiles } from './fuzz-files.ts';

/** At chosen calls, in two walks side by side; and at random moments. */
const KILLS_AT_CALLS = 480;
const KILLS_AT_MOMENTS = 60;
const TRANSACTIONS = 20_000;
const BATCH_ROWS = 3_000;

/** Tells how far it is, when somebody watches. */
function note(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(60)}`);
}

function listText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${groupedNumber(count)} ${what}`)
    .join(', ');
}

/** Two walks with other settings: tiny memory and no threads, less tiny memory and a thread. */
async function killedAtCalls(folder: string, seed: string): Promise<string> {
  const random = seededRandom(`${seed} chain`);
  const chain = await makeBranchingChain(folder, {
    transactions: 900,
    seed,
    depth: 30,
    longerBlocks: 20,
    betterBlocks: 12,
    random,
  });
  const expected = await ExpectedStates.make(chain, folder);
  let done = 0;
  const settings = [
    { batchRows: 250, checkpointRows: 900, memoryBytes: 2_500_000, threads: 0 },
    { batchRows: 600, checkpointRows: 1_300, memoryBytes: 6_000_000, threads: 1 },
  ];
  const walks = settings.map((each, n) => {
    const task = {
      ...each,
      blocks: chain.folder,
      folder: join(folder, `walk-${n}`),
      forkHeight: chain.forkHeight,
      undoTo: chain.forkHeight - 20,
    };
    return new KillWalk(task, expected, seededRandom(`${seed} ${n}`)).go({
      kills: KILLS_AT_CALLS / 2,
      skipMax: 150,
      timedShare: 0.05,
      faultShare: 0.15,
      onKill: () => {
        done += 1;
        note(`kill ${done} of ${KILLS_AT_CALLS}`);
      },
    });
  });
  const results = await Promise.all(walks);
  chain.source.close();
  const total = sumOf(results);
  return `A process that indexed a chain of ${chain.source.blocks.length} blocks, followed a branch with fewer blocks and more work ${chain.longer.blocks.length - chain.forkHeight - 1} blocks
below its tip, undid 20 more and indexed again, was killed with SIGKILL ${total.kills} times: before, half way through or after one of its own calls.
By what it did: ${listText(total.byStage)}. By call: ${listText(total.byOperation)}.
Half way (half of the bytes written, the statement running): ${total.byHow.half}; before: ${total.byHow.before}; after: ${total.byHow.after}; at a moment of time: ${total.byHow.timed}.
Beside them ${total.byHow.full} processes ran with a disk that was full from some call on and ended with CLEW_NO_SPACE, and ${total.byHow.unreadable} met a page that could
not be read and ended with CLEW_FILE_UNREADABLE or did not need it; the next one went on likewise.
${total.kindsKilled} kinds of calls (stage, call and file or table) were hit. Each time the next process found a committed tip, never an older one than had been
told; ${total.compared} times every value of every column, every key, every row of every table and every counter was that of a ledger of the same blocks
that nobody killed. ${total.walks} walks came to their end, with column files equal byte for byte.`;
}

function sumOf(results: readonly KillWalkResult[]): KillWalkResult {
  const add = <R extends Readonly<Record<string, number>>>(
    key: (result: KillWalkResult) => R,
  ): R => {
    const sums: Record<string, number> = {};
    for (const result of results) {
      for (const [name, count] of Object.entries(key(result)))
        sums[name] = (sums[name] ?? 0) + count;
    }
    return sums as R;
  };
  const plain = add(
    ({ kills, kindsKilled, kindsOfWalk, kindsOfWalkKilled, compared, tips, walks }) => {
      return { kills, kindsKilled, kindsOfWalk, kindsOfWalkKilled, compared, tips, walks };
    },
  );
  return {
    ...plain,
    byStage: add(({ byStage }) => byStage),
    byOperation: add(({ byOperation }) => byOperation),
    byHow: add(({ byHow }) => byHow),
  };
}

async function killedAtMoments(folder: string, seed: string): Promise<string> {
  const blocks = join(folder, 'economy', 'blocks');
  await simulate({ outDir: join(folder, 'economy'), transactions: TRANSACTIONS, seed });
  const source = await openBlockSource(blocks);
  const { rounds, kills, tips } = await indexWithKills(
    source,
    blocks,
    join(folder, 'ledger'),
    seededRandom(seed),
    {
      kills: KILLS_AT_MOMENTS,
      millisecondsMax: 1_500,
      batchRows: BATCH_ROWS,
      tablesEvery: 15,
      onRound: (done) => note(`kill at a moment ${done} of ${KILLS_AT_MOMENTS}`),
    },
  );
  source.close();
  return `A process that indexed ${groupedNumber(TRANSACTIONS)} simulated transactions in batches of ${groupedNumber(BATCH_ROWS)} rows was killed
with SIGKILL at ${KILLS_AT_MOMENTS} moments in ${rounds} rounds: ${kills.append} times while it appended blocks, ${kills.undo} while it undid some, ${kills.reload}
while it loaded blocks again behind others. It was found at ${tips} different tips. Each time every counter and every row of
every history was that of a slow ledger of the same blocks, every fifteenth time every row of the tables too, and no block was lost.`;
}

function splitsText(splits: number): string {
  return `The chain of named scenarios was cut at each of ${splits} heights. Undone to there, every row of the tables, every history and every
counter was that of a slow ledger. Opened again and loaded further in pieces; reorganised from a worse branch that began there; taken
away by a branch with fewer blocks and more work and brought back: tables, flow index and counters were the same as of one whole run.`;
}

function filesText({
  rounds,
  counts,
  blocksOffered,
  blocksLost,
  problems,
}: FileFuzzResult): string {
  const rows = Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `| ${what} | ${groupedNumber(count)} |`);
  return `${groupedNumber(rounds)} folders of block files were damaged and indexed. Of ${groupedNumber(blocksOffered)} blocks ${groupedNumber(blocksLost)} were lost: those that were hit and no
others, each named with its place among ${groupedNumber(problems)} findings. What was left made the ledger that a slow one makes of it.

| damage | times |
| --- | --- |
${rows.join('\n')}`;
}

function blocksText({ parsed, parseRefused, loaded, loadRefused }: BlockFuzzResult): string {
  const refused = Object.entries(loadRefused)
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${groupedNumber(count)} ${code}`);
  return `${groupedNumber(parsed + parseRefused)} damaged blocks were parsed in both views: ${groupedNumber(parsed)} were read alike, ${groupedNumber(parseRefused)} refused by both. The
${groupedNumber(parsed)} got a right Merkle root again and were loaded: ${groupedNumber(loaded)} as the slow ledger loads them, the others were refused
(${refused.join(', ')}).`;
}

/** One part of the run, with its time. What fails ends the run, after what was found so far was printed. */
async function stage(
  title: string,
  only: string | undefined,
  work: () => string | Promise<string>,
): Promise<void> {
  if (only !== undefined && !title.toLowerCase().includes(only.toLowerCase())) return;
  note(title);
  const start = performance.now();
  const text = await work();
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  process.stdout.write(`## ${title}\n\n${text} (${minutes} minutes)\n\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: 'long' },
      minutes: { type: 'string', default: '2' },
      only: { type: 'string' },
    },
  });
  const { seed, only } = values;
  const fuzzMilliseconds = Number(values.minutes) * 60_000;
  const folder = scratchFolder('long');
  const until = (share: number): (() => boolean) => {
    const end = performance.now() + share * fuzzMilliseconds;
    return () => performance.now() > end;
  };
  const start = performance.now();
  try {
    await stage('Killed at its calls', only, () => killedAtCalls(join(folder, 'calls'), seed));
    await stage('Killed at random moments', only, () => killedAtMoments(folder, seed));
    await stage('Following a node', only, () =>
      followNode(join(folder, 'follow'), `${seed} follow`, note),
    );
    await stage('Cut at every height', only, async () =>
      splitsText(await splitEverywhere(join(folder, 'splits'))),
    );
    await stage('Damaged block files', only, async () =>
      filesText(await fuzzFiles(join(folder, 'files'), `${seed} files`, until(0.7))),
    );
    await stage('Damaged blocks', only, () => blocksText(fuzzBlocks(`${seed} blocks`, until(0.3))));
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    process.stdout.write(`Seed \`${seed}\`, ${minutes} minutes, Node ${process.version}.\n`);
  } finally {
    removeScratch(folder);
  }
}

await main();
