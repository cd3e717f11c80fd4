import type { NetworkName } from '../chain/network.ts';
import type { OpenNetwork } from '../pipeline/open-network.ts';
import type { CommandContext } from './command.ts';
import { chooseNetwork } from './data-folder.ts';
import type { EsploraAsked } from './esplora-options.ts';

/**
 * Answers a question with the network that was asked for, or with the only one that is there.
 *
 * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_NETWORK_AMBIGUOUS, and what opening a ledger throws
 */
export function withNetwork<T>(
  context: CommandContext,
  asked: NetworkName | undefined,
  work: (network: OpenNetwork) => Promise<T>,
): Promise<T> {
  return context.session.useNetwork(chooseNetwork(context.data, asked), work);
}

/** Of a server whose network nobody named; one of another network is found out at its first block. */
export const USUAL_NETWORK: NetworkName = 'main';

/** Options that say where facts come from. */
export interface FactsAsked extends EsploraAsked {
  readonly network: NetworkName | undefined;
  readonly ledger: string | undefined;
}

/**
 * The same, where facts may be asked of a server instead.
 *
 * @param subjects what the question is about, as typed: where the folder holds several networks it may tell which is meant
 * @throws {ClewError} as `withNetwork`; CLEW_ADDRESS_AMBIGUOUS; CLEW_REMOTE_CONSENT and others of servers elsewhere
 */
export async function withFacts<T>(
  context: CommandContext,
  asked: FactsAsked,
  work: (network: OpenNetwork) => Promise<T>,
  subjects: readonly string[] = [],
): Promise<T> {
  const { withEsplora } = await import('./with-esplora.ts');
  const answer = await withEsplora(context, asked, work);
  if (answer !== undefined) return answer.value;
  const { networkOfSubjects } = await import('./network-of-subjects.ts');
  return withNetwork(context, await networkOfSubjects(context, asked.network, subjects), work);
}
