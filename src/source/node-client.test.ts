import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CoreNode } from '../../test/support/core-node.ts';
import { mineBlock, mineChain } from '../../test/support/mined-blocks.ts';
import { realBlockFile } from '../../test/support/real-blocks.ts';
import { sharedFile } from '../../test/support/shared-data.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { getNetwork } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { isPassing, NodeClient, type NodeClientOptions } from './node-client.ts';
import { nodeAuthorization, usualCookieFile } from './node-credentials.ts';

const REGTEST = getNetwork('regtest');
const CHAIN = mineChain(30);
const folder = temporaryFolder('node-client');

async function nodeOf(t: TestContext, chain = CHAIN): Promise<CoreNode> {
  const node = await CoreNode.start(chain);
  t.after(() => node.close());
  return node;
}

function clientOf(t: TestContext, node: CoreNode, more: Partial<NodeClientOptions> = {}) {
  const client = new NodeClient({ url: node.url, retries: 0, timeoutMs: 5_000, ...more });
  t.after(() => client.close());
  return client;
}

/** One question whose answer is this text. */
async function answering(t: TestContext, text: string, status = 200): Promise<NodeClient> {
  const node = await nodeOf(t);
  node.answer = (response) => {
    response.writeHead(status).end(text);
    return true;
  };
  return clientOf(t, node);
}

test('where a node is, its hashes, headers and blocks', async (t) => {
  const node = await nodeOf(t);
  const client = clientOf(t, node);
  const tip = CHAIN.at(-1)!;
  assert.deepEqual(await client.chain(), {
    height: 30,
    hash: tip.hash,
    headerHeight: 30,
    isSyncing: false,
    isPruned: false,
  });
  await client.requireNetwork(REGTEST);
  assert.deepEqual(await client.hashesAt([30, 31, 0]), [tip.hash, undefined, CHAIN[0]!.hash]);
  const headers = await client.headersFrom(28, 10, REGTEST);
  assert.deepEqual(
    headers.map(({ height, hash, prevHash, bits }) => ({ height, hash, prevHash, bits })),
    CHAIN.slice(28).map(({ height, hash, prevHash, bits }) => ({ height, hash, prevHash, bits })),
  );
  const blocks = await client.fetchBlocks([CHAIN[3]!.hash, CHAIN[1]!.hash]);
  assert.deepEqual(blocks.map(hex), [hex(CHAIN[3]!.bytes), hex(CHAIN[1]!.bytes)]);
  // REST is off, which one try has shown.
  assert.equal(client.isRestOn, false);
  assert.equal(node.asked.get('rest/chaininfo.json'), 1);
});

test('REST is used for headers and blocks where it is on', async (t) => {
  const node = await nodeOf(t);
  node.isRestOn = true;
  const client = clientOf(t, node);
  const overRest = await client.headersFrom(0, 31, REGTEST);
  assert.deepEqual(
    overRest.map(({ hash }) => hash),
    CHAIN.map(({ hash }) => hash),
  );
  assert.equal(hex(await client.fetchBlock(CHAIN[7]!.hash)), hex(CHAIN[7]!.bytes));
  assert.equal(node.asked.get('getblock'), undefined);
  assert.equal(node.asked.get('getblockheader'), undefined);
  // What is missing there is asked over RPC, which says why.
  node.pruneHeight = 20;
  const gone = { code: 'CLEW_NODE_BLOCK_GONE' };
  await assert.rejects(client.fetchBlock(CHAIN[7]!.hash), gone);
});

test('a cookie file is read anew for each request', async (t) => {
  const cookieFile = join(folder, 'cookie');
  const node = await nodeOf(t);
  const client = clientOf(t, node, { authorization: nodeAuthorization({ cookieFile }) });
  await assert.rejects(client.chain(), {
    code: 'CLEW_NODE_AUTH',
    facts: { file: cookieFile, isMissing: true },
  });
  for (const password of ['one', 'two:with:colons']) {
    node.cookie = `__cookie__:${password}`;
    writeFileSync(cookieFile, node.cookie);
    assert.equal((await client.chain()).height, 30);
  }
  node.cookie = '__cookie__:three';
  const refused = await client.chain().catch((error: unknown) => error);
  assert.ok(refused instanceof ClewError);
  assert.equal(refused.code, 'CLEW_NODE_AUTH');
  assert.ok(!JSON.stringify([refused.message, refused.facts, refused.stack]).includes('two:'));
  for (const text of ['', 'no colon', ':no user', 'x'.repeat(5_000)]) {
    writeFileSync(cookieFile, text);
    await assert.rejects(client.chain(), { code: 'CLEW_NODE_AUTH' });
  }
  rmSync(cookieFile);
});

