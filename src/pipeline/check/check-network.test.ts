/** `clew check`: a sound ledger passes, and every damage made by hand is found by the check that is meant to, at its place. */
import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  rewriteFlow,
  withChangedColumn,
  withChangedFiles,
} from '../../../test/support/damage-ledger.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { listBlocks } from '../../ledger/block-directory.ts';
import { UNSPENT } from '../../ledger/flow-index.ts';
import { checkpointFlow } from '../../ledger/flow-store.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { writeScenarioChain } from '../../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../../source/block-source.ts';
import { indexBlocks } from '../index-blocks.ts';
import {
  type CheckAnswer,
  type CheckName,
  type CheckOptions,
  checkError,
  checkNetwork,
} from './check-network.ts';
import type { CheckFinding } from './run-check.ts';

const root = temporaryFolder('check');
const folder = join(root, 'network');
let ledger: Ledger;
let source: BlockSource;

before(async () => {
  writeScenarioChain(join(root, 'blocks'));
  source = await openBlockSource(join(root, 'blocks'));
  ledger = await Ledger.open(folder, source.network);
  await indexBlocks(ledger, source);
});

after(() => ledger.close());

const check = (options?: CheckOptions): Promise<CheckAnswer> =>
  checkNetwork({ ledger, folder }, options);

function resultOf(answer: CheckAnswer, name: CheckName) {
  return answer.checks.find((each) => each.name === name)!;
}

/** What a check found; the check must have failed. */
function findingOf(answer: CheckAnswer, name: CheckName): CheckFinding {
  const { finding } = resultOf(answer, name);
  assert.ok(finding, `${name}: ${JSON.stringify(answer.checks)}`);
  assert.equal(answer.isSound, false);
  assert.equal(checkError(answer).code, 'CLEW_CHECK_FAILED');
  assert.equal(checkError(answer).exitCode, 5);
  return finding;
}

