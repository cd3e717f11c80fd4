/**
 * Ledgers that begin in mid-chain, with undo data beside the blocks: what they spend from before is known, every answer about
 * a transaction is that of the whole chain, and when the earlier blocks come the ledger is that of one whole run.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tableDigests } from '../../test/support/compare-ledger.ts';
import { flowColumns } from '../../test/support/flow-columns.ts';
import type { IndexTask } from '../../test/support/index-process.ts';
import { block300025, jsonPrevoutBlocks } from '../../test/support/prevout-blocks.ts';
import { onlyBlocks } from '../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { writeUndoFiles } from '../../test/support/undo-of-chain.ts';
import { scrambled, undoRecord } from '../../test/support/undo-writer.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { scriptToAddress } from '../chain/address.ts';
import { runIdFor } from '../cluster/cluster-run.ts';
import { readHistory, summariseScripts } from '../ledger/address-facts.ts';
import { BlockLoader } from '../ledger/block-loader.hot.ts';
import { countFlow } from '../ledger/counters.ts';
import { FlowIndex, TX_FLAG, UNSPENT } from '../ledger/flow-index.ts';
import { Ledger } from '../ledger/ledger.ts';
import { resolveAddress } from '../ledger/script-lookup.ts';
import { readTransaction, type TransactionFacts } from '../ledger/transaction-facts.ts';
import { writeScenarioChain } from '../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { NONE, type ScriptId } from '../units/ids.ts';
import { indexBlocks } from './index-blocks.ts';

const folder = temporaryFolder('index-undo');
const blocksFolder = join(folder, 'blocks');
const REGTEST_MAGIC = 0xdab5bffa;
let source: BlockSource;
/** What one ledger of the whole chain holds; only one can be open at a time. */
let whole: Awaited<ReturnType<typeof stateOf>>;
let wholeFlow: FlowIndex;
/** A transaction of block 125 or later that spends from before, and what the whole ledger says of it. */
let spender: TransactionFacts;
const sources: BlockSource[] = [];

before(async () => {
  writeScenarioChain(blocksFolder);
  const random = seededRandom('index-undo');
  writeUndoFiles(blocksFolder, REGTEST_MAGIC, { order: (records) => random.shuffle(records) });
  source = await openBlockSource(blocksFolder);
  wholeFlow = FlowIndex.inMemory(source.network);
  const loader = new BlockLoader(wholeFlow, countFlow(wholeFlow));
  for (const block of source.blocks) {
    const { height, hash } = block;
    loader.addBlock(source.readBlock(block), { height, hash, fileId: 0, fileOffset: 0 });
  }
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, source);
    whole = await stateOf(ledger);
    const flow = await ledger.openFlow();
    const txBegin = flow.txEndAtHeight(124);
    const outputEnd = flow.txFirstOutput.at(txBegin);
    let input = flow.txFirstInput.at(txBegin);
    while (flow.inputPrevout.at(input) >= outputEnd) input += 1;
    spender = await readTransaction(ledger, flow, flow.txid(flow.inputTx(input)));
  });
});

after(() => {
  for (const each of sources) each.close();
  source.close();
});

async function withLedger(work: (ledger: Ledger) => Promise<void>, of = source): Promise<void> {
  const path = mkdtempSync(join(folder, 'ledger-'));
  const ledger = await Ledger.open(path, of.network);
  try {
    await work(ledger);
  } finally {
    await ledger.close();
    rmSync(path, { recursive: true, force: true });
  }
}

/** A copy of the blocks and their undo data, changed. */
async function changedSource(change: (path: string) => void): Promise<BlockSource> {
  const path = mkdtempSync(join(folder, 'changed-'));
  cpSync(blocksFolder, path, { recursive: true });
  change(path);
  const opened = await openBlockSource(path);
  sources.push(opened);
  return opened;
}

const from = (of: BlockSource, heightMin: number): BlockSource =>
  onlyBlocks(of, (height) => height >= heightMin);

async function stateOf(of: Ledger) {
  return {
    tip: of.tip?.hash,
    counters: of.counters,
    tables: await tableDigests(of),
    flow: flowColumns(await of.openFlow()),
  };
}

function scriptHex(flow: FlowIndex, script: number): string | undefined {
  return script === NONE ? undefined : bytesToHex(flow.scripts.read(script));
}

