/**
 * Clew follows a real node while both are killed and started again at random moments, and the node's chain is reorganised.
 * In the end the ledger must be the one that the node's last chain makes from scratch.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../../src/bytes/seeded-random.ts';
import { getNetwork } from '../../src/chain/network.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { checkNetwork } from '../../src/pipeline/check/check-network.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { openBlocks } from '../../src/pipeline/index-network.ts';
import { type BtcdNode, startBtcd } from './btcd-node.ts';
import { tableDigests } from './compare-ledger.ts';
import { flowDigest } from './flow-digest.ts';
import { NodeBlocks } from './node-blocks.ts';
import { RegtestWallet } from './regtest-wallet.ts';
import { CLEW } from './run-clew.ts';
import { allRows } from './server-tables.ts';

export interface FollowWalkPlan {
  readonly restarts: number;
  readonly reorganisations: number;
  /** The deepest reorganisation takes so many blocks. */
  readonly depthMax: number;
  readonly onStep?: (text: string) => void;
  /** Once all has been loaded, before it is held against the node's chain. */
  readonly beforeCompare?: () => Promise<void>;
}

export interface FollowWalkResult {
  /** How often Clew was killed, and the node killed and stopped. */
  readonly clewKills: number;
  /** Of those, after it had loaded something since it was started. */
  readonly killsAtWork: number;
  readonly nodeKills: number;
  readonly nodeStops: number;
  readonly depths: readonly number[];
  readonly blocks: number;
  readonly transactions: number;
  /** Reorganisations that Clew told of: fewer than there were, since it was not always running. */
  readonly seenReorganisations: number;
  readonly seconds: number;
}

/** Blocks before anything is spent: a coinbase is ripe after 100, and segwit is active after 432. */
const FIRST_BLOCKS = 460;
const CATCH_UP_MS = 60_000;

export class FollowWalk {
  readonly #folder: string;
  readonly #ledger: string | undefined;
  readonly #random: SeededRandom;
  readonly #wallet: RegtestWallet;
  readonly #data: string;
  readonly #passwordFile: string;
  #node!: BtcdNode;
  #blocks!: NodeBlocks;
  #clew: ChildProcess | undefined;
  #output = '';
  /** What had been told when the process at hand was started. */
  #outputAtStart = 0;
  #errors = '';

  /** @param ledger what `--ledger` names; the data folder when left out */
  constructor(folder: string, random: SeededRandom, ledger?: string) {
    this.#folder = folder;
    this.#ledger = ledger;
    this.#random = random;
    this.#wallet = new RegtestWallet(random.fork('wallet'));
    this.#data = join(folder, 'data');
    this.#passwordFile = join(folder, 'password');
  }

