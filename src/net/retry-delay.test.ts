/** How long to wait, in the words of RFC 9110 and by doubling. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs, FIRST_DELAY_MS, LAST_DELAY_MS, retryAfterMs } from './retry-delay.ts';

test('waits double up to a bound, and are spread over the upper half', () => {
  for (let attempt = 1; attempt < 20; attempt += 1) {
    const ceiling = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
    assert.equal(backOffMs(attempt, 0), ceiling / 2);
    assert.ok(backOffMs(attempt, 0.999) <= ceiling);
  }
});

test('Retry-After: seconds, a date, and what is neither', () => {
  // The two forms of RFC 9110 section 10.2.3.
  assert.equal(retryAfterMs('120', 0), 120_000);
  const at = Date.UTC(1999, 11, 31, 23, 59, 59) / 1000;
  assert.equal(retryAfterMs('Fri, 31 Dec 1999 23:59:59 GMT', at - 5), 5000);
  assert.equal(retryAfterMs('Fri, 31 Dec 1999 23:59:59 GMT', at + 5), 0);
  for (const odd of [
    undefined,
    '',
    '-1',
    '1.5',
    '1e9',
    '99999999999',
    'soon',
    '2020-01-01',
    '1 hour',
  ]) {
    assert.equal(retryAfterMs(odd, 0), undefined, odd);
  }
});
