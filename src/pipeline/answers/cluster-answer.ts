/** The answers of `clew cluster` and `clew why`. */

import type { MemberTag, ServiceClaim } from '../../attribution/match.ts';
import { readClusterHistory, summariseCluster } from '../../cluster/cluster-facts.ts';
import type { ClusterRun } from '../../cluster/cluster-run.ts';
import type { Link } from '../../cluster/link-columns.ts';
import { scriptName } from '../../cluster/script-name.ts';
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { FactsSource } from '../../trace/facts-source.ts';
import type { ScriptId } from '../../units/ids.ts';
import type { AsOf } from '../as-of.ts';
import { type HistoryRow, historyRows, type SumsAnswer, sumsAnswer } from './sums-answer.ts';

/** One link of a chain, written for people: the transaction joined the two addresses by the rule. */
export interface LinkAnswer {
  /** Address, or the name of a script that has none. */
  readonly from: string;
  readonly to: string;
  readonly txid: string;
  readonly height: number;
  readonly timeSeconds: number;
  readonly rule: string;
  readonly ruleVersion: number;
  /** The transaction has the shape of a PayJoin, so this link is weaker than others of its rule. */
  readonly payjoinPossible: boolean;
  /** Positions of the inputs that spent the two; null for a same-key link. */
  readonly inputFrom: number | null;
  readonly inputTo: number | null;
}

export interface WhyAnswer {
  readonly format: 'clew-why/1';
  readonly from: string;
  readonly to: string;
  readonly run: string;
  readonly cluster: string;
  readonly asOfHeight: number;
  readonly factsSource?: FactsSource;
  /** The shortest chain, in order. Empty when both are the same address. */
  readonly links: readonly LinkAnswer[];
}

export interface ClusterAnswer extends SumsAnswer {
  readonly format: 'clew-cluster/1';
  readonly address: string;
  readonly network: string;
  readonly run: string;
  readonly id: string;
  readonly asOfHeight: number;
  readonly profile: string;
  readonly rules: readonly { readonly id: string; readonly version: number }[];
  readonly size: { readonly addresses: number; readonly scripts: number };
  /** Who holds the cluster, according to sources; null when none says so. */
  readonly service: ServiceClaim | null;
  /** What sources say of members: services first, then by confidence. */
  readonly tags: readonly MemberTag[];
  readonly factsSource?: FactsSource;
  /** Addresses (or script names) in order of first sight; none when the history was asked for. */
  readonly members: readonly string[];
  /** Transactions that touch any member, newest first, when they were asked for: then the pages are of these. */
  readonly history?: readonly HistoryRow[];
  readonly nextCursor?: string;
}

/**
 * Why two sets of scripts (two addresses) are in one cluster.
 *
 * @throws {ClewError} CLEW_NOT_LINKED
 */
export function answerWhy(
  flow: FlowIndex,
  run: ClusterRun,
  from: { readonly address: string; readonly scripts: readonly ScriptId[] },
  to: { readonly address: string; readonly scripts: readonly ScriptId[] },
  asOfHeight: number,
): WhyAnswer {
  const links = shortestChain(run, from.scripts, to.scripts);
  if (links === undefined) {
    throw new ClewError('CLEW_NOT_LINKED', 'The two addresses are in different clusters.', {
      clusterFrom: run.clusterId(from.scripts[0]!),
      clusterTo: run.clusterId(to.scripts[0]!),
    });
  }
  return {
    format: 'clew-why/1',
    from: from.address,
    to: to.address,
    run: run.runId,
    cluster: run.clusterId(from.scripts[0]!),
    asOfHeight,
    links: orient(flow, links, from.scripts),
  };
}

/** An address may be several scripts (a bare key and its P2PKH): the shortest of all chains between them. */
function shortestChain(
  run: ClusterRun,
  from: readonly ScriptId[],
  to: readonly ScriptId[],
): Link[] | undefined {
  if (from.some((script) => to.includes(script))) return [];
  let best: Link[] | undefined;
  for (const a of from) {
    for (const b of to) {
      const path = run.why(a, b);
      if (path !== undefined && (best === undefined || path.length < best.length)) best = path;
    }
  }
  return best;
}