/** What each input of a transaction spends, and the fee. */
function spendsOf(flow: FlowIndex, tx: number) {
  const inputs: (readonly [sats: number, script: string | undefined, kind: number])[] = [];
  for (let at = flow.txFirstInput.at(tx); at < flow.txFirstInput.at(tx + 1); at += 1) {
    const script = scriptHex(flow, flow.inputScript(at));
    inputs.push([flow.inputValue(at), script, flow.inputKind.at(at)]);
  }
  return inputs;
}

/** Every transaction of a window spends what it spends in the whole chain. */
function compareSpends(flow: FlowIndex): void {
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    const same = wholeFlow.findTxs(flow.txids.at(tx).slice());
    const inWhole = same.find((row) => wholeFlow.txHeight(row) === flow.txHeight(tx))!;
    assert.deepEqual(spendsOf(flow, tx), spendsOf(wholeFlow, inWhole), flow.txid(tx));
    assert.equal(flow.txFlags.at(tx) & ~TX_FLAG.undoPrevout, wholeFlow.txFlags.at(inWhole));
  }
}

/** Sums and histories of all addresses of a window are those of the whole chain from there on. */
function compareAddresses(flow: FlowIndex, heightMin: number): void {
  const { network } = flow;
  const addresses = new Set<string>();
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const address = scriptToAddress(flow.scripts.read(script), network);
    if (address !== undefined) addresses.add(address);
  }
  let before = 0n;
  for (const address of addresses) {
    const scripts = resolveAddress(flow, address);
    const entries = readHistory(flow, scripts, { limit: 10_000 }).entries;
    const wholeScripts = resolveAddress(wholeFlow, address);
    const all = readHistory(wholeFlow, wholeScripts, { limit: 10_000 }).entries;
    assert.deepEqual(
      entries,
      all.filter(({ height }) => height >= heightMin),
      address,
    );
    const summary = summariseScripts(flow, scripts);
    const balance = balanceMadeFrom(wholeScripts, heightMin);
    const sum = (key: 'receivedSats' | 'sentSats'): bigint =>
      entries.reduce((total, entry) => total + entry[key], 0n);
    assert.equal(summary.receivedSats, sum('receivedSats'));
    assert.equal(summary.sentSats, sum('sentSats'));
    assert.equal(summary.balanceSats, balance, address);
    assert.equal(summary.transactions, entries.length);
    assert.equal(summary.firstSeen?.txid, entries.at(-1)?.txid);
    assert.equal(summary.lastSeen?.txid, entries[0]?.txid);
    before += summary.sentFromBeforeSats;
  }
  assert.ok(before > 0n);
}

/** Unspent outputs of scripts in the whole chain that were made at a height or later. */
function balanceMadeFrom(scripts: readonly ScriptId[], heightMin: number): bigint {
  let sum = 0n;
  for (const script of scripts) {
    let output = wholeFlow.scriptLastOutput.at(script);
    for (; output !== NONE; output = wholeFlow.outputPrevOfScript.at(output)) {
      if (wholeFlow.outputSpender.at(output) !== UNSPENT) continue;
      if (wholeFlow.txHeight(wholeFlow.outputTx.at(output)) < heightMin) continue;
      sum += BigInt(wholeFlow.outputValue.at(output));
    }
  }
  return sum;
}

test('a window knows what it spends from before: values, scripts, fees, addresses', async () => {
  for (const heightMin of [1, 125, 160]) {
    await withLedger(async (ledger) => {
      const result = await indexBlocks(ledger, from(source, heightMin));
      assert.deepEqual(result.problems, [], `from ${heightMin}`);
      const flow = await ledger.openFlow();
      assert.equal(ledger.counters.unknownInputs, 0);
      const spendsBefore = heightMin > 1;
      assert.equal(ledger.counters.undoInputs > 0, spendsBefore, `from ${heightMin}`);
      assert.deepEqual(countFlow(flow), ledger.counters);
      compareSpends(flow);
      if (spendsBefore) compareAddresses(flow, heightMin);
    });
  }
});

