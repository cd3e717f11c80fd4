/**
 * Who mined a block: by a pool's payout addresses and by the marks that pools leave in the coinbase.
 *
 * A mark is a claim, since anybody can write one; a payout address is harder to fake, so it goes
 * first. The coinbase is opaque: we ask whether known bytes stand in it and never turn it into text.
 *
 * Reads both forms of the public list of mining pools: a list of pools with `addresses` and `tags`,
 * or two maps `payout_addresses` and `coinbase_tags`.
 */
import { basename } from 'node:path';
import { ClewError } from '../errors.ts';
import { readInputFile } from '../store/input-file.ts';

const FILE_BYTES_MAX = 16 * 1024 * 1024;

export interface PoolMatch {
  /** As the list has it. */
  readonly name: string;
  readonly by: 'payout' | 'mark';
}

export interface MiningPools {
  readonly poolCount: number;
  /**
   * The pools that a coinbase points to: by payout address first, then by mark; each once. More than
   * one means that the signs disagree.
   *
   * @param coinbase the script of the coinbase input
   * @param payoutAddresses where the coinbase transaction pays to
   */
  match(coinbase: Uint8Array, payoutAddresses: readonly string[]): PoolMatch[];
}

/**
 * Read a list of mining pools.
 *
 * @param path JSON, may be gzipped
 * @throws {ClewError} CLEW_FILE_MISSING, CLEW_FILE_UNREADABLE, CLEW_TAGS_FORMAT
 * @example loadMiningPools('pools-v2.json').match(coinbase, ['1Kx…'])[0]?.name
 */
export function loadMiningPools(path: string): MiningPools {
  const bytes = readInputFile(path, { bytesMax: FILE_BYTES_MAX, code: 'CLEW_TAGS_FORMAT' });
  const file = basename(path);
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new ClewError('CLEW_TAGS_FORMAT', `${file} is no JSON.`, { file }, error);
  }
  return makeMiningPools(readPools(list, file));
}

interface Pool {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly marks: readonly string[];
}

function makeMiningPools(pools: readonly Pool[]): MiningPools {
  const byAddress = new Map<string, string>();
  const marks: { readonly bytes: Buffer; readonly name: string }[] = [];
  for (const pool of pools) {
    for (const address of pool.addresses) byAddress.set(address, pool.name);
    for (const mark of pool.marks) marks.push({ bytes: Buffer.from(mark), name: pool.name });
  }
  // A long mark says more than a short one that may be part of it.
  marks.sort((a, b) => b.bytes.length - a.bytes.length);
  return {
    poolCount: new Set(pools.map((pool) => pool.name)).size,
    match: (coinbase, payoutAddresses) => {
      const found = new Map<string, PoolMatch>();
      for (const address of payoutAddresses) {
        const name = byAddress.get(address);
        if (name !== undefined && !found.has(name)) found.set(name, { name, by: 'payout' });
      }
      const script = Buffer.from(coinbase.buffer, coinbase.byteOffset, coinbase.length);
      for (const { bytes, name } of marks) {
        if (!found.has(name) && script.includes(bytes)) found.set(name, { name, by: 'mark' });
      }
      return [...found.values()];
    },
  };
}

function readPools(list: unknown, file: string): Pool[] {
  if (Array.isArray(list)) {
    return list.map((entry: unknown) => {
      if (!isRecord(entry)) throw wrongList(file);
      const { name, addresses, tags } = entry;
      if (!isName(name) || !isTexts(addresses) || !isTexts(tags)) throw wrongList(file);
      return { name, addresses, marks: tags };
    });
  }
  if (!isRecord(list)) throw wrongList(file);
  const read = (field: string): [text: string, name: string][] => {
    const map = list[field];
    if (!isRecord(map)) throw wrongList(file);
    return Object.entries(map).map(([text, pool]) => {
      if (text === '' || !isRecord(pool) || !isName(pool['name'])) throw wrongList(file);
      return [text, pool['name']];
    });
  };
  return [
    ...read('payout_addresses').map(([text, name]) => ({ name, addresses: [text], marks: [] })),
    ...read('coinbase_tags').map(([text, name]) => ({ name, addresses: [], marks: [text] })),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value);
}

/** An empty mark would stand in every coinbase. */
function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}

function wrongList(file: string): ClewError {
  return new ClewError('CLEW_TAGS_FORMAT', `${file} is no list of mining pools.`, { file });
}
