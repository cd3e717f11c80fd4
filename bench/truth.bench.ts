/**
 * How much of the truth a report finds, over three simulated economies. Definitions: docs/methods/simulated-economy.md.
 * No speed is measured here; the figures are shares with the counts behind them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { investigateEconomy } from '../test/support/investigate-economy.ts';
import type { ReportScores, Score } from '../test/support/report-against-truth.ts';
import type { BenchFigure } from './figure.ts';

const ECONOMIES = [
  { transactions: 20_000, seed: 'truth-1' },
  { transactions: 20_000, seed: 'truth-2' },
  { transactions: 100_000, seed: 'truth-3' },
];

const NAMES: readonly (readonly [Exclude<keyof ReportScores, 'untaggedDeposits'>, string])[] = [
  ['payments', 'payments to the vendor'],
  ['payers', 'people who paid'],
  ['origins', 'payouts ascribed to a service'],
  ['requests', 'payouts that reached a customer'],
  ['cashOutServices', 'tagged services that the vendor used'],
  ['cashOutDeposits', "the vendor's deposits at tagged services"],
  ['cashOutSats', 'the same, by amount (sat)'],
];

export async function run(): Promise<BenchFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-'));
  const totals = new Map<string, { found: number; missed: number; wrong: number }>();
  let mixed = 0;
  let byPayjoinOnly = 0;
  let untagged = 0;
  try {
    for (const { transactions, seed } of ECONOMIES) {
      const result = await investigateEconomy(join(folder, seed), transactions, seed);
      mixed += result.mixedClusters.length;
      byPayjoinOnly += result.mixedClusters.filter((c) => c.protocols.join() === 'payjoin').length;
      untagged += result.scores.untaggedDeposits;
      for (const [key] of NAMES) add(totals, key, result.scores[key]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const figures = NAMES.flatMap(([key, name]) => {
    const { found, missed, wrong } = totals.get(key)!;
    const recall = { value: (100 * found) / (found + missed), unit: '%' };
    const precision = { value: (100 * found) / (found + wrong), unit: '%' };
    return [
      // What is asked of a payout is asked only of those that the report names: recall has no meaning there.
      ...(key === 'origins' || key === 'requests'
        ? []
        : [{ name: `${name}: recall`, ...recall, note: `${found} of ${found + missed}` }]),
      { name: `${name}: precision`, ...precision, note: `${found} of ${found + wrong}` },
    ];
  });
  return [
    ...figures,
    {
      name: "the vendor's deposits at services without a tag",
      value: untagged,
      unit: '',
      note: 'not counted above',
    },
    {
      name: 'clusters of two owners, not by a PayJoin',
      value: mixed - byPayjoinOnly,
      unit: '',
      targetMax: 0,
      note: `${mixed} by PayJoins, which are marked`,
    },
  ];
}

function add(
  totals: Map<string, { found: number; missed: number; wrong: number }>,
  key: string,
  score: Score,
): void {
  const sum = totals.get(key) ?? { found: 0, missed: 0, wrong: 0 };
  sum.found += score.found;
  sum.missed += score.missed;
  sum.wrong += score.wrong;
  totals.set(key, sum);
}
