/**
 * The same chain into chDB, into chDB with the tables of servers, into one ClickHouse server and into two shards: rate of
 * loading, bytes by table, the rate at which a machine that only reads fetches the columns, and what all of Bitcoin would take.
 *
 * Servers, shards and Clew share the cores of one machine here: rates are lower bounds. Right before it counts: rows and
 * counters of each ledger equal those of the local one, and the columns fetched from servers have the checksums of the tip.
 *
 * `--transactions N` takes another size than a million; `--write PAGE` as `bench/main.ts` says.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger, type LedgerOptions } from '../src/ledger/ledger.ts';
import type { LedgerServers } from '../src/ledger/ledger-servers.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { findClickhouse, startClickhouse } from '../test/support/clickhouse-server.ts';
import type { BenchFigure } from './figure.ts';
import { folderBytes } from './folder-bytes.ts';
import { type BenchChain, benchChain } from './ledger/chain.ts';
import { BITCOIN_2026, type MeasuredPart, projectParts, type RowKind } from './projection.ts';

/** What the rows of a table are one for each of. */
const KINDS: Readonly<Record<string, RowKind>> = {
  blocks: 'blocks',
  transactions: 'transactions',
  tx_lookup: 'transactions',
  inputs: 'inputs',
  spends: 'inputs',
  outputs: 'outputs',
  scripts: 'scripts',
  script_lookup: 'scripts',
  reveals: 'reveals',
  script_events: 'events',
};

interface Loaded {
  readonly seconds: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly counters: unknown;
  readonly tipHash: string;
}

type AskBytes = (table: string) => Promise<{ readonly bytes: number; readonly rows: number }>;

const PARTS = (table: string): string =>
  `SELECT toString(sum(bytes_on_disk)) AS bytes, toString(sum(rows)) AS rows FROM system.parts
   WHERE active AND database = currentDatabase() AND table = '${table}'`;

async function load(chain: BenchChain, folder: string, options: LedgerOptions): Promise<Loaded> {
  const source = await openBlockSource(chain.blocksFolder);
  const ledger = await Ledger.open(folder, source.network, options);
  try {
    await ledger.prepareWriting();
    const began = performance.now();
    const { transactionsAdded } = await indexBlocks(ledger, source);
    const seconds = (performance.now() - began) / 1000;
    assert.equal(transactionsAdded, chain.truth.transactions);
    assert.equal(ledger.tip?.hash, chain.truth.tip.hash);
    return {
      seconds,
      rows: { ...ledger.rows },
      counters: ledger.counters,
      tipHash: ledger.tip!.hash,
    };
  } finally {
    await ledger.close();
  }
}

/** A second data folder that only reads: the columns come from the servers. */
async function fetchColumns(
  chain: BenchChain,
  folder: string,
  servers: LedgerServers,
): Promise<{ seconds: number; bytes: number }> {
  const { network } = await openBlockSource(chain.blocksFolder);
  const began = performance.now();
  const ledger = await Ledger.open(folder, network, { servers });
  const flow = await ledger.openFlow();
  const seconds = (performance.now() - began) / 1000;
  assert.equal(flow.txCount, chain.truth.transactions);
  assert.ok(ledger.isReadOnly);
  await ledger.close();
  return { seconds, bytes: folderBytes(folder) };
}

async function tableParts(ask: AskBytes): Promise<MeasuredPart[]> {
  const parts: MeasuredPart[] = [];
  for (const [table, kind] of Object.entries(KINDS)) {
    const { bytes, rows } = await ask(table);
    parts.push({ name: table, kind, rows, bytes });
  }
  return parts;
}

function describe(name: string, loaded: Loaded, parts: readonly MeasuredPart[]): BenchFigure[] {
  const transactions = loaded.rows['transactions']!;
  const perTx = (part: MeasuredPart): string =>
    `${part.name} ${(part.bytes / transactions).toFixed(1)}`;
  const projected = projectParts([parts]);
  const yearBytes = projected.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const bitcoinRows = parts.reduce((sum, part) => sum + BITCOIN_2026[part.kind], 0);
  return [
    {
      name: `${name}: load`,
      value: transactions / loaded.seconds,
      unit: 'tx/s',
      note: `${transactions.toLocaleString('en-US')} simulated transactions; ${Math.round(rows / loaded.seconds / 1000).toLocaleString('en-US')} thousand table rows/s`,
    },
    {
      name: `${name}: tables on disk`,
      value: parts.reduce((sum, part) => sum + part.bytes, 0) / transactions,
      unit: 'bytes/tx',
      note: [...parts]
        .sort((a, b) => b.bytes - a.bytes)
        .map(perTx)
        .join(', '),
    },
    {
      name: `${name}: Bitcoin's tables, projected`,
      value: yearBytes / 1e9,
      unit: 'GB',
      note: projected.map((part) => `${part.name} ${(part.bytes / 1e9).toFixed(0)}`).join(', '),
    },
    {
      name: `${name}: Bitcoin's rows at that rate, projected`,
      value: bitcoinRows / (rows / loaded.seconds) / 3600,
      unit: 'hours',
      note: `${(bitcoinRows / 1e9).toFixed(1)} billion rows; all pages in memory`,
    },
  ];
}

