/** One check at work: its steps to the end, and what comes of it. */
import { ClewError, type ErrorFacts } from '../../errors.ts';
import {
  type AsyncCheckSteps,
  type CheckCounts,
  type CheckSteps,
  Disagreement,
} from './disagreement.ts';

/** The first disagreement that a check found. */
export interface CheckFinding {
  /** In a sentence. */
  readonly what: string;
  /** Height, txid, column, row, expected, found, file, code…: as far as there are any. */
  readonly facts: ErrorFacts;
}

export type CheckOutcome =
  | { readonly counts: CheckCounts; readonly finding?: undefined }
  | { readonly counts?: undefined; readonly finding: CheckFinding };

/** Errors that are no finding about the ledger. */
const NO_FINDING = /^CLEW_(INTERRUPTED|WORKER_LOST|REMOTE_[A-Z]+|NODE_[A-Z_]+)$/;

/**
 * Run a check to its end; others get a turn between its steps.
 *
 * @param onRows told how many more rows are done
 * @throws {ClewError} CLEW_INTERRUPTED
 */
export async function runCheck(
  steps: CheckSteps | AsyncCheckSteps,
  onRows: (rows: number) => void,
  signal?: AbortSignal,
): Promise<CheckOutcome> {
  try {
    for (;;) {
      const step = await steps.next();
      if (step.done === true) return { counts: step.value };
      onRows(step.value);
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) {
        throw new ClewError('CLEW_INTERRUPTED', 'Checking was stopped before its end.');
      }
    }
  } catch (error) {
    return { finding: findingOf(error) };
  } finally {
    // A check that was stopped lets go of what it holds.
    await steps.return?.({});
  }
}

/**
 * An error that a check met as a finding.
 *
 * A value that is damaged may lead anywhere, to rows that no column has or to more than memory can hold: a check that can not go
 * on says so, and the check whose matter the value is names it.
 *
 * @throws the error itself when it says nothing about the ledger
 */
export function findingOf(error: unknown): CheckFinding {
  if (error instanceof Disagreement) return { what: error.message, facts: error.facts };
  if (error instanceof ClewError) {
    if (NO_FINDING.test(error.code)) throw error;
    return { what: error.message, facts: { ...error.facts, code: error.code } };
  }
  const what = `The check could not go on: ${error instanceof Error ? error.message : 'unknown'}`;
  return { what, facts: { code: 'CLEW_INTERNAL' } };
}
