/** A transaction that a reader gave, in the words that answers use: addresses and names in the place of bytes and codes. */
import { hexToBytes } from '../../bytes/hex.ts';
import { scriptToAddress } from '../../chain/address.ts';
import { inputKindName } from '../../chain/input-kind.ts';
import { keyFormName, sighashNames } from '../../chain/input-names.ts';
import type { Network } from '../../chain/network.ts';
import { classifyScript } from '../../chain/script.ts';
import { scriptKindName } from '../../chain/script-kind.ts';
import type { Address, ScriptHex } from '../../units/ids.ts';
import type { InputFacts, OutputFacts, TransactionFacts } from '../transaction-facts.ts';
import type { ReadInput, ReadOutput, ReadTransaction } from './ledger-reader.ts';

/** All but the place of the raw bytes, which only a ledger on this machine knows. */
export type WordedTransaction = Omit<TransactionFacts, 'raw'>;

/**
 * The facts of a transaction as `readTransaction` gives them.
 *
 * @example transactionWords((await reader.transactions([txid]))[0]!, network).feeSats
 */
export function transactionWords(
  transaction: ReadTransaction,
  network: Network,
): WordedTransaction {
  const { inputs, outputs, place, isCoinbase, ...rest } = transaction;
  const unknownInputs = isCoinbase
    ? 0
    : inputs.filter(({ valueSats }) => valueSats === undefined).length;
  // What has no inputs and is no coinbase got its coins from beside the chain.
  const isFeeKnown = !isCoinbase && unknownInputs === 0 && inputs.length > 0;
  const sum = (items: readonly { readonly valueSats?: number }[]): number =>
    items.reduce((total, { valueSats = 0 }) => total + valueSats, 0);
  return {
    txid: rest.txid,
    height: place.height,
    blockHash: place.blockHash,
    timeSeconds: place.timeSeconds,
    position: place.position,
    version: rest.version,
    locktime: rest.locktime,
    sizeBytes: rest.sizeBytes,
    weight: rest.weight,
    isCoinbase,
    hasWitness: rest.hasWitness,
    inputs: inputs.map((input, vin) => inputWords(input, vin, network)),
    outputs: outputs.map((output, vout) => outputWords(output, vout, network)),
    ...(isFeeKnown ? { feeSats: sum(inputs) - sum(outputs) } : {}),
    unknownInputs,
    sameIdAtHeights: rest.sameIdAtHeights,
  };
}

function inputWords(input: ReadInput, vin: number, network: Network): InputFacts {
  const { prevout, valueSats, script, isFromUndo, madeAtHeight } = input;
  return {
    vin,
    inputKind: inputKindName(input.kind),
    keyForm: keyFormName(input.keyForm),
    sighashTypes: sighashNames(input.sighashMask),
    sequence: input.sequence,
    witnessItems: input.witnessItems,
    ...(prevout !== undefined && { prevTxid: prevout.txid, prevVout: prevout.vout }),
    ...(valueSats !== undefined && { valueSats }),
    ...(script !== undefined && scriptWords(script, network)),
    ...(isFromUndo !== undefined && { isFromUndo }),
    ...(madeAtHeight !== undefined && { madeAtHeight }),
  };
}

function scriptWords(
  script: ScriptHex,
  network: Network,
): { readonly scriptKind: string; readonly address?: Address } {
  const bytes = hexToBytes(script);
  const address = scriptToAddress(bytes, network);
  return {
    scriptKind: scriptKindName(classifyScript(bytes, 0, bytes.length)),
    ...(address !== undefined && { address }),
  };
}

function outputWords(output: ReadOutput, vout: number, network: Network): OutputFacts {
  const { valueSats, kind, script, scriptBytes, status, spentBy } = output;
  const address = script === undefined ? undefined : scriptToAddress(hexToBytes(script), network);
  return {
    vout,
    valueSats,
    scriptBytes,
    scriptKind: scriptKindName(kind),
    ...(address !== undefined && { address }),
    status,
    ...(spentBy !== undefined && { spentBy }),
  };
}
