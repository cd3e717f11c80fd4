import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash160, sha256d } from '../bytes/hash.ts';
import { bytesToHex, hashToDisplay } from '../bytes/hex.ts';
import { INPUT_KIND } from '../chain/input-kind.ts';
import { getNetwork } from '../chain/network.ts';
import { p2shScript, p2wpkhScript } from '../chain/script.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { type BlockHash, NONE, type ScriptHex, type Txid } from '../units/ids.ts';
import { readHistory, summariseScripts } from './address-facts.ts';
import { NOT_FETCHED, REVEAL, TX_FLAG, UNSPENDABLE, UNSPENT } from './flow-index.ts';
import { isSpentBefore } from './open-ends.ts';
import { PartialFlow } from './partial-flow.ts';
import type { ReadInput, ReadOutput, ReadTransaction } from './read/ledger-reader.ts';

const network = getNetwork('regtest');
const TIP = { height: 200, hash: 'f'.repeat(64) as BlockHash, timeSeconds: 1_700_000_000 };

const text = (name: string): Uint8Array => new TextEncoder().encode(name);
const txid = (name: string): Txid => hashToDisplay(sha256d(text(name))) as Txid;
const keyScript = (name: string): ScriptHex =>
  bytesToHex(p2wpkhScript(hash160(text(name)))) as ScriptHex;
const wrapped = (name: string): ScriptHex =>
  bytesToHex(p2shScript(hash160(p2wpkhScript(hash160(text(name)))))) as ScriptHex;

function input(from: string, vout: number, script: ScriptHex, valueSats: number): ReadInput {
  const kind = script.startsWith('a914') ? INPUT_KIND.p2shP2wpkh : INPUT_KIND.p2wpkh;
  const shape = { sequence: 0, kind, keyForm: 1, sighashMask: 1, witnessItems: 2 };
  return { prevout: { txid: txid(from), vout }, valueSats, script, ...shape };
}

function output(script: ScriptHex, valueSats: number, spentBy?: string): ReadOutput {
  return {
    valueSats,
    kind: SCRIPT_KIND.p2wpkh,
    script,
    scriptBytes: 22,
    ...(spentBy === undefined
      ? { status: 'unspent' as const }
      : { status: 'spent' as const, spentBy: { txid: txid(spentBy), vin: 0, height: 150 } }),
  };
}

function transaction(
  name: string,
  height: number,
  position: number,
  inputs: readonly ReadInput[],
  outputs: readonly ReadOutput[],
): ReadTransaction {
  return {
    txid: txid(name),
    place: { height, blockHash: TIP.hash, timeSeconds: 1_600_000_000 + height * 600, position },
    version: 2,
    locktime: 0,
    sizeBytes: 200,
    weight: 800,
    isCoinbase: false,
    hasWitness: true,
    inputs,
    outputs,
    sameIdAtHeights: [],
  };
}

function partial(
  transactions: readonly ReadTransaction[],
  missing: readonly string[] = [],
  wholeScripts: readonly ScriptHex[] = [],
): PartialFlow {
  return PartialFlow.of(network, {
    tip: TIP,
    transactions,
    missing: new Set(missing.map(txid)),
    wholeScripts: new Set(wholeScripts),
  });
}

const A = keyScript('a');
const B = keyScript('b');
const C = keyScript('c');
const chain = [
  transaction('second', 120, 7, [input('first', 0, A, 60)], [output(C, 55, 'third')]),
  transaction(
    'first',
    100,
    3,
    [input('zeroth', 1, B, 101)],
    [output(A, 60, 'second'), output(B, 40)],
  ),
];

test('what was not fetched is neither unspent nor unknown, and is asked for once it is reached', () => {
  const flow = partial(chain);
  const [a, b, c] = [0, 1, 2];
  assert.equal(flow.txid(0), txid('first'), 'chain order, whatever order they came in');
  assert.equal(flow.outputSpender.at(a), 1);
  assert.equal(flow.outputSpender.at(b), UNSPENT);
  assert.equal(flow.outputSpender.at(c), NOT_FETCHED);
  assert.deepEqual(
    [a, b, c].map((row) => isSpentBefore(flow, row, flow.txCount)),
    [true, false, true],
  );
  assert.equal(flow.inputPrevout.at(0), NONE);
  assert.equal(flow.inputValue(0), 101);
  assert.equal(flow.scriptOf(flow.inputScript(0)), B);
  assert.equal(flow.txFlags.at(0), TX_FLAG.witness | TX_FLAG.undoPrevout);

  assert.deepEqual(flow.takeNeeds(), { txids: [], txidsAtLimits: [], scripts: [] });
  flow.openEnds.needSpender(c, false);
  assert.equal(flow.openEnds.needOrigin(0), true);
  assert.equal(flow.openEnds.needOrigin(1), false, 'what it spends is here');
  flow.openEnds.needHistory(flow.scriptRow(A));
  flow.openEnds.needHistory(flow.scriptRow(A));
  assert.deepEqual(flow.takeNeeds(), {
    txids: [txid('third'), txid('zeroth')],
    txidsAtLimits: [],
    scripts: [A],
  });
  assert.deepEqual(flow.takeNeeds().txids, [], 'taken is taken');
  flow.openEnds.needSpender(c, true);
  assert.deepEqual(flow.takeNeeds().txidsAtLimits, [txid('third')]);
});

