/** `tx/…`: a transaction, its bytes, its proofs, and who spent its outputs. */
import { bytesToHex, displayToHash, hashToDisplay } from '../../bytes/hex.ts';
import { merkleBranch } from '../../chain/merkle.ts';
import { merkleBlock } from '../../chain/merkle-block.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { requireSameBlock } from '../../ledger/raw-places.ts';
import { SpendFinder } from '../../ledger/read/flow-transactions.ts';
import { NONE } from '../../units/ids.ts';
import type { Answer } from '../router.ts';
import { headerOf } from './block-answers.ts';
import {
  bytesAnswer,
  notFound,
  parseHash,
  parseNumber,
  textAnswer,
  valueAnswer,
} from './esplora-answer.ts';
import type { EsploraLedger, EsploraState } from './esplora-site.ts';
import { blockHashes } from './script-answers.ts';
import {
  planTransactions,
  readTransactionBytes,
  statusOf,
  type TransactionPlan,
  transactionValues,
} from './transaction-values.ts';

/** The row of a transaction: of several with one id the newest. @throws {Refusal} 400, 404 */
function requireTx(flow: FlowIndex, txid: string): number {
  const tx = flow.findTx(displayToHash(parseHash(txid)), 0);
  if (tx === NONE) throw notFound('Transaction not found');
  return tx;
}

function planOf(ledger: EsploraLedger, txid: string) {
  return ledger.use(async (state) => {
    const [plan] = await planTransactions(state, [requireTx(state.flow, txid)]);
    return { plan: plan!, network: state.flow.network, raw: state.raw };
  });
}

export async function transaction(ledger: EsploraLedger, txid: string): Promise<Answer> {
  const { plan, network, raw } = await planOf(ledger, txid);
  const [value] = await transactionValues([plan], raw, network);
  return valueAnswer(value);
}

/** The bytes belong to the block too: a witness can be another one in another block. */
function tagOf({ txid, place }: TransactionPlan): Readonly<Record<string, string>> {
  return { ETag: `"${txid.slice(0, 32)}${place.blockHash.slice(-32)}"` };
}

export async function transactionBytes(
  ledger: EsploraLedger,
  txid: string,
  form: 'hex' | 'raw',
): Promise<Answer> {
  const { plan, network, raw } = await planOf(ledger, txid);
  const { bytes } = await readTransactionBytes(plan, raw, network);
  const answer = form === 'hex' ? textAnswer(bytesToHex(bytes)) : bytesAnswer(bytes);
  return { ...answer, headers: tagOf(plan) };
}

/** Of a transaction that the ledger does not have it says, as Esplora does, that it is not confirmed. */
export function transactionStatus(ledger: EsploraLedger, txid: string): Promise<Answer> {
  const hash = displayToHash(parseHash(txid));
  return ledger.use(async (state) => {
    const tx = state.flow.findTx(hash, 0);
    if (tx === NONE) return valueAnswer({ confirmed: false });
    const hashes = await blockHashes(state, [tx]);
    return valueAnswer(statusOf(state.flow, tx, hashes.get(state.flow.txBlock.at(tx))!));
  });
}

/** Siblings of a transaction in the Merkle tree of its block. */
function proofOf(flow: FlowIndex, tx: number) {
  const ids = flow.blockTxids(flow.txBlock.at(tx));
  const count = ids.length / 32;
  const position = flow.txPosition(tx);
  return { position, count, branch: merkleBranch(ids, count, position) };
}

export function merkleProof(ledger: EsploraLedger, txid: string): Promise<Answer> {
  return ledger.use(({ flow }) => {
    const tx = requireTx(flow, txid);
    const { position, branch } = proofOf(flow, tx);
    return valueAnswer({
      block_height: flow.txHeight(tx),
      merkle: branch.map(hashToDisplay),
      pos: position,
    });
  });
}

export function merkleBlockProof(ledger: EsploraLedger, txid: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const { flow, reader } = state;
    const tx = requireTx(flow, txid);
    const { position, count, branch } = proofOf(flow, tx);
    const [block] = await reader.blocksAt([flow.txHeight(tx)]);
    requireSameBlock(state.ledger, flow, flow.txBlock.at(tx), block!.merkleRoot);
    const leaf = flow.txids.at(tx).slice();
    return textAnswer(bytesToHex(merkleBlock(headerOf(block!), count, position, leaf, branch)));
  });
}

interface Spending {
  readonly spent: boolean;
  readonly txid?: string;
  readonly vin?: number;
  readonly status?: ReturnType<typeof statusOf>;
}

/** Who spent each of some outputs. */
async function spendings(state: EsploraState, from: number, to: number): Promise<Spending[]> {
  const { flow } = state;
  const finder = new SpendFinder(flow);
  const spenders: (number | undefined)[] = [];
  const found = [];
  for (let output = from; output < to; output += 1) {
    const spender = finder.spenderOf(output, flow.txCount);
    found.push(spender);
    spenders.push(spender === undefined ? undefined : flow.outputSpender.at(output));
  }
  const hashes = await blockHashes(
    state,
    spenders.flatMap((tx) => tx ?? []),
  );
  return found.map((spender, i) => {
    if (spender === undefined) return { spent: false };
    const tx = spenders[i]!;
    const status = statusOf(flow, tx, hashes.get(flow.txBlock.at(tx))!);
    return { spent: true, txid: spender.txid, vin: spender.vin, status };
  });
}

/** @throws {Refusal} 404 for an output that the ledger does not have: it can not tell whether that is spent */
export function outspend(ledger: EsploraLedger, txid: string, vout: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const { flow } = state;
    const number = parseNumber(vout);
    const tx = requireTx(flow, txid);
    const output = flow.txFirstOutput.at(tx) + number;
    if (output >= flow.txFirstOutput.at(tx + 1)) throw notFound('Output not found');
    const [spending] = await spendings(state, output, output + 1);
    return valueAnswer(spending);
  });
}

export function outspends(ledger: EsploraLedger, txid: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const { flow } = state;
    const tx = requireTx(flow, txid);
    const end = flow.txFirstOutput.at(tx + 1);
    return valueAnswer(await spendings(state, flow.txFirstOutput.at(tx), end));
  });
}
