/** How many requests are under way at once, and how many begin in a second. */
import type { Clock } from '../clock.ts';

/** Waits; ends early, with a rejection, when the signal is given. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

export interface PaceOptions {
  readonly concurrency: number;
  /** Undefined: as many as come. */
  readonly ratePerSecond?: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** A gate that every request passes: first come, first served. */
export class RequestPace {
  readonly #options: PaceOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** When the next request may begin, on the clock that only grows. */
  #nextMs = 0;
  #pausedUntilMs = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** Nobody begins before so many milliseconds have passed: the server asked for it. */
  pause(milliseconds: number): void {
    const untilMs = this.#options.clock.elapsedMs() + milliseconds;
    this.#nextMs = Math.max(this.#nextMs, untilMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** Runs a request when its turn has come. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.#options.concurrency) {
      // The one who leaves hands its place over, so `running` does not change.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      await this.#turn(signal);
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #turn(signal?: AbortSignal): Promise<void> {
    const { clock, ratePerSecond, sleep } = this.#options;
    const nowMs = clock.elapsedMs();
    let startMs = nowMs;
    if (ratePerSecond !== undefined) {
      startMs = Math.max(nowMs, this.#nextMs);
      this.#nextMs = startMs + 1000 / ratePerSecond;
    }
    if (startMs > nowMs) await sleep(startMs - nowMs, signal);
    // A pause may have begun while this one slept.
    for (;;) {
      const leftMs = this.#pausedUntilMs - clock.elapsedMs();
      if (leftMs <= 0) return;
      await sleep(leftMs, signal);
    }
  }
}
