/**
 * Addresses by their beginning: a search index, see `search-index.ts`.
 *
 * What an address writes is a number: base58 one of 25 bytes, bech32 one whose digits are 5 bits each. So the addresses with a
 * beginning are those whose hashes lie in a range, or in a few. The index has the scripts of each kind in the order of the first
 * 8 bytes of their hashes; what is found there is written as an address again, and must begin as asked.
 */
import { scriptToAddress } from '../chain/address.ts';
import type { Network } from '../chain/network.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import type { FlowIndex } from './flow-index.ts';
import type { KeyOfEntry } from './key-front.hot.ts';
import type { SearchIndex, SearchKeys } from './search-index.ts';

/** Kinds that have an address of their own, and where in the script its hash begins. */
const HASH_KINDS = [
  { kind: SCRIPT_KIND.p2pkh, name: 'p2pkh', at: 3 },
  { kind: SCRIPT_KIND.p2sh, name: 'p2sh', at: 2 },
  { kind: SCRIPT_KIND.p2wpkh, name: 'p2wpkh', at: 2 },
  { kind: SCRIPT_KIND.p2wsh, name: 'p2wsh', at: 2 },
  { kind: SCRIPT_KIND.p2tr, name: 'p2tr', at: 2 },
] as const;

/** Of other witness programs each version is a kind of its own here, because it stands in front of the program. */
type PayloadKind = (typeof HASH_KINDS)[number]['name'] | `witness-${number}`;

const WITNESS_VERSIONS = Array.from({ length: 16 }, (_, i) => i + 1);
const KINDS: readonly PayloadKind[] = [
  ...HASH_KINDS.map(({ name }) => name),
  ...WITNESS_VERSIONS.map((version) => `witness-${version}` as const),
];
const WITNESS_AT = 2;
const OP_PUSHNUM_0 = 0x50;

