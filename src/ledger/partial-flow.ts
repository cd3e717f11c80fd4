/**
 * A flow index in memory of some transactions of a chain: those that a `LedgerReader` was asked for.
 *
 *     transactions by (height, position) -> rows in chain order -> the same columns and links as those of a whole ledger
 *
 * What is missing is never taken for what is not there:
 * - an input whose previous transaction was not fetched keeps the value and the script that the reader told, as undo data does;
 * - an output that a transaction spends which was not fetched has the spender NOT_FETCHED: not unspent, and not followed;
 * - of each script it is known whether its whole history is here.
 *
 * Questions that come to such an end say so through `openEnds`; `takeNeeds` tells what to fetch before they are asked again.
 *
 * The redeem script of a P2SH that wraps a P2WPKH is not among what readers tell. It matters only where another script of the
 * same key is here, and from that one it is computed.
 */
import { hash160 } from '../bytes/hash.ts';
import { bytesToHex, displayToHash, hexToBytes } from '../bytes/hex.ts';
import { INPUT_KIND } from '../chain/input-kind.ts';
import type { Network } from '../chain/network.ts';
import { classifyScript, p2shScript, p2wpkhScript, scriptPayload } from '../chain/script.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { ClewError } from '../errors.ts';
import type { ScriptHex, Txid } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import { FlowColumns } from './flow-columns.ts';
import {
  FlowIndex,
  NOT_FETCHED,
  REVEAL,
  SPENDER_MAX,
  TX_FLAG,
  UNSPENDABLE,
  UNSPENT,
} from './flow-index.ts';
import type { OpenEnds } from './open-ends.ts';
import type {
  ReadInput,
  ReadOutput,
  ReadSpender,
  ReadTip,
  ReadTransaction,
} from './read/ledger-reader.ts';

/** Columns of a part of a chain are small; they are never put on a disk. */
const MEMORY_BYTES = 256 * 1024 ** 2;

export interface PartialFlowInput {
  /** The block that all transactions were read as of: the last one of the index, though it may hold none of them. */
  readonly tip: ReadTip;
  /** In any order, each once. */
  readonly transactions: Iterable<ReadTransaction>;
  /** Scripts of which every transaction is among these. */
  readonly wholeScripts: ReadonlySet<ScriptHex>;
  /** Transactions that were asked for and are nowhere: from before a ledger's first block. */
  readonly missing: ReadonlySet<Txid>;
}

/** What questions would have needed, in the order in which they came to it. */
export interface Needs {
  readonly txids: readonly Txid[];
  /** Transactions that only say more of a place where the way ends in any case. */
  readonly txidsAtLimits: readonly Txid[];
  readonly scripts: readonly ScriptHex[];
}

export class PartialFlow extends FlowIndex {
  override readonly openEnds: OpenEnds;
  /** Places in their blocks: only some transactions of a block are here. */
  readonly #positions: number[] = [];
  readonly #missing: ReadonlySet<Txid>;
  readonly #wholeScripts: ReadonlySet<ScriptHex>;
  readonly #txRows = new Map<Txid, number>();
  readonly #scriptRows = new Map<ScriptHex, number>();
  readonly #scriptHex: ScriptHex[] = [];
  /** Of outputs with the spender NOT_FETCHED. */
  readonly #spenders = new Map<number, ReadSpender>();
  /** Of inputs whose previous transaction is not here. */
  readonly #origins = new Map<number, Txid>();
  #needTxids = new Set<Txid>();
  #needTxidsAtLimits = new Set<Txid>();
  #needScripts = new Set<ScriptHex>();

  /**
   * @throws {ClewError} CLEW_REMOTE_LIE when the transactions contradict each other
   * @example PartialFlow.of(network, { tip, transactions, wholeScripts, missing }).findTxs(hash)
   */
  static of(network: Network, input: PartialFlowInput): PartialFlow {
    const flow = new PartialFlow(network, input);
    flow.#fill(input);
    return flow;
  }

  private constructor(network: Network, { tip, wholeScripts, missing }: PartialFlowInput) {
    super(network, FlowColumns.inMemory({ memoryBytes: MEMORY_BYTES }));
    this.tip = { height: tip.height, hash: tip.hash };
    this.#wholeScripts = wholeScripts;
    this.#missing = missing;
    this.openEnds = {
      needSpender: (output, isAtLimit) => this.#needSpender(output, isAtLimit),
      needOrigin: (input) => this.#needOrigin(input),
      needHistory: (script) => this.#needHistory(script),
    };
  }

  // --- what is missing ---

