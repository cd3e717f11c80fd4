import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as rules from '../../test/support/mix-rules.ts';
import {
  checkBlock,
  describeScript,
  readBlock,
  readRecords,
  replay,
  type SlowTransaction,
} from '../../test/support/slow-chain.ts';
import { scenarioChain, writeScenarioChain } from './scenario-chain.ts';

const REGTEST_MAGIC = 0xdab5bffa;
const REGTEST_GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';

const chain = scenarioChain();
const blocks = chain.blocks.map((block) => readBlock(Buffer.from(block.bytes)));
const { unspent, transactions, heights } = replay(blocks);

function txOf(name: string, at = 0): SlowTransaction {
  const txid = chain.scenarios[name]!.txids[at]!;
  const tx = transactions.get(txid);
  assert.ok(tx, `${name}: transaction ${at} is in the best chain`);
  return tx;
}

const addressesOf = (tx: SlowTransaction) =>
  tx.outputs.map((output) => describeScript(output.script).address);
const kindsOf = (tx: SlowTransaction) =>
  tx.outputs.map((output) => describeScript(output.script).kind);

test('the chain begins with the regtest genesis block and each block is sound', () => {
  assert.equal(blocks[0]!.hash, REGTEST_GENESIS);
  for (const [height, block] of blocks.entries()) {
    checkBlock(block);
    assert.equal(block.hash, chain.blocks[height]!.hash);
    assert.equal(chain.blocks[height]!.height, height);
  }
});

test('the chain is the same to the byte every time', () => {
  const digest = createHash('sha256');
  for (const block of scenarioChain().blocks) digest.update(block.bytes);
  const again = createHash('sha256');
  for (const block of chain.blocks) again.update(block.bytes);
  assert.equal(digest.digest('hex'), again.digest('hex'));
});

test('every address that a scenario names is paid or spent in its transactions, and has an owner', () => {
  const owners = new Map<string, string>();
  for (const row of chain.truthRows.map((line) => JSON.parse(line))) {
    if (row.row === 'address' && row.address !== undefined) owners.set(row.address, row.owner);
  }
  for (const [name, scenario] of Object.entries(chain.scenarios)) {
    const met = new Set<string | undefined>();
    for (const tx of scenario.txids.map((txid) => transactions.get(txid))) {
      for (const output of tx?.outputs ?? []) met.add(describeScript(output.script).address);
      for (const input of tx?.inputs ?? []) {
        if (input.prevout !== undefined) met.add(describeScript(input.prevout.script).address);
      }
    }
    if (name === 'reorganisation') continue;
    for (const address of scenario.addresses) assert.ok(met.has(address), `${name}: ${address}`);
    if (name === 'duplicateCoinbase') continue;
    for (const address of scenario.addresses)
      assert.ok(owners.has(address), `${name}: owner of ${address}`);
  }
});

test('payments have the shape that their note says', () => {
  for (let hop = 0; hop < 6; hop += 1) {
    const tx = txOf('peelChain', hop);
    assert.deepEqual([tx.inputs.length, tx.outputs.length], [1, 2]);
    if (hop > 0) assert.equal(tx.inputs[0]!.txid, chain.scenarios['peelChain']!.txids[hop - 1]);
  }
  assert.deepEqual(
    [txOf('batchPayout').inputs.length, txOf('batchPayout').outputs.length],
    [1, 13],
  );
  const reused = chain.scenarios['addressReuse']!.addresses[0]!;
  for (let i = 0; i < 4; i += 1) assert.ok(addressesOf(txOf('addressReuse', i)).includes(reused));
  assert.equal(txOf('dust').outputs.filter((output) => output.sats === 546n).length, 5);
  assert.equal(txOf('dust', 1).inputs.length, 2);
  assert.deepEqual(
    [txOf('selfTransfer').inputs.length, txOf('selfTransfer').outputs.length],
    [3, 1],
  );
  assert.equal(txOf('manyPayersOneCollector', 10).inputs.length, 10);
  assert.equal(txOf('depositAddress', 4).inputs.length, 4);
  assert.equal(new Set(txOf('equalSplit').outputs.map((output) => output.sats)).size, 1);
  const [first, second] = [txOf('sameBlockSpend'), txOf('sameBlockSpend', 1)];
  assert.ok(second.inputs.some((input) => input.txid === first.txid));
  assert.equal(heights.get(first.txid), heights.get(second.txid));
});

test('script forms are paid and spent as they should', () => {
  assert.ok(kindsOf(txOf('bareMultisig')).includes('multisig'));
  assert.ok(kindsOf(txOf('p2wshMultisig')).includes('p2wsh'));
  assert.ok(kindsOf(txOf('nonstandardScript')).includes('nonstandard'));
  assert.ok(kindsOf(txOf('futureWitness')).includes('witness_unknown'));
  assert.ok(kindsOf(txOf('opReturn')).includes('op_return'));
  // BIP 341: one item by key; signature, script, control block by script.
  assert.deepEqual(
    txOf('taprootKeyPath', 1).inputs[0]!.witness.map((item) => item.length),
    [64],
  );
  assert.deepEqual(
    txOf('taprootScriptPath', 1).inputs[0]!.witness.map((item) => item.length),
    [64, 34, 33],
  );
  // BIP 16: the redeem script is the last push; its hash stands in the output.
  const multisig = txOf('p2shMultisig', 1).inputs[0]!;
  const redeem = multisig.scriptSig.subarray(multisig.scriptSig.length - 105);
  const hash = createHash('ripemd160')
    .update(createHash('sha256').update(redeem).digest())
    .digest('hex');
  assert.equal(Buffer.from(multisig.prevout!.script).toString('hex'), `a914${hash}87`);
  assert.equal(txOf('oversizedScript').outputs[0]!.script.length, 10_001);
});

