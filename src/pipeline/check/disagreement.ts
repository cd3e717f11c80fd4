/** What a check finds: the first place where what is stored is not what it must be. */
import type { ErrorFacts } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';

/** Thrown by a check at the first disagreement, and only there: whoever runs the check makes a finding of it. */
export class Disagreement extends Error {
  readonly facts: ErrorFacts;

  /** @param what in a sentence; @param facts height, txid, column, row, expected, found: as far as there are any */
  constructor(what: string, facts: ErrorFacts) {
    super(what);
    this.name = 'Disagreement';
    this.facts = facts;
  }
}

/** How many rows a check looked at, and what it counts apart, by name. */
export type CheckCounts = Readonly<Record<string, number>>;

/** A check at work: yields how many more rows it has done, returns its counts, throws a `Disagreement`. */
export type CheckSteps = Generator<number, CheckCounts>;

/** The same for a check that waits for the disk, the engine or threads. */
export type AsyncCheckSteps = AsyncGenerator<number, CheckCounts>;

/** Rows between two steps: some milliseconds of work. */
export const STEP_ROWS = 32_768;

/** Height and txid of a transaction, as far as what is stored still tells them. */
export function placeOfTx(flow: FlowIndex, tx: number): ErrorFacts {
  try {
    return { height: flow.txHeight(tx), txid: flow.txid(tx) };
  } catch {
    return {};
  }
}

/** The same for an output. */
export function placeOfOutput(flow: FlowIndex, output: number): ErrorFacts {
  try {
    const tx = lastStart(flow, 'txFirstOutput', output);
    return { ...placeOfTx(flow, tx), output: output - flow.txFirstOutput.at(tx) };
  } catch {
    return {};
  }
}

/** The same for an input. */
export function placeOfInput(flow: FlowIndex, input: number): ErrorFacts {
  try {
    const tx = lastStart(flow, 'txFirstInput', input);
    return { ...placeOfTx(flow, tx), input: input - flow.txFirstInput.at(tx) };
  } catch {
    return {};
  }
}

/** The transaction that a row of an input or output belongs to, by where transactions begin. */
export function lastStart(
  flow: FlowIndex,
  column: 'txFirstInput' | 'txFirstOutput',
  row: number,
): number {
  const starts = flow[column];
  let low = 0;
  let high = flow.txCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (starts.at(middle) <= row) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
