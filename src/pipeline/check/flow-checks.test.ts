/** Each check of the flow index against one wrong value after the other, in every column that it looks at. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { flowWith } from '../../../test/support/damage-ledger.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { SmallFlow } from '../../cluster/test-support/small-flow.ts';
import { BlockLoader } from '../../ledger/block-loader.hot.ts';
import { countFlow } from '../../ledger/counters.ts';
import {
  FlowIndex,
  OVERWRITTEN,
  SPENDER_MAX,
  UNSPENDABLE,
  UNSPENT,
} from '../../ledger/flow-index.ts';
import { writeScenarioChain } from '../../simulate/scenario-chain.ts';
import { openBlockSource } from '../../source/block-source.ts';
import { NONE } from '../../units/ids.ts';
import { checkKeys } from './check-keys.hot.ts';
import { checkLinks } from './check-links.hot.ts';
import { rangeOf } from './check-range.ts';
import { checkRows } from './check-rows.hot.ts';
import { checkSpends } from './check-spends.hot.ts';
import { checkValues } from './check-values.hot.ts';
import type { CheckSteps } from './disagreement.ts';
import { type CheckOutcome, runCheck } from './run-check.ts';

const folder = temporaryFolder('flow-checks');
let flow: FlowIndex;

before(async () => {
  writeScenarioChain(join(folder, 'blocks'));
  const source = await openBlockSource(join(folder, 'blocks'));
  flow = FlowIndex.inMemory(source.network);
  const loader = new BlockLoader(flow, countFlow(flow));
  for (const block of source.blocks) {
    const { height, hash } = block;
    loader.addBlock(source.readBlock(block), { height, hash, fileId: 0, fileOffset: 0 });
  }
  source.close();
});

type Change = readonly [column: keyof FlowIndex & string, row: number, value: number];
type Check = (flow: FlowIndex, range: ReturnType<typeof rangeOf>) => CheckSteps;

const run = (steps: CheckSteps): Promise<CheckOutcome> => runCheck(steps, () => {});

/** Each change must be found, at its row of its column unless another place is named. */
async function assertFinds(
  check: Check,
  changes: readonly (readonly [...Change, string?])[],
): Promise<void> {
  const range = rangeOf(flow);
  const sound = await run(check(flow, range));
  assert.equal(sound.finding, undefined, JSON.stringify(sound));
  for (const [column, row, value, place] of changes) {
    const was = (flow[column] as unknown as { at(row: number): number }).at(row);
    assert.notEqual(was, value, `${column} ${row} is changed`);
    const { finding } = await run(check(flowWith(flow, column, row, value), range));
    assert.ok(finding, `${column} ${row}`);
    const found = `${finding.facts['column']} ${finding.facts['row']}`;
    assert.equal(found, place ?? `${column} ${row}`, finding.what);
  }
}

/** The first transaction from a row on that is as wished. */
function findTx(from: number, isWished: (tx: number) => boolean): number {
  for (let tx = from; tx < flow.txCount; tx += 1) if (isWished(tx)) return tx;
  throw new Error('no such transaction');
}

/** A transaction that spends an output and pays an address. */
function someTx(): number {
  return findTx(150, (tx) => {
    const isKnown = flow.inputPrevout.at(flow.txFirstInput.at(tx)) !== NONE;
    return isKnown && flow.outputScript.at(flow.txFirstOutput.at(tx)) !== NONE;
  });
}

