/**
 * A whole number with narrow spaces between groups of three, which reads the same in every country.
 *
 * @example groupedNumber(1234567) // '1 234 567' with narrow no-break spaces (U+202F)
 */
export function groupedNumber(value: number | bigint): string {
  return value.toString().replace(/\B(?=(?:\d{3})+$)/g, '\u202f');
}

/**
 * A count with its word.
 *
 * @example countText(1, 'address', 'addresses') // '1 address'
 */
export function countText(count: number | bigint, one: string, many = `${one}s`): string {
  return `${groupedNumber(count)} ${BigInt(count) === 1n ? one : many}`;
}
