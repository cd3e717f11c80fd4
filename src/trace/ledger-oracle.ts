import type { Attributions } from '../attribution/match.ts';
import type { ClusterRun } from '../cluster/cluster-run.ts';
import type { ScriptId } from '../units/ids.ts';
import type { MixSeen, StopOracle } from './stop-oracle.ts';

/** Facts of a verdict that say how many outputs look alike, the best first. */
const ALIKE_FACTS = ['equalOutputs', 'denominationOutputs', 'inputs'];

/**
 * The stops of a real ledger: services by sourced tags, on the script itself or on its cluster; mixes,
 * Stonewalls and swaps by the verdicts of a cluster run.
 *
 * @param isSelf whether a script belongs to whom the question is about
 * @example traceForward(flow, sources, { method: 'fifo', limits, oracle: ledgerOracle(run, attributions) })
 */
export function ledgerOracle(
  run: Pick<ClusterRun, 'stopVerdict' | 'rootOf' | 'size'>,
  attributions: Pick<Attributions, 'serviceOfScript'>,
  isSelf?: (scriptId: number) => boolean,
): StopOracle {
  return {
    serviceOf: (scriptId) => attributions.serviceOfScript(scriptId as ScriptId),
    mixOf: (txIndex) => mixSeen(run, txIndex),
    clusterScriptsOf: (scriptId) => run.size(run.rootOf(scriptId)).scripts,
    ...(isSelf && { isSelf }),
  };
}

function mixSeen(run: Pick<ClusterRun, 'stopVerdict'>, txIndex: number): MixSeen | undefined {
  const verdict = run.stopVerdict(txIndex);
  if (verdict === undefined) return undefined;
  const { ruleId, ruleVersion, strength, facts } = verdict;
  const alike = ALIKE_FACTS.map((name) => facts[name]).find((fact) => typeof fact === 'number');
  // A Stonewall looks the same whether one or two people made it.
  return { ruleId, ruleVersion, strength, anonymitySet: ruleId === 'SW-1' ? 2 : (alike ?? 0) };
}