function failures(answer: CheckAnswer): string[] {
  return answer.checks.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

function assertSound(answer: CheckAnswer): void {
  assert.deepEqual(failures(answer), [], JSON.stringify(answer.checks));
  assert.equal(answer.isSound, true);
}

test('the scenario chain is sound, in one thread and in several', async () => {
  const answer = await check();
  assertSound(answer);
  assert.ok(answer.isWhole);
  for (const { name, status } of answer.checks) assert.equal(status, 'passed', name);
  const { rows, counters } = ledger.requireTip();
  assert.equal(resultOf(answer, 'spends').counts['outputs'], rows.outputs);
  assert.equal(resultOf(answer, 'spends').counts['unspent'], counters.unspentCount);
  assert.equal(resultOf(answer, 'blocks').counts['blocks'], rows.blocks);
  assert.ok(resultOf(answer, 'spends').counts['overwritten']! > 0);
  let last = 0;
  const threaded = await check({
    threads: 3,
    onProgress: ({ share }) => {
      assert.ok(share >= last && share <= 1, `${share} after ${last}`);
      last = share;
    },
  });
  assert.deepEqual(threaded, answer);
  assert.ok(last > 0.99);
});

test('a range of heights looks at its rows only', async () => {
  const blocks = await listBlocks(ledger.engine);
  const answer = await check({ heightMin: 20, heightMax: 60, withoutBlocks: true });
  assertSound(answer);
  assert.deepEqual(answer.heights, { heightMin: 20, heightMax: 60 });
  assert.equal(answer.isWhole, false);
  assert.equal(resultOf(answer, 'rows').counts['blocks'], 41);
  assert.equal(resultOf(answer, 'blocks').status, 'skipped');
  assert.equal(resultOf(answer, 'counters').status, 'skipped');
  for (const heightMin of [0, 1, 99, blocks.at(-1)!.height]) {
    assertSound(await check({ heightMin, heightMax: heightMin + 3 }));
  }
  await assert.rejects(check({ heightMin: blocks.at(-1)!.height + 1 }), { code: 'CLEW_AS_OF' });
  await assert.rejects(check({ heightMin: 60, heightMax: 20 }), { code: 'CLEW_AS_OF' });
});

test('a flipped bit in any column file is found, with column and page', async () => {
  for (const column of ['inputPrevout', 'outputSpender', 'txids', 'outputValue', 'scriptKind']) {
    const flip = (flowFolder: string): void => {
      const fd = openSync(join(flowFolder, `${column}.col`), 'r+');
      const byte = Buffer.alloc(1);
      readSync(fd, byte, 0, 1, 4096);
      writeSync(fd, Uint8Array.of(byte[0]! ^ 4), 0, 1, 4096);
      closeSync(fd);
    };
    await withChangedFiles(folder, flip, async () => {
      const answer = await check({ withoutBlocks: true });
      // Of transactions and scripts that no stored keys cover, ids and kinds are read at once.
      const name = ['txids', 'scriptKind'].includes(column) ? 'open' : 'checksums';
      const { facts } = findingOf(answer, name);
      assert.deepEqual([facts['column'], facts['page']], [column, 0]);
      assert.match(String(facts['file'] ?? facts['path']), new RegExp(`${column}\\.col$`));
    });
  }
});

test('a cut file is found when the columns are opened, and the rest is left out', async () => {
  const cut = (flowFolder: string): void => rmSync(join(flowFolder, 'outputTx.col'));
  await withChangedFiles(folder, cut, async () => {
    const answer = await check();
    const { facts } = findingOf(answer, 'open');
    assert.match(JSON.stringify(facts), /outputTx/);
    assert.ok(answer.checks.every(({ name, status }) => name === 'open' || status === 'skipped'));
  });
});

test('another spender of an output is found, both ways', async () => {
  const flow = await ledger.openFlow();
  const spent = Array.from({ length: flow.outputCount }, (_, output) => output).find((output) => {
    return flow.outputSpender.at(output) < flow.txCount && flow.outputTx.at(output) > 150;
  })!;
  const spender = flow.outputSpender.at(spent);
  const [place, txid, height] = [
    flow.outpoint(spent),
    flow.txid(flow.outputTx.at(spent)),
    flow.txHeight(flow.outputTx.at(spent)),
  ];
  for (const value of [UNSPENT, spender + 1]) {
    const change = () => rewriteFlow(ledger, (written) => written.outputSpender.set(spent, value));
    await withChangedFiles(folder, change, async () => {
      const answer = await check({ withoutBlocks: true });
      const { facts } = findingOf(answer, 'spends');
      assert.deepEqual(
        [facts['column'], facts['row'], facts['txid'], facts['height'], facts['expected']],
        ['outputSpender', spent, txid, height, spender],
      );
      assert.equal(`${facts['txid']}:${facts['output']}`, place);
      assert.equal(facts['found'], value === UNSPENT ? 'unspent' : value);
      assert.equal(resultOf(answer, 'checksums').status, 'passed');
    });
  }
  const unspent = Array.from({ length: flow.outputCount }, (_, output) => output).find((output) => {
    return flow.outputSpender.at(output) === UNSPENT;
  })!;
  const change = () =>
    rewriteFlow(ledger, (written) => written.outputSpender.set(unspent, flow.txCount - 1));
  await withChangedFiles(folder, change, async () => {
    const answer = await check({ withoutBlocks: true });
    const { facts } = findingOf(answer, 'spends');
    assert.deepEqual([facts['row'], facts['expected']], [unspent, 'unspent']);
    const { facts: counter } = findingOf(answer, 'counters');
    assert.deepEqual(counter['counter'], 'unspentCount');
    assert.equal(BigInt(counter['found'] as string) - BigInt(counter['expected'] as string), 1n);
  });
});

test('two scripts that were swapped are found by the links, the tables and the blocks', async () => {
  const flow = await ledger.openFlow();
  // Two outputs of one transaction that pay scripts seen before.
  let tx = flow.txCount - 1;
  for (; ; tx -= 1) {
    const first = flow.txFirstOutput.at(tx);
    if (flow.txFirstOutput.at(tx + 1) - first < 2) continue;
    const [a, b] = [flow.outputScript.at(first), flow.outputScript.at(first + 1)];
    if (a < flow.scriptCount && b < flow.scriptCount && a !== b) break;
  }
  const output = flow.txFirstOutput.at(tx);
  const swap = (rows: Buffer): void => {
    const first = rows.readUInt32LE(4 * output);
    rows.writeUInt32LE(rows.readUInt32LE(4 * output + 4), 4 * output);
    rows.writeUInt32LE(first, 4 * output + 4);
  };
  const expected = [flow.txid(tx), flow.txHeight(tx), output];
  await withChangedColumn(folder, 'outputScript', swap, async () => {
    const answer = await check();
    for (const name of ['tables', 'blocks', 'links'] as const) {
      const { facts } = findingOf(answer, name);
      if (name === 'links') continue;
      assert.deepEqual([facts['txid'], facts['height'], facts['row']], expected, name);
    }
    const columns = ['tables', 'blocks'].map(
      (name) => findingOf(answer, name as CheckName).facts['column'],
    );
    assert.deepEqual(columns, ['outputs.script_id', 'outputScript']);
    assert.equal(resultOf(answer, 'checksums').status, 'passed');
    // Below that height all is well.
    assertSound(await check({ heightMax: flow.txHeight(tx) - 1 }));
  });
});

test('a run of keys that is gone or damaged is found', async () => {
  const store = (): Promise<void> =>
    rewriteFlow(ledger, (flow) => {
      flow.columns.storeKeys(flow.counts, 1);
      checkpointFlow(flow, ledger.requireTip(), true);
    });
  const runOf = (flowFolder: string): string => {
    const name = readdirSync(flowFolder).find((each) => /^txKeys-.*\.run$/.test(each));
    assert.ok(name, 'a run was stored');
    return join(flowFolder, name);
  };
  await withChangedFiles(folder, store, async () => {
    assertSound(await check({ withoutBlocks: true }));
    const run = runOf(join(folder, 'flow'));
    const filled = [...readFileSync(run).entries()].filter(([, byte]) => byte !== 0);
    for (const part of [0, 0.3, 0.6, 0.9]) {
      const [position] = filled[Math.floor(part * filled.length)]!;
      await withDamagedByte(run, position, async () => {
        const answer = await check({ withoutBlocks: true });
        const found = failures(answer);
        assert.ok(found.includes('open') || found.includes('checksums'), `byte ${position}`);
        const name = found.includes('open') ? 'open' : 'checksums';
        assert.match(JSON.stringify(findingOf(answer, name).facts), /txKeys/);
      });
    }
    rmSync(run);
    assert.match(JSON.stringify(findingOf(await check(), 'open').facts), /txKeys/);
  });
});

async function withDamagedByte(
  path: string,
  position: number,
  work: () => Promise<void>,
): Promise<void> {
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, position);
  writeSync(fd, Uint8Array.of(byte[0]! ^ 1), 0, 1, position);
  try {
    await work();
  } finally {
    writeSync(fd, byte, 0, 1, position);
    closeSync(fd);
  }
}

