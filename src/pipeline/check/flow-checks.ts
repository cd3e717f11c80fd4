/** The checks that need the flow index alone, by name: any thread can do one. */
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { TipRecord } from '../../ledger/tip-record.ts';
import { checkChecksums, checksumRows } from './check-checksums.ts';
import { checkCounters } from './check-counters.ts';
import { checkKeys } from './check-keys.hot.ts';
import { checkLinks, linkRows } from './check-links.hot.ts';
import type { CheckRange } from './check-range.ts';
import { checkRows } from './check-rows.hot.ts';
import { checkSpends } from './check-spends.hot.ts';
import { checkValues } from './check-values.hot.ts';
import type { CheckSteps } from './disagreement.ts';

interface FlowCheck {
  /** It says something about all rows together, and is left out for a part. */
  readonly isWholeOnly: boolean;
  /** Rows that it yields in all, about. */
  readonly rows: (flow: FlowIndex, range: CheckRange) => number;
  readonly run: (flow: FlowIndex, range: CheckRange, tip: TipRecord) => CheckSteps;
}

const transactionsOf = (range: CheckRange): number => range.txEnd - range.txFrom;

export const FLOW_CHECKS = {
  checksums: { isWholeOnly: true, rows: checksumRows, run: checkChecksums },
  rows: {
    isWholeOnly: false,
    rows: (_flow, range) => transactionsOf(range),
    run: checkRows,
  },
  spends: {
    isWholeOnly: false,
    rows: (_flow, range) => range.inputEnd - range.inputFrom + range.outputEnd - range.outputFrom,
    run: checkSpends,
  },
  values: {
    isWholeOnly: false,
    rows: (_flow, range) => transactionsOf(range),
    run: checkValues,
  },
  counters: {
    isWholeOnly: true,
    rows: (flow) => flow.txCount,
    run: (flow, _range, tip) => checkCounters(flow, tip),
  },
  links: {
    isWholeOnly: false,
    rows: (flow, range) => linkRows(flow, range),
    run: (flow, range) => checkLinks(flow, range),
  },
  keys: {
    isWholeOnly: false,
    rows: (_flow, range) => transactionsOf(range),
    run: checkKeys,
  },
} as const satisfies Record<string, FlowCheck>;

export type FlowCheckName = keyof typeof FLOW_CHECKS;
export const FLOW_CHECK_NAMES = Object.keys(FLOW_CHECKS) as readonly FlowCheckName[];
