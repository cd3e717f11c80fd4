/**
 * Transactions that wait in a node's mempool: in memory alone, never in the ledger, in no sum, trace or report.
 *
 * They may be replaced, dropped or contradicted; whoever shows them says so. What they spend is looked up among themselves and in
 * the ledger, so that they are found by the scripts that they spend from as well as by those that they pay.
 */
import { bytesToHex, displayToHash } from '../bytes/hex.ts';
import { scriptToAddress } from '../chain/address.ts';
import { getNetwork, type Network, type NetworkName } from '../chain/network.ts';
import { SCRIPT_KIND, type ScriptKind, scriptKindName } from '../chain/script-kind.ts';
import { parseTransaction } from '../chain/transaction.ts';
import { ClewError } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import type { NodeClient } from '../source/node-client.ts';
import { NONE } from '../units/ids.ts';

/** Bytes of transactions and number of them that are kept; a node's mempool holds 300 MB unless it was told otherwise. */
const BYTES_MAX = 400 * 1024 ** 2;
const TRANSACTIONS_MAX = 500_000;
/** Asked for at once. */
const BATCH = 500;
/** Read anew at most this often. */
const FRESH_MS = 2_000;

/** What is kept of an output. */
interface PooledOutput {
  readonly valueSats: number;
  readonly script: string;
  readonly kind: ScriptKind;
}

interface PooledInput {
  readonly prevTxid: string;
  readonly prevVout: number;
  /** Undefined while it is not known what is spent. */
  spent: { readonly valueSats: number; readonly script: string | undefined } | undefined;
}

interface Pooled {
  readonly txid: string;
  readonly sizeBytes: number;
  readonly vsize: number;
  readonly inputs: readonly PooledInput[];
  readonly outputs: readonly PooledOutput[];
}

/** A transaction that is not confirmed, as it is told. */
export interface UnconfirmedTransaction {
  readonly txid: string;
  readonly isConfirmed: false;
  readonly sizeBytes: number;
  readonly vsize: number;
  /** Null when it is not known what an input spends. */
  readonly feeSats: number | null;
  readonly inputs: readonly {
    readonly prevTxid: string;
    readonly prevVout: number;
    readonly valueSats: number | null;
    readonly address: string | null;
  }[];
  /** Of data outputs only kind and length are told. */
  readonly outputs: readonly {
    readonly valueSats: number;
    readonly kind: string;
    readonly scriptBytes: number;
    readonly address: string | null;
  }[];
}

/** What waits that has to do with some scripts. */
export interface UnconfirmedAnswer {
  readonly format: 'clew-unconfirmed/1';
  readonly network: string;
  /** `host:port` of the node that was asked. */
  readonly node: string;
  /** Transactions that wait there in all. */
  readonly poolTransactions: number;
  /** By txid. */
  readonly transactions: readonly UnconfirmedTransaction[];
}

