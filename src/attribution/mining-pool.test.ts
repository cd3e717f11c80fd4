import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedJson, sharedPath } from '../../test/support/shared-data.ts';
import { ClewError } from '../errors.ts';
import { loadMiningPools } from './mining-pool.ts';

function fileWith(t: { after(fn: () => void): void }, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'clew-pools-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'pools.json');
  writeFileSync(path, text);
  return path;
}

const NEW_FORM = JSON.stringify([
  { id: 1, name: 'One', addresses: ['one-a', 'one-b'], tags: ['/One/'], link: 'https://x' },
  { id: 2, name: 'Two', addresses: [], tags: ['/One/Two/', 'Zwei\u00e4'], link: '' },
]);
const OLD_FORM = JSON.stringify({
  payout_addresses: { 'one-a': { name: 'One' }, 'one-b': { name: 'One' } },
  coinbase_tags: { '/One/': { name: 'One' }, '/One/Two/': { name: 'Two' }, Zweiä: { name: 'Two' } },
});

test('a pool is known by its payout address before its mark, in both forms of the list', (t) => {
  for (const text of [NEW_FORM, OLD_FORM]) {
    const pools = loadMiningPools(fileWith(t, text));
    const coinbase = (mark: string) =>
      Buffer.concat([Buffer.of(3, 1, 2, 3, 255, 0), Buffer.from(mark)]);
    assert.equal(pools.poolCount, 2);
    assert.deepEqual(pools.match(coinbase('x'), ['other']), []);
    assert.deepEqual(pools.match(coinbase('/One/'), ['other', 'one-b']), [
      { name: 'One', by: 'payout' },
    ]);
    // The longer mark goes first; that two pools fit is shown.
    assert.deepEqual(pools.match(coinbase('x/One/Two/'), []), [
      { name: 'Two', by: 'mark' },
      { name: 'One', by: 'mark' },
    ]);
    assert.deepEqual(pools.match(coinbase('Zweiä!'), []), [{ name: 'Two', by: 'mark' }]);
  }
});

test('what is no list of pools is refused', (t) => {
  for (const text of [
    '{',
    'null',
    '{}',
    '[1]',
    '[{"name": "x", "addresses": [], "tags": [""]}]',
    '[{"name": "x\\u001b[2J", "addresses": [], "tags": []}]',
    '{"payout_addresses": {"a": {}}, "coinbase_tags": {}}',
  ]) {
    assert.throws(
      () => loadMiningPools(fileWith(t, text)),
      (error: unknown) => error instanceof ClewError && error.code === 'CLEW_TAGS_FORMAT',
      text,
    );
  }
});

test('the real lists are read whole', (t) => {
  const newer = sharedPath(t, 'attribution/pools/pools-v2.json');
  const older = sharedPath(t, 'attribution/pools/pools.json');
  if (newer === undefined || older === undefined) return;
  const list = sharedJson<{ name: string }[]>(t, 'attribution/pools/pools-v2.json')!;
  assert.equal(loadMiningPools(newer).poolCount, new Set(list.map((pool) => pool.name)).size);
  assert.ok(loadMiningPools(older).poolCount > 100);
});