test('user and password come from a file or the environment', async (t) => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'se cret\nsecond line\n');
  const node = await nodeOf(t);
  node.cookie = 'me:se cret';
  for (const credentials of [{ passwordFile }, { password: 'se cret' }]) {
    const authorization = nodeAuthorization({ user: 'me', ...credentials });
    assert.equal((await clientOf(t, node, { authorization }).chain()).height, 30);
  }
  const without = clientOf(t, node, { authorization: nodeAuthorization({ user: 'me' }) });
  await assert.rejects(without.chain(), { code: 'CLEW_NODE_AUTH' });
  assert.equal(nodeAuthorization({})(), undefined);
});

test('the usual places of cookies', () => {
  const linux = (network: 'main' | 'regtest' | 'litecoin') =>
    usualCookieFile(network, 'linux', '/home/me', {});
  assert.equal(linux('main'), '/home/me/.bitcoin/.cookie');
  assert.equal(linux('regtest'), '/home/me/.bitcoin/regtest/.cookie');
  assert.equal(linux('litecoin'), '/home/me/.litecoin/.cookie');
  const mac = usualCookieFile('signet', 'darwin', '/Users/me', {});
  assert.equal(mac, '/Users/me/Library/Application Support/Bitcoin/signet/.cookie');
});

test('a node that is starting is busy, and that passes', async (t) => {
  const node = await nodeOf(t);
  node.isWarmingUp = true;
  const client = clientOf(t, node, { retries: 1 });
  for (const ask of [client.chain(), client.hashesAt([1, 2, 3])]) {
    const error = await ask.catch((thrown: unknown) => thrown);
    assert.ok(isPassing(error) && error.code === 'CLEW_REMOTE_BUSY');
  }
  node.isWarmingUp = false;
  assert.equal((await client.chain()).height, 30);
  const { port } = node;
  await node.close();
  const error = await client.chain().catch((thrown: unknown) => thrown);
  assert.ok(isPassing(error) && error.code === 'CLEW_REMOTE_UNREACHABLE', String(error));
  await node.listen(port);
  assert.equal((await client.chain()).height, 30);
});

test('a busy node is asked again', async (t) => {
  const node = await nodeOf(t);
  let refusals = 2;
  node.answer = (response) => {
    refusals -= 1;
    if (refusals < 0) return false;
    response.writeHead(503).end('Work queue depth exceeded');
    return true;
  };
  assert.equal((await clientOf(t, node, { retries: 3 }).chain()).height, 30);
});

test('answers that are none are refused by code, and quoted nowhere', async (t) => {
  const stranger = 'words-of-a-stranger';
  const answers = [
    stranger,
    `<html>${stranger}</html>`,
    '[]',
    '{}',
    'null',
    `{"id":1,"result":"${stranger}"}`,
    `{"id":2,"result":{"blocks":1}}`,
    `{"id":"1","result":{"blocks":1}}`,
    `{"id":1,"error":{"code":"${stranger}"}}`,
    `{"id":1,"error":"${stranger}"}`,
    `{"id":1,"result":{"blocks":-1,"headers":1,"bestblockhash":"${'0'.repeat(64)}"}}`,
    `{"id":1,"result":{"blocks":1.5,"headers":1,"bestblockhash":"${'0'.repeat(64)}"}}`,
    `{"id":1,"result":{"blocks":1,"headers":1,"bestblockhash":"${'G'.repeat(64)}"}}`,
    `{"id":1,"result":{"blocks":1,"headers":1}}`,
  ];
  for (const text of answers) {
    const client = await answering(t, text);
    const error = await client.chain().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ClewError, text);
    assert.equal(error.code, 'CLEW_REMOTE_FORMAT', text);
    assert.ok(!JSON.stringify([error.message, error.facts]).includes(stranger));
  }
});

