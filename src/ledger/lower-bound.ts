/** Finding a row by halving, in a column whose values never fall. */

/**
 * The first row in [low, high) whose value is not below `least`; `high` when there is none.
 *
 * @example lowerBound(flow.blockHeight, 0, flow.blockCount, 300_000)
 */
export function lowerBound(
  column: { at(row: number): number },
  low: number,
  high: number,
  least: number,
): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (column.at(middle) < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