test('rows that do not nest', async () => {
  const tx = someTx();
  const block = flow.txBlock.at(tx);
  const output = flow.txFirstOutput.at(tx);
  await assertFinds(checkRows, [
    ['blockHeight', block, flow.blockHeight.at(block - 1)],
    ['blockFirstTx', block, 0, `blockFirstTx ${block - 1}`],
    ['txBlock', tx, block - 1],
    ['txFlags', tx, flow.txFlags.at(tx) | 1],
    ['txFlags', tx, flow.txFlags.at(tx) | 128],
    ['txFirstInput', tx + 1, flow.txFirstInput.at(tx)],
    ['txFirstOutput', tx + 1, flow.txFirstOutput.at(tx)],
    [
      'txFirstOutput',
      tx + 1,
      flow.txFirstOutput.at(tx + 1) + 1,
      `outputTx ${flow.txFirstOutput.at(tx + 1)}`,
    ],
    ['outputTx', output, tx - 1],
    ['outputScript', output, flow.scriptCount],
    ['scriptFirstOutput', 100, flow.scriptFirstOutput.at(100) + 1],
  ]);
});

test('spends of what is not there, not yet there, or spent already', async () => {
  const tx = someTx();
  const input = flow.txFirstInput.at(tx);
  const prevout = flow.inputPrevout.at(input);
  const older = flow.inputPrevout.at(
    flow.txFirstInput.at(
      findTx(100, (other) => {
        const at = flow.inputPrevout.at(flow.txFirstInput.at(other));
        return other !== tx && at !== NONE;
      }),
    ),
  );
  const unspent = findOutput((output) => flow.outputSpender.at(output) === UNSPENT);
  const data = findOutput((output) => flow.outputSpender.at(output) === UNSPENDABLE && output > 0);
  const overwritten = findOutput((output) => flow.outputSpender.at(output) === OVERWRITTEN);
  await assertFinds(checkSpends, [
    ['inputPrevout', input, NONE],
    ['inputPrevout', input, flow.outputCount - 1],
    ['inputPrevout', input, older, `outputSpender ${older}`],
    ['inputPrevout', 0, 0],
    ['outputSpender', prevout, tx - 1],
    ['outputSpender', prevout, UNSPENT],
    ['outputSpender', unspent, flow.txCount - 1],
    ['outputSpender', unspent, UNSPENDABLE],
    ['outputSpender', unspent, OVERWRITTEN],
    ['outputSpender', unspent, SPENDER_MAX],
    ['outputSpender', data, UNSPENT],
    ['outputSpender', 0, UNSPENT],
    ['outputSpender', overwritten, UNSPENT],
    ['destroyedTx', 0, flow.txCount - 1],
    ['txFlags', tx, flow.txFlags.at(tx) | 4],
  ]);
  // Two inputs of one transaction that spend the same output: the spender is right for both.
  const double = findTx(50, (at) => flow.txFirstInput.at(at + 1) - flow.txFirstInput.at(at) >= 2);
  const first = flow.txFirstInput.at(double);
  const second = flow.inputPrevout.at(first);
  await assertFinds(checkSpends, [['inputPrevout', first + 1, second]]);
});

function findOutput(isWished: (output: number) => boolean): number {
  for (let output = 0; output < flow.outputCount; output += 1) if (isWished(output)) return output;
  throw new Error('no such output');
}

test('values that do not balance', async () => {
  const tx = someTx();
  const output = flow.txFirstOutput.at(tx);
  const coinbase = flow.blockFirstTx.at(flow.txBlock.at(tx));
  const paid = flow.txFirstOutput.at(coinbase);
  const huge = 21e14;
  await assertFinds(checkValues, [
    ['outputValue', output, huge],
    ['outputValue', paid, huge],
    ['outputValue', flow.inputPrevout.at(flow.txFirstInput.at(tx)), 0, `outputValue ${output}`],
  ]);
  // Less by a satoshi is a larger fee, and allowed; more by one than subsidy and fees is not.
  const { finding } = await run(
    checkValues(flowWith(flow, 'outputValue', 0, 5_000_000_001), rangeOf(flow)),
  );
  assert.equal(finding?.facts['expected'], 'at most 5000000000');
});

