/** The Esplora API of `clew serve` over the scenario chain, every endpoint against a slow second way. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { writeScenarioChain } from '../src/simulate/scenario-chain.ts';
import { type NaiveEsplora, type NaiveTx, scriptHashOf } from './support/naive-esplora.ts';
import { type ServedLedger, serveLedger } from './support/served-ledger.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('esplora');
let served: ServedLedger;
let naive: NaiveEsplora;

before(async () => {
  writeScenarioChain(join(folder, 'blocks'));
  served = await serveLedger(join(folder, 'blocks'), folder);
  naive = served.naive;
});

after(() => served?.close());

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly headers: Headers;
}

async function ask(path: string, init: RequestInit = {}): Promise<Reply> {
  const reply = await fetch(`${served.base}/${path}`, init);
  const body = Buffer.from(await reply.arrayBuffer());
  const { status, headers } = reply;
  return { status, type: headers.get('content-type') ?? '', body, headers };
}

async function askValue(path: string): Promise<unknown> {
  const { status, type, body } = await ask(path);
  assert.equal(status, 200, `${path}: ${body.toString().slice(0, 200)}`);
  assert.equal(type, 'application/json', path);
  return JSON.parse(body.toString());
}

async function askText(path: string): Promise<string> {
  const { status, type, body } = await ask(path);
  assert.equal(status, 200, `${path}: ${body.toString().slice(0, 200)}`);
  assert.match(type, /^text\/plain/, path);
  return body.toString();
}

async function refused(path: string, status: number, words: RegExp): Promise<void> {
  const reply = await ask(path);
  assert.equal(reply.status, status, `${path}: ${reply.body}`);
  assert.match(reply.type, /^text\/plain/, path);
  assert.match(reply.body.toString(), words, path);
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('transactions: value, bytes, hex, status, proofs, who spent them', async () => {
  const random = seededRandom('esplora-txs');
  const txs = random.shuffle([...naive.byTxid.values()]);
  for (const one of txs.slice(0, 60)) {
    const path = `tx/${one.tx.txid}`;
    assert.deepEqual(await askValue(path), plain(naive.transaction(one)));
    assert.equal(await askText(`${path}/hex`), one.bytes.toString('hex'));
    const raw = await ask(`${path}/raw`);
    assert.equal(raw.type, 'application/octet-stream');
    assert.deepEqual(raw.body, one.bytes);
    assert.deepEqual(await askValue(`${path}/status`), naive.status(one));
    assert.deepEqual(await askValue(`${path}/outspends`), naive.outspends(one));
    const vout = random.int(0, one.tx.outputs.length - 1);
    assert.deepEqual(await askValue(`${path}/outspend/${vout}`), naive.outspends(one)[vout]);
    assert.deepEqual(await askValue(`${path}/merkle-proof`), naive.merkleProof(one));
    const proof = await askText(`${path}/merkleblock-proof`);
    assert.ok(proof.startsWith(one.block.bytes.subarray(0, 80).toString('hex')));
    assert.equal(Buffer.from(proof, 'hex').readUInt32LE(80), one.block.txs.length);
    assert.ok(proof.includes(Buffer.from(one.tx.txid, 'hex').reverse().toString('hex')));
  }
});

test('blocks: value, header, status, ids, pages of transactions, bytes', async () => {
  const random = seededRandom('esplora-blocks');
  const tip = naive.blocks.at(-1)!;
  const some = [naive.blocks[0]!, tip, ...random.shuffle([...naive.blocks]).slice(0, 12)];
  for (const block of some) {
    const path = `block/${block.hash}`;
    const { difficulty, ...value } = (await askValue(path)) as Record<string, unknown>;
    assert.deepEqual(value, naive.block(block));
    // The easiest target of regtest, as Bitcoin Core gives it.
    assert.equal(Number(difficulty).toPrecision(16), '4.656542373906925e-10');
    assert.equal(await askText(`${path}/header`), block.bytes.subarray(0, 80).toString('hex'));
    const next = naive.blocks[block.height + 1]?.hash ?? null;
    assert.deepEqual(await askValue(`${path}/status`), {
      in_best_chain: true,
      height: block.height,
      next_best: next,
    });
    const txids = block.txs.map(({ tx }) => tx.txid);
    assert.deepEqual(await askValue(`${path}/txids`), txids);
    const index = random.int(0, txids.length - 1);
    assert.equal(await askText(`${path}/txid/${index}`), txids[index]);
    const raw = await ask(`${path}/raw`);
    assert.deepEqual(raw.body, block.bytes);
    assert.equal(await askText(`block-height/${block.height}`), block.hash);
    const expected = block.txs.map((one) => plain(naive.transaction(one)));
    assert.deepEqual(await askValue(`${path}/txs`), expected.slice(0, 25));
    for (let start = 0; start < expected.length; start += 25) {
      const page = await askValue(`${path}/txs/${start}`);
      assert.deepEqual(page, expected.slice(start, start + 25));
    }
    await refused(`${path}/txs/7`, 400, /start index must be a multiple of 25/);
    const beyond = 25 * Math.ceil(txids.length / 25);
    await refused(`${path}/txs/${beyond}`, 404, /start index out of range/);
    await refused(`${path}/txid/${txids.length}`, 404, /tx index out of range/);
  }
});

test('the tip, and ten blocks down from it or from a height', async () => {
  const tip = naive.blocks.at(-1)!;
  assert.equal(await askText('blocks/tip/height'), String(tip.height));
  assert.equal(await askText('blocks/tip/hash'), tip.hash);
  const ids = async (path: string): Promise<unknown> =>
    ((await askValue(path)) as { id: string }[]).map(({ id }) => id);
  const down = (height: number): string[] =>
    naive.blocks
      .filter((block) => block.height <= height && block.height > height - 10)
      .map(({ hash }) => hash)
      .reverse();
  assert.deepEqual(await ids('blocks'), down(tip.height));
  assert.deepEqual(await ids('blocks/'), down(tip.height));
  for (const height of [0, 3, 9, 10, 57, tip.height]) {
    assert.deepEqual(await ids(`blocks/${height}`), down(height));
  }
  await refused(`blocks/${tip.height + 1}`, 404, /Block not found/);
  await refused(`block-height/${tip.height + 1}`, 404, /Block not found/);
});

/** All pages, by the id that each ends with. */
async function allPages(path: string): Promise<unknown[]> {
  const all: unknown[] = [];
  let page = (await askValue(`${path}/txs`)) as { txid: string }[];
  assert.deepEqual(await askValue(`${path}/txs/chain`), page);
  for (;;) {
    all.push(...page);
    assert.ok(page.length <= 25);
    if (page.length < 25) return all;
    const last = page.at(-1)!.txid;
    page = (await askValue(`${path}/txs/chain/${last}`)) as { txid: string }[];
    assert.deepEqual(await askValue(`${path}/txs?after_txid=${last}`), page);
  }
}

