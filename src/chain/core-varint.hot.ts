/**
 * The variable-length integer of Bitcoin Core's own files (undo data, coins database): base 128, most significant digit
 * first, one added for every further digit so that each number has one form only. On the wire Bitcoin uses another one.
 *
 * Source: Bitcoin Core `src/serialize.h`, "Variable-length integers" (`ReadVarInt`).
 *
 * Amounts are stored so that their numbers go beyond 2^53; hence two halves. The result stands in `coreVarint` until the
 * next read: module state, so that the loops make no object.
 */
import { ClewError } from '../errors.ts';

/** Bits of the low half. */
const LOW_RANGE = 0x1000_0000;
/** The high half of a number of 64 bits stays below. */
const HIGH_RANGE = 2 ** 36;
/** So many digits fit a double exactly, whatever they are. */
const PLAIN_BYTES = 7;

export const coreVarint = {
  /** The number divided by 2^28, rounded down. */
  high: 0,
  /** The number modulo 2^28. */
  low: 0,
  /** Where the bytes of the number end. */
  end: 0,
};

/** What is wrong with undo data, at which of its bytes. */
export function damagedUndo(what: string, offset: number): ClewError {
  return new ClewError('CLEW_UNDO_DAMAGED', `Undo data is damaged at byte ${offset}: ${what}.`, {
    offset,
  });
}

/**
 * Read the number at `at` into `coreVarint`.
 *
 * @returns the number as one; exact below 2^53 only
 * @throws {ClewError} CLEW_UNDO_DAMAGED with the `offset` when it is cut off or has more than 64 bits
 * @example readCoreVarint(Uint8Array.of(0x80, 0x00), 0) // 128
 */
export function readCoreVarint(bytes: Uint8Array, at: number): number {
  const plainEnd = Math.min(bytes.length, at + PLAIN_BYTES);
  let value = 0;
  for (let i = at; i < plainEnd; i += 1) {
    const byte = bytes[i]!;
    if (byte < 0x80) {
      value = value * 128 + byte;
      coreVarint.high = Math.floor(value / LOW_RANGE);
      coreVarint.low = value % LOW_RANGE;
      coreVarint.end = i + 1;
      return value;
    }
    value = value * 128 + byte - 0x80 + 1;
  }
  return readLongVarint(bytes, at, value);
}

/** The digits after the first seven, in halves. */
function readLongVarint(bytes: Uint8Array, at: number, start: number): number {
  let high = Math.floor(start / LOW_RANGE);
  let low = start % LOW_RANGE;
  for (let i = at + PLAIN_BYTES; i < bytes.length; i += 1) {
    const byte = bytes[i]!;
    const isLast = byte < 0x80;
    low = low * 128 + (isLast ? byte : byte - 0x80 + 1);
    high = high * 128 + Math.floor(low / LOW_RANGE);
    low %= LOW_RANGE;
    if (high >= HIGH_RANGE) throw damagedUndo('a number has more than 64 bits', at);
    if (!isLast) continue;
    coreVarint.high = high;
    coreVarint.low = low;
    coreVarint.end = i + 1;
    return high * LOW_RANGE + low;
  }
  throw damagedUndo('it ends inside a number', at);
}
