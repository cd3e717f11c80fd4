/**
 * Sums and unspent outputs of scripts from an Esplora server.
 *
 * Of a script with few transactions, and as of a past height, they come from its whole history, every transaction of which is
 * checked; of others from the server's own counts and list.
 */
import { hexToBytes } from '../../bytes/hex.ts';
import type { Network } from '../../chain/network.ts';
import { isUnspendable } from '../../chain/script.ts';
import type { ScriptHex } from '../../units/ids.ts';
import type { AnsweredStats } from './esplora-answers.ts';
import type { PlacedTransaction } from './esplora-cache.ts';
import type { EsploraHistories } from './esplora-histories.ts';
import type { HistoryRow } from './esplora-history-cache.ts';
import { ChainMoved, type EsploraServer } from './esplora-server.ts';
import { lie } from './esplora-transaction.ts';
import { type EsploraTransactions, sumsOf } from './esplora-transactions.ts';
import type { Outpoint, ReadSummary, ReadUnspent, UnspentQuestion } from './ledger-reader.ts';

const NOTHING: ReadSummary = {
  receivedSats: 0n,
  sentSats: 0n,
  outputs: 0,
  spentOutputs: 0,
  transactions: 0,
};

export interface ScriptTime {
  readonly heightMax: number;
  /** The height is that of the tip: the server's own counts are of the same state. */
  readonly isNow: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface Parts {
  readonly server: EsploraServer;
  readonly histories: EsploraHistories;
  readonly transactions: EsploraTransactions;
  readonly network: Network;
  readonly wholeMax: number;
}

interface PlacedRow {
  readonly row: HistoryRow;
  readonly placed: PlacedTransaction;
}

type UnspentOutput = ReadUnspent['outputs'][number];

export class EsploraScripts {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async summary(script: ScriptHex, time: ScriptTime): Promise<ReadSummary> {
    const { heightMax, isNow } = time;
    if (heightMax < 0 || isNever(script)) return NOTHING;
    const { histories, server } = this.#parts;
    if (!isNow || histories.isWhole(script, heightMax)) return this.#summed(script, time);
    const { chain } = await server.stats(script);
    if (chain.transactions > this.#parts.wholeMax) return this.#counted(script, time, chain);
    const summed = await this.#summed(script, time);
    if (isSameSum(summed, chain)) return summed;
    await histories.distrust(script);
    throw this.#moved('the sums of a script are not those of its history');
  }

  /** From the whole history. */
  async #summed(script: ScriptHex, time: ScriptTime): Promise<ReadSummary> {
    const all = await this.#whole(script, time);
    if (all.length === 0) return NOTHING;
    const sum = { receivedSats: 0n, sentSats: 0n, outputs: 0, spentOutputs: 0 };
    for (const { placed } of all) {
      const { receivedSats, sentSats, outputs, inputs } = sumsOf(placed, script);
      sum.receivedSats += receivedSats;
      sum.sentSats += sentSats;
      sum.outputs += outputs;
      sum.spentOutputs += inputs;
    }
    return {
      ...sum,
      transactions: all.length,
      firstHeight: all.at(-1)!.row.height,
      lastHeight: all[0]!.row.height,
    };
  }

  /** In the words of the server, but for the last height. */
  async #counted(
    script: ScriptHex,
    { heightMax, signal }: ScriptTime,
    { receivedSats, sentSats, outputs, spentOutputs, transactions }: AnsweredStats,
  ): Promise<ReadSummary> {
    const { rows } = await this.#parts.histories.find(script, { heightMax, limit: 1, signal });
    const [last] = rows;
    const counts = { receivedSats, sentSats, outputs, spentOutputs, transactions };
    return last === undefined ? counts : { ...counts, lastHeight: last.height };
  }

