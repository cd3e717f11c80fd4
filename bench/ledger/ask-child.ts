/**
 * Opens a ledger in a process of its own and asks it what a sample says:
 * `ask-child.ts NETWORK_FOLDER NETWORK MEMORY_BYTES SAMPLE_FILE`. Prints one line of JSON, see `AskedLedger`.
 *
 * Times are taken first, answers held against the sample after, and nothing is printed when one is wrong.
 * With `-` as the sample file it opens, counts everything anew, and says how long opening took.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { getNetwork, type NetworkName } from '../../src/chain/network.ts';
import { runClustering } from '../../src/cluster/cluster-run.ts';
import { readHistory, summariseScripts } from '../../src/ledger/address-facts.ts';
import { countFlow } from '../../src/ledger/counters.ts';
import { type FlowIndex, SPENDER_MAX } from '../../src/ledger/flow-index.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { resolveAddress } from '../../src/ledger/script-lookup.ts';
import { getTransactionIndex, readTransaction } from '../../src/ledger/transaction-facts.ts';
import type { LedgerSample } from './sample.ts';

const FRONTIERS = [1, 100, 10_000] as const;
const PAGE_ROWS = 50;

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface AskedLedger {
  readonly openMs: number;
  readonly flowMs: number;
  readonly firstLookupMs: number;
  /** Milliseconds by question; `first` as each was asked the first time, `again` the second and third. */
  readonly first: Record<string, Quantiles>;
  readonly again: Record<string, Quantiles>;
  readonly peakBytes: number;
  /** Memory that clustering took at its peak, above what was in use before; only when asked for. */
  readonly cluster?: { readonly seconds: number; readonly bytes: number; readonly links: number };
}

const [folder, network, memoryText, sampleFile, what] = process.argv.slice(2) as [
  string,
  NetworkName,
  string,
  string,
  string | undefined,
];
const sample =
  sampleFile === '-' ? undefined : (JSON.parse(readFileSync(sampleFile, 'utf8')) as LedgerSample);

const since = (start: number): number => performance.now() - start;
const openStart = performance.now();
const ledger = await Ledger.open(folder, getNetwork(network), {
  memoryBytes: Number(memoryText),
});
const openMs = since(openStart);
const flowStart = performance.now();
const flow = await ledger.openFlow();
const flowMs = since(flowStart);

type Times = Record<string, number[]>;

async function take(times: Times, name: string, work: () => unknown): Promise<void> {
  const start = performance.now();
  await work();
  times[name] ??= [];
  times[name].push(since(start));
}

/** Transactions and heights that spend outputs, outputs of transactions: what following coins asks. */
function spendersOf(index: FlowIndex, outputs: readonly { readonly row: number }[]): number[] {
  return outputs.map(({ row }) => {
    const spender = index.outputSpender.at(row);
    if (spender >= SPENDER_MAX) return -1;
    if (index.txHeight(spender) < 0) throw new Error('a height below none');
    return spender;
  });
}

async function askAll(index: FlowIndex, of: LedgerSample, isFirst: boolean): Promise<Times> {
  const times: Times = {};
  const [half, checkedHalf] = [of.addresses.length >> 1, of.checked.length >> 1];
  // Other ones for each question: a summary would bring the pages that a page of history needs.
  for (const wanted of of.checked.slice(checkedHalf)) {
    await take(times, 'row of a transaction', () => getTransactionIndex(index, wanted.txid));
  }
  const scripts = of.addresses.map(({ address }) => resolveAddress(index, address));
  for (const script of scripts.slice(half)) {
    await take(times, 'address summary', () => summariseScripts(index, script));
  }
  for (const script of scripts.slice(0, half)) {
    await take(times, `address page of ${PAGE_ROWS}`, () =>
      readHistory(index, script, { limit: PAGE_ROWS }),
    );
  }
  for (const wanted of of.checked.slice(0, 100)) {
    await take(times, 'transaction, all facts', () => readTransaction(ledger, index, wanted.txid));
  }
  for (const size of FRONTIERS) {
    const rounds = isFirst ? 1 : Math.min(200, 20_000 / size);
    for (let round = 0; round < rounds; round += 1) {
      const from = size === 10_000 ? 0 : (round * size) % (10_000 - size);
      const outputs = of.outputs.slice(from, from + size);
      const wanted = of.transactions.slice(from, from + size);
      await take(times, `${size} outputs to their spenders`, () => spendersOf(index, outputs));
      await take(times, `${size} txids to rows`, () =>
        wanted.map(({ txid }) => getTransactionIndex(index, txid)),
      );
    }
  }
  return times;
}

