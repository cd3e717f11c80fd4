/** Which blocks a ledger holds, and where their bytes are: what new blocks are compared with. */
import type { LedgerEngine } from './engine.ts';

export interface LedgerBlock {
  readonly height: number;
  readonly hash: string;
  readonly prevHash: string;
  readonly timeSeconds: number;
  readonly bits: number;
  readonly txCount: number;
  readonly sizeBytes: number;
  readonly fileId: number;
  readonly fileOffset: number;
}

interface BlockRow {
  readonly height: number;
  readonly hash: string;
  readonly prev_hash: string;
  readonly time: number;
  readonly bits: number;
  readonly tx_count: number;
  readonly size_bytes: number;
  readonly file_id: number;
  readonly file_offset: string;
}

const BLOCK_COLUMNS = `height, lower(hex(reverse(hash))) AS hash, lower(hex(reverse(prev_hash))) AS prev_hash,
  time, bits, tx_count, size_bytes, file_id, file_offset`;

function fromRow(row: BlockRow): LedgerBlock {
  return {
    height: row.height,
    hash: row.hash,
    prevHash: row.prev_hash,
    timeSeconds: row.time,
    bits: row.bits,
    txCount: row.tx_count,
    sizeBytes: row.size_bytes,
    fileId: row.file_id,
    fileOffset: Number(row.file_offset),
  };
}

/** All blocks by height. */
export async function listBlocks(engine: LedgerEngine): Promise<LedgerBlock[]> {
  const rows = await engine.query<BlockRow>(
    `SELECT ${BLOCK_COLUMNS} FROM blocks ORDER BY block_index`,
  );
  return rows.map(fromRow);
}

/** The block at a height, or undefined. */
export async function findBlockAt(
  engine: LedgerEngine,
  height: number,
): Promise<LedgerBlock | undefined> {
  const rows = await engine.query<BlockRow>(
    `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE height = ${height} LIMIT 1`,
  );
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** Paths of the block files by number. */
export async function listFiles(engine: LedgerEngine): Promise<string[]> {
  const rows = await engine.query<{ file_id: number; path: string }>(
    'SELECT file_id, path FROM files ORDER BY file_id',
  );
  return rows.map((row) => row.path);
}