  async #whole(script: ScriptHex, { heightMax, signal }: ScriptTime): Promise<PlacedRow[]> {
    const { rows } = await this.#parts.histories.find(script, { heightMax, signal });
    return Promise.all(rows.map(async (row) => ({ row, placed: await this.#need(row) })));
  }

  async #need({ txid }: Pick<HistoryRow, 'txid'>): Promise<PlacedTransaction> {
    const placed = await this.#parts.transactions.get(txid);
    if (placed !== undefined) return placed;
    throw this.#moved('it does not know a transaction of its own history');
  }

  async unspent({ script, limit }: UnspentQuestion, time: ScriptTime): Promise<ReadUnspent> {
    const { heightMax, isNow } = time;
    if (heightMax < 0 || isNever(script)) return { outputs: [], isWhole: true };
    const { histories, server, wholeMax } = this.#parts;
    let list: UnspentOutput[] | undefined;
    if (isNow && !histories.isWhole(script, heightMax)) {
      const { chain, mempool } = await server.stats(script);
      // What an unconfirmed transaction spends is not in the server's list any more, and is not spent yet.
      const isListed = chain.transactions > wholeMax && mempool.spentOutputs === 0;
      if (isListed) list = await this.#listed(script, limit, heightMax, chain);
    }
    list ??= await this.#leftOver(script, time);
    return { outputs: list.slice(0, limit), isWhole: list.length <= limit };
  }

  /** What the history of the script leaves unspent, newest first. */
  async #leftOver(script: ScriptHex, time: ScriptTime): Promise<UnspentOutput[]> {
    const all = await this.#whole(script, time);
    const nameOf = ({ txid, vout }: Outpoint): string => `${txid}:${vout}`;
    const spent = new Set<string>();
    const seen = new Set<string>();
    for (const { placed } of all) {
      for (const input of placed.tx.inputs) {
        if (input.script === script && input.prevout) spent.add(nameOf(input.prevout));
      }
    }
    const left: UnspentOutput[] = [];
    for (const { row, placed } of all) {
      const { txid } = row;
      // Of an id used twice only the newer one is left.
      if (row.height === 0 || seen.has(txid)) continue;
      seen.add(txid);
      for (const [vout, output] of [...placed.tx.outputs.entries()].reverse()) {
        if (output.script !== script || spent.has(nameOf({ txid, vout }))) continue;
        left.push({ txid, vout, valueSats: output.valueSats, height: row.height });
      }
    }
    return left;
  }

  /** The server's list: counted, and its newest held against their transactions; undefined when it gives none. */
  async #listed(
    script: ScriptHex,
    limit: number,
    heightMax: number,
    { outputs, spentOutputs, receivedSats, sentSats }: AnsweredStats,
  ): Promise<UnspentOutput[] | undefined> {
    const answer = await this.#parts.server.unspent(script);
    if (answer === undefined) return undefined;
    const confirmed = answer.filter(({ place }) => place !== undefined);
    const sum = confirmed.reduce((total, { valueSats }) => total + BigInt(valueSats), 0n);
    if (confirmed.length !== outputs - spentOutputs || sum !== receivedSats - sentSats) {
      throw this.#moved('the unspent outputs of a script are not those of its sums');
    }
    const inTime = confirmed.filter(({ place }) => place!.height <= heightMax && place!.height > 0);
    const newestFirst = inTime.sort((a, b) => b.place!.height - a.place!.height);
    // The order within a block shows in the transactions alone: those at the end of the page count too.
    const end = newestFirst[limit - 1]?.place?.height ?? 0;
    const some = newestFirst.filter(({ place }) => place!.height >= end);
    const placed = await Promise.all(
      some.map(async ({ txid, vout, valueSats, place }) => {
        const maker = await this.#need({ txid: txid as HistoryRow['txid'] });
        const output = maker.tx.outputs[vout];
        if (output?.valueSats !== valueSats || output.script !== script) {
          throw lie(this.#parts.server.host, 'an unspent output is not what it is said to be');
        }
        if (maker.place.height !== place!.height) {
          throw this.#moved('an unspent output stands in another block');
        }
        const { height, position } = maker.place;
        return { txid: maker.tx.txid, vout, valueSats, height, position };
      }),
    );
    placed.sort((a, b) => b.height - a.height || b.position - a.position || b.vout - a.vout);
    const rest = newestFirst.slice(some.length).map(({ txid, vout, valueSats, place }) => ({
      ...{ txid: txid as UnspentOutput['txid'], vout, valueSats },
      height: place!.height,
    }));
    return [...placed.map(({ position: _, ...output }) => output), ...rest];
  }

  #moved(what: string): ChainMoved {
    return new ChainMoved(lie(this.#parts.server.host, what));
  }
}

function isSameSum(summed: ReadSummary, said: AnsweredStats): boolean {
  return (
    summed.receivedSats === said.receivedSats &&
    summed.sentSats === said.sentSats &&
    summed.outputs === said.outputs &&
    summed.spentOutputs === said.spentOutputs &&
    summed.transactions === said.transactions
  );
}

function isNever(script: ScriptHex): boolean {
  const bytes = hexToBytes(script);
  return isUnspendable(bytes, 0, bytes.length);
}
