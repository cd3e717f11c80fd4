import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asertTarget, dailyWorkBits } from './cash-difficulty.ts';
import { difficultyLaw, type HeaderTimes, nextBits } from './difficulty.ts';
import { NETWORKS, type Network } from './network.ts';
import { bitsFromTarget, targetFromBits } from './proof-of-work.ts';

const { bitcoincash } = NETWORKS;
const LIMIT = (1n << 224n) - 1n;

function ask(
  network: Network,
  height: number,
  headers: Readonly<Record<number, HeaderTimes>>,
): number | undefined {
  return nextBits({ height, time: 0, network, headerAt: (at) => headers[at] });
}

/** Blocks from a height on, each so many seconds after the one before. */
class Chain {
  readonly headers: HeaderTimes[] = [];
  readonly from: number;

  constructor(from: number, bits: number) {
    this.from = from;
    this.headers.push({ time: 1_269_211_443, bits });
  }

  get height(): number {
    return this.from + this.headers.length;
  }

  add(seconds: number, bits: number): void {
    this.headers.push({ time: this.headers.at(-1)!.time + seconds, bits });
  }

  readonly at = (height: number): HeaderTimes | undefined => this.headers[height - this.from];

  next(): number {
    return nextBits({ height: this.height, time: 0, network: bitcoincash, headerAt: this.at })!;
  }

  daily(): number {
    return dailyWorkBits(this.height, bitcoincash, this.at)!;
  }
}

test('the emergency adjustment: `retargeting_test`, Bitcoin ABC 0.15, `src/test/pow_tests.cpp`', () => {
  let target = LIMIT >> 1n;
  const first = bitsFromTarget(target);
  // 478,800 lies far from the beginning of an interval.
  const chain = new Chain(478_700, first);
  for (let i = 1; i < 100; i += 1) chain.add(600, first);
  // Two hours a block. The first ten move the median by less than half a day.
  for (let i = 0; i < 10; i += 1) {
    chain.add(2 * 3600, first);
    assert.equal(chain.next(), first, `${i}`);
  }
  target = targetFromBits(first);
  const easier = (): number => {
    target = targetFromBits(bitsFromTarget(target));
    target += target >> 2n;
    return bitsFromTarget(target);
  };
  chain.add(2 * 3600, first);
  for (let i = 0; i < 3; i += 1) {
    const expected = easier();
    assert.equal(chain.next(), expected, `${i}`);
    chain.add(2 * 3600, expected);
  }
  // It never becomes easier than the easiest, and stays there.
  assert.equal(chain.next(), 0x1d00ffff);
  chain.add(2 * 3600, 0x1d00ffff);
  assert.equal(chain.next(), 0x1d00ffff);
});

test('the work of a day: `cash_difficulty_test`, Bitcoin Cash Node, `src/test/pow_tests.cpp`', () => {
  const first = bitsFromTarget(LIMIT >> 4n);
  const chain = new Chain(0, first);
  for (let i = 1; i < 2050; i += 1) chain.add(600, first);
  let bits = chain.daily();
  const steady = (count: number, seconds: number): void => {
    for (let i = 0; i < count; i += 1) {
      chain.add(seconds, bits);
      assert.equal(chain.daily(), bits);
    }
  };
  const moving = (count: number, seconds: number): void => {
    for (let i = 0; i < count; i += 1) {
      chain.add(seconds, bits);
      bits = chain.daily();
    }
  };
  steady(10, 600);
  // A block from the future, and one that is right again, move nothing.
  steady(1, 6000);
  steady(1, 2 * 600 - 6000);
  steady(20, 600);
  steady(1, 550);
  moving(10, 550);
  assert.equal(bits, 0x1c0fe7b1);
  moving(20, 10);
  assert.equal(bits, 0x1c0db19f);
  moving(1, 6000);
  assert.equal(bits, 0x1c0d9222);
  moving(93, 6000);
  assert.equal(bits, 0x1c2f13b9);
  moving(1, 6000);
  assert.equal(bits, 0x1c2ee9bf);
  moving(192, 6000);
  assert.equal(bits, 0x1d00ffff);
  steady(5, 6000);
});

