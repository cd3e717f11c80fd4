/**
 * The one place that reads the time.
 *
 * Results must not depend on when they were computed: `cluster`, `trace` and `report` never come here.
 * What does (progress, locks, when a tag was fetched) can be given another clock in a test.
 */
import type { UnixSeconds } from './units/time.ts';

export interface Clock {
  /** Seconds since 1970, as the machine believes them. */
  nowSeconds(): UnixSeconds;
  /** Milliseconds that only ever grow, to measure how long something took. */
  elapsedMs(): number;
}

export const systemClock: Clock = {
  nowSeconds: () => Math.floor(Date.now() / 1000) as UnixSeconds,
  elapsedMs: () => performance.now(),
};