test('a row of a table that was changed is found, with table, column and row', async () => {
  const flow = await ledger.openFlow();
  const input = flow.inputCount - 1;
  const cases: [table: string, set: string, where: string, column: string, check: CheckName][] = [
    ['transactions', 'flags = bitXor(flags, 8)', 'tx_index = 77', 'transactions.flags', 'tables'],
    ['inputs', 'prev_output = 3', `input_index = ${input}`, 'inputs.prev_output', 'tables'],
    ['inputs', 'sequence = sequence - 1', 'input_index = 50', 'inputs.sequence', 'tables'],
    ['outputs', 'value = value + 1', 'output_index = 60', 'outputs.value', 'tables'],
    ['outputs', 'value = 18446744073709551614', 'output_index = 60', 'outputs.value', 'tables'],
    ['blocks', 'tx_count = tx_count + 1', 'block_index = 40', 'blocks.tx_count', 'tables'],
    ['blocks', 'bits = bits + 1', 'block_index = 41', 'blocks.hash', 'headers'],
    ['blocks', 'prev_hash = hash', 'block_index = 42', 'blocks.hash', 'headers'],
    ['transactions', 'version = 9', 'tx_index = 78', 'transactions.version', 'blocks'],
    ['inputs', 'witness_items = 99', 'input_index = 51', 'inputs.witness_items', 'blocks'],
  ];
  for (const [table, set, where, column, name] of cases) {
    const row = Number(/\d+$/.exec(where)![0]);
    await withChangedTable(table, set, where, async () => {
      const answer = await check({ withoutBlocks: name !== 'blocks' });
      const { facts } = findingOf(answer, name);
      assert.deepEqual([facts['column'], facts['row']], [column, row], set);
      assert.equal(typeof facts['height'], 'number');
    });
  }
  assertSound(await check());
});

