/**
 * One grouping of scripts by the conservative profile (`docs/methods/clustering.md`), with every link that
 * led to it and every mix that was left out.
 *
 *   runClustering(flow) -> ClusterRun -> rootOf, members, why, bridges, mixVerdict...
 *
 * A cluster is named `<run id>:<its earliest-seen script>`. Script and transaction numbers are those of the
 * flow index that the run was made from; they never leave the process.
 */
import { sha256Hex } from '../bytes/hash.ts';
import { hasAddress } from '../chain/script-kind.ts';
import type { FlowIndex, FlowTip } from '../ledger/flow-index.ts';
import type { ScriptId, Txid } from '../units/ids.ts';
import { raiseByLineage } from './coinjoin/lineage.ts';
import { coinjoinParameters } from './coinjoin/parameters.ts';
import { type ActivityColumns, collectActivity } from './collect-activity.hot.ts';
import { firstTxOf } from './first-tx.ts';
import {
  LINK_RULES,
  type Link,
  LinkBuffer,
  type LinkColumns,
  linkAt,
  mergeLinks,
} from './link-columns.ts';
import { LinkGraph } from './link-graph.ts';
import { MemberLists } from './member-lists.ts';
import { type CoSpendCounts, linkCoSpends } from './rules/multi-input.ts';
import { linkSameKeys } from './rules/same-key.ts';
import { canonicalJson, heightWindows, type RuleVersion, type RunTip, runIdOf } from './run-id.ts';
import { scriptName } from './script-name.ts';
import { withinMemory } from './script-rows.ts';
import { flattenSets, makeSets, unionSets } from './union-find.hot.ts';
import { namingMix, VERDICT_RULES, verdictGroup } from './verdict.ts';
import {
  firstVerdictRow,
  type MixVerdict,
  VerdictBuffer,
  type VerdictColumns,
  verdictAt,
} from './verdict-columns.ts';
import { VerdictFilter } from './verdict-filter.hot.ts';

/** The only profile whose clusters may stand in a report as structural. */
export type ClusterProfile = 'conservative';

export interface ClusterOptions {
  readonly profile?: ClusterProfile;
  /** As of: only transactions before this one, the first of a block. All when left out. */
  readonly txEnd?: number;
  /** The block that ends there. Left out, it is the index's own tip when `txEnd` is its end. */
  readonly tip?: FlowTip;
}

/** A link whose removal would split its cluster. */
export interface Bridge {
  readonly link: Link;
  /** Scripts that would be split off: those on the smaller side. */
  readonly splitsOff: number;
}

/** How large a cluster is. */
export interface ClusterSize {
  readonly scripts: number;
  /** Distinct addresses: a bare public key counts under its P2PKH address, a script without an address not at all. */
  readonly addresses: number;
}

/** What makes up a run; `run-store.ts` keeps it. */
export interface ClusterRunData {
  readonly runId: string;
  readonly profile: ClusterProfile;
  readonly tip: RunTip | undefined;
  readonly windows: readonly (readonly [number, number])[];
  readonly rules: readonly RuleVersion[];
  readonly parametersDigest: string;
  readonly txEnd: number;
  readonly lastTxid: Txid | undefined;
  readonly counts: CoSpendCounts;
  /** Per script the earliest script of its cluster. */
  readonly roots: Uint32Array;
  /** Per script 1 when it counts as an address of its own. */
  readonly countsAsAddress: Uint8Array;
  readonly links: LinkColumns;
  readonly verdicts: VerdictColumns;
}

export class ClusterRun {
  readonly data: ClusterRunData;
  readonly #flow: FlowIndex;
  #activity: ActivityColumns | undefined;
  #graph: LinkGraph | undefined;
  #memberLists: MemberLists | undefined;
  #mayHaveVerdict: VerdictFilter | undefined;

  /** @param activity what the busy clusters did, where it is known */
  constructor(flow: FlowIndex, data: ClusterRunData, activity?: ActivityColumns) {
    this.#flow = flow;
    this.data = data;
    this.#activity = activity;
  }

