/**
 * A transaction that a server told of, checked against its own id.
 *
 * It is written from the fields of the answer as the chain has it, and the double hash of that must be the id: so nothing in it
 * can be other than in the chain but what the id does not cover. That is the witness (kind of a spend, key form, signature
 * hash types, size and weight), the values and scripts of previous outputs, and the place. What an input shows must open the
 * script that it is said to spend (`esplora-opening.ts`), previous outputs are held against the transactions that made them
 * (`esplora-cache.ts`), places against Merkle proofs (`esplora-chain.ts`).
 */
import { sha256d } from '../../bytes/hash.ts';
import { bytesEqual, bytesToHex, hashToDisplay, hexToBytes } from '../../bytes/hex.ts';
import { BlockColumns, HEADER_BYTES, readBlockColumns } from '../../chain/block-columns.hot.ts';
import { COINBASE_VOUT } from '../../chain/coinbase-input.ts';
import {
  classifyInput,
  INPUT_KIND,
  newInputShape,
  PREVOUT_UNKNOWN,
} from '../../chain/input-kind.ts';
import type { Network } from '../../chain/network.ts';
import { classifyScript, isUnspendable } from '../../chain/script.ts';
import {
  parseTransaction,
  serializeTransaction,
  type Transaction,
  type TransactionInput,
  type TransactionParts,
} from '../../chain/transaction.ts';
import { ClewError } from '../../errors.ts';
import type { Sats } from '../../units/amount.ts';
import type { ScriptHex, Txid } from '../../units/ids.ts';
import type { AnsweredOutput, AnsweredTransaction } from './esplora-answers.ts';
import { canOpen } from './esplora-opening.ts';
import type { ReadInput } from './ledger-reader.ts';

export interface CheckedOutput {
  readonly valueSats: number;
  readonly kind: number;
  /** Undefined for what nobody can ever spend: data, and scripts above 10,000 bytes. */
  readonly script?: ScriptHex;
  readonly scriptBytes: number;
}

/** What of a transaction follows from its bytes, and what the server says beside them. */
export interface CheckedTransaction {
  readonly txid: Txid;
  /** What the id is the hash of: without witness. */
  readonly stripped: Uint8Array;
  readonly version: number;
  readonly locktime: number;
  readonly sizeBytes: number;
  readonly weight: number;
  readonly isCoinbase: boolean;
  readonly hasWitness: boolean;
  readonly inputs: readonly ReadInput[];
  readonly outputs: readonly CheckedOutput[];
}

/** What the stripped bytes do not say: kept beside them in the cache. */
export interface BesideBytes {
  readonly sizeBytes: number;
  readonly hasWitness: boolean;
  /** Per input: value and script of the previous output (null where unknown), kind, key form, sighash mask, witness items. */
  readonly inputs: readonly (readonly [
    number | null,
    string | null,
    number,
    number,
    number,
    number,
  ])[];
}

export function lie(host: string, message: string): ClewError {
  return new ClewError('CLEW_REMOTE_LIE', `${host} contradicts itself: ${message}.`, { host });
}

const NO_TXID = '0'.repeat(64);
const columns = new BlockColumns();
const shape = newInputShape();

/** Whether transactions of the network may hold what the fields of an answer do not tell: payloads, tokens, extension blocks. */
export function needsBytes({ mweb, specialTransactions, cashTokens }: Network): boolean {
  return mweb || specialTransactions || cashTokens;
}

/**
 * The transaction in an answer, when its fields lead to the id that was asked for.
 *
 * @param txid what was asked for; the answer's own when it came in a list
 * @throws ClewError CLEW_REMOTE_LIE when they do not; CLEW_REMOTE_FORMAT when no transaction is like that
 */
export function checkTransaction(
  answer: AnsweredTransaction,
  txid: string,
  network: Network,
  host: string,
): CheckedTransaction {
  const parts = partsOf(answer);
  const { inputs, outputs } = parts;
  if (inputs.length === 0 || outputs.length === 0) throw withoutEnds(host);
  const stripped = serializeTransaction(parts, { witness: false });
  const whole = serializeTransaction(parts, { witness: true });
  return checkBytes({ answer, parts, stripped, whole }, { txid, network, host });
}