test('Bitcoin Cash: the cases of `calculate_asert_test`, Bitcoin Cash Node `src/test/pow_tests.cpp`', () => {
  const limit = (1n << 224n) - 1n;
  const parentTime = 600;
  const ask = (reference: bigint, timeDiff: number, heightDiff: number): bigint =>
    asertTarget(reference, parentTime + timeDiff, heightDiff, limit);
  const cases = [
    [limit, 0, 2 * 144, limit >> 1n, 0x1c7fffff],
    [limit, 0, 4 * 144, limit >> 2n, 0x1c3fffff],
    [limit >> 1n, 0, 2 * 144, limit >> 2n, 0x1c3fffff],
    [limit >> 2n, 0, 2 * 144, limit >> 3n, 0x1c1fffff],
    [limit >> 3n, 0, 2 * 144, limit >> 4n, 0x1c0fffff],
    [limit, 0, 2 * (256 - 34) * 144, 3n, 0x01030000],
    [limit, 0, 2 * (256 - 34) * 144 + 119, 3n, 0x01030000],
    [limit, 0, 2 * (256 - 34) * 144 + 120, 2n, 0x01020000],
    [limit, 0, 2 * (256 - 33) * 144 - 1, 2n, 0x01020000],
    [limit, 0, 2 * (256 - 33) * 144, 1n, 0x01010000],
    [limit, 0, 2 * (256 - 32) * 144, 1n, 0x01010000],
    [1n, 0, 2 * (256 - 32) * 144, 1n, 0x01010000],
    [limit, 2 * (512 - 32) * 144, 0, limit, 0x1d00ffff],
    [1n, (512 - 64) * 144 * 600, 0, limit, 0x1d00ffff],
    [1n, 600 * 2 * 256 * 144, 0, limit, 0x1d00ffff],
    [1n, 600 * 2 * 224 * 144 - 1, 0, 0xffff8n << 204n, 0x1d00ffff],
  ] as const;
  for (const [i, [reference, timeDiff, heightDiff, expected, bits]] of cases.entries()) {
    const target = ask(reference, timeDiff, heightDiff);
    assert.equal(target, expected, `case ${i}`);
    assert.equal(bitsFromTarget(target), bits, `case ${i}`);
  }
  // On schedule nothing changes.
  assert.equal(ask(limit >> 4n, 600, 1), limit >> 4n);
});

test('Bitcoin Cash: on the schedule of its anchor the target stays that of the anchor', () => {
  const time = 1_605_447_844 + 600 * 1001;
  const target = ask(bitcoincash, 661_648 + 1000, { 662647: { time, bits: 0 } });
  assert.equal(target, 0x1804dafe);
  const late = { 662647: { time: time + 2 * 24 * 3600, bits: 0 } };
  const doubled = ask(bitcoincash, 662_648, late)!;
  assert.equal(targetFromBits(doubled) / targetFromBits(0x1804dafe), 2n);
});

test('which rule holds where; Bitcoin’s own stays', () => {
  const laws = [
    [478_558, 'interval'],
    [478_559, 'emergency'],
    [504_031, 'emergency'],
    [504_032, 'daily-work'],
    [661_647, 'daily-work'],
    [661_648, 'asert'],
  ] as const;
  for (const [height, law] of laws) assert.equal(difficultyLaw(height, bitcoincash), law);
  for (const height of [500_001, 600_000]) {
    const parent = { time: 1, bits: 0x1b104be1 };
    assert.equal(ask(bitcoincash, height, { [height - 1]: parent }), undefined, 'more is needed');
  }
  assert.equal(difficultyLaw(900_000, NETWORKS.main), 'interval');
  assert.equal(difficultyLaw(9, NETWORKS['dogecoin-regtest']), 'interval');
});
