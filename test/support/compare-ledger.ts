/** Holds a ledger against the slow one: counters, addresses with their histories, transactions, raw bytes. */
import assert from 'node:assert/strict';
import { bytesToHex } from '../../src/bytes/hex.ts';
import { scriptToAddress } from '../../src/chain/address.ts';
import { parseBlock, parseTransaction } from '../../src/chain/transaction.ts';
import {
  type HistoryEntry,
  readHistory,
  summariseScripts,
} from '../../src/ledger/address-facts.ts';
import { countFlow } from '../../src/ledger/counters.ts';
import { SPENDER_MAX } from '../../src/ledger/flow-index.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { NO_ROW_SQL, TABLES } from '../../src/ledger/schema.ts';
import { EventWalk } from '../../src/ledger/script-events.hot.ts';
import { resolveAddresses } from '../../src/ledger/script-lookup.ts';
import { readTransaction } from '../../src/ledger/transaction-facts.ts';
import type { BlockSource, SourceBlock } from '../../src/source/block-source.ts';
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
  const resolved = resolveAddresses(flow, addresses);
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
    const summary = summariseScripts(flow, scripts, txEnd);
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

/** Every event of every script, from the lists of the flow index: which transaction paid how much to and from which address. */
export async function compareHistoryRows(ledger: Ledger, naive: NaiveLedger): Promise<void> {
  const flow = await ledger.openFlow();
  const walk = new EventWalk(flow);
  const events: { address: string; tx: number; received: bigint; sent: bigint }[] = [];
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const address = scriptToAddress(flow.scripts.read(script), ledger.network);
    if (address === undefined) continue;
    walk.toNewest(script);
    while (walk.next()) {
      const value = BigInt(walk.valueSats);
      const [received, sent] = walk.isInput ? [0n, value] : [value, 0n];
      events.push({ address, tx: walk.tx, received, sent });
    }
  }
  events.sort((a, b) => a.tx - b.tx);
  const entries = new Map<string, (NaiveEntry & { readonly tx: number })[]>();
  for (const { address, tx, received, sent } of events) {
    const list = entries.get(address) ?? [];
    if (list.at(-1)?.tx !== tx) list.push({ txid: flow.txid(tx), tx, received: 0n, sent: 0n });
    const entry = list.at(-1)!;
    entry.received += received;
    entry.sent += sent;
    entries.set(address, list);
  }
  assert.equal(entries.size, naive.history.size);
  for (const [address, expected] of naive.history) {
    const found = entries.get(address) ?? [];
    const isSame =
      found.length === expected.length &&
      expected.every(
        ({ txid, received, sent }, i) =>
          found[i]!.txid === txid && found[i]!.received === received && found[i]!.sent === sent,
      );
    if (!isSame) assert.deepEqual(found, expected, address);
  }
}

/** All pages of a history, one after the other. */
export async function readPages(
  ledger: Ledger,
  scripts: Parameters<typeof readHistory>[1],
  limit: number,
  txEnd?: number,
): Promise<HistoryEntry[]> {
  const flow = await ledger.openFlow();
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = readHistory(flow, scripts, {
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
    const facts = await readTransaction(ledger, flow, txid, txEnd === undefined ? {} : { txEnd });
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

/** The rows that parsed blocks make, in chain order. */
function rowsOf(source: BlockSource) {
  const blocks = [];
  const transactions = [];
  const outputs = [];
  const inputs = [];
  const spends = [];
  const txids: string[] = [];
  const outputRows = new Map<string, { readonly row: number }>();
  for (const { height, hash, prevHash, ...place } of source.blocks.map(plain)) {
    const { header, transactions: txs, size } = parseBlock(source.readBlock(place), source.network);
    const coinbase = bytesToHex(txs[0]!.inputs[0]!.scriptSig);
    const { version, merkleRoot, time, bits, nonce } = header;
    const root = merkleRoot;
    const first_tx = transactions.length;
    const tx_count = txs.length;
    blocks.push({
      height,
      hash,
      prev: prevHash,
      root,
      version,
      time,
      bits,
      nonce,
      first_tx,
      tx_count,
      size,
      coinbase,
    });
    for (const tx of txs) {
      const tx_index = transactions.length;
      for (const input of tx.inputs) {
        const prevout = tx.isCoinbase
          ? undefined
          : outputRows.get(`${input.prevTxid}:${input.vout}`);
        inputs.push({
          tx_index,
          prev: prevout?.row ?? null,
          sequence: input.sequence,
          witness: tx.isCoinbase ? 0 : input.witness.length,
        });
        if (prevout === undefined) continue;
        spends.push({ output: prevout.row, tx_index });
      }
      for (const [vout, { valueSats, kind, script }] of tx.outputs.entries()) {
        outputRows.set(`${tx.txid}:${vout}`, { row: outputs.length });
        outputs.push({ tx_index, value: valueSats, kind, bytes: script.length });
      }
      txids.push(tx.txid);
      transactions.push({
        version: tx.version,
        locktime: tx.locktime,
        inputs: tx.inputs.length,
        outputs: tx.outputs.length,
        size: tx.size,
        stripped: tx.strippedSize,
      });
    }
  }
  spends.sort((a, b) => a.output - b.output);
  return { blocks, transactions, outputs, inputs, spends, txids };
}

/** Every row of blocks, transactions, outputs, inputs and spends against the parsed blocks. */
export async function compareTables(ledger: Ledger, source: BlockSource): Promise<void> {
  const { blocks, transactions, outputs, inputs, spends, txids } = rowsOf(source);
  const read = (sql: string) => ledger.engine.query<Record<string, unknown>>(sql);
  assert.deepEqual(
    await read(
      `SELECT height, ${display('hash')} AS hash, ${display('prev_hash')} AS prev, ${display('merkle_root')} AS root,
         version, time, bits, nonce, ${number('first_tx')} AS first_tx, tx_count, size_bytes AS size,
         lower(hex(coinbase_script)) AS coinbase FROM blocks ORDER BY block_index`,
    ),
    blocks,
  );
  assert.deepEqual(
    await read(
      `SELECT version, locktime, input_count AS inputs, output_count AS outputs,
         size_bytes AS size, stripped_bytes AS stripped FROM transactions ORDER BY tx_index`,
    ),
    transactions,
  );
  assert.deepEqual(
    await read(
      `SELECT ${number('tx_index')} AS tx_index, ${number('value')} AS value, kind, script_bytes AS bytes
       FROM outputs ORDER BY output_index`,
    ),
    outputs,
  );
  assert.deepEqual(
    await read(
      `SELECT ${number('tx_index')} AS tx_index, if(prev_output = ${NO_ROW_SQL}, NULL, ${number('prev_output')}) AS prev,
         sequence, witness_items AS witness FROM inputs ORDER BY input_index`,
    ),
    inputs,
  );
  const flow = await ledger.openFlow();
  assert.deepEqual(
    txids,
    txids.map((_, tx) => flow.txid(tx)),
  );
  const found = outputs.flatMap((_, output) => {
    const tx_index = flow.outputSpender.at(output);
    return tx_index < SPENDER_MAX ? [{ output, tx_index }] : [];
  });
  assert.deepEqual(found, spends);
}

/** A 64-bit column as a plain number: all here are below 2^53. */
const number = (column: string): string => `toFloat64(${column})`;
const display = (column: string): string => `lower(hex(reverse(${column})))`;

/** The values of a block's getters. */
function plain({ height, hash, prevHash, file, offsetBytes, lengthBytes }: SourceBlock) {
  return { height, hash, prevHash, file, offsetBytes, lengthBytes };
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
