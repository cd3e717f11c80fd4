/** The Esplora client over time: what it keeps, where it goes on, what it drops, and how often it asks. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { getNetwork } from '../src/chain/network.ts';
import type { LedgerReader, ReadHistory } from '../src/ledger/read/ledger-reader.ts';
import { scenarioChain } from '../src/simulate/scenario-chain.ts';
import type { ScriptHex, Txid } from '../src/units/ids.ts';
import {
  BUSY_SCRIPT,
  busyChain,
  fails,
  nextBlock,
  openReader,
  REGTEST,
  startServer,
} from './support/esplora-client.ts';
import { SlowReader } from './support/slow-reader.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** The whole history of a script. */
async function historyOf(
  reader: Pick<LedgerReader, 'histories'>,
  script: ScriptHex,
): Promise<ReadHistory> {
  const [history] = await reader.histories([{ script, limit: 100_000 }]);
  return history!;
}

test('a page of a thousand transactions: requests, side by side, and none the second time', async (t) => {
  const chain = busyChain(52, 20);
  const server = await startServer(t, chain);
  const folder = temporaryFolder('esplora');
  const reader = await openReader(t, server, folder, { tipMaxAgeMs: 60_000 });
  const opened = reader.requests;
  const begin = performance.now();
  const [page] = await reader.histories([{ script: BUSY_SCRIPT, limit: 1000 }]);
  const milliseconds = performance.now() - begin;
  assert.equal(page!.entries.length, 1000);
  assert.equal(page!.hasMore, true);
  const asked = reader.requests - opened;
  // 41 pages (one row more tells that others follow), three for each of the 51 blocks, whose lists prove 20 each, and the count.
  assert.ok(asked <= 41 + 3 * 51 + 1, `${asked} requests`);
  assert.deepEqual(reader.proofs(), { checked: 1020, missing: 0 });
  t.diagnostic(`${asked} requests in ${Math.round(milliseconds)} ms for 1,000 transactions`);

  const slow = new SlowReader(REGTEST, chain);
  const [expected] = await slow.histories([{ script: BUSY_SCRIPT, limit: 1000 }]);
  assert.deepStrictEqual(page, expected);

  const before = reader.requests;
  assert.deepStrictEqual(await reader.histories([{ script: BUSY_SCRIPT, limit: 1000 }]), [
    expected,
  ]);
  assert.equal(reader.requests, before);

  const later = await openReader(t, server, folder);
  assert.deepStrictEqual(await later.histories([{ script: BUSY_SCRIPT, limit: 1000 }]), [expected]);
  assert.ok(later.requests <= 5, `${later.requests} requests`);
});

test('of transactions in blocks of their own each has its proof', async (t) => {
  const chain = busyChain(252, 1);
  const server = await startServer(t, chain);
  const reader = await openReader(t, server, temporaryFolder('esplora'), { tipMaxAgeMs: 60_000 });
  const opened = reader.requests;
  const [page] = await reader.histories([{ script: BUSY_SCRIPT, limit: 1000 }]);
  assert.equal(page!.entries.length, 251);
  const asked = reader.requests - opened;
  assert.ok(asked <= 11 + 251 + 1, `${asked} requests`);
  t.diagnostic(`${asked} requests for 251 transactions in as many blocks`);
});

test('the same question asked many times at once is sent once', async (t) => {
  const server = await startServer(t, busyChain(5, 3));
  const reader = await openReader(t, server, temporaryFolder('esplora'), { tipMaxAgeMs: 60_000 });
  const [history] = await reader.histories([{ script: BUSY_SCRIPT, limit: 100 }]);
  const txids = history!.entries.map(({ txid }) => txid);
  const fresh = await openReader(t, server, temporaryFolder('esplora'), { tipMaxAgeMs: 60_000 });
  const before = fresh.requests;
  await Promise.all(Array.from({ length: 20 }, () => fresh.transactions(txids)));
  // For each the transaction, its proof and its spenders; those that have unspent outputs are asked about.
  assert.ok(fresh.requests - before <= 3 * txids.length, `${fresh.requests - before} requests`);
});

