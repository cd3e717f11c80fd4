/** Following a node that a test holds in its hand: windows, branches, lies, damage. Real nodes: `test/follow.test.ts`. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tableDigests } from '../../test/support/compare-ledger.ts';
import { CoreNode } from '../../test/support/core-node.ts';
import { flowDigest } from '../../test/support/flow-digest.ts';
import {
  type BlockPlan,
  frameAll,
  HARD_BITS,
  type MinedBlock,
  mineBlock,
  mineChain,
  spend,
} from '../../test/support/mined-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { getNetwork } from '../chain/network.ts';
import { systemClock } from '../clock.ts';
import type { ClewError } from '../errors.ts';
import { NodeClient } from '../source/node-client.ts';
import { checkNetwork } from './check/check-network.ts';
import { DataSession } from './data-session.ts';
import { type FollowEvent, type FollowOptions, follow } from './follow.ts';
import { indexNetwork, openBlocks } from './index-network.ts';
import type { OpenNetwork } from './open-network.ts';

const folder = temporaryFolder('follow');
let folders = 0;

/** A chain whose blocks spend the coinbases of those before. */
function growing(below: readonly MinedBlock[], count: number, plan: Partial<BlockPlan> = {}) {
  const chain = [...below];
  for (let n = 0; n < count; n += 1) {
    const { height, hash } = chain.at(-1)!;
    const [txid] = (height > 5 ? chain[height - 4]! : chain[0]!).txids;
    const script = Uint8Array.of(0x00, 0x14, ...new Uint8Array(20).fill(height % 7));
    const half = 25 * 100_000_000;
    const outputs = [0, 1].map(() => ({ sats: half, script }));
    // The genesis output can not be spent.
    const transactions = height > 5 ? [spend(txid!, 0, outputs)] : [];
    chain.push(mineBlock({ prevHash: hash, height: height + 1, transactions, ...plan }));
  }
  return chain;
}

const CHAIN = growing(mineChain(0), 40);

class Follower {
  readonly node: CoreNode;
  readonly client: NodeClient;
  readonly session: DataSession;
  readonly folder: string;
  readonly events: FollowEvent[] = [];

  private constructor(node: CoreNode, client: NodeClient) {
    folders += 1;
    this.folder = join(folder, `${folders}`);
    this.node = node;
    this.client = client;
    mkdirSync(join(this.folder, 'regtest'), { recursive: true });
    this.session = new DataSession({
      storePath: join(this.folder, 'store.sqlite'),
      networkFolder: (network) => join(this.folder, network),
    });
    this.session.nodes.set('regtest', client);
  }

  static async start(t: TestContext, chain: readonly MinedBlock[]): Promise<Follower> {
    const node = await CoreNode.start(chain);
    const client = new NodeClient({ url: node.url, retries: 0 });
    const follower = new Follower(node, client);
    t.after(async () => {
      client.close();
      await node.close();
      await follower.session.close();
    });
    return follower;
  }

  /** The node goes over to another chain, and keeps what it left. */
  leadTo(chain: readonly MinedBlock[]): void {
    for (const { hash, bytes } of this.node.chain) this.node.stale.set(hash, bytes);
    this.node.chain = chain;
  }

