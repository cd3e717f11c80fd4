import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIUM, SMALL, sampleInput } from '../../test/support/sample-investigation.ts';
import { tagBalance } from '../../test/support/tag-balance.ts';
import { buildReport } from './report-data.ts';
import { axisSteps, barName, barTime, timelineChart } from './timeline-chart.ts';

test('an axis has round steps from zero to at least the largest value', () => {
  assert.deepEqual(axisSteps(7n, 4), [0n, 2n, 4n, 6n, 8n]);
  assert.deepEqual(axisSteps(1n, 4), [0n, 1n]);
  assert.deepEqual(axisSteps(0n, 4), [0n, 1n]);
  assert.deepEqual(axisSteps(2_962_345n, 4), [0n, 1_000_000n, 2_000_000n, 3_000_000n]);
  assert.deepEqual(axisSteps(20n, 2), [0n, 10n, 20n]);
});

test('bars are named for people', () => {
  assert.equal(barName('day', '2021-02-03'), '3 Feb 2021');
  assert.equal(barName('week', '2021-02-01'), '1 Feb 2021');
  assert.equal(barName('month', '2021-02-01'), 'Feb 2021');
  assert.equal(barName('quarter', '2021-10-01'), 'Q4 2021');
  assert.equal(barName('year', '2021-01-01'), '2021');
  assert.equal(barTime('day', '2021-02-03'), 'on 3 Feb 2021');
  assert.equal(barTime('week', '2021-02-01'), 'in the week of 1 Feb 2021');
  assert.equal(barTime('quarter', '2021-10-01'), 'in Q4 2021');
});

test('the chart is well formed, described, and has a bar for each unit with payments', () => {
  for (const size of [SMALL, MEDIUM]) {
    const { timeline } = buildReport(sampleInput(size));
    const svg = timelineChart(timeline, 'BTC')!.markup;
    assert.deepEqual(tagBalance(svg), []);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|style=/);
    const withPayments = timeline.bars.filter(({ payments }) => payments > 0).length;
    assert.equal([...svg.matchAll(/<rect class="bar"/g)].length, withPayments);
    assert.equal([...svg.matchAll(/<rect class="bar count"/g)].length, withPayments);
    assert.match(svg, /<desc id="timeline-chart-desc">[^<]{60,}<\/desc>/);
  }
});

test('without bars there is no chart', () => {
  assert.equal(timelineChart({ unit: 'month', bars: [] }, 'BTC'), undefined);
});