/**
 * The same of a transaction whose bytes were asked for too, because its fields do not tell all of it.
 *
 * @param whole its bytes as it stands in the block
 */
export function checkTransactionBytes(
  answer: AnsweredTransaction,
  whole: Uint8Array,
  about: { readonly txid: string; readonly network: Network; readonly host: string },
): CheckedTransaction {
  const { network, host } = about;
  let parts: Transaction;
  try {
    const { tx, length } = parseTransaction(whole, 0, network);
    if (length !== whole.length) throw withoutEnds(host);
    parts = tx;
  } catch {
    const message = `${host} gives bytes that are no transaction.`;
    throw new ClewError('CLEW_REMOTE_FORMAT', message, { host });
  }
  const said = partsOf(answer);
  const isSame =
    said.inputs.length === parts.inputs.length &&
    said.outputs.length === parts.outputs.length &&
    said.inputs.every(({ prevTxid, vout, scriptSig, sequence }, i) => {
      const input = parts.inputs[i]!;
      const isSpent = prevTxid === input.prevTxid && vout === input.vout;
      return isSpent && sequence === input.sequence && bytesEqual(scriptSig, input.scriptSig);
    }) &&
    said.outputs.every(({ valueSats }, i) => valueSats === parts.outputs[i]!.valueSats);
  if (!isSame) throw lie(host, 'the fields of a transaction are not those of its bytes');
  const stripped = serializeTransaction(parts, { witness: false });
  return checkBytes({ answer, parts, stripped, whole }, about);
}

function partsOf(answer: AnsweredTransaction): TransactionParts {
  return {
    version: answer.version,
    locktime: answer.locktime,
    inputs: answer.inputs.map(({ prevTxid, vout, scriptSig, sequence, witness }) => ({
      prevTxid: prevTxid as Txid,
      vout,
      scriptSig: hexToBytes(scriptSig),
      sequence,
      witness: witness.map(hexToBytes),
    })),
    outputs: answer.outputs.map(({ valueSats, script }) => ({
      valueSats: valueSats as Sats,
      script: hexToBytes(script),
    })),
  };
}

function withoutEnds(host: string): ClewError {
  const message = `${host} tells of a transaction without ends.`;
  return new ClewError('CLEW_REMOTE_FORMAT', message, { host });
}

function checkBytes(
  told: {
    readonly answer: AnsweredTransaction;
    readonly parts: TransactionParts;
    readonly stripped: Uint8Array;
    readonly whole: Uint8Array;
  },
  { txid, network, host }: { txid: string; network: Network; host: string },
): CheckedTransaction {
  const { answer, parts, stripped, whole } = told;
  const found = hashToDisplay(sha256d(stripped));
  if (found !== txid || found !== answer.txid) {
    throw lie(host, 'the fields of a transaction do not lead to its id');
  }
  const weight = 3 * stripped.length + whole.length;
  if (whole.length !== answer.sizeBytes || weight !== answer.weight) {
    throw lie(host, 'the size of a transaction is not that of its fields');
  }
  const isCoinbase = isCoinbaseOf(parts);
  const block = asBlock(whole);
  readBlockColumns(block, network, columns);
  return {
    txid: txid as Txid,
    stripped,
    version: parts.version,
    locktime: parts.locktime,
    sizeBytes: whole.length,
    weight,
    isCoinbase,
    hasWitness: columns.txHasWitness[0] === 1,
    inputs: answer.inputs.map((input, i) => {
      if (isCoinbase) return coinbaseInput(input.sequence);
      const script = input.prevout?.script;
      if (script !== undefined && !canOpen(hexToBytes(script), parts.inputs[i]!)) {
        throw lie(host, 'an input does not open the output that it is said to spend');
      }
      return inputOf(block, i, parts.inputs[i]!, input.prevout, network);
    }),
    outputs: outputsOf(parts),
  };
}

