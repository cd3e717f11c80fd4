/** Rows beyond 2^32 change no answer: clusters, traces and investigations of one economy, its rows here and there. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { getNetwork } from '../src/chain/network.ts';
import { readClusterHistory, summariseCluster } from '../src/cluster/cluster-facts.ts';
import { ClusterRun, runClustering } from '../src/cluster/cluster-run.ts';
import { collectActivity } from '../src/cluster/collect-activity.hot.ts';
import { readRun, writeRun } from '../src/cluster/run-store.ts';
import { flowFromBlockFile } from '../src/cluster/test-support/blocks-to-flow.ts';
import { readHistory, summariseScripts } from '../src/ledger/address-facts.ts';
import type { FlowIndex } from '../src/ledger/flow-index.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { investigate } from '../src/trace/investigate.ts';
import type { Investigation, SeedPlace } from '../src/trace/investigation.ts';
import type { StopOracle } from '../src/trace/stop-oracle.ts';
import { NO_LIMITS, traceBackward, traceForward } from '../src/trace/trace.ts';
import type { OutputIndex, ScriptId } from '../src/units/ids.ts';
import { clusterAndTag } from './support/named-services.ts';
import { SHIFTED_BEGIN, shiftedFlow } from './support/shifted-flow.ts';

const SEED = 'shifted 1';
const PAGE = { limit: 30 };
const folder = mkdtempSync(join(tmpdir(), 'clew-shifted-'));
let flow: FlowIndex;
let shifted: FlowIndex;
let run: ClusterRun;
let shiftedRun: ClusterRun;

before(async () => {
  const outDir = join(folder, 'economy');
  await simulate({ outDir, transactions: 3000, seed: SEED });
  const blocks = readdirSync(join(outDir, 'blocks'))
    .filter((name) => name.endsWith('.dat'))
    .sort()
    .map((name) => readFileSync(join(outDir, 'blocks', name)));
  flow = flowFromBlockFile(Buffer.concat(blocks), getNetwork('regtest'));
  shifted = shiftedFlow(flow);
  run = runClustering(flow);
  shiftedRun = runClustering(shifted);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the shifted index says the same, from rows beyond 2^32', () => {
  assert.equal(shifted.txCount, SHIFTED_BEGIN.tx + flow.txCount);
  assert.equal(shifted.inputCount, SHIFTED_BEGIN.input + flow.inputCount);
  assert.equal(shifted.outputCount, SHIFTED_BEGIN.output + flow.outputCount);
  assert.equal(shifted.scriptCount, flow.scriptCount);
  for (let output = 0; output < flow.outputCount; output += 1) {
    assert.equal(shifted.outpoint(SHIFTED_BEGIN.output + output), flow.outpoint(output));
  }
});

test('clusters, the reasons for them and mixes are the same', () => {
  assert.equal(shiftedRun.runId, run.runId);
  assert.deepEqual(shiftedRun.data.roots, run.data.roots);
  assert.deepEqual(shiftedRun.data.countsAsAddress, run.data.countsAsAddress);
  assert.deepEqual(shiftedRun.counts, run.counts);
  const { txIndex, ...links } = shiftedRun.links;
  assert.deepEqual(
    { ...links, txIndex: txIndex.map((tx) => tx - SHIFTED_BEGIN.tx) },
    { ...run.links },
  );
  assert.ok(run.links.txIndex.length > 1000);
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    const verdicts = shiftedRun.verdictsOf(SHIFTED_BEGIN.tx + tx);
    assert.deepEqual(
      verdicts.map((verdict) => ({ ...verdict, txIndex: verdict.txIndex - SHIFTED_BEGIN.tx })),
      run.verdictsOf(tx),
    );
  }
  assert.ok([...run.mixes()].length > 0);
});

test('as of an earlier block, and read back from the disk, a run is the same too', () => {
  const height = flow.blockHeight.at(Math.floor(flow.blockCount / 2));
  const early = runClustering(flow, { txEnd: flow.txEndAtHeight(height) });
  const shiftedEarly = runClustering(shifted, { txEnd: shifted.txEndAtHeight(height) });
  assert.equal(shiftedEarly.runId, early.runId);
  assert.deepEqual(shiftedEarly.data.roots, early.data.roots);

  writeRun(shiftedRun, shifted, join(folder, 'runs'));
  const kept = readRun(shifted, join(folder, 'runs'), shiftedRun.runId);
  assert.deepEqual(kept.links, shiftedRun.links);
  assert.deepEqual(kept.data.verdicts, shiftedRun.data.verdicts);
  assert.deepEqual(kept.data.roots, shiftedRun.data.roots);
  const root = largestRoots(run, 1)[0]!;
  const [a, b] = [run.members(root, { limit: 1 })[0]!, run.members(root, { limit: 1000 }).at(-1)!];
  assert.deepEqual(
    kept.why(a, b)!.map(({ linkIndex }) => linkIndex),
    run.why(a, b)!.map(({ linkIndex }) => linkIndex),
  );
});

test('sums and histories of addresses and clusters are the same, with the same cursors', () => {
  const here = withBusyClusters(flow, run);
  const there = withBusyClusters(shifted, shiftedRun);
  assert.ok(here.activity.root.length > 5);
  for (const root of largestRoots(run, 6)) {
    assert.deepEqual(summariseScripts(shifted, [root]), summariseScripts(flow, [root]));
    assert.deepEqual(readHistory(shifted, [root], PAGE), readHistory(flow, [root], PAGE));
    assert.deepEqual(summariseCluster(shifted, there, root), summariseCluster(flow, here, root));
    let cursor: string | undefined;
    do {
      const page = { ...PAGE, ...(cursor !== undefined && { cursor }) };
      const found = readClusterHistory(flow, here, root, page);
      assert.deepEqual(readClusterHistory(shifted, there, root, page), found);
      cursor = found.nextCursor;
    } while (cursor !== undefined);
  }
});

test('traces end in the same outputs with the same amounts, by the same ways', () => {
  const random = seededRandom(SEED);
  const service = { key: 'x', name: 'x' } as never;
  const roots = new Set(largestRoots(run, 3));
  for (let round = 0; round < 12; round += 1) {
    const outputs = Array.from({ length: 5 }, () => random.int(0, flow.outputCount - 1));
    const limits = random.chance(0.5) ? NO_LIMITS : { ...NO_LIMITS, transactionsMax: 40 };
    const passServices = random.chance(0.5);
    for (const method of ['fifo', 'haircut'] as const) {
      for (const trace of [traceForward, traceBackward]) {
        const [there, here] = [
          { index: shifted, clusters: shiftedRun, begin: SHIFTED_BEGIN.output },
          { index: flow, clusters: run, begin: 0 },
        ].map(({ index, clusters, begin }) => {
          const oracle: StopOracle = {
            serviceOf: (script) => (roots.has(clusters.rootOf(script)) ? service : undefined),
            mixOf: (tx) => (clusters.stopVerdict(tx) === undefined ? undefined : ({} as never)),
          };
          const sources = outputs.map((output, place) => ({
            outputIndex: begin + output,
            label: `label ${place % 2}`,
          }));
          const result = trace(index, sources, { method, limits, oracle, passServices });
          return {
            leaves: Array.from(result.leaves(), (leaf) => ({
              ...leaf,
              outputIndex: index.outpoint(leaf.outputIndex),
              towardsSource: leaf.hops === 0 ? '' : index.outpoint(leaf.towardsSource),
              way: result.pathOutputs(leaf.record).map((output) => index.outpoint(output)),
              byLabel: result.amountsByLabel(leaf.record),
            })),
            sums: result.stopSums(),
            visited: result.visitedTransactions,
            fees: result.feeSats,
          };
        });
        assert.ok(here!.leaves.length > 0);
        assert.deepEqual(there, here, `replay with seed ${SEED}, round ${round}`);
      }
    }
  }
});

test('payers, cash-outs and all else of an investigation are the same', async () => {
  const services = largestRoots(run, 4);
  const seeds = [...services.slice(2).map(Number), ...largestRoots(run, 12).slice(8).map(Number)];
  const outputs = [3, Math.floor(flow.outputCount / 2)];
  const look = async (index: FlowIndex, begin: number): Promise<Investigation> => {
    const graph = { flow: index, script: (name: string) => Number(name) } as never;
    const named = services.slice(0, 2).map((root, place) => ({
      name: `Service ${place}`,
      category: 'exchange' as const,
      script: String(root),
    }));
    const { run: clusters, attributions } = await clusterAndTag(graph, named, index.txCount);
    const places: SeedPlace[] = [
      ...seeds.map((script, line) => ({
        seed: clusters.clusterId(script),
        kind: 'address' as const,
        scripts: [script as ScriptId],
        outputs: [],
        lines: [line + 2],
      })),
      ...outputs.map((output, line) => ({
        seed: index.outpoint(begin + output),
        kind: 'output' as const,
        scripts: [],
        outputs: [(begin + output) as OutputIndex],
        lines: [line + 50],
      })),
    ];
    const found = investigate(index, clusters, attributions, places, {
      forward: { valueMinSats: 0 },
    });
    // A result says which seeds it was given, and these were given as rows.
    const plain = (given: readonly SeedPlace[]): SeedPlace[] =>
      given.map((seed) => ({ ...seed, outputs: seed.outputs.map((at) => (at - begin) as never) }));
    return { ...found, seeds: plain(found.seeds), notSeen: plain(found.notSeen) };
  };
  const here = await look(flow, 0);
  const there = await look(shifted, SHIFTED_BEGIN.output);
  assert.ok(here.payments.length > 5 && here.payers.length > 2 && here.cashOuts.length > 0);
  assert.ok(here.unspent.length > 0);
  assert.deepEqual(there, here);
});

/** The run with clusters of few events counted as busy, as this economy has none of many. */
function withBusyClusters(index: FlowIndex, { data }: ClusterRun): ClusterRun {
  const { roots, countsAsAddress, txEnd } = data;
  return new ClusterRun(index, data, collectActivity(index, roots, countsAsAddress, txEnd, 20));
}

/** Roots of the clusters with the most scripts. */
function largestRoots(clusters: ClusterRun, count: number): ScriptId[] {
  const roots = [...new Set(clusters.data.roots)] as ScriptId[];
  return roots
    .sort((a, b) => clusters.size(b).scripts - clusters.size(a).scripts || a - b)
    .slice(0, count);
}
