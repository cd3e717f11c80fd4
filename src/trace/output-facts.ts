/** How an output of the flow index is named outside the ledger. */
import { scriptName } from '../cluster/script-name.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { NONE, type Txid } from '../units/ids.ts';

export interface OutputFacts {
  readonly txid: Txid;
  readonly vout: number;
  /** Address or, for scripts without one, `script:` and a digest; left out for data outputs. */
  readonly address?: string;
  readonly height: number;
  /** Time of the block, Unix seconds. */
  readonly timeSeconds: number;
  readonly valueSats: number;
}

/** @example outputFacts(flow, output).txid */
export function outputFacts(flow: FlowIndex, outputIndex: number): OutputFacts {
  const tx = flow.outputTx.at(outputIndex);
  const address = outputAddress(flow, outputIndex);
  return {
    txid: flow.txid(tx),
    vout: outputIndex - flow.txFirstOutput.at(tx),
    ...(address !== undefined && { address }),
    height: flow.txHeight(tx),
    timeSeconds: flow.txTime(tx),
    valueSats: flow.outputValue.at(outputIndex),
  };
}

/** The address that an output pays, `script:` and a digest when it has none, undefined for data outputs. */
export function outputAddress(flow: FlowIndex, outputIndex: number): string | undefined {
  const script = flow.outputScript.at(outputIndex);
  return script === NONE ? undefined : scriptName(flow, script);
}
