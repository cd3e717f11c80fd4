import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGE, sampleInput } from '../../test/support/sample-investigation.ts';
import { arrangeFlow } from './flow-columns.ts';
import { buildReport } from './report-data.ts';
import type { FlowEdgeRow, FlowNodeRow } from './report-format.ts';

const node = (key: string, kind: string): FlowNodeRow => ({ key, kind, label: key.toUpperCase() });
const edge = (from: string, to: string, sats: number): FlowEdgeRow => ({
  from,
  to,
  sats: String(sats),
  transactions: 1,
});

const NODES = [
  node('x', 'payer_service'),
  node('p', 'payer_cluster'),
  node('s', 'seeds'),
  node('m', 'coinjoin'),
  node('c', 'cashout'),
  node('u', 'unspent'),
];

test('columns stand in the order of the money, and empty ones are left out', () => {
  const flow = arrangeFlow(NODES, [
    edge('x', 'p', 9),
    edge('p', 's', 9),
    edge('s', 'c', 5),
    edge('s', 'u', 4),
  ]);
  assert.deepEqual(
    flow.columns.map(({ column, nodes }) => [
      column,
      ...nodes.map(({ label, sats }) => `${label} ${sats}`),
    ]),
    [
      [0, 'X 9'],
      [1, 'P 9'],
      [2, 'S 9'],
      [4, 'C 5', 'U 4'],
    ],
  );
});

test('a mix that pays and is paid stands on both sides', () => {
  const flow = arrangeFlow(NODES, [edge('m', 's', 7), edge('s', 'm', 6)]);
  assert.deepEqual(
    flow.columns.map(({ column, nodes }) => [column, nodes[0]!.label, nodes[0]!.sats]),
    [
      [0, 'M', 7n],
      [2, 'S', 7n],
      [4, 'M', 6n],
    ],
  );
});

test('edges that run backwards are counted, not drawn', () => {
  const flow = arrangeFlow(NODES, [edge('s', 'p', 1), edge('p', 's', 2), edge('p', 'nowhere', 3)]);
  assert.equal(flow.leftOut, 1);
  assert.equal(flow.edges.length, 1);
});

test('beyond eight entries the small ones are one entry, and no satoshi is lost', () => {
  const nodes = [
    node('s', 'seeds'),
    ...Array.from({ length: 30 }, (_, i) => node(`p${i}`, 'payer_cluster')),
  ];
  const edges = Array.from({ length: 30 }, (_, i) => edge(`p${i}`, 's', i + 1));
  const flow = arrangeFlow(nodes, edges);
  const payers = flow.columns[0]!.nodes;
  assert.equal(payers.length, 8);
  assert.deepEqual(
    payers.slice(0, 2).map(({ label, sats }) => [label, sats]),
    [
      ['P29', 30n],
      ['P28', 29n],
    ],
  );
  assert.deepEqual(payers.at(-1), {
    key: '1/(folded)',
    kind: 'folded',
    label: 'other payers',
    column: 1,
    sats: 276n,
    folded: 23,
  });
  assert.equal(
    flow.edges.reduce((sum, { sats }) => sum + sats, 0n),
    465n,
  );
  assert.equal(
    flow.edges.reduce((sum, { transactions }) => sum + transactions, 0),
    30,
  );
});

test('exactly eight entries are not folded', () => {
  const nodes = [
    node('s', 'seeds'),
    ...Array.from({ length: 8 }, (_, i) => node(`p${i}`, 'payer_cluster')),
  ];
  const flow = arrangeFlow(
    nodes,
    Array.from({ length: 8 }, (_, i) => edge(`p${i}`, 's', 1)),
  );
  assert.ok(flow.columns[0]!.nodes.every(({ folded }) => folded === 1));
});

test('folding a large flow keeps the sum between columns', () => {
  const { flow } = buildReport(sampleInput(LARGE));
  const kinds = new Map(flow.nodes.map(({ key, kind }) => [key, kind]));
  const intoSeeds = flow.edges
    .filter(({ to }) => kinds.get(to) === 'seeds')
    .reduce((sum, { sats }) => sum + BigInt(sats), 0n);
  const arranged = arrangeFlow(flow.nodes, flow.edges);
  const shown = arranged.edges
    .filter(({ to }) => to.startsWith('2/'))
    .reduce((sum, { sats }) => sum + sats, 0n);
  assert.equal(shown, intoSeeds);
  assert.ok(arranged.columns.every(({ nodes }) => nodes.length <= 8));
});
