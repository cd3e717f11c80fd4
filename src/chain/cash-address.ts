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
/** The checksum has 40 bits: two numbers of 20 each, high first, since 32 do not hold it. */
const GENERATORS_HIGH = [0x98f2b, 0x79b76, 0xf33e5, 0xae2ea, 0x1e4f4] as const;
const GENERATORS_LOW = [0xc8e61, 0xd99e2, 0xfb3c4, 0xbe2a8, 0x3e470] as const;

/** What a CashAddr says. */
export interface CashAddress {
  readonly prefix: string;
  /** 0 and 2 stand for a key's hash, 1 and 3 for a script's; 2 and 3 say that tokens may be sent. */
  readonly type: number;
  readonly hash: Uint8Array;
}

/** The eight words that make the checksum of prefix and words right; all zero when it is there and right already. */
function checksumWords(prefix: string, words: Iterable<number>): number[] {
  let high = 0;
  let low = 1;
  const feed = (value: number): void => {
    const top = high >>> 15;
    high = ((high & 0x7fff) << 5) | (low >>> 15);
    low = ((low & 0x7fff) << 5) ^ value;
    for (let bit = 0; bit < 5; bit += 1) {
      if (((top >>> bit) & 1) === 0) continue;
      high ^= GENERATORS_HIGH[bit]!;
      low ^= GENERATORS_LOW[bit]!;
    }
  };
  for (const letter of prefix) feed(letter.charCodeAt(0) % 32);
  feed(0);
  for (const word of words) feed(word);
  low ^= 1;
  const halves = [high, low];
  return halves.flatMap((half) => [15, 10, 5, 0].map((shift) => (half >>> shift) & 31));
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
  if (checksumWords(prefix, words).some((word) => word !== 0)) return 'checksum';
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
  const empty = new Array<number>(CHECKSUM_WORDS).fill(0);
  const whole = [...words, ...checksumWords(prefix, [...words, ...empty])];
  return `${prefix}:${whole.map((word) => ALPHABET[word]).join('')}`;
}