async function withChangedTable(
  table: string,
  set: string,
  where: string,
  work: () => Promise<void>,
): Promise<void> {
  const column = set.split(' ')[0]!;
  const { engine } = ledger;
  const [before] = await engine.query<{ value: string }>(
    `SELECT hex(toString(${column})) AS value FROM ${table} WHERE ${where}`,
  );
  const isText = column.endsWith('hash');
  const update = (to: string): Promise<void> =>
    engine.command(`ALTER TABLE ${table} UPDATE ${to} WHERE ${where} SETTINGS mutations_sync = 2`);
  await update(set);
  try {
    await work();
  } finally {
    const value = `unhex('${before!.value}')`;
    const type = table === 'outputs' || column === 'prev_output' ? 'toUInt64' : 'toInt64';
    await update(`${column} = ${isText ? `toFixedString(${value}, 32)` : `${type}(${value})`}`);
  }
}

test('a block file that was altered is found; one that is gone is counted apart', async () => {
  const blocks = await listBlocks(ledger.engine);
  const block = blocks[130]!;
  const place = block.offsetBytes + block.lengthBytes - 5;
  await withDamagedByte(block.file, place, async () => {
    for (const threads of [0, 2]) {
      const answer = await check({ threads });
      assert.deepEqual(failures(answer), ['blocks']);
      const { facts } = findingOf(answer, 'blocks');
      assert.deepEqual(
        [facts['height'], facts['hash'], facts['file']],
        [block.height, block.hash, block.file],
      );
      assert.match(String(facts['code']), /^CLEW_BLOCK_/);
    }
    assertSound(await check({ withoutBlocks: true }));
    assertSound(await check({ heightMax: block.height - 1 }));
    assertSound(await check({ heightMin: block.height + 1 }));
  });
  renameSync(block.file, `${block.file}.away`);
  try {
    const answer = await check();
    assertSound(answer);
    const gone = blocks.filter(({ file }) => file === block.file).length;
    assert.equal(resultOf(answer, 'blocks').counts['blocksGone'], gone);
    assert.equal(resultOf(answer, 'blocks').counts['blocks'], blocks.length - gone);
  } finally {
    renameSync(`${block.file}.away`, block.file);
  }
});

test('counters of the tip that are wrong are found', async () => {
  const tip = ledger.requireTip();
  const changed = {
    ...tip,
    counters: { ...tip.counters, knownFeesSats: `${BigInt(tip.counters.knownFeesSats) + 1n}` },
  };
  const asIf = Object.create(ledger, {
    requireTip: { value: () => changed },
    engine: { value: ledger.engine },
    network: { value: ledger.network },
    base: { value: ledger.base },
  }) as Ledger;
  const answer = await checkNetwork({ ledger: asIf, folder }, { withoutBlocks: true });
  assert.deepEqual(failures(answer), ['counters']);
  const { facts } = findingOf(answer, 'counters');
  assert.deepEqual(
    [facts['counter'], facts['expected'], facts['found']],
    ['knownFeesSats', tip.counters.knownFeesSats, changed.counters.knownFeesSats],
  );
});

test('a check is stopped on request', async () => {
  const stop = new AbortController();
  const options = { signal: stop.signal, onProgress: () => stop.abort() };
  for (const threads of [0, 2]) {
    await assert.rejects(check({ threads, ...options }), { code: 'CLEW_INTERRUPTED' });
  }
});
