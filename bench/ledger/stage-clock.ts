/**
 * Wall time of one thread by stage: methods are wrapped, and time inside a wrapped method that another one calls counts
 * for that other one alone. Right for work that is done one thing after the other, as loading is.
 */

// biome-ignore lint/suspicious/noExplicitAny: methods of whatever classes are measured
type AnyMethod = (...args: any[]) => unknown;

export class StageClock {
  readonly #seconds = new Map<string, number>();
  /** Stages under way, innermost last. */
  readonly #stack: string[] = [];
  #since = performance.now();

  /** Time from here on belongs to the innermost stage. */
  #settle(): void {
    const now = performance.now();
    const stage = this.#stack.at(-1) ?? 'the rest';
    this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + (now - this.#since) / 1000);
    this.#since = now;
  }

  #enter(stage: string): void {
    this.#settle();
    this.#stack.push(stage);
  }

  #leave(): void {
    this.#settle();
    this.#stack.pop();
  }

  /**
   * Count a method's time for a stage from now on.
   *
   * @param isAwaited until its promise settles; else only until it returns
   */
  // biome-ignore lint/suspicious/noExplicitAny: prototypes of whatever classes are measured
  wrap(prototype: any, name: string, stage: string, isAwaited = false): void {
    const method = prototype[name] as AnyMethod;
    const enter = (): void => this.#enter(stage);
    const leave = (): void => this.#leave();
    prototype[name] = isAwaited
      ? async function (this: unknown, ...args: unknown[]): Promise<unknown> {
          enter();
          try {
            return await method.apply(this, args);
          } finally {
            leave();
          }
        }
      : function (this: unknown, ...args: unknown[]): unknown {
          enter();
          try {
            return method.apply(this, args);
          } finally {
            leave();
          }
        };
  }

  start(): void {
    this.#seconds.clear();
    this.#since = performance.now();
  }

  /** Seconds by stage since `start`. */
  read(): Record<string, number> {
    this.#settle();
    return Object.fromEntries(this.#seconds);
  }
}
