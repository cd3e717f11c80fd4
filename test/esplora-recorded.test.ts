/** The Esplora client over recorded traffic: two pages of a busy address, and single transactions of the memory pool. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bytesToHex } from '../src/bytes/hex.ts';
import { addressToScript } from '../src/chain/address.ts';
import type { EsploraTransaction } from '../src/chain/esplora-transaction.ts';
import { INPUT_KIND } from '../src/chain/input-kind.ts';
import { getNetwork } from '../src/chain/network.ts';
import type { ScriptHex } from '../src/units/ids.ts';
import { fails, openReader } from './support/esplora-client.ts';
import { type OddServer, oddServer } from './support/odd-server.ts';
import { sharedJson } from './support/shared-data.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const MAIN = getNetwork('main');

/** Block 1, which stands in for the tip: a header with real work, said to be high enough. */
const TIP = {
  id: '00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048',
  height: 900_000,
  version: 1,
  timestamp: 1_231_469_665,
  tx_count: 1,
  size: 215,
  weight: 860,
  merkle_root: '0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098',
  previousblockhash: MAIN.genesisHash,
  nonce: 2_573_394_689,
  bits: 486_604_799,
};

interface Recorded {
  readonly address: string;
  readonly pages: readonly (readonly EsploraTransaction[])[];
}

/** The recording: each request is a URL and options as JSON, each answer JSON as text. */
function recordedPages(t: TestContext): Recorded | undefined {
  const recording = sharedJson<Record<string, string>>(t, 'esplora/recorded-pagination.json');
  if (recording === undefined) return undefined;
  const [first, second] = Object.entries(recording).map(([request, answer]) => ({
    url: (JSON.parse(request) as { url: string }).url,
    page: JSON.parse(answer) as EsploraTransaction[],
  }));
  // The second request goes on after the last transaction of the first answer.
  assert.equal(second!.url.split('/').at(-1), first!.page.at(-1)!.txid);
  return { address: first!.url.split('/')[4]!, pages: [first!.page, second!.page] };
}

