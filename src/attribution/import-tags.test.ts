import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { madeUpAddress } from '../../test/support/made-up-address.ts';
import { sharedPath } from '../../test/support/shared-data.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { readTagPacks } from '../store/tag-store.ts';
import { importTags } from './import-tags.ts';
import { loadTagIndex } from './tag-index.ts';

async function workspace(t: TestContext): Promise<{ folder: string; store: Store }> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-tags-'));
  const store = await openStore(join(folder, 'store.sqlite'));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { folder, store };
}

const OPTIONS = { network: 'main', importedAtSeconds: 1_700_000_000 } as const;

function pack(title: string, ...tags: string[]): string {
  return `title: ${title}
creator: A test
source: https://example.org/
currency: BTC
confidence: service_data
category: exchange
label: ${title}
tags:
${tags.map((tag) => `- address: ${tag}\n`).join('')}`;
}

const code = (expected: ErrorCode) => (error: unknown) =>
  error instanceof ClewError && error.code === expected;

test('all real packs and lists go in, with every tag accounted for', async (t) => {
  const packs = sharedPath(t, 'attribution/tagpacks');
  const lists = sharedPath(t, 'attribution/ofac');
  if (packs === undefined || lists === undefined) return;
  const { store } = await workspace(t);
  const startedAt = performance.now();
  const result = await importTags([packs], store, OPTIONS);
  const seconds = (performance.now() - startedAt) / 1000;
  t.diagnostic(`${result.counts.read} tags in ${seconds.toFixed(1)} s`);
  // The counts are those of the data's README; which addresses are wrong was found with another
  // library (@scure/btc-signer), and the split by currency with PyYAML.
  assert.equal(result.files.length, 84);
  assert.ok(result.files.every((file) => file.status === 'imported'));
  assert.equal(result.filesPassedOver, 1, 'the ActorPack');
  assert.deepEqual(result.counts, {
    read: 516_105,
    // Bitcoin, Litecoin, and 17 of Bitcoin Cash, 5 of Dash, 5 of Dogecoin.
    active: 491_262 + 56 + 27 - 10,
    pending: 0,
    duplicate: 0,
    otherChain: 516_105 - 491_262 - 56 - 27,
    rejected: 10,
  });
  assert.equal(result.otherChains['ETH'], 24_460);
  assert.equal(result.otherChains['BCH'], undefined);
  assert.equal(result.problemsLeftOut, 0);
  assert.deepEqual(
    result.rejects.map(({ code, count }) => [code, count]),
    [
      ['CLEW_ADDRESS_CHECKSUM', 8],
      ['CLEW_ADDRESS_NETWORK', 1],
      ['CLEW_ADDRESS_LOOKALIKE', 1],
    ],
  );
  const rejected = result.problems.filter((problem) => 'tag' in problem.facts);
  assert.deepEqual(
    rejected.map(({ facts }) => [String(facts['file']).split('/').at(-1), facts['tag']]),
    [
      ['etherscamdb_tagpack.yaml', 3104],
      ['ofac.yaml', 531],
      ['plustoken.yaml', 1],
      ['plustoken.yaml', 11],
      ['sextortion_excello.yaml.gz', 1429],
      ['sextortion_excello.yaml.gz', 3238],
      ['sextortion_excello.yaml.gz', 5304],
      ['sextortion_excello.yaml.gz', 6463],
      ['sextortion_excello.yaml.gz', 10426],
      ['sextortion_excello.yaml.gz', 10431],
    ],
  );
  // Three packs give no confidence; nothing else is noted.
  assert.equal(result.problems.length - rejected.length, 3);

  const sanctions = await importTags([lists], store, {
    ...OPTIONS,
    listOrigin: { source: 'OFAC SDN list', day: '2024-09-27' },
  });
  assert.equal(sanctions.files.length, 17);
  assert.equal(sanctions.counts.read, 654, 'the sum of the table in the README');
  // Bitcoin, Litecoin, Bitcoin Cash, Dash.
  assert.equal(sanctions.counts.active, 434 + 10 + 7 + 3);

  const index = await loadTagIndex(store, 'main');
  assert.equal(index.tagCount, 491_262 - 10 + 434);
  assert.equal((await loadTagIndex(store, 'litecoin')).tagCount, 56 + 10);
  assert.equal((await loadTagIndex(store, 'bitcoincash')).tagCount, 17 + 7);
  assert.equal((await loadTagIndex(store, 'dash')).tagCount, 5 + 3);
  let disputed = 0;
  for (const address of index.addresses()) if (index.conflicts(address).length > 0) disputed += 1;
  assert.ok(disputed > 0, 'packs disagree on some addresses');

  const again = await importTags([packs, lists], store, {
    ...OPTIONS,
    listOrigin: { source: 'OFAC SDN list', day: '2024-09-27' },
  });
  assert.ok(again.files.every((file) => file.status === 'known'));
  assert.equal(again.counts.read, 0);
  assert.equal((await readTagPacks(store)).length, 84 + 17);
});

