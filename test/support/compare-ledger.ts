/** Holds a ledger against the slow one: counters, addresses with their histories, transactions, raw bytes. */
import assert from 'node:assert/strict';
import { scriptToAddress } from '../../src/chain/address.ts';
import { parseTransaction } from '../../src/chain/transaction.ts';
import {
  type HistoryEntry,
  readHistory,
  summariseScripts,
} from '../../src/ledger/address-facts.ts';
import { countFlow } from '../../src/ledger/counters.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { HISTORY_DIRECTION, TABLES } from '../../src/ledger/schema.ts';
import { resolveAddresses } from '../../src/ledger/script-lookup.ts';
import { readTransaction } from '../../src/ledger/transaction-facts.ts';
import { readRawBytes } from '../../src/source/raw-bytes.ts';
import type { NaiveEntry, NaiveLedger } from './naive-ledger.ts';

export interface Compared {
  /** Every so many addresses or transactions; all when left out. */
  readonly every?: number;
  /** These transactions or addresses in any case. */
  readonly named?: readonly string[];
  /** The slow ledger ends here, the real one may go on. */
  readonly txEnd?: number;
  /** Entries of a page of history. */
  readonly pageSize?: number;
}

/** The counters kept while loading, counted anew, and those of the slow ledger. */
export async function compareCounters(ledger: Ledger, naive: NaiveLedger): Promise<void> {
  const expected = naive.counters();
  assert.deepEqual(ledger.counters, expected);
  assert.deepEqual(countFlow(await ledger.openFlow()), expected);
}

/** Sums, counts, first and last sight, and the whole history of addresses, page by page. */
export async function compareAddresses(
  ledger: Ledger,
  naive: NaiveLedger,
  { every = 1, named = [], txEnd, pageSize = 3 }: Compared = {},
): Promise<void> {
  const flow = await ledger.openFlow();
  const addresses = [...naive.addresses].filter(
    (address, i) => i % every === 0 || named.includes(address),
  );
  const resolved = await resolveAddresses(ledger.engine, flow, addresses);
  const balances = naive.balances();
  const outputCounts = new Map<string | undefined, number>();
  for (const { outputs } of [...naive.byTxid.values()].flat()) {
    for (const { address } of outputs)
      outputCounts.set(address, (outputCounts.get(address) ?? 0) + 1);
  }
  for (const address of addresses) {
    const scripts = resolved.get(address)!;
    const entries = naive.history.get(address)!;
    const sum = (key: 'received' | 'sent'): bigint => entries.reduce((s, e) => s + e[key], 0n);
    const summary = await summariseScripts(ledger.engine, flow, scripts, txEnd);
    assert.deepEqual(
      {
        received: summary.receivedSats,
        sent: summary.sentSats,
        balance: summary.balanceSats,
        transactions: summary.transactions,
        outputs: summary.outputs,
        first: summary.firstSeen?.txid,
        last: summary.lastSeen?.txid,
      },
      {
        received: sum('received'),
        sent: sum('sent'),
        balance: balances.get(address) ?? 0n,
        transactions: entries.length,
        outputs: outputCounts.get(address),
        first: entries[0]!.txid,
        last: entries.at(-1)!.txid,
      },
      address,
    );
    const history = await readPages(ledger, scripts, pageSize, txEnd);
    assert.deepEqual(
      history.map(({ txid, receivedSats, sentSats }) => [txid, receivedSats, sentSats]),
      entries.map(({ txid, received, sent }) => [txid, received, sent]).reverse(),
      address,
    );
  }
}

