/**
 * Rows nest: blocks have transactions, these have inputs and outputs, one after the other without a gap, each says where it
 * belongs, and scripts are numbered as they are first seen. What all other checks walk along.
 */
import { type FlowIndex, TX_FLAG } from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';
import { type CheckRange, firstTx } from './check-range.ts';
import { type CheckSteps, Disagreement, placeOfTx, STEP_ROWS } from './disagreement.ts';

const ALL_FLAGS = Object.values(TX_FLAG).reduce((all, flag) => all | flag, 0);

/** Blocks, transactions, inputs and outputs of a range; yields and counts transactions. */
export function* checkRows(flow: FlowIndex, range: CheckRange): CheckSteps {
  const walk = new RowWalk(flow, range);
  let undone = 0;
  for (let block = range.blockFrom; block < range.blockEnd; block += 1) {
    walk.enterBlock(block);
    const end = firstTx(flow, block + 1);
    for (let tx = firstTx(flow, block); tx < end; tx += 1) {
      walk.checkTx(tx, block);
      undone += 1;
      if (undone < STEP_ROWS) continue;
      yield undone;
      undone = 0;
    }
  }
  walk.finish();
  yield undone;
  return {
    blocks: range.blockEnd - range.blockFrom,
    transactions: range.txEnd - range.txFrom,
    scripts: walk.nextScript - walk.firstScript,
  };
}

class RowWalk {
  readonly #flow: FlowIndex;
  readonly #range: CheckRange;
  readonly firstScript: number;
  /** The script that comes next when one is seen for the first time. */
  nextScript: number;
  /** The row of undo data that comes next. */
  #nextUndo: number;
  readonly #mayBeEmpty: boolean;

  constructor(flow: FlowIndex, range: CheckRange) {
    this.#flow = flow;
    this.#mayBeEmpty = flow.network.specialTransactions;
    this.#range = range;
    this.firstScript = firstScriptFrom(flow, range.outputFrom);
    this.nextScript = this.firstScript;
    this.#nextUndo = flow.undoInputs.firstFrom(range.inputFrom);
  }

  enterBlock(block: number): void {
    const { blockHeight } = this.#flow;
    const height = blockHeight.at(block);
    if (block > 0 && height <= blockHeight.at(block - 1)) {
      const expected = `more than ${blockHeight.at(block - 1)}`;
      throw new Disagreement('The heights of the blocks do not rise.', {
        column: 'blockHeight',
        row: block,
        expected,
        found: height,
      });
    }
    const from = firstTx(this.#flow, block);
    const end = firstTx(this.#flow, block + 1);
    if (from < end && (block > 0 || from === 0)) return;
    throw new Disagreement('The transactions of a block are not a span of rows.', {
      height,
      column: 'blockFirstTx',
      row: block,
      expected: block === 0 ? 0 : `less than ${end}`,
      found: from,
    });
  }

  checkTx(tx: number, block: number): void {
    const flow = this.#flow;
    if (flow.txBlock.at(tx) !== block) {
      this.#fail(
        'A transaction names another block.',
        'txBlock',
        tx,
        tx,
        block,
        flow.txBlock.at(tx),
      );
    }
    const flags = flow.txFlags.at(tx);
    const isFirst = tx === flow.blockFirstTx.at(block);
    if (((flags & TX_FLAG.coinbase) !== 0) !== isFirst || (flags & ~ALL_FLAGS) !== 0) {
      const expected = isFirst ? 'those of a coinbase' : 'those of no coinbase';
      this.#fail('The flags of a transaction are wrong.', 'txFlags', tx, tx, expected, flags);
    }
    const inputFrom = flow.txFirstInput.at(tx);
    const inputEnd = flow.txFirstInput.at(tx + 1);
    // Those that take coins from beside the chain may have no inputs, and those that move none (Dash) nothing at all.
    const mayBeEmpty = this.#mayBeEmpty && (flags & TX_FLAG.sideLedger) !== 0;
    const fewest = mayBeEmpty ? 0 : 1;
    if (inputEnd < inputFrom + fewest || (isFirst && inputEnd !== inputFrom + 1)) {
      const expected = isFirst ? inputFrom + 1 : `more than ${inputFrom}`;
      this.#fail('The inputs end wrongly.', 'txFirstInput', tx + 1, tx, expected, inputEnd);
    }
    const outputFrom = flow.txFirstOutput.at(tx);
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    if (outputEnd < outputFrom + fewest || outputEnd > flow.outputCount) {
      const expected = `more than ${outputFrom}`;
      this.#fail('The outputs end wrongly.', 'txFirstOutput', tx + 1, tx, expected, outputEnd);
    }
    if (flow.undoInputs.count > 0) this.#checkUndo(tx, inputFrom, inputEnd, outputFrom);
    for (let output = outputFrom; output < outputEnd; output += 1) {
      if (flow.outputTx.at(output) !== tx) {
        const what = 'An output names another transaction.';
        this.#fail(what, 'outputTx', output, tx, tx, flow.outputTx.at(output));
      }
      const script = flow.outputScript.at(output);
      if (script !== NONE) this.#seeScript(script, output, 'outputScript', output, tx);
    }
  }

  /** Rows of undo data belong to inputs of no coinbase that spend from before the ledger. */
  #checkUndo(tx: number, inputFrom: number, inputEnd: number, outputFrom: number): void {
    const flow = this.#flow;
    const { undoInputs } = flow;
    let last = inputFrom - 1;
    for (; this.#nextUndo < undoInputs.count; this.#nextUndo += 1) {
      const row = this.#nextUndo;
      const input = undoInputs.input.at(row);
      if (input >= inputEnd) return;
      const isCoinbase = (flow.txFlags.at(tx) & TX_FLAG.coinbase) !== 0;
      if (input <= last || isCoinbase || flow.inputPrevout.at(input) !== NONE) {
        const expected = 'an input that spends from before the ledger';
        this.#fail('Undo data is kept for another input.', 'undoInput', row, tx, expected, input);
      }
      last = input;
      this.#checkOrigin(undoInputs.origin.at(row), row, tx);
      this.#seeScript(undoInputs.script.at(row), outputFrom, 'undoScript', row, tx);
    }
  }

