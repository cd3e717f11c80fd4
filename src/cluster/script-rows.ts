/**
 * Script rows in clustering are u32: half of the memory that doubles take, where memory is what bounds it. The
 * ledger's rows of transactions, outputs and inputs are not; those are doubles here, too.
 *
 * All of Bitcoin in 2026 has 1.5 billion scripts. Beyond SCRIPTS_MAX clustering refuses instead of joining the
 * wrong ones. Node 24 itself has no limit below that: its typed arrays take 2^53 - 1 bytes, as far as there is memory.
 */
import { ClewError } from '../errors.ts';

/** No such script, in arrays of u32. */
export const NO_SCRIPT = 0xffff_ffff;
/** Scripts that can be grouped; their rows, and row + 1, stay below NO_SCRIPT. */
export const SCRIPTS_MAX = 0xffff_fffe;

/**
 * @throws {ClewError} CLEW_LEDGER_LIMIT when there are more scripts than clustering can number
 */
export function checkScriptCount(scriptCount: number): void {
  if (scriptCount <= SCRIPTS_MAX) return;
  throw new ClewError('CLEW_LEDGER_LIMIT', 'The ledger has more scripts than can be grouped.', {
    what: 'scripts in clustering',
    count: scriptCount,
    max: SCRIPTS_MAX,
  });
}

/**
 * Do work whose arrays are as long as the ledger has scripts, with an error of our own when there is no memory for them.
 *
 * @throws {ClewError} CLEW_LEDGER_LIMIT
 */
export function withinMemory<T>(scriptCount: number, work: () => T): T {
  checkScriptCount(scriptCount);
  try {
    return work();
  } catch (cause) {
    // V8 has no code for it: 'Array buffer allocation failed', 'Invalid typed array length'.
    if (!(cause instanceof RangeError) || !/array/i.test(cause.message)) throw cause;
    throw new ClewError(
      'CLEW_LEDGER_LIMIT',
      'There is not memory enough to group the scripts of this ledger.',
      { what: 'memory of clustering', scripts: scriptCount },
      cause,
    );
  }
}