test('new blocks are read from the new end alone', async (t) => {
  const chain = busyChain(12, 10);
  const server = await startServer(t, chain);
  const reader = await openReader(t, server, temporaryFolder('esplora'));
  assert.equal((await historyOf(reader, BUSY_SCRIPT)).entries.length, 110);
  for (let i = 0; i < 4; i += 1) chain.push(nextBlock(chain, 10));
  server.setChain(chain);
  server.asked.length = 0;
  const slow = new SlowReader(REGTEST, chain);
  assert.deepStrictEqual(await historyOf(reader, BUSY_SCRIPT), await historyOf(slow, BUSY_SCRIPT));
  const pages = server.asked.filter((path) => path.includes('txs/chain'));
  assert.equal(pages.length, 2, `40 new ones: ${pages}`);
});

test('a stop in the middle of a long history goes on where it was', async (t) => {
  const chain = busyChain(22, 10);
  const server = await startServer(t, chain);
  const folder = temporaryFolder('esplora');
  let pages = 0;
  server.tamper = (path, answer) => {
    if (!path.includes('txs/chain')) return answer;
    pages += 1;
    return pages > 5 ? { status: 500, body: 'out of order' } : answer;
  };
  const first = await openReader(t, server, folder);
  await fails(() => historyOf(first, BUSY_SCRIPT), 'CLEW_REMOTE_STATUS');
  await first.close();

  // Meanwhile the chain grows: a new part is on top, and the old one goes on below.
  for (let i = 0; i < 8; i += 1) chain.push(nextBlock(chain, 10));
  server.setChain(chain);
  pages = 4;
  const second = await openReader(t, server, folder);
  await fails(() => historyOf(second, BUSY_SCRIPT), 'CLEW_REMOTE_STATUS');
  await second.close();

  server.tamper = undefined;
  server.asked.length = 0;
  const third = await openReader(t, server, folder);
  const slow = new SlowReader(REGTEST, chain);
  assert.deepStrictEqual(await historyOf(third, BUSY_SCRIPT), await historyOf(slow, BUSY_SCRIPT));
  const asked = server.asked.filter((path) => path.includes('txs/chain')).length;
  // 290 in all are 12 pages; 5 and 1 were read. The new part's last page reaches into the old one.
  assert.ok(asked <= 7, `${asked} pages`);
});

test('a reorganisation drops what stood in blocks that left the chain', async (t) => {
  const { blocks, staleBlocks } = scenarioChain();
  const fork = staleBlocks[0]!.height;
  const stale = [...blocks.slice(0, fork), ...staleBlocks];
  const server = await startServer(t, stale);
  const folder = temporaryFolder('esplora');
  const reader = await openReader(t, server, folder);
  const before = new SlowReader(REGTEST, stale);
  const after = new SlowReader(REGTEST, blocks);
  // What the last blocks touch, and a few others.
  const near = (slow: SlowReader) => slow.entries.filter(({ block }) => block.height > fork - 5);
  const late = [...near(before), ...near(after)];
  const txids = [...new Set([...late.map(({ txid }) => txid), ...after.txids.slice(0, 20)])];
  const paid = late.flatMap(({ coins, inputs }) =>
    [...coins, ...inputs].map(({ script }) => script),
  );
  const scripts = [...new Set(paid.flatMap((script) => script ?? []))];
  const questions = scripts.map((script) => ({ script, limit: 1000 }));
  const hold = async (asked: LedgerReader, truth: SlowReader): Promise<void> => {
    assert.deepStrictEqual(await asked.histories(questions), await truth.histories(questions));
    const expected = await truth.transactions(txids);
    const found = await asked.transactions(txids);
    for (const [i, tx] of expected.entries()) {
      assert.deepStrictEqual(found[i], tx && { ...tx, sameIdAtHeights: [] });
    }
  };
  await hold(reader, before);
  server.setChain(blocks);
  await hold(reader, after);
  // And back, seen by a reader that was not there at the time.
  server.setChain(stale);
  await hold(await openReader(t, server, folder), before);
  // A chain that is shorter than before.
  const short = blocks.slice(0, 150);
  server.setChain(short);
  await hold(reader, new SlowReader(REGTEST, short));
});

