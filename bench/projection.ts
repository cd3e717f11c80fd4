/**
 * What a ledger of all of Bitcoin will take, from what rows were measured to take: bytes per row of each column, times the
 * rows that Bitcoin has.
 *
 * Rows, not transactions, since the simulated economy has other numbers of inputs, outputs and addresses per
 * transaction. Where several sizes were measured, bytes per row follow the straight line over the logarithm of the number of
 * rows, when it rises: row numbers of a longer chain have more digits and compress worse. It is never taken to fall.
 */

/** What rows are counted of. */
export type RowKind =
  | 'blocks'
  | 'transactions'
  | 'inputs'
  | 'outputs'
  | 'scripts'
  | 'scriptBytes'
  | 'reveals'
  | 'milestones'
  /** Outputs that pay a script and inputs that spend from one: only tables of servers have a row for each. */
  | 'events';

export type RowNumbers = Readonly<Record<RowKind, number>>;

/** A column, table column or key index as it was measured at one size. */
export interface MeasuredPart {
  readonly name: string;
  readonly kind: RowKind;
  readonly rows: number;
  readonly bytes: number;
}

export interface ProjectedPart {
  readonly name: string;
  readonly kind: RowKind;
  readonly bytesPerRow: number;
  readonly bytes: number;
}

export interface Verdict {
  readonly bytes: number;
  readonly targetBytes: number;
  readonly isMet: boolean;
  /** Above 1 when the target is missed. */
  readonly share: number;
}

/**
 * Bitcoin at the end of 2026, in round numbers; the last three follow: a script has 26 bytes on
 * average (20 to 34, most 22 to 25), at most every fourth script is P2SH that revealed a witness program, and a milestone
 * stands behind every 256th event of a script at most.
 */
export const BITCOIN_2026: RowNumbers = {
  blocks: 980_000,
  transactions: 1_300_000_000,
  inputs: 3_400_000_000,
  outputs: 3_600_000_000,
  scripts: 1_500_000_000,
  scriptBytes: 26 * 1_500_000_000,
  reveals: 300_000_000,
  milestones: Math.ceil((3_400_000_000 + 3_600_000_000) / 256),
  events: 3_400_000_000 + 3_600_000_000,
};

/** With fewer rows than these, headers and half-empty pages are most of a part. */
const ROWS_WORTH_MEASURING = 10_000;

/**
 * Bytes per row at a number of rows.
 *
 * @param measured one part at one or several sizes
 */
export function bytesPerRowAt(measured: readonly MeasuredPart[], rows: number): number {
  const points = measured
    .filter((part) => part.rows >= ROWS_WORTH_MEASURING)
    .map((part) => ({ x: Math.log2(part.rows), y: part.bytes / part.rows }));
  const largest = points.reduce<{ x: number; y: number } | undefined>(
    (best, point) => (best === undefined || point.x > best.x ? point : best),
    undefined,
  );
  if (largest === undefined) return 0;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return largest.y;
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  return largest.y + Math.max(0, slope) * Math.max(0, Math.log2(rows) - largest.x);
}

/**
 * Every part at Bitcoin's numbers of rows, heaviest first.
 *
 * @param sizes parts by name, as measured at one or several sizes
 * @example projectParts([[{ name: 'txids', kind: 'transactions', rows: 1e6, bytes: 32e6 }]])[0]!.bytes // 41.6e9
 */
export function projectParts(
  sizes: readonly (readonly MeasuredPart[])[],
  numbers: RowNumbers = BITCOIN_2026,
): ProjectedPart[] {
  const byName = new Map<string, MeasuredPart[]>();
  for (const part of sizes.flat()) {
    byName.set(part.name, [...(byName.get(part.name) ?? []), part]);
  }
  return [...byName.entries()]
    .map(([name, measured]) => {
      const { kind } = measured[0]!;
      const bytesPerRow = bytesPerRowAt(measured, numbers[kind]);
      return { name, kind, bytesPerRow, bytes: bytesPerRow * numbers[kind] };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** Whether a sum stays within its target. */
export function judge(parts: readonly { readonly bytes: number }[], targetBytes: number): Verdict {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { bytes, targetBytes, isMet: bytes <= targetBytes, share: bytes / targetBytes };
}
