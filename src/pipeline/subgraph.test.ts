/**
 * The oracle of the subgraph: a whole local ledger. What is asked of it through a `LedgerReader`, a bit at a time, must
 * give the same traces and the same investigation as the whole does, wherever the same is known of services, mixes and clusters.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { importTags } from '../attribution/import-tags.ts';
import { type Attributions, matchTags } from '../attribution/match.ts';
import { loadTagIndex } from '../attribution/tag-index.ts';
import { bytesToHex, displayToHash } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import type { NetworkName } from '../chain/network.ts';
import { type ClusterRun, runClustering } from '../cluster/cluster-run.ts';
import { scriptName } from '../cluster/script-name.ts';
import { ClewError } from '../errors.ts';
import { parseSeeds } from '../intake/seeds.ts';
import { readHistory, summariseScripts } from '../ledger/address-facts.ts';
import { type FlowIndex, TX_FLAG } from '../ledger/flow-index.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { PartialFlow } from '../ledger/partial-flow.ts';
import { FlowReader } from '../ledger/read/flow-reader.ts';
import type { LedgerReader } from '../ledger/read/ledger-reader.ts';
import { resolveAddresses } from '../ledger/script-lookup.ts';
import { getOutputIndex } from '../ledger/transaction-facts.ts';
import { COIN_SCENARIOS, writeCoinScenario } from '../simulate/coin-scenario.ts';
import { writeScenarioChain } from '../simulate/scenario-chain.ts';
import { simulate } from '../simulate/simulate.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { openStore } from '../store/open-store.ts';
import { investigate } from '../trace/investigate.ts';
import type { Investigation, SeedPlace, TraceLimits } from '../trace/investigation.ts';
import { ledgerOracle } from '../trace/ledger-oracle.ts';
import type { AttributionView, ClusterView } from '../trace/seed-set.ts';
import { NO_LIMITS, traceBackward, traceForward } from '../trace/trace.ts';
import { outputsOfScripts } from '../trace/trace-sources.ts';
import { type TraceView, traceView } from '../trace/trace-view.ts';
import { NONE, type ScriptHex, type ScriptId, type Txid } from '../units/ids.ts';
import { asOf } from './as-of.ts';
import { indexBlocks } from './index-blocks.ts';
import { placeSeeds, readInput } from './investigate-seeds.ts';
import { Subgraph, type SubgraphOptions } from './subgraph.ts';

const folder = temporaryFolder('subgraph');

interface Whole {
  readonly ledger: Ledger;
  readonly source: BlockSource;
  readonly reader: LedgerReader;
  readonly flow: FlowIndex;
  readonly run: ClusterRun;
  readonly attributions: Attributions;
}

let scenarios: Whole;
let economy: Whole;

async function index(
  blocks: string,
  place: string,
  { tags, ...options }: { readonly tags?: string; readonly network?: NetworkName } = {},
): Promise<Whole> {
  const source = await openBlockSource(blocks, options);
  const ledger = await Ledger.open(place, source.network);
  await indexBlocks(ledger, source);
  const flow = await ledger.openFlow();
  const run = runClustering(flow);
  const store = await openStore(join(folder, `${place.split('/').at(-1)}.sqlite`));
  const network = source.network.name;
  if (tags !== undefined)
    await importTags([tags], store, { network, importedAtSeconds: 1_700_000_000 });
  const attributions = await matchTags(
    await loadTagIndex(store, network),
    async (addresses) => resolveAddresses(flow, addresses),
    (script) => run.rootOf(script),
  );
  await store.close();
  return { ledger, source, flow, run, attributions, reader: new FlowReader(ledger) };
}

/** The engine allows one open ledger in a process. */
async function close({ ledger, source }: Whole): Promise<void> {
  source.close();
  await ledger.close();
}

/** A reader that counts what it is asked. */
function counting(reader: LedgerReader): { reader: LedgerReader; counts: Record<string, number> } {
  const counts: Record<string, number> = { calls: 0, transactions: 0, histories: 0 };
  const counted = new Proxy(reader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        counts.calls! += 1;
        const key = String(name);
        if (Array.isArray(given[0])) counts[key] = (counts[key] ?? 0) + given[0].length;
        return value.apply(target, given);
      };
    },
  });
  return { reader: counted, counts };
}

