/**
 * The scenario chain in a ledger: every oddity of the chain that has a name there, the whole against a slow ledger, and
 * the same ledger however the blocks came.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  compareAddresses,
  compareCounters,
  compareHistoryRows,
  compareTables,
  compareTransactions,
  tableDigests,
} from '../../test/support/compare-ledger.ts';
import { flowColumns } from '../../test/support/flow-columns.ts';
import { blocksTo, naiveLedgerOf, onlyBlocks, withBlocks } from '../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { runClustering } from '../cluster/cluster-run.ts';
import { summariseScripts } from '../ledger/address-facts.ts';
import { findBlockHash } from '../ledger/block-directory.ts';
import { Ledger } from '../ledger/ledger.ts';
import { resolveAddress } from '../ledger/script-lookup.ts';
import { readTransaction } from '../ledger/transaction-facts.ts';
import { type ScenarioChain, writeScenarioChain } from '../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { indexBlocks } from './index-blocks.ts';

const folder = temporaryFolder('scenario');
let chain: ScenarioChain;
let source: BlockSource;
/** One ledger for all tests: each leaves the whole chain in it. */
let ledger: Ledger;
let whole: Awaited<ReturnType<typeof stateOf>>;

async function stateOf(of: Ledger) {
  return {
    tip: of.tip?.hash,
    counters: of.counters,
    tables: await tableDigests(of),
    flow: flowColumns(await of.openFlow()),
  };
}

before(async () => {
  chain = writeScenarioChain(join(folder, 'blocks'));
  source = await openBlockSource(join(folder, 'blocks'));
  ledger = await Ledger.open(join(folder, 'ledger'), source.network);
  await indexBlocks(ledger, source);
  whole = await stateOf(ledger);
});

after(() => ledger.close());

/** The scenario of a name. */
function scenario(name: string) {
  const found = chain.scenarios[name];
  assert.ok(found, name);
  return found;
}

test('the whole scenario chain equals a slow ledger: counters, every history, every transaction', async () => {
  const naive = naiveLedgerOf(source);
  assert.equal(ledger.tip?.hash, chain.blocks.at(-1)!.hash);
  await compareCounters(ledger, naive);
  await compareTables(ledger, source);
  await compareHistoryRows(ledger, naive);
  const txids = Object.values(chain.scenarios).flatMap((each) => each.txids);
  await compareTransactions(ledger, naive, { every: 9, named: txids });
  const { addresses } = scenario('sameKeyP2pk');
  await compareAddresses(ledger, naive, { every: 9, named: addresses });
  const scripts = resolveAddress(await ledger.openFlow(), addresses[0]!);
  assert.equal(scripts.length, 2, 'a bare key and its P2PKH form are one address');
});

test('a coinbase whose id comes twice: the first output is gone, the second counts', async () => {
  const { txids, addresses } = scenario('duplicateCoinbase');
  assert.equal(txids[0], txids[1]);
  const flow = await ledger.openFlow();
  const facts = await readTransaction(ledger, flow, txids[0]!);
  const [first] = facts.sameIdAtHeights;
  assert.deepEqual(facts.sameIdAtHeights, [facts.height - 2]);
  assert.deepEqual(
    facts.outputs.map(({ status }) => status),
    ['unspent'],
  );
  const scripts = resolveAddress(flow, addresses[0]!);
  const summary = summariseScripts(flow, scripts);
  const paid = BigInt(facts.outputs[0]!.valueSats);
  assert.equal(summary.receivedSats, 2n * paid);
  assert.equal(summary.balanceSats, paid);
  assert.equal(summary.transactions, 2);
  // Before the second came, the first was there and whole.
  const txEnd = flow.txEndAtHeight(facts.height - 1);
  const earlier = await readTransaction(ledger, flow, txids[0]!, { txEnd });
  assert.equal(earlier.height, first);
  assert.deepEqual(earlier.sameIdAtHeights, []);
  assert.equal(earlier.outputs[0]!.status, 'unspent');
  assert.equal(summariseScripts(flow, scripts, txEnd).balanceSats, paid);
  const tooEarly = { txEnd: flow.txEndAtHeight(first! - 1) };
  await assert.rejects(readTransaction(ledger, flow, txids[0]!, tooEarly), {
    code: 'CLEW_TX_NOT_FOUND',
  });
});

test('what can never be spent is told so: the genesis output, data, an oversized script', async () => {
  const flow = await ledger.openFlow();
  const genesis = await readTransaction(ledger, flow, flow.txid(0));
  assert.deepEqual(
    genesis.outputs.map(({ status, valueSats }) => [status, valueSats]),
    [['unspendable', 5_000_000_000]],
  );
  for (const name of ['opReturn', 'oversizedScript']) {
    const { txids } = scenario(name);
    const facts = await readTransaction(ledger, flow, txids[0]!);
    const data = facts.outputs.filter(({ status }) => status === 'unspendable');
    assert.ok(data.length > 0, name);
    for (const output of data) assert.equal(output.address, undefined, name);
    if (name === 'oversizedScript') assert.ok(data.some(({ scriptBytes }) => scriptBytes > 10_000));
  }
  const bytes = Array.from({ length: flow.scriptCount }, (_, script) =>
    flow.scripts.lengthOf(script),
  );
  assert.ok(Math.max(...bytes) <= 10_000, 'no oversized script is stored');
});

