/**
 * What a year of Ethereum-sized data would take in ClickHouse: bytes per row and rows per second of the tables that Clew would
 * keep, measured on made-up rows. Clew does not read Ethereum yet; what is assumed stands in `docs/operating/cluster.md`.
 *
 * Hashes and addresses are random bytes (nothing compresses them), row numbers have the size that they have in the real
 * chain, accounts are as unequal as a Zipf law with exponent 1 makes them, amounts are as wide as token amounts are.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LedgerEngine, openChdb } from '../src/ledger/engine.ts';
import { findClickhouse, startClickhouse } from '../test/support/clickhouse-server.ts';
import type { BenchFigure } from './figure.ts';

const ID = 'UInt64 CODEC(DoubleDelta, ZSTD(1))';
const NEAR_ID = 'UInt64 CODEC(Delta, ZSTD(1))';
const WIDE = 'UInt64 CODEC(T64, ZSTD(1))';
const KEY = 'UInt64 CODEC(Delta, ZSTD(1))';
const SMALL = 'UInt32 CODEC(T64, ZSTD(1))';
const LIMB = 'UInt64 CODEC(ZSTD(1))';
const BYTE = 'UInt8 CODEC(ZSTD(1))';
const HASH = 'FixedString(32) CODEC(NONE)';
const ADDRESS = 'FixedString(20) CODEC(NONE)';

/** A year's rows, in millions: the assumptions of the plan. */
const YEAR = { transactions: 400, transfers: 1000, accounts: 60 };
/** Rows of transactions that are made here; the other tables in the proportions of a year. */
const TRANSACTIONS = Number(process.env['CLEW_BENCH_ETHEREUM_ROWS'] ?? 4_000_000);
const TRANSFERS = (TRANSACTIONS * YEAR.transfers) / YEAR.transactions;
const ACCOUNTS = (TRANSACTIONS * YEAR.accounts) / YEAR.transactions;
/** Where the year's rows would begin: Ethereum had about so many before. */
const TX_BASE = 2_600_000_000;
const TRANSFER_BASE = 5_000_000_000;
const ACCOUNT_BASE = 350_000_000;

interface Plan {
  readonly rows: number;
  /** Rows of a year for each row made here. */
  readonly perYear: number;
  readonly columns: Readonly<Record<string, string>>;
  readonly orderBy: string;
  /** A select over `numbers`. */
  readonly make: readonly string[];
}

/** A number in [0, 1) that follows from the row. */
const chance = (salt: number, n = 'number'): string =>
  `(sipHash64(${n}, ${salt}) / 18446744073709551616.)`;
/** Few accounts do most: log-uniform. */
const account = (salt: number, n = 'number'): string =>
  `toUInt64(exp(${chance(salt, n)} * ${Math.log(ACCOUNT_BASE + ACCOUNTS)}))`;
const hash = (salt: number, bytes: number): string =>
  `toFixedString(substring(unhex(concat(hex(sipHash64(number, ${salt})), hex(sipHash64(number, ${salt + 1})), hex(sipHash64(number, ${salt + 2})), hex(sipHash64(number, ${salt + 3})), repeatedly)), 1, ${bytes}), ${bytes})`;

/** Half of the token amounts are of coins with 6 decimals in round numbers, the others of 18 decimals. */
const amountLow = `if(${chance(11)} < 0.5, toUInt64(exp(${chance(12)} * 18)) * 10000, sipHash64(number, 13))`;
const amountHigh = `if(${chance(11)} < 0.5, toUInt64(0), toUInt64(exp(${chance(14)} * 12) - 1))`;

