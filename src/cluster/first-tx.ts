/** Where the rows of a ledger's transactions begin. */
import type { FlowIndex } from '../ledger/flow-index.ts';

/**
 * The first transaction of a ledger: 0, but for indexes whose rows begin elsewhere. The number of transactions when
 * there is none.
 */
export function firstTxOf(flow: FlowIndex): number {
  return flow.blockCount === 0 ? flow.txCount : flow.blockFirstTx.at(0);
}