test('a list of answers must answer each question once', async (t) => {
  const hash = '0'.repeat(64);
  const one = `{"id":1,"result":"${hash}"}`;
  const two = `{"id":2,"result":"${hash}"}`;
  const three = `{"id":3,"result":"${hash}"}`;
  const asked = (client: NodeClient) => client.hashesAt([1, 2]);
  const reversed = await answering(t, `[${two},${one}]`);
  assert.deepEqual(await asked(reversed), [hash, hash]);
  for (const list of [
    `[${one}]`,
    `[${one},${one}]`,
    `[${one},${three}]`,
    `[${one},${two},${three}]`,
    one,
  ]) {
    await assert.rejects(asked(await answering(t, list)), { code: 'CLEW_REMOTE_FORMAT' }, list);
  }
  const refused = `[${one},{"id":2,"error":{"code":-32600,"message":"x"}}]`;
  await assert.rejects(asked(await answering(t, refused)), (error: ClewError) => {
    const { method, rpcCode } = error.facts;
    assert.deepEqual([error.code, method, rpcCode], ['CLEW_NODE_REFUSED', 'getblockhash', -32600]);
    return true;
  });
});

test('hex of a block must be hex', async (t) => {
  for (const text of ['"xyz"', '"abc"', '""', '5']) {
    const client = await answering(t, `{"id":1,"result":${text}}`);
    await assert.rejects(client.fetchBlock('0'.repeat(64)), { code: 'CLEW_REMOTE_FORMAT' }, text);
  }
});

test('headers that are not those of their hashes, or without work, are lies', async (t) => {
  const node = await nodeOf(t);
  const client = clientOf(t, node);
  const other = mineBlock({ prevHash: CHAIN[4]!.hash, height: 5, extra: Uint8Array.of(1) });
  node.chain = CHAIN.map((block) =>
    block.height === 5 ? { hash: block.hash, bytes: other.bytes } : block,
  );
  await assert.rejects(client.headersFrom(3, 5, REGTEST), { code: 'CLEW_REMOTE_LIE' });
  // A target that no hash meets, and one easier than the network allows.
  for (const bits of [0x03000001, 0x217fffff]) {
    const bytes = CHAIN[5]!.bytes.slice();
    new DataView(bytes.buffer).setUint32(72, bits, true);
    const hash = hashToDisplay(sha256d(bytes.subarray(0, 80)));
    node.chain = [...CHAIN.slice(0, 5), { hash, bytes }];
    await assert.rejects(client.headersFrom(5, 1, REGTEST), { code: 'CLEW_REMOTE_LIE' });
  }
});

test('a chain that changes while it is asked for ends the headers early', async (t) => {
  const node = await nodeOf(t);
  const branch = [...CHAIN.slice(0, 10)];
  for (let height = 10; height <= 30; height += 1) {
    const prevHash = branch.at(-1)!.hash;
    branch.push(mineBlock({ prevHash, height, extra: Uint8Array.of(7) }));
  }
  let questions = 0;
  node.onQuestion = (method) => {
    if (method !== 'getblockhash') return;
    questions += 1;
    if (questions === 15) node.chain = branch;
  };
  for (const { hash, bytes } of CHAIN) node.stale.set(hash, bytes);
  const headers = await clientOf(t, node).headersFrom(1, 30, REGTEST);
  assert.equal(headers.at(-1)!.height, 14);
});

test('a node of another network, also of one that shares the first blocks', async (t) => {
  const node = await nodeOf(t);
  const client = clientOf(t, node);
  const mismatch = { code: 'CLEW_NETWORK_MISMATCH' };
  await assert.rejects(client.requireNetwork(getNetwork('main')), mismatch);
  const { forkedAt, genesisHash } = getNetwork('bitcoincash');
  const { height, hash } = forkedAt!;
  const nobody = new Uint8Array();
  const longChain = (at: string) => {
    const chain = new Array(height + 1);
    chain[0] = { hash: genesisHash, bytes: nobody };
    chain[height] = { hash: at, bytes: nobody };
    return chain;
  };
  node.chain = longChain(hash);
  const cash = clientOf(t, node);
  assert.deepEqual(
    (await cash.networks()).map(({ name }) => name),
    ['bitcoincash'],
  );
  await assert.rejects(cash.requireNetwork(getNetwork('main')), mismatch);
  await cash.requireNetwork(getNetwork('bitcoincash'));
  node.chain = longChain('1'.repeat(64));
  const bitcoin = clientOf(t, node);
  assert.deepEqual(
    (await bitcoin.networks()).map(({ name }) => name),
    ['main'],
  );
  await assert.rejects(bitcoin.requireNetwork(getNetwork('bitcoincash')), mismatch);
});

