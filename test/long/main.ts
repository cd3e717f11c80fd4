/**
 * `npm run long`: what takes too long for every day. Kills a process that indexes 100 times and more, and throws damaged files
 * and damaged blocks at the reader and the loader. Says what it did as Markdown, which `docs/reliability.md` quotes.
 *
 * `npm run long -- --seed WORD --minutes N` does other things of the same kind; the seed of what fails is printed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/bytes/seeded-random.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { groupedNumber } from '../../src/units/number-text.ts';
import { indexWithKills } from '../support/kill-index.ts';
import { splitEverywhere } from './every-split.ts';
import { type BlockFuzzResult, fuzzBlocks } from './fuzz-blocks.ts';
import { type FileFuzzResult, fuzzFiles } from './fuzz-files.ts';

const KILLS = 110;
const TRANSACTIONS = 20_000;
const BATCH_ROWS = 3_000;

/** Tells how far it is, when somebody watches. */
function note(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(60)}`);
}

async function killsText(folder: string, seed: string): Promise<string> {
  const blocks = join(folder, 'economy', 'blocks');
  await simulate({ outDir: join(folder, 'economy'), transactions: TRANSACTIONS, seed });
  const source = await openBlockSource(blocks);
  const { rounds, kills, tips } = await indexWithKills(
    source,
    blocks,
    join(folder, 'ledger'),
    seededRandom(seed),
    {
      kills: KILLS,
      millisecondsMax: 1_500,
      batchRows: BATCH_ROWS,
      tablesEvery: 15,
      onRound: (done) => note(`kill ${done} of ${KILLS}`),
    },
  );
  source.close();
  return `A process that indexed ${groupedNumber(TRANSACTIONS)} simulated transactions in batches of ${groupedNumber(BATCH_ROWS)} rows was killed
with SIGKILL ${KILLS} times in ${rounds} rounds: ${kills.append} times while it appended blocks, ${kills.undo} while it undid some, ${kills.reload}
while it loaded blocks again behind others. It was found at ${tips} different tips. Each time every counter and every row of
every history was that of a slow ledger of the same blocks, every fifteenth time every row of the tables too, and no block was lost.`;
}

function splitsText(splits: number): string {
  return `The chain of named scenarios was cut at each of ${splits} heights: undone to there, with every row of the tables as a slow ledger has
it, and loaded again from there, with tables and flow index as before.`;
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: 'long' },
      minutes: { type: 'string', default: '2' },
    },
  });
  const { seed } = values;
  const fuzzMilliseconds = Number(values.minutes) * 60_000;
  const folder = mkdtempSync(join(tmpdir(), 'clew-long-'));
  const until = (share: number): (() => boolean) => {
    const end = performance.now() + share * fuzzMilliseconds;
    return () => performance.now() > end;
  };
  const start = performance.now();
  try {
    process.stdout.write(`## Killed while writing\n\n${await killsText(folder, seed)}\n\n`);
    note('every split');
    const splits = await splitEverywhere(join(folder, 'splits'));
    process.stdout.write(`## Undone and loaded again\n\n${splitsText(splits)}\n\n`);
    note('damaged files');
    const files = await fuzzFiles(join(folder, 'files'), `${seed} files`, until(0.7));
    process.stdout.write(`## Damaged block files\n\n${filesText(files)}\n\n`);
    note('damaged blocks');
    const blocks = fuzzBlocks(`${seed} blocks`, until(0.3));
    process.stdout.write(`## Damaged blocks\n\n${blocksText(blocks)}\n\n`);
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    process.stdout.write(`Seed \`${seed}\`, ${minutes} minutes, Node ${process.version}.\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
