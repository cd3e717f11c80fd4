/**
 * A backup of a ledger on a ClickHouse server, as `docs/operating/cluster.md` tells it for version 18.16: frozen, copied away,
 * lost, put back; whoever reads gets the same columns, and whoever writes goes on.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type ClickhouseServer,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import { runClew } from './support/run-clew.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const DATABASE = 'clew_main';

async function tablesOf(server: ClickhouseServer): Promise<string[]> {
  const names = await server.query(
    `SELECT name FROM system.tables WHERE database = '${DATABASE}' AND engine = 'MergeTree' ORDER BY name`,
  );
  return names.split('\n');
}

async function backUp(server: ClickhouseServer, to: string): Promise<void> {
  for (const table of await tablesOf(server)) {
    await server.query(`ALTER TABLE ${DATABASE}.${table} FREEZE`);
  }
  const data = join(server.folder, 'data');
  cpSync(join(data, 'shadow'), join(to, 'shadow'), { recursive: true });
  cpSync(join(data, 'metadata', DATABASE), join(to, 'metadata'), { recursive: true });
}

async function restore(server: ClickhouseServer, from: string): Promise<void> {
  for (const file of readdirSync(join(from, 'metadata'))) {
    const made = readFileSync(join(from, 'metadata', file), 'utf8');
    await server.query(made.replace(/^ATTACH TABLE /, `CREATE TABLE ${DATABASE}.`));
  }
  for (const increment of readdirSync(join(from, 'shadow'))) {
    const folder = join(from, 'shadow', increment, 'data', DATABASE);
    if (!existsSync(folder)) continue;
    for (const table of readdirSync(folder)) {
      const detached = join(server.folder, 'data/data', DATABASE, table, 'detached');
      cpSync(join(folder, table), detached, { recursive: true });
      for (const part of readdirSync(join(folder, table))) {
        await server.query(`ALTER TABLE ${DATABASE}.${table} ATTACH PART '${part}'`);
      }
    }
  }
}

test('a ledger on a server is lost, and put back from frozen parts', async (t) => {
  if (!hasClickhouse(t)) return;
  const folder = temporaryFolder('ledger-backup');
  const clew = (...argv: string[]) => runClew(folder, ...argv);
  const { servers, close } = await startClickhouse();
  const [server] = servers;
  try {
    await server!.query(`CREATE DATABASE ${DATABASE}`);
    const ledger = ['--ledger', `${server!.url}/${DATABASE}`];
    for (const [out, transactions] of [
      ['few', '400'],
      ['more', '600'],
    ] as const) {
      const made = await clew(
        'simulate',
        '--out',
        out,
        '--transactions',
        transactions,
        '--seed',
        'b',
      );
      assert.equal(made.exit, 0, made.stderr);
    }
    const indexed = await clew('index', '--blocks', 'few', '--data', 'writer', ...ledger);
    assert.equal(indexed.exit, 0, indexed.stderr);
    const rowsOf = async (): Promise<string[]> =>
      Promise.all(
        (await tablesOf(server!)).map((table) =>
          server!.query(`SELECT '${table}', count() FROM ${DATABASE}.${table}`),
        ),
      );
    const rows = await rowsOf();
    await backUp(server!, join(folder, 'backup'));
    await server!.query(`DROP DATABASE ${DATABASE}`);
    const lost = await clew('status', '--data', 'writer');
    assert.equal(lost.error?.code, 'CLEW_ENGINE_DATABASE', lost.stderr);
    await server!.query(`CREATE DATABASE ${DATABASE}`);
    await restore(server!, join(folder, 'backup'));
    assert.deepEqual(await rowsOf(), rows);
    // A reader compares what it fetches with the checksums of the tip.
    const read = await clew('status', '--data', 'reader', ...ledger);
    assert.equal(read.exit, 0, read.stderr);
    assert.deepEqual(read.json.tip, indexed.json.status.tip);
    const checked = await clew('check', '--data', 'writer', '--no-blocks');
    assert.equal(checked.exit, 0, checked.stderr);
    const taken = await clew(
      ...['index', '--blocks', 'more', '--anew', '--take-over', '--data', 'new-writer', ...ledger],
    );
    assert.equal(taken.exit, 0, taken.stderr);
    assert.notDeepEqual(taken.json.status.tip, indexed.json.status.tip);
  } finally {
    await close();
  }
});