  /** Until the ledger has what the node has. */
  async go(options: Partial<FollowOptions> = {}): Promise<void> {
    this.events.length = 0;
    await follow(this.session, 'regtest', this.client, {
      pollMs: 5,
      isOnce: true,
      isServing: false,
      clock: systemClock,
      signal: AbortSignal.timeout(20_000),
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  use<T>(work: (open: OpenNetwork) => Promise<T>): Promise<T> {
    return this.session.useNetwork('regtest', work, 'write');
  }

  heights(): Promise<readonly { heightMin: number; heightMax: number }[]> {
    return this.use(async (open) => (await open.status()).windows);
  }

  tipHash(): Promise<string | undefined> {
    return this.use(async ({ ledger }) => ledger.tip?.hash);
  }

  /** All that is stored. */
  digest(): Promise<unknown> {
    return this.use(async ({ ledger }) => {
      const columns = flowDigest(await ledger.openFlow());
      return { columns, tables: await tableDigests(ledger), counters: ledger.counters };
    });
  }

  /** The ledger is sound, and equals that of somebody who never saw anything but the node's last chain. */
  async compare(t: TestContext, options: Partial<FollowOptions> = {}): Promise<void> {
    await this.requireSound();
    const digest = await this.digest();
    // A process has one ledger open at a time.
    await this.session.close();
    const fresh = await Follower.start(t, this.node.chain as MinedBlock[]);
    await fresh.go(options);
    const expected = await fresh.digest();
    await fresh.session.close();
    assert.deepEqual(digest, expected);
  }

  /** Targets that are harder than the rules ask for are no fault here. */
  async requireSound(): Promise<void> {
    const answer = await this.use((open) => checkNetwork(open));
    const failed = answer.checks.filter(({ status, finding }) => {
      return status === 'failed' && finding!.facts['column'] !== 'blocks.bits';
    });
    assert.deepEqual(failed, []);
  }

  reorganised(): { keptHeight: number; blocksUndone: number; blocksLoaded: number }[] {
    return this.events.flatMap((event) =>
      event.kind === 'step' && event.step.reorganised ? [event.step.reorganised] : [],
    );
  }
}

test('from the genesis block, in steps, with REST and without', async (t) => {
  for (const isRestOn of [false, true]) {
    const follower = await Follower.start(t, CHAIN.slice(0, 11));
    follower.node.isRestOn = isRestOn;
    await follower.go();
    follower.leadTo(CHAIN.slice(0, 12));
    await follower.go();
    follower.leadTo(CHAIN);
    await follower.go({ stepMs: 0 });
    assert.equal(await follower.tipHash(), CHAIN.at(-1)!.hash);
    await follower.compare(t);
    // What was there is not asked for again.
    const asked = isRestOn ? 'rest/block' : 'getblock';
    assert.equal(follower.node.asked.get(asked), CHAIN.length);
  }
});

test('a window from a height, then block files before it and after it', async (t) => {
  const follower = await Follower.start(t, CHAIN.slice(0, 31));
  await follower.go({ fromHeight: 20 });
  assert.deepEqual(await follower.heights(), [{ heightMin: 20, heightMax: 30 }]);
  await follower.requireSound();
  const files = join(follower.folder, 'blocks');
  mkdirSync(files);
  writeFileSync(join(files, 'blk00000.dat'), frameAll(CHAIN.slice(0, 36)));
  const source = await openBlocks(files, { network: 'regtest' });
  // The window goes out and in again: its blocks are in the files too.
  const result = await follower.use((open) => indexNetwork(open, source));
  source.close();
  assert.equal(result.plan, 'reload');
  assert.deepEqual(await follower.heights(), [{ heightMin: 0, heightMax: 35 }]);
  follower.leadTo(CHAIN);
  await follower.go();
  assert.deepEqual(await follower.heights(), [{ heightMin: 0, heightMax: 40 }]);
  await follower.requireSound();
});

test('blocks of files in the middle of what came from a node are found unreadable, and nothing goes', async (t) => {
  const follower = await Follower.start(t, CHAIN.slice(0, 31));
  await follower.go({ fromHeight: 20 });
  const before = await follower.digest();
  const files = join(follower.folder, 'blocks');
  mkdirSync(files);
  writeFileSync(join(files, 'blk00000.dat'), frameAll(CHAIN.slice(0, 20)));
  const source = await openBlocks(files, { network: 'regtest' });
  await assert.rejects(
    follower.use((open) => indexNetwork(open, source)),
    { code: 'CLEW_RAW_GONE' },
  );
  source.close();
  assert.deepEqual(await follower.digest(), before);
});

test('a longer branch, a shorter one with more work, and the first one again', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  await follower.go();
  const longer = growing(CHAIN.slice(0, 31), 12, { extra: Uint8Array.of(1) });
  follower.leadTo(longer);
  await follower.go();
  assert.deepEqual(follower.reorganised(), [
    { keptHeight: 30, blocksUndone: 10, blocksLoaded: 11 },
  ]);
  await follower.compare(t);
  const heavier = growing(CHAIN.slice(0, 26), 3, { bits: HARD_BITS });
  follower.leadTo(heavier);
  await follower.go();
  assert.deepEqual(follower.reorganised(), [{ keptHeight: 25, blocksUndone: 17, blocksLoaded: 2 }]);
  assert.equal(await follower.tipHash(), heavier.at(-1)!.hash);
  await follower.compare(t);
  const back = growing(CHAIN, 4, { bits: HARD_BITS });
  follower.leadTo(back);
  await follower.go();
  await follower.compare(t);
});

test('equal work stays, less work is waited out, a node that is behind too', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  await follower.go();
  const before = await follower.digest();
  const waits = (): unknown[] =>
    follower.events.flatMap((event) => (event.kind === 'waiting' ? [event.reason] : []));
  follower.leadTo(growing(CHAIN.slice(0, 36), 5, { extra: Uint8Array.of(2) }));
  await follower.go();
  assert.deepEqual(waits(), ['less-work']);
  follower.leadTo(CHAIN.slice(0, 20));
  await follower.go();
  assert.deepEqual(waits(), ['behind']);
  assert.deepEqual(await follower.digest(), before);
});

test('a branch that leaves below the window of the ledger', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  await follower.go({ fromHeight: 36 });
  const other = growing(CHAIN.slice(0, 21), 25, { extra: Uint8Array.of(3) });
  follower.leadTo(other);
  await follower.go();
  assert.deepEqual(await follower.heights(), [{ heightMin: 36, heightMax: 45 }]);
  assert.equal(await follower.tipHash(), other.at(-1)!.hash);
  await follower.compare(t, { fromHeight: 36 });
});

