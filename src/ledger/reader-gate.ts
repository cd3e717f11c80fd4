/**
 * Lets any number of readers in, or one switch: while what they read is being exchanged, readers wait.
 *
 * First come, first served. A switch is short (a checkpoint, an undo), so readers never wait for a whole index run.
 */
export class ReaderGate {
  #readers = 0;
  #whenEmpty: (() => void) | undefined;
  /** The queue: each who comes waits for the one before to have been let in. */
  #last: Promise<void> = Promise.resolve();

  /** Work that must see one state from beginning to end. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    const entered = this.#last.then(() => {
      this.#readers += 1;
    });
    this.#last = entered;
    await entered;
    try {
      return await work();
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0) this.#whenEmpty?.();
    }
  }

  /** Work that changes the state, with no reader inside. Must not be called by a reader. */
  async switch<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    await before;
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      this.#whenEmpty = undefined;
    }
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
