/** The answer of `clew tx`: the ledger's facts, with what clustering and detectors say of them. */
import type { ClusterRun } from '../../cluster/cluster-run.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { InputFacts, OutputFacts, TransactionFacts } from '../../ledger/transaction-facts.ts';
import type { FactsSource } from '../../trace/facts-source.ts';
import { NONE } from '../../units/ids.ts';

interface WithCluster {
  /** The cluster of the script, unless it is unknown or holds data. */
  readonly cluster?: string;
}

export interface TransactionAnswer
  extends Omit<TransactionFacts, 'inputs' | 'outputs' | 'feeSats' | 'raw'> {
  readonly format: 'clew-tx/1';
  readonly network: string;
  readonly run: string;
  readonly inputs: readonly (InputFacts & WithCluster)[];
  readonly outputs: readonly (OutputFacts & WithCluster)[];
  /** Null for a coinbase and when a previous output is unknown. */
  readonly feeSats: number | null;
  /** Where the bytes stand; left out when the facts are a server's. */
  readonly raw?: TransactionFacts['raw'];
  readonly factsSource?: FactsSource;
  /** The bytes without witness, when asked for: hashed twice they give the txid. */
  readonly strippedHex?: string;
  /** What the detectors found: CoinJoins, their preparation, look-alikes. */
  readonly verdicts: readonly {
    readonly rule: string;
    readonly ruleVersion: number;
    readonly result: string;
    readonly strength: string;
    readonly facts: Readonly<Record<string, number | string>>;
  }[];
}

/** @param txIndex the row that the facts are of */
export function answerTransaction(
  flow: FlowIndex,
  run: ClusterRun,
  txIndex: number,
  facts: Omit<TransactionFacts, 'raw'> & { readonly raw?: TransactionFacts['raw'] },
): TransactionAnswer {
  const clusterOf = (script: number): WithCluster =>
    script === NONE ? {} : { cluster: run.clusterId(script) };
  const firstInput = flow.txFirstInput.at(txIndex);
  const firstOutput = flow.txFirstOutput.at(txIndex);
  return {
    format: 'clew-tx/1',
    network: flow.network.name,
    run: run.runId,
    ...facts,
    feeSats: facts.feeSats ?? null,
    inputs: facts.inputs.map((input) => ({
      ...input,
      ...clusterOf(flow.inputScript(firstInput + input.vin)),
    })),
    outputs: facts.outputs.map((output) => ({
      ...output,
      ...clusterOf(flow.outputScript.at(firstOutput + output.vout)),
    })),
    verdicts: run.verdictsOf(txIndex).map((verdict) => ({
      rule: verdict.ruleId,
      ruleVersion: verdict.ruleVersion,
      result: verdict.result,
      strength: verdict.strength,
      facts: verdict.facts,
    })),
  };
}
