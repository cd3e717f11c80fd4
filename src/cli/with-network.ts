import type { NetworkName } from '../chain/network.ts';
import type { OpenNetwork } from '../pipeline/open-network.ts';
import type { CommandContext } from './command.ts';
import { chooseNetwork } from './data-folder.ts';

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