function u32At(bytes: Uint8Array, at: number): number {
  let value = 0;
  // A short witness program is taken to go on with zeros.
  for (let i = at; i < at + 4; i += 1) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/** Which key index a script of a kind belongs to, and where its hash begins; undefined for one without an address. */
function partOf(kind: number, bytes: Uint8Array): { part: number; at: number } | undefined {
  if (kind === SCRIPT_KIND.witnessUnknown) {
    return { part: HASH_KINDS.length + bytes[0]! - OP_PUSHNUM_0 - 1, at: WITNESS_AT };
  }
  const part = HASH_KINDS.findIndex((each) => each.kind === kind);
  return part < 0 ? undefined : { part, at: HASH_KINDS[part]!.at };
}

/** By the first 8 bytes of what the address writes. */
export const ADDRESS_PREFIXES: SearchKeys = {
  name: 'address-prefix',
  parts: KINDS.map((kind) => `payload-${kind}`),
  insert(flow, script, parts) {
    const bytes = flow.scripts.read(script);
    const place = partOf(flow.scriptKind.at(script), bytes);
    if (place === undefined) return;
    const { part, at } = place;
    parts[part]!.insert(u32At(bytes, at + 4), u32At(bytes, at), script);
  },
};

/** Hashes of one kind, by their first 8 bytes, both ends included. */
export interface PayloadRange {
  readonly kind: PayloadKind;
  readonly from: bigint;
  readonly to: bigint;
}

const U64_MAX = 2n ** 64n - 1n;
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
/** Bytes that a base58 address writes: version, hash, checksum. */
const BASE58_BYTES = 25;
/** Digits that those can take. */
const BASE58_DIGITS_MAX = 35;
/** 5-bit digits that make more than 8 bytes. */
const BECH32_WORDS_READ = 13;

/**
 * The ranges in which all hashes lie whose addresses begin so; none when no address of this network can.
 *
 * @example payloadRanges('bc1q', getNetwork('main')) // all of p2wpkh and p2wsh
 */
export function payloadRanges(prefix: string, network: Network): PayloadRange[] {
  return [
    ...base58Ranges(prefix, network.p2pkhVersion, 'p2pkh'),
    ...base58Ranges(prefix, network.p2shVersions[0]!, 'p2sh'),
    ...bech32Ranges(prefix, network),
  ];
}

function base58Ranges(prefix: string, version: number, kind: PayloadKind): PayloadRange[] {
  let zeros = 0;
  while (prefix[zeros] === '1') zeros += 1;
  const digits = prefix.slice(zeros);
  const begin = BigInt(version) * 256n ** 24n;
  const ranges: PayloadRange[] = [];
  /** Numbers of 25 bytes in [from, to] with this version. */
  const add = (from: bigint, to: bigint): void => {
    const low = from > begin ? from : begin;
    const high = to < begin + 256n ** 24n - 1n ? to : begin + 256n ** 24n - 1n;
    // Below the version stand 20 bytes of hash, then 4 of checksum: of the hash, 8 bytes are looked at.
    if (low <= high) ranges.push({ kind, from: (low - begin) >> 128n, to: (high - begin) >> 128n });
  };
  // Each 1 in front is a byte of zeros.
  if (digits === '') {
    if (zeros <= BASE58_BYTES) add(0n, 256n ** BigInt(BASE58_BYTES - zeros) - 1n);
    return ranges;
  }
  let value = 0n;
  for (const digit of digits) {
    const at = BASE58.indexOf(digit);
    if (at < 0) return [];
    value = value * 58n + BigInt(at);
  }
  if (zeros >= BASE58_BYTES) return [];
  const least = 256n ** BigInt(BASE58_BYTES - 1 - zeros);
  const most = 256n * least - 1n;
  for (let length = digits.length; length <= BASE58_DIGITS_MAX; length += 1) {
    const unit = 58n ** BigInt(length - digits.length);
    const from = value * unit;
    const to = from + unit - 1n;
    if (from <= most && to >= least) add(from > least ? from : least, to < most ? to : most);
  }
  return ranges;
}

function bech32Ranges(prefix: string, network: Network): PayloadRange[] {
  const head = `${network.bech32Prefix}1`;
  const all = (kind: PayloadKind): PayloadRange => ({ kind, from: 0n, to: U64_MAX });
  if (head.startsWith(prefix) || prefix === head) {
    return KINDS.filter((kind) => kind !== 'p2pkh' && kind !== 'p2sh').map(all);
  }
  if (!prefix.startsWith(head)) return [];
  const words = [...prefix.slice(head.length)].map((letter) => BECH32.indexOf(letter));
  if (words.includes(-1)) return [];
  const [version, ...program] = words as [number, ...number[]];
  if (version > WITNESS_VERSIONS.length) return [];
  const own: PayloadKind = `witness-${version}`;
  const kinds: PayloadKind[] =
    version === 0 ? ['p2wpkh', 'p2wsh'] : version === 1 ? ['p2tr', own] : [own];
  const read = program.slice(0, BECH32_WORDS_READ);
  const value = read.reduce((sum, word) => sum * 32n + BigInt(word), 0n);
  const missing = 64 - 5 * read.length;
  const from = missing >= 0 ? value << BigInt(missing) : value >> BigInt(-missing);
  const to = missing >= 0 ? from + (1n << BigInt(missing)) - 1n : from;
  const ranges: PayloadRange[] = kinds.map((kind) => ({ kind, from, to }));
  // Behind a program of fewer than 8 bytes stand padding and checksum, which are not in the index.
  for (let bytes = 2; version > 0 && bytes < 8 && 8 * bytes < 5 * read.length; bytes += 1) {
    const whole = value >> BigInt(5 * read.length - 8 * bytes);
    const short = whole << BigInt(64 - 8 * bytes);
    ranges.push({ kind: own, from: short, to: short });
  }
  return ranges;
}

function keyOf(value: bigint): KeyOfEntry {
  return { high: Number(value >> 32n), low: Number(value & 0xffff_ffffn) };
}

/** Entries looked at in one range, for each address wanted. */
const ENTRIES_PER_RESULT = 8;

/**
 * Addresses of the ledger that begin so, at most so many, sorted. Of more than that, the first of each kind by their hashes.
 *
 * @param index of ADDRESS_PREFIXES, in use with this flow index
 */
export function searchAddresses(
  index: SearchIndex,
  flow: FlowIndex,
  prefix: string,
  limit: number,
): string[] {
  const found = new Set<string>();
  for (const { kind, from, to } of payloadRanges(prefix, flow.network)) {
    const part = index.parts[KINDS.indexOf(kind)]!;
    let ofRange = 0;
    for (const { row } of part.between(keyOf(from), keyOf(to), ENTRIES_PER_RESULT * limit)) {
      if (ofRange === limit) break;
      if (row >= index.covered) continue;
      const address = scriptToAddress(flow.scripts.read(row), flow.network);
      if (address?.startsWith(prefix) !== true || found.has(address)) continue;
      found.add(address);
      ofRange += 1;
    }
  }
  return [...found].sort().slice(0, limit);
}
