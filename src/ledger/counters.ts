/** What `clew status` says: kept up while loading, and computed again from the flow index to check. */
import { bytesToHex } from '../bytes/hex.ts';
import { bareKeyTwin } from '../chain/bare-key.ts';
import { hasAddress, SCRIPT_KIND, type ScriptKind } from '../chain/script-kind.ts';
import { SatsTotal } from '../units/amount.ts';
import { type FlowIndex, TX_FLAG, UNSPENT } from './flow-index.ts';

export interface LedgerCounters {
  readonly blocks: number;
  readonly transactions: number;
  /** Coinbases left out. */
  readonly inputs: number;
  readonly outputs: number;
  /** A bare public key counts under its P2PKH address. */
  readonly addresses: number;
  readonly unspentCount: number;
  readonly unspentSats: bigint;
  /** Inputs of whose previous output nothing is known. */
  readonly unknownInputs: number;
  /** Inputs whose previous output is not in the ledger, but known from undo data. */
  readonly undoInputs: number;
  /** Sum of inputs minus outputs over the transactions whose inputs are all known, coinbases left out. */
  readonly knownFeesSats: bigint;
}

/** Those of an empty ledger. */
export const NO_COUNTERS: LedgerCounters = {
  blocks: 0,
  transactions: 0,
  inputs: 0,
  outputs: 0,
  addresses: 0,
  unspentCount: 0,
  unspentSats: 0n,
  unknownInputs: 0,
  undoInputs: 0,
  knownFeesSats: 0n,
};

/**
 * Count everything anew from the flow index, in one pass over each column.
 *
 * `addresses`: scripts that have an address, less the bare public keys whose P2PKH script is there too.
 */
export function countFlow(flow: FlowIndex): LedgerCounters {
  let inputs = 0;
  let unknownInputs = 0;
  const fees = new SatsTotal();
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    const flags = flow.txFlags.at(tx);
    if ((flags & TX_FLAG.coinbase) !== 0) continue;
    const inputEnd = flow.txFirstInput.at(tx + 1);
    let feeSats = 0;
    for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
      inputs += 1;
      if (flow.isInputKnown(input)) feeSats += flow.inputValue(input);
      else unknownInputs += 1;
    }
    // Coins without inputs come from elsewhere: no fee can be told.
    if ((flags & TX_FLAG.unknownPrevout) !== 0) continue;
    if (inputEnd === flow.txFirstInput.at(tx)) continue;
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
      feeSats -= flow.outputValue.at(output);
    }
    fees.add(feeSats);
  }
  let unspentCount = 0;
  const unspent = new SatsTotal();
  for (let output = 0; output < flow.outputCount; output += 1) {
    if (flow.outputSpender.at(output) !== UNSPENT) continue;
    unspentCount += 1;
    unspent.add(flow.outputValue.at(output));
  }
  return {
    blocks: flow.blockCount,
    transactions: flow.txCount,
    inputs,
    outputs: flow.outputCount,
    addresses: countAddresses(flow),
    unspentCount,
    unspentSats: unspent.value,
    unknownInputs,
    undoInputs: flow.undoInputs.count,
    knownFeesSats: fees.value,
  };
}

function countAddresses(flow: FlowIndex): number {
  let addresses = 0;
  const twins = new Set<string>();
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const kind = flow.scriptKind.at(script) as ScriptKind;
    if (!hasAddress(kind)) continue;
    addresses += 1;
    if (kind === SCRIPT_KIND.p2pk) twins.add(bytesToHex(bareKeyTwin(flow.scripts.read(script))));
  }
  if (twins.size === 0) return addresses;
  for (let script = 0; script < flow.scriptCount; script += 1) {
    if (flow.scriptKind.at(script) !== SCRIPT_KIND.p2pkh) continue;
    if (twins.has(bytesToHex(flow.scripts.read(script)))) addresses -= 1;
  }
  return addresses;
}