test('damaged rows and a damaged file are asked for again', async (t) => {
  const chain = busyChain(12, 10);
  const server = await startServer(t, chain);
  const slow = new SlowReader(REGTEST, chain);
  const expected = await historyOf(slow, BUSY_SCRIPT);
  const txids = expected.entries.map(({ txid }) => txid);
  const folder = temporaryFolder('esplora');
  const fill = await openReader(t, server, folder);
  await historyOf(fill, BUSY_SCRIPT);
  await fill.close();
  const path = join(folder, 'cache.sqlite');
  const damages: Record<string, string> = {
    'bytes of transactions': `UPDATE transactions SET stripped =
       CAST(substr(stripped, 1, 40) || x'ff' || substr(stripped, 42) AS BLOB) WHERE position % 3 = 1`,
    'what stands beside them': `UPDATE transactions SET beside = replace(beside, '1', '2')`,
    'their places': 'UPDATE transactions SET position = position + 1 WHERE height = 7',
    'rows of a history': 'DELETE FROM history_rows WHERE height = 5',
    'other rows of a history': 'UPDATE history_rows SET height = height + 1 WHERE position = 2',
    'what it covers': `UPDATE histories SET state = replace(state, '"low":0', '"low":1')`,
    headers: 'UPDATE headers SET height = height + 3',
    spenders: 'UPDATE spends SET vin = vin + 1',
  };
  for (const [what, sql] of Object.entries(damages)) {
    const db = new DatabaseSync(path);
    assert.notEqual(db.prepare(sql).run().changes, 0, what);
    db.close();
    const reader = await openReader(t, server, folder);
    assert.deepStrictEqual(await historyOf(reader, BUSY_SCRIPT), expected, what);
    const found = await reader.transactions(txids);
    assert.deepStrictEqual(found, await slow.transactions(txids), what);
    await reader.close();
  }
  writeFileSync(path, Buffer.alloc(100_000, 'not a database'));
  const reader = await openReader(t, server, folder);
  assert.deepStrictEqual(await historyOf(reader, BUSY_SCRIPT), expected);
});

test('a cache of another network is not touched, and a server of another network is refused', async (t) => {
  const chain = busyChain(3, 2);
  const server = await startServer(t, chain);
  const folder = temporaryFolder('esplora');
  const reader = await openReader(t, server, folder);
  await historyOf(reader, BUSY_SCRIPT);
  const testnet = getNetwork('testnet3');
  await fails(() => openReader(t, server, folder, { network: testnet }), 'CLEW_DATA_FOREIGN');
  const other = temporaryFolder('esplora');
  const error = await fails(
    () => openReader(t, server, other, { network: testnet }),
    'CLEW_NETWORK_MISMATCH',
  );
  assert.equal(error.facts['network'], 'testnet3');
  assert.equal((await historyOf(reader, BUSY_SCRIPT)).entries.length, 4);
});

test('servers that lack questions: script hashes, proofs, lists of ids', async (t) => {
  const chain = busyChain(8, 10);
  const expected = await historyOf(new SlowReader(REGTEST, chain), BUSY_SCRIPT);
  const cases: [string[], { checked: number; missing: number }][] = [
    [['scripthash'], { checked: 70, missing: 0 }],
    [['merkleblock-proof'], { checked: 70, missing: 0 }],
    [['merkleblock-proof', 'merkle-proof'], { checked: 70, missing: 0 }],
    [['merkleblock-proof', 'header'], { checked: 70, missing: 0 }],
  ];
  for (const [lacking, proofs] of cases) {
    const server = await startServer(t, chain);
    for (const each of lacking) server.lacking.add(each);
    const reader = await openReader(t, server, temporaryFolder('esplora'));
    assert.deepStrictEqual(await historyOf(reader, BUSY_SCRIPT), expected, `${lacking}`);
    assert.deepEqual(reader.proofs(), proofs, `${lacking}`);
  }
  // None at all: the history is told, in an order that is the server's within a block, and said to be unproven.
  const server = await startServer(t, chain);
  for (const each of ['merkleblock-proof', 'merkle-proof', 'txids']) server.lacking.add(each);
  const reader = await openReader(t, server, temporaryFolder('esplora'));
  const found = await historyOf(reader, BUSY_SCRIPT);
  assert.deepEqual(
    found.entries.map(({ height }) => height),
    expected.entries.map(({ height }) => height),
  );
  const byId = (a: { txid: string }, b: { txid: string }): number => (a.txid < b.txid ? -1 : 1);
  assert.deepStrictEqual([...found.entries].sort(byId), [...expected.entries].sort(byId));
  const paged: ReadHistory['entries'][number][] = [];
  for (let after: Txid | undefined; paged.length < 70; after = paged.at(-1)!.txid) {
    const from = after === undefined ? {} : { after };
    const [page] = await reader.histories([{ script: BUSY_SCRIPT, limit: 3, ...from }]);
    paged.push(...page!.entries);
  }
  assert.deepStrictEqual(paged, found.entries);
  assert.deepEqual(reader.proofs(), { checked: 0, missing: 70 });
});

