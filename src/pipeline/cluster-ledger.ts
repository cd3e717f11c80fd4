/** The cluster run at a ledger's tip: read back when it was kept, made and kept otherwise. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterRun, runClustering, runIdFor } from '../cluster/cluster-run.ts';
import { findRunManifest, readRun, writeRun } from '../cluster/run-store.ts';
import { ClewError } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';

/** Runs of earlier tips kept beside the current one. */
const EARLIER_RUNS_KEPT = 1;

/**
 * The conservative run over everything that is indexed.
 *
 * A kept run that is damaged is made anew: it is derived from the flow index alone.
 *
 * @param runsFolder `<network>/runs`
 */
export function loadRun(flow: FlowIndex, runsFolder: string): ClusterRun {
  const runId = runIdFor(flow);
  const kept = readKeptRun(flow, runsFolder, runId);
  if (kept !== undefined) return kept;
  const run = runClustering(flow);
  writeRun(run, flow, runsFolder);
  dropOldRuns(runsFolder, runId);
  return run;
}

function readKeptRun(flow: FlowIndex, runsFolder: string, runId: string): ClusterRun | undefined {
  try {
    if (findRunManifest(runsFolder, runId) === undefined) return undefined;
    return readRun(flow, runsFolder, runId);
  } catch (error) {
    const code = error instanceof ClewError ? error.code : undefined;
    if (code !== 'CLEW_LEDGER_DAMAGED' && code !== 'CLEW_NOT_CLUSTERED') throw error;
    return undefined;
  }
}

/** A run can be made again at any time, so only the newest are worth their space. */
function dropOldRuns(runsFolder: string, currentRunId: string): void {
  const manifests = readdirSync(runsFolder)
    .filter((name) => /^[0-9a-f]{16}$/.test(name) && name !== currentRunId)
    .map((name) => ({ name, height: tipHeightOf(runsFolder, name) }))
    .sort((a, b) => b.height - a.height || (a.name < b.name ? -1 : 1));
  for (const { name } of manifests.slice(EARLIER_RUNS_KEPT)) {
    rmSync(join(runsFolder, name), { recursive: true, force: true });
  }
}

function tipHeightOf(runsFolder: string, runId: string): number {
  try {
    return findRunManifest(runsFolder, runId)?.tip?.height ?? -1;
  } catch {
    // A manifest that can not be read belongs to a run that is worth nothing.
    return -1;
  }
}