test('what was asked for and is nowhere is not asked for again, nor the history of a whole script', () => {
  const flow = partial(chain, ['zeroth'], [A]);
  assert.equal(flow.openEnds.needOrigin(0), false);
  flow.openEnds.needHistory(flow.scriptRow(A));
  assert.deepEqual(flow.takeNeeds(), { txids: [], txidsAtLimits: [], scripts: [] });
});

test('places in the chain are those of the whole blocks; the last block is the one it is as of', () => {
  const flow = partial(chain);
  assert.deepEqual([flow.txHeight(0), flow.txPosition(0)], [100, 3]);
  assert.deepEqual([flow.txHeight(1), flow.txPosition(1)], [120, 7]);
  assert.equal(flow.blockHeight.at(flow.blockCount - 1), TIP.height);
  assert.equal(flow.txEndAtHeight(150), 2);
  assert.equal(flow.txEndAtHeight(119), 1);
  const scripts = [flow.scriptRow(A)] as never;
  const first = readHistory(flow, scripts, { limit: 1 });
  assert.equal(first.nextCursor, '120:7');
  const [second] = readHistory(flow, scripts, { limit: 1, cursor: first.nextCursor! }).entries;
  assert.equal(second!.txid, txid('first'));
  const { receivedSats, sentSats, transactions } = summariseScripts(flow, scripts);
  assert.deepEqual([receivedSats, sentSats, transactions], [60n, 60n, 2]);
});

test('within a block, what is spent comes first whatever the positions say (blocks ordered by id)', () => {
  const names = ['e', 'd', 'c', 'b', 'a'];
  const block = names.map((name, position) => {
    const from = names[position + 1] ?? 'earlier';
    return transaction(name, 10, position, [input(from, 0, A, 50)], [output(A, 50)]);
  });
  const flow = partial(block);
  assert.deepEqual(
    Array.from({ length: 5 }, (_, tx) => flow.txid(tx)),
    ['a', 'b', 'c', 'd', 'e'].map(txid),
  );
  assert.equal(flow.txAt(0, 4), 0);
  assert.equal(flow.txAt(0, 5), NONE);
});

test('data outputs have no script and are never spent; the genesis output too', () => {
  const data: ReadOutput = {
    valueSats: 0,
    kind: SCRIPT_KIND.opReturn,
    scriptBytes: 40,
    status: 'unspendable',
  };
  const flow = partial([transaction('t', 5, 1, [input('x', 0, A, 9)], [data])]);
  assert.equal(flow.outputScript.at(0), NONE);
  assert.equal(flow.outputSpender.at(0), UNSPENDABLE);
  assert.ok((flow.txFlags.at(0) & TX_FLAG.opReturn) !== 0);
});

test('a P2SH that wraps the P2WPKH of a key that is here is known to do so once it was spent', () => {
  const revealed = (spent: boolean): string[] => {
    const paid = transaction(
      'p',
      1,
      1,
      [input('x', 0, C, 90)],
      [output(A, 30), output(wrapped('a'), 50, 's')],
    );
    const spend = transaction('s', 2, 1, [input('p', 1, wrapped('a'), 50)], [output(B, 49)]);
    const flow = partial(spent ? [paid, spend] : [paid]);
    return Array.from({ length: flow.revealScript.length }, (_, row) => {
      assert.equal(flow.revealScript.at(row), flow.scriptRow(wrapped('a')));
      assert.equal(flow.txid(flow.revealTx.at(row)), txid('s'));
      assert.equal(flow.revealKind.at(row), REVEAL.p2wpkh);
      return bytesToHex(flow.revealPayload.at(row).subarray(0, 20));
    });
  };
  assert.deepEqual(revealed(true), [bytesToHex(hash160(text('a')))]);
  assert.deepEqual(revealed(false), []);
});

test('facts that contradict each other are refused by name', () => {
  const first = transaction('first', 1, 1, [input('x', 0, A, 9)], [output(A, 8, 'second')]);
  const wrong = [
    transaction('second', 2, 1, [input('first', 0, A, 7)], [output(B, 7)]),
    transaction('second', 2, 1, [input('first', 1, A, 8)], [output(B, 7)]),
  ];
  for (const second of wrong) {
    assert.throws(() => partial([first, second]), { code: 'CLEW_REMOTE_LIE' });
  }
  const right = transaction('second', 2, 1, [input('first', 0, A, 8)], [output(B, 7)]);
  const twice = transaction('third', 3, 1, [input('first', 0, A, 8)], [output(B, 7)]);
  assert.throws(() => partial([first, right, twice]), { code: 'CLEW_REMOTE_LIE' });
});
