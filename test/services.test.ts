/** The services that other tests talk to: real programs, started, stopped, killed and started again. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { hasBtcd, startBtcd } from './support/btcd-node.ts';
import { hasClickhouse, startClickhouse } from './support/clickhouse-server.ts';

test('two ClickHouse servers are one cluster; one that is killed has its rows again', async (t) => {
  if (!hasClickhouse(t)) return;
  const password = 'p&<>"w';
  const { servers, cluster, folder, close } = await startClickhouse({
    count: 2,
    cluster: 'two_shards',
    users: [
      { name: 'writer', password },
      { name: 'reader', password, readonly: 2, databases: ['facts'] },
    ],
  });
  try {
    const [first, second] = servers;
    for (const [at, server] of servers.entries()) {
      await server.query('CREATE DATABASE facts', 'writer', password);
      await server.query('CREATE TABLE facts.t (n UInt32) ENGINE = MergeTree ORDER BY n');
      await server.query(`INSERT INTO facts.t SELECT number + ${at} * 1000 FROM numbers(1000)`);
      await server.query(
        `CREATE TABLE facts.all_t AS facts.t ENGINE = Distributed(${cluster}, facts, t)`,
      );
    }
    const ask = () => first!.query('SELECT count(), sum(n) FROM facts.all_t', 'reader', password);
    const expected = `2000\t${(2000 * 1999) / 2}`;
    assert.equal(await ask(), expected);
    await assert.rejects(first!.query('SELECT 1', 'reader', 'wrong'), /password/i);
    await assert.rejects(
      first!.query('INSERT INTO facts.t VALUES (1)', 'reader', password),
      /readonly/i,
    );
    await second!.kill();
    await assert.rejects(ask(), /Connection refused/);
    await second!.start();
    assert.equal(await ask(), expected);
    await second!.stop();
    assert.equal(second!.process.isRunning, false);
    await second!.start();
    assert.equal(await ask(), expected);
  } finally {
    await close();
  }
  assert.equal(existsSync(folder), false);
});

for (const tls of [false, true]) {
  test(`btcd mines, reorganises, and knows its chain after a stop (TLS ${tls})`, async (t) => {
    if (!hasBtcd(t)) return;
    const node = await startBtcd({ tls });
    try {
      const old = await node.generate(10);
      assert.equal(await node.height(), 10);
      const fresh = await node.reorganise(3, 2);
      assert.equal(fresh.length, 5);
      assert.equal(await node.height(), 12);
      assert.equal(await node.hashAt(7), old[6]);
      assert.equal(await node.hashAt(8), fresh[0]);
      assert.notEqual(fresh[0], old[7]);
      await node.stop();
      await node.start();
      assert.equal(await node.bestHash(), fresh.at(-1));
      await node.kill();
      await node.start();
      assert.ok((await node.height()) >= 0);
      await assert.rejects(node.call('getblockhash', 99_999), /-1|-8|out of range/i);
    } finally {
      await node.close();
    }
  });
}
