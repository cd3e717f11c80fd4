import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { recogniseAddress } from './address.ts';
import { recogniseForeignAddress } from './foreign-address.ts';

const chains = (text: string): string[] => recogniseForeignAddress(text).map(({ chain }) => chain);

test('EIP-55: the examples of the proposal are right, another case is wrong, one case is a shape', () => {
  const examples = [
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ];
  for (const text of examples) {
    assert.deepEqual(recogniseForeignAddress(text), [{ chain: 'ETH', checked: 'checksum' }]);
    const lower = text.toLowerCase();
    assert.deepEqual(recogniseForeignAddress(lower), [{ chain: 'ETH', checked: 'shape' }]);
    const swapped = text.replace(/[a-f](?=[^a-f]*$)/i, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    assert.deepEqual(chains(swapped), [], 'a wrong case is a typing mistake');
    assert.deepEqual(chains(text.slice(0, -1)), []);
  }
});

test('TON and Solana, as their documentation writes them', () => {
  const ton = 'EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF';
  assert.deepEqual(recogniseForeignAddress(ton), [{ chain: 'TON', checked: 'checksum' }]);
  assert.deepEqual(chains(ton.replace('K', 'k')), []);
  const solana = 'So11111111111111111111111111111111111111112';
  assert.deepEqual(recogniseForeignAddress(solana), [{ chain: 'SOL', checked: 'shape' }]);
});

/** What the addresses of each list must be recognised as; a list may mix tickers of one token. */
const LISTS: Record<string, readonly string[]> = {
  ARB: ['ETH'],
  BCH: ['BCH', 'BTC'],
  BSC: ['ETH'],
  BSV: ['BTC'],
  BTG: ['BTG'],
  DASH: ['DASH'],
  ETC: ['ETH'],
  ETH: ['ETH'],
  LTC: ['LTC'],
  TRX: ['TRX'],
  USDC: ['ETH'],
  USDT: ['ETH', 'TRX', 'BTC'],
  XBT: ['BTC', 'TRX'],
  XMR: ['XMR'],
  XRP: ['XRP'],
  XVG: ['XVG'],
  ZEC: ['ZEC'],
};

test('every address of the published lists is recognised under its ticker', (t) => {
  let count = 0;
  for (const [ticker, expected] of Object.entries(LISTS)) {
    const list = sharedFile(t, `attribution/ofac/${ticker}.txt`)?.toString('utf8');
    if (list === undefined) return;
    for (const text of list.split(/\r?\n/).filter(Boolean)) {
      // One line of the Monero list is a payment id of 64 hex digits.
      if (/^[0-9a-f]{64}$/.test(text)) continue;
      const found = recogniseAddress(text).map(({ chain }) => chain);
      assert.ok(
        found.some((chain) => expected.includes(chain)),
        `${ticker}, line of ${text.length} characters`,
      );
      count += 1;
    }
  }
  assert.ok(count > 500, `${count}`);
});

test('one changed character is noticed wherever there is a checksum', (t) => {
  const random = seededRandom('foreign-typos');
  for (const ticker of ['BCH', 'BTG', 'DASH', 'TRX', 'XMR', 'XRP', 'XVG', 'ZEC']) {
    const list = sharedFile(t, `attribution/ofac/${ticker}.txt`)?.toString('utf8');
    if (list === undefined) return;
    for (const text of list.split(/\r?\n/).filter((line) => line && !/^[0-9a-f]{64}$/.test(line))) {
      for (let i = 0; i < 5; i += 1) {
        const at = random.int(0, text.length - 1);
        const letter = random.pick([...'abcdefgh23456789'].filter((each) => each !== text[at]));
        const wrong = text.slice(0, at) + letter + text.slice(at + 1);
        assert.deepEqual(recogniseAddress(wrong), [], `${ticker}, position ${at}`);
      }
    }
  }
});

test('what is no address is none, whatever its length', () => {
  const random = seededRandom('no-address');
  for (const text of ['', 'a', ' '.repeat(40), 'addr1', '0x', 'bitcoincash:', 'x'.repeat(10_000)]) {
    assert.deepEqual(chains(text), []);
  }
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  for (let i = 0; i < 300; i += 1) {
    const text = Array.from({ length: random.int(1, 110) }, () => random.pick([...letters])).join(
      '',
    );
    assert.deepEqual(chains(text), [], `replay with round ${i}`);
  }
});