async function open(whole: Whole, options: SubgraphOptions = {}, height?: number) {
  const { reader, counts } = counting(whole.reader);
  return { graph: await Subgraph.open({ reader, server: 'here' }, options, height), counts };
}

/** What the whole ledger knows, asked with the rows of a part of it. */
class Translated {
  readonly whole: Whole;
  readonly part: PartialFlow;
  /** Roots are rows of the whole ledger above all rows of the part. */
  static readonly ROOTS = 1e9;

  constructor(whole: Whole, part: PartialFlow) {
    this.whole = whole;
    this.part = part;
  }

  script(row: number): ScriptId {
    const name = this.part.scripts.read(row);
    return findScript(this.whole.flow, name) as ScriptId;
  }

  scriptBack(row: number): ScriptId {
    const hex = bytesToHex(this.whole.flow.scripts.read(row)) as ScriptHex;
    return this.part.scriptRow(hex) as ScriptId;
  }

  tx(row: number): number {
    return this.whole.flow.findTx(displayToHash(this.part.txid(row)), 0);
  }

  get run(): ClusterView {
    const { run } = this.whole;
    const root = (row: number): ScriptId =>
      row >= Translated.ROOTS
        ? ((row - Translated.ROOTS) as ScriptId)
        : run.rootOf(this.script(row));
    return {
      rootOf: (row) => (root(row) + Translated.ROOTS) as ScriptId,
      clusterId: (row) => run.clusterId(root(row)),
      size: (row) => run.size(root(row)),
      members: (row, { after }) =>
        after !== undefined
          ? []
          : run
              .members(root(row), { limit: 9_999 })
              .map((script) => this.scriptBack(script))
              .filter((script) => script !== NONE),
      why: (a, b) =>
        run.why(this.script(a), this.script(b))?.map((link) => ({
          ...link,
          scriptA: this.scriptBack(link.scriptA),
          scriptB: this.scriptBack(link.scriptB),
          txIndex: this.part.txRow(this.whole.flow.txid(link.txIndex)) as never,
        })),
      stopVerdict: (row) => run.stopVerdict(this.tx(row)),
    };
  }

  get attributions(): AttributionView {
    const { attributions } = this.whole;
    return {
      serviceOfScript: (row) => attributions.serviceOfScript(this.script(row)),
      tagsOfCluster: (row) => attributions.tagsOfCluster((row - Translated.ROOTS) as ScriptId),
    };
  }
}

function findScript(flow: FlowIndex, bytes: Uint8Array): number {
  return rowsOf(flow).get(bytesToHex(bytes))!;
}

const scriptRows = new WeakMap<FlowIndex, Map<string, number>>();
function rowsOf(flow: FlowIndex): Map<string, number> {
  let rows = scriptRows.get(flow);
  if (rows === undefined) {
    rows = new Map();
    for (let row = 0; row < flow.scriptCount; row += 1) {
      rows.set(bytesToHex(flow.scripts.read(row)), row);
    }
    scriptRows.set(flow, rows);
  }
  return rows;
}

interface TraceQuestion {
  readonly outpoint: { readonly txid: Txid; readonly vout: number };
  readonly direction: 'forward' | 'backward';
  readonly method: 'fifo' | 'haircut';
  readonly limits: TraceLimits;
}

function traceOn(
  flow: FlowIndex,
  run: ClusterView,
  attributions: AttributionView,
  { outpoint, direction, method, limits }: TraceQuestion,
): TraceView {
  const outputIndex = getOutputIndex(flow, outpoint.txid, outpoint.vout);
  const sources = [{ outputIndex, label: 'source' }];
  const options = { method, limits, oracle: ledgerOracle(run, attributions) };
  const trace = direction === 'forward' ? traceForward : traceBackward;
  const derivation = {
    clewVersion: '',
    network: flow.network.name,
    tip: { height: 0, hash: '' },
    runId: '',
    rules: [],
    tagsDigest: null,
  };
  return traceView(flow, trace(flow, sources, options), {
    sources,
    options,
    asOfHeight: 0,
    derivation,
  });
}

