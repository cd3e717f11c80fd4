/** Who paid, on graphs small enough to follow by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import {
  addressOf,
  HARBOUR,
  investigateSeeds,
  mine,
  mixGraph,
  stopOf,
} from '../../test/support/investigated-graph.ts';

test('a payer who pays twice, with change coming back in between, is one payer', async () => {
  const graph = new FlowGraph();
  mine(graph, ['harbour hot', 1_000_000]);
  graph.block();
  const withdrawal = graph.tx(
    [0],
    [
      ['payer', 100_000],
      ['harbour hot', 899_000],
    ],
  );
  graph.block();
  const first = graph.tx(
    [graph.out(withdrawal, 0)],
    [
      ['vendor', 30_000],
      ['payer', 69_500],
    ],
  );
  graph.block();
  const second = graph.tx(
    [graph.out(first, 1)],
    [
      ['vendor', 30_000],
      ['payer', 39_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  assert.equal(result.payers.length, 1);
  const [payer] = result.payers;
  assert.equal(payer!.kind, 'cluster');
  assert.equal(payer!.payments, 2);
  assert.equal(payer!.totalSats, 60_000n);
  assert.equal(payer!.firstSeconds, graph.flow.txTime(first));
  assert.equal(payer!.lastSeconds, graph.flow.txTime(second));
  assert.deepEqual(
    payer!.sources.map((source) => [source.service.name, source.totalSats, source.payments]),
    [['Harbour', 60_000n, 2]],
  );
  // Both payments lead to the same withdrawal, one and two transactions away.
  const place = { txid: graph.flow.txid(withdrawal), vout: 0, reason: 'service' };
  assert.deepEqual(
    result.payments.map(({ origins }) =>
      origins.map(({ txid, vout, reason, hops, amountSats }) => ({
        txid,
        vout,
        reason,
        hops,
        amountSats,
      })),
    ),
    [[{ ...place, hops: 1, amountSats: 30_000 }], [{ ...place, hops: 2, amountSats: 30_000 }]],
  );
  assert.equal(result.payments[0]!.origins[0]!.address, addressOf(graph, 'payer'));
});

test('a service that pays directly: each payment is another customer, asked for by txid and output', async () => {
  const graph = new FlowGraph();
  mine(graph, ['harbour hot', 1_000_000]);
  graph.block();
  // A batch of a hundred withdrawals, two of them ours; only these count.
  const others = Array.from({ length: 98 }, (_, i): [string, number] => [
    `customer ${i}`,
    1_000 + i,
  ]);
  const batch = graph.tx(
    [0],
    [
      ...others.slice(0, 40),
      ['vendor', 5_000],
      ...others.slice(40),
      ['vendor', 7_000],
      ['harbour hot', 800_000],
    ],
  );
  graph.block();
  const hot = graph.out(batch, 100);
  const later = graph.tx(
    [hot],
    [
      ['vendor', 9_000],
      ['harbour hot', 790_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  assert.deepEqual(
    result.payments.map(({ amountSats }) => amountSats),
    [12_000, 9_000],
  );
  assert.equal(result.payers.length, 1);
  const [payer] = result.payers;
  assert.equal(payer!.kind, 'service');
  assert.equal(payer!.service!.name, 'Harbour');
  assert.equal(payer!.payments, 2);
  assert.equal(payer!.cadence, undefined);
  assert.equal(payer!.addressCount, 0);
  // Two outputs of one payment are two places to ask for.
  assert.deepEqual(
    result.payments.map(({ origins }) =>
      origins.map(({ txid, vout, hops, amountSats }) => [txid, vout, hops, amountSats]),
    ),
    [
      [
        [graph.flow.txid(batch), 99, 0, 7_000],
        [graph.flow.txid(batch), 40, 0, 5_000],
      ],
      [[graph.flow.txid(later), 0, 0, 9_000]],
    ],
  );
});

test('change and transfers of the vendor are no payments, and are counted', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const spent = graph.tx(
    [graph.out(paid, 0)],
    [
      ['supplier', 20_000],
      ['vendor', 69_000],
    ],
  );
  graph.block();
  const moved = graph.tx([graph.out(spent, 1)], [['vendor', 68_000]]);
  const result = await investigateSeeds(graph, ['vendor']);
  assert.equal(result.payments.length, 1);
  assert.deepEqual(result.ownTransfers, {
    transfers: 1,
    transferSats: 68_000n,
    withChange: 1,
    changeSats: 69_000n,
  });
  assert.equal(result.receivedSats, 90_000n);
  assert.equal(result.spentSats, 22_000n);
  assert.equal(result.balanceSats, 68_000n);
  // Forward, the same: 20,000 away, two fees of 1,000, the rest still there.
  assert.deepEqual(
    result.forwardStops.map(({ reason, sumByMethod }) => [
      reason,
      sumByMethod.fifo,
      sumByMethod.haircut,
    ]),
    [
      ['unspent', 20_000n, 20_000n],
      ['fee', 2_000n, 2_000n],
      ['self', 68_000n, 68_000n],
    ],
  );
  assert.equal(moved, 3);
});

test('a CoinJoin output that pays the vendor: the payer is nobody in particular', async () => {
  const { graph, mix } = mixGraph();
  const result = await investigateSeeds(graph, ['vendor']);
  assert.deepEqual(
    result.payers.map(({ key, kind, payments }) => ({ key, kind, payments })),
    [{ key: 'coinjoin', kind: 'coinjoin', payments: 1 }],
  );
  assert.deepEqual(
    result.payments[0]!.origins.map(({ reason, txid, vout, hops }) => ({
      reason,
      txid,
      vout,
      hops,
    })),
    [{ reason: 'coinjoin', txid: graph.flow.txid(mix), vout: 0, hops: 0 }],
  );
  assert.deepEqual(
    result.mixes.map(({ txid, direction, amountSats, anonymitySet }) => ({
      txid,
      direction,
      amountSats,
      anonymitySet,
    })),
    [{ txid: graph.flow.txid(mix), direction: 'out', amountSats: 100_000n, anonymitySet: 3 }],
  );
  assert.ok(result.unresolved.some(({ what }) => what.includes('came out of a CoinJoin')));
});

test('newly mined coins, and coins of unknown origin, have payers of their own kind', async () => {
  const graph = new FlowGraph();
  graph.block();
  graph.coinbase([['vendor', 50_000]]);
  graph.block();
  graph.tx(['unknown'], [['vendor', 30_000]]);
  const result = await investigateSeeds(graph, ['vendor']);
  assert.deepEqual(
    result.payers.map(({ key, kind, totalSats }) => [key, kind, totalSats]),
    [
      ['mined', 'mined', 50_000n],
      ['unknown', 'unknown', 30_000n],
    ],
  );
  assert.deepEqual(
    result.payments.map(({ origins }) => origins[0]!.reason),
    ['mined', 'unknown_prevout'],
  );
});

test('money that was the vendor’s own and comes back is said to be so, and seeded once', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const out = graph.tx([graph.out(paid, 0)], [['helper', 89_000]]);
  graph.block();
  graph.tx([graph.out(out, 0)], [['vendor', 88_000]]);
  const result = await investigateSeeds(graph, ['vendor']);
  assert.equal(result.receivedSats, 178_000n);
  const [, back] = result.payments;
  assert.deepEqual(
    back!.origins.map(({ reason, txid, hops }) => ({ reason, txid, hops })),
    [{ reason: 'self', txid: graph.flow.txid(out), hops: 1 }],
  );
  // Forward, the 90,000 are followed once: two fees of 1,000, and 88,000 back with the vendor.
  assert.equal(stopOf(result, 'self'), 88_000n);
  assert.equal(stopOf(result, 'fee'), 2_000n);
});

test('limits of the way back are said, and the budget of all payments together too', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['harbour hot', 1_000_000]);
  let coin = coins['harbour hot']!;
  for (let i = 0; i < 5; i += 1) {
    graph.block();
    coin = graph.out(graph.tx([coin], [[`step ${i}`, 900_000 - i]]), 0);
  }
  graph.block();
  graph.tx([coin], [['vendor', 800_000]]);
  const deep = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  assert.equal(deep.payments[0]!.origins[0]!.service!.name, 'Harbour');
  assert.equal(deep.payments[0]!.origins[0]!.hops, 5);
  const shallow = await investigateSeeds(graph, ['vendor'], [HARBOUR], { backward: { depth: 3 } });
  assert.equal(shallow.payments[0]!.origins[0]!.reason, 'depth');
  assert.ok(shallow.unresolved.some(({ what }) => what.includes('limit of steps')));
  const poor = await investigateSeeds(graph, ['vendor'], [HARBOUR], { payerTransactionsMax: 0 });
  assert.equal(poor.payments[0]!.origins[0]!.hops, 1);
  assert.ok(
    poor.unresolved.some(({ what, count }) => what.includes('one step only') && count === 1),
  );
});

test('a large cluster that nobody named is an end of its own, and is listed', async () => {
  const graph = new FlowGraph();
  // Five coins of one unnamed hand, spent together: that is a large cluster when five is large.
  const coins = mine(
    graph,
    ...Array.from({ length: 5 }, (_, i): [string, number] => [`pool ${i}`, 100_000]),
  );
  graph.block();
  const gathered = graph.tx(Object.values(coins), [['pool 0', 499_000]]);
  graph.block();
  const paid = graph.tx(
    [graph.out(gathered, 0)],
    [
      ['payer', 50_000],
      ['pool 1', 448_000],
    ],
  );
  const direct = graph.tx(
    [graph.out(paid, 1)],
    [
      ['vendor', 30_000],
      ['pool 2', 417_000],
    ],
  );
  graph.block();
  const payment = graph.tx([graph.out(paid, 0)], [['vendor', 49_000]]);
  graph.block();
  graph.tx([graph.out(payment, 0)], [['pool 3', 48_000]]);
  const large = { clusterScriptsMax: 4 };
  const result = await investigateSeeds(graph, ['vendor'], [], { backward: large, forward: large });
  assert.deepEqual(
    result.payments.map(({ origins }) =>
      origins.map(({ reason, txid, vout, hops, path }) => ({
        reason,
        txid,
        vout,
        hops,
        steps: path!.length,
      })),
    ),
    [
      [{ reason: 'large_cluster', txid: graph.flow.txid(direct), vout: 0, hops: 0, steps: 1 }],
      [{ reason: 'large_cluster', txid: graph.flow.txid(paid), vout: 0, hops: 1, steps: 2 }],
    ],
  );
  const pool = result.payers.find(({ mayBeService }) => mayBeService)!;
  assert.equal(pool.addressCount, 5);
  assert.equal(result.payers.length, 2);
  assert.deepEqual(
    result.largeClusters!.map(({ direction, totalSats, outputs, addressCount }) => ({
      direction,
      totalSats,
      outputs,
      addressCount,
    })),
    [
      { direction: 'in', totalSats: 48_000n, outputs: 1, addressCount: 5 },
      { direction: 'out', totalSats: 79_000n, outputs: 2, addressCount: 5 },
    ],
  );
});

test('a service that gathers its coins before it pays out: the next outputs are named too', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['harbour hot', 100_000], ['harbour 2', 100_000]);
  graph.block();
  const gathered = graph.tx(
    [coins['harbour hot']!, coins['harbour 2']!],
    [['unknown hot', 199_000]],
  );
  graph.block();
  const payment = graph.tx(
    [graph.out(gathered, 0)],
    [
      ['vendor', 40_000],
      ['unknown change', 158_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  const [origin] = result.payments[0]!.origins;
  assert.equal(origin!.txid, graph.flow.txid(gathered));
  assert.equal(origin!.mayBeOwnMove, true);
  assert.deepEqual(origin!.path, [
    `${graph.flow.txid(gathered)}:0`,
    `${graph.flow.txid(payment)}:0`,
  ]);
  assert.ok(result.unresolved.some(({ what }) => what.includes('moved its own money')));
});

test('a monthly payer has a cadence', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 1_000_000]);
  let coin = coins['payer']!;
  for (let month = 0; month < 5; month += 1) {
    graph.block({ time: 1_610_000_000 + month * 30 * 86_400 });
    const tx = graph.tx(
      [coin],
      [
        ['vendor', 50_000],
        ['payer', 900_000 - month * 60_000],
      ],
    );
    coin = graph.out(tx, 1);
  }
  const result = await investigateSeeds(graph, ['vendor']);
  assert.deepEqual(result.payers[0]!.cadence, { medianDays: 30, payments: 5 });
});
