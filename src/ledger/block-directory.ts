/**
 * Which blocks a ledger holds, and where their bytes are: what new blocks are compared with.
 *
 * Loading anew takes blocks out of the ledger to put them behind others. It can be stopped half-way, by Ctrl-C or by a
 * kill, and the block files may not be offered again; so the places of such blocks *wait* in a table of their
 * own until they are in again, and the next run goes on with them.
 */
import { displayToHash } from '../bytes/hex.ts';
import type { BlockHash } from '../units/ids.ts';
import type { LedgerEngine } from './engine.ts';
import { FixedValues, StringValues, U32Values, U64Values } from './native-block.ts';
import { WAITING_TABLE } from './schema.ts';

/** A block and where its bytes stand. */
export interface LedgerBlock {
  readonly height: number;
  /** As people write it. */
  readonly hash: string;
  readonly prevHash: string;
  readonly timeSeconds: number;
  readonly bits: number;
  /** Absolute path of its file. */
  readonly file: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

interface BlockRow {
  readonly height: number;
  readonly hash: string;
  readonly prev_hash: string;
  readonly time: number;
  readonly bits: number;
  readonly size_bytes: number;
  readonly file_offset: string;
}

const BLOCK_COLUMNS = `height, lower(hex(reverse(hash))) AS hash, lower(hex(reverse(prev_hash))) AS prev_hash,
  time, bits, size_bytes, file_offset`;

function fromRow(row: BlockRow, file: string): LedgerBlock {
  return {
    height: row.height,
    hash: row.hash,
    prevHash: row.prev_hash,
    timeSeconds: row.time,
    bits: row.bits,
    file,
    offsetBytes: Number(row.file_offset),
    lengthBytes: row.size_bytes,
  };
}

/** All blocks by height. */
export async function listBlocks(engine: LedgerEngine): Promise<LedgerBlock[]> {
  const files = await listFiles(engine);
  const rows = await engine.query<BlockRow & { readonly file_id: number }>(
    `SELECT ${BLOCK_COLUMNS}, file_id FROM blocks ORDER BY block_index`,
  );
  return rows.map((row) => fromRow(row, files[row.file_id]!));
}

/** The blocks of some heights, both ends among them: a few of many. */
export async function listBlocksBetween(
  engine: LedgerEngine,
  heightMin: number,
  heightMax: number,
): Promise<LedgerBlock[]> {
  const files = await listFiles(engine);
  const rows = await engine.query<BlockRow & { readonly file_id: number }>(
    `SELECT ${BLOCK_COLUMNS}, file_id FROM blocks
     WHERE height >= ${heightMin} AND height <= ${heightMax} ORDER BY block_index`,
  );
  return rows.map((row) => fromRow(row, files[row.file_id]!));
}

/** Paths of the block files by number. */
export async function listFiles(engine: LedgerEngine): Promise<string[]> {
  const rows = await engine.query<{ file_id: number; path: string }>(
    'SELECT file_id, path FROM files ORDER BY file_id',
  );
  return rows.map((row) => row.path);
}

/** The hash of the block at a height, or undefined when the ledger has none. */
export async function findBlockHash(
  engine: LedgerEngine,
  height: number,
): Promise<BlockHash | undefined> {
  const [row] = await engine.query<{ hash: BlockHash }>(
    `SELECT lower(hex(reverse(hash))) AS hash FROM blocks WHERE height = ${height} LIMIT 1`,
  );
  return row?.hash;
}

/** The blocks that wait to be put back, by height; usually none. */
export async function listWaitingBlocks(engine: LedgerEngine): Promise<LedgerBlock[]> {
  const rows = await engine.query<BlockRow & { readonly path: string }>(
    // A server may have been asked twice to keep them.
    `SELECT DISTINCT ${BLOCK_COLUMNS}, path FROM ${WAITING_TABLE} ORDER BY height`,
  );
  return rows.map((row) => fromRow(row, row.path));
}

/** Let blocks wait, beside those that wait already. */
export async function keepWaiting(
  engine: LedgerEngine,
  blocks: readonly LedgerBlock[],
): Promise<void> {
  const columns = {
    height: new U32Values(),
    hash: new FixedValues(32),
    prev_hash: new FixedValues(32),
    time: new U32Values(),
    bits: new U32Values(),
    size_bytes: new U32Values(),
    path: new StringValues(),
    file_offset: new U64Values(),
  };
  for (const block of blocks) {
    columns.height.push(block.height);
    columns.hash.push(displayToHash(block.hash), 0);
    columns.prev_hash.push(displayToHash(block.prevHash), 0);
    columns.time.push(block.timeSeconds);
    columns.bits.push(block.bits);
    columns.size_bytes.push(block.lengthBytes);
    columns.path.pushText(block.file);
    columns.file_offset.push(block.offsetBytes);
  }
  await engine.insert(WAITING_TABLE, columns);
}

/** All are in again. */
export async function forgetWaiting(engine: LedgerEngine): Promise<void> {
  await engine.truncate(WAITING_TABLE);
}