test('scripts and addresses: sums, histories, unspent outputs', async () => {
  const random = seededRandom('esplora-scripts');
  const byLength = [...naive.scripts.keys()].sort(
    (a, b) => naive.history(b).length - naive.history(a).length,
  );
  const some = [...byLength.slice(0, 12), ...random.shuffle(byLength).slice(0, 40)];
  const zero = {
    funded_txo_count: 0,
    funded_txo_sum: 0,
    spent_txo_count: 0,
    spent_txo_sum: 0,
    tx_count: 0,
  };
  for (const script of some) {
    const names: [string, string][] = [['scripthash', scriptHashOf(script)]];
    const address = naive.addressOf(script);
    if (address !== undefined) names.push(['address', address]);
    for (const [kind, name] of names) {
      const path = `${kind}/${name}`;
      assert.deepEqual(await askValue(path), {
        [kind]: name,
        chain_stats: naive.chainStats(script),
        mempool_stats: zero,
      });
      assert.deepEqual(await askValue(`${path}/utxo`), naive.unspent(script));
      assert.deepEqual(await askValue(`${path}/txs/mempool`), []);
      const expected = naive.history(script).map((one) => plain(naive.transaction(one)));
      assert.deepEqual(await allPages(path), expected, path);
    }
  }
});

test('a script that never appears has sums of zero and no history', async () => {
  const never = `00${'17'.repeat(31)}`;
  for (const path of [
    `scripthash/${never}`,
    'address/bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
  ]) {
    const { chain_stats } = (await askValue(path)) as { chain_stats: { tx_count: number } };
    assert.equal(chain_stats.tx_count, 0);
    assert.deepEqual(await askValue(`${path}/txs`), []);
    assert.deepEqual(await askValue(`${path}/utxo`), []);
    await refused(`${path}/txs/chain/${'ab'.repeat(32)}`, 400, /last_seen_txid/);
  }
});

