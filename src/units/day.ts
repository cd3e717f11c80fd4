/** Days of the calendar in UTC, as whole numbers: day 0 is 1970-01-01. */

const MS_PER_DAY = 86_400_000;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/**
 * Days since 1970-01-01, or undefined for what is no day of the calendar.
 *
 * @example dayNumber('2009-01-03') // 14247
 * @example dayNumber('2021-02-29') // undefined
 */
export function dayNumber(text: string): number | undefined {
  const match = DAY.exec(text);
  if (match === null) return undefined;
  const time = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return dayText(time / MS_PER_DAY) === text ? time / MS_PER_DAY : undefined;
}

/**
 * @example dayText(14247) // '2009-01-03'
 */
export function dayText(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/**
 * The day that a moment lies in.
 *
 * @param seconds Unix seconds
 * @example dayOfSeconds(1231006505) // 14247
 */
export function dayOfSeconds(seconds: number): number {
  return Math.floor(seconds / 86_400);
}

/**
 * The day of the week: 0 is Sunday, 6 is Saturday.
 *
 * @example weekday(0) // 4, a Thursday
 */
export function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** Days one after the other, both ends included. */
export interface DayRange {
  readonly firstDay: string;
  readonly lastDay: string;
  readonly days: number;
}

/**
 * Days put together into ranges.
 *
 * @param days ascending
 * @example dayRanges([1, 2, 5]) // 1970-01-02 to 1970-01-03 (2 days), 1970-01-06 (1 day)
 */
export function dayRanges(days: Iterable<number>): DayRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const day of days) {
    const open = ranges.at(-1);
    if (open !== undefined && open.last + 1 === day) open.last = day;
    else ranges.push({ first: day, last: day });
  }
  return ranges.map(({ first, last }) => ({
    firstDay: dayText(first),
    lastDay: dayText(last),
    days: last - first + 1,
  }));
}
