import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleClaim } from '../../test/support/sample-claims.ts';
import { emptyInput, MEDIUM, sampleInput } from '../../test/support/sample-investigation.ts';
import type { ServiceClaim } from '../attribution/match.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import type { Investigation, Payment, PaymentOrigin } from '../trace/investigation.ts';
import type { Txid } from '../units/ids.ts';
import { AttributionTable } from './attribution-table.ts';
import { Money } from './money.ts';
import { buildRequests } from './requests.ts';

const random = seededRandom('requests');
const EXCHANGE = sampleClaim(random, 'Alder Exchange', 'exchange');
const MARKET = sampleClaim(random, 'Garnet Market', 'market');
const NO_MONEY = new Money(undefined, []);
const id = (letter: string): Txid => letter.repeat(64) as Txid;

const origin = (
  service: ServiceClaim,
  txid: string,
  vout: number,
  hops: number,
  amountSats: number,
): PaymentOrigin => ({
  reason: 'service',
  service,
  txid: id(txid),
  vout,
  heightOfTx: 1,
  timeSeconds: 1_612_310_400 + vout,
  hops,
  amountSats,
});

const payment = (txid: string, ...origins: PaymentOrigin[]): Payment => ({
  txid: id(txid),
  height: 5,
  timeSeconds: 1_612_400_000,
  amountSats: origins.reduce((sum, { amountSats }) => sum + amountSats, 0),
  toAddresses: [],
  sites: [],
  payer: 'p',
  origins,
});

const requestsOf = (parts: Partial<Investigation>) => {
  const investigation = { ...emptyInput().investigation, ...parts };
  return buildRequests(investigation, new AttributionTable(investigation), NO_MONEY);
};

test('an output that led to two payments is asked for once, with both', () => {
  const [request] = requestsOf({
    payments: [
      payment('c', origin(EXCHANGE, 'a', 0, 2, 700)),
      payment('d', origin(EXCHANGE, 'a', 0, 1, 300)),
    ],
  });
  assert.equal(request!.withdrawals.length, 1);
  assert.deepEqual(request!.withdrawals[0], {
    txid: id('a'),
    vout: 0,
    at: '2021-02-03T00:00:00Z',
    reached: { sats: 1000, coins: '0.00001000' },
    hopsMin: 1,
    payments: [id('c'), id('d')],
    mayBeOwnMove: false,
    nextOutputs: [],
  });
  assert.equal(request!.withdrawnSats, '1000');
});

test('where the service may have moved its own money, the next output is asked for too', () => {
  const path = [`${id('a')}:0`, `${id('b')}:3`, `${id('c')}:0`];
  const own = { ...origin(EXCHANGE, 'a', 0, 2, 700), path, mayBeOwnMove: true as const };
  const [request] = requestsOf({ payments: [payment('c', own), payment('d', own)] });
  const [row] = request!.withdrawals;
  assert.deepEqual([row!.mayBeOwnMove, row!.nextOutputs], [true, [`${id('b')}:3`]]);
});

test('direct withdrawals come first, then the larger, then by outpoint', () => {
  const [request] = requestsOf({
    payments: [
      payment('c', origin(EXCHANGE, 'b', 1, 3, 900), origin(EXCHANGE, 'b', 0, 0, 10)),
      payment('d', origin(EXCHANGE, 'a', 2, 0, 10), origin(EXCHANGE, 'a', 3, 0, 50)),
    ],
  });
  assert.deepEqual(
    request!.withdrawals.map(({ txid, vout }) => `${txid[0]}${vout}`),
    ['a3', 'a2', 'b0', 'b1'],
  );
});

test('a service that has to identify customers comes before a larger one that has none', () => {
  const found = requestsOf({
    payments: [payment('c', origin(MARKET, 'a', 0, 0, 1_000_000), origin(EXCHANGE, 'b', 0, 0, 5))],
  });
  assert.deepEqual(
    found.map((request) => [request.id, request.service]),
    [
      ['R1', 'alder exchange'],
      ['R2', 'garnet market'],
    ],
  );
});

test('a seed that is a deposit address of a service is a question of its own', () => {
  const cluster = {
    clusterId: 'run:a',
    seeds: ['bcrt1qseed'],
    addressCount: 900,
    furtherAddresses: [],
    service: EXCHANGE,
    expanded: false,
    why: [],
    receivedSats: 0n,
    tags: [],
  };
  const [request] = requestsOf({ clusters: [cluster] });
  assert.deepEqual(request!.accounts, ['bcrt1qseed']);
  assert.deepEqual([request!.firstAt, request!.lastAt], [null, null]);
});

test('a deposit that only proportional shares lead to is not asked for', () => {
  const deposit = (txid: string, fifo: number) => ({
    txid: id(txid),
    vout: 0,
    timeSeconds: 1_612_400_000,
    valueSats: 9_000,
    amountByMethod: { fifo, haircut: 70 },
    hops: 3,
  });
  const cashOut = (service: ServiceClaim, ...deposits: ReturnType<typeof deposit>[]) => ({
    service,
    sumByMethod: { fifo: 0n, haircut: 0n },
    hopsMin: 3,
    firstSeconds: 1_612_400_000,
    lastSeconds: 1_612_400_000,
    deposits,
  });
  const found = requestsOf({
    cashOuts: [
      cashOut(EXCHANGE, deposit('a', 5), deposit('b', 0)),
      cashOut(MARKET, deposit('c', 0)),
    ],
  });
  assert.deepEqual(
    found.map(({ service, deposits }) => [service, deposits.map(({ txid }) => txid)]),
    [['alder exchange', [id('a')]]],
  );
});

test('every named origin and every deposit that FIFO leads to is in exactly one request', () => {
  const { investigation } = sampleInput(MEDIUM);
  const found = buildRequests(investigation, new AttributionTable(investigation), NO_MONEY);
  const named = investigation.payments
    .flatMap(({ origins }) => origins)
    .filter(({ service }) => service !== undefined);
  const reached = found
    .flatMap(({ withdrawals }) => withdrawals)
    .reduce((sum, row) => sum + row.reached.sats, 0);
  assert.equal(
    reached,
    named.reduce((sum, { amountSats }) => sum + amountSats, 0),
  );
  assert.equal(
    found.reduce((sum, { deposits }) => sum + deposits.length, 0),
    investigation.cashOuts
      .flatMap(({ deposits }) => deposits)
      .filter(({ amountByMethod }) => amountByMethod.fifo > 0).length,
  );
  assert.equal(new Set(found.map(({ service }) => service)).size, found.length);
});