test('addresses by their beginning', async () => {
  const all = [...naive.scripts.keys()].flatMap((script) => naive.addressOf(script) ?? []).sort();
  const random = seededRandom('esplora-prefix');
  for (let round = 0; round < 60; round += 1) {
    const address = all[random.int(0, all.length - 1)]!;
    const prefix = address.slice(0, random.int(1, address.length));
    const expected = all.filter((each) => each.startsWith(prefix));
    const found = (await askValue(`address-prefix/${prefix}`)) as string[];
    if (expected.length <= 10) assert.deepEqual(found, expected);
    else assert.equal(found.filter((each) => expected.includes(each)).length, 10);
  }
  for (const none of [
    '0',
    'zzzz',
    'bc1q',
    '%20',
    '..%2f',
    'bcrt1b',
    'x'.repeat(99),
    'x'.repeat(9_000),
  ]) {
    assert.deepEqual(await askValue(`address-prefix/${none}`), []);
  }
  const bech32 = all.find((address) => address.startsWith('bcrt1q'))!;
  assert.deepEqual(await askValue(`address-prefix/${bech32.toUpperCase()}`), [bech32]);
});

test('nothing is unconfirmed, and no fee is estimated', async () => {
  const empty = { count: 0, vsize: 0, total_fee: 0, fee_histogram: [] };
  assert.deepEqual(await askValue('mempool'), empty);
  assert.deepEqual(await askValue('mempool/txids'), []);
  assert.deepEqual(await askValue('mempool/recent'), []);
  assert.deepEqual(await askValue('fee-estimates'), {});
});

