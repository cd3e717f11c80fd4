/** Kills a process that indexes, again and again, and checks that the ledger is whole each time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SeededRandom } from '../../src/bytes/seeded-random.ts';
import { countFlow } from '../../src/ledger/counters.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { BlockSource } from '../../src/source/block-source.ts';
import { NaiveLedger } from './naive-ledger.ts';

const PROGRAM = join(fileURLToPath(new URL('.', import.meta.url)), 'index-process.ts');

/** Start indexing and kill it with SIGKILL after some milliseconds of work. @returns true when it was done before */
async function killAfter(
  blocks: string,
  ledgerFolder: string,
  batchRows: number,
  milliseconds: number,
): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, blocks, ledgerFolder, String(batchRows)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  while (!output.includes('indexing') && child.exitCode === null) await setTimeout(2);
  await Promise.race([setTimeout(milliseconds), ended]);
  child.kill('SIGKILL');
  await ended;
  return output.includes('done');
}

/** Counters of the first blocks of a source, by the slow ledger, extended as heights rise. */
function naiveCounters(source: BlockSource): (height: number) => object {
  const naive = new NaiveLedger(source.network);
  let next = 0;
  return (height) => {
    for (; next < source.blocks.length && source.blocks[next]!.height <= height; next += 1) {
      naive.addBlock(source.readBlock(source.blocks[next]!), source.blocks[next]!.height);
    }
    return {
      blocks: naive.blocks,
      transactions: naive.transactions,
      inputs: naive.inputs,
      outputs: naive.outputCount,
      addresses: naive.addresses.size,
      unspentCount: naive.unspent.size,
      unspentSats: naive.unspentSats,
      unknownInputs: naive.unknownInputs,
      knownFeesSats: naive.feesSats,
    };
  };
}

/**
 * Index a source with kills at random moments until it is whole. After each kill the ledger is opened as the next
 * user would, and every counter is compared with a slow ledger at the tip found.
 *
 * @returns kills that hit while it was indexing, and the different tips found after them
 */
export async function indexWithKills(
  source: BlockSource,
  blocks: string,
  ledgerFolder: string,
  random: SeededRandom,
  limits: { readonly kills: number; readonly millisecondsMax: number; readonly batchRows: number },
): Promise<{ kills: number; tips: number }> {
  const expected = naiveCounters(source);
  const tips = new Set<number>();
  let kills = 0;
  for (let round = 0; round < limits.kills; round += 1) {
    const after = random.int(0, limits.millisecondsMax);
    const done = await killAfter(blocks, ledgerFolder, limits.batchRows, after);
    if (!done) kills += 1;
    const ledger = await Ledger.open(ledgerFolder, source.network);
    try {
      if (ledger.tip !== undefined) {
        tips.add(ledger.tip.height);
        const counters = countFlow(await ledger.openFlow());
        const message = `after kill ${round} (${after} ms), replay with seed ${random.seed}`;
        assert.deepEqual(ledger.counters, counters, message);
        assert.deepEqual(counters, expected(ledger.tip.height), message);
      }
    } finally {
      await ledger.close();
    }
    if (done) break;
  }
  return { kills, tips: tips.size };
}
