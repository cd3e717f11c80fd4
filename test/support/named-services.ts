/** Tags for hand-written flow graphs, matched by the real matcher; names and sources are invented. */
import type { CategoryId } from '../../src/attribution/category.ts';
import { type Attributions, matchTags } from '../../src/attribution/match.ts';
import type { Statement } from '../../src/attribution/tag.ts';
import type { TagIndex } from '../../src/attribution/tag-index.ts';
import { type ClusterRun, runClustering } from '../../src/cluster/cluster-run.ts';
import { scriptName } from '../../src/cluster/script-name.ts';
import type { Address, ScriptId } from '../../src/units/ids.ts';
import type { FlowGraph } from './flow-graph.ts';

export interface NamedScript {
  readonly name: string;
  readonly category: CategoryId;
  /** A script of the graph that the tag is about. */
  readonly script: string;
}

function statementOf({ name, category }: NamedScript): Statement {
  return {
    label: name,
    source: 'an invented source',
    sourcePack: {
      title: 'Invented tags',
      creator: 'a test',
      fileName: 'tags.yaml',
      sha256: '00'.repeat(32),
      recordedAtSeconds: 0,
    },
    confidence: 'service_data',
    confidenceLevel: 50,
    category,
    concepts: [category],
    actor: name,
    clusterDefiner: true,
    status: 'active',
  };
}

/** Cluster the graph and match tags to it. */
export async function clusterAndTag(
  graph: FlowGraph,
  named: readonly NamedScript[],
  txEnd = graph.flow.txCount,
): Promise<{ readonly run: ClusterRun; readonly attributions: Attributions }> {
  const run = runClustering(graph.flow, { txEnd });
  const scripts = new Map<Address, ScriptId[]>();
  const statements = new Map<Address, Statement[]>();
  for (const each of named) {
    const script = graph.script(each.script) as ScriptId;
    const address = scriptName(graph.flow, script) as Address;
    scripts.set(address, [script]);
    statements.set(address, [...(statements.get(address) ?? []), statementOf(each)]);
  }
  const index: Pick<TagIndex, 'network' | 'statementsOf' | 'addresses'> = {
    network: 'regtest',
    statementsOf: (address) => statements.get(address) ?? [],
    addresses: () => statements.keys() as IterableIterator<Address>,
  };
  const attributions = await matchTags(
    index as TagIndex,
    async (addresses) => new Map(addresses.map((each) => [each, scripts.get(each) ?? []])),
    (script) => run.rootOf(script),
  );
  return { run, attributions };
}
