/**
 * The same flow index with its rows elsewhere: transactions, inputs and outputs begin beyond 2^32, so that whatever
 * keeps one of them in 32 bits gives another answer. Scripts stay where they are.
 */
import { FlowIndex, SPENDER_MAX, UNSPENT } from '../../src/ledger/flow-index.ts';
import { NONE } from '../../src/units/ids.ts';

/** Where the rows of a shifted index begin: beyond 2^32, each elsewhere, at the beginning of a page. */
export const SHIFTED_BEGIN = {
  tx: 2 ** 32 + 3 * 65_536,
  input: 2 ** 32 + 7 * 65_536,
  output: 2 ** 32 + 11 * 65_536,
} as const;

/**
 * @param flow rows from 0, in memory or not
 * @returns one in memory that says the same, `SHIFTED_BEGIN` further
 */
export function shiftedFlow(flow: FlowIndex): FlowIndex {
  const shifted = FlowIndex.inMemory(flow.network, {}, SHIFTED_BEGIN);
  let reveal = 0;
  for (let tx = 0, block = -1; tx < flow.txCount; tx += 1) {
    if (flow.txBlock.at(tx) > block) {
      block = flow.txBlock.at(tx);
      shifted.addBlock(flow.blockHeight.at(block), flow.blockTime.at(block));
    }
    shifted.addTx(flow.txFlags.at(tx), flow.txids.at(tx), 0);
    copyInputs(flow, shifted, tx);
    copyOutputs(flow, shifted, tx);
    shifted.endTx();
    for (; reveal < flow.revealTx.length && flow.revealTx.at(reveal) <= tx; reveal += 1) {
      shifted.addReveal(
        flow.revealScript.at(reveal),
        SHIFTED_BEGIN.tx + flow.revealTx.at(reveal),
        flow.revealKind.at(reveal),
        flow.revealPayload.at(reveal),
        0,
      );
    }
  }
  return shifted;
}

function copyInputs(flow: FlowIndex, shifted: FlowIndex, tx: number): void {
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    const prevout = flow.inputPrevout.at(input);
    const undo = flow.undoInputs.find(input);
    if (undo !== NONE) {
      const { value, script, origin } = flow.undoInputs;
      shifted.addUndoInput(value.at(undo), script.at(undo), origin.at(undo));
    }
    shifted.addInput(
      prevout === NONE ? NONE : SHIFTED_BEGIN.output + prevout,
      flow.inputSequence.at(input),
      flow.inputKind.at(input),
      flow.inputSighash.at(input),
    );
  }
}

function copyOutputs(flow: FlowIndex, shifted: FlowIndex, tx: number): void {
  const end = flow.txFirstOutput.at(tx + 1);
  for (let output = flow.txFirstOutput.at(tx); output < end; output += 1) {
    const script = flow.outputScript.at(output);
    if (script !== NONE && script === shifted.scriptCount) {
      const bytes = flow.scripts.read(script);
      shifted.addScript(flow.scriptKind.at(script), bytes, 0, bytes.length);
    }
    const spender = flow.outputSpender.at(output);
    shifted.addOutput(
      flow.outputValue.at(output),
      script,
      spender < SPENDER_MAX ? UNSPENT : spender,
    );
  }
}
