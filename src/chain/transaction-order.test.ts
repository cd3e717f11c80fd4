import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayToHash, hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { CoinChain } from '../simulate/coin-chain.ts';
import { coinScenario } from '../simulate/coin-scenario.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { NETWORKS } from './network.ts';
import { parseBlock } from './transaction.ts';
import {
  areIdsCanonical,
  canonicalPosition,
  canonicalRows,
  canonicalTxids,
  isCanonicalOrder,
  orderAsRows,
  rowOrder,
} from './transaction-order.hot.ts';

const NETWORK = NETWORKS['bitcoincash-regtest'];

/** The order of rows, told slowly: positions in order, each behind its parents, by recursion. */
function slowOrder(bytes: Uint8Array): number[] {
  const { transactions } = parseBlock(bytes, NETWORK);
  const positions = new Map(transactions.map(({ txid }, position) => [txid as string, position]));
  const order: number[] = [];
  const visit = (position: number): void => {
    if (order.includes(position)) return;
    for (const { prevTxid } of transactions[position]!.inputs) {
      const parent = positions.get(prevTxid);
      if (parent !== undefined) visit(parent);
    }
    order.push(position);
  };
  for (const position of transactions.keys()) visit(position);
  return order;
}

function columnsOf(bytes: Uint8Array): BlockColumns {
  const columns = new BlockColumns();
  readBlockColumns(bytes, NETWORK, columns);
  return columns;
}

/** A block of many payments that spend each other, in a net. */
function tangledBlock(seed: string): Uint8Array {
  const random = seededRandom(seed);
  const chain = new CoinChain(NETWORK);
  for (let i = 0; i < 3; i += 1) chain.mine(`miner-${seed}-${i}`);
  const holders = [0, 1, 2].map((i) => `miner-${seed}-${i}`);
  for (let round = 0; round < 40; round += 1) {
    const from = random.pick(holders.filter((name) => chain.coinsOf(name).length > 0));
    const all = chain.coinsOf(from).reduce((sum, { valueSats }) => sum + valueSats, 0);
    const to = `${from}-${round}`;
    chain.pay([from], [[to, Math.floor(all / 3)]]);
    holders.push(to);
  }
  return chain.mine('last').bytes;
}

test('rows stand behind their parents, in the one order that a slow way gives (seeded)', () => {
  let moved = 0;
  for (let round = 0; round < 20; round += 1) {
    const bytes = tangledBlock(`tangle-${round}`);
    const columns = columnsOf(bytes);
    const expected = slowOrder(bytes);
    const found = rowOrder(bytes, columns);
    assert.deepEqual(found === undefined ? expected.map((_, i) => i) : [...found], expected);
    if (found !== undefined) moved += 1;
    assert.ok(areIdsCanonical(columns.txids, columns.txCount));
  }
  assert.ok(moved > 15, `${moved}`);
});

test('all columns move with their transactions', () => {
  for (const { bytes } of coinScenario('bitcoincash-order').blocks) {
    const { transactions } = parseBlock(bytes, NETWORK);
    const columns = columnsOf(bytes);
    const order = rowOrder(bytes, columns) ?? transactions.map((_, i) => i);
    orderAsRows(bytes, columns);
    for (const [row, position] of [...order].entries()) {
      const tx = transactions[position]!;
      assert.equal(hashToDisplay(columns.txids.subarray(32 * row, 32 * row + 32)), tx.txid);
      assert.equal(columns.txLength[row], tx.size);
      assert.equal(columns.txVersion[row], tx.version);
      const inputs = columns.txFirstInput[row]!;
      const outputs = columns.txFirstOutput[row]!;
      assert.equal(columns.txFirstInput[row + 1]! - inputs, tx.inputs.length);
      assert.equal(columns.txFirstOutput[row + 1]! - outputs, tx.outputs.length);
      for (const [i, input] of tx.inputs.entries()) {
        const at = columns.inPrevTxidOffset[inputs + i]!;
        assert.equal(hashToDisplay(bytes.subarray(at, at + 32)), input.prevTxid);
        assert.equal(columns.inPrevVout[inputs + i], input.vout);
        assert.equal(columns.inScriptLength[inputs + i], input.scriptSig.length);
      }
      for (const [i, output] of tx.outputs.entries()) {
        assert.equal(columns.outValue[outputs + i], output.valueSats);
        assert.equal(columns.outScriptLength[outputs + i], output.script.length);
      }
    }
  }
});

test('the position in the block is the rank of the id', () => {
  const bytes = tangledBlock('positions');
  const { transactions } = parseBlock(bytes, NETWORK);
  const columns = columnsOf(bytes);
  const { txCount } = columns;
  orderAsRows(bytes, columns);
  const ids = columns.txids.slice(0, 32 * txCount);
  const rows = canonicalRows(ids, txCount);
  for (const [position, { txid }] of transactions.entries()) {
    const row = rows[position]!;
    assert.equal(hashToDisplay(ids.subarray(32 * row, 32 * row + 32)), txid);
    assert.equal(canonicalPosition(ids, txCount, row), position);
  }
  const sorted = canonicalTxids(ids, txCount);
  assert.deepEqual(
    transactions.map((_, i) => hashToDisplay(sorted.subarray(32 * i, 32 * i + 32))),
    transactions.map(({ txid }) => txid),
  );
});

test('ids rise, but for the coinbase', () => {
  const ids = (...texts: string[]): Uint8Array =>
    Uint8Array.from(texts.flatMap((text) => [...displayToHash(text.padStart(64, '0'))]));
  assert.ok(areIdsCanonical(ids('ff', '1', '2', '10'), 4));
  assert.ok(!areIdsCanonical(ids('0', '2', '1'), 3));
  assert.ok(!areIdsCanonical(ids('0', '2', '2'), 3), 'nor twice the same');
  assert.ok(areIdsCanonical(ids('0'), 1));
});

test('Bitcoin Cash orders by ids since its block 556,767; no other network does', () => {
  assert.ok(!isCanonicalOrder(556_766, NETWORKS.bitcoincash));
  assert.ok(isCanonicalOrder(556_767, NETWORKS.bitcoincash));
  assert.ok(!isCanonicalOrder(900_000, NETWORKS.main));
});
