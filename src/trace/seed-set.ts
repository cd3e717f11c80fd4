/**
 * From seeds to the set of scripts and outputs that an investigation is about.
 *
 * The cluster of a seed counts as a whole, with three exceptions. A seed that a service holds (a deposit
 * address) counts alone: its cluster is the service with all its customers. A cluster above a stated size counts
 * only by its seeds: it may be a service that nobody tagged. And an output named by a seed counts without its cluster
 * unless the seed brings the script too: of a transaction named whole nobody knows which output was meant.
 */
import type { Attributions, ServiceClaim } from '../attribution/match.ts';
import type { Tag } from '../attribution/tag.ts';
import type { ClusterRun } from '../cluster/cluster-run.ts';
import { scriptName } from '../cluster/script-name.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { NONE, type ScriptId } from '../units/ids.ts';
import type { SeedLink, SeedPlace } from './investigation.ts';
import { outputsOfScripts } from './trace-sources.ts';

/** What of a cluster run an investigation asks. */
export type ClusterView = Pick<
  ClusterRun,
  'rootOf' | 'clusterId' | 'members' | 'size' | 'why' | 'stopVerdict'
>;
/** What of the tags an investigation asks. */
export type AttributionView = Pick<Attributions, 'serviceOfScript' | 'tagsOfCluster'>;

export interface SeedSetLimits {
  /** A cluster of more scripts is not expanded. */
  readonly clusterScriptsMax: number;
  /** Further addresses that are listed per cluster. */
  readonly addressLimit: number;
}

export const SEED_SET_LIMITS: SeedSetLimits = { clusterScriptsMax: 100_000, addressLimit: 1_000 };

/** Steps of the search for chains between seeds, per cluster: bounds the time in very large clusters. */
const WHY_STEPS_MAX = 20_000_000;
const PAGE = 10_000;

/** Seeds that stand in one cluster. */
export interface SeedGroup {
  readonly root: ScriptId;
  readonly clusterId: string;
  readonly seeds: readonly string[];
  /** The seeds' own scripts, in order of first sight. */
  readonly seedScripts: readonly ScriptId[];
  /** Scripts that count: the whole cluster, or the seeds' own. */
  readonly scripts: readonly ScriptId[];
  readonly service?: ServiceClaim;
  readonly expanded: boolean;
  readonly addressCount: number;
  readonly furtherAddresses: readonly string[];
  readonly why: readonly SeedLink[];
  readonly whyOmitted: number;
  readonly tags: readonly Tag[];
}

export interface SeedSet {
  readonly groups: readonly SeedGroup[];
  readonly seeds: readonly SeedPlace[];
  readonly notSeen: readonly SeedPlace[];
  /** Scripts that count, with the place of their group in `groups`. */
  readonly groupOfScript: ReadonlyMap<number, number>;
  /** Scripts of the set that no service holds: whoever spends from them is the subject. */
  readonly own: ReadonlySet<number>;
  /** All outputs of the set up to the as-of point, ascending. */
  readonly outputs: Float64Array;
  /** The place in `groups` that an output counts under, or -1 when only the output itself was named. */
  groupOf(outputIndex: number): number;
  /** Outputs of transactions named whole that went back to their payer and were left out. */
  readonly changeOfNamedTransactions: number;
  /** Transactions that were named whole and have several outputs. */
  readonly ambiguousTransactions: number;
}

/**
 * Put the seeds in their clusters and collect the outputs that count.
 *
 * @param txEnd the first transaction beyond the as-of point
 * @example buildSeedSet(flow, run, attributions, seeds, flow.txCount).outputs.length
 */
export function buildSeedSet(
  flow: FlowIndex,
  run: ClusterView,
  attributions: AttributionView,
  seeds: readonly SeedPlace[],
  txEnd: number,
  limits: SeedSetLimits = SEED_SET_LIMITS,
): SeedSet {
  const isThere = (output: number): boolean => output !== NONE && flow.outputTx.at(output) < txEnd;
  const places = seeds.map((seed) => placeSeed(flow, run, seed, isThere));
  const isSeen = ({ scripts, outputs }: PlacedSeed): boolean => scripts.length + outputs.length > 0;
  const seen = places.filter(isSeen);
  const groups = groupSeeds(flow, run, attributions, seen, limits);
  const groupOfScript = new Map<number, number>();
  const own = new Set<number>();
  groups.forEach((group, place) => {
    for (const script of group.scripts) {
      groupOfScript.set(script, place);
      flow.openEnds?.needHistory(script);
      if (group.service === undefined) own.add(script);
    }
  });
  const outputs = new Set(outputsOfScripts(flow, groupOfScript.keys(), txEnd));
  for (const place of seen) for (const output of place.outputs) outputs.add(output);
  return {
    groups,
    seeds: seen.map(({ seed }) => seed),
    notSeen: places.filter((place) => !isSeen(place)).map(({ seed }) => seed),
    groupOfScript,
    own,
    outputs: Float64Array.from(outputs).sort(),
    groupOf: (output) => groupOfScript.get(flow.outputScript.at(output)) ?? -1,
    changeOfNamedTransactions: places.reduce((sum, { changeOutputs }) => sum + changeOutputs, 0),
    ambiguousTransactions: places.filter(({ isAmbiguous }) => isAmbiguous).length,
  };
}

