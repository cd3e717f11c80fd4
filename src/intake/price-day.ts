/** The day that a price file stamps a rate with. Days of Clew are those of UTC, from midnight to midnight. */
import { dayNumber, dayText } from '../units/day.ts';

const SECONDS_PER_DAY = 86_400;
const STAMP =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$/i;
const MIDNIGHT = /^00:00(?::00(?:\.0+)?)?$/;
const AT_ZERO = /^(?:Z|UTC|GMT|[+-]00:?00)$/i;

/** A day, or why the text is none. */
export type PriceDay = { readonly day: number } | { readonly refused: string };

/**
 * Read a day: `2021-03-04`, the same at midnight UTC (`2021-03-04T00:00:00Z`, `2021-03-04 00:00:00 UTC`), or Unix
 * seconds or milliseconds of a midnight.
 *
 * @returns the day as a number (see `units/day.ts`), or why it is refused as the end of a sentence
 * @example readPriceDay('2021-03-04') // { day: 18690 }
 * @example readPriceDay('2021-03-04T01:00:00Z') // { refused: 'is stamped 01:00:00, not midnight in UTC' }
 */
export function readPriceDay(text: string): PriceDay {
  if (/^\d{9,10}$/.test(text)) return dayOfStamp(Number(text), 1);
  if (/^\d{12,13}$/.test(text)) return dayOfStamp(Number(text), 1000);
  const match = STAMP.exec(text);
  if (match === null) {
    return {
      refused: /^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$/.test(text)
        ? 'has a day in which day and month can be mistaken for each other: write YYYY-MM-DD'
        : 'has no day YYYY-MM-DD',
    };
  }
  const [, date, time, zone] = match;
  if (zone !== undefined && !AT_ZERO.test(zone)) {
    return { refused: `is stamped in the zone ${zone}, not in UTC` };
  }
  if (time !== undefined && !MIDNIGHT.test(time)) {
    return { refused: `is stamped ${time}, not midnight in UTC` };
  }
  const day = dayNumber(date!);
  return day === undefined ? { refused: 'has a day that is not in the calendar' } : { day };
}

function dayOfStamp(stamp: number, perSecond: number): PriceDay {
  const day = stamp / perSecond / SECONDS_PER_DAY;
  if (Number.isInteger(day)) return { day };
  const start = dayText(Math.floor(day));
  return { refused: `is stamped within ${start}, not at midnight in UTC` };
}