test('links that do not follow from the facts', async () => {
  // A script that was paid twice, and one that was spent from twice.
  const output = findOutput((row) => flow.outputPrevOfScript.at(row) !== NONE);
  let input = 0;
  while (flow.inputPrevOfScript.at(input) === NONE) input += 1;
  const script = flow.outputScript.at(flow.inputPrevout.at(input));
  await assertFinds(checkLinks, [
    ['outputPrevOfScript', output, NONE],
    ['outputPrevOfScript', output, output + 1],
    ['inputPrevOfScript', input, NONE],
    ['inputPrevOfScript', input, input + 1],
    ['scriptLastOutput', script, 0],
    ['scriptLastInput', script, 0],
    ['scriptEvents', script, 77],
  ]);
  for (const atOnce of [1, 7, 100]) {
    const { counts } = await run(checkLinks(flow, rangeOf(flow, 0, 120), atOnce));
    assert.equal(counts?.['lists'], flow.scriptCount);
  }
});

test('keys, kinds and reveals', async () => {
  const script = flow.outputScript.at(flow.txFirstOutput.at(someTx()));
  await assertFinds(checkKeys, [
    ['scriptKind', script, flow.scriptKind.at(script) + 1],
    ['revealScript', 0, 0],
    ['revealTx', 0, flow.revealTx.at(0) - 1, 'revealScript 0'],
    ['revealKind', 0, 3 - flow.revealKind.at(0), 'revealScript 0'],
  ]);
  const other = FlowIndex.inMemory(flow.network);
  const withoutKeys = Object.create(flow, { txKeys: { value: other.txKeys } }) as FlowIndex;
  const { finding } = await run(checkKeys(withoutKeys, rangeOf(flow)));
  assert.deepEqual([finding?.facts['column'], finding?.facts['row']], ['txKeys', 0]);
  const without = Object.create(flow, { scriptKeys: { value: other.scriptKeys } }) as FlowIndex;
  const found = await run(checkKeys(without, rangeOf(flow)));
  assert.deepEqual(
    [found.finding?.facts['column'], found.finding?.facts['row']],
    ['scriptKeys', 0],
  );
});

test('milestones of a busy script: counts, sums and places', async () => {
  const chain = new SmallFlow();
  const mined: number[] = [];
  for (let i = 0; i < 400; i += 1)
    mined.push(
      chain.coinbase([
        ['busy', 2 ** 50 + i],
        ['other', i],
      ]),
    );
  for (let i = 0; i < 300; i += 1) chain.tx([[mined[i]!, 0]], [['busy', 2 ** 50]]);
  const { flow: busy } = chain;
  // 1,000 events of the one, 400 of the other.
  assert.equal(busy.milestoneCount, 3 + 1);
  const range = rangeOf(busy);
  for (const atOnce of [1, 2, 2 ** 26]) {
    const { counts } = await run(checkLinks(busy, range, atOnce));
    assert.equal(counts?.['milestones'], 4);
  }
  const columns = Object.keys(busy.columns.byName).filter((name) => name.startsWith('milestone'));
  assert.ok(columns.length > 10);
  for (const name of columns) {
    const sum = /^(milestone(?:Received|Sent|Before))(High|Low)$/.exec(name);
    const changed =
      sum === null
        ? flowWith(busy, name as keyof FlowIndex & string, 2, 999)
        : withSum(busy, sum[1] as 'milestoneSent', sum[2] === 'High' ? 'high' : 'low');
    const { finding } = await run(checkLinks(changed, range));
    assert.ok(finding, name);
    if (name !== 'milestoneScript') {
      assert.deepEqual([finding.facts['column'], finding.facts['row']], [name, 2]);
    }
  }
});

function withSum(
  of: FlowIndex,
  name: 'milestoneReceived' | 'milestoneSent' | 'milestoneBefore',
  half: 'high' | 'low',
): FlowIndex {
  const at = (row: number): number => (row === 2 ? 999 : of[name][half].at(row));
  const changed = { ...of[name], [half]: { at } };
  return Object.create(of, { [name]: { value: changed } }) as FlowIndex;
}