/** A server that knows these pages and nothing before and after; asked by address, as it was recorded. */
function replay(
  t: TestContext,
  { address, pages }: Recorded,
  singles: readonly EsploraTransaction[] = [],
): Promise<OddServer> {
  const all = pages.flat();
  return oddServer(t, ({ url = '' }, answer) => {
    const path = url.replace(/^\/api\//, '');
    const answers: Record<string, unknown> = {
      'block-height/0': MAIN.genesisHash,
      'blocks/tip/hash': TIP.id,
      [`block/${TIP.id}`]: TIP,
      [`address/${address}`]: {
        chain_stats: {
          tx_count: all.length,
          funded_txo_count: 0,
          funded_txo_sum: 0,
          spent_txo_count: 0,
          spent_txo_sum: 0,
        },
        mempool_stats: {
          tx_count: 0,
          funded_txo_count: 0,
          funded_txo_sum: 0,
          spent_txo_count: 0,
          spent_txo_sum: 0,
        },
      },
      [`address/${address}/txs/chain`]: pages[0],
    };
    for (const [i, page] of pages.entries()) {
      answers[`address/${address}/txs/chain/${page.at(-1)!.txid}`] = pages[i + 1] ?? [];
    }
    for (const tx of singles) answers[`tx/${tx.txid}`] = tx;
    const found = answers[path];
    answer.statusCode = found === undefined ? 404 : 200;
    answer.end(typeof found === 'string' ? found : JSON.stringify(found ?? ''));
  });
}

const at = (server: OddServer): { url: URL } => ({ url: new URL('api', server.url) });

test('two recorded pages: no transaction twice, none left out, in order, with its sums', async (t) => {
  const recorded = recordedPages(t);
  if (recorded === undefined) return;
  const server = await replay(t, recorded);
  const folder = temporaryFolder('esplora-recorded');
  const reader = await openReader(t, at(server), folder, { network: MAIN });
  const script = bytesToHex(addressToScript(recorded.address, MAIN)) as ScriptHex;
  const all = recorded.pages.flat();
  const [history] = await reader.histories([{ script, limit: 1000 }]);
  const { entries, hasMore } = history!;
  assert.equal(hasMore, false);
  assert.equal(entries.length, 50);
  assert.deepEqual(new Set(entries.map(({ txid }) => txid)), new Set(all.map(({ txid }) => txid)));
  const heights = entries.map(({ height }) => height);
  assert.deepEqual(
    heights,
    all.map(({ status }) => status.block_height),
  );
  assert.deepEqual([heights[0], heights.at(-1)], [899_815, 621_417]);
  for (const { txid, receivedSats, sentSats, timeSeconds } of entries) {
    const tx = all.find((each) => each.txid === txid)!;
    const sum = (outputs: readonly ({ scriptpubkey: string; value: number } | null)[]): bigint =>
      outputs.reduce((to, o) => to + (o?.scriptpubkey === script ? BigInt(o.value) : 0n), 0n);
    assert.equal(receivedSats, sum(tx.vout));
    assert.equal(sentSats, sum(tx.vin.map(({ prevout }) => prevout)));
    assert.equal(timeSeconds, tx.status.block_time);
  }
  // The recording has no proofs, and that is told.
  assert.deepEqual(reader.proofs(), { checked: 0, missing: 50 });

  // A page at a time, from what is kept.
  const before = reader.requests;
  const small = await reader.histories([
    { script, limit: 20, after: entries[9]!.txid },
    { script, limit: 20, after: entries[40]!.txid },
  ]);
  assert.deepStrictEqual(small, [
    { entries: entries.slice(10, 30), hasMore: true },
    { entries: entries.slice(41), hasMore: false },
  ]);
  assert.equal(reader.requests - before, 1);
});

/** One to be changed. */
interface LooseTransaction {
  locktime: number;
  readonly vin: { sequence: number; witness?: string[]; prevout: { scriptpubkey: string } }[];
  readonly vout: { value: number }[];
}

test('a recorded page of which anything is changed is refused', async (t) => {
  const recorded = recordedPages(t);
  if (recorded === undefined) return;
  const script = bytesToHex(addressToScript(recorded.address, MAIN)) as ScriptHex;
  const changes: ((page: LooseTransaction[]) => void)[] = [
    (page) => page[3]!.vout[0]!.value++,
    (page) => page[3]!.vout.reverse(),
    (page) => Object.assign(page[24]!.vin[0]!, { sequence: 5 }),
    (page) => page[0]!.locktime++,
    (page) => page[1]!.vin[0]!.witness!.push('00'),
    // Another key: it does not open the output that is spent.
    (page) => page[1]!.vin[0]!.witness!.splice(1, 1, `02${'11'.repeat(32)}`),
    (page) => page[2]!.vin[0]!.witness!.splice(1, 1, `02${'11'.repeat(32)}`),
    // Other outputs said to be spent: a P2PKH, a P2SH and a P2WPKH one of somebody else.
    ...[0, 1, 2].map((tx) => (page: LooseTransaction[]) => {
      const { prevout } = page[tx]!.vin[0]!;
      prevout.scriptpubkey = prevout.scriptpubkey.replace(/.{8}(.{0,4})$/, '01234567$1');
    }),
    (page) => page.splice(5, 1),
    (page) => page.reverse(),
  ];
  for (const change of changes) {
    const pages = structuredClone(recorded.pages) as unknown as LooseTransaction[][];
    change(pages[1]!);
    const changed = { ...recorded, pages: pages as unknown as Recorded['pages'] };
    const server = await replay(t, changed);
    // The count stays that of the whole recording.
    const reader = await openReader(t, at(server), temporaryFolder('esplora-recorded'), {
      network: MAIN,
    });
    if (pages[1]!.length === 25) {
      await fails(() => reader.histories([{ script, limit: 50 }]), 'CLEW_REMOTE_LIE', `${change}`);
    } else {
      const [history] = await reader.histories([{ script, limit: 50 }]);
      assert.equal(history!.entries.length, 49, 'a server with less, and a count to match');
    }
  }
});

test('recorded single transactions: confirmed ones are facts, others are not there', async (t) => {
  const recorded = recordedPages(t);
  if (recorded === undefined) return;
  const files = ['random', 'rbfs', 'replaced'].map((name) => `mempool-transactions-${name}`);
  const singles: EsploraTransaction[] = [];
  for (const file of [...files, 'mempool-non-standard-txs']) {
    singles.push(...(sharedJson<EsploraTransaction[]>(t, `esplora/${file}.json`) ?? []));
  }
  const server = await replay(t, recorded, singles);
  const reader = await openReader(t, at(server), temporaryFolder('esplora-recorded'), {
    network: MAIN,
  });
  const confirmed = singles.filter(({ status }) => status.confirmed);
  const waiting = singles.filter(({ status }) => !status.confirmed);
  assert.deepEqual([confirmed.length, waiting.length], [3, 6]);
  assert.deepEqual(
    await reader.transactions(waiting.map(({ txid }) => txid)),
    waiting.map(() => undefined),
  );
  // Spenders were not recorded: without them a transaction can not be told.
  await fails(() => reader.transactions([confirmed[0]!.txid]), 'CLEW_REMOTE_LIE');
  for (const { txid, size, weight } of confirmed) {
    const kept = reader.kept(txid);
    if (kept !== undefined) assert.equal(kept.strippedBytes.length, (weight - size) / 3);
  }
  assert.notEqual(reader.kept(confirmed[0]!.txid), undefined);
});

test('a spend with a taproot annex is told by its kind, and its data by nothing', async (t) => {
  const recorded = recordedPages(t);
  const [odd] = sharedJson<EsploraTransaction[]>(t, 'esplora/mempool-non-standard-txs.json') ?? [];
  if (recorded === undefined || odd === undefined) return;
  const { checkTransaction } = await import('../src/ledger/read/esplora-transaction.ts');
  const { AnswerReader } = await import('../src/ledger/read/esplora-answers.ts');
  const tx = checkTransaction(new AnswerReader('x').transaction(odd), odd.txid, MAIN, 'x');
  assert.equal(tx.inputs[0]!.kind, INPUT_KIND.p2trKey);
  assert.equal(tx.inputs[0]!.witnessItems, 2);
  assert.equal(tx.outputs[0]!.script, undefined);
  assert.equal(tx.outputs[0]!.scriptBytes, odd.vout[0]!.scriptpubkey.length / 2);
});
