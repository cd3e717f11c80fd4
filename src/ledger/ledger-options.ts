import type { FlowColumnsOptions } from './flow-columns.ts';
import type { EngineChoice } from './open-engine.ts';
import type { RowBase } from './row-base.ts';

/** How a ledger is opened. */
export interface LedgerOptions extends FlowColumnsOptions, EngineChoice {
  /** Called while columns are fetched from servers, with the rows done and their number. */
  readonly onFetch?: (done: number, total: number) => void;
  /** Stops fetching columns from servers. */
  readonly signal?: AbortSignal;
  /** Inputs and outputs between two checkpoints of such a fetch: fewer for tests. */
  readonly fetchStepRows?: number;
  /** Called while links are made anew, with the transactions done and their number. */
  readonly onRebuild?: (done: number, total: number) => void;
  /** Where the row numbers of a new ledger's tables begin; a ledger that is there keeps its own. */
  readonly base?: RowBase;
}