test('what is not there, and what is malformed', async () => {
  const no = '12'.repeat(32);
  const [{ tx }] = [...naive.byTxid.values()] as [NaiveTx];
  for (const path of [
    '',
    '/hex',
    '/raw',
    '/outspends',
    '/outspend/0',
    '/merkle-proof',
    '/merkleblock-proof',
  ]) {
    await refused(`tx/${no}${path}`, 404, /Transaction not found/);
    await refused(`tx/xyz${path}`, 400, /Invalid hash string/);
  }
  assert.deepEqual(await askValue(`tx/${no}/status`), { confirmed: false });
  await refused(`tx/${tx.txid}/outspend/99`, 404, /Output not found/);
  for (const vout of ['-1', '1.5', '1e3', 'x', '0x1', '99999999999', '%30', ' 1']) {
    await refused(`tx/${tx.txid}/outspend/${vout}`, 400, /Invalid number/);
  }
  for (const path of ['', '/header', '/txids', '/txid/0', '/txs', '/raw']) {
    await refused(`block/${no}${path}`, 404, /Block not found/);
    await refused(`block/${no.slice(1)}${path}`, 400, /Invalid hash string/);
  }
  const orphan = { in_best_chain: false, height: null, next_best: null };
  assert.deepEqual(await askValue(`block/${no}/status`), orphan);
  for (const height of ['-1', 'tip', '1e2', '00x', '99999999999']) {
    await refused(`block-height/${height}`, 400, /Invalid number/);
    await refused(`blocks/${height}`, 400, /Invalid number/);
  }
  for (const hash of ['', 'ab', 'g'.repeat(64), 'a'.repeat(65), '%61'.repeat(64)]) {
    await refused(`scripthash/${hash}/utxo`, 400, /Invalid scripthash/);
  }
  // Another network's, mistyped, nothing at all.
  for (const address of [
    '1BitcoinEaterAddressDontSendf59kuE',
    'bcrt1qqqqq',
    '',
    '%00',
    '<script>',
  ]) {
    await refused(`address/${address}/utxo`, 400, /./);
  }
  const script = [...naive.scripts.keys()].find((each) => naive.history(each).length > 1)!;
  const path = `scripthash/${scriptHashOf(script)}`;
  await refused(`${path}/txs/chain/xyz`, 400, /Invalid hash string/);
  await refused(`${path}/txs?after_txid=xyz`, 400, /Invalid hash string/);
  const stranger = [...naive.byTxid.values()].find((one) => !naive.history(script).includes(one))!;
  await refused(`${path}/txs/chain/${stranger.tx.txid}`, 400, /last_seen_txid/);
  assert.deepEqual(served.faults, []);
});

/** The path as it is: `fetch` would tidy it. */
function askRaw(
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: served.port, path, method, headers },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

test('hostile paths and callers', async () => {
  const hash = naive.blocks[0]!.hash;
  for (const path of [
    '/api/',
    '/api/..',
    '/api/../../etc/passwd',
    '/api/block/../tx',
    '/api/tx',
    '/api/nothing',
    '/api/v1/fees',
    '/api/blocks/tip',
    '/api/blocks/tip/height/x',
    '/api/blocks/tip/hash/height',
    `/api/block/${hash}/nothing`,
    `/api/block/${hash}/txs/0/0`,
    `/api/tx/${hash}/merkle-proof/1`,
    '/api/mempool/x',
    '/api/fee-estimates/1',
    `/api/${'a/'.repeat(3_000)}`,
    '/api//blocks/tip/height',
    '/api/blocks/tip/height?x=/../',
  ]) {
    const status = await askRaw(path);
    const expected = path.includes('?') ? 200 : [400, 404];
    assert.ok(expected === status || (Array.isArray(expected) && expected.includes(status)), path);
  }
  assert.equal(await askRaw('/api/tx', 'POST'), 405);
  assert.equal(await askRaw('/api/blocks/tip/height', 'OPTIONS'), 405);
  assert.equal(
    await askRaw('/api/blocks/tip/height', 'GET', { Origin: 'http://evil.example' }),
    403,
  );
  assert.equal(await askRaw('/api/blocks/tip/height', 'GET', { Host: 'evil.example' }), 403);
  assert.equal(await askRaw('/api/blocks/tip/height', 'HEAD'), 200);
  // The pages are where they were.
  assert.equal(await askRaw('/api', 'GET', { Accept: 'text/html' }), 404);
  assert.equal(await askRaw('/rules', 'GET', { Accept: 'text/html' }), 200);
  assert.deepEqual(served.faults, []);
});

test('lengths and tags: bytes that are known already are not sent again', async () => {
  const block = naive.blocks.at(-1)!;
  const { headers, body } = await ask(`block/${block.hash}/raw`);
  assert.equal(Number(headers.get('content-length')), body.length);
  const tag = headers.get('etag')!;
  const again = await ask(`block/${block.hash}/raw`, { headers: { 'If-None-Match': tag } });
  assert.equal(again.status, 304);
  assert.equal(again.body.length, 0);
  const { headers: ofTx } = await ask(`tx/${block.txs[0]!.tx.txid}/hex`);
  assert.ok(ofTx.get('etag'));
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('access-control-allow-origin'), null);
});