/** Every answer that was timed, against the sample. */
async function checkAll(index: FlowIndex, of: LedgerSample): Promise<void> {
  for (const { txid, row } of of.transactions) assert.equal(getTransactionIndex(index, txid), row);
  assert.deepEqual(
    spendersOf(index, of.outputs),
    of.outputs.map(({ spender }) => spender),
  );
  for (const wanted of of.checked.slice(0, 100)) {
    const facts = await readTransaction(ledger, index, wanted.txid);
    assert.equal(facts.height, wanted.height);
    assert.equal(facts.outputs.length, wanted.outputs);
    assert.equal(facts.inputs.length, wanted.inputs);
    const sats = facts.outputs.reduce((sum, { valueSats }) => sum + BigInt(valueSats), 0n);
    assert.equal(String(sats), wanted.outSats);
  }
  for (const wanted of of.addresses) {
    const scripts = resolveAddress(index, wanted.address);
    const summary = summariseScripts(index, scripts);
    const history = readHistory(index, scripts, { limit: PAGE_ROWS });
    // A bare key and its hash are one address; the sample has one script of it.
    if (scripts.length > 1) continue;
    assert.equal(String(summary.receivedSats), wanted.receivedSats, wanted.address);
    assert.equal(summary.outputs, wanted.outputs);
    assert.equal(summary.spentOutputs, wanted.spentOutputs);
    assert.equal(history.entries.length, Math.min(PAGE_ROWS, summary.transactions));
  }
}

function quantiles(times: Times): Record<string, Quantiles> {
  return Object.fromEntries(
    Object.entries(times).map(([name, values]) => {
      const sorted = values.toSorted((a, b) => a - b);
      const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
      return [name, { p50: at(0.5), p99: at(0.99) }];
    }),
  );
}

let asked: Pick<AskedLedger, 'firstLookupMs' | 'first' | 'again'> = {
  firstLookupMs: 0,
  first: {},
  again: {},
};
if (sample !== undefined) {
  const lookupStart = performance.now();
  getTransactionIndex(flow, sample.transactions.at(-1)!.txid);
  const firstLookupMs = since(lookupStart);
  const first = await askAll(flow, sample, true);
  const again: Times = {};
  for (let round = 0; round < 2; round += 1) {
    for (const [name, values] of Object.entries(await askAll(flow, sample, false))) {
      again[name] = [...(again[name] ?? []), ...values];
    }
  }
  await checkAll(flow, sample);
  asked = { firstLookupMs, first: quantiles(first), again: quantiles(again) };
} else {
  assert.deepEqual(ledger.counters, countFlow(flow), 'counters after a kill');
}
const peakBytes = process.resourceUsage().maxRSS * 1024;
let cluster: AskedLedger['cluster'];
if (what === 'cluster') {
  // Pages of columns are counted out: they are there before, as far as they have room.
  countFlow(flow);
  const before = Math.max(process.resourceUsage().maxRSS * 1024, process.memoryUsage.rss());
  const start = performance.now();
  const run = runClustering(flow);
  const seconds = since(start) / 1000;
  assert.equal(run.addressCount, ledger.counters.addresses);
  const bytes = process.resourceUsage().maxRSS * 1024 - before;
  cluster = { seconds, bytes, links: run.links.txIndex.length };
}
await ledger.close();
const answer: AskedLedger = {
  openMs,
  flowMs,
  ...asked,
  peakBytes,
  ...(cluster === undefined ? {} : { cluster }),
};
process.stdout.write(`${JSON.stringify({ ...answer, transactions: ledger.rows.transactions })}\n`);