/** A seed as far as it is in the ledger. */
interface PlacedSeed {
  readonly seed: SeedPlace;
  /** Scripts whose clusters count. */
  readonly scripts: readonly ScriptId[];
  /** Outputs that count in any case. */
  readonly outputs: readonly number[];
  readonly changeOutputs: number;
  readonly isAmbiguous: boolean;
}

function placeSeed(
  flow: FlowIndex,
  run: ClusterView,
  seed: SeedPlace,
  isThere: (output: number) => boolean,
): PlacedSeed {
  const given = seed.scripts.filter((script) => isThere(flow.scriptFirstOutput.at(script)));
  const paying = seed.outputs.filter(
    (output) => isThere(output) && flow.outputScript.at(output) !== NONE,
  );
  let outputs: readonly number[] = paying;
  if (seed.kind === 'tx' && paying.length > 1) {
    const payers = inputRoots(flow, run, flow.outputTx.at(paying[0]!));
    outputs = paying.filter((output) => !payers.has(run.rootOf(flow.outputScript.at(output))));
  }
  const scripts = new Set(given);
  if (outputs.length === 1) scripts.add(flow.outputScript.at(outputs[0]!) as ScriptId);
  return {
    seed,
    scripts: [...scripts],
    outputs,
    changeOutputs: paying.length - outputs.length,
    isAmbiguous: seed.kind === 'tx' && outputs.length > 1,
  };
}

function groupSeeds(
  flow: FlowIndex,
  run: ClusterView,
  attributions: AttributionView,
  places: readonly PlacedSeed[],
  limits: SeedSetLimits,
): SeedGroup[] {
  const byRoot = new Map<ScriptId, { seeds: Set<string>; scripts: Set<ScriptId> }>();
  for (const { seed, scripts } of places) {
    for (const script of scripts) {
      const root = run.rootOf(script);
      let group = byRoot.get(root);
      if (group === undefined) {
        group = { seeds: new Set(), scripts: new Set() };
        byRoot.set(root, group);
      }
      group.seeds.add(seed.seed);
      group.scripts.add(script);
    }
  }
  return [...byRoot].map(([root, group]) => {
    const seedScripts = [...group.scripts].sort((a, b) => a - b);
    const service = seedScripts
      .map((script) => attributions.serviceOfScript(script))
      .find((claim) => claim !== undefined);
    const size = run.size(root);
    const expanded = service === undefined && size.scripts <= limits.clusterScriptsMax;
    const scripts = expanded ? allMembers(run, root) : seedScripts;
    const further = expanded
      ? scripts.filter((script) => !group.scripts.has(script)).slice(0, limits.addressLimit)
      : [];
    const chains = chainsBetween(flow, run, seedScripts, size.scripts);
    return {
      root,
      clusterId: run.clusterId(root),
      seeds: [...group.seeds],
      seedScripts,
      scripts,
      ...(service && { service }),
      expanded,
      addressCount: size.addresses,
      furtherAddresses: further.map((script) => scriptName(flow, script)),
      ...chains,
      tags: attributions.tagsOfCluster(root).map(({ tag }) => tag),
    };
  });
}

function allMembers(run: ClusterView, root: ScriptId): ScriptId[] {
  const all: ScriptId[] = [];
  for (;;) {
    const after = all.at(-1);
    const page = run.members(root, { ...(after !== undefined && { after }), limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** One shortest chain from the earliest seed's script to each other one; a link that several share stands once. */
function chainsBetween(
  flow: FlowIndex,
  run: ClusterView,
  seedScripts: readonly ScriptId[],
  clusterScripts: number,
): { readonly why: SeedLink[]; readonly whyOmitted: number } {
  const [first, ...others] = seedScripts;
  const searched = others.slice(0, Math.max(10, Math.floor(WHY_STEPS_MAX / clusterScripts)));
  const known = new Set<number>();
  const why: SeedLink[] = [];
  for (const other of searched) {
    for (const link of run.why(first!, other) ?? []) {
      if (known.has(link.linkIndex)) continue;
      known.add(link.linkIndex);
      why.push({
        from: scriptName(flow, link.scriptA),
        to: scriptName(flow, link.scriptB),
        txid: flow.txid(link.txIndex),
        rule: link.ruleId,
        ruleVersion: link.ruleVersion,
        ...(link.isMarked && { payjoinPossible: true }),
      });
    }
  }
  return { why, whyOmitted: others.length - searched.length };
}

/** The clusters whose scripts a transaction spends. */
function inputRoots(flow: FlowIndex, run: ClusterView, tx: number): Set<number> {
  const roots = new Set<number>();
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    const script = flow.inputScript(input);
    if (script !== NONE) roots.add(run.rootOf(script));
  }
  return roots;
}
