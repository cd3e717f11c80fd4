import { ClewError } from '../errors.ts';

/**
 * Says of an error which of several addresses it is about, by its place: what was typed may be a secret key, so it is
 * not repeated.
 *
 * @param place from 1
 * @example await whichArgument(2, network.subject(text))
 */
export async function whichArgument<T>(place: number, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    throw new ClewError(
      error.code,
      error.message,
      { ...error.facts, argument: place },
      error.cause ?? error,
    );
  }
}