  /**
   * The same run over the flow index of a later tip of the same chain.
   *
   * @param flow begins with all that the run has looked at
   */
  over(flow: FlowIndex): ClusterRun {
    return new ClusterRun(flow, this.data, this.#activity);
  }

  get runId(): string {
    return this.data.runId;
  }

  get profile(): ClusterProfile {
    return this.data.profile;
  }

  /** Rules of the run with their versions: those that link, then the detectors. */
  get rules(): readonly RuleVersion[] {
    return this.data.rules;
  }

  /** The last block that the run looked at; undefined for an empty ledger. */
  get tip(): RunTip | undefined {
    return this.data.tip;
  }

  /** Scripts that existed at the tip. */
  get scriptCount(): number {
    return this.data.roots.length;
  }

  /** What co-spend joined and left out, and why. */
  get counts(): CoSpendCounts {
    return this.data.counts;
  }

  /** Totals and transactions of the busy clusters; worked out when first asked, unless they were read with the run. */
  get activity(): ActivityColumns {
    const { roots, countsAsAddress, txEnd } = this.data;
    this.#activity ??= collectActivity(this.#flow, roots, countsAsAddress, txEnd);
    return this.#activity;
  }

  /** Place of a cluster in `activity`, or -1 when it is not busy. */
  busyCluster(root: number): number {
    const busy = this.activity.root;
    let low = 0;
    let high = busy.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (busy[middle]! < root) low = middle + 1;
      else high = middle;
    }
    return busy[low] === root ? low : -1;
  }

  /** All links as columns, redundant ones too, in chain order. */
  get links(): LinkColumns {
    return this.data.links;
  }

