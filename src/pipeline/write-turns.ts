/** Who writes to the ledgers of a process, one after the other: commands that index, and whoever follows a node. */
export class WriteTurns {
  #last: Promise<void> = Promise.resolve();

  /** Wait for all who came before; nobody else writes until the returned function is called. */
  async take(): Promise<() => void> {
    const before = this.#last;
    let finish = (): void => undefined;
    this.#last = new Promise((resolve) => {
      finish = resolve;
    });
    await before;
    return finish;
  }
}