test('an output spent in the block that made it is spent there', async () => {
  const flow = await ledger.openFlow();
  const [made] = scenario('sameBlockSpend').txids;
  const facts = await readTransaction(ledger, flow, made!);
  assert.ok(facts.outputs.some(({ spentBy }) => spentBy?.height === facts.height));
});

test('the stale branch first, then the better one: as if it had never been there', async () => {
  const [fork] = source.staleBlocks;
  const stale = withBlocks(source, [
    ...source.blocks.filter(({ height }) => height < fork!.height),
    ...source.staleBlocks,
  ]);
  await ledger.clear();
  await indexBlocks(ledger, stale);
  await compareCounters(ledger, naiveLedgerOf(stale));
  assert.deepEqual(ledger.tip?.hash, source.staleBlocks.at(-1)!.hash);
  const result = await indexBlocks(ledger, source);
  assert.equal(result.plan, 'reorganise');
  assert.equal(result.undoneAboveHeight, fork!.height - 1);
  assert.deepEqual(await stateOf(ledger), whole);
  // Offered again, the stale branch changes nothing and is named.
  const again = await indexBlocks(ledger, stale);
  assert.equal(again.plan, 'stale');
  assert.deepEqual(
    again.problems.map(({ code, facts }) => [code, facts['height'], facts['offset']]),
    source.problems.map(({ code, facts }) => [code, facts['height'], facts['offset']]),
  );
  assert.deepEqual(await stateOf(ledger), whole);
});

test('in pieces of any size: the same tables, the same flow index', async () => {
  const random = seededRandom('pieces-1');
  await ledger.clear();
  for (let height = -1; height < source.blocks.length; ) {
    height += random.int(1, 40);
    await indexBlocks(ledger, blocksTo(source, height), { batchRows: random.int(1, 200) });
  }
  assert.deepEqual(await stateOf(ledger), whole, `replay with seed ${random.seed}`);
});

test('with blocks prepared by threads: the same tables, the same flow index', async () => {
  await ledger.clear();
  await indexBlocks(ledger, source, { threads: 2, batchRows: 3_000 });
  assert.deepEqual(await stateOf(ledger), whole);
});

test('undone and loaded again, at random heights: the same tables, the same flow index', async () => {
  const random = seededRandom('undo-1');
  const { height: twice } = await readTransaction(
    ledger,
    await ledger.openFlow(),
    scenario('duplicateCoinbase').txids[0]!,
  );
  // Between the two transactions of the same id, and anywhere.
  for (const height of random.shuffle([twice - 1, random.int(0, 190)])) {
    const message = `above ${height}, replay with seed ${random.seed}`;
    await ledger.undoAbove(height);
    const left = blocksTo(source, height);
    assert.equal(ledger.tip?.height, height < 0 ? undefined : height, message);
    if (height >= 0) await compareCounters(ledger, naiveLedgerOf(left));
    const between = random.int(height + 1, source.blocks.length);
    await indexBlocks(ledger, blocksTo(source, between));
    await indexBlocks(ledger, source);
    assert.deepEqual(await stateOf(ledger), whole, message);
  }
});

test('windows in any order, holes filled below the tip: the same tables, the same flow index', async () => {
  const random = seededRandom('windows-1');
  const pieces = [0, 66, 132].map((from) =>
    onlyBlocks(source, (height) => height >= from && height < from + 66),
  );
  await ledger.clear();
  for (const piece of random.shuffle(pieces)) await indexBlocks(ledger, piece);
  assert.deepEqual(await stateOf(ledger), whole, `replay with seed ${random.seed}`);
});

test('as of a height, answers are those of a ledger that ends there', async () => {
  const random = seededRandom('as-of-1');
  const flow = await ledger.openFlow();
  for (const height of [1, random.int(105, 180), source.blocks.length - 3]) {
    const txEnd = flow.txEndAtHeight(height);
    const naive = naiveLedgerOf(blocksTo(source, height));
    await compareAddresses(ledger, naive, { txEnd, every: 17, pageSize: random.int(1, 5) });
    await compareTransactions(ledger, naive, { txEnd, every: 9 });
  }
});

test('a cluster run as of a height is that of a ledger that ends there, name included', async () => {
  const flow = await ledger.openFlow();
  const height = 170;
  const txEnd = flow.txEndAtHeight(height);
  const hash = await findBlockHash(ledger.engine, height);
  const asOf = runClustering(flow, { txEnd, tip: { height, hash: hash! } });
  await ledger.undoAbove(height);
  const ending = runClustering(await ledger.openFlow());
  assert.equal(asOf.runId, ending.runId);
  assert.deepEqual(asOf.data.roots, ending.data.roots);
  await indexBlocks(ledger, source);
});
