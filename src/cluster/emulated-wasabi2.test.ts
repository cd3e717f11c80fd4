/**
 * A regtest chain that the real Wasabi 2 client and coordinator made, with the owner of every address.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { scriptToAddress } from '../chain/address.ts';
import { getNetwork } from '../chain/network.ts';
import { type FlowIndex, TX_FLAG } from '../ledger/flow-index.ts';
import { NONE } from '../units/ids.ts';
import { runClustering } from './cluster-run.ts';
import { detectInFlow } from './coinjoin/flow-shape.hot.ts';
import { coinjoinParameters } from './coinjoin/parameters.ts';
import { flowFromBlockFile } from './test-support/blocks-to-flow.ts';
import { findRoot, makeSets, unionSets } from './union-find.hot.ts';

interface Truth {
  readonly coinjoins: readonly { readonly txid: string; readonly height: number }[];
  readonly wallets: Readonly<Record<string, readonly { readonly address: string }[]>>;
}

interface Chain {
  readonly flow: FlowIndex;
  readonly truth: Truth;
  /** Wallet of a script; undefined for the miner's and the coordinator's. */
  readonly ownerOf: (scriptId: number) => string | undefined;
}

let loaded: Chain | undefined;

function load(t: TestContext): Chain | undefined {
  if (loaded !== undefined) return loaded;
  const blocks = sharedFile(t, 'coinjoin/wasabi2-emulated/blk00000.dat');
  const truth = sharedJson<Truth>(t, 'coinjoin/wasabi2-emulated/truth.json');
  if (blocks === undefined || truth === undefined) return undefined;
  const network = getNetwork('regtest');
  const flow = flowFromBlockFile(blocks, network);
  const owners = new Map<string, string>();
  for (const [wallet, rows] of Object.entries(truth.wallets)) {
    for (const { address } of rows) owners.set(address, wallet);
  }
  const ownerOf = (scriptId: number): string | undefined =>
    owners.get(scriptToAddress(flow.scripts.read(scriptId), network) ?? '');
  loaded = { flow, truth, ownerOf };
  return loaded;
}

/** Owners per cluster, of clusters with more than one. */
function mixedClusters(chain: Chain, rootOf: (scriptId: number) => number): number[] {
  const owners = new Map<number, Set<string>>();
  for (let script = 0; script < chain.flow.scriptCount; script += 1) {
    const owner = chain.ownerOf(script);
    if (owner === undefined) continue;
    const root = rootOf(script);
    owners.set(root, (owners.get(root) ?? new Set()).add(owner));
  }
  return [...owners.values()].map((set) => set.size).filter((size) => size > 1);
}

test('the chain is as recorded: 324 blocks, 335 transactions, 260 owned addresses seen', (t) => {
  const chain = load(t);
  if (chain === undefined) return;
  assert.equal(chain.flow.blockCount, 324);
  assert.equal(chain.flow.txCount, 335);
  let owned = 0;
  for (let script = 0; script < chain.flow.scriptCount; script += 1) {
    if (chain.ownerOf(script) !== undefined) owned += 1;
  }
  assert.equal(owned, 260);
});

test('exactly the six rounds are called Wasabi 2, strongly, and no other transaction is called a mix', (t) => {
  const chain = load(t);
  if (chain === undefined) return;
  const { flow, truth } = chain;
  const run = runClustering(flow);
  const found = [...run.mixes()].map((mix) => [flow.txid(mix.txIndex), mix.ruleId, mix.strength]);
  assert.deepEqual(
    found,
    truth.coinjoins.map(({ txid }) => [txid, 'WW2', 'strong']),
  );
  const inputs = [...run.mixes()].map((mix) => mix.facts['inputs']);
  assert.deepEqual([Math.min(...inputs.map(Number)), Math.max(...inputs.map(Number))], [13, 31]);
  // With the main network's numbers none would count: they are not loosened for these.
  const asMain = [...run.mixes()].map((mix) =>
    detectInFlow(flow, mix.txIndex, coinjoinParameters('main')).verdicts.some(
      (verdict) => verdict.ruleId === 'WW2',
    ),
  );
  assert.deepEqual(
    asMain,
    truth.coinjoins.map(() => false),
  );
});

test('plain co-spend makes six clusters that mix owners, the run makes none', (t) => {
  const chain = load(t);
  if (chain === undefined) return;
  const { flow } = chain;
  const parent = makeSets(flow.scriptCount);
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    if ((flow.txFlags.at(tx) & TX_FLAG.coinbase) !== 0) continue;
    const start = flow.txFirstInput.at(tx);
    const scripts: number[] = [];
    for (let input = start; input < flow.txFirstInput.at(tx + 1); input += 1) {
      const prevout = flow.inputPrevout.at(input);
      assert.notEqual(prevout, NONE);
      scripts.push(flow.outputScript.at(prevout));
    }
    for (const script of scripts) unionSets(parent, scripts[0]!, script);
  }
  const plain = mixedClusters(chain, (script) => findRoot(parent, script));
  assert.deepEqual(plain.sort(), [10, 10, 7, 7, 8, 8].sort());

  const run = runClustering(flow);
  assert.deepEqual(
    mixedClusters(chain, (script) => run.rootOf(script)),
    [],
  );
  assert.equal(run.counts.droppedStrongMix, 6);
});
