import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { madeUpAddress } from '../../test/support/made-up-address.ts';
import { openStore } from '../store/open-store.ts';
import type { Address, ScriptId } from '../units/ids.ts';
import { importTags } from './import-tags.ts';
import { type Attributions, matchTags } from './match.ts';
import { loadTagIndex } from './tag-index.ts';

const id = (script: number) => script as ScriptId;
const address = (script: number): Address => madeUpAddress(`script-${script}`);

/** Scripts 0 to 99 exist; ten each are a cluster. Script 100 + n is the bare key of script n. */
function clusterOf(script: ScriptId): number {
  return Math.floor((script % 100) / 10) * 10;
}

const SCRIPTS = new Map<string, ScriptId[]>(
  Array.from({ length: 100 }, (_, n) => [address(n), n === 77 ? [id(n), id(n + 100)] : [id(n)]]),
);

async function match(
  t: TestContext,
  tags: readonly string[],
  batchSize = 3,
): Promise<Attributions> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-match-'));
  const store = await openStore(join(folder, 'store.sqlite'));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'pack.yaml');
  const head = 'title: T\ncreator: C\nsource: https://example.org/\ncurrency: BTC\n';
  const list = tags.map((tag) => `- {${tag.replace(/#(\d+)/, (_, n) => address(Number(n)))}}\n`);
  writeFileSync(path, `${head}confidence: service_data\ntags:\n${list.join('')}`);
  const result = await importTags([path], store, { network: 'main', importedAtSeconds: 1 });
  assert.deepEqual(result.problems, []);
  const resolve = async (addresses: Address[]) => {
    assert.ok(addresses.length <= batchSize);
    return new Map(
      addresses.flatMap((each) => (SCRIPTS.has(each) ? [[each, SCRIPTS.get(each)!]] : [])),
    );
  };
  return await matchTags(await loadTagIndex(store, 'main'), resolve, clusterOf, { batchSize });
}

test('a service spreads to its cluster, the basis says how', async (t) => {
  const who = await match(t, [
    'address: #3, label: Example.com, actor: example, category: exchange',
    'address: #4, label: Example cold, actor: example, category: exchange',
    'address: #999, label: not in this ledger, category: exchange',
  ]);
  assert.deepEqual(who.matched, { addresses: 2, scripts: 2, clusters: 1 });
  const claim = who.serviceOfCluster(id(0))!;
  assert.equal(claim.name, 'example');
  assert.equal(claim.category, 'exchange');
  assert.equal(claim.namesCustomers, 3);
  assert.equal(claim.conflicting, false);
  assert.equal(claim.basis, 'cluster');
  assert.deepEqual(
    claim.tags.map((tag) => [tag.label, tag.address]),
    [
      ['Example cold', address(4)],
      ['Example.com', address(3)],
    ],
  );
  assert.equal(who.serviceOfScript(id(3))!.basis, 'address');
  assert.equal(who.serviceOfScript(id(5))!.basis, 'cluster');
  assert.equal(who.serviceOfScript(id(15)), undefined);
  assert.equal(who.serviceOfCluster(id(10)), undefined);
  assert.deepEqual(who.tagsOfScript(id(5)), []);
  assert.deepEqual(
    who.tagsOfScript(id(3)).map((tag) => tag.label),
    ['Example.com'],
  );
});

