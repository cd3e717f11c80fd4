import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { NONE } from '../units/ids.ts';
import { LinkBuffer, type LinkColumns } from './link-columns.ts';
import { LinkGraph } from './link-graph.ts';

type Pair = readonly [number, number];

function columnsOf(pairs: readonly Pair[]): LinkColumns {
  const buffer = new LinkBuffer();
  pairs.forEach(([a, b], tx) => {
    buffer.push(tx, 0, a, b, NONE, NONE);
  });
  return buffer.finish();
}

/** Distances from a script by trying all links again and again. */
function distances(count: number, pairs: readonly Pair[], from: number): number[] {
  const distance = new Array<number>(count).fill(Number.POSITIVE_INFINITY);
  distance[from] = 0;
  for (let round = 0; round < count; round += 1) {
    for (const [a, b] of pairs) {
      distance[a] = Math.min(distance[a]!, distance[b]! + 1);
      distance[b] = Math.min(distance[b]!, distance[a]! + 1);
    }
  }
  return distance;
}

function randomPairs(random: ReturnType<typeof seededRandom>, count: number): Pair[] {
  const pairs: Pair[] = [];
  for (let i = random.int(0, 2 * count); i > 0; i -= 1) {
    const a = random.int(0, count - 1);
    const b = random.int(0, count - 1);
    if (a !== b) pairs.push([a, b]);
  }
  return pairs;
}

test('paths are as short as trying everything says, connected, and the same from both ends', () => {
  for (let round = 0; round < 120; round += 1) {
    const random = seededRandom(`paths ${round}`);
    const count = random.int(2, 25);
    const pairs = randomPairs(random, count);
    const txEnd = random.chance(0.3) ? random.int(0, pairs.length) : pairs.length;
    const graph = new LinkGraph(columnsOf(pairs), count);
    const known = pairs.slice(0, txEnd);
    for (let from = 0; from < count; from += 1) {
      const expected = distances(count, known, from);
      for (let to = 0; to < count; to += 1) {
        const note = `seed ${random.seed}, ${from} to ${to}`;
        const path = graph.shortestPath(from, to, txEnd);
        assert.equal(path?.length ?? Number.POSITIVE_INFINITY, expected[to], note);
        if (path === undefined) continue;
        let at = from;
        for (const link of path) {
          assert.ok(link < txEnd, note);
          const [a, b] = pairs[link]!;
          assert.ok(a === at || b === at, note);
          at = a === at ? b : a;
        }
        assert.equal(at, to, note);
        assert.deepEqual(graph.shortestPath(to, from, txEnd), [...path].reverse(), note);
      }
    }
  }
});

test('of equally short chains the earlier links are taken', () => {
  const graph = new LinkGraph(
    columnsOf([
      [1, 3],
      [0, 2],
      [0, 1],
      [2, 3],
      [0, 1],
    ]),
    4,
  );
  assert.deepEqual(graph.shortestPath(0, 3, 5), [1, 3]);
  assert.deepEqual(
    graph.shortestPath(0, 1, 5),
    [2],
    'of two links between the same scripts the first',
  );
});

test('bridges are the links whose removal splits the cluster, with what they split off', () => {
  let bridges = 0;
  for (let round = 0; round < 150; round += 1) {
    const random = seededRandom(`bridges ${round}`);
    const count = random.int(2, 18);
    const pairs = randomPairs(random, count);
    const graph = new LinkGraph(columnsOf(pairs), count);
    for (let root = 0; root < count; root += 1) {
      const inCluster = distances(count, pairs, root).map(Number.isFinite);
      const size = inCluster.filter(Boolean).length;
      const expected: { linkIndex: number; splitsOff: number }[] = [];
      pairs.forEach(([a], link) => {
        if (!inCluster[a]) return;
        const rest = pairs.filter((_, other) => other !== link);
        const side = distances(count, rest, a).filter(Number.isFinite).length;
        if (side < size) expected.push({ linkIndex: link, splitsOff: Math.min(side, size - side) });
      });
      assert.deepEqual(graph.bridges(root), expected, `seed ${random.seed}, root ${root}`);
      bridges += expected.length;
    }
  }
  assert.ok(bridges > 500, 'bridges occur');
});

test('a chain of 200,000 links does not exhaust the stack', () => {
  const count = 200_001;
  const pairs = Array.from({ length: count - 1 }, (_, i) => [i, i + 1] as const);
  const graph = new LinkGraph(columnsOf(pairs), count);
  const bridges = graph.bridges(0);
  assert.equal(bridges.length, count - 1);
  assert.equal(bridges[100_000]!.splitsOff, 100_000);
  assert.equal(graph.shortestPath(0, count - 1, count)?.length, count - 1);
});

test('links that touch a script come in chain order', () => {
  const graph = new LinkGraph(
    columnsOf([
      [0, 1],
      [1, 2],
      [0, 2],
    ]),
    4,
  );
  assert.deepEqual([...graph.touching(2)], [1, 2]);
  assert.deepEqual([...graph.touching(3)], []);
  assert.deepEqual([...graph.touching(99)], []);
});
