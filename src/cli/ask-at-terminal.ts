/** A question to the person at the terminal, on stderr so that stdout stays what was asked for. */
import { createInterface } from 'node:readline/promises';

/**
 * Whatever is not a clear yes is a no: Enter alone, the end of the input, Ctrl-C.
 *
 * @param signal aborted by Ctrl-C
 */
export function askAtTerminal(signal: AbortSignal): (question: string) => Promise<boolean> {
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // Without this the promise of a question whose input ends never settles.
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    try {
      const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed]);
      return /^\s*y(es)?\s*$/i.test(answer);
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    } finally {
      lines.close();
    }
  };
}
