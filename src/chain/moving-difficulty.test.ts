import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderTimes, nextBits } from './difficulty.ts';
import { NETWORKS, type Network } from './network.ts';

const { dash, dogecoin } = NETWORKS;

function ask(
  network: Network,
  height: number,
  headers: Readonly<Record<number, HeaderTimes>>,
): number | undefined {
  return nextBits({ height, time: 0, network, headerAt: (at) => headers[at] });
}

test('Dogecoin: the cases of Dogecoin Core, `src/test/dogecoin_tests.cpp`', () => {
  // Block behind, its time and target, the time of the block that is measured from, the target wanted.
  const cases = [
    // get_next_work_difficulty_limit: the first interval.
    [239, 1_386_475_638, 0x1e0ffff0, 0, 1_386_474_927, 0x1e00ffff],
    // get_next_work_pre_digishield.
    [9599, 1_386_954_113, 0x1c1a1206, 9359, 1_386_942_008, 0x1c15ea59],
    // get_next_work_digishield, then its upper bound, its lower bound, and rounding.
    [145_000, 1_395_094_679, 0x1b499dfd, 144_999, 1_395_094_427, 0x1b671062],
    [145_107, 1_395_101_360, 0x1b3439cd, 145_106, 1_395_100_835, 0x1b4e56b3],
    [149_423, 1_395_380_447, 0x1b446f21, 149_422, 1_395_380_517, 0x1b335358],
    [145_001, 1_395_094_727, 0x1b671062, 145_000, 1_395_094_679, 0x1b6558a4],
  ] as const;
  for (const [height, time, bits, firstHeight, firstTime, expected] of cases) {
    const headers = { [height]: { time, bits }, [firstHeight]: { time: firstTime, bits } };
    assert.equal(ask(dogecoin, height + 1, headers), expected, `after ${height}`);
  }
});

test('Dogecoin: between two changes the target stays; the block of the change is not judged', () => {
  const parent = { time: 1, bits: 0x1c1a1206 };
  assert.equal(ask(dogecoin, 9599, { 9598: parent }), parent.bits);
  assert.equal(ask(dogecoin, 9600, { 9599: parent }), undefined, 'a header is missing');
  assert.equal(ask(dogecoin, 145_000, { 144999: parent, 144998: parent }), undefined);
});

/** Blocks 123,433 to 123,456 of Dash: time and target (Dash Core, `src/test/pow_tests.cpp`). */
const DASH: readonly (readonly [time: number, bits: number])[] = [
  [1_408_728_124, 0x1b104be1],
  [1_408_728_332, 0x1b10e09e],
  [1_408_728_479, 0x1b11a33c],
  [1_408_728_495, 0x1b121cf3],
  [1_408_728_608, 0x1b11951e],
  [1_408_728_744, 0x1b11abac],
  [1_408_728_756, 0x1b118d9c],
  [1_408_728_950, 0x1b1123f9],
  [1_408_729_116, 0x1b1141bf],
  [1_408_729_179, 0x1b110764],
  [1_408_729_305, 0x1b107556],
  [1_408_729_474, 0x1b104297],
  [1_408_729_576, 0x1b1063d0],
  [1_408_729_587, 0x1b10e878],
  [1_408_729_647, 0x1b0dfaff],
  [1_408_729_678, 0x1b0c9ab8],
  [1_408_730_179, 0x1b0c03d6],
  [1_408_730_862, 0x1b0dd168],
  [1_408_730_914, 0x1b10b864],
  [1_408_731_242, 0x1b0fed89],
  [1_408_731_256, 0x1b113ff1],
  [1_408_732_229, 0x1b10460b],
  [1_408_732_257, 0x1b13b83f],
  [1_408_732_489, 0x1b1418d4],
];

test('Dash: block 123,457 by Dark Gravity Wave', () => {
  const headers = Object.fromEntries(
    DASH.map(([time, bits], i) => [123_433 + i, { time, bits }] as const),
  );
  assert.equal(ask(dash, 123_457, headers), 0x1b1441de);
  const { 123_433: _, ...later } = headers;
  assert.equal(ask(dash, 123_457, later), undefined, 'a header is missing');
  assert.equal(ask(dash, 30_000, { 29999: { time: 1, bits: 0x1b104be1 } }), undefined);
});