async function inChdb(
  chain: BenchChain,
  folder: string,
  hasWideTables: boolean,
): Promise<{ loaded: Loaded; parts: MeasuredPart[] }> {
  const loaded = await load(chain, folder, hasWideTables ? { hasWideTables } : {});
  const { network } = await openBlockSource(chain.blocksFolder);
  const ledger = await Ledger.open(folder, network, hasWideTables ? { hasWideTables } : {});
  const names = new Set(Object.keys(ledger.engine.tables));
  const parts = await tableParts(async (table) => {
    if (!names.has(table)) return { bytes: 0, rows: 0 };
    await ledger.engine.command(`OPTIMIZE TABLE ${table} FINAL`);
    const [found] = await ledger.engine.query<{ bytes: string; rows: string }>(PARTS(table));
    return { bytes: Number(found!.bytes), rows: Number(found!.rows) };
  });
  await ledger.close();
  return { loaded, parts: parts.filter(({ rows }) => rows > 0) };
}

async function onServers(
  chain: BenchChain,
  folder: string,
  count: number,
  local: Loaded,
): Promise<BenchFigure[]> {
  const started = await startClickhouse({ count, queryMemoryBytes: 6_000_000_000 });
  const name = count === 1 ? 'one server (18.16)' : `${count} shards (18.16)`;
  try {
    for (const server of started.servers) await server.query('CREATE DATABASE clew');
    const servers: LedgerServers = {
      name,
      database: 'clew',
      urls: started.servers.map(({ url }) => url),
      ...(count === 1 ? {} : { cluster: started.cluster }),
    };
    const loaded = await load(chain, join(folder, `writer-${count}`), { servers });
    assert.deepEqual(loaded.rows, local.rows);
    assert.deepEqual(loaded.counters, local.counters);
    const parts = await tableParts(async (table) => {
      let bytes = 0;
      let rows = 0;
      for (const server of started.servers) {
        const its = count === 1 ? table : `${table}_local`;
        await server.query(`OPTIMIZE TABLE clew.${its} FINAL`);
        const sql = PARTS(its).replace('currentDatabase()', "'clew'");
        const [itsBytes, itsRows] = (await server.query(sql)).split('\t').map(Number);
        bytes += itsBytes!;
        rows += itsRows!;
      }
      return { bytes, rows };
    });
    const fetched = await fetchColumns(chain, join(folder, `reader-${count}`), servers);
    return [
      ...describe(name, loaded, parts),
      {
        name: `${name}: a reader fetches the columns`,
        value: chain.truth.transactions / fetched.seconds,
        unit: 'tx/s',
        note: `${(fetched.bytes / chain.truth.transactions).toFixed(0)} bytes/tx on its disk, links made again, checksums of the tip held`,
      },
    ];
  } finally {
    await started.close();
  }
}

export async function run(): Promise<BenchFigure[]> {
  const at = process.argv.indexOf('--transactions');
  const chain = await benchChain(at === -1 ? 1_000_000 : Number(process.argv[at + 1]));
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-cluster-'));
  try {
    const local = await inChdb(chain, join(folder, 'local'), false);
    rmSync(join(folder, 'local'), { recursive: true, force: true });
    const wide = await inChdb(chain, join(folder, 'wide'), true);
    rmSync(join(folder, 'wide'), { recursive: true, force: true });
    const figures = [
      ...describe('chDB', local.loaded, local.parts),
      ...describe('chDB with the tables and codecs of a current server', wide.loaded, wide.parts),
    ];
    if (findClickhouse() === undefined) {
      process.stderr.write('!! clickhouse-server IS MISSING: servers were not measured\n');
      return figures;
    }
    for (const count of [1, 2]) {
      figures.push(...(await onServers(chain, folder, count, local.loaded)));
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