export class Unconfirmed {
  readonly #node: NodeClient;
  readonly #network: Network;
  readonly #byTxid = new Map<string, Pooled>();
  /** Transactions that pay or spend from a script, by its hex. */
  readonly #byScript = new Map<string, Set<string>>();
  #bytes = 0;
  /** How many wait at the node. */
  #waiting = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(node: NodeClient, network: NetworkName) {
    this.#node = node;
    this.#network = getNetwork(network);
  }

  /**
   * Bring the pool to what the node has; several who ask at once share one reading, and nothing is read twice in two seconds.
   *
   * @throws {ClewError} what asking a node throws, CLEW_LEDGER_LIMIT for a mempool that is too large
   */
  async refresh(nowMs: number, signal?: AbortSignal): Promise<void> {
    if (nowMs - this.#readAtMs < FRESH_MS) return;
    this.#reading ??= this.#read(signal).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    this.#readAtMs = nowMs;
  }

  /** Read one transaction alone, and those that wait themselves and that it spends from. */
  async refreshOne(txid: string, signal?: AbortSignal): Promise<void> {
    const there = new Set(await this.#node.mempool(signal));
    let wanted = [txid];
    // The transaction, then its parents.
    for (let depth = 0; depth < 2; depth += 1) {
      wanted = wanted.filter((each) => there.has(each) && !this.#byTxid.has(each));
      await this.#fetch(wanted, signal);
      wanted = wanted.flatMap((each) => {
        const inputs = this.#byTxid.get(each)?.inputs ?? [];
        return inputs.map(({ prevTxid }) => prevTxid);
      });
    }
    this.#waiting = there.size;
  }

  async #read(signal?: AbortSignal): Promise<void> {
    const txids = await this.#node.mempool(signal);
    if (txids.length > TRANSACTIONS_MAX) throw tooLarge(txids.length);
    const there = new Set(txids);
    for (const [txid, pooled] of this.#byTxid) if (!there.has(txid)) this.#drop(pooled);
    await this.#fetch(
      txids.filter((txid) => !this.#byTxid.has(txid)),
      signal,
    );
    this.#waiting = txids.length;
  }

  async #fetch(txids: readonly string[], signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < txids.length; at += BATCH) {
      const some = txids.slice(at, at + BATCH);
      const all = await this.#node.transactions(some, signal);
      for (const [i, bytes] of all.entries()) {
        if (bytes !== undefined) this.#take(readPooled(bytes, some[i]!, this.#network));
      }
      if (this.#bytes > BYTES_MAX) throw tooLarge(txids.length);
    }
  }

  #take(pooled: Pooled): void {
    this.#byTxid.set(pooled.txid, pooled);
    this.#bytes += pooled.sizeBytes;
    for (const { script } of pooled.outputs) this.#note(script, pooled.txid);
  }

  #note(script: string, txid: string): void {
    const known = this.#byScript.get(script);
    if (known === undefined) this.#byScript.set(script, new Set([txid]));
    else known.add(txid);
  }

  #drop(pooled: Pooled): void {
    this.#byTxid.delete(pooled.txid);
    this.#bytes -= pooled.sizeBytes;
    const scripts = [
      ...pooled.outputs.map(({ script }) => script),
      ...pooled.inputs.flatMap(({ spent }) => spent?.script ?? []),
    ];
    for (const script of scripts) {
      const known = this.#byScript.get(script);
      known?.delete(pooled.txid);
      if (known?.size === 0) this.#byScript.delete(script);
    }
  }

  /** Look up what the inputs spend: among what waits, and in a ledger. */
  #resolve(flow: FlowIndex | undefined): void {
    for (const { txid, inputs } of this.#byTxid.values()) {
      for (const input of inputs) {
        if (input.spent !== undefined) continue;
        const { prevTxid, prevVout } = input;
        input.spent = this.#byTxid.get(prevTxid)?.outputs[prevVout];
        if (flow !== undefined) input.spent ??= outputIn(flow, prevTxid, prevVout);
        if (input.spent?.script !== undefined) this.#note(input.spent.script, txid);
      }
    }
  }

  /**
   * What waits that pays or spends from some scripts.
   *
   * @param scripts as lower-case hex
   * @param flow of the ledger, to look up what is spent; undefined while it is empty
   */
  ofScripts(scripts: readonly string[], flow: FlowIndex | undefined): UnconfirmedAnswer {
    this.#resolve(flow);
    const txids = new Set(scripts.flatMap((script) => [...(this.#byScript.get(script) ?? [])]));
    return this.#answer([...txids].sort(), flow);
  }

  /** The transaction of an id, if it waits. */
  ofTxid(txid: string, flow: FlowIndex | undefined): UnconfirmedAnswer {
    this.#resolve(flow);
    return this.#answer(this.#byTxid.has(txid) ? [txid] : [], flow);
  }

  #answer(txids: readonly string[], flow: FlowIndex | undefined): UnconfirmedAnswer {
    // A block that came since the mempool was read may hold some of them.
    const waiting = txids.filter(
      (txid) => flow === undefined || flow.findTxs(displayToHash(txid)).length === 0,
    );
    return {
      format: 'clew-unconfirmed/1',
      network: this.#network.name,
      node: this.#node.host,
      poolTransactions: this.#waiting,
      transactions: waiting.map((txid) => this.#told(this.#byTxid.get(txid)!)),
    };
  }

  #told({ txid, sizeBytes, vsize, inputs, outputs }: Pooled): UnconfirmedTransaction {
    const addressOf = (script: string | undefined): string | null =>
      script === undefined
        ? null
        : (scriptToAddress(Buffer.from(script, 'hex'), this.#network) ?? null);
    let feeSats: number | null = -outputs.reduce((sum, { valueSats }) => sum + valueSats, 0);
    for (const { spent } of inputs) {
      feeSats = feeSats === null || spent === undefined ? null : feeSats + spent.valueSats;
    }
    return {
      txid,
      isConfirmed: false,
      sizeBytes,
      vsize,
      feeSats,
      inputs: inputs.map(({ prevTxid, prevVout, spent }) => ({
        prevTxid,
        prevVout,
        valueSats: spent?.valueSats ?? null,
        address: addressOf(spent?.script),
      })),
      outputs: outputs.map(({ valueSats, kind, script }) => ({
        valueSats,
        kind: scriptKindName(kind),
        scriptBytes: script.length / 2,
        address: kind === SCRIPT_KIND.opReturn ? null : addressOf(script),
      })),
    };
  }
}

/** @throws {ClewError} CLEW_REMOTE_LIE when the bytes are another transaction */
function readPooled(bytes: Uint8Array, txid: string, network: Network): Pooled {
  let found: ReturnType<typeof parseTransaction> | undefined;
  try {
    found = parseTransaction(bytes, 0, network);
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
  }
  if (found === undefined || found.tx.txid !== txid || found.length !== bytes.length) {
    const what = 'The node sent something else than the transaction that was asked for.';
    throw new ClewError('CLEW_REMOTE_LIE', what, { txid });
  }
  const { tx } = found;
  return {
    txid,
    sizeBytes: tx.size,
    vsize: tx.vsize,
    inputs: tx.inputs.map(({ prevTxid, vout }) => ({ prevTxid, prevVout: vout, spent: undefined })),
    outputs: tx.outputs.map(({ valueSats, script, kind }) => ({
      valueSats,
      script: bytesToHex(script),
      kind,
    })),
  };
}

function outputIn(flow: FlowIndex, txid: string, vout: number): PooledInput['spent'] {
  const tx = flow.findTxs(displayToHash(txid)).at(-1);
  if (tx === undefined) return undefined;
  const output = flow.txFirstOutput.at(tx) + vout;
  if (output >= flow.txFirstOutput.at(tx + 1)) return undefined;
  const script = flow.outputScript.at(output);
  return {
    valueSats: flow.outputValue.at(output),
    script: script === NONE ? undefined : bytesToHex(flow.scripts.read(script)),
  };
}

function tooLarge(transactions: number): ClewError {
  return new ClewError(
    'CLEW_LEDGER_LIMIT',
    `In the mempool of the node wait ${transactions} transactions: more than are kept in memory.`,
    { transactions },
  );
}
