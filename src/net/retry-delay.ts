/**
 * How long to wait before asking again.
 *
 * Exponential back-off with full jitter: many clients that failed together do not come back together
 * (M. Brooker, "Exponential Backoff And Jitter", 2015). A server that says when to come back is obeyed
 * (RFC 9110 section 10.2.3).
 */

export const FIRST_DELAY_MS = 250;
export const LAST_DELAY_MS = 30_000;

/**
 * Milliseconds before attempt number `attempt` (1 is the first that repeats).
 *
 * @param chance a number in [0, 1)
 */
export function backOffMs(attempt: number, chance: number): number {
  const ceiling = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  // At least half of it: an answer at once would be no back-off.
  return Math.round(ceiling * (0.5 + chance / 2));
}

/**
 * What `Retry-After` asks for, in milliseconds from now; undefined when it is missing or makes no sense.
 *
 * @param value seconds, or a date as HTTP writes it
 * @example retryAfterMs('120', 0) // 120000
 */
export function retryAfterMs(value: string | undefined, nowSeconds: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Only the form with a day name: Date.parse takes nearly anything else for a date too.
  if (!/^[A-Z][a-z]+,? /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowSeconds * 1000);
}
