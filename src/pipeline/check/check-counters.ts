/** The counters of the tip are what counting everything anew gives: what `clew status` says. */
import { countFlow } from '../../ledger/counters.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { countersOf, type TipRecord } from '../../ledger/tip-record.ts';
import { type CheckSteps, Disagreement } from './disagreement.ts';

/** All rows of the ledger against its tip. Counts at one go, without a step between. */
export function* checkCounters(flow: FlowIndex, tip: TipRecord): CheckSteps {
  const rows = Object.entries(flow.counts);
  for (const [name, expected] of rows) {
    compare(flow, `rows.${name}`, expected, tip.rows[name as keyof TipRecord['rows']]);
  }
  yield 0;
  const counted = countFlow(flow);
  const stored = countersOf(tip);
  for (const name of Object.keys(counted) as (keyof typeof counted)[]) {
    compare(flow, name, counted[name], stored[name]);
  }
  yield flow.txCount;
  return { transactions: flow.txCount, counters: Object.keys(counted).length };
}

function compare(
  flow: FlowIndex,
  counter: string,
  expected: number | bigint,
  found: number | bigint,
): void {
  if (expected === found) return;
  throw new Disagreement('A counter of the tip is not what counting anew gives.', {
    height: flow.blockHeight.at(flow.blockCount - 1),
    counter,
    expected: String(expected),
    found: String(found),
  });
}