test('the same file again changes nothing; another version stands beside it', async (t) => {
  const { folder, store } = await workspace(t);
  const path = join(folder, 'a.yaml');
  writeFileSync(path, pack('Old name', madeUpAddress('a')));
  assert.equal((await importTags([path], store, OPTIONS)).counts.active, 1);
  const later = { ...OPTIONS, importedAtSeconds: 1_800_000_000 };
  const [known] = (await importTags([path], store, later)).files;
  assert.equal(known!.status, 'known');
  assert.equal(known!.counts!.active, 1);
  writeFileSync(path, pack('New name', madeUpAddress('a')));
  await importTags([path], store, later);
  // Packed or not, the content is the same.
  writeFileSync(`${path}.gz`, gzipSync(pack('New name', madeUpAddress('a'))));
  assert.equal((await importTags([`${path}.gz`], store, later)).files[0]!.status, 'known');
  const index = await loadTagIndex(store, 'main');
  assert.deepEqual(
    index
      .tagsOf(madeUpAddress('a'))
      .map((tag) => [tag.label, tag.recordedAtSeconds, tag.sourcePack.fileName]),
    [
      ['New name', 1_800_000_000, 'a.yaml'],
      ['Old name', 1_700_000_000, 'a.yaml'],
    ],
  );
});

