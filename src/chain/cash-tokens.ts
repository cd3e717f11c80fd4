/**
 * CashTokens: what stands before the locking script of a Bitcoin Cash output that carries tokens.
 *
 *   [0xef] [category 32] [bits] [commitment: varint, bytes]? [amount: varint]? [locking script]
 *
 * The tokens are not read: Clew follows coins. But the script behind them is the one that an address stands for, so what is
 * before it must be told from it. Bytes that begin with 0xef and are no such prefix are a script, as they were before
 * May 2023. Source: CHIP-2022-02-CashTokens ("Token Encoding"), Bitcoin Cash Node `src/primitives/token.h`.
 */

const PREFIX_TOKEN = 0xef;
const CATEGORY_BYTES = 32;
const HAS_COMMITMENT = 0x40;
const HAS_NFT = 0x20;
const HAS_AMOUNT = 0x10;
const RESERVED = 0x80;
const CAPABILITY_MAX = 2;

/** Where the number that was read last ended. */
let numberEnd = 0;

/** A number in Bitcoin's variable-length form, its shortest only; -1 when there is none. Amounts beyond 2^53 lose digits. */
function readNumber(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const first = bytes[at]!;
  numberEnd = at + 1;
  if (first < 0xfd) return first;
  const width = first === 0xfd ? 2 : first === 0xfe ? 4 : 8;
  if (at + 1 + width > end) return -1;
  let value = 0;
  for (let i = width; i >= 1; i -= 1) value = value * 256 + bytes[at + i]!;
  numberEnd = at + 1 + width;
  const shortest = width === 2 ? 0xfd : width === 4 ? 0x1_0000 : 0x1_0000_0000;
  return value < shortest ? -1 : value;
}

/**
 * Bytes that the tokens of an output take before its locking script; 0 when it carries none. Makes no object.
 *
 * @param bytes holds the output's script field at `[start, end)`
 * @example tokenPrefixLength(field, 0, field.length) // 0 for an ordinary script
 */
export function tokenPrefixLength(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== PREFIX_TOKEN) return 0;
  const bitsAt = start + 1 + CATEGORY_BYTES;
  if (bitsAt >= end) return 0;
  const bits = bytes[bitsAt]!;
  const hasNft = (bits & HAS_NFT) !== 0;
  const hasAmount = (bits & HAS_AMOUNT) !== 0;
  const capability = bits & 0x0f;
  if ((bits & RESERVED) !== 0 || (!hasNft && !hasAmount)) return 0;
  if (capability > CAPABILITY_MAX || (!hasNft && capability !== 0)) return 0;
  let at = bitsAt + 1;
  if ((bits & HAS_COMMITMENT) !== 0) {
    if (!hasNft) return 0;
    const length = readNumber(bytes, at, end);
    if (length <= 0) return 0;
    at = numberEnd + length;
    if (at > end) return 0;
  }
  if (hasAmount) {
    const amount = readNumber(bytes, at, end);
    if (amount <= 0 || amount >= 2 ** 63) return 0;
    at = numberEnd;
  }
  return at - start;
}
