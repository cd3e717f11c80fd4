/**
 * Bits of the file of kept answers flipped at random: the answers stay right, since what does not pass its checksum is asked for
 * again, or nothing is answered but a coded error.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type SeededRandom, seededRandom } from '../src/bytes/seeded-random.ts';
import { ClewError } from '../src/errors.ts';
import type { LedgerReader } from '../src/ledger/read/ledger-reader.ts';
import {
  BUSY_SCRIPT,
  busyChain,
  openReader,
  REGTEST,
  startServer,
} from './support/esplora-client.ts';
import { SlowReader } from './support/slow-reader.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const CHAIN = busyChain(8, 5);
const TRUTH = new SlowReader(REGTEST, CHAIN);
const ROUNDS = Number(process.env['CLEW_TEST_ROUNDS'] ?? 25);
const FILE = 'cache.sqlite';

const QUESTIONS: readonly ((reader: LedgerReader) => Promise<unknown>)[] = [
  (reader) => reader.histories([{ script: BUSY_SCRIPT, limit: 100 }]),
  (reader) => reader.transactions(TRUTH.txids),
  (reader) => reader.blockTxids(TRUTH.blockHashes),
  (reader) => reader.blocksAt([1, 2, 3, 4]),
  (reader) => reader.summaries([BUSY_SCRIPT]),
];

/** Some bits here and there, or close to each other. */
function flip(bytes: Buffer, random: SeededRandom): void {
  const near = random.int(0, bytes.length - 1);
  const count = random.int(1, 20);
  for (let i = 0; i < count; i += 1) {
    const far = random.int(0, bytes.length - 1);
    const at = random.chance(0.5) ? far : Math.min(near + i, bytes.length - 1);
    bytes[at]! ^= 1 << random.int(0, 7);
  }
}

test('flipped bits in the file of kept answers', async (t) => {
  const seed = process.env['CLEW_TEST_SEED'] ?? 'esplora-damage';
  t.diagnostic(`replay with CLEW_TEST_SEED=${seed}`);
  const server = await startServer(t, CHAIN);
  const folder = temporaryFolder('esplora-damage');
  const first = await openReader(t, server, folder);
  for (const ask of QUESTIONS) await ask(first);
  await first.close();
  const good = readFileSync(join(folder, FILE));
  const counts: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = Buffer.from(good);
    flip(bytes, seededRandom(`${seed}/${round}`));
    const damaged = join(folder, `${round}`);
    mkdirSync(damaged);
    writeFileSync(join(damaged, FILE), bytes);
    let outcome = 'right';
    try {
      const reader = await openReader(t, server, damaged);
      for (const ask of QUESTIONS) {
        const expected = await ask(TRUTH as unknown as LedgerReader);
        assert.deepStrictEqual(await ask(reader), expected, `round ${round}`);
      }
      await reader.close();
    } catch (error) {
      // The name of the network or of the form of the file is another: better not touched.
      if (!(error instanceof ClewError) || error.code !== 'CLEW_DATA_FOREIGN') throw error;
      outcome = error.code;
    }
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    rmSync(damaged, { recursive: true });
  }
  t.diagnostic(JSON.stringify(counts));
});
