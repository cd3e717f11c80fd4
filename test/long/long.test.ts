/** A few rounds of what `npm run long` does for minutes, so that it works when it is wanted. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { splitEverywhere } from './every-split.ts';
import { fuzzBlocks } from './fuzz-blocks.ts';
import { fuzzFiles } from './fuzz-files.ts';

const folder = temporaryFolder('fuzz');

function rounds(count: number): () => boolean {
  let done = 0;
  return () => {
    done += 1;
    return done > count;
  };
}

test('damaged block files lose only what was hit, and say so', async () => {
  const { blocksLost } = await fuzzFiles(join(folder, 'files'), 'short', rounds(8), 30);
  assert.ok(blocksLost > 0, 'nothing was lost: nothing was shown');
});

test('cut at some heights, the scenario chain makes the same ledger', async () => {
  assert.equal(await splitEverywhere(join(folder, 'splits'), 97), 3);
});

test('damaged blocks are read alike or refused, and loaded as the slow ledger does', () => {
  const { parsed, parseRefused, loaded } = fuzzBlocks('short', rounds(150));
  assert.ok(parsed > 0 && parseRefused > 0 && loaded > 0);
});