test('a branch with a block that breaks the rules: the old one is put back', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  await follower.go();
  const before = await follower.use(async ({ ledger }) => flowDigest(await ledger.openFlow()));
  const fork = CHAIN.slice(0, 36);
  const [spent] = CHAIN[10]!.txids;
  const twice = spend(spent!, 0, [{ sats: 1, script: Uint8Array.of(0x51) }]);
  const bad = growing(fork, 8, { extra: Uint8Array.of(4), transactions: [twice] });
  follower.leadTo(bad);
  await assert.rejects(follower.go(), { code: 'CLEW_BLOCK_INVALID' });
  assert.equal(await follower.tipHash(), CHAIN.at(-1)!.hash);
  const after = await follower.use(async ({ ledger }) => flowDigest(await ledger.openFlow()));
  assert.deepEqual(after, before);
  await follower.requireSound();
});

test('blocks before one that breaks the rules come in', async (t) => {
  const twice = spend(CHAIN[2]!.txids[0]!, 0, [{ sats: 1, script: Uint8Array.of(0x51) }]);
  const good = growing(CHAIN.slice(0, 31), 2, { extra: Uint8Array.of(6) });
  const bad = growing(growing(good, 1, { transactions: [twice] }), 2);
  const follower = await Follower.start(t, bad);
  await assert.rejects(follower.go(), (error: ClewError) => {
    assert.deepEqual([error.code, error.facts['height']], ['CLEW_BLOCK_INVALID', 33]);
    return true;
  });
  assert.equal(await follower.tipHash(), bad[32]!.hash);
  await follower.requireSound();
});

test('a node that lies about a block harms nothing', async (t) => {
  const other = mineBlock({ prevHash: CHAIN[19]!.hash, height: 20, extra: Uint8Array.of(9) });
  const truth = CHAIN[20]!.bytes;
  const changed = truth.slice();
  changed[truth.length - 6]! ^= 1;
  const lies = [
    other.bytes,
    changed,
    truth.slice(0, -1),
    new Uint8Array(Buffer.concat([truth, truth])),
    Uint8Array.of(1),
  ];
  for (const isRestOn of [false, true]) {
    const follower = await Follower.start(t, CHAIN.slice(0, 16));
    follower.node.isRestOn = isRestOn;
    await follower.go();
    const before = await follower.digest();
    follower.leadTo(CHAIN);
    for (const lie of lies) {
      follower.node.lies.set(CHAIN[20]!.hash, lie);
      await assert.rejects(follower.go(), { code: 'CLEW_REMOTE_LIE' });
      // What came before it may be there, nothing else.
      const tip = await follower.tipHash();
      assert.ok([CHAIN[15]!.hash, CHAIN[19]!.hash].includes(tip!), tip);
      await follower.requireSound();
      await follower.use(({ ledger }) => ledger.undoAbove(15));
      assert.deepEqual(
        await follower.use(async ({ ledger }) => flowDigest(await ledger.openFlow())),
        (before as { columns: unknown }).columns,
      );
    }
    follower.node.lies.clear();
    await follower.go();
    await follower.compare(t);
  }
});

test('a lie in a branch is found before anything goes', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  await follower.go();
  const before = await follower.digest();
  const better = growing(CHAIN.slice(0, 31), 12, { extra: Uint8Array.of(5) });
  follower.leadTo(better);
  follower.node.lies.set(better[38]!.hash, CHAIN[38]!.bytes);
  await assert.rejects(follower.go(), { code: 'CLEW_REMOTE_LIE' });
  assert.deepEqual(await follower.digest(), before);
  follower.node.lies.clear();
  await follower.go();
  await follower.compare(t);
});

test('blocks that are easier than the rules ask for are refused, on the chain and on a branch', async (t) => {
  const hard = growing(CHAIN.slice(0, 21), 2, { bits: HARD_BITS });
  const follower = await Follower.start(t, hard);
  await follower.go();
  // After a hard block and no long wait comes no easy one.
  const timeSeconds = 1_600_000_000 + 600 * 22 + 60;
  const easy = mineBlock({ prevHash: hard.at(-1)!.hash, height: 23, timeSeconds });
  follower.leadTo([...hard, easy]);
  await assert.rejects(follower.go(), { code: 'CLEW_REMOTE_LIE' });
  const branch = growing(hard.slice(0, -1), 1, { bits: HARD_BITS, extra: Uint8Array.of(8) });
  const tip = branch.at(-1)!;
  const cheap = mineBlock({ prevHash: tip.hash, height: 23, timeSeconds, extra: Uint8Array.of(1) });
  follower.leadTo([...branch, cheap]);
  await assert.rejects(follower.go(), { code: 'CLEW_REMOTE_LIE' });
  assert.equal(await follower.tipHash(), hard.at(-1)!.hash);
  // After a long wait it may.
  follower.leadTo(growing(hard, 1, { timeSeconds: timeSeconds + 3_000 }));
  await follower.go();
  assert.equal((await follower.heights())[0]!.heightMax, 23);
});

