/** What the tracing engine asks about scripts and transactions to know where it must stop. */
import type { ServiceClaim } from '../attribution/match.ts';

/** A transaction that a mix detector recognised, as far as tracing and its reports need it. */
export interface MixSeen {
  readonly ruleId: string;
  readonly ruleVersion: number;
  readonly strength: 'certain' | 'strong' | 'possible';
  /** Outputs that look alike: among how many one coin hides. */
  readonly anonymitySet: number;
}

/**
 * Asked for every output and transaction on the way, so answers must be quick and the same every time.
 *
 * @example const nowhere: StopOracle = { serviceOf: () => undefined, mixOf: () => undefined };
 */
export interface StopOracle {
  /** The service that a sourced tag says keeps the money of this script, or undefined. */
  serviceOf(scriptId: number): ServiceClaim | undefined;
  /** The mix that this transaction is, by any rule of any strength, or undefined. */
  mixOf(txIndex: number): MixSeen | undefined;
  /** True when the script belongs to whom the question is about: coming back there is an end of its own. */
  isSelf?(scriptId: number): boolean;
  /** Scripts in the cluster of a script, for the limit `clusterScriptsMax`. */
  clusterScriptsOf?(scriptId: number): number;
}
