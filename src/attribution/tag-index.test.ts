import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { madeUpAddress, madeUpTxid } from '../../test/support/made-up-address.ts';
import { openStore, type Store } from '../store/open-store.ts';
import type { Txid } from '../units/ids.ts';
import { importTags } from './import-tags.ts';
import { findTags, loadTagIndex, loadTagIndexOf } from './tag-index.ts';

const A = madeUpAddress('a');
const B = madeUpAddress('b');
const C = madeUpAddress('c');

/** A store with these packs, each given by header fields and tags. */
async function storeWith(t: TestContext, packs: readonly string[], seconds = 1): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-tags-'));
  const store = await openStore(join(folder, 'store.sqlite'));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  for (const [at, pack] of packs.entries()) {
    const path = join(folder, `${at}.yaml`);
    writeFileSync(path, `creator: A test\nsource: https://example.org/\ncurrency: BTC\n${pack}`);
    const options = { network: 'main', importedAtSeconds: seconds + at } as const;
    const { counts, files } = await importTags([path], store, options);
    assert.equal(counts.rejected, 0);
    assert.equal(files[0]!.status, 'imported');
  }
  return store;
}

const EXCHANGE = `title: Exchanges
confidence: service_data
category: exchange
label: Example.com
actor: example
tags:
- address: ${A}
- address: ${B}
`;
const MARKET = `title: Markets
confidence: web_crawl
category: market
label: Bazaar
tags:
- address: ${A}
- tx_hash: ${madeUpTxid('t')}
`;
const CLAIM = `title: Claims
confidence: trusted_provider
label: reported page
tags:
- {address: ${A}, concepts: [child_sexual_abuse]}
- {address: ${C}, concepts: [child_sexual_abuse]}
`;

test('tags of an address: most confident first, with source, date and pack', async (t) => {
  const store = await storeWith(t, [MARKET, EXCHANGE]);
  const index = await loadTagIndex(store, 'main');
  assert.deepEqual(
    index.tagsOf(A).map((tag) => [tag.label, tag.category, tag.confidenceLevel, tag.actor]),
    [
      ['Example.com', 'exchange', 50, 'example'],
      ['Bazaar', 'market', 20, undefined],
    ],
  );
  const [tag] = index.tagsOf(B);
  assert.equal(tag!.address, B);
  assert.equal(tag!.saidAbout, 'address');
  assert.equal(tag!.recordedAtSeconds, 2);
  assert.equal(tag!.sourcePack.title, 'Exchanges');
  assert.equal(tag!.sourcePack.fileName, '1.yaml');
  const [about] = index.tagsOfTransaction(madeUpTxid('t') as Txid);
  assert.deepEqual([about!.saidAbout, about!.txid], ['transaction', madeUpTxid('t')]);
  assert.deepEqual(index.tagsOf(C), []);
  assert.deepEqual([...index.addresses()], [A, B].sort());
  assert.deepEqual(
    [index.addressCount, index.tagCount, index.pendingCount, index.sourcePacks.length],
    [2, 4, 0, 2],
  );
  assert.deepEqual((await findTags(store, 'main', A)).tags, index.tagsOf(A));
});

test('tags that disagree are all shown', async (t) => {
  const third = EXCHANGE.replace('title: Exchanges', 'title: Third').replaceAll('xample', 'XAMPLE');
  const index = await loadTagIndex(await storeWith(t, [EXCHANGE, MARKET, third]), 'main');
  assert.deepEqual(index.conflicts(A), [
    { about: 'label', values: ['EXAMPLE.com', 'Bazaar'] },
    { about: 'category', values: ['exchange', 'market'] },
  ]);
  assert.deepEqual(index.conflicts(B), [], 'capitals are no conflict');
  const other = EXCHANGE.replace('actor: example', 'actor: other');
  const disputed = await loadTagIndex(await storeWith(t, [EXCHANGE, other]), 'main');
  assert.deepEqual(
    disputed.conflicts(B).map(({ about, values }) => [about, [...values].sort()]),
    [['actor', ['example', 'other']]],
  );
});

test('pending claims are counted and in no answer', async (t) => {
  const store = await storeWith(t, [EXCHANGE, CLAIM]);
  const index = await loadTagIndex(store, 'main');
  assert.equal(index.pendingCount, 2);
  assert.equal(index.pendingCountOf(A), 1);
  assert.equal(index.pendingCountOf(B), 0);
  assert.equal(index.tagsOf(A).length, 1);
  assert.equal(index.statementsOf(A).length, 1);
  assert.deepEqual(index.tagsOf(C), []);
  assert.deepEqual([...index.addresses()], [A, B].sort());
  const { tags, pendingCount } = await findTags(store, 'main', A);
  assert.deepEqual([tags.length, pendingCount], [1, 1]);
});

test('the digest is of what is said, not of when or in which order it came', async (t) => {
  const digest = async (packs: readonly string[], seconds?: number) =>
    (await loadTagIndex(await storeWith(t, packs, seconds), 'main')).digest;
  const all = await digest([EXCHANGE, MARKET, CLAIM]);
  assert.match(all, /^[0-9a-f]{64}$/);
  assert.equal(await digest([CLAIM, MARKET, EXCHANGE], 99), all);
  assert.notEqual(await digest([EXCHANGE, MARKET]), all);
  assert.notEqual(await digest([EXCHANGE, MARKET, CLAIM.replace('page', 'site')]), all);
  assert.notEqual(await digest([EXCHANGE, MARKET, CLAIM.replace(C, B)]), all);
});

test('an index of some addresses says of them what the whole index says', async (t) => {
  const store = await storeWith(t, [EXCHANGE, MARKET, CLAIM]);
  const whole = await loadTagIndex(store, 'main');
  const some = await loadTagIndexOf(store, 'main', [C, A]);
  for (const address of [A, C]) {
    assert.deepEqual(some.tagsOf(address), whole.tagsOf(address));
    assert.equal(some.pendingCountOf(address), whole.pendingCountOf(address));
    assert.deepEqual(some.conflicts(address), whole.conflicts(address));
  }
  assert.equal(whole.tagsOf(B).length, 1);
  assert.deepEqual(some.tagsOf(B), []);
  assert.deepEqual([...some.addresses()], [A]);
  assert.equal((await loadTagIndexOf(store, 'main', [])).tagCount, 0);
  assert.equal((await loadTagIndexOf(store, 'regtest', [A])).tagCount, 0);
});