  async go(plan: FollowWalkPlan): Promise<FollowWalkResult> {
    const startedMs = performance.now();
    mkdirSync(this.#folder, { recursive: true });
    this.#node = await startBtcd({ miningAddress: this.#wallet.miningAddress });
    try {
      this.#blocks = new NodeBlocks(this.#node);
      writeFileSync(this.#passwordFile, `${this.#node.password}\n`, { mode: 0o600 });
      await this.#node.generate(FIRST_BLOCKS);
      const done = await this.#walk(plan);
      await this.#reachTip();
      await this.#stopClew();
      await plan.beforeCompare?.();
      const { transactions, blocks } = await this.#compare();
      const seen = this.#output.split('"reorganised"').length - 1;
      const seconds = (performance.now() - startedMs) / 1000;
      return { ...done, seenReorganisations: seen, blocks, transactions, seconds };
    } finally {
      this.#clew?.kill('SIGKILL');
      await this.#node.close();
    }
  }

  async #walk(plan: FollowWalkPlan) {
    const { restarts, reorganisations, depthMax, onStep } = plan;
    const events = this.#random.shuffle([
      ...Array.from({ length: restarts }, () => 'restart' as const),
      ...Array.from({ length: reorganisations }, () => 'reorganise' as const),
    ]);
    let clewKills = 0;
    let killsAtWork = 0;
    let nodeKills = 0;
    let nodeStops = 0;
    const depths: number[] = [];
    this.#startClew();
    for (const [n, event] of events.entries()) {
      // Mostly Clew has caught up, so that what comes next finds it at work; sometimes it is just starting.
      if (this.#random.chance(0.75)) await this.#reachTip();
      await this.#mine(this.#random.int(1, 6));
      await sleep(this.#random.int(0, 250));
      if (event === 'reorganise') {
        // The first is as deep as it gets.
        const depth = depths.length === 0 ? depthMax : this.#random.int(1, depthMax);
        depths.push(depth);
        await this.#reorganise(depth);
        await sleep(this.#random.int(0, 400));
        onStep?.(`${n + 1} of ${events.length}: reorganised, ${depth} deep`);
        continue;
      }
      const what = this.#random.pick(['clew', 'clew', 'clew', 'node-kill', 'node-stop'] as const);
      onStep?.(`${n + 1} of ${events.length}: ${what}`);
      if (what === 'clew') {
        clewKills += 1;
        if (this.#output.length > this.#outputAtStart) killsAtWork += 1;
        await this.#killClew();
        this.#startClew();
      } else if (what === 'node-kill') {
        nodeKills += 1;
        await this.#blocks.read();
        await this.#node.kill();
        await sleep(this.#random.int(0, 400));
        await this.#node.start();
        // btcd writes its chain now and then: what it lost is mined no second time.
        await this.#blocks.giveBack();
      } else {
        nodeStops += 1;
        await this.#node.stop();
        await this.#node.start();
      }
    }
    return { clewKills, killsAtWork, nodeKills, nodeStops, depths };
  }

  /** Blocks with spends in them. */
  async #mine(count: number): Promise<void> {
    await this.#blocks.read();
    this.#wallet.follow(this.#blocks.chain);
    for (const hex of this.#wallet.spend(this.#random.int(0, 12))) {
      // Others may wait that spend the same: then it is refused.
      await this.#node.call('sendrawtransaction', hex).catch(() => undefined);
    }
    await this.#node.generate(count);
  }

  /**
   * The last blocks give way to others, which are more; sometimes the old ones come back afterwards, with one more than those.
   * Every block has the same work, so in the end the node is higher than anybody ever was.
   */
  async #reorganise(depth: number): Promise<void> {
    const height = await this.#node.height();
    const old = await this.#node.hashAt(height - depth + 1);
    await this.#node.invalidate(old);
    await this.#mine(1);
    await this.#growAbove(height);
    await sleep(this.#random.int(0, 500));
    if (!this.#random.chance(0.4)) return;
    const other = await this.#node.hashAt(height - depth + 1);
    await this.#node.reconsider(old);
    await this.#node.invalidate(other);
    await this.#mine(1);
    await this.#growAbove(height + 1);
    await this.#node.reconsider(other);
  }

  async #growAbove(height: number): Promise<void> {
    const now = await this.#node.height();
    if (now <= height) await this.#node.generate(height - now + 1);
  }

  #startClew(): void {
    const { url, user } = this.#node;
    const args = ['follow', '--rpc', url, '--rpc-user', user, '--rpc-password-file'];
    args.push(this.#passwordFile, '--data', this.#data, '--network', 'regtest');
    args.push('--poll', '0', '--memory', '64MB', '--json');
    if (this.#ledger !== undefined) args.push('--ledger', this.#ledger);
    this.#outputAtStart = this.#output.length;
    const child = spawn(CLEW, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (text: Buffer) => {
      this.#output += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      this.#errors += text;
    });
    this.#clew = child;
  }

  async #killClew(): Promise<void> {
    const child = this.#clew!;
    this.#requireAlive(child);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async #stopClew(): Promise<void> {
    const child = this.#clew!;
    this.#requireAlive(child);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    assert.equal(await ended, 0, this.#errors);
  }

  #requireAlive(child: ChildProcess): void {
    const isAlive = child.exitCode === null && child.signalCode === null;
    assert.ok(
      isAlive,
      `clew ended by itself: ${child.exitCode} ${child.signalCode} ${this.#errors}`,
    );
  }

  /** Until the last line told is of the node's last block. */
  async #reachTip(): Promise<void> {
    await this.#node.generate(1);
    const hash = await this.#node.bestHash();
    const endMs = performance.now() + CATCH_UP_MS;
    while (!this.#output.includes(`"hash":"${hash}"`)) {
      this.#requireAlive(this.#clew!);
      assert.ok(performance.now() < endMs, `not at the tip: ${this.#output.slice(-2000)}`);
      await sleep(20);
    }
  }

  /** The followed ledger is sound, and equals the one that the node's chain makes from block files. */
  async #compare(): Promise<{ blocks: number; transactions: number }> {
    await this.#blocks.read();
    const files = join(this.#folder, 'blocks');
    this.#blocks.write(files);
    const expected = await this.#digestFromFiles(files);
    const folder = join(this.#data, 'regtest');
    const ledger = await Ledger.open(folder, getNetwork('regtest'));
    try {
      const answer = await checkNetwork({ ledger, folder });
      assert.deepEqual(
        answer.checks.filter(({ status }) => status === 'failed'),
        [],
      );
      assert.equal(ledger.tip!.hash, this.#blocks.chain.at(-1)!.hash);
      assert.deepEqual(await digestOf(ledger), expected);
      return { blocks: ledger.rows.blocks, transactions: ledger.rows.transactions };
    } finally {
      await ledger.close();
    }
  }

  async #digestFromFiles(files: string): Promise<unknown> {
    const source = await openBlocks(files, { network: 'regtest' });
    const wide = this.#ledger === undefined ? {} : { hasWideTables: true };
    const ledger = await Ledger.open(join(this.#folder, 'anew'), getNetwork('regtest'), wide);
    try {
      await indexBlocks(ledger, source, { threads: 0 });
      return await digestOf(ledger);
    } finally {
      await ledger.close();
      source.close();
    }
  }
}

/** All columns and tables, but where blocks stand. */
async function digestOf(ledger: Ledger): Promise<unknown> {
  if (ledger.engine.hasIdentifiers) return rowsOf(ledger);
  const { files: _files, blocks: _blocks, ...tables } = await tableDigests(ledger);
  const blocks = await ledger.engine.query(
    'SELECT count() AS rows, sum(sipHash64(* EXCEPT (file_id, file_offset))) AS digest FROM blocks',
  );
  return {
    tables,
    blocks,
    counters: ledger.counters,
    columns: flowDigest(await ledger.openFlow()),
  };
}

/** The same for the tables of servers, whose functions of hashing differ: row by row. */
async function rowsOf(ledger: Ledger): Promise<unknown> {
  const { files: _files, blocks, ...tables } = await allRows(ledger);
  return {
    tables,
    blocks: blocks!.map((row) => ({ ...JSON.parse(row), file_id_: 0, file_offset_: 0 })),
    counters: ledger.counters,
    columns: flowDigest(await ledger.openFlow()),
  };
}