async function compareTrace(whole: Whole, question: TraceQuestion): Promise<void> {
  const { graph } = await open(whole);
  const text = JSON.stringify(question);
  const found = await graph.answer({ txids: [question.outpoint.txid] }, async () => {
    const { run, attributions } = new Translated(whole, graph.flow);
    return traceOn(graph.flow, run, attributions, question);
  });
  assert.deepEqual(found, traceOn(whole.flow, whole.run, whole.attributions, question), text);
  assert.equal(graph.facts().isWhole, true, text);
  assert.ok(graph.flow.txCount <= whole.flow.txCount);
  graph.close();
}

describe('on the scenario chain', () => {
  before(async () => {
    writeScenarioChain(join(folder, 'scenario-blocks'));
    scenarios = await index(join(folder, 'scenario-blocks'), join(folder, 'scenario'));
  });
  after(() => close(scenarios));

  test('traces from every tenth output of the scenario chain are those of the whole ledger', async () => {
    const { flow } = scenarios;
    for (let output = 0; output < flow.outputCount; output += 10) {
      const tx = flow.outputTx.at(output);
      const outpoint = { txid: flow.txid(tx), vout: output - flow.txFirstOutput.at(tx) };
      const direction = output % 20 === 0 ? 'forward' : 'backward';
      const method = output % 40 < 20 ? 'fifo' : 'haircut';
      const limits = { ...NO_LIMITS, depth: 12 };
      await compareTrace(scenarios, { outpoint, direction, method, limits });
    }
  });
});

for (const name of COIN_SCENARIOS) {
  test(`on the scenario chain of ${name}`, async () => {
    const place = join(folder, name);
    const { network } = writeCoinScenario(join(place, 'blocks'), name);
    const coin = await index(join(place, 'blocks'), join(place, name), { network: network.name });
    try {
      const { flow } = coin;
      const limits = { ...NO_LIMITS, depth: 12 };
      for (let tx = 0; tx < flow.txCount; tx += 1) {
        const isCoinbase = (flow.txFlags.at(tx) & TX_FLAG.coinbase) !== 0;
        if (isCoinbase && tx % 20 > 0) continue;
        if (flow.txFirstOutput.at(tx + 1) === flow.txFirstOutput.at(tx)) continue;
        const outpoint = { txid: flow.txid(tx), vout: 0 };
        const direction = tx % 2 === 0 ? 'forward' : 'backward';
        await compareTrace(coin, { outpoint, direction, method: 'fifo', limits });
      }
    } finally {
      await close(coin);
    }
  });
}

