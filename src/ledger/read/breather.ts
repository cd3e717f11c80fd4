/** Lets others run while a long answer is being put together, and ends it when nobody wants it any more. */
import { setImmediate } from 'node:timers/promises';

/** Steps of some 0.1 to 1 microseconds: others wait for some ten milliseconds at most. */
const STEPS_AT_A_TIME = 20_000;

export class Breather {
  readonly #signal: AbortSignal | undefined;
  #steps = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Count steps of work; true when it is time for `rest`. */
  isTired(steps = 1): boolean {
    this.#steps += steps;
    return this.#steps >= STEPS_AT_A_TIME;
  }

  /** @throws the signal's reason when the work is to end */
  async rest(): Promise<void> {
    this.#steps = 0;
    await setImmediate();
    this.#signal?.throwIfAborted();
  }
}
