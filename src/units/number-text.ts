/**
 * A number with commas between groups of three digits before the point: the one style of the report, the
 * pages and the command line. Programs take their numbers from JSON, which has none.
 *
 * @example groupedNumber(1234567) // '1,234,567'
 * @example groupedNumber('1234.50000000') // '1,234.50000000'
 */
export function groupedNumber(value: number | bigint | string): string {
  return String(value).replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, ','));
}

/**
 * A count with its word.
 *
 * @example countText(1, 'address', 'addresses') // '1 address'
 */
export function countText(count: number | bigint, one: string, many = `${one}s`): string {
  return `${groupedNumber(count)} ${BigInt(count) === 1n ? one : many}`;
}
