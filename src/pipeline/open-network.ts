/**
 * One network of a data folder, open: its ledger, flow index, cluster run and tags, each loaded when it is first needed.
 *
 * Everything that answers questions (command line, server, investigation) starts here.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Attributions, matchTags } from '../attribution/match.ts';
import type { Tag } from '../attribution/tag.ts';
import { findTags, loadTagIndex, loadTagIndexOf, type TagIndex } from '../attribution/tag-index.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { addressToScript, canonicalAddress } from '../chain/address.ts';
import type { Network } from '../chain/network.ts';
import { type ClusterRun, runClustering } from '../cluster/cluster-run.ts';
import { scriptName } from '../cluster/script-name.ts';
import { ClewError } from '../errors.ts';
import { findBlockHash } from '../ledger/block-directory.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { Ledger, type LedgerOptions } from '../ledger/ledger.ts';
import { resolveAddress, resolveAddresses } from '../ledger/script-lookup.ts';
import { getTransactionIndex, readTransaction } from '../ledger/transaction-facts.ts';
import type { Store } from '../store/open-store.ts';
import type { FactsSource } from '../trace/facts-source.ts';
import type { Address, ScriptId } from '../units/ids.ts';
import { type AddressAnswer, answerAddress } from './answers/address-answer.ts';
import {
  answerCluster,
  answerWhy,
  type ClusterAnswer,
  type ClusterList,
  type WhyAnswer,
} from './answers/cluster-answer.ts';
import { answerStatus, type StatusAnswer } from './answers/status-answer.ts';
import { answerTransaction, type TransactionAnswer } from './answers/transaction-answer.ts';
import { type AsOf, asOf } from './as-of.ts';
import { loadRun } from './cluster-ledger.ts';
import { type BlockFetcher, openRawSource, type RawSource } from './raw-source.ts';
import { readStrippedHex } from './raw-transaction.ts';
import type { Named } from './subgraph.ts';
import { whichArgument } from './which-argument.ts';

/** Of a cluster up to this size the tags are looked up by address; for a larger one all tags are loaded. */
const SMALL_CLUSTER_SCRIPTS = 10_000;

/** Up to so many transactions clusters are made in about a second: then they are made anew for each tip that is shown. */
const CLUSTERED_ANEW_TXS_MAX = 200_000;

/** Where an open network finds what lies outside its ledger. */
export interface NetworkPlaces {
  /** `<data>/<network>` */
  readonly networkFolder: string;
  /** The workspace database, opened once for all networks; whoever gives it closes it. */
  readonly store: () => Promise<Store>;
  /** A node of the network, for the bytes of blocks that came from one; asked at each use. */
  readonly node?: () => BlockFetcher | undefined;
}

/** An address found in the ledger. */
export interface Subject {
  /** In its canonical spelling. */
  readonly address: Address;
  readonly scripts: readonly ScriptId[];
}

export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

export class OpenNetwork {
  readonly #ledger: Ledger | undefined;
  readonly network: Network;
  /** Bytes of blocks and transactions, from their files or from the node. */
  readonly raw: RawSource;
  readonly #places: NetworkPlaces;
  #tagIndex: Promise<TagIndex> | undefined;
  /** What run and attributions were made from. */
  #flowOfCaches: FlowIndex | undefined;
  #run: ClusterRun | undefined;
  /** The last run at a tip, which may have gone since. */
  #lastRun: ClusterRun | undefined;
  /** The last run as of a height: pages that are read one after the other ask for the same. */
  #pastRun: { readonly txEnd: number; readonly run: ClusterRun } | undefined;
  #attributions = new WeakMap<ClusterRun, Promise<Attributions>>();

  /** @param ledger undefined where facts come from elsewhere: `subgraph-network.ts` */
  protected constructor(ledger: Ledger | undefined, network: Network, places: NetworkPlaces) {
    this.#ledger = ledger;
    this.network = network;
    this.#places = places;
    this.raw = openRawSource(network, places.node);
  }

