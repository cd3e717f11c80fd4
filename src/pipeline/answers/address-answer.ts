/** The answer of `clew address`. */
import type { Tag } from '../../attribution/tag.ts';
import { scriptKindName } from '../../chain/script-kind.ts';
import {
  type HistoryPage,
  readHistory,
  type Seen,
  summariseScripts,
} from '../../ledger/address-facts.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { ScriptId } from '../../units/ids.ts';
import type { AsOf } from '../as-of.ts';

/** Totals in satoshi are decimal strings. */
export interface AddressAnswer {
  readonly format: 'clew-address/1';
  readonly address: string;
  readonly network: string;
  readonly asOfHeight: number;
  /** Blocks up to that height that the ledger does not hold: what they say of the address is in no figure. */
  readonly blocksMissing: number;
  /** More than one when a bare public key was paid as well as its hash. */
  readonly scriptKinds: readonly string[];
  readonly balance: string;
  readonly received: string;
  readonly sent: string;
  /** Received and never to be spent: the genesis output, or overwritten by a transaction of the same id. */
  readonly unspendable: string;
  readonly counts: {
    readonly transactions: number;
    readonly outputs: number;
    readonly spentOutputs: number;
  };
  readonly firstSeen: Seen | null;
  readonly lastSeen: Seen | null;
  readonly cluster: { readonly id: string; readonly addresses: number } | null;
  readonly tags: readonly Tag[];
  readonly history: readonly {
    readonly txid: string;
    readonly height: number;
    readonly timeSeconds: number;
    readonly received: string;
    readonly sent: string;
  }[];
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
  const summary = summariseScripts(flow, subject.scripts, txEnd);
  const history: HistoryPage = readHistory(flow, subject.scripts, { ...page, txEnd });
  return {
    format: 'clew-address/1',
    address: subject.address,
    network: flow.network.name,
    asOfHeight: height,
    // A ledger holds no two blocks of one height, so those that are there tell how many are not.
    blocksMissing: height - flow.txBlock.at(txEnd - 1),
    scriptKinds: subject.scripts.map((script) => scriptKindName(flow.scriptKind.at(script))),
    balance: summary.balanceSats.toString(),
    received: summary.receivedSats.toString(),
    sent: summary.sentSats.toString(),
    unspendable: (summary.receivedSats - summary.sentSats - summary.balanceSats).toString(),
    counts: {
      transactions: summary.transactions,
      outputs: summary.outputs,
      spentOutputs: summary.spentOutputs,
    },
    firstSeen: summary.firstSeen ?? null,
    lastSeen: summary.lastSeen ?? null,
    cluster: about.cluster,
    tags: about.tags,
    history: history.entries.map((entry) => ({
      txid: entry.txid,
      height: entry.height,
      timeSeconds: entry.timeSeconds,
      received: entry.receivedSats.toString(),
      sent: entry.sentSats.toString(),
    })),
    ...(history.nextCursor === undefined ? {} : { nextCursor: history.nextCursor }),
  };
}