/**
 * The same from stored bytes; undefined when they do not lead to the id or do not fit what is stored beside them.
 */
export function transactionFromBytes(
  stripped: Uint8Array,
  txid: string,
  beside: BesideBytes,
  network: Network,
): CheckedTransaction | undefined {
  if (hashToDisplay(sha256d(stripped)) !== txid) return undefined;
  const { tx, length } = parseTransaction(stripped, 0, network);
  if (length !== stripped.length || tx.inputs.length !== beside.inputs.length) return undefined;
  const { isCoinbase } = tx;
  return {
    txid: txid as Txid,
    stripped,
    version: tx.version,
    locktime: tx.locktime,
    sizeBytes: beside.sizeBytes,
    weight: 3 * stripped.length + beside.sizeBytes,
    isCoinbase,
    hasWitness: beside.hasWitness,
    inputs: tx.inputs.map(({ prevTxid, vout, sequence }, i) => {
      if (isCoinbase) return coinbaseInput(sequence);
      const [valueSats, script, kind, keyForm, sighashMask, witnessItems] = beside.inputs[i]!;
      return {
        prevout: { txid: prevTxid, vout },
        ...(valueSats === null ? {} : { valueSats }),
        ...(script === null ? {} : { script: script as ScriptHex }),
        sequence,
        kind,
        keyForm,
        sighashMask,
        witnessItems,
      };
    }),
    outputs: outputsOf(tx),
  };
}

/** What has to be kept beside the stripped bytes. */
export function besideBytes(tx: CheckedTransaction): BesideBytes {
  return {
    sizeBytes: tx.sizeBytes,
    hasWitness: tx.hasWitness,
    inputs: tx.inputs.map(({ valueSats, script, kind, keyForm, sighashMask, witnessItems }) => [
      valueSats ?? null,
      script ?? null,
      kind,
      keyForm,
      sighashMask,
      witnessItems,
    ]),
  };
}

function isCoinbaseOf({ inputs }: TransactionParts): boolean {
  const [first] = inputs;
  return inputs.length === 1 && first!.vout === COINBASE_VOUT && first!.prevTxid === NO_TXID;
}

/** The loader's rules for inputs read blocks: one of this transaction alone, whose header nobody looks at. */
function asBlock(transaction: Uint8Array): Uint8Array {
  const block = new Uint8Array(HEADER_BYTES + 1 + transaction.length);
  block[HEADER_BYTES] = 1;
  block.set(transaction, HEADER_BYTES + 1);
  return block;
}

function coinbaseInput(sequence: number): ReadInput {
  const nothing = { keyForm: 0, sighashMask: 0, witnessItems: 0 };
  return { sequence, kind: INPUT_KIND.coinbase, ...nothing };
}

function inputOf(
  block: Uint8Array,
  i: number,
  { prevTxid, vout, sequence, witness }: TransactionInput,
  prevout: AnsweredOutput | undefined,
  network: Network,
): ReadInput {
  const spent = prevout === undefined ? undefined : hexToBytes(prevout.script);
  const prevKind = spent === undefined ? PREVOUT_UNKNOWN : classifyScript(spent, 0, spent.length);
  classifyInput(block, columns, i, prevKind, shape, network.forkId);
  return {
    prevout: { txid: prevTxid, vout },
    ...(prevout === undefined ? {} : { valueSats: prevout.valueSats }),
    ...(prevout === undefined ? {} : { script: prevout.script as ScriptHex }),
    sequence,
    kind: shape.kind,
    keyForm: shape.keyForm,
    sighashMask: shape.sighashMask,
    witnessItems: witness.length,
  };
}

function outputsOf({ outputs }: TransactionParts): CheckedOutput[] {
  return outputs.map(({ valueSats, script }) => {
    const { length } = script;
    const isKept = !isUnspendable(script, 0, length);
    return {
      valueSats,
      kind: classifyScript(script, 0, length),
      ...(isKept ? { script: bytesToHex(script) as ScriptHex } : {}),
      scriptBytes: length,
    };
  });
}
