/**
 * A network whose facts are asked of a server, in the place of one with a ledger: the same questions, the same answers.
 *
 * Each question fetches what it needs (`subgraph.ts`). Questions come one after the other: they share what was fetched.
 * Clusters are made from what was fetched alone; those that an answer is about are fetched whole first, all others may be
 * larger than they look here. Tags are those of the workspace, as always.
 */
import { type Attributions, matchTags } from '../attribution/match.ts';
import { loadTagIndexOf } from '../attribution/tag-index.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { addressToScript, canonicalAddress } from '../chain/address.ts';
import { classifyScript } from '../chain/script.ts';
import { scriptKindName } from '../chain/script-kind.ts';
import { type ClusterRun, runClustering } from '../cluster/cluster-run.ts';
import { scriptName } from '../cluster/script-name.ts';
import { ClewError } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import type { ReadHistoryEntry } from '../ledger/read/ledger-reader.ts';
import { transactionWords } from '../ledger/read/transaction-words.ts';
import { resolveAddresses } from '../ledger/script-lookup.ts';
import type { FactsSource } from '../trace/facts-source.ts';
import type { Address, ScriptHex, Txid } from '../units/ids.ts';
import type { AddressAnswer } from './answers/address-answer.ts';
import type { ClusterAnswer, ClusterList, WhyAnswer } from './answers/cluster-answer.ts';
import type { StatusAnswer } from './answers/status-answer.ts';
import { answerTransaction, type TransactionAnswer } from './answers/transaction-answer.ts';
import type { AsOf } from './as-of.ts';
import { type NetworkPlaces, OpenNetwork, type Page } from './open-network.ts';
import {
  type Named,
  namedAddresses,
  Subgraph,
  type SubgraphOptions,
  type SubgraphSource,
} from './subgraph.ts';

/** The answer of `clew status --esplora`. */
export interface ServerStatusAnswer {
  readonly format: 'clew-server-status/1';
  readonly network: string;
  readonly kind: string;
  readonly server: string;
  readonly tip: { readonly height: number; readonly hash: string; readonly timeSeconds: number };
}

/** An address with at most so many transactions is fetched whole for its answer; of others sums and a page are asked for. */
const SHORT_HISTORY = 50;

export class SubgraphNetwork extends OpenNetwork {
  readonly #source: SubgraphSource;
  readonly #options: SubgraphOptions;
  #current: { readonly asOfHeight: number | undefined; readonly graph: Subgraph } | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #runs = new WeakMap<FlowIndex, ClusterRun>();
  readonly #attributionsOf = new WeakMap<ClusterRun, Promise<Attributions>>();

  /** @param source its reader is closed with the network */
  constructor(places: NetworkPlaces, source: SubgraphSource, options: SubgraphOptions = {}) {
    super(undefined, source.reader.network, places);
    this.#source = source;
    this.#options = options;
  }

  get #graph(): Subgraph {
    if (this.#current !== undefined) return this.#current.graph;
    throw new Error('a subgraph is there only while a question is asked');
  }

  override get factsSource(): FactsSource | undefined {
    return this.#current?.graph.facts();
  }

