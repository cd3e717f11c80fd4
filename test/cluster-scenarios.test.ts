/** The scenario chain, in which everything has a name and an owner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressToScript } from '../src/chain/address.ts';
import { getNetwork } from '../src/chain/network.ts';
import { runClustering } from '../src/cluster/cluster-run.ts';
import { flowFromBlocks } from '../src/cluster/test-support/blocks-to-flow.ts';
import { scenarioChain } from '../src/simulate/scenario-chain.ts';

const REGTEST = getNetwork('regtest');
const chain = scenarioChain();
const flow = flowFromBlocks(
  chain.blocks.map(({ bytes }) => bytes),
  REGTEST,
);
const run = runClustering(flow);

const txByTxid: ReadonlyMap<string, number> = new Map(
  Array.from({ length: flow.txCount }, (_, tx) => [flow.txid(tx), tx]),
);
const scriptByHex = new Map(
  Array.from({ length: flow.scriptCount }, (_, id) => [
    Buffer.from(flow.scripts.read(id)).toString('hex'),
    id,
  ]),
);

function scriptOf(address: string): number | undefined {
  return scriptByHex.get(Buffer.from(addressToScript(address, REGTEST)).toString('hex'));
}

interface MixRow {
  readonly row: 'mix';
  readonly txid: string;
  readonly protocol: string;
  readonly participants: readonly { readonly actor: string; readonly inputs: readonly number[] }[];
}
interface AddressRow {
  readonly row: 'address';
  /** Missing for scripts that have none. */
  readonly address?: string;
  readonly owner: string;
}
const rows = chain.truthRows.map((text) => JSON.parse(text) as MixRow | AddressRow);
const mixes = rows.filter((row): row is MixRow => row.row === 'mix');

/** What each protocol of the truth is to the detectors. */
const EXPECTED: Readonly<Record<string, string>> = {
  whirlpool: 'WH-1',
  wasabi1: 'WW1',
  wasabi2: 'WW2',
  joinmarket: 'JM-1',
  stonewall: 'SW-1',
  stonewall_x2: 'SW-1',
  crowdfund: 'LA-7',
  swap: 'LA-6',
  payjoin: 'none',
};

test('every mix of the truth is recognised as what it is, and nothing else is called a mix', () => {
  for (const { txid, protocol } of mixes) {
    const found = run.verdictsOf(txByTxid.get(txid)!).map((verdict) => verdict.ruleId as string);
    assert.equal(found[0] ?? 'none', EXPECTED[protocol], `${protocol} ${txid}`);
  }
  const mixIds = new Set<string>(mixes.map(({ txid }) => txid));
  for (const mix of run.mixes()) assert.ok(mixIds.has(flow.txid(mix.txIndex) as string));
  assert.ok(mixes.length >= 10);
  const swap = txByTxid.get(chain.scenarios['sighashSwap']!.txids[0]!)!;
  assert.equal(run.stopVerdict(swap)?.ruleId, 'LA-6');
  const tx0 = txByTxid.get(chain.scenarios['whirlpoolTx0']!.txids[0]!)!;
  assert.deepEqual(
    run.verdictsOf(tx0).map(({ ruleId, strength }) => [ruleId, strength]),
    [['TX0-1', 'strong']],
  );
});

test('no cluster holds two owners, but for the two sides of the PayJoin', () => {
  const owners = new Map<number, Set<string>>();
  for (const row of rows) {
    if (row.row !== 'address' || row.address === undefined) continue;
    const script = scriptOf(row.address);
    if (script === undefined) continue;
    const root = run.rootOf(script);
    owners.set(root, (owners.get(root) ?? new Set()).add(row.owner));
  }
  const mixed = [...owners.values()].filter((set) => set.size > 1).map((set) => [...set].sort());
  const payjoin = mixes.find(({ protocol }) => protocol === 'payjoin')!;
  assert.deepEqual(mixed, [payjoin.participants.map(({ actor }) => actor).sort()]);
  const [payer, payee] = chain.scenarios['payJoin']!.addresses.map((address) => scriptOf(address)!);
  assert.deepEqual(
    run.why(payer!, payee!)?.map(({ ruleId, isMarked }) => [ruleId, isMarked]),
    [['MI-1', true]],
    'and that link bears the mark',
  );
});

test('one key in two forms is one cluster', () => {
  for (const name of ['sameKeyP2pk', 'sameKeyP2wpkh', 'sameKeyNested']) {
    const [a, b] = chain.scenarios[name]!.addresses.map((address) => scriptOf(address)!);
    assert.equal(run.rootOf(a!), run.rootOf(b!), name);
    const links = run.why(a!, b!)!;
    assert.ok(
      links.every(({ ruleId }) => ruleId === 'SK-1'),
      name,
    );
  }
});

test('payments stay joined: self transfer, exact split, batch payout', () => {
  const [first, second, third] = chain.scenarios['selfTransfer']!.addresses;
  assert.equal(run.rootOf(scriptOf(first!)!), run.rootOf(scriptOf(second!)!));
  assert.equal(run.rootOf(scriptOf(first!)!), run.rootOf(scriptOf(third!)!));
  const split = txByTxid.get(chain.scenarios['equalSplit']!.txids[0]!)!;
  assert.equal(run.mixVerdict(split), undefined);
  assert.ok(Array.from(run.links.txIndex).includes(split));
});

test('in the swap the buyer is one cluster and the seller another', () => {
  const [item, one, two] = chain.scenarios['sighashSwap']!.addresses.map(
    (address) => scriptOf(address)!,
  );
  assert.equal(run.rootOf(one!), run.rootOf(two!));
  assert.notEqual(run.rootOf(item!), run.rootOf(one!));
});
