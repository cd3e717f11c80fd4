/** `address/…` and `scripthash/…`: sums, histories by pages, unspent outputs of one script. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { displayToHash, hexToBytes } from '../../bytes/hex.ts';
import { addressToScript } from '../../chain/address.ts';
import type { Network } from '../../chain/network.ts';
import {
  type FlowIndex,
  OVERWRITTEN,
  SPENDER_MAX,
  TX_FLAG,
  UNSPENDABLE,
} from '../../ledger/flow-index.ts';
import { EventWalk, totalEvents, walkBefore } from '../../ledger/script-events.hot.ts';
import { hashScript, scriptKey } from '../../ledger/script-key.hot.ts';
import type { BlockHash } from '../../units/ids.ts';
import { NONE } from '../../units/ids.ts';
import type { Answer } from '../router.ts';
import { badRequest, jsonText, parseHash, valueAnswer } from './esplora-answer.ts';
import type { EsploraLedger, EsploraState } from './esplora-site.ts';
import { planTransactions, statusOf, transactionValues } from './transaction-values.ts';

/** Confirmed transactions of a page. */
export const TXS_PER_PAGE = 25;
/** More unspent outputs than these are refused, since the API has no pages for them. */
export const UTXOS_MAX = 20_000;
/** Outputs looked at before others are let in. */
const OUTPUTS_AT_A_TIME = 10_000;

/** A script as the caller names it. */
export interface AskedScript {
  readonly by: 'address' | 'scripthash';
  readonly text: string;
}

/** The bytes of the script of an address: exactly it, so a bare key is not found under the address of its hash. */
function scriptOfAddress(flow: FlowIndex, address: string): number {
  const script = addressToScript(address, flow.network);
  hashScript(script, 0, script.length);
  return flow.findScript(scriptKey.low, scriptKey.high, script, 0, script.length);
}

/**
 * Works with the row of a script, NONE when the ledger has none.
 *
 * @throws {ClewError} CLEW_ADDRESS_*; {Refusal} 400, and 503 while the index of hashes is being made
 */
async function useScript<T>(
  ledger: EsploraLedger,
  { by, text }: AskedScript,
  work: (state: EsploraState, script: number) => Promise<T> | T,
): Promise<T> {
  if (by === 'address') {
    return ledger.use((state) => work(state, scriptOfAddress(state.flow, text)));
  }
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw badRequest('Invalid scripthash');
  const hash = hexToBytes(text);
  for (const isSecond of [false, true]) {
    const done = await ledger.use(async (state) => {
      const script = ledger.search.scriptOf(state, hash);
      if (script !== undefined) return { value: await work(state, script) };
      if (isSecond) throw ledger.search.comeAgain('hashes', state.flow);
      return undefined;
    });
    if (done !== undefined) return done.value;
    await ledger.search.waitForHashes();
  }
  throw new Error('never reached: the second round answers or throws');
}

const NO_MEMPOOL =
  '{"funded_txo_count":0,"funded_txo_sum":0,"spent_txo_count":0,"spent_txo_sum":0,"tx_count":0}';

/** Sums of a script. Sums may be beyond 2^53, so the text is put together here. */
function chainStats(flow: FlowIndex, script: number): string {
  if (script === NONE) return NO_MEMPOOL;
  const totals = totalEvents(flow, script, flow.txCount, new EventWalk(flow));
  return (
    `{"funded_txo_count":${totals.outputs},"funded_txo_sum":${totals.received.value}` +
    `,"spent_txo_count":${totals.inputs},"spent_txo_sum":${totals.sent.value}` +
    `,"tx_count":${totals.transactions - countRepeated(flow, script)}}`
  );
}

/** Transactions that a newer one has the same id as (before BIP 30): the two are one in the script's history too. */
function countRepeated(flow: FlowIndex, script: number): number {
  const older = new Set<number>();
  for (let row = 0; row < flow.destroyedOutput.length; row += 1) {
    const output = flow.destroyedOutput.at(row);
    if (flow.outputScript.at(output) === script) older.add(flow.outputTx.at(output));
  }
  return older.size;
}

export function scriptSummary(ledger: EsploraLedger, asked: AskedScript): Promise<Answer> {
  return useScript(ledger, asked, ({ flow }, script) => {
    const stats = chainStats(flow, script);
    const name = `"${asked.by}":${JSON.stringify(asked.text)}`;
    return jsonText(`{${name},"chain_stats":${stats},"mempool_stats":${NO_MEMPOOL}}`);
  });
}

/**
 * A page of the transactions that touch a script, newest first.
 *
 * @param lastSeen the last txid of the page before
 * @throws {Refusal} 400 for one that does not touch the script: an empty page would say that the history ends there
 */
export async function scriptHistory(
  ledger: EsploraLedger,
  asked: AskedScript,
  lastSeen: string | undefined,
): Promise<Answer> {
  const after = lastSeen === undefined ? undefined : parseHash(lastSeen);
  const { plans, network, raw } = await useScript(ledger, asked, async (state, script) => {
    const txs = historyRows(state.flow, script, after);
    return {
      plans: await planTransactions(state, txs),
      network: state.flow.network,
      raw: state.raw,
    };
  });
  return valueAnswer(await transactionValues(plans, raw, network));
}

