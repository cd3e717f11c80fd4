/**
 * The unspent coins of the simulated economy, one row of plain columns for each.
 *
 *     txids  32 bytes a row, internal order        vouts  u32
 *     sats   f64 (one amount is exact)             forms  u8, keys u32: see `script-form.hot.ts`
 *     ripeHeights  u32: first height at which it may be spent (coinbases rest 100 blocks)
 *     next, previous  i32: the list of the purse that holds the coin, or NO_COIN
 *
 * Rows of spent coins are used again, so memory follows what is unspent and held by someone, not how long the
 * economy lives. Adding, taking and walking cost a few array reads each.
 */

export const NO_COIN = -1;

export class CoinPool {
  txids: Uint8Array;
  vouts: Uint32Array;
  sats: Float64Array;
  forms: Uint8Array;
  keys: Uint32Array;
  ripeHeights: Uint32Array;
  next: Int32Array;
  previous: Int32Array;
  #capacity: number;
  #firstFree = NO_COIN;
  #used = 0;
  #live = 0;

  constructor(capacity = 4096) {
    this.#capacity = capacity;
    this.txids = new Uint8Array(32 * capacity);
    this.vouts = new Uint32Array(capacity);
    this.sats = new Float64Array(capacity);
    this.forms = new Uint8Array(capacity);
    this.keys = new Uint32Array(capacity);
    this.ripeHeights = new Uint32Array(capacity);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
  }

  /** Coins held now. */
  get live(): number {
    return this.#live;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    const grown = <T extends { set(from: T): void }>(made: T, old: T): T => {
      made.set(old);
      return made;
    };
    this.txids = grown(new Uint8Array(32 * capacity), this.txids);
    this.vouts = grown(new Uint32Array(capacity), this.vouts);
    this.sats = grown(new Float64Array(capacity), this.sats);
    this.forms = grown(new Uint8Array(capacity), this.forms);
    this.keys = grown(new Uint32Array(capacity), this.keys);
    this.ripeHeights = grown(new Uint32Array(capacity), this.ripeHeights);
    this.next = grown(new Int32Array(capacity), this.next);
    this.previous = grown(new Int32Array(capacity), this.previous);
    this.#capacity = capacity;
  }

  /**
   * A row for a new coin that no purse holds yet.
   *
   * @param txid 32 bytes in internal order
   * @param ripeHeight first height at which it may be spent
   */
  add(
    txid: Uint8Array,
    vout: number,
    sats: number,
    form: number,
    key: number,
    ripeHeight: number,
  ): number {
    let coin = this.#firstFree;
    if (coin === NO_COIN) {
      if (this.#used === this.#capacity) this.#grow();
      coin = this.#used;
      this.#used += 1;
    } else {
      this.#firstFree = this.next[coin]!;
    }
    this.txids.set(txid, 32 * coin);
    this.vouts[coin] = vout;
    this.sats[coin] = sats;
    this.forms[coin] = form;
    this.keys[coin] = key;
    this.ripeHeights[coin] = ripeHeight;
    this.next[coin] = NO_COIN;
    this.previous[coin] = NO_COIN;
    this.#live += 1;
    return coin;
  }

  /** Give the row back: the coin is spent, or nobody will ever spend it. It must be in no purse. */
  drop(coin: number): void {
    this.next[coin] = this.#firstFree;
    this.#firstFree = coin;
    this.#live -= 1;
  }
}

/** The coins of one wallet, oldest first. */
export class Purse {
  readonly #pool: CoinPool;
  first = NO_COIN;
  #last = NO_COIN;
  count = 0;
  /** Exact: all coins together stay below 2^53. */
  balanceSats = 0;

  constructor(pool: CoinPool) {
    this.#pool = pool;
  }

  /** Put a coin that is in no purse at the end. */
  put(coin: number): void {
    const pool = this.#pool;
    pool.next[coin] = NO_COIN;
    pool.previous[coin] = this.#last;
    if (this.#last === NO_COIN) this.first = coin;
    else pool.next[this.#last] = coin;
    this.#last = coin;
    this.count += 1;
    this.balanceSats += pool.sats[coin]!;
  }

  /** Take a coin of this purse out of it. */
  take(coin: number): void {
    const pool = this.#pool;
    const before = pool.previous[coin]!;
    const after = pool.next[coin]!;
    if (before === NO_COIN) this.first = after;
    else pool.next[before] = after;
    if (after === NO_COIN) this.#last = before;
    else pool.previous[after] = before;
    pool.next[coin] = NO_COIN;
    pool.previous[coin] = NO_COIN;
    this.count -= 1;
    this.balanceSats -= pool.sats[coin]!;
  }

  /** The coin after this one, or NO_COIN. */
  after(coin: number): number {
    return this.#pool.next[coin]!;
  }
}
