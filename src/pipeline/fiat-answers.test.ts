import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PriceBook } from '../report/price-book.ts';
import { dayNumber } from '../units/day.ts';
import type { AddressAnswer } from './answers/address-answer.ts';
import type { TransactionAnswer } from './answers/transaction-answer.ts';
import { priceAddress, priceTransaction } from './fiat-answers.ts';

function source(name: string, rates: Readonly<Record<string, string>>) {
  return {
    source: name,
    currency: 'EUR',
    licence: 'CC0',
    fileName: `${name}.csv`,
    sha256: '00'.repeat(32),
    column: 'EUR',
    rates: new Map(Object.entries(rates).map(([day, rate]) => [dayNumber(day)!, rate])),
  };
}

const BOOK = new PriceBook('BTC', [
  source('a', { '2021-03-04': '40000', '2021-03-05': '41000.555' }),
  source('b', { '2021-03-06': '43000' }),
]);
const at = (time: string): number => Date.parse(`${time}Z`) / 1000;

test('a transaction is valued on its own day, with the rate and its source at every value', () => {
  const answer = {
    network: 'main',
    timeSeconds: at('2021-03-04T23:59:59'),
    feeSats: 1_000,
    inputs: [{ vin: 0, valueSats: 100_000_000 }, { vin: 1 }],
    outputs: [{ vout: 0, valueSats: 99_999_000 }],
  } as unknown as TransactionAnswer;
  const priced = priceTransaction(answer, BOOK, ['EUR']);
  const rate = { rate: '40000', rateDay: '2021-03-04', source: 'a' };
  assert.deepEqual(priced.inputs[0]!.fiat, { EUR: { value: '40000.00', ...rate } });
  assert.equal(priced.inputs[1]!.fiat, undefined, 'an unknown amount has no value');
  assert.deepEqual(priced.outputs[0]!.fiat, { EUR: { value: '39999.60', ...rate } });
  assert.deepEqual(priced.feeFiat, { EUR: { value: '0.40', ...rate } });
  assert.deepEqual(
    priced.prices!.sources.map(({ name, daysUsed }) => [name, daysUsed]),
    [
      ['a', 1],
      ['b', 0],
    ],
  );
});

test('without a rate of the day there is no value, and that is said', () => {
  const answer = {
    network: 'main',
    timeSeconds: at('2021-03-03T12:00:00'),
    feeSats: null,
    inputs: [],
    outputs: [{ vout: 0, valueSats: 5 }],
  } as unknown as TransactionAnswer;
  const priced = priceTransaction(answer, BOOK, ['EUR']);
  assert.equal(priced.outputs[0]!.fiat, undefined);
  assert.equal('feeFiat' in priced, false);
  assert.deepEqual(
    priced.prices!.days.map(({ day, rate, source: by }) => [day, rate, by]),
    [['2021-03-03', null, null]],
  );
});

test('each row of a history is valued on its day; the sum of the rows is that of rounded values', () => {
  const row = (day: string, received: string, sent: string) => ({
    txid: '00'.repeat(32),
    height: 1,
    timeSeconds: at(`${day}T00:00:00`),
    received,
    sent,
  });
  const answer = {
    network: 'main',
    history: [
      row('2021-03-06', '0', '300000'),
      row('2021-03-05', '12', '0'),
      row('2021-03-05', '13', '0'),
      row('2021-03-01', '7', '0'),
    ],
  } as unknown as AddressAnswer;
  const priced = priceAddress(answer, BOOK, ['EUR']);
  // 12 sats are 0.492… cents, 13 are 0.533…: no cent and one cent, where the sum alone is 1.025 cents.
  assert.deepEqual(priced.pageFiat.received['EUR'], {
    value: '0.01',
    pricedAmounts: 2,
    unpricedAmounts: 1,
    sources: [{ source: 'a', amounts: 2 }],
  });
  assert.deepEqual(priced.pageFiat.sent['EUR'], {
    value: '129.00',
    pricedAmounts: 1,
    unpricedAmounts: 0,
    sources: [{ source: 'b', amounts: 1 }],
  });
  assert.equal(priced.history[0]!.sentFiat!['EUR']!.source, 'b', 'a does not have that day');
  assert.equal(priced.history[0]!.receivedFiat, undefined);
  assert.equal(priced.history[3]!.receivedFiat, undefined);
});
