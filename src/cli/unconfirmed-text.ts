/** What waits in the mempool of a node, asked for with `--unconfirmed`: printed apart from facts, and marked. */
import { amountText } from '../chain/amount-text.ts';
import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { OpenNetwork } from '../pipeline/open-network.ts';
import type { Unconfirmed, UnconfirmedAnswer } from '../pipeline/unconfirmed.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import type { CommandContext } from './command.ts';
import { chooseNetwork } from './data-folder.ts';
import { type NodeAsked, nodeOptions } from './node-options.ts';
import type { FlagOption, OptionTable, OptionValues } from './option.ts';
import { factsText, tableText } from './output.ts';
import { withNode } from './with-node.ts';

export const unconfirmedOptions = {
  unconfirmed: {
    kind: 'flag',
    help: 'also what waits in the mempool of the node of --rpc: apart from facts, counted nowhere',
  } satisfies FlagOption,
  ...nodeOptions,
} as const satisfies OptionTable;

export type UnconfirmedAsked = NodeAsked &
  Pick<OptionValues<typeof unconfirmedOptions>, 'unconfirmed'> & {
    readonly network: NetworkName | undefined;
  };

/** Facts, and what waits; at least one of the two. */
export interface WithUnconfirmed<T> {
  readonly found: T | undefined;
  readonly waiting: UnconfirmedAnswer | undefined;
}

/** No such thing in the ledger. */
const MISSING = new Set(['CLEW_TX_NOT_FOUND', 'CLEW_ADDRESS_NOT_FOUND']);

/**
 * Ask for facts, and when it is wanted for what waits. What is not in the ledger may wait.
 *
 * @param subject an address or a transaction id, as typed
 * @param facts asked with the node at hand
 * @param waits `refresh` brings up to date what is needed of the mempool, `pick` picks what is asked for
 * @throws {ClewError} what the facts throw when nothing waits either; CLEW_USAGE without a node
 */
export async function withUnconfirmed<T>(
  context: CommandContext,
  asked: UnconfirmedAsked,
  subject: string,
  facts: () => Promise<T>,
  waits: {
    readonly refresh: (pool: Unconfirmed) => Promise<void>;
    readonly pick: (pool: Unconfirmed, open: OpenNetwork) => Promise<UnconfirmedAnswer>;
  },
): Promise<WithUnconfirmed<T>> {
  const { rpc, unconfirmed } = asked;
  if (rpc === undefined && !unconfirmed) return { found: await facts(), waiting: undefined };
  const { networkOfSubjects } = await import('./network-of-subjects.ts');
  const meant = await networkOfSubjects(context, asked.network, [subject]);
  const network = chooseNetwork(context.data, meant);
  return withNode(context, asked, network, async (node) => {
    if (!unconfirmed) return { found: await facts(), waiting: undefined };
    if (node === undefined) {
      throw new ClewError(
        'CLEW_USAGE',
        '--rpc URL is missing: it says whose mempool to look into.',
      );
    }
    let found: T | undefined;
    let failure: unknown;
    try {
      found = await facts();
    } catch (error) {
      if (!(error instanceof ClewError) || !MISSING.has(error.code)) throw error;
      failure = error;
    }
    const { Unconfirmed } = await import('../pipeline/unconfirmed.ts');
    const pool = new Unconfirmed(node, network);
    await waits.refresh(pool);
    const waiting = await context.session.useNetwork(network, (open) => waits.pick(pool, open));
    if (failure !== undefined && waiting.transactions.length === 0) throw failure;
    return { found, waiting };
  });
}

/** For people; nothing when nothing waits. */
export function unconfirmedText(answer: UnconfirmedAnswer | undefined): string {
  if (answer === undefined) return '';
  const { transactions, network, node, poolTransactions } = answer;
  if (transactions.length === 0) {
    return `\nNOT CONFIRMED: nothing of it waits in the mempool of ${node} (${countText(poolTransactions, 'transaction')}).\n`;
  }
  let text =
    `\nNOT CONFIRMED: no block holds ${transactions.length === 1 ? 'this transaction' : 'these transactions'}, ` +
    `which may be replaced or never come. The node ${node} says so; nothing is counted.\n`;
  const amount = (sats: number | null): string =>
    sats === null ? 'unknown' : amountText(sats, network);
  for (const { txid, feeSats, vsize, inputs, outputs } of transactions) {
    text += `\n${factsText([
      ['unconfirmed', txid],
      ['fee', `${amount(feeSats)}, ${groupedNumber(vsize)} virtual bytes`],
    ])}`;
    text += tableText(
      [{ title: '' }, { title: 'Address' }, { title: 'Amount', align: 'right' }],
      [
        ...inputs.map(({ address, prevTxid, prevVout, valueSats }) => [
          'from',
          address ?? `${prevTxid}:${prevVout}`,
          amount(valueSats),
        ]),
        ...outputs.map(({ address, kind, valueSats }) => [
          'to',
          address ?? kind,
          amount(valueSats),
        ]),
      ],
    );
  }
  return text;
}
