/**
 * a * b / c in whole numbers, exactly, although a * b passes 2^53.
 *
 * Haircut splits taint by `taint * size / total` for every output of every transaction that it follows, so a
 * bigint per division is too slow. The product is formed as an unevaluated sum of two doubles
 * (T. J. Dekker, "A floating-point technique for extending the available precision", Numerische
 * Mathematik 18, 1971; the split is Veltkamp's), the quotient is guessed by a division of doubles, and the remainder, which
 * comes out exact, corrects the guess.
 *
 * Why the remainder is exact: from PRODUCT_MAX on and with c below DIVISOR_MAX the true quotient is at least 4,
 * and the guess q is off by less than 2. So a * b and q * c differ by less than a factor of two, their leading parts
 * subtract without rounding (Sterbenz), and all that is left are whole numbers below 2^53.
 * Cost: about 10 ns, no allocation; `bench/trace.bench.ts` runs it inside haircut.
 */

/** Products below are exact doubles: no trick is needed. */
const PRODUCT_MAX = 2 ** 53;
/** Above the supply of Bitcoin (2.1e15), below 2^51; larger divisors (other coins) take the bigint path. */
const DIVISOR_MAX = 2 ** 51;
/** Veltkamp's constant for doubles: splits 53 bits into two halves of 26. */
const SPLIT = 2 ** 27 + 1;

/**
 * Divides products; holds the last answer in two fields so that nothing is allocated.
 *
 * @example const wide = new WideDivision(); wide.divide(30_000, 33_333, 100_000); wide.quotient // 9999
 */
export class WideDivision {
  /** floor(a * b / c) */
  quotient = 0;
  /** a * b mod c */
  remainder = 0;

  /**
   * @param a whole number, 0 to 2^53 - 1
   * @param b whole number, 0 to 2^53 - 1
   * @param c whole number, 1 to 2^53 - 1; the quotient must stay below 2^51 (it does when a or b is at most c)
   */
  divide(a: number, b: number, c: number): void {
    const product = a * b;
    if (product < PRODUCT_MAX) {
      // The quotient of doubles is rounded, so it may be one too high; the remainder shows it.
      const guess = Math.floor(product / c);
      this.#correct(guess, product - guess * c, c);
      return;
    }
    if (c >= DIVISOR_MAX) {
      this.#divideSlowly(a, b, c);
      return;
    }
    const guess = Math.floor(product / c);
    const back = guess * c;
    const difference =
      product - back + (productError(a, b, product) - productError(guess, c, back));
    this.#correct(guess, difference, c);
  }

  #correct(guess: number, difference: number, c: number): void {
    let quotient = guess;
    let remainder = difference;
    while (remainder < 0) {
      remainder += c;
      quotient -= 1;
    }
    while (remainder >= c) {
      remainder -= c;
      quotient += 1;
    }
    this.quotient = quotient;
    this.remainder = remainder;
  }

  #divideSlowly(a: number, b: number, c: number): void {
    const product = BigInt(a) * BigInt(b);
    this.quotient = Number(product / BigInt(c));
    this.remainder = Number(product % BigInt(c));
  }
}

/** What the double `product` lacks of the true a * b. */
function productError(a: number, b: number, product: number): number {
  const aScaled = SPLIT * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLIT * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
