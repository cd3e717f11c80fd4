import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CoreNode } from '../../test/support/core-node.ts';
import { mineChain, spend } from '../../test/support/mined-blocks.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { NodeClient } from '../source/node-client.ts';
import { Unconfirmed } from './unconfirmed.ts';

const CHAIN = mineChain(3);
const keyHash = (fill: number): Uint8Array =>
  Uint8Array.of(0, 20, ...new Uint8Array(20).fill(fill));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const idOf = (bytes: Uint8Array): string => hashToDisplay(sha256d(bytes));

async function poolOf(t: TestContext) {
  const node = await CoreNode.start(CHAIN);
  const client = new NodeClient({ url: node.url, retries: 0 });
  t.after(async () => {
    client.close();
    await node.close();
  });
  return { node, pool: new Unconfirmed(client, 'regtest') };
}

const PARENT = spend(CHAIN[1]!.txids[0]!, 0, [
  { sats: 1_000_000, script: keyHash(1) },
  { sats: 500_000, script: Uint8Array.of(0x6a, 4, 1, 2, 3, 4) },
]);
const CHILD = spend(idOf(PARENT), 0, [{ sats: 990_000, script: keyHash(2) }]);

test('found by id and by script, also by what is spent among what waits', async (t) => {
  const { node, pool } = await poolOf(t);
  for (const bytes of [PARENT, CHILD]) node.mempool.set(idOf(bytes), bytes);
  await pool.refresh(0);
  const paid = pool.ofScripts([hexOf(keyHash(2))], undefined);
  assert.deepEqual(
    [paid.format, paid.poolTransactions, paid.transactions.length],
    ['clew-unconfirmed/1', 2, 1],
  );
  const [child] = paid.transactions;
  assert.deepEqual([child!.isConfirmed, child!.feeSats], [false, 10_000]);
  assert.equal(child!.inputs[0]!.valueSats, 1_000_000);
  const both = pool.ofScripts([hexOf(keyHash(1))], undefined);
  assert.deepEqual(
    both.transactions.map(({ txid }) => txid),
    [idOf(PARENT), idOf(CHILD)].sort(),
  );
  const [parent] = pool.ofTxid(idOf(PARENT), undefined).transactions;
  // Nobody knows here what it spends; of data only the length is told.
  assert.equal(parent!.feeSats, null);
  assert.deepEqual(parent!.outputs[1], {
    valueSats: 500_000,
    kind: 'op_return',
    scriptBytes: 6,
    address: null,
  });
  assert.ok(!JSON.stringify(parent).includes('01020304'));
});

test('what was replaced is gone at the next look, which comes no sooner than in two seconds', async (t) => {
  const { node, pool } = await poolOf(t);
  node.mempool.set(idOf(PARENT), PARENT);
  await pool.refresh(0);
  const other = spend(CHAIN[1]!.txids[0]!, 0, [{ sats: 1, script: keyHash(1) }]);
  node.mempool = new Map([[idOf(other), other]]);
  await pool.refresh(1_000);
  assert.equal(pool.ofTxid(idOf(other), undefined).transactions.length, 0);
  await pool.refresh(3_000);
  assert.equal(pool.ofTxid(idOf(PARENT), undefined).transactions.length, 0);
  const found = pool.ofScripts([hexOf(keyHash(1))], undefined).transactions;
  assert.deepEqual(
    found.map(({ txid }) => txid),
    [idOf(other)],
  );
  assert.equal(node.asked.get('getrawtransaction'), 2);
});

test('one transaction alone, with the parents that wait', async (t) => {
  const { node, pool } = await poolOf(t);
  for (const bytes of [PARENT, CHILD]) node.mempool.set(idOf(bytes), bytes);
  for (let n = 0; n < 50; n += 1) node.mempool.set(`${n}`.padStart(64, '0'), PARENT);
  await pool.refreshOne(idOf(CHILD));
  const answer = pool.ofTxid(idOf(CHILD), undefined);
  assert.deepEqual([answer.poolTransactions, answer.transactions[0]!.feeSats], [52, 10_000]);
  assert.equal(node.asked.get('getrawtransaction'), 2);
  await pool.refreshOne('f'.repeat(64));
  assert.equal(pool.ofTxid('f'.repeat(64), undefined).transactions.length, 0);
});

test('another transaction than the one asked for is a lie', async (t) => {
  for (const bytes of [CHILD, PARENT.slice(0, -1), Uint8Array.of(...PARENT, 0)]) {
    const { node, pool } = await poolOf(t);
    node.mempool.set(idOf(PARENT), bytes);
    await assert.rejects(pool.refresh(0), { code: 'CLEW_REMOTE_LIE' });
  }
});
