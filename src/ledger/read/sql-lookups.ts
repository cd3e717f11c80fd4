/** Rows of transactions and scripts in the tables, found by their names. */
import { readU32 } from '../../bytes/read-u32.hot.ts';
import { bareKeyTwin } from '../../chain/bare-key.ts';
import { getNetwork } from '../../chain/network.ts';
import { isCanonicalOrder } from '../../chain/transaction-order.hot.ts';
import type { ScriptHex, Txid } from '../../units/ids.ts';
import { hashScript, scriptKey } from '../script-key.hot.ts';
import { displayHex, requireRow, type SqlBlock, type SqlState, type Wide } from './sql-state.ts';

/** A transaction's own row. */
export interface SqlTx {
  readonly row: number;
  readonly txid: Txid;
  readonly block: number;
  readonly version: number;
  readonly locktime: number;
  readonly flags: number;
  readonly firstInput: number;
  readonly firstOutput: number;
  readonly inputCount: number;
  readonly outputCount: number;
  readonly sizeBytes: number;
  readonly strippedBytes: number;
}

interface TxRow {
  readonly id: Txid;
  readonly block: Wide;
  readonly version: number;
  readonly locktime: number;
  readonly flags: number;
  readonly input_from: Wide;
  readonly output_from: Wide;
  readonly input_count: number;
  readonly output_count: number;
  readonly size_bytes: number;
  readonly stripped_bytes: number;
}

const TX_COLUMNS = `${displayHex('txid')} AS id, block_index AS block, version, locktime, flags,
  first_input AS input_from, first_output AS output_from, input_count, output_count, size_bytes,
  stripped_bytes`;

/**
 * The ids of blocks in the order in which their transactions stand in them, by block row. One statement (for each 8,000
 * transactions).
 */
export async function readBlockTxids(
  state: SqlState,
  blocks: Iterable<SqlBlock>,
): Promise<ReadonlyMap<number, readonly Txid[]>> {
  const wanted = [...new Set(blocks)];
  const rows = wanted.flatMap(({ firstTx, block }) =>
    Array.from({ length: block.transactions }, (_, n) => firstTx + n),
  );
  const found = await state.byRows<{ readonly id: Txid }>(
    'transactions',
    'tx_index',
    'transactions',
    `${displayHex('txid')} AS id`,
    rows,
  );
  const network = getNetwork(state.tip.network);
  return new Map(
    wanted.map(({ row, firstTx, block }) => {
      const ids = Array.from({ length: block.transactions }, (_, n) => {
        return requireRow(found.get(firstTx + n)).id;
      });
      // As text, ids have the order of the numbers that they are.
      const inOrder = isCanonicalOrder(block.height, network)
        ? [...ids.slice(0, 1), ...ids.slice(1).sort()]
        : ids;
      return [row, inOrder];
    }),
  );
}

/** Transactions by their rows, all there. One statement (for each 8,000). */
export async function readTxs(
  state: SqlState,
  rows: Iterable<number>,
): Promise<ReadonlyMap<number, SqlTx>> {
  const wanted = new Set(rows);
  const found = await state.byRows<TxRow>(
    'transactions',
    'tx_index',
    'transactions',
    TX_COLUMNS,
    wanted,
  );
  const txs = new Map<number, SqlTx>();
  for (const row of wanted) {
    const each = requireRow(found.get(row));
    txs.set(row, {
      row,
      txid: each.id,
      block: state.plain('blocks', each.block),
      version: each.version,
      locktime: each.locktime,
      flags: each.flags,
      firstInput: state.plain('inputs', each.input_from),
      firstOutput: state.plain('outputs', each.output_from),
      inputCount: each.input_count,
      outputCount: each.output_count,
      sizeBytes: each.size_bytes,
      strippedBytes: each.stripped_bytes,
    });
  }
  return txs;
}

