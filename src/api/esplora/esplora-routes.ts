/**
 * The Esplora read API, as Blockstream's and mempool's servers give it, from the ledger that is served: below `/api`.
 *
 * Sources: Blockstream `esplora` (`API.md`), `electrs` (`src/rest.rs`). `docs/operating/esplora.md` tells what is answered and in
 * what it differs.
 */
import type { ClewError } from '../../errors.ts';
import { anyError } from '../any-error.ts';
import type { Answer } from '../router.ts';
import {
  block,
  blockHashAt,
  blockHeader,
  blockRaw,
  blockStatus,
  blocks,
  blockTransactionPage,
  blockTxid,
  blockTxids,
  tipHash,
  tipHeight,
} from './block-answers.ts';
import { notFound, Refusal, refusalAnswer, refusalOf, valueAnswer } from './esplora-answer.ts';
import { EsploraLedger, type EsploraSite } from './esplora-site.ts';
import {
  type AskedScript,
  addressPrefix,
  scriptHistory,
  scriptSummary,
  scriptUnspent,
} from './script-answers.ts';
import {
  merkleBlockProof,
  merkleProof,
  outspend,
  outspends,
  transaction,
  transactionBytes,
  transactionStatus,
} from './transaction-answers.ts';

export const ESPLORA_PREFIX = '/api';

export interface EsploraApi {
  /**
   * Answers a path below `/api`, errors too.
   *
   * @param path begins with `/api`
   */
  answer(path: string, query: URLSearchParams, signal: AbortSignal): Promise<Answer>;
  /** Make the search indexes whole now: of script hashes, or those of addresses too. */
  prepareSearch(which: 'hashes' | 'all'): Promise<void>;
  close(): Promise<void>;
}

/** @param onFault told of faults (CLEW_INTERNAL), of which callers see nothing */
export function esploraApi(site: EsploraSite, onFault?: (error: ClewError) => void): EsploraApi {
  const ledger = new EsploraLedger(site);
  return {
    async answer(path, query, signal) {
      try {
        return await route(ledger, segmentsOf(path), query, signal);
      } catch (thrown) {
        if (thrown instanceof Refusal) return refusalAnswer(thrown);
        const error = anyError(thrown);
        if (error.code === 'CLEW_INTERNAL') onFault?.(error);
        return refusalAnswer(refusalOf(error));
      }
    },
    prepareSearch: (which) => ledger.search.prepare(which),
    close: () => ledger.close(),
  };
}

/** Parts of the path after `/api`; one `/` at the end is not counted. */
function segmentsOf(path: string): string[] {
  const segments = path.slice(ESPLORA_PREFIX.length + 1).split('/');
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  // The one character that may be written so: the colon of a Bitcoin Cash address. Nothing else has anything to decode.
  if (segments[0] === 'address') segments[1] = segments[1]?.replace(/%3a/i, ':') ?? '';
  return segments;
}

const NO_MEMPOOL = { count: 0, vsize: 0, total_fee: 0, fee_histogram: [] };

function route(
  ledger: EsploraLedger,
  [kind = '', subject, ...rest]: readonly string[],
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer> | Answer {
  if (kind === 'address' || kind === 'scripthash') {
    return scriptRoute(ledger, { by: kind, text: subject ?? '' }, rest, query, signal);
  }
  if (kind === 'tx' && subject !== undefined) return transactionRoute(ledger, subject, rest);
  if (kind === 'block' && subject !== undefined) return blockRoute(ledger, subject, rest);
  if (kind === 'blocks') return blocksRoute(ledger, subject, rest);
  if (rest.length > 0) throw noEndpoint();
  switch (kind) {
    case 'address-prefix':
      return addressPrefix(ledger, subject ?? '');
    case 'block-height':
      return blockHashAt(ledger, subject ?? '');
    case 'mempool':
      return mempoolRoute(subject);
    case 'fee-estimates':
      // As the servers answer when they have none.
      if (subject === undefined) return valueAnswer({});
  }
  throw noEndpoint();
}

function noEndpoint(): Refusal {
  return notFound('endpoint does not exist');
}

function scriptRoute(
  ledger: EsploraLedger,
  asked: AskedScript,
  [what, which, ...rest]: readonly string[],
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer> | Answer {
  if (what === undefined) return scriptSummary(ledger, asked);
  if (what === 'utxo' && which === undefined) return scriptUnspent(ledger, asked, signal);
  if (what !== 'txs' || rest.length > 1) throw noEndpoint();
  if (which === 'mempool' && rest.length === 0) return scriptMempool(ledger, asked);
  if (which === 'chain') return scriptHistory(ledger, asked, rest[0]);
  // `after_txid` is how mempool's servers go on.
  const after = query.get('after_txid') ?? undefined;
  if (which === undefined) return scriptHistory(ledger, asked, after);
  throw noEndpoint();
}

/** No transaction is unconfirmed here; that the script could be one is looked at all the same. */
async function scriptMempool(ledger: EsploraLedger, asked: AskedScript): Promise<Answer> {
  await scriptSummary(ledger, asked);
  return valueAnswer([]);
}

function transactionRoute(
  ledger: EsploraLedger,
  txid: string,
  [what, which, ...rest]: readonly string[],
): Promise<Answer> {
  if (what === 'outspend' && which !== undefined && rest.length === 0) {
    return outspend(ledger, txid, which);
  }
  if (which !== undefined) throw noEndpoint();
  switch (what) {
    case undefined:
      return transaction(ledger, txid);
    case 'status':
      return transactionStatus(ledger, txid);
    case 'hex':
    case 'raw':
      return transactionBytes(ledger, txid, what);
    case 'merkle-proof':
      return merkleProof(ledger, txid);
    case 'merkleblock-proof':
      return merkleBlockProof(ledger, txid);
    case 'outspends':
      return outspends(ledger, txid);
  }
  throw noEndpoint();
}

function blockRoute(
  ledger: EsploraLedger,
  hash: string,
  [what, which, ...rest]: readonly string[],
): Promise<Answer> {
  if (rest.length > 0) throw noEndpoint();
  if (what === 'txs') return blockTransactionPage(ledger, hash, which);
  if (what === 'txid' && which !== undefined) return blockTxid(ledger, hash, which);
  if (which !== undefined) throw noEndpoint();
  switch (what) {
    case undefined:
      return block(ledger, hash);
    case 'status':
      return blockStatus(ledger, hash);
    case 'header':
      return blockHeader(ledger, hash);
    case 'txids':
      return blockTxids(ledger, hash);
    case 'raw':
      return blockRaw(ledger, hash);
  }
  throw noEndpoint();
}

function blocksRoute(
  ledger: EsploraLedger,
  from: string | undefined,
  rest: readonly string[],
): Promise<Answer> {
  if (from === 'tip' && rest.length === 1) {
    if (rest[0] === 'height') return tipHeight(ledger);
    if (rest[0] === 'hash') return tipHash(ledger);
  }
  if (rest.length > 0) throw noEndpoint();
  return blocks(ledger, from);
}

function mempoolRoute(what: string | undefined): Answer {
  if (what === undefined) return valueAnswer(NO_MEMPOOL);
  if (what === 'txids' || what === 'recent') return valueAnswer([]);
  throw noEndpoint();
}