test('a single transaction is told with the address and the height of what it spent from before', async () => {
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, from(source, 125));
    const flow = await ledger.openFlow();
    const facts = await readTransaction(ledger, flow, spender.txid);
    assert.equal(facts.unknownInputs, 0);
    assert.equal(facts.feeSats, spender.feeSats);
    for (const [vin, input] of facts.inputs.entries()) {
      const { isFromUndo, madeAtHeight, ...rest } = input;
      assert.deepEqual(rest, spender.inputs[vin]);
      if (!isFromUndo) continue;
      const prevout = wholeFlow.findTxs(Buffer.from(input.prevTxid!, 'hex').reverse()).at(-1)!;
      assert.equal(madeAtHeight, wholeFlow.txHeight(prevout));
      assert.ok(madeAtHeight! < 125);
    }
    assert.ok(facts.inputs.some(({ isFromUndo }) => isFromUndo));
  });
});

test('blocks undone and loaded again, links made anew, another batch size: the same window', async () => {
  const random = seededRandom('undone');
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, from(source, 120), { batchRows: 300 });
    const expected = await stateOf(ledger);
    assert.ok(expected.counters.undoInputs > 0);
    for (const height of [120, random.int(122, 190)]) {
      await ledger.undoAbove(height);
      assert.deepEqual(countFlow(await ledger.openFlow()), ledger.counters, `above ${height}`);
      await indexBlocks(ledger, from(source, 120));
      assert.deepEqual(await stateOf(ledger), expected, `above ${height}`);
    }
    await ledger.rebuildFlow();
    assert.deepEqual(await stateOf(ledger), expected, 'links made anew');
  });
});

test('killed while it loads a window, the ledger opens whole, and goes on to the same', async () => {
  const random = seededRandom('killed');
  let expected: unknown;
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, from(source, 120));
    expected = await stateOf(ledger);
  });
  const ledgerFolder = mkdtempSync(join(folder, 'killed-'));
  let tipHash: string | undefined;
  for (const blocks of [20, 45]) {
    await killAfter(
      { blocks: blocksFolder, ledgerFolder, batchRows: 80, heightMin: 120 },
      blocks - random.int(0, 5),
    );
    const ledger = await Ledger.open(ledgerFolder, source.network);
    tipHash = ledger.tip?.hash;
    if (ledger.tip !== undefined) {
      assert.deepEqual(countFlow(await ledger.openFlow()), ledger.counters);
      assert.equal(ledger.counters.unknownInputs, 0);
    }
    await ledger.close();
  }
  assert.ok(tipHash !== undefined, 'nothing was committed before the kills');
  assert.notEqual(tipHash, source.blocks.at(-1)!.hash, 'the kills came when all was done');
  const ledger = await Ledger.open(ledgerFolder, source.network);
  await indexBlocks(ledger, from(source, 120));
  assert.deepEqual(await stateOf(ledger), expected);
  await ledger.close();
});

/** Index in a process of its own, and kill it after so many blocks. */
async function killAfter(task: IndexTask, blocks: number): Promise<void> {
  const program = fileURLToPath(new URL('../../test/support/index-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split('.').length > blocks) child.kill('SIGKILL');
  });
  await once(child, 'exit');
  assert.ok(output.includes('indexing'), 'the process ended before it began');
}

test('when the earlier blocks come, the ledger is that of one whole run', async () => {
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, from(source, 160));
    await indexBlocks(
      ledger,
      onlyBlocks(source, (height) => height >= 130 && height <= 140),
    );
    // Between the two windows there is a hole: what is spent from it is known from undo data.
    assert.equal(ledger.counters.unknownInputs, 0);
    compareSpends(await ledger.openFlow());
    await indexBlocks(ledger, from(source, 120));
    assert.equal(ledger.counters.unknownInputs, 0);
    compareSpends(await ledger.openFlow());
    await indexBlocks(ledger, source);
    assert.equal(ledger.counters.undoInputs, 0);
    assert.deepEqual(await stateOf(ledger), whole);
  });
});

test('under a key, with threads, and without a rev file', async () => {
  const key = Uint8Array.of(9, 1, 0, 77, 250, 3, 12, 200);
  const scrambledSource = await changedSource((path) => {
    for (const name of ['blk00000.dat', 'rev00000.dat']) {
      writeFileSync(join(path, name), scrambled(readFileSync(join(path, name)), key));
    }
    writeFileSync(join(path, 'xor.dat'), key);
  });
  let runId = '';
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, from(scrambledSource, 130), { threads: 1 });
    assert.equal(ledger.counters.unknownInputs, 0);
    compareSpends(await ledger.openFlow());
    runId = runIdFor(await ledger.openFlow());
  });
  const bare = await changedSource((path) => rmSync(join(path, 'rev00000.dat')));
  await withLedger(async (ledger) => {
    const { problems } = await indexBlocks(ledger, from(bare, 130));
    assert.deepEqual(problems, []);
    assert.equal(ledger.counters.undoInputs, 0);
    assert.ok(ledger.counters.unknownInputs > 0);
    // What is known of fewer inputs may join fewer scripts, so it is a run of another name.
    assert.notEqual(runIdFor(await ledger.openFlow()), runId);
  });
});