test('a file that can not be read is listed and does not stop the others', async (t) => {
  const { folder, store } = await workspace(t);
  const packs = join(folder, 'packs', 'deep');
  mkdirSync(packs, { recursive: true });
  writeFileSync(join(packs, 'good.yml'), pack('Good', madeUpAddress('a')));
  writeFileSync(join(packs, 'broken.yaml'), 'title: "x\n');
  writeFileSync(
    join(packs, 'cut.yaml.gz'),
    gzipSync(pack('x', madeUpAddress('b'))).subarray(0, 30),
  );
  writeFileSync(join(packs, 'latin.yaml'), Buffer.from([0x74, 0xe9, 0x3a, 0x20, 0x61]));
  writeFileSync(join(packs, 'other.yaml'), 'just: yaml\n');
  writeFileSync(join(packs, 'nobody.yaml'), pack('x', 'nobody').replace('creator: A test\n', ''));
  writeFileSync(join(packs, 'header.yaml'), 'title: not a pack\n');
  writeFileSync(join(packs, 'README.txt'), 'not a list');
  writeFileSync(join(packs, 'XBT.txt'), `${madeUpAddress('c')}\n`);
  // 100 MB that gzip makes 100 kB of.
  writeFileSync(join(packs, 'bomb.yaml.gz'), gzipSync(Buffer.alloc(100_000_000, 0x20)));
  const progress: number[] = [];
  const result = await importTags([join(folder, 'packs')], store, {
    ...OPTIONS,
    onProgress: ({ filesDone }) => progress.push(filesDone),
  });
  const outcome = result.files.map((file) => [
    file.path.split('/').at(-1),
    file.problem?.code ?? file.status,
  ]);
  assert.deepEqual(Object.fromEntries(outcome), {
    'XBT.txt': 'imported',
    'bomb.yaml.gz': 'CLEW_TAGS_BOMB',
    'broken.yaml': 'CLEW_TAGS_YAML',
    'cut.yaml.gz': 'CLEW_FILE_UNREADABLE',
    'good.yml': 'imported',
    'latin.yaml': 'CLEW_TAGS_FORMAT',
    'nobody.yaml': 'CLEW_TAG_FIELD',
    'other.yaml': 'CLEW_TAGS_FORMAT',
  });
  assert.equal(result.filesPassedOver, 2);
  assert.deepEqual(progress, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(result.counts.active, 2);
  assert.equal(result.problems.length, 6);
});

test('a list that is named must tell its coin; a path must be there', async (t) => {
  const { folder, store } = await workspace(t);
  const path = join(folder, 'list.txt');
  writeFileSync(path, madeUpAddress('a'));
  const result = await importTags([path], store, OPTIONS);
  assert.equal(result.files[0]!.problem?.code, 'CLEW_TAGS_FORMAT');
  await assert.rejects(
    importTags([path, join(folder, 'none.yaml')], store, OPTIONS),
    code('CLEW_FILE_MISSING'),
  );
});

test('the same bytes are another list for another coin, day or source', async (t) => {
  const { folder, store } = await workspace(t);
  for (const name of ['XBT.txt', 'ETH.txt']) {
    writeFileSync(join(folder, name), `${madeUpAddress('a')}\n`);
  }
  const statuses = async (listOrigin: { source: string; day: string }) =>
    (await importTags([folder], store, { ...OPTIONS, listOrigin })).files.map(
      (file) => file.status,
    );
  const imported = ['imported', 'imported'];
  assert.deepEqual(await statuses({ source: 'x', day: '2024-01-01' }), imported);
  assert.deepEqual(await statuses({ source: 'x', day: '2024-01-01' }), ['known', 'known']);
  assert.deepEqual(await statuses({ source: 'x', day: '2024-02-01' }), imported);
  assert.deepEqual(await statuses({ source: 'y', day: '2024-02-01' }), imported);
});

test('a pack for a test network is kept apart from the real ones', async (t) => {
  const { folder, store } = await workspace(t);
  const path = join(folder, 'a.yaml');
  writeFileSync(path, pack('Both', madeUpAddress('a'), madeUpAddress('a', 'regtest')));
  const real = await importTags([path], store, OPTIONS);
  assert.deepEqual([real.counts.active, real.counts.rejected], [1, 1]);
  const regtest = await importTags([path], store, { ...OPTIONS, network: 'regtest' });
  assert.deepEqual([regtest.counts.active, regtest.counts.otherChain], [1, 1]);
  const index = await loadTagIndex(store, 'regtest');
  assert.deepEqual([...index.addresses()], [madeUpAddress('a', 'regtest')]);
  assert.deepEqual([...(await loadTagIndex(store, 'main')).addresses()], [madeUpAddress('a')]);
  const litecoin = await importTags([path], store, { ...OPTIONS, network: 'litecoin' });
  assert.equal(litecoin.files[0]!.status, 'known');
});

test('stopping ends between two files, and what is in stays in', async (t) => {
  const { folder, store } = await workspace(t);
  for (const name of ['a', 'b', 'c']) {
    writeFileSync(join(folder, `${name}.yaml`), pack(name, madeUpAddress(name)));
  }
  const stop = new AbortController();
  const work = importTags([folder], store, {
    ...OPTIONS,
    signal: stop.signal,
    onProgress: ({ filesDone }) => {
      if (filesDone === 2) stop.abort();
    },
  });
  await assert.rejects(work, code('CLEW_INTERRUPTED'));
  assert.deepEqual(
    (await readTagPacks(store)).map((row) => row.title),
    ['a', 'b'],
  );
  assert.equal((await importTags([folder], store, OPTIONS)).counts.active, 1);
});
