/** `clew follow` as it is typed, beside a node that a test holds in its hand. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CoreNode } from '../../../test/support/core-node.ts';
import { mineChain } from '../../../test/support/mined-blocks.ts';
import { runClew } from '../../../test/support/run-clew.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';

const folder = temporaryFolder('follow-command');
const CHAIN = mineChain(15);

async function nodeOf(t: TestContext): Promise<CoreNode> {
  const node = await CoreNode.start(CHAIN.slice(0, 11));
  t.after(() => node.close());
  return node;
}

test('with a cookie, to the tip and further', async (t) => {
  const node = await nodeOf(t);
  node.cookie = '__cookie__:abc';
  const cookie = join(folder, 'cookie');
  writeFileSync(cookie, node.cookie);
  const rpc = ['--rpc', node.url.href, '--rpc-cookie', cookie];
  const follow = ['follow', ...rpc, '--data', 'one', '--once'];
  const first = await runClew(folder, ...follow);
  assert.equal(first.exit, 0, first.stderr);
  assert.deepEqual(
    [first.json.event, first.json.state, first.json.height, first.json.blocksAdded],
    ['step', 'tip', 10, 11],
  );
  node.chain = CHAIN;
  const second = await runClew(folder, ...follow);
  assert.deepEqual([second.json.height, second.json.blocks.length], [15, 5]);
  assert.equal((await runClew(folder, 'status', '--data', 'one')).json.tip.hash, CHAIN[15]!.hash);
  const check = await runClew(folder, 'check', '--data', 'one', ...rpc);
  assert.equal(check.json.checks.at(-1).counts.blocks, 16);
  const without = await runClew(folder, 'check', '--data', 'one');
  assert.equal(without.exit, 0);
  assert.equal(without.json.checks.at(-1).status, 'skipped');
});

test('what can not be followed is told by code', async (t) => {
  const node = await nodeOf(t);
  const codeOf = async (...argv: string[]) => {
    return (await runClew(folder, 'follow', '--data', 'two', '--once', ...argv)).error?.code;
  };
  const rpc = ['--rpc', node.url.href];
  assert.equal(await codeOf(), 'CLEW_USAGE');
  assert.equal(await codeOf('--rpc', 'nonsense'), 'CLEW_USAGE');
  assert.equal(await codeOf('--rpc', 'ftp://127.0.0.1'), 'CLEW_USAGE');
  assert.equal(await codeOf(...rpc, '--network', 'main'), 'CLEW_NETWORK_MISMATCH');
  assert.equal(await codeOf(...rpc, '--rpc-user', 'me'), 'CLEW_NODE_AUTH');
  assert.equal(await codeOf(...rpc, '--rpc-user', 'me', '--rpc-cookie', 'c'), 'CLEW_USAGE');
  assert.equal(await codeOf(...rpc, '--rpc-ca', 'missing.cert'), 'CLEW_FILE_MISSING');
  node.cookie = 'somebody:else';
  assert.equal(await codeOf(...rpc), 'CLEW_NODE_AUTH');
  node.cookie = undefined;
  node.pruneHeight = 5;
  assert.equal(await codeOf(...rpc), 'CLEW_NODE_BLOCK_GONE');
  assert.equal(await codeOf(...rpc, '--from', '6'), undefined);
  assert.equal(await codeOf(...rpc, '--from', '8'), 'CLEW_USAGE');
  assert.equal(await codeOf(...rpc, '--from', '6'), undefined);
});
