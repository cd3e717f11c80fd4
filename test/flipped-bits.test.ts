/**
 * A bit of a stored column flips: `clew address` and `clew tx` answer as before, because they do not need that page or the
 * file is made anew from others, or they name the file and the page. No other answer is ever given.
 */
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { runClew } from './support/run-clew.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';
import { naiveLedgerOf } from './support/some-blocks.ts';

const folder = scratchFolder('flipped');
after(() => removeScratch(folder));
const HEADER_BYTES = 4096;
const FLIPS = 24;

test('a flipped bit in a stored column is named, mended, or not needed', async () => {
  const random = seededRandom('flipped-1');
  await simulate({ outDir: join(folder, 'economy'), transactions: 1_500, seed: 'flipped' });
  const data = join(folder, 'data');
  const blocks = join(folder, 'economy', 'blocks');
  const indexed = await runClew(folder, 'index', '--blocks', blocks, '--data', data);
  assert.equal(indexed.exit, 0, indexed.stderr);
  const source = await openBlockSource(blocks);
  const naive = naiveLedgerOf(source);
  source.close();
  const [address] = [...naive.history].sort(([, a], [, b]) => b.length - a.length)[1]!;
  const txid = naive.history.get(address)!.at(-1)!.txid;
  const ask = async () => {
    const runs = [
      await runClew(folder, 'address', address, '--data', data),
      await runClew(folder, 'tx', txid, '--data', data),
    ];
    return runs.map(({ json, error }) => ({ json, error }));
  };
  const right = await ask();
  for (const { error } of right) assert.equal(error, undefined);

  const flow = join(data, 'regtest', 'flow');
  const columns = readdirSync(flow).filter((name) => name.endsWith('.col'));
  const outcomes = { named: 0, answered: 0 };
  for (let n = 0; n < FLIPS; n += 1) {
    const name = random.pick(columns);
    const path = join(flow, name);
    const bytes = readFileSync(path);
    if (bytes.length === HEADER_BYTES) continue;
    const whole = join(folder, 'whole');
    copyFileSync(path, whole);
    // Now and then in the header too.
    const at = random.chance(0.1)
      ? random.int(0, HEADER_BYTES - 1)
      : random.int(HEADER_BYTES, bytes.length - 1);
    bytes[at] = bytes[at]! ^ (1 << random.int(0, 7));
    writeFileSync(path, bytes);
    const message = `bit flipped at ${at} of ${name}, replay with seed ${random.seed}`;
    for (const [i, { json, error }] of (await ask()).entries()) {
      if (error === undefined) {
        assert.deepEqual(json, right[i]!.json, message);
        outcomes.answered += 1;
        continue;
      }
      assert.match(error.code, /^CLEW_(COLUMN_DAMAGED|FLOW_FORMAT)$/, message);
      assert.ok(String(error.facts['path']).endsWith(name), `${message}: ${error.facts['path']}`);
      outcomes.named += 1;
    }
    copyFileSync(whole, path);
  }
  assert.ok(outcomes.named > 0 && outcomes.answered > 0, JSON.stringify(outcomes));
});