test('a redirect to another host is not followed', async (t) => {
  const node = await nodeOf(t);
  const other = await nodeOf(t);
  node.answer = (response: ServerResponse) => {
    response.writeHead(307, { Location: other.url.href }).end();
    return true;
  };
  await assert.rejects(clientOf(t, node).chain(), { code: 'CLEW_REMOTE_REDIRECT' });
  assert.equal(other.asked.size, 0);
});

test('addresses of nodes that can not be used', () => {
  const made = (url: string) => () => new NodeClient({ url: new URL(url) });
  assert.throws(made('http://me:secret@127.0.0.1:8332'), (error: ClewError) => {
    return error.code === 'CLEW_SECRET_IN_ARGUMENT' && !String(error.stack).includes('secret');
  });
  assert.throws(made('http://me@127.0.0.1:8332'), { code: 'CLEW_SECRET_IN_ARGUMENT' });
  for (const url of ['ftp://127.0.0.1/', 'http://127.0.0.1/?a=1', 'http://127.0.0.1/#a']) {
    assert.throws(made(url), { code: 'CLEW_USAGE' }, url);
  }
});

test('real blocks come as they are, as bytes and as hex', async (t) => {
  const blocks = realBlockFile(t, 'modern/blk00000.dat');
  if (blocks === undefined) return;
  for (const isRestOn of [false, true]) {
    const node = await nodeOf(t);
    node.isRestOn = isRestOn;
    const client = clientOf(t, node);
    for (const { bytes } of blocks) {
      const hash = hashToDisplay(sha256d(bytes.subarray(0, 80)));
      node.stale.set(hash, bytes);
      assert.ok(Buffer.from(bytes).equals(await client.fetchBlock(hash)), hash);
    }
    assert.equal(node.asked.get('getblock') === undefined, isRestOn);
  }
});

test('blocks that are too large together are asked for in halves', async (t) => {
  const chain = CHAIN.map((block, i) => ({ ...block, bytes: new Uint8Array(700_000).fill(i) }));
  const node = await nodeOf(t, chain);
  const hashes = chain.map(({ hash }) => hash);
  const blocks = await clientOf(t, node, { timeoutMs: 30_000 }).fetchBlocks(hashes);
  assert.ok(blocks.every((bytes, i) => Buffer.from(bytes).equals(chain[i]!.bytes)));
  assert.ok(node.asked.get('getblock')! > chain.length);
});

test('hashes as a real node tells them', async (t) => {
  const folder = 'esplora/bitcoin-etl/test_export_blocks_job/bitcoin';
  const tip = sharedFile(t, `${folder}/stream_50001_50002/rpc_response_getblockhash_500000.json`);
  const first = sharedFile(t, `${folder}/block_0/rpc_response_getblockhash_0.json`);
  if (tip === undefined || first === undefined) return;
  const text = (result: Uint8Array, id: number) =>
    `{"result":${Buffer.from(result)},"error":null,"id":${id}}`;
  const client = await answering(t, `[${text(tip, 1)},${text(first, 2)}]`);
  const [hash, genesis] = await client.hashesAt([500_000, 0]);
  assert.equal(hash, '00000000000000000024fb37364cbf81fd49cc2d51c09c75c35433c3a1945d04');
  assert.equal(genesis, getNetwork('main').genesisHash);
});

test('what waits in the mempool', async (t) => {
  const node = await nodeOf(t);
  const client = clientOf(t, node);
  assert.deepEqual(await client.mempool(), []);
  const [txid, other] = ['a'.repeat(64), 'b'.repeat(64)];
  node.mempool.set(txid, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await client.mempool(), [txid]);
  const found = await client.transactions([txid, other]);
  assert.deepEqual(
    found.map((bytes) => bytes && hex(bytes)),
    ['010203', undefined],
  );
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
