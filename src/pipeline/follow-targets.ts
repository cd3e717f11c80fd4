/**
 * Headers of a node name targets that the network's rules allow: none that is easier than they ask for.
 *
 * Without this a node that lies could go on from the ledger's tip with blocks that cost nothing. A harder target than asked for
 * is left to `clew check`: it costs more work, not less. Where the headers that decide are not there (a ledger that begins in
 * mid-chain) or the rule is not modelled, nothing is said.
 */
import { type HeaderTimes, nextBits, retargetInterval } from '../chain/difficulty.ts';
import type { Network } from '../chain/network.ts';
import { targetFromBits } from '../chain/proof-of-work.ts';
import { ClewError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeHeader } from '../source/node-client.ts';

/** Rules that look at the last blocks look at no more than these. */
const BLOCKS_MIN = 300;

export class TargetRules {
  readonly #ledger: Ledger;
  readonly #network: Network;
  readonly #headers = new Map<number, HeaderTimes>();
  #isLoaded = false;

  /** @param ledger holds all blocks below the first header that will be checked */
  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#network = ledger.network;
  }

  /**
   * Check headers that follow those that were checked before, or the ledger's blocks.
   *
   * @throws {ClewError} CLEW_REMOTE_LIE
   */
  async check(headers: readonly NodeHeader[]): Promise<void> {
    const [first] = headers;
    if (first === undefined) return;
    if (!this.#isLoaded) await this.#load(first.height);
    for (const { height, timeSeconds, bits, hash } of headers) {
      this.#headers.set(height, { time: timeSeconds, bits });
      if (height === 0) continue;
      const expected = nextBits({
        height,
        time: timeSeconds,
        network: this.#network,
        headerAt: (at) => this.#headers.get(at),
      });
      if (expected === undefined || targetFromBits(bits) <= targetFromBits(expected)) continue;
      throw new ClewError(
        'CLEW_REMOTE_LIE',
        'The node sent a header with an easier target than the rules of the network ask for.',
        { height, hash, bits, expected },
      );
    }
  }

  async #load(heightEnd: number): Promise<void> {
    this.#isLoaded = true;
    const count = Math.max(BLOCKS_MIN, Math.ceil(retargetInterval(this.#network)) + 2);
    const rows = await this.#ledger.engine.query<HeaderTimes & { readonly height: number }>(
      `SELECT height, time, bits FROM blocks
       WHERE height >= ${Math.max(0, heightEnd - count)} AND height < ${heightEnd}`,
    );
    for (const { height, time, bits } of rows) this.#headers.set(height, { time, bits });
  }
}
