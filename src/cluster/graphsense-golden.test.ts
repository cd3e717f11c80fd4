/**
 * GraphSense's reference chain of ten transactions, and the clusters that its transformation gives for it.
 *
 * Clew's clusters are those of the reference "with CoinJoins". Against its other result, and inside, the two differ:
 *
 * - The reference calls transaction 5 a CoinJoin because its input file says so. Nothing in its shape does
 *   (two inputs, four outputs, no value twice), so Clew takes it for a payment and joins its inputs.
 * - One input has two addresses (a bare multisig). GraphSense leaves it out of the union; for Clew it is a
 *   script of its own, joined with the other inputs. It has no address, so the addresses fall into the same groups.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { sha256 } from '../bytes/hash.ts';
import { addressToScript } from '../chain/address.ts';
import { getNetwork } from '../chain/network.ts';
import { multisigScript } from '../chain/script.ts';
import { runClustering } from './cluster-run.ts';
import { SmallFlow, type Spent } from './test-support/small-flow.ts';

interface GoldenTx {
  readonly txId: number;
  readonly coinbase: boolean;
  readonly coinjoin: boolean;
  readonly inputs: readonly { readonly address: readonly string[]; readonly value: number }[];
  readonly outputs: readonly { readonly address: readonly string[]; readonly value: number }[];
}

function readLines<T>(t: TestContext, name: string): T[] | undefined {
  const bytes = sharedFile(t, `graphsense-golden/utxo/${name}`);
  return bytes
    ?.toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Several addresses stand for one bare multisig; its keys are not known, so they are made up from the addresses. */
function scriptOf(addresses: readonly string[]): Uint8Array {
  if (addresses.length === 1) return addressToScript(addresses[0]!, getNetwork('main'));
  const key = (address: string): Uint8Array =>
    Uint8Array.from([2, ...sha256(new TextEncoder().encode(address))]);
  return multisigScript(1, addresses.map(key));
}

/** The chain again: inputs name address and value only, so each spends the latest such output. */
function rebuild(transactions: readonly GoldenTx[]): SmallFlow {
  const chain = new SmallFlow('main', 1, 1_230_948_000);
  const unspent: { readonly key: string; readonly value: number; readonly coin: Spent }[] = [];
  for (const tx of transactions) {
    const coins = tx.inputs.map((input) => {
      const key = input.address.join('+');
      const at = unspent.findIndex((row) => row.key === key);
      assert.ok(at >= 0, `input of ${tx.txId}`);
      return unspent.splice(at, 1)[0]!.coin;
    });
    const outputs = tx.outputs.map(({ address, value }) => [scriptOf(address), value] as const);
    const txIndex = tx.coinbase ? chain.coinbase(outputs) : chain.tx(coins, outputs);
    tx.outputs.forEach(({ address, value }, vout) => {
      unspent.push({ key: address.join('+'), value, coin: [txIndex, vout] });
    });
  }
  return chain;
}

/** Addresses that share a cluster, as sorted lists; single ones left out. */
function groups(clusterOf: ReadonlyMap<string, number>): string[][] {
  const members = new Map<number, string[]>();
  for (const [address, cluster] of clusterOf) {
    members.set(cluster, [...(members.get(cluster) ?? []), address]);
  }
  return [...members.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.sort())
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

test('addresses fall into the groups of the GraphSense reference with CoinJoins', (t) => {
  const transactions = readLines<GoldenTx>(t, 'test_txs.json');
  const ids = readLines<{ addressId: number; address: string }>(t, 'reference/address_ids.json');
  const reference = readLines<{ addressId: number; clusterId: number }>(
    t,
    'reference/address_cluster_with_coinjoin.json',
  );
  if (transactions === undefined || ids === undefined || reference === undefined) return;
  const addressOf = new Map(ids.map(({ addressId, address }) => [addressId, address]));
  const theirs = new Map(
    reference.map(({ addressId, clusterId }) => [addressOf.get(addressId)!, clusterId]),
  );
  theirs.delete('coinbase');

  const chain = rebuild(transactions);
  const run = runClustering(chain.flow);
  const ours = new Map(
    [...theirs.keys()].map((address) => [
      address,
      run.rootOf(chain.id(addressToScript(address, getNetwork('main')))),
    ]),
  );
  assert.equal(ours.size, 14);
  assert.deepEqual(groups(ours), groups(theirs));
  assert.equal(transactions.filter(({ coinjoin }) => coinjoin).length, 1);
  assert.deepEqual([...run.mixes()], [], 'its shape is no mix');
});