  /** @throws {ClewError} CLEW_DATA_BUSY, CLEW_DATA_NEWER, CLEW_LEDGER_DAMAGED */
  static async open(
    places: NetworkPlaces,
    network: Network,
    options: LedgerOptions = {},
  ): Promise<OpenNetwork> {
    const ledger = await Ledger.open(places.networkFolder, network, options);
    return new OpenNetwork(ledger, network, places);
  }

  /** @throws {ClewError} CLEW_NO_LEDGER where facts are asked of a server */
  get ledger(): Ledger {
    if (this.#ledger !== undefined) return this.#ledger;
    throw new ClewError('CLEW_NO_LEDGER', 'This needs a ledger, which a server elsewhere is not.');
  }

  /** Where facts come from, when not from a ledger: told with each answer. */
  get factsSource(): FactsSource | undefined {
    return undefined;
  }

  /**
   * Ask something of the flow index. Over a whole ledger that is done once; over what is fetched from a server, until
   * nothing is missing.
   *
   * @param named what the question is about
   * @param asOfHeight the tip unless given
   * @param question must take `flow`, `run` and what follows from them anew each time it is called
   */
  ask<T>(_named: Named, _asOfHeight: number | undefined, question: () => Promise<T>): Promise<T> {
    return question();
  }

  /** The last block that a flow index reaches to. */
  tipOf(flow: FlowIndex): { readonly height: number; readonly hash: string } {
    return this.ledger.tipOf(flow);
  }

  /** Inputs of which nothing is known; undefined where nobody counted them. */
  unknownInputsOf(flow: FlowIndex): number | undefined {
    return this.ledger.countersOf(flow).unknownInputs;
  }

  protected get store(): Promise<Store> {
    return this.#places.store();
  }

  /** `<data>/<network>` */
  get folder(): string {
    return this.#places.networkFolder;
  }

  get runsFolder(): string {
    return join(this.folder, 'runs');
  }

  /** Drop the kept cluster runs: they are made anew when they are needed. */
  forgetRuns(): void {
    rmSync(this.runsFolder, { recursive: true, force: true });
  }

  /** The flow index that is read now; what was made from an earlier one is forgotten when another one is open. */
  async flow(): Promise<FlowIndex> {
    const flow = await this.ledger.openFlow();
    if (flow !== this.#flowOfCaches) {
      this.#flowOfCaches = flow;
      this.#run = undefined;
      this.#pastRun = undefined;
      this.#attributions = new WeakMap();
    }
    return flow;
  }

  /** The same, or undefined while there is no block. */
  async flowIfAny(): Promise<FlowIndex | undefined> {
    try {
      return await this.flow();
    } catch (error) {
      if (error instanceof ClewError && error.code === 'CLEW_LEDGER_EMPTY') return undefined;
      throw error;
    }
  }

  /**
   * The scripts that an address means, as hex, whether or not the ledger has them: its own, and those that it stands for.
   *
   * @throws {ClewError} CLEW_ADDRESS_*
   */
  async scriptsOf(text: string): Promise<string[]> {
    const address = canonicalAddress(text.trim(), this.network);
    const flow = await this.flowIfAny();
    const known = flow === undefined ? [] : resolveAddress(flow, address);
    const own = bytesToHex(addressToScript(address, this.network));
    return [...new Set([own, ...known.map((script) => bytesToHex(flow!.scripts.read(script)))])];
  }

  /** Forget what was loaded, after blocks or tags came in. */
  refresh(): void {
    this.#run = undefined;
    this.#pastRun = undefined;
    this.#attributions = new WeakMap();
    this.#tagIndex = undefined;
  }

  async asOf(height?: number): Promise<AsOf> {
    return asOf(await this.flow(), height);
  }

  /** The clusters at the tip, or as they were known at a height. */
  async run(at?: AsOf): Promise<ClusterRun> {
    const flow = await this.flow();
    if (at !== undefined && at.txEnd < flow.txCount) return this.#runAsOf(flow, at);
    // Clusters of an earlier block may be what is shown.
    if (this.#run?.data.txEnd !== flow.txCount) this.#run = loadRun(flow, this.runsFolder);
    this.#lastRun = this.#run;
    return this.#run;
  }

  /**
   * The clusters that pages and look-ups show. While a node is followed and the ledger is large they are not made anew with
   * each block: those that were made last are shown as long as their last block is on the chain. A script that came later stands
   * alone then. Reports and traces take `run`.
   */
  async shownRun(at?: AsOf): Promise<ClusterRun> {
    const flow = await this.flow();
    const isPast = at !== undefined && at.txEnd < flow.txCount;
    const isFollowed = this.#places.node?.() !== undefined;
    if (isPast || !isFollowed || flow.txCount <= CLUSTERED_ANEW_TXS_MAX || this.#run) {
      return this.run(at);
    }
    const tip = this.#lastRun?.tip;
    if (tip?.hash === undefined) return this.run(at);
    if ((await findBlockHash(this.ledger.engine, tip.height)) !== tip.hash) return this.run(at);
    this.#run = this.#lastRun!.over(flow);
    return this.#run;
  }

  /** The last block of the clusters that were shown last; undefined when none were. */
  get shownClustersHeight(): number | undefined {
    return this.#run?.tip?.height;
  }

  /** Named like the run of a ledger that ends there: by its last block. Not kept on the disk. */
  async #runAsOf(flow: FlowIndex, at: AsOf): Promise<ClusterRun> {
    if (this.#pastRun?.txEnd === at.txEnd) return this.#pastRun.run;
    const height = flow.txHeight(at.txEnd - 1);
    const hash = await findBlockHash(this.ledger.engine, height);
    const run = runClustering(flow, {
      txEnd: at.txEnd,
      ...(hash === undefined ? {} : { tip: { height, hash } }),
    });
    this.#pastRun = { txEnd: at.txEnd, run };
    return run;
  }

  async tagIndex(): Promise<TagIndex> {
    this.#tagIndex ??= this.#places.store().then((store) => loadTagIndex(store, this.network.name));
    return this.#tagIndex;
  }

  /** The tags met with the clusters of a run. */
  async attributions(run: ClusterRun): Promise<Attributions> {
    const known = this.#attributions.get(run);
    if (known !== undefined) return known;
    const flow = await this.flow();
    const matched = matchTags(
      await this.tagIndex(),
      async (addresses) => resolveAddresses(flow, addresses),
      (script) => run.rootOf(script),
    );
    this.#attributions.set(run, matched);
    return matched;
  }

  /** The same for one cluster: of a small one the tags of its members are read, not half a million. */
  async #attributionsOfCluster(run: ClusterRun, root: ScriptId): Promise<Attributions> {
    const isSmall = run.size(root).scripts <= SMALL_CLUSTER_SCRIPTS;
    if (!isSmall || this.#attributions.has(run)) return this.attributions(run);
    const flow = await this.flow();
    const names = run.members(root, { limit: SMALL_CLUSTER_SCRIPTS });
    const addresses = [...new Set(names.map((script) => scriptName(flow, script)))] as Address[];
    return matchTags(
      await loadTagIndexOf(await this.#places.store(), this.network.name, addresses),
      async (some) => resolveAddresses(flow, some),
      (script) => run.rootOf(script),
    );
  }

  /**
   * The scripts of an address that a person wrote.
   *
   * @throws {ClewError} CLEW_ADDRESS_*, and CLEW_ADDRESS_NOT_FOUND when it never appears up to the height
   */
  async subject(text: string, at?: AsOf): Promise<Subject> {
    const address = canonicalAddress(text.trim(), this.network);
    const flow = await this.flow();
    const txEnd = at?.txEnd ?? flow.txCount;
    const found = resolveAddress(flow, address);
    const scripts = found.filter((script) => {
      return flow.outputTx.at(flow.scriptFirstOutput.at(script)) < txEnd;
    });
    if (scripts.length === 0) {
      const later = found.length > 0;
      throw new ClewError(
        'CLEW_ADDRESS_NOT_FOUND',
        later
          ? 'The address does not appear up to the height asked for, only later.'
          : 'The address never appears in this ledger.',
        { address, network: this.network.name, ...(later && { asOfHeight: at!.height }) },
      );
    }
    return { address, scripts };
  }

  /** Tags of one address, without loading all. */
  async tagsOf(address: Address): Promise<readonly Tag[]> {
    return (await findTags(await this.#places.store(), this.network.name, address)).tags;
  }

  async status(): Promise<StatusAnswer> {
    return answerStatus(this.ledger, await this.flow(), await this.shownRun());
  }

  /**
   * @param withBytes read the bytes again from the block file
   * @throws {ClewError} CLEW_TXID_FORMAT, CLEW_TX_NOT_FOUND, CLEW_AS_OF; CLEW_RAW_GONE with bytes
   */
  async transaction(
    txid: string,
    asOfHeight?: number,
    withBytes = false,
  ): Promise<TransactionAnswer> {
    const flow = await this.flow();
    const at = asOf(flow, asOfHeight);
    const facts = await readTransaction(this.ledger, flow, txid, { txEnd: at.txEnd });
    const txIndex = getTransactionIndex(flow, txid, at.txEnd);
    const answer = answerTransaction(flow, await this.shownRun(at), txIndex, facts);
    if (!withBytes) return answer;
    const strippedHex = await readStrippedHex(facts, this.network, this.raw);
    return { ...answer, strippedHex };
  }

  /** @throws {ClewError} CLEW_ADDRESS_*, CLEW_AS_OF */
  async address(text: string, page: Page, asOfHeight?: number): Promise<AddressAnswer> {
    const flow = await this.flow();
    const at = asOf(flow, asOfHeight);
    const subject = await this.subject(text, at);
    const run = await this.shownRun(at);
    const root = run.rootOf(subject.scripts[0]!);
    const about = {
      asOf: at,
      cluster: { id: run.clusterId(root), addresses: run.size(root).addresses },
      tags: await this.tagsOf(subject.address),
    };
    return answerAddress(flow, subject, about, page);
  }

  /** @throws {ClewError} CLEW_ADDRESS_*, CLEW_AS_OF */
  async cluster(
    text: string,
    page: Page,
    asOfHeight?: number,
    list: ClusterList = 'members',
  ): Promise<ClusterAnswer> {
    const flow = await this.flow();
    const at = asOf(flow, asOfHeight);
    const subject = await this.subject(text, at);
    const run = await this.shownRun(at);
    const root = run.rootOf(subject.scripts[0]!);
    const attributions = await this.#attributionsOfCluster(run, root);
    const about = {
      asOf: at,
      service: attributions.serviceOfCluster(root) ?? null,
      tags: attributions.tagsOfCluster(root),
    };
    return answerCluster(flow, run, subject, about, page, list);
  }

  /** @throws {ClewError} CLEW_ADDRESS_*, CLEW_NOT_LINKED, CLEW_AS_OF */
  async why(from: string, to: string, asOfHeight?: number): Promise<WhyAnswer> {
    const flow = await this.flow();
    const at = asOf(flow, asOfHeight);
    const run = await this.shownRun(at);
    const start = await whichArgument(1, this.subject(from, at));
    const end = await whichArgument(2, this.subject(to, at));
    return answerWhy(flow, run, start, end, at.height);
  }

  async close(): Promise<void> {
    this.raw.close();
    await this.#ledger?.close();
  }
}
