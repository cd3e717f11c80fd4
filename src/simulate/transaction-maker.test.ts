import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBlock, type SlowTransaction } from '../../test/support/slow-chain.ts';
import { NO_COIN } from './coin-pool.hot.ts';
import { ScenarioBuilder } from './scenarios/scenario-builder.ts';
import { FORM } from './script-form.hot.ts';
import { MAKES } from './wallet.ts';

/** A builder with ripe coins. */
function startChain(): ScenarioBuilder {
  const build = new ScenarioBuilder();
  build.mineEmpty(101);
  return build;
}

function lastTransaction(build: ScenarioBuilder): SlowTransaction {
  return readBlock(Buffer.from(build.mine().bytes)).transactions.at(-1)!;
}

test('BIP 69 orders inputs by txid and number, outputs by amount and script', () => {
  const build = startChain();
  const owner = build.wallet('owner', { ...MAKES.nestedMobile, selection: 'oldest' });
  for (let i = 0; i < 5; i += 1) build.fund(owner, [100_000, 120_000, 90_000]);
  build.mine();
  const payee = build.wallet('payee');
  const amounts = [7000, 5000, 7000, 7000, 900_000, 6000];
  build.pay({ from: owner, to: amounts.map((sats) => [payee.freshPlace('receive'), sats]) });
  const tx = lastTransaction(build);
  assert.ok(tx.inputs.length > 5);
  const inputs = tx.inputs.map(({ txid, vout }) => `${txid}:${String(vout).padStart(4, '0')}`);
  assert.deepEqual(inputs, inputs.toSorted());
  const outputs = tx.outputs.map(
    ({ sats, script }) =>
      `${String(sats).padStart(12, '0')} ${Buffer.from(script).toString('hex')}`,
  );
  assert.deepEqual(outputs, outputs.toSorted());
});

test('descending order puts the largest first on both sides', () => {
  const build = startChain();
  const owner = build.wallet('owner', { ...MAKES.serviceSegwit });
  build.fund(owner, [30_000, 50_000, 10_000, 90_000]);
  build.mine();
  const amounts: number[] = [];
  for (let coin = owner.purse.first; coin !== NO_COIN; coin = owner.purse.after(coin)) {
    amounts.push(build.pool.sats[coin]!);
  }
  build.maker.begin(owner.make);
  const added = build.addAll(owner);
  for (const sats of [20_000, 60_000, 40_000]) {
    build.maker.pay(owner.freshPlace('receive'), sats, 'self', 'owner');
  }
  build.maker.finish({ order: 'descending' });
  const tx = lastTransaction(build);
  assert.deepEqual(
    tx.outputs.map((output) => output.sats),
    [60_000n, 40_000n, 20_000n],
  );
  assert.deepEqual(
    [0, 1, 2].map((number) => build.maker.voutOf(number)),
    [2, 0, 1],
  );
  assert.deepEqual(
    amounts.toSorted((a, b) => b - a),
    [90_000, 50_000, 30_000, 10_000],
  );
  const byVin = added.toSorted((a, b) => build.maker.vinOf(a) - build.maker.vinOf(b));
  assert.deepEqual(
    byVin.map((number) => amounts[number]),
    [90_000, 50_000, 30_000, 10_000],
  );
});

test('a wallet that has not enough keeps its coins', () => {
  const build = startChain();
  const owner = build.wallet('owner');
  build.fund(owner, [40_000, 50_000]);
  build.mine();
  const { maker } = build;
  maker.begin(owner.make);
  maker.pay(build.wallet('payee').freshPlace('receive'), 89_990, 'payment', 'owner');
  assert.equal(maker.fund(owner, 5), false);
  assert.deepEqual([owner.purse.count, owner.balanceSats], [2, 90_000]);
  maker.begin(owner.make);
  maker.pay(build.wallet('payee').freshPlace('receive'), 60_000, 'payment', 'owner');
  assert.equal(maker.fund(owner, 5), true);
  assert.equal(owner.purse.count, 0);
  maker.cancel(owner);
  assert.deepEqual([owner.purse.count, owner.balanceSats], [2, 90_000]);
});

test('change too small to be worth it goes to the miner', () => {
  const build = startChain();
  const owner = build.wallet('owner');
  build.fund(owner, [50_000]);
  build.mine();
  build.pay({ from: owner, to: [[build.wallet('payee').freshPlace('receive'), 48_500]] });
  assert.equal(lastTransaction(build).outputs.length, 1);
});

test('a transaction that would create coins is a fault, not a transaction', () => {
  const build = startChain();
  const owner = build.wallet('owner');
  build.fund(owner, [50_000]);
  build.mine();
  build.maker.begin(owner.make);
  build.addAll(owner);
  build.maker.pay(owner.freshPlace('receive'), 50_001, 'self', 'owner');
  assert.throws(() => build.maker.finish(), /would create 1 satoshi/);
});

test('makes leave their print: version, locktime, sequence, form of the change', () => {
  const build = startChain();
  for (const make of [MAKES.oldUncompressed, MAKES.lightSegwit, MAKES.node, MAKES.taproot]) {
    const owner = build.wallet(make.name, make);
    build.fund(owner, [900_000]);
    build.mine();
    const payee = build.wallet('payee').freshPlace('receive', { form: FORM.p2wshMultisig });
    build.pay({ from: owner, to: [[payee, 100_000]] });
    const height = build.height;
    const tx = lastTransaction(build);
    assert.equal(tx.version, make.version);
    assert.equal(tx.inputs[0]!.sequence, make.sequence);
    if (make.locktime === 'zero') assert.equal(tx.locktime, 0);
    else assert.ok(tx.locktime < height && tx.locktime >= height - 100);
  }
});