test('undo data that is missing, damaged or made up leaves unknown what it does not tell, and is named', async () => {
  const random = seededRandom('lies');
  const spending = source.blocks.filter(({ height }) => height >= 130);
  const without = new Set(spending.filter(() => random.chance(0.5)).map(({ hash }) => hash));
  const partial = await changedSource((path) => writeUndoFiles(path, REGTEST_MAGIC, { without }));
  await withLedger(async (ledger) => {
    const { problems } = await indexBlocks(ledger, from(partial, 130));
    assert.ok(ledger.counters.unknownInputs > 0 && ledger.counters.undoInputs > 0);
    assert.ok(problems.length > 0);
    for (const { code, facts } of problems) {
      assert.equal(code, 'CLEW_UNDO_MISSING');
      assert.ok(without.has(facts['hash'] as string));
    }
    assert.deepEqual(countFlow(await ledger.openFlow()), ledger.counters);
  });
  // Every key hash and script hash is another one: whoever spent shows that it is not.
  const lying = await changedSource((path) => {
    writeUndoFiles(path, REGTEST_MAGIC, {
      change: (coin) => ({ ...coin, script: Uint8Array.from(coin.script, flipSeventh) }),
    });
  });
  await withLedger(async (ledger) => {
    const { problems } = await indexBlocks(ledger, from(lying, 130));
    assert.ok(problems.some(({ code, facts }) => code === 'CLEW_UNDO_DAMAGED' && facts['txid']));
    const flow = await ledger.openFlow();
    let refused = 0;
    for (let input = 0; input < flow.inputCount; input += 1) {
      if (flow.inputPrevout.at(input) === NONE && !flow.isInputKnown(input)) refused += 1;
    }
    assert.ok(refused > 50, `${refused} inputs were refused`);
  });
  // The heights say that everything was made in a block that the ledger has.
  const misplaced = await changedSource((path) => {
    writeUndoFiles(path, REGTEST_MAGIC, { change: (coin) => ({ ...coin, height: 130 }) });
  });
  await withLedger(async (ledger) => {
    await indexBlocks(ledger, from(misplaced, 130));
    assert.equal(ledger.counters.undoInputs, 0);
  });
});

function flipSeventh(byte: number, at: number): number {
  return at === 7 ? byte ^ 1 : byte;
}

test('real blocks alone with their undo data: fees to the satoshi, every input owned', async (t) => {
  const blocks = jsonPrevoutBlocks(t);
  const large = block300025(t);
  if (blocks === undefined || large === undefined) return;
  for (const block of [blocks.at(-1)!, large]) {
    const path = mkdtempSync(join(folder, 'real-'));
    const frame = Buffer.alloc(8);
    frame.write('f9beb4d9', 'hex');
    frame.writeUInt32LE(block.bytes.length, 4);
    writeFileSync(join(path, 'blk03250.dat'), Buffer.concat([frame, block.bytes]));
    writeFileSync(join(path, 'rev03250.dat'), undoRecord('f9beb4d9', block));
    const real = await openBlockSource(path);
    sources.push(real);
    await withLedger(async (ledger) => {
      const { problems } = await indexBlocks(ledger, real);
      assert.deepEqual(problems, []);
      const flow = await ledger.openFlow();
      const coins = block.transactions.flat();
      const { unknownInputs, undoInputs, inputs, knownFeesSats } = ledger.counters;
      assert.equal(unknownInputs, 0);
      assert.equal(inputs, coins.length);
      assert.equal(knownFeesSats, BigInt(block.feesSats));
      assert.ok(undoInputs > 100);
      for (const [row, coin] of coins.entries()) {
        assert.equal(BigInt(flow.inputValue(row + 1)), BigInt(coin.valueSats));
        assert.equal(scriptHex(flow, flow.inputScript(row + 1)), bytesToHex(coin.script));
      }
    }, real);
  }
});
