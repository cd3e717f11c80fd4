/** Whether somebody pays at a regular distance: what a subscription looks like from outside. */

export const CADENCE = {
  /** Payments closer together than this are one occasion: a second try, or two items at once. */
  occasionSeconds: 12 * 3600,
  /** Fewer occasions say nothing. */
  occasionsMin: 4,
  /** A gap is regular when it differs from the median gap by at most this share of it. */
  tolerance: 0.25,
  /** Share of the gaps that must be regular. */
  regularShareMin: 0.75,
} as const;

const DAY_SECONDS = 86_400;

export interface Cadence {
  /** Median distance between occasions, in days, to a tenth. */
  readonly medianDays: number;
  /** Occasions on which it rests. */
  readonly payments: number;
}

/**
 * The cadence of some payments, or undefined when they come at no regular distance.
 *
 * A pattern, so a lead: salaries, savings and rents are regular too.
 *
 * @param timesSeconds Unix seconds, in any order
 * @example cadenceOf([0, 7, 14, 21].map((day) => day * 86_400)) // { medianDays: 7, payments: 4 }
 */
export function cadenceOf(timesSeconds: readonly number[]): Cadence | undefined {
  const occasions: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const time of timesSeconds.toSorted((a, b) => a - b)) {
    if (time - last >= CADENCE.occasionSeconds) occasions.push(time);
    last = time;
  }
  if (occasions.length < CADENCE.occasionsMin) return undefined;
  const gaps = occasions.slice(1).map((time, i) => time - occasions[i]!);
  const median = middleOf(gaps);
  const regular = gaps.filter((gap) => Math.abs(gap - median) <= median * CADENCE.tolerance).length;
  if (regular < gaps.length * CADENCE.regularShareMin) return undefined;
  return { medianDays: Math.round((median / DAY_SECONDS) * 10) / 10, payments: occasions.length };
}

/** The middle one, the lower of two. */
function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}