/** Every row of every history, in one query: which transaction paid how much to and from which address. */
export async function compareHistoryRows(ledger: Ledger, naive: NaiveLedger): Promise<void> {
  const flow = await ledger.openFlow();
  const rows = await ledger.engine.query<{
    script: string;
    tx: string;
    direction: number;
    value: string;
  }>(
    `SELECT script_id AS script, tx_index AS tx, direction, value FROM history
     WHERE direction != ${HISTORY_DIRECTION.destroyed} ORDER BY tx_index`,
  );
  const entries = new Map<string, (NaiveEntry & { readonly tx: string })[]>();
  for (const { script, tx, direction, value } of rows) {
    const address = scriptToAddress(flow.scripts.read(Number(script)), ledger.network);
    if (address === undefined) continue;
    const list = entries.get(address) ?? [];
    if (list.at(-1)?.tx !== tx) {
      list.push({ txid: flow.txid(Number(tx)), tx, received: 0n, sent: 0n });
    }
    const entry = list.at(-1)!;
    if (direction === HISTORY_DIRECTION.received) entry.received += BigInt(value);
    else entry.sent += BigInt(value);
    entries.set(address, list);
  }
  const told = [...entries].map(([address, list]) => [
    address,
    list.map(({ txid, received, sent }) => ({ txid, received, sent })),
  ]);
  const byAddress = ([a]: readonly unknown[], [b]: readonly unknown[]): number =>
    String(a) < String(b) ? -1 : 1;
  assert.deepEqual(told.sort(byAddress), [...naive.history].sort(byAddress));
}

/** All pages of a history, one after the other. */
export async function readPages(
  ledger: Ledger,
  scripts: Parameters<typeof readHistory>[2],
  limit: number,
  txEnd?: number,
): Promise<HistoryEntry[]> {
  const flow = await ledger.openFlow();
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await readHistory(ledger.engine, flow, scripts, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
      ...(txEnd === undefined ? {} : { txEnd }),
    });
    entries.push(...page.entries);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return entries;
}

/** What `clew tx` says of transactions, and that their raw bytes are where it says. */
export async function compareTransactions(
  ledger: Ledger,
  naive: NaiveLedger,
  { every = 1, named = [], txEnd }: Compared = {},
): Promise<void> {
  const flow = await ledger.openFlow();
  const chosen = [...naive.byTxid].filter(([txid], i) => i % every === 0 || named.includes(txid));
  for (const [txid, all] of chosen) {
    const expected = all.at(-1)!;
    const facts = await readTransaction(
      ledger.engine,
      flow,
      txid,
      txEnd === undefined ? {} : { txEnd },
    );
    assert.deepEqual(
      {
        height: facts.height,
        position: facts.position,
        sameIdAtHeights: facts.sameIdAtHeights,
        spends: facts.inputs
          .filter(({ prevTxid }) => prevTxid !== undefined)
          .map(({ prevTxid, prevVout }) => `${prevTxid}:${prevVout}`),
        unknownInputs: facts.unknownInputs,
        feeSats: facts.feeSats,
        outputs: facts.outputs.map(({ valueSats, address, status, spentBy, scriptBytes }) => ({
          valueSats: BigInt(valueSats),
          address,
          status,
          spentBy: spentBy && { ...spentBy },
          scriptBytes,
        })),
      },
      {
        height: expected.height,
        position: expected.position,
        sameIdAtHeights: all.slice(0, -1).map(({ height }) => height),
        spends: expected.spends,
        unknownInputs: expected.unknownInputs,
        feeSats: expected.feeSats === undefined ? undefined : Number(expected.feeSats),
        outputs: expected.outputs.map(({ valueSats, address, script, spendable }, vout) => {
          const spentBy = naive.spenders.get(`${txid}:${vout}`);
          const unspent = spendable ? 'unspent' : 'unspendable';
          const status = spentBy === undefined ? unspent : 'spent';
          return { valueSats, address, status, spentBy, scriptBytes: script.length / 2 };
        }),
      },
      txid,
    );
    const raw = parseTransaction(readRawBytes(facts.raw));
    assert.equal(raw.tx.txid, txid);
  }
}

/**
 * The contents of all tables as one number each: equal tables have equal numbers. Row numbers count, so this is for
 * ledgers that were made of the same blocks in the same files.
 */
export async function tableDigests(ledger: Ledger): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const table of Object.keys(TABLES)) {
    const [row] = await ledger.engine.query<{ rows: string; digest: string }>(
      `SELECT count() AS rows, sum(sipHash64(*)) AS digest FROM ${table}`,
    );
    digests[table] = `${row!.rows} rows, ${row!.digest}`;
  }
  return digests;
}