test('what is in no block yet is told apart, and never a fact', async (t) => {
  const chain = busyChain(6, 5);
  const next = nextBlock(chain, 3);
  const server = await startServer(t, chain);
  const reader = await openReader(t, server, temporaryFolder('esplora'));
  const folder = temporaryFolder('esplora');
  const small = await openReader(t, server, folder, { wholeMax: 3 });
  const slow = new SlowReader(REGTEST, chain);
  const expected = await slow.unspent([{ script: BUSY_SCRIPT, limit: 7 }]);
  assert.deepStrictEqual(await small.unspent([{ script: BUSY_SCRIPT, limit: 7 }]), expected);

  const bytes = transactionsOf(next.bytes, chain.at(-1)!.txids[0]!);
  server.setMempool([bytes]);
  const txid = next.txids[1] as Txid;
  const [waiting] = await reader.unconfirmed([BUSY_SCRIPT]);
  assert.deepEqual(
    waiting!.map((tx) => [tx.txid, tx.isConfirmed]),
    [[txid, false]],
  );
  assert.equal(waiting![0]!.outputs[0]!.script, BUSY_SCRIPT);

  assert.deepEqual(await reader.transactions([txid]), [undefined]);
  assert.equal((await historyOf(reader, BUSY_SCRIPT)).entries.length, 25);
  const coinbase = chain.at(-1)!.txids[0] as Txid;
  assert.deepEqual(await reader.spenders([{ txid: coinbase, vout: 0 }]), [undefined]);
  const [made] = await reader.transactions([coinbase]);
  assert.equal(made!.outputs[0]!.status, 'unspent');
  for (const each of [reader, small]) {
    assert.deepStrictEqual(await each.unspent([{ script: BUSY_SCRIPT, limit: 7 }]), expected);
    assert.deepStrictEqual(
      await each.unspent([{ script: '51' as ScriptHex, limit: 1 }]),
      await slow.unspent([{ script: '51' as ScriptHex, limit: 1 }]),
    );
  }
  // Once it is in a block it is a fact.
  server.setMempool([]);
  server.setChain([...chain, next]);
  assert.equal((await reader.transactions([txid]))[0]!.place.height, 7);
});

/** The first transaction after the coinbase: it spends the coin of the block before. */
function transactionsOf(block: Uint8Array, prevTxid: string): Uint8Array {
  const inside = Buffer.from(block);
  const prevout = Buffer.from(prevTxid, 'hex').reverse();
  const at = inside.indexOf(prevout) - 5;
  const one = inside.subarray(at);
  // Version, one input without script, two outputs, lock time: as `spend` writes it.
  const bytes = 4 + 1 + 41 + 1 + (8 + 1 + 22) + (8 + 1 + 1) + 4;
  return new Uint8Array(one.subarray(0, bytes));
}

test('sums and unspent outputs of a busy script come from the counts, of others from their history', async (t) => {
  const chain = busyChain(9, 9);
  const server = await startServer(t, chain);
  const slow = new SlowReader(REGTEST, chain);
  const [expected] = await slow.summaries([BUSY_SCRIPT]);
  const counted = await openReader(t, server, temporaryFolder('esplora'), { wholeMax: 10 });
  const { firstHeight: _, ...rest } = expected!;
  assert.deepStrictEqual(await counted.summaries([BUSY_SCRIPT]), [rest]);
  const [page] = await counted.unspent([{ script: BUSY_SCRIPT, limit: 5 }]);
  assert.deepStrictEqual([page], await slow.unspent([{ script: BUSY_SCRIPT, limit: 5 }]));
  const summed = await openReader(t, server, temporaryFolder('esplora'));
  assert.deepStrictEqual(await summed.summaries([BUSY_SCRIPT]), [expected]);
  // As of a past height there are no counts to ask for.
  const time = { heightMax: 5 };
  const then = await slow.summaries([BUSY_SCRIPT], time);
  assert.deepStrictEqual(await counted.summaries([BUSY_SCRIPT], time), then);
});

