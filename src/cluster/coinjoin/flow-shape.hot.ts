/**
 * Fills a `TxShape` from the flow index, column by column, without an object per row.
 */
import { type FlowIndex, TX_FLAG } from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';
import { NO_SCRIPT } from '../script-rows.ts';
import type { Detection } from '../verdict.ts';
import { detect } from './detect.ts';
import type { CoinjoinParameters } from './parameters.ts';
import { TxShape } from './tx-shape.hot.ts';

/** Height, time, flags. */
export function fillHeader(shape: TxShape, flow: FlowIndex, txIndex: number, flags: number): void {
  const block = flow.txBlock.at(txIndex);
  shape.height = flow.blockHeight.at(block);
  shape.timeSeconds = flow.blockTime.at(block);
  // What goes through a ledger beside the chain is a mix of nobody's making either.
  shape.isCoinbase = (flags & (TX_FLAG.coinbase | TX_FLAG.sideLedger)) !== 0;
  shape.isIncomplete = (flags & TX_FLAG.unknownPrevout) !== 0;
}

/** Inputs of rows [start, end); `shape.start` came before. */
export function fillInputs(shape: TxShape, flow: FlowIndex, start: number, end: number): void {
  const { inputPrevout, inputSequence, inputSighash, outputScript, outputValue, scriptKind } = flow;
  const { undoInputs } = flow;
  const { inputValue, inputScript, inputScriptKind } = shape;
  for (let input = start; input < end; input += 1) {
    const vin = input - start;
    shape.inputSequence[vin] = inputSequence.at(input);
    shape.inputSighash[vin] = inputSighash.at(input);
    const prevout = inputPrevout.at(input);
    const isHere = prevout !== NONE;
    const script = isHere ? outputScript.at(prevout) : undoInputs.scriptOf(input);
    if (script === NONE) {
      // The flags say so already; a row that disagrees with them is never taken for complete.
      if (!shape.isCoinbase) shape.isIncomplete = true;
      inputValue[vin] = 0;
      inputScript[vin] = NO_SCRIPT;
      inputScriptKind[vin] = 0;
      continue;
    }
    inputValue[vin] = isHere ? outputValue.at(prevout) : undoInputs.valueOf(input);
    inputScript[vin] = script;
    inputScriptKind[vin] = scriptKind.at(script);
  }
}

/** Outputs of rows [start, end); `shape.start` came before. */
export function fillOutputs(shape: TxShape, flow: FlowIndex, start: number, end: number): void {
  const { outputScript, outputValue, scriptKind } = flow;
  let row = 0;
  for (let output = start; output < end; output += 1) {
    const script = outputScript.at(output);
    const sats = outputValue.at(output);
    if (script === NONE) {
      shape.dataOutputCount += 1;
      shape.dataOutputSats += sats;
      continue;
    }
    shape.outputValue[row] = sats;
    shape.outputScript[row] = script;
    shape.outputScriptKind[row] = scriptKind.at(script);
    row += 1;
  }
  shape.outputCount = row;
}

/** One whole transaction. */
export function fillShape(shape: TxShape, flow: FlowIndex, txIndex: number): void {
  const inputStart = flow.txFirstInput.at(txIndex);
  const inputEnd = flow.txFirstInput.at(txIndex + 1);
  const outputStart = flow.txFirstOutput.at(txIndex);
  const outputEnd = flow.txFirstOutput.at(txIndex + 1);
  shape.start(inputEnd - inputStart, outputEnd - outputStart);
  shape.txidHex = () => flow.txid(txIndex);
  fillHeader(shape, flow, txIndex, flow.txFlags.at(txIndex));
  fillInputs(shape, flow, inputStart, inputEnd);
  fillOutputs(shape, flow, outputStart, outputEnd);
}

/**
 * What the detectors say of one transaction of the index: for a single look-up, with the reasons fresh from the
 * chain facts. Wasabi 1's form A needs the coordinators' scripts and is left to a whole run.
 *
 * @example detectInFlow(flow, txIndex, coinjoinParameters(flow.network.name)).result // 'no'
 */
export function detectInFlow(
  flow: FlowIndex,
  txIndex: number,
  parameters: CoinjoinParameters,
): Detection {
  const shape = new TxShape();
  fillShape(shape, flow, txIndex);
  return detect(shape, parameters);
}