  get #lists(): MemberLists {
    this.#memberLists ??= new MemberLists(this.data.roots, this.data.countsAsAddress);
    return this.#memberLists;
  }

  get #linkGraph(): LinkGraph {
    this.#graph ??= new LinkGraph(this.data.links, this.scriptCount);
    return this.#graph;
  }

  /** Clusters that hold at least one script with an address; an address alone is a cluster too. */
  get clusterCount(): number {
    return this.#lists.clusterCount;
  }

  /** Distinct addresses at the tip; a bare public key counts under its P2PKH address. */
  get addressCount(): number {
    return this.#lists.addressCount;
  }

  /** The earliest-seen script of the cluster. A script that the run has not seen is its own. */
  rootOf(scriptId: number): ScriptId {
    return (scriptId < this.scriptCount ? this.data.roots[scriptId]! : scriptId) as ScriptId;
  }

  /**
   * The cluster's name outside the ledger: the run id, a colon, and the earliest-seen script's address, or
   * `script:` and 16 hex digits of its SHA-256 when it has no address.
   *
   * @example run.clusterId(scriptId) // '5f0c2d1e8a9b7c64:bc1q…'
   */
  clusterId(scriptId: number): string {
    return `${this.runId}:${scriptName(this.#flow, this.rootOf(scriptId))}`;
  }

  /**
   * Scripts of a cluster in order of first sight, by pages.
   *
   * @param root what `rootOf` gave
   * @param options `after` the last script of the page before; at most `limit` scripts
   */
  members(root: number, options: { readonly after?: number; readonly limit: number }): ScriptId[] {
    if (root >= this.scriptCount) return options.after === undefined ? [root as ScriptId] : [];
    return this.#lists.page(root, options.after, options.limit) as ScriptId[];
  }

  /** The script with so many before it in its cluster, in order of first sight; undefined when there are fewer. */
  memberAt(root: number, place: number): ScriptId | undefined {
    if (root >= this.scriptCount) return place === 0 ? (root as ScriptId) : undefined;
    return this.#lists.at(root, place) as ScriptId | undefined;
  }

  /** Scripts and distinct addresses of a cluster, given its root. */
  size(root: number): ClusterSize {
    if (root >= this.scriptCount) {
      return { scripts: 1, addresses: hasAddress(this.#flow.scriptKind.at(root)) ? 1 : 0 };
    }
    return this.#lists.size(root);
  }

  /** A link of the columns as an object. */
  link(linkIndex: number): Link {
    return linkAt(this.data.links, linkIndex);
  }

  /** The links that touch a script, in chain order. */
  linksOf(scriptId: number): Link[] {
    return Array.from(this.#linkGraph.touching(scriptId), (linkIndex) => this.link(linkIndex));
  }

  /**
   * Why two scripts are together: the shortest chain of links from `a` to `b`.
   *
   * @param options `asOfTxEnd`: only links of earlier transactions
   * @returns the links in order; empty for a script and itself; undefined when nothing joins them
   */
  why(a: number, b: number, options: { readonly asOfTxEnd?: number } = {}): Link[] | undefined {
    const path = this.#linkGraph.shortestPath(a, b, options.asOfTxEnd ?? this.data.txEnd);
    return path?.map((linkIndex) => this.link(linkIndex));
  }

  /** The links that alone hold parts of a cluster together, in chain order, given its root. */
  bridges(root: number): Bridge[] {
    return this.#linkGraph
      .bridges(root)
      .map(({ linkIndex, splitsOff }) => ({ link: this.link(linkIndex), splitsOff }));
  }

  /** All verdicts on a transaction, in the order of the detectors. Empty for nearly all. */
  verdictsOf(txIndex: number): MixVerdict[] {
    this.#mayHaveVerdict ??= new VerdictFilter(this.data.verdicts.txIndex);
    if (!this.#mayHaveVerdict.has(txIndex)) return [];
    const { verdicts, tip } = this.data;
    const found: MixVerdict[] = [];
    let row = firstVerdictRow(verdicts, txIndex);
    for (; verdicts.txIndex[row] === txIndex; row += 1) {
      found.push(verdictAt(verdicts, row, tip?.height ?? 0));
    }
    return found;
  }

  /** The mix that a transaction is: the first strong verdict of a mix rule, else the first possible one. */
  mixVerdict(txIndex: number): MixVerdict | undefined {
    return namingMix(this.verdictsOf(txIndex));
  }

  /** Why following coins must stop at a transaction: a mix, a Stonewall, or a swap (LA-6); undefined when it need not. */
  stopVerdict(txIndex: number): MixVerdict | undefined {
    const found = this.verdictsOf(txIndex);
    if (found.length === 0) return undefined;
    const groups = ['stonewall', 'swap'];
    return (
      namingMix(found) ?? found.find((verdict) => groups.includes(verdictGroup(verdict.ruleId)))
    );
  }

  /** The mixes of the run in chain order, one verdict per transaction. */
  *mixes(): Generator<MixVerdict> {
    const txs = this.data.verdicts.txIndex;
    for (let row = 0; row < txs.length; row += 1) {
      if (row > 0 && txs[row] === txs[row - 1]) continue;
      const mix = this.mixVerdict(txs[row]!);
      if (mix !== undefined) yield mix;
    }
  }
}

/**
 * Group the scripts of a flow index by co-spend (MI-1) and same key (SK-1), mixes left out.
 *
 * Deterministic: the same chain gives the same run, however it was indexed. Measured on one core of the build machine:
 * see `docs/methods/clustering.md`.
 *
 * @throws {ClewError} CLEW_LEDGER_LIMIT when the ledger has more scripts or links than can be grouped here
 * @example const run = runClustering(flow); run.why(a, b)
 */
export function runClustering(flow: FlowIndex, options: ClusterOptions = {}): ClusterRun {
  const txEnd = Math.min(options.txEnd ?? flow.txCount, flow.txCount);
  const scriptCount = scriptsBefore(flow, txEnd);
  return withinMemory(scriptCount, () => cluster(flow, options, txEnd, scriptCount));
}

function cluster(
  flow: FlowIndex,
  options: ClusterOptions,
  txEnd: number,
  scriptCount: number,
): ClusterRun {
  const parameters = coinjoinParameters(flow.network.name);
  const sameKey = linkSameKeys(flow, txEnd, scriptCount, parameters.wasabi1.coordinatorHashes);
  const coSpend = new LinkBuffer();
  const verdictBuffer = new VerdictBuffer();
  const counts = linkCoSpends(flow, parameters, txEnd, sameKey.wanted, coSpend, verdictBuffer);
  const links = mergeLinks(coSpend.finish(), sameKey.links);
  const verdicts = verdictBuffer.finish();
  raiseByLineage(flow, verdicts, parameters, txEnd);

  const roots = makeSets(scriptCount);
  for (let link = 0; link < links.txIndex.length; link += 1) {
    unionSets(roots, links.scriptA[link]!, links.scriptB[link]!);
  }
  flattenSets(roots);

  const identity = identify(flow, txEnd, options, canonicalJson(parameters));
  const { countsAsAddress } = sameKey;
  return new ClusterRun(flow, {
    ...identity,
    txEnd,
    counts,
    roots,
    countsAsAddress,
    links,
    verdicts,
  });
}

/**
 * The id that a run over this index would have, without making it: to find one that was kept.
 *
 * @example findRunManifest(runsFolder, runIdFor(flow)) ?? writeRun(runClustering(flow), flow, runsFolder)
 */
export function runIdFor(flow: FlowIndex, options: ClusterOptions = {}): string {
  const txEnd = Math.min(options.txEnd ?? flow.txCount, flow.txCount);
  const parameters = coinjoinParameters(flow.network.name);
  return identify(flow, txEnd, options, canonicalJson(parameters)).runId;
}

function identify(
  flow: FlowIndex,
  txEnd: number,
  options: ClusterOptions,
  parametersText: string,
): Pick<
  ClusterRunData,
  'runId' | 'profile' | 'tip' | 'windows' | 'rules' | 'parametersDigest' | 'lastTxid'
> {
  const isEmpty = txEnd <= firstTxOf(flow);
  const blockEnd = isEmpty ? 0 : flow.txBlock.at(txEnd - 1) + 1;
  const lastTxid = isEmpty ? undefined : flow.txid(txEnd - 1);
  const height = isEmpty ? -1 : flow.blockHeight.at(blockEnd - 1);
  const known = options.tip ?? (txEnd === flow.txCount ? flow.tip : undefined);
  const tip: RunTip = { height, hash: known?.height === height ? known.hash : undefined };
  const identity = {
    network: flow.network.name,
    profile: options.profile ?? 'conservative',
    rules: ruleVersions(),
    parametersDigest: sha256Hex(parametersText),
    tip,
    lastTxid: lastTxid ?? ('' as Txid),
    windows: heightWindows(flow, blockEnd),
  } as const;
  const undoInputs = isEmpty ? 0 : flow.undoInputs.firstFrom(flow.txFirstInput.at(txEnd));
  return {
    ...identity,
    lastTxid,
    tip: isEmpty ? undefined : tip,
    runId: runIdOf({ ...identity, ...(undoInputs > 0 && { undoInputs }) }),
  };
}

/** Rules that decide the result: those that link (once each), then the detectors. */
function ruleVersions(): RuleVersion[] {
  const linking = LINK_RULES.filter((rule) => !rule.isMarked);
  return [...linking, ...VERDICT_RULES].map(({ id, version }) => ({ id, version }));
}

/** Scripts first paid before the transaction: rows are in order of first sight. */
function scriptsBefore(flow: FlowIndex, txEnd: number): number {
  const outputEnd = flow.txFirstOutput.at(txEnd);
  let low = 0;
  let high = flow.scriptCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (flow.scriptFirstOutput.at(middle) < outputEnd) low = middle + 1;
    else high = middle;
  }
  return low;
}
