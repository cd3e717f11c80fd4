/**
 * One thing open at a time, of several that could be: users of the open one share it, users of another
 * wait until it is free.
 *
 * Waiting is first come, first served: a user of the open thing who comes after somebody waits for another
 * one waits too, so nobody waits for ever.
 */
export class TakingTurns<Key, Thing> {
  readonly #openThing: (key: Key) => Promise<Thing>;
  readonly #closeThing: (thing: Thing) => Promise<void>;
  #open: { readonly key: Key; readonly thing: Thing } | undefined;
  #users = 0;
  /** Called when the last user leaves. */
  #whenFree: (() => void) | undefined;
  /** The queue: each who comes waits for the one before to have begun. */
  #last: Promise<void> = Promise.resolve();

  /**
   * @param openThing opens the thing of a key
   * @param closeThing closes it, when nobody uses it
   */
  constructor(
    openThing: (key: Key) => Promise<Thing>,
    closeThing: (thing: Thing) => Promise<void>,
  ) {
    this.#openThing = openThing;
    this.#closeThing = closeThing;
  }

  /** What is open just now, whoever uses it. */
  get current(): Thing | undefined {
    return this.#open?.thing;
  }

  /** Works with the thing of a key. Errors of opening and of the work are handed on. */
  async use<T>(key: Key, work: (thing: Thing) => Promise<T>): Promise<T> {
    const begun = this.#last.then(() => this.#begin(key));
    this.#last = begun.then(
      () => {},
      () => {},
    );
    const thing = await begun;
    try {
      return await work(thing);
    } finally {
      this.#leave();
    }
  }

  async #begin(key: Key): Promise<Thing> {
    if (this.#open !== undefined && this.#open.key !== key) await this.#closeWhenFree();
    this.#open ??= { key, thing: await this.#openThing(key) };
    this.#users += 1;
    return this.#open.thing;
  }

  #leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#whenFree?.();
  }

  async #closeWhenFree(): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#whenFree = resolve;
      });
      this.#whenFree = undefined;
    }
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await this.#closeThing(open.thing);
  }

  /** Closes what is open once all who came before have ended; it may be used again afterwards. */
  close(): Promise<void> {
    return this.whileClosed(async () => {});
  }

  /** The same, and works while nothing is open: who comes later waits for that. */
  whileClosed<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#closeWhenFree()).then(work);
    this.#last = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}
