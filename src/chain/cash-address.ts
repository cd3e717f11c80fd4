/**
 * CashAddr: how Bitcoin Cash writes addresses.
 *
 *   bitcoincash:q…   prefix, colon, then words of five bits: [version byte, hash], and a checksum of 40 bits over all of it
 *
 * The version byte holds a type and the length of the hash. Types 2 and 3 say that a wallet understands tokens; they pay the
 * same scripts as 0 and 1. Sources: "CashAddr" of the Bitcoin Cash specification (spec/cashaddr.md), CHIP-2022-02-CashTokens
 * ("CashTokens-aware addresses").
 */
import { bech32 } from '@scure/base';

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const CHECKSUM_WORDS = 8;
/** Lengths of a hash in bytes, by the low three bits of the version byte. */
const HASH_BYTES = [20, 24, 28, 32, 40, 48, 56, 64] as const;
/** No payload is longer: 64 bytes, the version byte, and the checksum. */
const WORDS_MAX = 112;
const GENERATORS = [
  0x98f2bc8e61n,
  0x79b76d99e2n,
  0xf33e5fb3c4n,
  0xae2eabe2a8n,
  0x1e4f43e470n,
] as const;

/** What a CashAddr says. */
export interface CashAddress {
  readonly prefix: string;
  /** 0 and 2 stand for a key's hash, 1 and 3 for a script's; 2 and 3 say that tokens may be sent. */
  readonly type: number;
  readonly hash: Uint8Array;
}

function checksum(prefix: string, words: Iterable<number>): bigint {
  let sum = 1n;
  const feed = (value: number): void => {
    const top = sum >> 35n;
    sum = ((sum & 0x07_ffff_ffffn) << 5n) ^ BigInt(value);
    for (const [bit, generator] of GENERATORS.entries()) {
      if ((top >> BigInt(bit)) % 2n === 1n) sum ^= generator;
    }
  };
  for (const letter of prefix) feed(letter.charCodeAt(0) % 32);
  feed(0);
  for (const word of words) feed(word);
  return sum ^ 1n;
}

/**
 * Read a CashAddr.
 *
 * @param prefix without colon, in lower case
 * @param payload what stands behind the colon, in lower case
 * @returns why it is none when it is none: its form, its checksum, or what the version byte says
 * @example readCashAddress('bitcoincash', 'qr6m7j9n…') // { prefix, type: 0, hash }
 */
export function readCashAddress(
  prefix: string,
  payload: string,
): CashAddress | 'form' | 'checksum' | 'version' {
  const words = [...payload].map((letter) => ALPHABET.indexOf(letter));
  if (words.includes(-1)) return 'form';
  if (words.length <= CHECKSUM_WORDS || words.length > WORDS_MAX) return 'form';
  if (checksum(prefix, words) !== 0n) return 'checksum';
  // What is left over must be less than a byte, and zero.
  const bytes = bech32.fromWordsUnsafe(words.slice(0, -CHECKSUM_WORDS));
  if (!bytes) return 'version';
  const version = bytes[0]!;
  const hash = bytes.subarray(1);
  // The top bit is reserved.
  if (version >= 0x80 || hash.length !== HASH_BYTES[version % 8]) return 'version';
  return { prefix, type: Math.floor(version / 8), hash };
}

/**
 * Write a CashAddr, with its prefix.
 *
 * @throws {RangeError} for a type above 15 or a hash of a length that has none
 * @example writeCashAddress({ prefix: 'bitcoincash', type: 0, hash }) // 'bitcoincash:q…'
 */
export function writeCashAddress({ prefix, type, hash }: CashAddress): string {
  const size = (HASH_BYTES as readonly number[]).indexOf(hash.length);
  if (size < 0 || type < 0 || type > 15)
    throw new RangeError(`no CashAddr: ${type}, ${hash.length}`);
  const words = bech32.toWords(Uint8Array.of(8 * type + size, ...hash));
  const sum = checksum(prefix, [...words, ...new Array<number>(CHECKSUM_WORDS).fill(0)]);
  for (let i = CHECKSUM_WORDS - 1; i >= 0; i -= 1) {
    words.push(Number((sum >> BigInt(5 * i)) % 32n));
  }
  return `${prefix}:${words.map((word) => ALPHABET[word]).join('')}`;
}