test('a history that is too long is not read without end', async (t) => {
  const server = await startServer(t, busyChain(12, 10));
  const reader = await openReader(t, server, temporaryFolder('esplora'), { transactionsMax: 50 });
  await fails(() => historyOf(reader, BUSY_SCRIPT), 'CLEW_REMOTE_BUDGET');
  // What was read is kept, so the next one comes further.
  await fails(() => historyOf(reader, BUSY_SCRIPT), 'CLEW_REMOTE_BUDGET');
  assert.equal((await historyOf(reader, BUSY_SCRIPT)).entries.length, 110);
});

test('a busy server is asked again, and a question can be given up', async (t) => {
  const server = await startServer(t, busyChain(4, 3));
  const reader = await openReader(t, server, temporaryFolder('esplora'));
  const busy = new Set<string>();
  server.tamper = (path, answer) => {
    if (busy.has(path)) return answer;
    busy.add(path);
    return { status: 429, body: '' };
  };
  assert.equal((await historyOf(reader, BUSY_SCRIPT)).entries.length, 9);
  const stop = new AbortController();
  server.tamper = (_, answer) => {
    stop.abort(new Error('enough'));
    return answer;
  };
  await assert.rejects(reader.summaries(['51' as ScriptHex], { signal: stop.signal }), /enough/);
});

test('servers behind one name, of which some are a block behind', async (t) => {
  const chain = busyChain(6, 5);
  const server = await startServer(t, chain);
  const folder = temporaryFolder('esplora');
  const reader = await openReader(t, server, folder);
  const expected = await historyOf(reader, BUSY_SCRIPT);
  const before = server.asked.length;
  server.setChain(chain.slice(0, -1));
  assert.deepStrictEqual(await historyOf(reader, BUSY_SCRIPT), expected);
  server.setChain(chain);
  assert.deepStrictEqual(await historyOf(reader, BUSY_SCRIPT), expected);
  assert.equal(server.asked.length - before, 2, 'the tip alone');
  // The block that it calls the last one it does not know yet.
  let refusals = 2;
  server.setChain([...chain, nextBlock(chain, 5)]);
  server.tamper = (path, answer) =>
    path.startsWith('block/') && refusals-- > 0 ? { status: 404, body: '' } : answer;
  assert.equal((await historyOf(reader, BUSY_SCRIPT)).entries.length, 30);
});

test('two servers share a folder, and each is believed for itself', async (t) => {
  const chain = busyChain(6, 5);
  const other = [...chain.slice(0, 4)];
  while (other.length < 7) other.push(nextBlock(other, 4, Uint8Array.of(1)));
  const folder = temporaryFolder('esplora');
  for (const blocks of [chain, other, chain]) {
    const server = await startServer(t, blocks);
    const reader = await openReader(t, server, folder);
    const slow = new SlowReader(REGTEST, blocks);
    assert.deepStrictEqual(
      await historyOf(reader, BUSY_SCRIPT),
      await historyOf(slow, BUSY_SCRIPT),
    );
    assert.deepStrictEqual(
      await reader.transactions(slow.txids),
      await slow.transactions(slow.txids),
    );
  }
});

test('a long history that nobody waits for any more is not read on', async (t) => {
  const server = await startServer(t, busyChain(40, 20));
  const reader = await openReader(t, server, temporaryFolder('esplora'));
  const stop = new AbortController();
  let pages = 0;
  server.tamper = (path, answer) => {
    if (path.includes('txs/chain')) pages += 1;
    if (pages === 2) stop.abort(new Error('enough'));
    return answer;
  };
  const question = { script: BUSY_SCRIPT, limit: 1000 };
  await assert.rejects(reader.histories([question], { signal: stop.signal }), /enough/);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(pages <= 5, `${pages} pages`);
});
