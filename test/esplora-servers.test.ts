/** The Esplora API over a ledger on one ClickHouse server, and on a cluster: what tables tell of bytes and blocks is the same. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { writeScenarioChain } from '../src/simulate/scenario-chain.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import {
  type ClickhouseServers,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import { scriptHashOf } from './support/naive-esplora.ts';
import { serveSource } from './support/served-ledger.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('esplora-servers');
let started: Promise<ClickhouseServers> | undefined;
after(async () => (await started)?.close());

async function checkOn(t: TestContext, count: 1 | 2): Promise<void> {
  if (!hasClickhouse(t)) return;
  started ??= startClickhouse({ count: 2 });
  const { servers, cluster } = await started;
  const database = `esplora${count}`;
  const chosen = servers.slice(0, count);
  for (const server of chosen) await server.query(`CREATE DATABASE ${database}`);
  const place = { name: `/${database}`, database, urls: chosen.map(({ url }) => url) };
  const blocks = join(folder, `blocks-${count}`);
  writeScenarioChain(blocks);
  const source = await openBlockSource(blocks);
  const served = await serveSource(source, join(folder, `ledger-${count}`), {
    servers: count === 1 ? place : { ...place, cluster },
  });
  const { naive } = served;
  const ask = async (path: string): Promise<unknown> => {
    const reply = await fetch(`${served.base}/${path}`);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${path}: ${text}`);
    return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  };
  try {
    const random = seededRandom('esplora-servers');
    // Side by side, so that places are asked for together.
    const txs = random.shuffle([...naive.byTxid.values()]).slice(0, 40);
    await Promise.all(
      txs.map(async (one) => {
        const path = `tx/${one.tx.txid}`;
        assert.deepEqual(await ask(path), JSON.parse(JSON.stringify(naive.transaction(one))));
        assert.equal(await ask(`${path}/hex`), one.bytes.toString('hex'));
        assert.deepEqual(await ask(`${path}/outspends`), naive.outspends(one));
      }),
    );
    for (const block of [naive.blocks[0]!, naive.blocks[150]!, naive.blocks.at(-1)!]) {
      const { difficulty: _, ...value } = (await ask(`block/${block.hash}`)) as {
        difficulty: number;
      };
      assert.deepEqual(value, naive.block(block));
      const raw = await fetch(`${served.base}/block/${block.hash}/raw`);
      assert.ok(Buffer.from(await raw.arrayBuffer()).equals(block.bytes));
    }
    assert.equal(((await ask('blocks')) as unknown[]).length, 10);
    for (const script of random.shuffle([...naive.scripts.keys()]).slice(0, 15)) {
      const path = `scripthash/${scriptHashOf(script)}`;
      const expected = naive.history(script).map(({ tx }) => tx.txid);
      const history = (await ask(`${path}/txs`)) as { txid: string }[];
      assert.deepEqual(
        history.map(({ txid }) => txid),
        expected.slice(0, 25),
      );
      assert.deepEqual(await ask(`${path}/utxo`), naive.unspent(script));
    }
    assert.deepEqual(served.faults, []);
  } finally {
    await served.close();
    source.close();
  }
}

test('over one server', (t) => checkOn(t, 1));

test('over a cluster of two', (t) => checkOn(t, 2));
