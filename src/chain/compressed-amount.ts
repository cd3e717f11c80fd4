/**
 * Amounts as Bitcoin Core packs them in its own files: trailing zeros become an exponent.
 *
 * Source: Bitcoin Core `src/compressor.cpp`, `DecompressAmount`. A packed amount takes up to nine times the number, which
 * is beyond 2^53 for amounts of a million coins and odd satoshis: it comes in the halves of `core-varint.hot.ts`.
 */

/** What a unit of the high half counts for. */
const LOW_RANGE = 0x1000_0000;

const POWERS_OF_TEN: readonly number[] = Array.from({ length: 10 }, (_, e) => 10 ** e);

/**
 * The amount in satoshi, or -1 when it is 2^53 or more: no coin has that many.
 *
 * @param high the packed number divided by 2^28, rounded down
 * @param low the packed number modulo 2^28
 * @example decompressAmount(0, 0x32) // 5_000_000_000
 */
export function decompressAmount(high: number, low: number): number {
  if (high === 0 && low === 0) return 0;
  // (packed - 1) divided by ten, half by half: the quotient fits where the number itself does not.
  const lowLess = low - 1;
  const highTens = Math.floor(high / 10);
  const rest = (high - 10 * highTens) * LOW_RANGE + lowLess;
  const restTens = Math.floor(rest / 10);
  const exponent = rest - 10 * restTens;
  let digits = highTens * LOW_RANGE + restTens;
  if (digits > Number.MAX_SAFE_INTEGER) return -1;
  if (exponent < 9) {
    const lastDigit = (digits % 9) + 1;
    digits = Math.floor(digits / 9) * 10 + lastDigit;
  } else {
    digits += 1;
  }
  const valueSats = digits * POWERS_OF_TEN[exponent]!;
  return valueSats > Number.MAX_SAFE_INTEGER ? -1 : valueSats;
}