describe('in a simulated economy', () => {
  before(async () => {
    await simulate({ outDir: join(folder, 'economy'), transactions: 4_000, seed: 'subgraph' });
    economy = await index(join(folder, 'economy', 'blocks'), join(folder, 'ledger'), {
      tags: join(folder, 'economy', 'tags.yaml'),
    });
  });
  after(() => close(economy));

  test('traces in an economy, with limits of every kind, are those of the whole ledger', async () => {
    const { flow } = economy;
    for (let round = 0; round < 40; round += 1) {
      const seed = `trace-${round}`;
      const random = seededRandom(seed);
      const tx = random.int(flow.txCount >> 3, flow.txCount - 1);
      const outputs = flow.txFirstOutput.at(tx + 1) - flow.txFirstOutput.at(tx);
      const limits = {
        depth: random.int(0, 6),
        transactionsMax: random.chance(0.8) ? 1e6 : random.int(1, 20),
        valueMinSats: random.chance(0.5) ? 0 : 20_000,
        ...(random.chance(0.3) ? { clusterScriptsMax: random.int(5, 100) } : {}),
        ...(random.chance(0.3) ? { fromSeconds: flow.blockTime.at(flow.blockCount >> 1) } : {}),
        ...(random.chance(0.3) ? { toSeconds: flow.blockTime.at(flow.blockCount - 40) } : {}),
      };
      await compareTrace(economy, {
        outpoint: { txid: flow.txid(tx), vout: random.int(0, outputs - 1) },
        direction: random.chance(0.5) ? 'forward' : 'backward',
        method: random.chance(0.5) ? 'fifo' : 'haircut',
        limits,
      });
    }
  });

  /** Rows are those of one flow index: all that is named by them is left out. */
  function withoutRows(investigation: Investigation): unknown {
    const names = ({ scripts, outputs, ...seed }: SeedPlace) => ({
      ...seed,
      scripts: scripts.length,
      outputs: outputs.length,
    });
    return {
      ...investigation,
      seeds: investigation.seeds.map(names),
      notSeen: investigation.notSeen.map(names),
    };
  }

  test('the investigation of an economy is that of the whole ledger', async () => {
    const seeds = parseSeeds(
      readInput(join(folder, 'economy', 'seeds.csv')).bytes,
      economy.source.network,
      { siteKey: new Uint8Array(32) },
    ).seeds;
    const placed = (flow: FlowIndex) => placeSeeds(flow, seeds, asOf(flow));
    const wanted = investigate(
      economy.flow,
      economy.run,
      economy.attributions,
      await placed(economy.flow),
    );
    const { graph, counts } = await open(economy);
    const named = {
      addresses: seeds.flatMap(({ address }) => (address === undefined ? [] : [address])),
      txids: seeds.flatMap(({ txid }) => (txid === undefined ? [] : [txid])),
    };
    let asked = 0;
    const found = await graph.answer(named, async () => {
      asked += 1;
      const { run, attributions } = new Translated(economy, graph.flow);
      return investigate(graph.flow, run, attributions, await placed(graph.flow));
    });
    assert.deepEqual(withoutRows(found), withoutRows(wanted));
    assert.ok(
      found.payments.length > 10 && found.cashOuts.length > 0,
      'there is something to find',
    );
    assert.equal(graph.facts().isWhole, true);
    // Set-shaped: as many rounds as the ways are deep, not as there are places.
    assert.ok(asked < 40, `${asked} rounds`);
    assert.ok(counts.calls! < counts.transactions! / 5, JSON.stringify(counts));
    assert.ok(graph.flow.txCount < economy.flow.txCount * 0.8, 'only a part was fetched');

    // The seeds' clusters, by the clustering of what was fetched alone.
    const run = runClustering(graph.flow);
    for (const seed of found.seeds) {
      for (const script of seed.scripts) {
        const of = (flow: FlowIndex, from: ClusterRun, row: number): string[] =>
          from
            .members(from.rootOf(row), { limit: 9_999 })
            .map((member) => scriptName(flow, member))
            .sort();
        const inWhole = rowsOf(economy.flow).get(bytesToHex(graph.flow.scripts.read(script)))!;
        if (economy.attributions.serviceOfScript(inWhole as ScriptId) !== undefined) continue;
        assert.deepEqual(of(graph.flow, run, script), of(economy.flow, economy.run, inWhole));
      }
    }
    graph.close();
  });

  test('a budget ends the fetching: the answer says so and its sums still add up', async () => {
    const { flow } = economy;
    const askOf = (tx: number): TraceQuestion => ({
      outpoint: { txid: flow.txid(tx), vout: 0 },
      direction: 'forward',
      method: 'haircut',
      limits: { ...NO_LIMITS, depth: 10 },
    });
    const isLong = (tx: number): boolean =>
      traceOn(flow, economy.run, economy.attributions, askOf(tx)).transactionsVisited > 20;
    let tx = flow.txCount >> 3;
    while (!isLong(tx)) tx += 1;
    const question = askOf(tx);
    const { graph } = await open(economy, { limits: { requestsMax: 3 } });
    const found = await graph.answer({ txids: [question.outpoint.txid] }, async () => {
      const { run, attributions } = new Translated(economy, graph.flow);
      return traceOn(graph.flow, run, attributions, question);
    });
    const facts = graph.facts();
    assert.equal(facts.isWhole, false);
    assert.deepEqual(facts.limitsHit, ['requests']);
    assert.ok(found.stops.some(({ reason }) => reason === 'not_fetched'));
    const ended = found.stops.reduce((sum, { totalSats }) => sum + BigInt(totalSats), 0n);
    assert.equal(ended.toString(), found.tracedSats);
    graph.close();
  });

  test('an address with more transactions than the limit is named, and its newest ones are there', async () => {
    const { flow } = economy;
    const counts = Array.from({ length: flow.scriptCount }, (_, script) =>
      summariseScripts(flow, [script as ScriptId]),
    ).map(({ transactions }) => transactions);
    const script = counts.findIndex((count) => count > 60);
    const name = scriptName(flow, script);
    const { graph } = await open(economy, { limits: { addressTransactionsMax: 50 } });
    const found = await graph.answer({ addresses: [name] }, async () => graph.flow.txCount);
    assert.equal(found, 50);
    const { isWhole, limitsHit, notExpanded } = graph.facts();
    assert.deepEqual(
      { isWhole, limitsHit, notExpanded },
      {
        isWhole: false,
        limitsHit: ['address_transactions'],
        notExpanded: [{ name, transactions: counts[script]! }],
      },
    );
    const newest = readHistory(flow, [script as ScriptId], { limit: 50 }).entries;
    for (const { txid } of newest) assert.notEqual(graph.flow.txRow(txid), NONE);
    graph.close();
  });

  test('as of an earlier block, later spends are not there', async () => {
    const { flow } = economy;
    const height = flow.blockHeight.at(flow.blockCount >> 1);
    const { graph } = await open(economy, {}, height);
    const script = flow.outputScript.at(flow.txFirstOutput.at(flow.txCount >> 2));
    const address = scriptName(flow, script);
    await graph.answer({ addresses: [address] }, async () => {
      const part = graph.flow;
      const row = resolveAddresses(part, [address]).get(address)![0]!;
      const outputs = outputsOfScripts(part, [row], part.txCount);
      const wanted = outputsOfScripts(flow, [script], flow.txEndAtHeight(height));
      assert.deepEqual(
        outputs.map((output) => part.outpoint(output)),
        wanted.map((output) => flow.outpoint(output)),
      );
      for (const tx of outputs.map((output) => part.outputTx.at(output))) {
        assert.ok(part.txHeight(tx) <= height);
      }
    });
    assert.equal(graph.facts().asOf.height, height);
    graph.close();
    await assert.rejects(open(economy, {}, flow.blockHeight.at(flow.blockCount - 1) + 1), {
      code: 'CLEW_AS_OF',
    });
  });

  test('when the block that all is as of leaves the chain meanwhile, all is asked again', async () => {
    const { flow, reader } = economy;
    const txid = flow.txid(flow.txCount >> 2);
    const tip = (await reader.tip())!;
    let tips = 0;
    const moving = new Proxy(reader, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'tip') return value.bind(target);
        return async () => {
          tips += 1;
          return tips === 1 ? { ...tip, hash: 'f'.repeat(64) } : tip;
        };
      },
    });
    const graph = await Subgraph.open({ reader: moving, server: 'moving' });
    let asked = 0;
    const row = await graph.answer({ txids: [txid] }, async () => {
      asked += 1;
      return graph.flow.txRow(txid);
    });
    assert.deepEqual([asked, tips, graph.flow.txid(row)], [2, 2, txid]);
    assert.equal(graph.facts().asOf.hash, tip.hash);
    graph.close();
  });

  test('a server whose facts contradict each other is found out', async () => {
    const { flow, reader } = economy;
    const tx = flow.txCount >> 2;
    const liar = new Proxy(reader, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'transactions') return value.bind(target);
        return async (...given: Parameters<LedgerReader['transactions']>) => {
          const answers = await target.transactions(...given);
          // Each output is said to be spent by the transaction itself.
          return answers.map((answer) => ({
            ...answer!,
            outputs: answer!.outputs.map((output) => ({
              ...output,
              status: 'spent' as const,
              spentBy: { txid: answer!.txid, vin: 0, height: answer!.place.height },
            })),
          }));
        };
      },
    });
    const graph = await Subgraph.open({ reader: liar, server: 'liar' });
    const question: TraceQuestion = {
      outpoint: { txid: flow.txid(tx), vout: 0 },
      direction: 'forward',
      method: 'fifo',
      limits: NO_LIMITS,
    };
    await assert.rejects(
      graph.answer({ txids: [question.outpoint.txid] }, async () => {
        const { run, attributions } = new Translated(economy, graph.flow);
        return traceOn(graph.flow, run, attributions, question);
      }),
      (error) => error instanceof ClewError && error.code === 'CLEW_REMOTE_LIE',
    );
    graph.close();
  });
});