function plans(): Readonly<Record<string, Plan>> {
  // 2^64 hex digits may be fewer than 16: a tail fills up what is missing.
  const bytesOf = (salt: number, bytes: number): string =>
    hash(salt, bytes).replace('repeatedly', "'00000000000000000000000000000000'");
  const each = TRANSACTIONS;
  return {
    transactions: {
      rows: each,
      perYear: YEAR.transactions * 1e6,
      columns: {
        tx_index: ID,
        block_index: ID,
        hash: HASH,
        sender: WIDE,
        recipient: WIDE,
        value_low: LIMB,
        value_high: LIMB,
        nonce: SMALL,
        gas_used: SMALL,
        gas_price: LIMB,
        status: BYTE,
        first_transfer: NEAR_ID,
      },
      orderBy: 'tx_index',
      make: [
        `SELECT number + ${TX_BASE}, intDiv(number, 155) + 20000000, ${bytesOf(1, 32)}, ${account(21)}, ${account(22)},
         if(${chance(23)} < 0.6, toUInt64(0), toUInt64(exp(${chance(24)} * 12)) * 1000000000000000), toUInt64(0),
         toUInt32(exp(${chance(25)} * 12)), toUInt32(21000 + if(${chance(26)} < 0.35, 0, exp(${chance(27)} * 13))),
         toUInt64(1000000000 + sipHash64(intDiv(number, 155), 28) % 20000000000), toUInt8(${chance(29)} > 0.03),
         toUInt64(number * ${YEAR.transfers / YEAR.transactions}) + ${TRANSFER_BASE} FROM numbers(${each})`,
      ],
    },
    transfers: {
      rows: TRANSFERS,
      perYear: YEAR.transfers * 1e6,
      columns: {
        transfer_index: ID,
        tx_index: ID,
        log_index: SMALL,
        token: WIDE,
        payer: WIDE,
        payee: WIDE,
        amount_low: LIMB,
        amount_high: LIMB,
        kind: BYTE,
      },
      orderBy: 'transfer_index',
      make: [
        `SELECT number + ${TRANSFER_BASE}, toUInt64(number * ${YEAR.transactions / YEAR.transfers}) + ${TX_BASE},
         toUInt32(number % 400), toUInt64(exp(${chance(31)} * 13)), ${account(32)}, ${account(33)},
         ${amountLow}, ${amountHigh}, toUInt8(${chance(34)} > 0.1) FROM numbers(${TRANSFERS})`,
      ],
    },
    accounts: {
      rows: ACCOUNTS,
      perYear: YEAR.accounts * 1e6,
      columns: { account: ID, address: ADDRESS, kind: BYTE, first_tx: NEAR_ID },
      orderBy: 'account',
      make: [
        `SELECT number + ${ACCOUNT_BASE}, ${bytesOf(41, 20)}, toUInt8(${chance(45)} > 0.9),
         toUInt64(number * ${TRANSACTIONS / ACCOUNTS}) + ${TX_BASE} FROM numbers(${ACCOUNTS})`,
      ],
    },
    tx_lookup: {
      rows: each,
      perYear: YEAR.transactions * 1e6,
      columns: { tx_key: KEY, tx_index: WIDE },
      orderBy: 'tx_key',
      make: [`SELECT sipHash64(number, 1), number + ${TX_BASE} FROM numbers(${each})`],
    },
    account_lookup: {
      rows: ACCOUNTS,
      perYear: YEAR.accounts * 1e6,
      columns: { address_key: KEY, account: WIDE },
      orderBy: 'address_key',
      make: [`SELECT sipHash64(number, 41), number + ${ACCOUNT_BASE} FROM numbers(${ACCOUNTS})`],
    },
    account_events: {
      rows: 2 * (TRANSACTIONS + TRANSFERS),
      perYear: 2e6 * (YEAR.transactions + YEAR.transfers),
      columns: {
        account: KEY,
        tx_index: NEAR_ID,
        transfer: WIDE,
        is_payer: BYTE,
        token: WIDE,
        amount_low: LIMB,
        amount_high: LIMB,
      },
      orderBy: '(account, tx_index)',
      make: [0, 1].flatMap((side) => [
        `SELECT ${account(21 + side)}, number + ${TX_BASE}, toUInt64(0), toUInt8(${1 - side}), toUInt64(0),
         if(${chance(23)} < 0.6, toUInt64(0), toUInt64(exp(${chance(24)} * 12)) * 1000000000000000), toUInt64(0)
         FROM numbers(${each})`,
        `SELECT ${account(32 + side)}, toUInt64(number * ${YEAR.transactions / YEAR.transfers}) + ${TX_BASE},
         number + ${TRANSFER_BASE}, toUInt8(${1 - side}), toUInt64(exp(${chance(31)} * 13)), ${amountLow}, ${amountHigh}
         FROM numbers(${TRANSFERS})`,
      ]),
    },
  };
}

interface Database {
  run(sql: string): Promise<unknown>;
  bytes(table: string): Promise<number>;
  readonly hasCodecs: boolean;
}

const PARTS = (table: string): string =>
  `SELECT toString(sum(bytes_on_disk)) AS bytes FROM system.parts WHERE active AND table = '${table}'`;

async function measure(name: string, database: Database): Promise<BenchFigure[]> {
  const figures: BenchFigure[] = [];
  let yearBytes = 0;
  for (const [table, plan] of Object.entries(plans())) {
    const columns = Object.entries(plan.columns).map(
      ([column, type]) =>
        `${column} ${database.hasCodecs ? type : type.replace(/ CODEC\(.*\)$/, '')}`,
    );
    await database.run(
      `CREATE TABLE ${table} (${columns.join(', ')}) ENGINE = MergeTree ORDER BY ${plan.orderBy}`,
    );
    const began = performance.now();
    for (const make of plan.make) await database.run(`INSERT INTO ${table} ${make}`);
    const seconds = (performance.now() - began) / 1000;
    await database.run(`OPTIMIZE TABLE ${table} FINAL`);
    const perRow = (await database.bytes(table)) / plan.rows;
    yearBytes += perRow * plan.perYear;
    figures.push({
      name: `${name}: ${table}`,
      value: perRow,
      unit: 'bytes/row',
      note: `${plan.rows.toLocaleString('en-US')} rows, merged; made and inserted at ${Math.round(plan.rows / seconds / 1000).toLocaleString('en-US')} thousand rows/s; ${((perRow * plan.perYear) / 1e9).toFixed(0)} GB a year`,
    });
    await database.run(`DROP TABLE ${table}`);
  }
  figures.push({
    name: `${name}: a year, all tables`,
    value: yearBytes / 1e9,
    unit: 'GB',
    note: `${YEAR.transactions} million transactions, ${YEAR.transfers} million transfers, ${YEAR.accounts} million new accounts: projected`,
  });
  return figures;
}

async function inChdb(): Promise<BenchFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-ethereum-'));
  const engine: LedgerEngine = await openChdb(folder);
  try {
    return await measure('current version, codecs', {
      run: (sql) => engine.command(sql),
      bytes: async (table) =>
        Number((await engine.query<{ bytes: string }>(PARTS(table)))[0]!.bytes),
      hasCodecs: true,
    });
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onServer(): Promise<BenchFigure[]> {
  if (findClickhouse() === undefined) {
    process.stderr.write('!! clickhouse-server IS MISSING: its rows were not measured\n');
    return [];
  }
  const { servers, close } = await startClickhouse({ queryMemoryBytes: 6_000_000_000 });
  const [server] = servers;
  try {
    return await measure('18.16, no codecs', {
      run: (sql) => server!.query(sql),
      bytes: async (table) => Number(await server!.query(PARTS(table))),
      hasCodecs: false,
    });
  } finally {
    await close();
  }
}

export async function run(): Promise<BenchFigure[]> {
  return [...(await inChdb()), ...(await onServer())];
}