function historyRows(flow: FlowIndex, script: number, after: string | undefined): number[] {
  let before = flow.txCount;
  if (after !== undefined) {
    before = flow.findTx(displayToHash(after), 0);
    if (before === NONE || script === NONE || !touches(flow, before, script)) {
      throw badRequest('last_seen_txid is not in this history');
    }
  }
  if (script === NONE) return [];
  const rows: number[] = [];
  const walk = new EventWalk(flow);
  walkBefore(flow, script, before, walk);
  let last = NONE;
  while (rows.length < TXS_PER_PAGE && walk.next()) {
    if (walk.tx === last) continue;
    last = walk.tx;
    if (!isRepeated(flow, walk.tx)) rows.push(walk.tx);
  }
  return rows;
}

/** Whether a newer transaction has the same id (before BIP 30): pages go by id, and it stands for both. */
function isRepeated(flow: FlowIndex, tx: number): boolean {
  if ((flow.txFlags.at(tx) & TX_FLAG.coinbase) === 0) return false;
  return flow.findTx(flow.txids.at(tx).slice(), 0) !== tx;
}

function touches(flow: FlowIndex, tx: number, script: number): boolean {
  const outputEnd = flow.txFirstOutput.at(tx + 1);
  for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
    if (flow.outputScript.at(output) === script) return true;
  }
  const inputEnd = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
    if (flow.inputScript(input) === script) return true;
  }
  return false;
}

/** @throws {Refusal} 400 when there are more than the API can give without pages */
export function scriptUnspent(
  ledger: EsploraLedger,
  asked: AskedScript,
  signal: AbortSignal,
): Promise<Answer> {
  return useScript(ledger, asked, async (state, script) => {
    const { flow } = state;
    const outputs = script === NONE ? [] : await unspentRows(flow, script, signal);
    const hashes = await blockHashes(
      state,
      outputs.map((output) => flow.outputTx.at(output)),
    );
    return valueAnswer(
      outputs.map((output) => {
        const tx = flow.outputTx.at(output);
        return {
          txid: flow.txid(tx),
          vout: output - flow.txFirstOutput.at(tx),
          status: statusOf(flow, tx, hashes.get(flow.txBlock.at(tx))!),
          value: flow.outputValue.at(output),
        };
      }),
    );
  });
}

/** Hashes of the blocks of transactions, by the blocks' rows. */
export async function blockHashes(
  { flow, places }: EsploraState,
  txs: readonly number[],
): Promise<ReadonlyMap<number, BlockHash>> {
  const blocks = [...new Set(txs.map((tx) => flow.txBlock.at(tx)))];
  const found = await places.ofBlocks(flow, blocks);
  return new Map(blocks.map((block, i) => [block, found[i]!.blockHash]));
}

/** Rows of the unspent outputs of a script, newest first. */
async function unspentRows(
  flow: FlowIndex,
  script: number,
  signal: AbortSignal,
): Promise<number[]> {
  const totals = totalEvents(flow, script, flow.txCount, new EventWalk(flow));
  // Where nothing is spent from before the ledger, what is left to find is known, and the walk ends with the last of it.
  const isCounted = flow.undoInputs.count === 0;
  let left = isCounted ? totals.outputs - totals.inputs : totals.outputs;
  const rows: number[] = [];
  let looked = 0;
  let output = flow.scriptLastOutput.at(script);
  for (; output !== NONE && left > 0; output = flow.outputPrevOfScript.at(output)) {
    looked += 1;
    if (looked % OUTPUTS_AT_A_TIME === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
    const spender = flow.outputSpender.at(output);
    if (spender < SPENDER_MAX) continue;
    left -= 1;
    if (spender === UNSPENDABLE || spender === OVERWRITTEN) continue;
    rows.push(output);
    if (rows.length > UTXOS_MAX) {
      throw badRequest(`Too many unspent transaction outputs (>${UTXOS_MAX})`);
    }
  }
  return rows;
}

/** Results of a search by the beginning of an address. */
const SEARCH_RESULTS_MAX = 10;
const PREFIX_LENGTH_MAX = 100;

/** @throws {Refusal} 400 on a network whose addresses are not searched, 503 while the index is being made */
export async function addressPrefix(ledger: EsploraLedger, text: string): Promise<Answer> {
  if (text.length > PREFIX_LENGTH_MAX || !/^[0-9A-Za-z]+$/.test(text)) return valueAnswer([]);
  for (const isSecond of [false, true]) {
    const found = await ledger.use((state) => {
      requireSearched(state.flow.network);
      const prefix = canonicalPrefix(text, state.flow.network);
      const addresses = ledger.search.addressesOf(state, prefix, SEARCH_RESULTS_MAX);
      if (addresses === undefined && isSecond) {
        throw ledger.search.comeAgain('prefixes', state.flow);
      }
      return addresses;
    });
    if (found !== undefined) return valueAnswer(found);
    await ledger.search.waitForPrefixes();
  }
  throw new Error('never reached: the second round answers or throws');
}

function requireSearched({ cashAddrPrefix, name }: Network): void {
  if (cashAddrPrefix === undefined) return;
  throw badRequest(`address search is not there for ${name}`);
}

/** Bech32 may be written in capitals as a whole. */
function canonicalPrefix(text: string, network: Network): string {
  const lower = text.toLowerCase();
  const isBech32 = lower.startsWith(`${network.bech32Prefix}1`);
  return isBech32 && text === text.toUpperCase() ? lower : text;
}
