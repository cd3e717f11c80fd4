/** One whole real block with all its previous outputs: mainnet 300,025, of May 2014. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { BlockColumns, readBlockColumns } from '../chain/block-columns.hot.ts';
import { classifyInput, newInputShape } from '../chain/input-kind.ts';
import { getNetwork } from '../chain/network.ts';
import { classifyScript, isUnspendable } from '../chain/script.ts';
import type { ScriptKind } from '../chain/script-kind.ts';
import { FlowIndex, TX_FLAG, UNSPENDABLE, UNSPENT } from '../ledger/flow-index.ts';
import { NONE } from '../units/ids.ts';
import { runClustering } from './cluster-run.ts';

interface Prevout {
  readonly sats: number;
  readonly script: Uint8Array;
}

function readPrevouts(bytes: Buffer): Prevout[] {
  const prevouts: Prevout[] = [];
  for (let at = 0; at < bytes.length; ) {
    const sats = Number(bytes.readBigInt64LE(at));
    const length = bytes[at + 8]!;
    assert.ok(length < 0xfd);
    prevouts.push({ sats, script: bytes.subarray(at + 9, at + 9 + length) });
    at += 9 + length;
  }
  return prevouts;
}

/** The block after one that pays every previous output. */
function load(t: TestContext, height: number): FlowIndex | undefined {
  const block = sharedFile(t, 'bitcoin/blocks/single/mainnet-300025.raw');
  const undo = sharedFile(t, 'bitcoin/undo/mainnet-300025.prevouts');
  if (block === undefined || undo === undefined) return undefined;
  const network = getNetwork('main');
  const flow = FlowIndex.inMemory(network);
  const scripts = new Map<string, number>();
  const pay = (sats: number, bytes: Uint8Array): void => {
    if (isUnspendable(bytes, 0, bytes.length)) {
      flow.addOutput(sats, NONE, UNSPENDABLE);
      return;
    }
    const key = Buffer.from(bytes).toString('hex');
    let script = scripts.get(key);
    if (script === undefined) {
      script = flow.addScript(classifyScript(bytes, 0, bytes.length), bytes, 0, bytes.length);
      scripts.set(key, script);
    }
    flow.addOutput(sats, script, UNSPENT);
  };
  const prevouts = readPrevouts(undo);
  flow.addBlock(height - 1, 1_399_703_554);
  flow.addTx(TX_FLAG.coinbase, new Uint8Array(32), 0);
  flow.addInput(NONE, 0xffff_ffff, 1, 0);
  for (const { sats, script } of prevouts) pay(sats, script);
  flow.endTx();

  const columns = new BlockColumns();
  readBlockColumns(block, network, columns);
  const shape = newInputShape();
  flow.addBlock(height, 1_399_703_554);
  let next = 0;
  for (let tx = 0; tx < columns.txCount; tx += 1) {
    flow.addTx(tx === 0 ? TX_FLAG.coinbase : 0, columns.txids, 32 * tx);
    for (let input = columns.txFirstInput[tx]!; input < columns.txFirstInput[tx + 1]!; input += 1) {
      const prevout = tx === 0 ? NONE : next;
      const script = tx === 0 ? NONE : flow.outputScript.at(prevout);
      const kind = (tx === 0 ? 255 : flow.scriptKind.at(script)) as ScriptKind;
      classifyInput(block, columns, input, kind, shape);
      flow.addInput(prevout, columns.inSequence[input]!, shape.kind, shape.sighashMask);
      if (tx > 0) next += 1;
    }
    for (
      let output = columns.txFirstOutput[tx]!;
      output < columns.txFirstOutput[tx + 1]!;
      output += 1
    ) {
      const start = columns.outScriptOffset[output]!;
      pay(
        columns.outValue[output]!,
        block.subarray(start, start + columns.outScriptLength[output]!),
      );
    }
    flow.endTx();
  }
  assert.equal(next, 1427);
  return flow;
}

/** Transactions that Clew calls a possible mix or Stonewall, and so leaves out. */
const LEFT_OUT = {
  'EQ-1': [
    '40984b437ba75ad1f97c6bbf843559c5a9b1a865534f1055ea895e2b112918d6',
    'b4c414b9acb15bca04f8ae614f79f547dfd82340e9651b22943342bb3628d7ef',
    'dbb220ef8a2d9dded1ee8f75c31e6ae6e8b56b3f25f07ca7fc77e2dc823ba7b9',
    'd69c66fad04a28f68398c16251b7eddeac01ee13471d17cc4260cdd2ecd83678',
    '810bf5b04f992908f43e29548f9c44f568d673854b63ef3aa474f29550474c3e',
    'c1b759121d09b36f190f34d60a86fcdacb5b7ed4560b393c4e248a1f6ab2b638',
  ],
  'SW-1': ['3ad6b54fe2f692224ad3031056601c5e0c1c037efe600823984015b925e0e64a'],
};

test('clusters of a real block are those of joining inputs by hand, less seven transactions of 158', (t) => {
  const flow = load(t, 300_025);
  if (flow === undefined) return;
  const run = runClustering(flow);
  const found: Record<string, string[]> = {};
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    for (const { ruleId } of run.verdictsOf(tx)) {
      found[ruleId] = [...(found[ruleId] ?? []), flow.txid(tx)];
    }
  }
  assert.deepEqual(found, { 'SW-1': LEFT_OUT['SW-1'], 'EQ-1': LEFT_OUT['EQ-1'] });
  const { linked, droppedPossibleMix, droppedStonewall, droppedStrongMix } = run.counts;
  assert.deepEqual(
    [linked, droppedPossibleMix, droppedStonewall, droppedStrongMix],
    [151, 6, 1, 0],
  );

  const label = Array.from({ length: flow.scriptCount }, (_, script) => script);
  const leftOut = new Set([...LEFT_OUT['EQ-1'], ...LEFT_OUT['SW-1']]);
  for (let tx = 1; tx < flow.txCount; tx += 1) {
    if (leftOut.has(flow.txid(tx))) continue;
    const scripts: number[] = [];
    for (let input = flow.txFirstInput.at(tx); input < flow.txFirstInput.at(tx + 1); input += 1) {
      const prevout = flow.inputPrevout.at(input);
      if (prevout !== NONE) scripts.push(flow.outputScript.at(prevout));
    }
    const old = new Set(scripts.map((script) => label[script]!));
    const low = Math.min(...old);
    for (let i = 0; i < label.length; i += 1) if (old.has(label[i]!)) label[i] = low;
  }
  assert.deepEqual(
    label.map((_, script) => run.rootOf(script)),
    label,
  );
});

test('the PayJoin shape is a sixth of the co-spends, years before there were PayJoins', (t) => {
  const flow = load(t, 700_000);
  if (flow === undefined) return;
  const { linked, payjoinMarked } = runClustering(flow).counts;
  assert.deepEqual([linked, payjoinMarked], [151, 26]);
});
