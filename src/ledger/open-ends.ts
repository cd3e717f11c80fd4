/**
 * Where questions reached the end of what was fetched of a chain (`partial-flow.ts`): the list of what to fetch next.
 *
 * Following coins, and collecting the scripts of a seed set, tell it what they would have needed; whoever fetches takes
 * the list and asks again.
 */
import type { FlowIndex } from './flow-index.ts';
import { NOT_FETCHED } from './flow-index.ts';

export interface OpenEnds {
  /**
   * The transaction that spends an output is missing.
   *
   * @param isAtLimit the way ends there in any case; the transaction would only say whether it ends for a better reason
   */
  needSpender(outputIndex: number, isAtLimit: boolean): void;
  /**
   * The transaction that made what an input spends is missing.
   *
   * @returns false when it was asked for and is nowhere: then it is not a question of fetching
   */
  needOrigin(inputIndex: number): boolean;
  /** Everything that a script ever did matters, and perhaps not all of it was fetched. */
  needHistory(scriptId: number): void;
}

/** Whether an output was spent before a transaction: also by one that was not fetched, since no later one is known of. */
export function isSpentBefore(flow: FlowIndex, outputIndex: number, txEnd: number): boolean {
  const spender = flow.outputSpender.at(outputIndex);
  return spender < txEnd || spender === NOT_FETCHED;
}
