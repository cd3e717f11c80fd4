/**
 * `clew serve --rpc` beside a real node: pages show blocks as they come, also other branches; what waits in the mempool is shown
 * apart and counted nowhere; other commands are answered meanwhile; the password is nowhere to be found.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { hasBtcd, startBtcd } from './support/btcd-node.ts';
import { ClewProcess } from './support/clew-process.ts';
import { NodeBlocks } from './support/node-blocks.ts';
import { RegtestWallet } from './support/regtest-wallet.ts';
import { startClew } from './support/run-clew.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';

const SECRET = 'a-password-that-must-not-be-seen';
const folder = scratchFolder('follow-serve');
after(() => removeScratch(folder));

/** Every file below a folder, as Latin-1 text: what was written there, in whatever form. */
function allFiles(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}

test('pages of a followed node: blocks, reorganisations, and what waits', async (t) => {
  if (!hasBtcd(t)) return;
  const wallet = new RegtestWallet(seededRandom('serve'));
  const node = await startBtcd({
    miningAddress: wallet.miningAddress,
    password: SECRET,
    tls: true,
  });
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password.txt');
  writeFileSync(passwordFile, `${SECRET}\n`);
  const rpc = ['--rpc', node.url, '--rpc-user', node.user, '--rpc-ca', node.certificateFile];
  // The one takes the password from the environment, the other from a file.
  const clew = new ClewProcess(['serve', ...rpc, '--data', data, '--json'], {
    CLEW_RPC_PASSWORD: SECRET,
  });
  try {
    await node.generate(120);
    await clew.until('the address of the server', () => clew.stdout.includes('"url"'));
    const url = String(JSON.parse(clew.stdout).url).replace(/\/$/, '');
    const get = async (path: string, type = 'application/json') => {
      const answer = await fetch(`${url}${path}`, { headers: { accept: type } });
      return { status: answer.status, text: await answer.text() };
    };
    const tip = async (): Promise<string | undefined> => {
      const { status, text } = await get('/');
      return status === 200 ? JSON.parse(text).tip.hash : undefined;
    };
    const isAtTip = async () => (await tip()) === (await node.bestHash());
    await clew.until('the tip', isAtTip);

    const blocks = new NodeBlocks(node);
    await blocks.read();
    wallet.follow(blocks.chain);
    const [spend] = wallet.spend(1);
    const txid: string = await node.call('sendrawtransaction', spend);
    const address = `/address/${wallet.miningAddress}`;
    const summary = JSON.parse((await get(address)).text);
    await clew.until('the transaction that waits', async () => {
      return (await get(`/tx/${txid}`)).status === 200;
    });
    const waiting = JSON.parse((await get(`/tx/${txid}`)).text);
    assert.equal(waiting.format, 'clew-unconfirmed/1');
    assert.equal(waiting.transactions[0].isConfirmed, false);
    assert.equal(waiting.transactions[0].feeSats, 20_000);
    const shown = (await get(address, 'text/html')).text;
    assert.ok(shown.includes('Not confirmed') && shown.includes(txid));
    // The command line asks through the server, whose node it is.
    const typed = startClew(folder, 'tx', txid, '--unconfirmed', '--data', data);
    assert.deepEqual(typed.json, waiting);
    assert.equal(startClew(folder, 'tx', txid, '--data', data).error?.code, 'CLEW_TX_NOT_FOUND');
    const there = startClew(
      folder,
      'address',
      wallet.miningAddress,
      '--unconfirmed',
      '--limit',
      '50',
      '--data',
      data,
    );
    assert.equal(there.json.unconfirmed.transactions[0].txid, txid);
    assert.deepEqual({ ...there.json, unconfirmed: 0 }, { ...summary, unconfirmed: 0 });
    // It is in no figure.
    assert.deepEqual(JSON.parse((await get(address)).text), summary);

    await node.generate(1);
    await clew.until('the block with it', isAtTip);
    assert.equal(JSON.parse((await get(`/tx/${txid}`)).text).format, 'clew-tx/1');
    const later = (await get(address, 'text/html')).text;
    assert.ok(!later.includes('Not confirmed') && later.includes(txid));

    // Other commands are answered by the same process, and may write beside the follower.
    const status = startClew(folder, 'status', '--data', data);
    assert.equal(status.json.tip.height, 121);
    const raw = startClew(folder, 'tx', txid, '--raw', '--data', data);
    assert.equal(raw.exit, 0, raw.stderr);
    assert.ok(spend!.length >= raw.json.strippedHex.length);
    blocks.write(join(folder, 'blocks'));
    const indexed = startClew(folder, 'index', '--blocks', join(folder, 'blocks'), '--data', data);
    assert.equal(indexed.json.plan, 'nothing');
    assert.equal(startClew(folder, 'check', '--data', data).exit, 0);

    // Another `follow` is a command like others: it has its turn, and comes to its end.
    const beside = startClew(
      folder,
      'follow',
      ...rpc,
      '--rpc-password-file',
      passwordFile,
      '--data',
      data,
      '--once',
    );
    assert.equal(beside.exit, 0, beside.stderr);

    await node.reorganise(4);
    await clew.until('the other branch', isAtTip);
    assert.equal(JSON.parse((await get('/')).text).tip.height, 122);

    const seen = readFileSync(`/proc/${clew.child.pid}/cmdline`, 'latin1');
    assert.ok(seen.includes(node.url) && !seen.includes(SECRET));
    assert.equal(await clew.stop(), 0);
    const follow = new ClewProcess([
      ...['follow', ...rpc, '--rpc-password-file', passwordFile, '--data', data, '--once'],
    ]);
    assert.equal(await follow.ended(), 0, follow.stderr);
    // A server whose node is away shows what is there.
    await node.stop();
    const alone = new ClewProcess([
      'serve',
      ...rpc,
      '--rpc-password-file',
      passwordFile,
      '--data',
      data,
      '--json',
    ]);
    await alone.until('its address', () => alone.stdout.includes('"url"'));
    t.after(() => alone.kill());
    const headers = { accept: 'text/html' };
    const overview = await fetch(JSON.parse(alone.stdout).url, { headers });
    assert.equal(overview.status, 200);
    assert.match(await overview.text(), /The node [^ ]+ is followed\. (It has not|Waiting)/);
    assert.equal(await alone.stop(), 0);
    await node.start();

    const bytes = startClew(
      folder,
      'tx',
      txid,
      '--raw',
      '--data',
      data,
      ...rpc,
      '--rpc-password-file',
      passwordFile,
    );
    assert.equal(bytes.json.strippedHex, raw.json.strippedHex);
    assert.equal(
      startClew(folder, 'tx', txid, '--raw', '--data', data).error?.code,
      'CLEW_RAW_GONE',
    );
    const everything = [
      clew.stdout + clew.stderr + follow.stdout + follow.stderr,
      shown,
      status.stdout,
      ...allFiles(data),
    ];
    const encoded = Buffer.from(`${node.user}:${SECRET}`).toString('base64');
    for (const text of everything) {
      assert.ok(!text.includes(SECRET) && !text.includes(encoded), text.slice(0, 200));
    }
  } finally {
    await clew.kill();
    await node.close();
  }
});