  /** What was spent from before the ledger was made in a block that the ledger does not have, and not later. */
  #checkOrigin(origin: number, row: number, tx: number): void {
    const height = Math.floor(origin / 2);
    if (origin === 0 || height === 0) return;
    const flow = this.#flow;
    if (height <= flow.txHeight(tx) && flow.findBlock(height) === undefined) return;
    const expected = 'a block before that is not in the ledger';
    this.#fail(
      'An output from before the ledger was made in it.',
      'undoOrigin',
      row,
      tx,
      expected,
      height,
    );
  }

  #seeScript(script: number, output: number, column: string, row: number, tx: number): void {
    const flow = this.#flow;
    if (script < this.nextScript) return;
    if (script > this.nextScript || script >= flow.scriptCount) {
      const what = 'A script is named before it was seen first.';
      this.#fail(what, column, row, tx, `at most ${this.nextScript}`, script);
    }
    const first = flow.scriptFirstOutput.at(script);
    if (first !== output) {
      const what = 'A script names another first output.';
      this.#fail(what, 'scriptFirstOutput', script, tx, output, first);
    }
    this.nextScript += 1;
  }

  /** The columns end where the last block of the ledger does. */
  finish(): void {
    const flow = this.#flow;
    if (this.#range.blockEnd < flow.blockCount) return;
    const ends: [string, number, number][] = [
      ['txFirstInput', flow.inputCount, flow.txFirstInput.at(flow.txCount)],
      ['txFirstOutput', flow.outputCount, flow.txFirstOutput.at(flow.txCount)],
      ['scriptKind', this.nextScript, flow.scriptCount],
      ['undoInput', this.#nextUndo, flow.undoInputs.count],
    ];
    for (const [column, expected, found] of ends) {
      if (expected === found) continue;
      const facts = { column, row: flow.txCount, expected, found };
      throw new Disagreement('A column ends elsewhere than the last transaction.', facts);
    }
  }

  #fail(
    what: string,
    column: string,
    row: number,
    tx: number,
    expected: number | string,
    found: number,
  ): never {
    const place = placeOfTx(this.#flow, tx);
    throw new Disagreement(what, { ...place, column, row, expected, found });
  }
}

/** The first script that was not seen before an output row. */
function firstScriptFrom(flow: FlowIndex, output: number): number {
  let low = 0;
  let high = flow.scriptCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (flow.scriptFirstOutput.at(middle) < output) low = middle + 1;
    else high = middle;
  }
  return low;
}
