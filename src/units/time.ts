/** Times are whole Unix seconds, days are `YYYY-MM-DD` in UTC: no locale, no time zone of the machine. */

declare const secondsBrand: unique symbol;
/** Seconds since 1970-01-01T00:00:00Z. */
export type UnixSeconds = number & { readonly [secondsBrand]: true };

/**
 * @example formatTime(1231006505) // '2009-01-03T18:15:05Z'
 */
export function formatTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/**
 * @example formatDay(1231006505) // '2009-01-03'
 */
export function formatDay(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