  override ask<T>(
    named: Named,
    asOfHeight: number | undefined,
    question: () => Promise<T>,
  ): Promise<T> {
    const asked = this.#last.then(async () => {
      const graph = await this.#openAt(asOfHeight);
      return graph.answer(named, question);
    });
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  /** What was fetched for earlier questions stays, as long as they are as of the same block. */
  async #openAt(asOfHeight: number | undefined): Promise<Subgraph> {
    if (this.#current === undefined || this.#current.asOfHeight !== asOfHeight) {
      const graph = await Subgraph.open(this.#source, this.#options, asOfHeight);
      this.#current?.graph.close();
      this.#current = { asOfHeight, graph };
    }
    return this.#current.graph;
  }

  override async flow(): Promise<FlowIndex> {
    return this.#graph.flow;
  }

  override tipOf(): { readonly height: number; readonly hash: string } {
    return this.#graph.tip;
  }

  override unknownInputsOf(): undefined {
    return undefined;
  }

  /** Of what was fetched: it holds nothing later than the height asked for. */
  override async run(_at?: AsOf): Promise<ClusterRun> {
    const { flow } = this.#graph;
    let run = this.#runs.get(flow);
    if (run === undefined) {
      run = runClustering(flow);
      this.#runs.set(flow, run);
    }
    return run;
  }

  /** Only tags of addresses that were fetched: there may be half a million others. */
  override attributions(run: ClusterRun): Promise<Attributions> {
    let found = this.#attributionsOf.get(run);
    if (found === undefined) {
      found = this.#matchTags(run);
      this.#attributionsOf.set(run, found);
    }
    return found;
  }

  async #matchTags(run: ClusterRun): Promise<Attributions> {
    const { flow } = this.#graph;
    const names = new Set<Address>();
    for (let script = 0; script < flow.scriptCount; script += 1) {
      names.add(scriptName(flow, script) as Address);
    }
    return matchTags(
      await loadTagIndexOf(await this.store, this.network.name, [...names]),
      async (addresses) => resolveAddresses(flow, addresses),
      (script) => run.rootOf(script),
    );
  }

  /** Where the server's chain ends. */
  async serverStatus(): Promise<ServerStatusAnswer> {
    const { tip } = await this.#openAt(undefined);
    return {
      format: 'clew-server-status/1',
      network: this.network.name,
      kind: this.#source.reader.engine,
      server: this.#source.server,
      tip: { height: tip.height, hash: tip.hash, timeSeconds: tip.timeSeconds },
    };
  }

  override async status(): Promise<StatusAnswer> {
    throw new ClewError('CLEW_NO_LEDGER', 'A server does not say how much it has indexed.');
  }

  /** @throws {ClewError} CLEW_TXID_FORMAT, CLEW_TX_NOT_FOUND, CLEW_AS_OF; CLEW_NO_LEDGER with bytes */
  override async transaction(
    text: string,
    asOfHeight?: number,
    withBytes = false,
  ): Promise<TransactionAnswer> {
    if (!/^[0-9a-fA-F]{64}$/.test(text)) {
      throw new ClewError('CLEW_TXID_FORMAT', 'This is not a transaction id.', {
        length: text.length,
      });
    }
    const txid = text.toLowerCase() as Txid;
    const answer = await this.ask({ txids: [txid] }, asOfHeight, async () => {
      const { flow } = this.#graph;
      const row = flow.txRow(txid);
      const facts = this.#graph.transaction(txid);
      if (facts === undefined) {
        const what = `The transaction ${txid} is not in the chain of this server.`;
        throw new ClewError('CLEW_TX_NOT_FOUND', what, { txid });
      }
      return answerTransaction(flow, await this.run(), row, transactionWords(facts, this.network));
    });
    const bytes = withBytes ? await this.#source.strippedBytes?.(txid) : undefined;
    if (withBytes && bytes === undefined) {
      throw new ClewError('CLEW_NO_LEDGER', 'The bytes of the transaction are not at hand here.');
    }
    return { ...answer, ...(bytes && { strippedHex: bytesToHex(bytes) }), ...this.#told };
  }

  get #told(): { readonly factsSource?: FactsSource } {
    const { factsSource } = this;
    return factsSource === undefined ? {} : { factsSource };
  }

  /** @throws {ClewError} CLEW_ADDRESS_*, CLEW_AS_OF */
  override async address(text: string, page: Page, asOfHeight?: number): Promise<AddressAnswer> {
    const address = canonicalAddress(text.trim(), this.network);
    const script = bytesToHex(addressToScript(address, this.network)) as ScriptHex;
    const graph = await this.#openAt(asOfHeight);
    const [summary] = await graph.summaries([script]);
    const isShort = summary!.transactions <= SHORT_HISTORY && !isTxid(page.cursor);
    const answer = isShort
      ? await this.ask({ addresses: [address] }, asOfHeight, () =>
          super.address(address, page, asOfHeight),
        )
      : await this.#addressPage(graph, address, script, page);
    // Its cluster would be that of its own transactions alone.
    return { ...answer, blocksMissing: 0, cluster: null, ...this.#told };
  }

  /** Sums as the server tells them, and one page. */
  async #addressPage(
    graph: Subgraph,
    address: Address,
    script: ScriptHex,
    { limit, cursor }: Page,
  ): Promise<AddressAnswer> {
    const after = isTxid(cursor) ? { after: cursor } : {};
    const [summary] = await graph.summaries([script]);
    const { entries, hasMore } = await graph.history({ script, limit, ...after });
    const { receivedSats, sentSats, transactions, outputs, spentOutputs } = summary!;
    const newest = cursor === undefined ? entries[0] : undefined;
    const last = entries.at(-1);
    const bytes = addressToScript(address, this.network);
    return {
      format: 'clew-address/1',
      address,
      network: this.network.name,
      asOfHeight: graph.tip.height,
      blocksMissing: 0,
      scriptKinds: [scriptKindName(classifyScript(bytes, 0, bytes.length))],
      balance: (receivedSats - sentSats).toString(),
      received: receivedSats.toString(),
      sent: sentSats.toString(),
      sentFromBefore: '0',
      unspendable: '0',
      counts: { transactions, outputs, spentOutputs },
      firstSeen: hasMore || last === undefined ? null : seen(last),
      lastSeen: newest === undefined ? null : seen(newest),
      cluster: null,
      tags: await this.tagsOf(address),
      history: entries.map((entry) => ({
        ...seen(entry),
        received: entry.receivedSats.toString(),
        sent: entry.sentSats.toString(),
      })),
      ...(hasMore && last !== undefined && { nextCursor: last.txid }),
    };
  }

  /** @throws {ClewError} CLEW_ADDRESS_*, CLEW_AS_OF */
  override async cluster(
    text: string,
    page: Page,
    asOfHeight?: number,
    list: ClusterList = 'members',
  ): Promise<ClusterAnswer> {
    const named = { addresses: namedAddresses([text], this.network) };
    const answer = await this.ask(named, asOfHeight, async () => {
      await this.#needClusters([text]);
      return super.cluster(text, page, asOfHeight, list);
    });
    return { ...answer, ...this.#told };
  }

  /** @throws {ClewError} CLEW_ADDRESS_*, CLEW_NOT_LINKED, CLEW_AS_OF */
  override async why(from: string, to: string, asOfHeight?: number): Promise<WhyAnswer> {
    const named = { addresses: namedAddresses([from, to], this.network) };
    const answer = await this.ask(named, asOfHeight, async () => {
      await this.#needClusters([from, to]);
      return super.why(from, to, asOfHeight);
    });
    return { ...answer, ...this.#told };
  }

  /** The whole clusters of some addresses matter. */
  async #needClusters(texts: readonly string[]): Promise<void> {
    const { flow } = this.#graph;
    const run = await this.run();
    for (const scripts of resolveAddresses(flow, namedAddresses(texts, this.network)).values()) {
      const root = run.rootOf(scripts[0]!);
      const all = run.members(root, { limit: this.#graph.limits.transactionsMax });
      for (const script of all) flow.openEnds.needHistory(script);
    }
  }

  override async close(): Promise<void> {
    await this.#last;
    this.#current?.graph.close();
    this.#current = undefined;
    await super.close();
    await this.#source.reader.close();
  }
}

/** A cursor of a page that a server gave; pages of what was fetched whole have others. */
function isTxid(cursor: string | undefined): cursor is Txid {
  return cursor !== undefined && /^[0-9a-f]{64}$/.test(cursor);
}

function seen({ txid, height, timeSeconds }: ReadHistoryEntry) {
  return { txid, height, timeSeconds };
}
