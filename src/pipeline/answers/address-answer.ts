/** The answer of `clew address`. */
import type { Tag } from '../../attribution/tag.ts';
import { scriptKindName } from '../../chain/script-kind.ts';
import { readHistory, summariseScripts } from '../../ledger/address-facts.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { FactsSource } from '../../trace/facts-source.ts';
import type { ScriptId } from '../../units/ids.ts';
import type { AsOf } from '../as-of.ts';
import { type HistoryRow, historyRows, type SumsAnswer, sumsAnswer } from './sums-answer.ts';

export interface AddressAnswer extends SumsAnswer {
  readonly format: 'clew-address/1';
  readonly address: string;
  readonly network: string;
  readonly asOfHeight: number;
  /** Blocks up to that height that the ledger does not hold: what they say of the address is in no figure. */
  readonly blocksMissing: number;
  /** More than one when a bare public key was paid as well as its hash. */
  readonly scriptKinds: readonly string[];
  readonly cluster: { readonly id: string; readonly addresses: number } | null;
  readonly tags: readonly Tag[];
  readonly factsSource?: FactsSource;
  readonly history: readonly HistoryRow[];
  readonly nextCursor?: string;
}

/** Everything about one address as of a height, with a page of its history, newest first. */
export function answerAddress(
  flow: FlowIndex,
  subject: { readonly address: string; readonly scripts: readonly ScriptId[] },
  about: {
    readonly asOf: AsOf;
    readonly cluster: AddressAnswer['cluster'];
    readonly tags: readonly Tag[];
  },
  page: { readonly limit: number; readonly cursor?: string },
): AddressAnswer {
  const { txEnd, height } = about.asOf;
  const history = readHistory(flow, subject.scripts, { ...page, txEnd });
  return {
    format: 'clew-address/1',
    address: subject.address,
    network: flow.network.name,
    asOfHeight: height,
    // A ledger holds no two blocks of one height, so those that are there tell how many are not.
    blocksMissing: height - flow.txBlock.at(txEnd - 1),
    scriptKinds: subject.scripts.map((script) => scriptKindName(flow.scriptKind.at(script))),
    ...sumsAnswer(summariseScripts(flow, subject.scripts, txEnd)),
    cluster: about.cluster,
    tags: about.tags,
    history: historyRows(history),
    ...(history.nextCursor === undefined ? {} : { nextCursor: history.nextCursor }),
  };
}