test('a pruned node lacks the first blocks, and gives the later ones', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  follower.node.pruneHeight = 25;
  await assert.rejects(follower.go(), { code: 'CLEW_NODE_BLOCK_GONE' });
  assert.equal(await follower.tipHash(), undefined);
  await follower.go({ fromHeight: 25 });
  assert.equal(await follower.tipHash(), CHAIN.at(-1)!.hash);
});

test('a node that starts, goes away and comes back is waited for', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  follower.node.isWarmingUp = true;
  const stop = new AbortController();
  const going = follower.go({ isOnce: false, signal: stop.signal });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await until(() => follower.events.some(({ kind }) => kind === 'waiting'));
  follower.node.isWarmingUp = false;
  await until(() => follower.events.some(({ kind }) => kind === 'step'));
  assert.ok(follower.events.some(({ kind }) => kind === 'resumed'));
  const { port } = follower.node;
  await follower.node.close();
  await until(() => follower.events.filter(({ kind }) => kind === 'waiting').length === 2);
  follower.leadTo(growing(CHAIN, 2));
  await follower.node.listen(port);
  await until(() => follower.events.filter(({ kind }) => kind === 'step').length === 2);
  stop.abort();
  await going;
  await follower.compare(t);
});

test('bytes of blocks: from the node when one is there, kept when asked', async (t) => {
  const follower = await Follower.start(t, CHAIN);
  await follower.go();
  const txid = CHAIN[20]!.txids[1]!;
  const told = await follower.use((open) => open.transaction(txid, undefined, true));
  assert.ok(Buffer.from(CHAIN[20]!.bytes).toString('hex').includes(told.strippedHex!));
  // With a node all bytes are compared; one that gives others is found out.
  const blocksCheck = async (options: Parameters<typeof checkNetwork>[1]) => {
    const answer = await follower.use((open) => checkNetwork(open, options));
    return answer.checks.at(-1)!;
  };
  const node = follower.client;
  assert.equal((await blocksCheck({ node })).counts['blocks'], CHAIN.length);
  follower.node.lies.set(CHAIN[9]!.hash, CHAIN[8]!.bytes);
  assert.equal((await blocksCheck({ node })).finding!.facts['height'], 9);
  const without = await blocksCheck({});
  assert.deepEqual([without.status, without.finding], ['skipped', undefined]);
  assert.match(without.reason!, /came from a node/);
  follower.session.nodes.delete('regtest');
  const gone = { code: 'CLEW_RAW_GONE' };
  const other = CHAIN[30]!.txids[1]!;
  await assert.rejects(
    follower.use((open) => open.transaction(other, undefined, true)),
    gone,
  );
  await follower.session.close();

  const keeping = await Follower.start(t, CHAIN);
  await keeping.go({ keepRaw: true });
  const raw = join(keeping.folder, 'regtest', 'ledger', 'raw');
  assert.deepEqual(readdirSync(raw), ['blk00000.dat']);
  keeping.session.nodes.delete('regtest');
  const kept = await keeping.use((open) => open.transaction(txid, undefined, true));
  assert.equal(kept.strippedHex, told.strippedHex);
  const blocks = await keeping.use((open) => checkNetwork(open));
  assert.deepEqual(blocks.checks.at(-1)!.counts['blocks'], CHAIN.length);
});

test('a branch of many bytes waits in files, which are gone afterwards', async () => {
  const { BranchStore } = await import('./follow-branch.ts');
  const place = join(folder, 'branch');
  const store = new BranchStore(place, getNetwork('regtest'), 2_000);
  const blocks = CHAIN.slice(1).map((block) => ({ ...block, timeSeconds: 0 }));
  for (const block of blocks) store.add(block);
  assert.ok(existsSync(place));
  assert.deepEqual(
    [...store.blocks()].map(({ hash, bytes }) => [hash, Buffer.from(bytes).toString('hex')]),
    blocks.map(({ hash, bytes }) => [hash, Buffer.from(bytes).toString('hex')]),
  );
  store.close();
  assert.ok(!existsSync(place));
  rmSync(place, { recursive: true, force: true });
});
