/**
 * Which files of a folder may hold blocks.
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { XOR_KEY_FILE } from './xor-key.ts';

export interface BlockFolder {
  /** Where the files lie, and xor.dat beside them. */
  readonly folder: string;
  /** Absolute paths, in the order in which a node wrote them. */
  readonly files: readonly string[];
}

/** `.dat` and `.blk` hold records, the others one block each; in the end the bytes decide. */
const BLOCK_NAME = /\.(dat|blk|raw|bin|hex)$/i;
/** Packed block files, to be named instead of passed over. */
const PACKED_NAME = /\.(dat|blk|raw|bin|hex)\.(gz|zst|zstd|bz2|xz|lz4|zip|7z)$/i;
const CORE_BLOCK_NAME = /^blk\d+\.dat$/i;
/** What else a node keeps as .dat: undo data, addresses of peers, its pool, wallets. */
const CORE_OTHER_NAME =
  /^(rev\d+|peers|anchors|banlist|mempool|fee_estimates|wallet|settings|asmap|ip_asn)\.dat$/i;

function isBlockName(name: string): boolean {
  if (name.toLowerCase() === XOR_KEY_FILE || CORE_OTHER_NAME.test(name)) return false;
  return BLOCK_NAME.test(name) || PACKED_NAME.test(name);
}

/** Files in the order of their numbers, so that blk100000.dat comes after blk99999.dat. */
function byNumber(a: string, b: string): number {
  const numberOf = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? 0);
  return numberOf(a) - numberOf(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw fileError(cause, path);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && isBlockName(entry.name))
      .map((entry) => entry.name)
      .sort(byNumber);
  } catch (cause) {
    throw fileError(cause, folder);
  }
}

/**
 * The files to look at for a path that a person gave: a folder of block files or raw blocks, a node's data folder with
 * `blocks` in it, or a single file.
 *
 * @throws {ClewError} CLEW_FOLDER_MISSING, CLEW_BLOCKS_NONE, CLEW_FILE_UNREADABLE
 * @example findBlockFiles('/home/me/.bitcoin').folder // '/home/me/.bitcoin/blocks'
 */
export function findBlockFiles(path: string): BlockFolder {
  const found = resolve(path);
  const stats = statOf(found);
  if (stats === undefined) {
    throw new ClewError('CLEW_FOLDER_MISSING', `There is nothing at ${found}.`, { path: found });
  }
  if (!stats.isDirectory()) {
    return { folder: dirname(found), files: [join(dirname(found), basename(found))] };
  }
  const here = namesIn(found);
  const inner = join(found, 'blocks');
  if (!here.some((name) => CORE_BLOCK_NAME.test(name)) && statOf(inner)?.isDirectory()) {
    const names = namesIn(inner);
    if (names.length > 0) return { folder: inner, files: names.map((name) => join(inner, name)) };
  }
  if (here.length === 0) {
    throw new ClewError('CLEW_BLOCKS_NONE', `There are no block files in ${found}.`, {
      path: found,
    });
  }
  return { folder: found, files: here.map((name) => join(found, name)) };
}
