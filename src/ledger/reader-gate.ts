/**
 * Lets any number of readers in, or one switch: while what they read is being exchanged, readers wait.
 *
 * First come, first served. A switch is short (a checkpoint, an undo, a reorganisation of a few blocks), so readers never wait
 * for a whole index run.
 *
 * Who is inside may come again: a read within a read or a switch, a switch within a switch are part of the one around
 * them. A switch within a read (damaged links are made anew) waits like any other; the read is taken to be outside
 * meanwhile, so what it has read before may have changed afterwards.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Visit {
  readonly kind: 'read' | 'switch';
  /** False once it has ended: work that it started and did not wait for is not inside any more. */
  isInside: boolean;
}

export class ReaderGate {
  #readers = 0;
  #whenEmpty: (() => void) | undefined;
  /** The queue: each who comes waits for the one before to have been let in. */
  #last: Promise<void> = Promise.resolve();
  readonly #visit = new AsyncLocalStorage<Visit>();

  get #current(): Visit | undefined {
    const visit = this.#visit.getStore();
    return visit?.isInside ? visit : undefined;
  }

  /** Work that must see one state from beginning to end. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    if (this.#current !== undefined) return work();
    await this.#enter();
    const visit: Visit = { kind: 'read', isInside: true };
    try {
      return await this.#visit.run(visit, work);
    } finally {
      visit.isInside = false;
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    const entered = this.#last.then(() => {
      this.#readers += 1;
    });
    this.#last = entered;
    await entered;
  }

  #leave(): void {
    this.#readers -= 1;
    if (this.#readers === 0) this.#whenEmpty?.();
  }

  /** Work that changes the state, with no reader inside. */
  async switch<T>(work: () => Promise<T>): Promise<T> {
    const around = this.#current;
    if (around === undefined) return this.#switchAlone(work);
    if (around.kind === 'switch') return work();
    around.isInside = false;
    this.#leave();
    try {
      return await this.#switchAlone(work);
    } finally {
      await this.#enter();
      around.isInside = true;
    }
  }

  async #switchAlone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let end = (): void => undefined;
    this.#last = new Promise<void>((resolve) => {
      end = resolve;
    });
    await before;
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      this.#whenEmpty = undefined;
    }
    const visit: Visit = { kind: 'switch', isInside: true };
    try {
      return await this.#visit.run(visit, work);
    } finally {
      visit.isInside = false;
      end();
    }
  }
}
