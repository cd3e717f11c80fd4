import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGE, MEDIUM, SMALL, sampleInput } from '../../test/support/sample-investigation.ts';
import { tagBalance } from '../../test/support/tag-balance.ts';
import { flowChart, wrapLabel } from './flow-chart.ts';
import { arrangeFlow } from './flow-columns.ts';
import { buildReport } from './report-data.ts';

const charts = new Map(
  [SMALL, MEDIUM, LARGE].map((size) => {
    const report = buildReport(sampleInput(size));
    const flow = arrangeFlow(report.flow.nodes, report.flow.edges);
    return [size, flowChart(flow, BigInt(report.summary.received.sats), 'BTC')!.markup];
  }),
);
const chartOf = (size: typeof SMALL): string => charts.get(size)!;

test('labels take two lines at most, broken at a space where there is one', () => {
  assert.deepEqual(wrapLabel('Not spent yet', 20), ['Not spent yet']);
  assert.deepEqual(wrapLabel('Casino and Sports Betting International', 18), [
    'Casino and Sports',
    'Betting Internati…',
  ]);
  assert.deepEqual(wrapLabel('bcrt1qqqqqqqqqqqqqqqqqqqqqqqqq', 10), ['bcrt1qqqq…']);
  assert.deepEqual(wrapLabel('two words', 5), ['two', 'words']);
  assert.deepEqual(wrapLabel('🙂🙂🙂🙂🙂🙂', 4), ['🙂🙂🙂…']);
});

test('the chart is well formed, named and described for those who can not see it', () => {
  for (const size of [SMALL, MEDIUM, LARGE]) {
    const svg = chartOf(size);
    assert.deepEqual(tagBalance(svg), []);
    assert.match(svg, /^<svg [^>]*role="img" aria-labelledby="flow-chart-title flow-chart-desc"/);
    assert.match(svg, /<desc id="flow-chart-desc">[^<]{80,}<\/desc>/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|style=/);
  }
});

test('no box or band leaves the picture', () => {
  for (const size of [SMALL, MEDIUM, LARGE]) {
    const svg = chartOf(size);
    const [width, height] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg)!.slice(1).map(Number) as [
      number,
      number,
    ];
    for (const [, x, y, w, h] of svg.matchAll(
      /<rect class="box" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"/g,
    )) {
      assert.ok(Number(x) >= 0 && Number(x) + Number(w) <= width);
      assert.ok(Number(y) >= 20 && Number(y) + Number(h) <= height);
    }
    for (const [, path] of svg.matchAll(/ d="(M[^"]+)"/g)) {
      for (const [, x, y] of path!.matchAll(/([\d.]+),(-?[\d.]+)/g)) {
        if (path!.startsWith('M-') || path === 'M2.5,0 v6') continue;
        assert.ok(Number(x) <= width + 0.01 && Number(y) <= height + 0.01, path);
      }
    }
  }
});

test('boxes of one column do not overlap', () => {
  const boxes = [
    ...chartOf(LARGE).matchAll(/<rect class="box" x="(\S+)" y="(\S+)" width="\S+" height="(\S+)"/g),
  ];
  const byColumn = Map.groupBy(boxes, ([, x]) => x);
  for (const column of byColumn.values()) {
    const sorted = column
      .map(([, , y, h]) => [Number(y), Number(y) + Number(h)] as const)
      .sort((a, b) => a[0] - b[0]);
    for (const [i, [top]] of sorted.slice(1).entries()) assert.ok(top >= sorted[i]![1]);
  }
});

test('what a source claims looks different from what the chain shows', () => {
  const svg = chartOf(MEDIUM);
  for (const [, kind, rest, label] of svg.matchAll(
    /<g class="node node-(\w+)( claimed)?"><title>([^<]*)/g,
  )) {
    const isClaim = kind === 'payer_service' || kind === 'cashout';
    assert.equal(rest === ' claimed', isClaim, label);
    assert.equal(label!.startsWith('“'), isClaim, label);
  }
});

test('a label from outside is text in the chart', () => {
  const flow = arrangeFlow(
    [
      { key: 'a', kind: 'payer_service', label: '</text><script>x</script>' },
      { key: 's', kind: 'seeds', label: 'Seeds' },
    ],
    [{ from: 'a', to: 's', sats: '5', transactions: 1 }],
  );
  assert.doesNotMatch(flowChart(flow, 5n, 'BTC')!.markup, /<script/);
});

test('without money there is no chart', () => {
  assert.equal(flowChart(arrangeFlow([], []), 0n, 'BTC'), undefined);
});