test('one key in two forms shows the same key when both are spent', () => {
  const keyOf = (tx: SlowTransaction): string => {
    const { scriptSig, witness } = tx.inputs[0]!;
    return Buffer.from(witness[1] ?? scriptSig.subarray(scriptSig.length - 33)).toString('hex');
  };
  for (const name of ['sameKeyP2wpkh', 'sameKeyNested']) {
    assert.equal(keyOf(txOf(name, 0)), keyOf(txOf(name, 1)), name);
    const [one, two] = chain.scenarios[name]!.addresses;
    assert.notEqual(one, two);
  }
  const [bare, hashed] = chain.scenarios['sameKeyP2pk']!.addresses;
  assert.equal(bare, hashed);
});

test('signature hash types are what the scenarios say', () => {
  const last = (tx: SlowTransaction, vin: number): number => {
    const { witness, scriptSig } = tx.inputs[vin]!;
    const signature = witness[0] ?? scriptSig.subarray(1, 1 + scriptSig[0]!);
    return signature.length === 64 ? 0 : signature[signature.length - 1]!;
  };
  assert.deepEqual(
    [0, 1, 2].map((vin) => last(txOf('sighashSwap'), vin)),
    [0x83, 0, 0],
  );
  assert.deepEqual(
    [0, 1, 2].map((vin) => last(txOf('crowdfund'), vin)),
    [0x81, 0x81, 0x81],
  );
});

test('mixes satisfy the rules of their protocols, and others do not', () => {
  const time = (txid: string): number => blocks[heights.get(txid)!]!.timeSeconds;
  assert.ok(rules.isTx0(txOf('whirlpoolTx0')));
  assert.ok(rules.isWhirlpool(txOf('whirlpool'), time(txOf('whirlpool').txid)));
  assert.ok(rules.isWasabiOne(txOf('wasabi1')));
  assert.ok(rules.isWasabiTwo(txOf('wasabi2', 0)) && rules.isWasabiTwo(txOf('wasabi2', 1)));
  assert.ok(txOf('wasabi2', 1).inputs.some((input) => input.txid === txOf('wasabi2', 0).txid));
  assert.ok(rules.isJoinMarket(txOf('joinmarket')) && rules.isJoinMarket(txOf('joinmarketSweep')));
  assert.ok(rules.isStonewall(txOf('stonewall')) && rules.isStonewall(txOf('stonewallX2')));
  assert.ok(rules.isPayJoinShape(txOf('payJoin')));
  for (const name of ['equalSplit', 'batchPayout', 'selfTransfer', 'crowdfund']) {
    const tx = txOf(name);
    const verdicts = [
      rules.isWhirlpool(tx, time(tx.txid)),
      rules.isWasabiOne(tx),
      rules.isWasabiTwo(tx),
      rules.isJoinMarket(tx),
    ];
    assert.deepEqual(verdicts, [false, false, false, false], name);
  }
});

test('a coinbase id occurs twice and only one output of it is unspent', () => {
  const [one, two] = chain.scenarios['duplicateCoinbase']!.txids;
  assert.equal(one, two);
  const holders = blocks.filter((block) => block.transactions[0]!.txid === one);
  assert.equal(holders.length, 2);
  assert.deepEqual(
    holders.map((block) => block.version),
    [1, 1],
  );
  assert.ok(unspent.has(`${one}:0`));
});

test('the stale branch has a payment that the best chain makes to somebody else', () => {
  const [undone, done, both] = chain.scenarios['reorganisation']!.txids as [string, string, string];
  const stale = chain.staleBlocks.map((block) => readBlock(Buffer.from(block.bytes)));
  for (const block of stale) checkBlock(block);
  const fork = chain.staleBlocks[0]!.height;
  assert.equal(stale[0]!.previousHash, blocks[fork - 1]!.hash);
  assert.equal(stale[1]!.previousHash, stale[0]!.hash);
  assert.notEqual(stale[0]!.hash, blocks[fork]!.hash);
  // The stale branch is a chain of its own as well.
  const other = replay([...blocks.slice(0, fork), ...stale]);
  assert.ok(
    other.transactions.has(undone) && other.transactions.has(both) && !other.transactions.has(done),
  );
  assert.ok(transactions.has(done) && transactions.has(both) && !transactions.has(undone));
  const coin = (tx: SlowTransaction | undefined) => `${tx!.inputs[0]!.txid}:${tx!.inputs[0]!.vout}`;
  assert.equal(coin(other.transactions.get(undone)), coin(transactions.get(done)));
});

test('the file holds stale blocks before those that replaced them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clew-scenario-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeScenarioChain(join(folder, 'blocks'));
  const hashes = readRecords(join(folder, 'blocks'), REGTEST_MAGIC).map(
    (record) => readBlock(record).hash,
  );
  assert.equal(hashes.length, chain.blocks.length + 2);
  const fork = chain.staleBlocks[0]!.height;
  assert.deepEqual(
    hashes.slice(fork, fork + 2),
    chain.staleBlocks.map((block) => block.hash),
  );
});
