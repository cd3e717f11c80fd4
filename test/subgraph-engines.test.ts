/**
 * What is above the query layer does not know which engine it has: transactions, addresses and traces by questions to tables
 * alone, in chDB and on a cluster, are those of a whole ledger.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { openCluster } from '../src/ledger/cluster-engine.ts';
import type { LedgerEngine } from '../src/ledger/engine.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { OpenNetwork } from '../src/pipeline/open-network.ts';
import { SubgraphNetwork } from '../src/pipeline/subgraph-network.ts';
import { traceSubjects } from '../src/pipeline/trace-subjects.ts';
import { openStore, type Store } from '../src/store/open-store.ts';
import { NO_LIMITS } from '../src/trace/trace.ts';
import type { Txid } from '../src/units/ids.ts';
import { hasClickhouse, startClickhouse } from './support/clickhouse-server.ts';
import { fillEngine, type ReaderWorld, scenarioWorld } from './support/reader-worlds.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('subgraph-engines');
let world: ReaderWorld;
let store: Store;
let whole: OpenNetwork;

before(async () => {
  world = await scenarioWorld(folder);
  store = await openStore(join(folder, 'store.sqlite'));
  const places = { networkFolder: join(folder, 'network'), store: async () => store };
  whole = await OpenNetwork.open(places, world.source.network, { hasWideTables: true });
  await indexBlocks(whole.ledger, world.source);
});

after(async () => {
  await whole.close();
  await store.close();
});

async function compare(t: TestContext, engine: LedgerEngine): Promise<void> {
  const { network } = world.source;
  const places = { networkFolder: join(folder, `asked-${engine.kind}`), store: async () => store };
  const reader = new SqlReader(engine, network);
  const part = new SubgraphNetwork(places, { reader, server: 'here:1' });
  t.after(() => part.close());
  for (const [i, txid] of world.slow.txids.entries()) {
    if (i % 40 > 0) continue;
    const { raw: _raw, run: _run, verdicts: _v, ...wanted } = await whole.transaction(txid);
    const { run: _r, verdicts: _vs, factsSource, ...found } = await part.transaction(txid);
    assert.equal(factsSource!.kind, engine.kind);
    const items = (all: readonly { readonly cluster?: string }[]) =>
      all.map(({ cluster: _, ...item }) => item);
    assert.deepEqual(
      { ...found, inputs: items(found.inputs), outputs: items(found.outputs) },
      { ...wanted, inputs: items(wanted.inputs), outputs: items(wanted.outputs) },
      txid,
    );
  }
  const subjects = spentOutputs();
  const asked = { limits: { ...NO_LIMITS, depth: 6 }, passServices: false, passMixes: false };
  for (const direction of ['forward', 'backward'] as const) {
    for (const subject of subjects) {
      const options = { ...asked, direction, method: 'fifo' } as const;
      const wanted = await traceSubjects(whole, { subjects: [subject] }, options);
      const found = await traceSubjects(part, { subjects: [subject] }, options);
      assert.equal(found.derivation.factsSource!.isWhole, true);
      const strip = ({ derivation: _, leaves, ...view }: typeof found) => ({
        ...view,
        leaves: leaves.map(({ mix, ...leaf }) => ({ ...leaf, mix: mix?.txid })),
      });
      assert.deepEqual(strip(found), strip(wanted), `${direction} from ${subject}`);
    }
  }
}

/** Some outputs that somebody spent. */
function spentOutputs(): string[] {
  const all: string[] = [];
  for (const { txid, coins } of world.slow.entries) {
    for (const { vout, spentBy } of coins) if (spentBy) all.push(`${txid as Txid}:${vout}`);
  }
  return all.filter((_, i) => i % Math.ceil(all.length / 8) === 0);
}

test('asked of tables in chDB', (t) => compare(t, whole.ledger.engine));

test('asked of a cluster of two shards', async (t) => {
  if (!hasClickhouse(t)) return;
  const { servers, cluster, close } = await startClickhouse({ count: 2 });
  t.after(close);
  for (const server of servers) await server.query('CREATE DATABASE asked');
  const urls = servers.map(({ url }) => url);
  const engine = await openCluster({ name: 'shards.json', cluster, database: 'asked', urls });
  t.after(() => engine.close());
  await fillEngine(world, engine);
  await compare(t, engine);
});
