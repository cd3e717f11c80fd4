import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash160, sha256 } from '../../bytes/hash.ts';
import {
  multisigScript,
  p2pkhScript,
  p2pkScript,
  p2shScript,
  p2wpkhScript,
} from '../../chain/script.ts';
import { runClustering } from '../cluster-run.ts';
import { SmallFlow } from '../test-support/small-flow.ts';

function key(name: string, bytes: 33 | 65 = 33): Uint8Array {
  const text = new TextEncoder().encode(name);
  const body = Buffer.concat([sha256(text), sha256(sha256(text))]).subarray(0, bytes - 1);
  return Uint8Array.from([bytes === 33 ? 2 : 4, ...body]);
}

const KEY = key('one');
const HASH = hash160(KEY);
const NESTED = p2shScript(hash160(p2wpkhScript(HASH)));
const BARE = p2pkScript(KEY);
const LEGACY = p2pkhScript(HASH);
const SEGWIT = p2wpkhScript(HASH);

test('one key in four forms is one cluster, each link from the transaction that showed both', () => {
  const chain = new SmallFlow();
  const first = chain.coinbase([
    [LEGACY, 1],
    ['stranger', 2],
  ]);
  const second = chain.coinbase([[SEGWIT, 1]]);
  const [coin] = chain.fund([[NESTED, 50_000]]);
  const third = chain.coinbase([[BARE, 1]]);
  const spend = chain.tx([coin!], [['x', 49_000]]);
  chain.reveal(NESTED, spend, HASH);
  const run = runClustering(chain.flow);

  assert.equal(first, 0);
  const root = run.rootOf(chain.id(LEGACY));
  assert.equal(root, chain.id(LEGACY));
  for (const script of [BARE, SEGWIT, NESTED]) assert.equal(run.rootOf(chain.id(script)), root);
  assert.notEqual(run.rootOf(chain.id('stranger')), root);
  const links = Array.from(run.links.txIndex, (_, row) => run.link(row));
  assert.deepEqual(
    links.map(({ txIndex, scriptA, scriptB, ruleId, inputA }) => [
      txIndex,
      scriptA,
      scriptB,
      ruleId,
      inputA,
    ]),
    [
      [second, chain.id(LEGACY), chain.id(SEGWIT), 'SK-1', undefined],
      [third, chain.id(LEGACY), chain.id(BARE), 'SK-1', undefined],
      [spend, chain.id(LEGACY), chain.id(NESTED), 'SK-1', undefined],
    ],
  );
});

test('a bare key and its P2PKH are one address; the other forms are addresses of their own', () => {
  const chain = new SmallFlow();
  chain.coinbase([
    [BARE, 1],
    [LEGACY, 1],
    [SEGWIT, 1],
    ['other', 1],
  ]);
  const run = runClustering(chain.flow);
  assert.equal(run.addressCount, 3);
  assert.deepEqual(run.size(run.rootOf(chain.id(BARE))), { scripts: 3, addresses: 2 });
  assert.equal(run.clusterCount, 2);

  const reversed = new SmallFlow();
  reversed.coinbase([
    [SEGWIT, 1],
    [LEGACY, 1],
    [BARE, 1],
  ]);
  assert.equal(runClustering(reversed.flow).addressCount, 2);
});

test('an uncompressed key has no P2WPKH: its legacy and segwit forms stay apart', () => {
  const long = key('long', 65);
  const hash = hash160(long);
  const nested = p2shScript(hash160(p2wpkhScript(hash)));
  for (const order of [0, 1, 2]) {
    const chain = new SmallFlow();
    const scripts = [p2pkScript(long), p2pkhScript(hash), p2wpkhScript(hash)];
    const turned = [...scripts.slice(order), ...scripts.slice(0, order)];
    const [, , , coin] = chain.fund([...turned, nested].map((script) => [script, 9_000] as const));
    chain.reveal(nested, chain.tx([coin!], [['x', 8_000]]), hash);
    const run = runClustering(chain.flow);
    const rootOf = (script: Uint8Array) => run.rootOf(chain.id(script));
    assert.equal(rootOf(p2pkScript(long)), rootOf(p2pkhScript(hash)), `order ${order}`);
    assert.notEqual(rootOf(p2pkhScript(hash)), rootOf(p2wpkhScript(hash)), `order ${order}`);
    assert.equal(rootOf(nested), rootOf(p2wpkhScript(hash)), `order ${order}`);
  }
});

test('a P2SH is what it wraps only once a spend has shown it, and when the wrapped script was ever paid', () => {
  const chain = new SmallFlow();
  const [coin] = chain.fund([[NESTED, 50_000]]);
  const spend = chain.tx([coin!], [['x', 49_000]]);
  chain.reveal(NESTED, spend, HASH);
  assert.equal(runClustering(chain.flow).links.txIndex.length, 0);
  const later = chain.coinbase([[SEGWIT, 1]]);
  const run = runClustering(chain.flow);
  assert.deepEqual([run.links.txIndex.length, run.link(0).txIndex], [1, later]);
  const before = runClustering(chain.flow, { txEnd: later });
  assert.equal(before.links.txIndex.length, 0);
});

test('the keys of a multisig are not joined with their own addresses', () => {
  const chain = new SmallFlow();
  chain.coinbase([
    [multisigScript(1, [KEY, key('two')]), 1],
    [LEGACY, 1],
    [BARE, 1],
  ]);
  const run = runClustering(chain.flow);
  assert.equal(run.rootOf(chain.id(LEGACY)), run.rootOf(chain.id(BARE)));
  assert.notEqual(
    run.rootOf(chain.id(LEGACY)),
    run.rootOf(chain.id(multisigScript(1, [KEY, key('two')]))),
  );
});

test('many keys: joined exactly when their hashes are equal', () => {
  const chain = new SmallFlow();
  const scripts: Uint8Array[] = [];
  const hashOf: string[] = [];
  for (let i = 0; i < 3000; i += 1) {
    const hash = hash160(key(`k${i % 1900}`));
    scripts.push(i % 2 === 0 ? p2pkhScript(hash) : p2wpkhScript(hash));
    hashOf.push(Buffer.from(hash).toString('hex'));
  }
  chain.coinbase(scripts.map((script) => [script, 1] as const));
  const run = runClustering(chain.flow);
  const rootByHash = new Map<string, number>();
  scripts.forEach((script, i) => {
    const root = run.rootOf(chain.id(script));
    const known = rootByHash.get(hashOf[i]!);
    if (known === undefined) rootByHash.set(hashOf[i]!, root);
    else assert.equal(root, known);
  });
  assert.equal(new Set(rootByHash.values()).size, 1900);
});