/** Turn each link so that the chain reads from the first address to the last. */
function orient(flow: FlowIndex, links: readonly Link[], from: readonly ScriptId[]): LinkAnswer[] {
  let at = links.length === 0 ? undefined : startOf(links[0]!, from);
  return links.map((link) => {
    const forward = link.scriptA === at;
    const [start, end] = forward ? [link.scriptA, link.scriptB] : [link.scriptB, link.scriptA];
    const [inputStart, inputEnd] = forward
      ? [link.inputA, link.inputB]
      : [link.inputB, link.inputA];
    at = end;
    return {
      from: scriptName(flow, start),
      to: scriptName(flow, end),
      txid: flow.txid(link.txIndex),
      height: flow.txHeight(link.txIndex),
      timeSeconds: flow.txTime(link.txIndex),
      rule: link.ruleId,
      ruleVersion: link.ruleVersion,
      payjoinPossible: link.isMarked,
      inputFrom: inputStart ?? null,
      inputTo: inputEnd ?? null,
    };
  });
}

function startOf(link: Link, from: readonly ScriptId[]): ScriptId {
  return from.includes(link.scriptA) ? link.scriptA : link.scriptB;
}

/** What the pages of a cluster list. */
export type ClusterList = 'members' | 'history';

/**
 * The cluster of an address, with a page of its members or of its history.
 *
 * @param page.cursor of members, how many the pages before held; of the history, `height:position` of the last entry
 */
export function answerCluster(
  flow: FlowIndex,
  run: ClusterRun,
  subject: { readonly address: string; readonly scripts: readonly ScriptId[] },
  about: {
    readonly asOf: AsOf;
    readonly service: ClusterAnswer['service'];
    readonly tags: readonly MemberTag[];
  },
  page: { readonly limit: number; readonly cursor?: string },
  list: ClusterList,
): ClusterAnswer {
  const root = run.rootOf(subject.scripts[0]!);
  const { txEnd, height } = about.asOf;
  return {
    format: 'clew-cluster/1',
    address: subject.address,
    network: flow.network.name,
    run: run.runId,
    id: run.clusterId(root),
    asOfHeight: height,
    profile: run.profile,
    rules: run.rules,
    size: run.size(root),
    service: about.service,
    tags: about.tags,
    ...sumsAnswer(summariseCluster(flow, run, root, txEnd)),
    ...(list === 'members'
      ? memberPage(flow, run, root, page)
      : historyPage(flow, run, root, { ...page, txEnd })),
  };
}

function memberPage(
  flow: FlowIndex,
  run: ClusterRun,
  root: ScriptId,
  page: { readonly limit: number; readonly cursor?: string },
): Pick<ClusterAnswer, 'members' | 'nextCursor'> {
  const after = page.cursor === undefined ? undefined : cursorMember(run, root, page.cursor);
  const members = run.members(root, {
    limit: page.limit + 1,
    ...(after === undefined ? {} : { after }),
  });
  const shown = members.slice(0, page.limit);
  const done = (page.cursor === undefined ? 0 : Number(page.cursor)) + shown.length;
  return {
    members: shown.map((script) => scriptName(flow, script)),
    ...(members.length > page.limit ? { nextCursor: String(done) } : {}),
  };
}

function historyPage(
  flow: FlowIndex,
  run: ClusterRun,
  root: ScriptId,
  page: { readonly limit: number; readonly cursor?: string; readonly txEnd: number },
): Pick<ClusterAnswer, 'members' | 'history' | 'nextCursor'> {
  const history = readClusterHistory(flow, run, root, page);
  return {
    members: [],
    history: historyRows(history),
    ...(history.nextCursor === undefined ? {} : { nextCursor: history.nextCursor }),
  };
}

/** The last member of the pages before: members are in order of first sight, which never changes within a run. */
function cursorMember(run: ClusterRun, root: ScriptId, cursor: string): ScriptId {
  const done = /^[1-9]\d{0,9}$/.test(cursor) ? Number(cursor) : 0;
  const last = done === 0 ? undefined : run.memberAt(root, done - 1);
  if (last === undefined) {
    throw new ClewError('CLEW_USAGE', 'The cursor is not one that an earlier page gave.', {
      cursor,
    });
  }
  return last;
}
