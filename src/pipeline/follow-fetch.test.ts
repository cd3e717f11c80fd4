import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { NodeHeader } from '../source/node-client.ts';
import { FetchAhead } from './follow-fetch.ts';

const headersOf = (count: number): NodeHeader[] =>
  Array.from({ length: count }, (_, height) => ({
    height,
    hash: `${height}`,
    prevHash: '',
    timeSeconds: 0,
    bits: 0,
  }));

/** A node of blocks with these sizes, which counts what is on its way or was not taken yet. */
function nodeOf(sizeOf: (height: number) => number) {
  const state = {
    requests: 0,
    groups: [] as number[],
    ahead: 0,
    most: 0,
    atOnce: 0,
    mostAtOnce: 0,
  };
  return {
    state,
    async fetchBlocks(hashes: readonly string[], signal?: AbortSignal): Promise<Uint8Array[]> {
      state.requests += 1;
      state.atOnce += 1;
      state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce);
      state.groups.push(hashes.length);
      // Later requests may be answered first.
      for (let n = 0; n < 5 - (state.requests % 4); n += 1) await turn();
      signal?.throwIfAborted();
      const blocks = hashes.map((hash) => new Uint8Array(sizeOf(Number(hash))));
      state.ahead += blocks.reduce((sum, { length }) => sum + length, 0);
      state.most = Math.max(state.most, state.ahead);
      state.atOnce -= 1;
      return blocks;
    },
  };
}

test('blocks come in order, few at once when they are large, many when they are small', async () => {
  for (const [size, count] of [
    [1_500_000, 40],
    [300, 3_000],
  ] as const) {
    const node = nodeOf(() => size);
    const heights: number[] = [];
    for await (const { height, bytes } of new FetchAhead(node).fetch(headersOf(count))) {
      heights.push(height);
      node.state.ahead -= bytes.length;
    }
    assert.deepEqual(
      heights,
      headersOf(count).map(({ height }) => height),
    );
    assert.equal(node.state.mostAtOnce, 4);
    assert.equal(Math.max(...node.state.groups), size > 1_000 ? 2 : 100);
  }
});

test('bytes ahead stay below the bound, also when blocks grow', async () => {
  const bytesMax = 8_000_000;
  const node = nodeOf((height) => (height < 500 ? 1_000 : 1_000_000));
  for await (const { bytes } of new FetchAhead(node, bytesMax).fetch(headersOf(600))) {
    node.state.ahead -= bytes.length;
  }
  // What was on its way when they began to grow was asked for as small ones.
  assert.ok(node.state.most < 400_000_000, `${node.state.most}`);
  const large = nodeOf(() => 1_000_000);
  const fetch = new FetchAhead(large, bytesMax);
  for await (const { bytes } of fetch.fetch(headersOf(100))) large.state.ahead -= bytes.length;
  assert.ok(large.state.most <= bytesMax, `${large.state.most}`);
});

test('a failure is told where its block would come, and what is under way is stopped', async () => {
  const node = nodeOf(() => 1_500_000);
  const failing = {
    fetchBlocks: (hashes: readonly string[], signal?: AbortSignal) =>
      hashes.includes('5')
        ? Promise.reject(new Error('no block 5'))
        : node.fetchBlocks(hashes, signal),
  };
  const heights: number[] = [];
  await assert.rejects(async () => {
    for await (const { height } of new FetchAhead(failing).fetch(headersOf(20)))
      heights.push(height);
  }, /no block 5/);
  assert.ok(heights.length >= 4 && heights.length <= 5);
  for await (const _ of new FetchAhead(node).fetch(headersOf(20))) break;
  const { requests } = node.state;
  await turn();
  assert.ok(node.state.requests === requests && requests < 20);
});

test('once it is to end, nothing more is asked for', async () => {
  const node = nodeOf(() => 1_500_000);
  let isEnding = false;
  const heights: number[] = [];
  for await (const { height } of new FetchAhead(node).fetch(
    headersOf(50),
    undefined,
    () => isEnding,
  )) {
    heights.push(height);
    isEnding = height >= 3;
  }
  assert.deepEqual(
    heights,
    headersOf(heights.length).map(({ height }) => height),
  );
  assert.ok(heights.length >= 4 && heights.length < 20, `${heights.length}`);
});