  /** What was needed since this was called last; empty when all questions had what they needed. */
  takeNeeds(): Needs {
    const needs = {
      txids: [...this.#needTxids],
      txidsAtLimits: [...this.#needTxidsAtLimits].filter((txid) => !this.#needTxids.has(txid)),
      scripts: [...this.#needScripts],
    };
    this.#needTxids = new Set();
    this.#needTxidsAtLimits = new Set();
    this.#needScripts = new Set();
    return needs;
  }

  #needSpender(output: number, isAtLimit: boolean): void {
    const spender = this.#spenders.get(output);
    if (spender === undefined || this.#missing.has(spender.txid)) return;
    (isAtLimit ? this.#needTxidsAtLimits : this.#needTxids).add(spender.txid);
  }

  #needOrigin(input: number): boolean {
    const txid = this.#origins.get(input);
    if (txid === undefined || this.#missing.has(txid)) return false;
    this.#needTxids.add(txid);
    return true;
  }

  #needHistory(script: number): void {
    const hex = this.#scriptHex[script]!;
    if (!this.#wholeScripts.has(hex)) this.#needScripts.add(hex);
  }

  /** The row of a transaction that was fetched, or NONE. */
  txRow(txid: Txid): number {
    return this.#txRows.get(txid) ?? NONE;
  }

  /** The row of a script that some transaction here pays or spends from, or NONE. */
  scriptRow(script: ScriptHex): number {
    return this.#scriptRows.get(script) ?? NONE;
  }

  scriptOf(row: number): ScriptHex {
    return this.#scriptHex[row]!;
  }

  isWhole(script: ScriptHex): boolean {
    return this.#wholeScripts.has(script);
  }

  // --- places in the chain ---

  override txPosition(txIndex: number): number {
    return this.#positions[txIndex]!;
  }

  override txAt(block: number, position: number): number {
    const end = block + 1 < this.blockCount ? this.blockFirstTx.at(block + 1) : this.txCount;
    for (let tx = this.blockFirstTx.at(block); tx < end; tx += 1) {
      if (this.#positions[tx] === position) return tx;
    }
    return NONE;
  }

  // --- filling ---

  #fill({ transactions, tip }: PartialFlowInput): void {
    const ordered = inChainOrder([...transactions]);
    const wrapped = wrappedKeys(ordered);
    const revealed = new Set<number>();
    let height = -1;
    for (const transaction of ordered) {
      const { place } = transaction;
      if (place.height !== height) this.addBlock(place.height, place.timeSeconds);
      height = place.height;
      this.#addTransaction(transaction, wrapped, revealed);
    }
    // The last block stands for "as of": a height above the last transaction is no later state.
    if (tip.height !== height) this.addBlock(tip.height, tip.timeSeconds);
  }

  #addTransaction(
    transaction: ReadTransaction,
    wrapped: ReadonlyMap<ScriptHex, Uint8Array>,
    revealed: Set<number>,
  ): void {
    const { txid, inputs, outputs, isCoinbase, place } = transaction;
    const prevouts = inputs.map((input) => this.#prevoutRow(txid, input));
    const flags = flagsOf(transaction, prevouts, this.network);
    const tx = this.addTx(flags, displayToHash(txid), 0);
    this.#positions.push(place.position);
    this.#txRows.set(txid, tx);
    inputs.forEach((input, vin) => {
      const prevout = prevouts[vin]!;
      if (prevout === NONE && !isCoinbase) this.#addOrigin(input);
      const row = this.inputCount;
      this.addInput(prevout, input.sequence, input.kind, input.sighashMask);
      if (input.kind !== INPUT_KIND.p2shP2wpkh) return;
      const script = this.inputScript(row);
      const key = script === NONE ? undefined : wrapped.get(this.#scriptHex[script]!);
      if (key === undefined || revealed.has(script)) return;
      revealed.add(script);
      this.addReveal(script, tx, REVEAL.p2wpkh, key, 0);
    });
    for (const output of outputs) this.#addOutput(output);
    this.endTx();
  }

  #prevoutRow(txid: Txid, { prevout, valueSats }: ReadInput): number {
    const tx = prevout === undefined ? undefined : this.#txRows.get(prevout.txid);
    if (tx === undefined) return NONE;
    const row = this.txFirstOutput.at(tx) + prevout!.vout;
    const isThere = row < this.txFirstOutput.at(tx + 1);
    if (!isThere || (valueSats !== undefined && valueSats !== this.outputValue.at(row))) {
      throw contradiction(
        'A transaction spends an output that is not there, or of another value.',
        txid,
      );
    }
    const spender = this.outputSpender.at(row);
    if (spender === UNSPENDABLE || spender < SPENDER_MAX) {
      throw contradiction('A transaction spends an output that another one spends.', txid);
    }
    return row;
  }

  /** What is known of an output whose transaction is not here. */
  #addOrigin({ prevout, valueSats, script }: ReadInput): void {
    if (prevout !== undefined) this.#origins.set(this.inputCount, prevout.txid);
    if (valueSats === undefined || script === undefined) return;
    this.addUndoInput(valueSats, this.#scriptId(script), 0);
  }

  #addOutput({ valueSats, script, status, spentBy }: ReadOutput): void {
    const row = this.outputCount;
    const scriptId = script === undefined ? NONE : this.#scriptId(script);
    if (status === 'spent') {
      // Its spender comes later in the chain; if it is here, adding it says so.
      this.addOutput(valueSats, scriptId, NOT_FETCHED);
      if (spentBy !== undefined) this.#spenders.set(row, spentBy);
      return;
    }
    this.addOutput(valueSats, scriptId, status === 'unspent' ? UNSPENT : UNSPENDABLE);
  }

  #scriptId(script: ScriptHex): number {
    const known = this.#scriptRows.get(script);
    if (known !== undefined) return known;
    const bytes = hexToBytes(script);
    const kind = classifyScript(bytes, 0, bytes.length);
    const row = this.addScript(kind, bytes, 0, bytes.length);
    this.#scriptRows.set(script, row);
    this.#scriptHex.push(script);
    return row;
  }
}

function contradiction(message: string, txid: Txid): ClewError {
  return new ClewError('CLEW_REMOTE_LIE', message, { txid });
}

/** Litecoin's HogEx pays what lies in its MWEB to a witness program of version 8 with 32 bytes, and nothing else may (LIP-2). */
const HOG_ADDRESS = '5820';

function flagsOf(
  { inputs, outputs, isCoinbase, hasWitness }: ReadTransaction,
  prevouts: readonly number[],
  { mweb }: Network,
): number {
  let flags = (isCoinbase ? TX_FLAG.coinbase : 0) | (hasWitness ? TX_FLAG.witness : 0);
  if (outputs.some(({ kind }) => kind === SCRIPT_KIND.opReturn)) flags |= TX_FLAG.opReturn;
  if (isCoinbase) return flags;
  const isHogEx = mweb && outputs[0]?.script?.startsWith(HOG_ADDRESS) === true;
  if (isHogEx || inputs.length === 0) flags |= TX_FLAG.sideLedger;
  inputs.forEach(({ valueSats, script }, vin) => {
    if (prevouts[vin] !== NONE) return;
    const isKnown = valueSats !== undefined && script !== undefined;
    flags |= isKnown ? TX_FLAG.undoPrevout : TX_FLAG.unknownPrevout;
  });
  return flags;
}

/**
 * By height and position; within a block what is spent comes before what spends it, also on networks that order the
 * transactions of a block by their ids.
 */
function inChainOrder(transactions: ReadTransaction[]): ReadTransaction[] {
  transactions.sort(
    (a, b) => a.place.height - b.place.height || a.place.position - b.place.position,
  );
  const ordered: ReadTransaction[] = [];
  for (let first = 0; first < transactions.length; ) {
    const { height } = transactions[first]!.place;
    let end = first + 1;
    while (end < transactions.length && transactions[end]!.place.height === height) end += 1;
    putOriginsFirst(transactions.slice(first, end), ordered);
    first = end;
  }
  return ordered;
}

function putOriginsFirst(block: readonly ReadTransaction[], ordered: ReadTransaction[]): void {
  if (block.length === 1) {
    ordered.push(block[0]!);
    return;
  }
  const byTxid = new Map(block.map((transaction) => [transaction.txid, transaction]));
  const done = new Set<ReadTransaction>();
  for (const transaction of block) {
    // Chains within a block can be thousands long: a stack of our own instead of calls.
    const stack = [transaction];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const origin = done.has(top) ? undefined : nextOrigin(top, byTxid, done);
      if (origin !== undefined) {
        stack.push(origin);
        continue;
      }
      if (!done.has(top)) ordered.push(top);
      done.add(top);
      stack.pop();
    }
  }
}

function nextOrigin(
  { inputs }: ReadTransaction,
  byTxid: ReadonlyMap<Txid, ReadTransaction>,
  done: ReadonlySet<ReadTransaction>,
): ReadTransaction | undefined {
  for (const { prevout } of inputs) {
    const origin = prevout === undefined ? undefined : byTxid.get(prevout.txid);
    if (origin !== undefined && !done.has(origin)) return origin;
  }
  return undefined;
}

/** The hash of the key that a P2SH may wrap as P2WPKH, for all keys that a script here shows: 32 bytes, the first 20 used. */
function wrappedKeys(transactions: readonly ReadTransaction[]): Map<ScriptHex, Uint8Array> {
  const scripts = new Set<ScriptHex>();
  for (const { inputs, outputs } of transactions) {
    for (const { script } of inputs) if (script !== undefined) scripts.add(script);
    for (const { script } of outputs) if (script !== undefined) scripts.add(script);
  }
  const wrapped = new Map<ScriptHex, Uint8Array>();
  for (const script of scripts) {
    const hash20 = keyHashOf(hexToBytes(script));
    if (hash20 === undefined) continue;
    const wrapper = bytesToHex(p2shScript(hash160(p2wpkhScript(hash20)))) as ScriptHex;
    if (!scripts.has(wrapper)) continue;
    const payload = new Uint8Array(32);
    payload.set(hash20);
    wrapped.set(wrapper, payload);
  }
  return wrapped;
}

/** The hash160 of the one key that opens a script, when its bytes show it. */
export function keyHashOf(script: Uint8Array): Uint8Array | undefined {
  const kinds: readonly number[] = [SCRIPT_KIND.p2pk, SCRIPT_KIND.p2pkh, SCRIPT_KIND.p2wpkh];
  return kinds.includes(classifyScript(script, 0, script.length))
    ? scriptPayload(script)
    : undefined;
}