/** The transactions with some ids, oldest first: more than one only before BIP 30. Two statements. */
export async function findTxs(
  state: SqlState,
  txids: readonly Txid[],
): Promise<ReadonlyMap<Txid, readonly SqlTx[]>> {
  const asked = new Set(txids);
  const keys = new Set(Array.from(asked, txKey));
  const rows: number[] = [];
  await state.inChunks([...keys], state.limits.rowsPerStatement, async (some) => {
    const found = await state.query<{ t: Wide }>(
      `SELECT tx_index AS t FROM tx_lookup
       WHERE tx_key IN (${some.join(',')}) AND tx_index < ${state.end('transactions')}`,
    );
    for (const { t } of found) rows.push(state.plain('transactions', t));
  });
  const byId = new Map<Txid, SqlTx[]>();
  const txs = await readTxs(state, rows);
  for (const tx of [...txs.values()].sort((a, b) => a.row - b.row)) {
    // Another id with the same first bytes.
    if (!asked.has(tx.txid)) continue;
    const same = byId.get(tx.txid);
    if (same === undefined) byId.set(tx.txid, [tx]);
    else same.push(tx);
  }
  return byId;
}

/** `tx_lookup.tx_key` of an id as people write it. */
function txKey(txid: Txid): string {
  const hash = Buffer.from(txid, 'hex').reverse();
  return keyOf(readU32(hash, 0), readU32(hash, 4));
}

function keyOf(low: number, high: number): string {
  return ((BigInt(high) << 32n) | BigInt(low)).toString();
}

function scriptKeyOf(script: string): string {
  const bytes = Buffer.from(script, 'hex');
  hashScript(bytes, 0, bytes.length);
  return keyOf(scriptKey.low, scriptKey.high);
}

async function rowsOfKeys(
  state: SqlState,
  table: 'script_lookup' | 'bare_keys',
  keys: ReadonlySet<string>,
): Promise<number[]> {
  const rows: number[] = [];
  await state.inChunks([...keys], state.limits.rowsPerStatement, async (some) => {
    const found = await state.query<{ s: Wide }>(
      `SELECT script_id AS s FROM ${table}
       WHERE script_key IN (${some.join(',')}) AND script_id < ${state.end('scripts')}`,
    );
    for (const { s } of found) rows.push(state.plain('scripts', s));
  });
  return rows;
}

/** Scripts by their rows, all there. One statement (for each 8,000). */
export async function readScripts(
  state: SqlState,
  rows: Iterable<number>,
): Promise<ReadonlyMap<number, ScriptHex>> {
  const wanted = new Set(rows);
  const found = await state.byRows<{ bytes: ScriptHex }>(
    'scripts',
    'script_id',
    'scripts',
    'lower(hex(script)) AS bytes',
    wanted,
  );
  const scripts = new Map<number, ScriptHex>();
  for (const row of wanted) scripts.set(row, requireRow(found.get(row)).bytes);
  return scripts;
}

/** Rows of scripts; no entry for one that does not appear. Two statements. */
export async function findScripts(
  state: SqlState,
  scripts: readonly ScriptHex[],
): Promise<ReadonlyMap<ScriptHex, number>> {
  const asked = new Set(scripts);
  const rows = await rowsOfKeys(state, 'script_lookup', new Set(Array.from(asked, scriptKeyOf)));
  const found = new Map<ScriptHex, number>();
  for (const [row, script] of await readScripts(state, rows)) {
    // Several scripts may have one key.
    if (asked.has(script)) found.set(script, row);
  }
  return found;
}

/** The bare public keys that P2PKH scripts stand for too, in order of first sight. Two statements. */
export async function findBareKeys(
  state: SqlState,
  p2pkhScripts: readonly ScriptHex[],
): Promise<ReadonlyMap<string, readonly ScriptHex[]>> {
  const keys = new Set(p2pkhScripts.map(scriptKeyOf));
  const rows = await rowsOfKeys(state, 'bare_keys', keys);
  const scripts = await readScripts(state, rows);
  const found = new Map<string, ScriptHex[]>();
  for (const [, script] of [...scripts].sort(([a], [b]) => a - b)) {
    const twin = Buffer.from(bareKeyTwin(Buffer.from(script, 'hex'))).toString('hex');
    found.set(twin, [...(found.get(twin) ?? []), script]);
  }
  return found;
}