test('what is no service stays on its address, and is shown on the cluster as such', async (t) => {
  const who = await match(t, [
    'address: #3, label: Payments Ltd, category: payment_processor',
    'address: #4, label: Some scam, abuse: scam',
    'address: #14, label: Some ransomware, abuse: ransomware',
    'address: #24, label: listed, category: sanction',
    'address: #34, label: a shop, category: shop',
    'address: #44, label: a mix, category: coinjoin',
  ]);
  assert.equal(who.serviceOfCluster(id(0))!.name, 'Payments Ltd');
  // The script of the scam belongs to the processor all the same.
  assert.equal(who.serviceOfScript(id(4))!.name, 'Payments Ltd');
  assert.equal(who.serviceOfScript(id(4))!.basis, 'cluster');
  assert.deepEqual(
    who.tagsOfCluster(id(0)).map(({ tag, addressCount }) => [tag.label, addressCount]),
    [
      ['Payments Ltd', 1],
      ['Some scam', 1],
    ],
  );
  for (const root of [10, 20, 30, 40]) {
    assert.equal(who.serviceOfCluster(id(root)), undefined);
    assert.equal(who.tagsOfCluster(id(root)).length, 1);
    assert.deepEqual(who.tagsOfScript(id(root + 5)), []);
  }
});

test('sources that disagree: all kept, the name chosen by confidence, addresses, then name', async (t) => {
  const tags = [
    'address: #1, label: Zeta, category: exchange',
    'address: #2, label: Beta, category: exchange',
    'address: #3, label: Beta, category: exchange',
    'address: #4, label: Alpha, category: gambling',
    'address: #5, label: Alpha, category: gambling',
    'address: #6, label: Sure, category: wallet_service, confidence: manual_transaction',
  ];
  for (const order of [tags, [...tags].reverse()]) {
    const who = await match(t, order);
    const claim = who.serviceOfCluster(id(0))!;
    assert.equal(claim.conflicting, true);
    assert.equal(claim.name, 'Sure');
    assert.deepEqual(
      claim.others.map((other) => [other.name, other.addressCount]),
      [
        ['Alpha', 2],
        ['Beta', 2],
        ['Zeta', 1],
      ],
    );
    assert.equal(claim.tags.length, 4);
    // Said about the address itself goes first, the dispute with the cluster is kept.
    const own = who.serviceOfScript(id(1))!;
    assert.deepEqual([own.name, own.basis, own.conflicting], ['Zeta', 'address', true]);
    assert.deepEqual(
      own.others.map((other) => other.name),
      ['Sure', 'Alpha', 'Beta'],
    );
  }
});

test('one service of two kinds is disputed too', async (t) => {
  const who = await match(t, [
    'address: #1, label: One, actor: one, category: exchange',
    'address: #2, label: One again, actor: One, category: mixing_service, confidence: web_crawl',
  ]);
  const claim = who.serviceOfCluster(id(0))!;
  assert.deepEqual([claim.category, claim.conflicting, claim.others], ['exchange', true, []]);
  assert.equal(who.serviceOfScript(id(1))!.conflicting, true);
});

test('pending claims, mentions, events and the scene of a theft make no service', async (t) => {
  const who = await match(t, [
    'address: #1, label: a, category: exchange, concepts: [child_sexual_abuse]',
    'address: #11, label: b, category: exchange, tag_type: mention',
    'address: #21, label: c, category: exchange, tag_type: event',
    'address: #31, label: d, category: exchange, abuse: service_hack',
    'address: #41, label: e, category: exchange, tag_type: actor, abuse: sanction',
  ]);
  for (const root of [0, 10, 20, 30]) assert.equal(who.serviceOfCluster(id(root)), undefined);
  assert.equal(who.serviceOfCluster(id(40))!.name, 'e');
  assert.deepEqual(who.tagsOfCluster(id(0)), []);
  assert.deepEqual(who.tagsOfScript(id(1)), []);
  assert.equal(who.index.pendingCountOf(address(1)), 1);
  assert.deepEqual([...who.taggedClusters()].sort(), [10, 20, 30, 40]);
});

test('both scripts of one key count as one address', async (t) => {
  const who = await match(t, ['address: #77, label: Keys, category: exchange']);
  assert.deepEqual(who.matched, { addresses: 1, scripts: 2, clusters: 1 });
  assert.equal(who.serviceOfCluster(id(70))!.addressCount, 1);
  assert.equal(who.serviceOfScript(id(177))!.basis, 'address');
  assert.deepEqual([...who.taggedScripts()], [77, 177]);
});
