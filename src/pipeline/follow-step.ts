/**
 * One step of following a node: look where both are, then load what is new, go over to a better branch, or wait.
 *
 *   node's hash at our height is ours   -> append what lies above, in batches; each block at once when there is only one
 *   it is another, or the node is lower -> find where the chains part; when theirs has more work, fetch the new branch whole,
 *                                          check it, and only then undo and load, which readers see as one exchange
 *
 * Nothing is believed that can be checked: each block is hashed to the hash that was asked for, its header has its work and
 * stands on the one before, transactions and witnesses are those that the block commits to, and every spend is of an output
 * that is there. What was stored before stays until what replaces it is at hand and checked.
 */
import { join } from 'node:path';
import { ClewError } from '../errors.ts';
import {
  findBlockHash,
  forgetWaiting,
  keepWaiting,
  listWaitingBlocks,
} from '../ledger/block-directory.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { PreparedBlock, prepareBlock } from '../ledger/prepare-block.hot.ts';
import type { NodeChain, NodeClient, NodeHeader } from '../source/node-client.ts';
import { isBlockDamage } from './block-places.ts';
import { BranchStore } from './follow-branch.ts';
import { FetchAhead, type FetchedBlock } from './follow-fetch.ts';
import { type Fork, findFork } from './follow-fork.ts';
import { TargetRules } from './follow-targets.ts';
import { FollowWriter } from './follow-writer.ts';
import type { OpenNetwork } from './open-network.ts';
import { isNodePlace } from './raw-source.ts';

/** Between two checkpoints at the tip is so many times as long as one takes. */
const PUBLISH_PAUSES = 20;
/** Headers that are asked for at once. */
const HEADERS_AT_ONCE = 1_000;
/** A better branch of more blocks than this is not exchanged in one step: readers see the ledger grow again from the fork. */
const EXCHANGED_AT_ONCE_MAX = 200;

export interface FollowStepOptions {
  /** Height to begin at when the ledger is empty; the genesis block when left out. */
  readonly fromHeight?: number | undefined;
  readonly keepRaw?: boolean | undefined;
  /** Readers of this process see each step's blocks: a checkpoint after each. */
  readonly isPublished: boolean;
  /** A step ends after about so long, so that others get a turn. */
  readonly stepMs?: number | undefined;
  readonly onBlock?: ((block: BlockAdded) => void) | undefined;
  /** Told where the node is, before anything is fetched. */
  readonly onNode?: ((node: NodeChain) => void) | undefined;
  readonly now: () => number;
}

/** A block that came in, not committed yet. */
export interface BlockAdded {
  readonly height: number;
  readonly hash: string;
  readonly timeSeconds: number;
  readonly transactions: number;
  readonly bytes: number;
}

/** How a step ended. */
export interface FollowStep {
  /**
   * - `tip`: the ledger ends with the node's last block
   * - `more`: there is more to load, or the node's chain changed meanwhile: go on at once
   * - `behind`: the node is not as far as the ledger, on the same chain
   * - `less-work`: the node follows another branch, which has no more work than the ledger's
   */
  readonly state: 'tip' | 'more' | 'behind' | 'less-work';
  readonly node: NodeChain;
  /** The ledger's tip; undefined while it is empty. */
  readonly height: number | undefined;
  readonly hash: string | undefined;
  readonly blocksAdded: number;
  readonly transactionsAdded: number;
  readonly bytesAdded: number;
  /** A better branch took the place of these blocks of the ledger. */
  readonly reorganised?: {
    readonly keptHeight: number;
    readonly blocksUndone: number;
    readonly blocksLoaded: number;
  };
}

interface Added {
  blocks: number;
  transactions: number;
  bytes: number;
}

export class ChainFollower {
  readonly #node: NodeClient;
  readonly #options: FollowStepOptions;
  readonly #fetch: FetchAhead;
  #writer: FollowWriter | undefined;
  #hasBegun = false;
  /** The last checkpoint at the tip: when it ended, and how long it took. */
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #publishMs = 0;

  constructor(node: NodeClient, options: FollowStepOptions) {
    this.#node = node;
    this.#options = options;
    this.#fetch = new FetchAhead(node);
  }

  /**
   * One step. What it loaded is committed when it returns, and after a failure the ledger is whole.
   *
   * @param heightMax load no further, when a block above it breaks the rules
   * @throws {ClewError} CLEW_NETWORK_MISMATCH, CLEW_REMOTE_LIE, CLEW_NODE_BLOCK_GONE, CLEW_BLOCK_INVALID, and what asking a
   *   node throws
   */
  async step(open: OpenNetwork, signal?: AbortSignal, heightMax?: number): Promise<FollowStep> {
    const { ledger } = open;
    const node = await this.#node.chain(signal);
    await this.#node.requireNetwork(open.network, signal);
    this.#options.onNode?.(node);
    try {
      return await this.#step(open, node, signal, heightMax);
    } catch (error) {
      if (!isOfNode(error)) await this.#recover(ledger);
      throw error;
    }
  }

  /** Whether something is to be finished. */
  get isWriting(): boolean {
    return this.#writer !== undefined;
  }

  /** The ledger is not written any more: all is on the disk. */
  async finish(ledger: Ledger): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer?.isOf(ledger)) await writer.finish();
    else writer?.abandon();
  }

  async #step(
    open: OpenNetwork,
    node: NodeChain,
    signal?: AbortSignal,
    heightMax = node.height,
  ): Promise<FollowStep> {
    const { ledger } = open;
    const { tip } = ledger;
    const none = {
      node,
      height: tip?.height,
      hash: tip?.hash,
      blocksAdded: 0,
      transactionsAdded: 0,
      bytesAdded: 0,
    };
    if (tip !== undefined) {
      await this.#requireBeginning(ledger);
      if (tip.hash === node.hash) return { state: 'tip', ...none };
      const [shared] =
        node.height < tip.height ? [] : await this.#node.hashesAt([tip.height], signal);
      if (shared !== tip.hash) {
        // What is to be loaded up to a height only is no branch to go over to.
        if (heightMax < node.height) return { state: 'less-work', ...none };
        return this.#leaveBranch(open, node, none, signal);
      }
    }
    const start = tip === undefined ? (this.#options.fromHeight ?? 0) : tip.height + 1;
    if (start > node.height) return { state: 'behind', ...none };
    // From now on it is this one's own.
    this.#hasBegun = true;
    return this.#append(open, node, start, tip?.hash, heightMax, signal);
  }

  /** A height to begin at is for a new ledger, or says again where this one begins; asked once. */
  async #requireBeginning(ledger: Ledger): Promise<void> {
    const { fromHeight } = this.#options;
    if (fromHeight === undefined || this.#hasBegun) return;
    this.#hasBegun = true;
    if ((await findBlockHash(ledger.engine, fromHeight)) !== undefined) {
      if (fromHeight === 0) return;
      if ((await findBlockHash(ledger.engine, fromHeight - 1)) === undefined) return;
    }
    throw new ClewError(
      'CLEW_USAGE',
      'The ledger has blocks already and does not begin at the height of --from: leave it out to go on from its tip.',
      { from: fromHeight, tip: ledger.requireTip().height },
    );
  }

  /** Load what lies above the ledger's tip, for as long as a step may take. */
  async #append(
    open: OpenNetwork,
    node: NodeChain,
    start: number,
    tipHash: string | undefined,
    heightMax: number,
    signal?: AbortSignal,
  ): Promise<FollowStep> {
    const { ledger } = open;
    const added: Added = { blocks: 0, transactions: 0, bytes: 0 };
    const end = Math.min(node.height, heightMax);
    try {
      await this.#appendBlocks(open, end, start, tipHash, added, signal);
    } catch (error) {
      // A node that went away takes nothing with it.
      if (isOfNode(error)) await this.#settle(ledger, false);
      throw error;
    }
    await this.#settle(ledger, added.blocks > 0 && end === node.height);
    return {
      state: ledger.tip?.hash === node.hash ? 'tip' : 'more',
      node,
      height: ledger.tip?.height,
      hash: ledger.tip?.hash,
      blocksAdded: added.blocks,
      transactionsAdded: added.transactions,
      bytesAdded: added.bytes,
    };
  }

  /**
   * What was added counts.
   *
   * @param isAtTip nothing more is there for now: a checkpoint too, unless such take much of the time
   */
  async #settle(ledger: Ledger, isAtTip: boolean): Promise<void> {
    const { isPublished, now } = this.#options;
    const startMs = now();
    const isCheap = startMs - this.#publishedAtMs > PUBLISH_PAUSES * this.#publishMs;
    const isWorth = isPublished || (isAtTip && isCheap);
    try {
      await this.#writer?.settle(isWorth);
    } catch (error) {
      await this.#recover(ledger);
      throw error;
    }
    if (!isWorth) return;
    this.#publishedAtMs = now();
    this.#publishMs = this.#publishedAtMs - startMs;
  }

  async #appendBlocks(
    open: OpenNetwork,
    lastHeight: number,
    start: number,
    tipHash: string | undefined,
    added: Added,
    signal?: AbortSignal,
  ): Promise<void> {
    const { now, stepMs = 20_000 } = this.#options;
    const endMs = now() + stepMs;
    const targets = new TargetRules(open.ledger);
    let last = tipHash;
    let next = start;
    // At least one block in each step, however short it is to be.
    while (next <= lastHeight && (next === start || now() < endMs) && !signal?.aborted) {
      const count = Math.min(HEADERS_AT_ONCE, lastHeight - next + 1);
      const headers = await this.#node.headersFrom(next, count, open.network, signal);
      // It may end early because the node's chain changes just now: the next step looks again.
      if (headers.length === 0 || (last !== undefined && headers[0]!.prevHash !== last)) return;
      await targets.check(headers);
      const isEnding = (): boolean => now() >= endMs;
      for await (const block of this.#fetch.fetch(headers, signal, isEnding)) {
        await this.#add(open, block, added);
        last = block.hash;
        next = block.height + 1;
        if (signal?.aborted) return;
      }
    }
  }

  async #add(open: OpenNetwork, block: FetchedBlock, added: Added): Promise<void> {
    const writer = await this.#openWriter(open);
    const before = writer.transactions;
    try {
      writer.add(block);
    } catch (error) {
      throw isBlockDamage(error) ? lieOf(block, error) : error;
    }
    const transactions = writer.transactions - before;
    added.blocks += 1;
    added.transactions += transactions;
    added.bytes += block.bytes.length;
    const { height, hash, timeSeconds, bytes } = block;
    this.#options.onBlock?.({ height, hash, timeSeconds, transactions, bytes: bytes.length });
    await writer.breathe();
  }

  async #openWriter(open: OpenNetwork): Promise<FollowWriter> {
    if (this.#writer?.isOf(open.ledger)) return this.#writer;
    const keepRawIn = this.#options.keepRaw ? join(open.folder, 'ledger', 'raw') : undefined;
    this.#writer = await FollowWriter.open(open.ledger, { keepRawIn });
    return this.#writer;
  }

  /** The node is not on the ledger's branch, or not as far. */
  async #leaveBranch(
    open: OpenNetwork,
    node: NodeChain,
    none: Omit<FollowStep, 'state'>,
    signal?: AbortSignal,
  ): Promise<FollowStep> {
    const fork = await findFork(open.ledger, this.#node, node.height, signal);
    if (fork === undefined) return { state: 'more', ...none };
    if (!fork.isBetter) {
      return { state: fork.theirs.length === 0 ? 'behind' : 'less-work', ...none };
    }
    await new TargetRules(open.ledger).check(fork.theirs);
    const branch = new BranchStore(join(open.folder, 'branch'), open.network);
    try {
      for await (const block of this.#fetch.fetch(fork.theirs, signal)) {
        requireChecked(block, open);
        branch.add(block);
      }
      // Should the new branch break the rules, the old one is put back: from the node too, which keeps what it has left.
      const old = await this.#oldBranch(open, fork, signal);
      const added = await this.#exchange(open, fork, branch, old);
      return {
        state: open.ledger.tip?.hash === node.hash ? 'tip' : 'more',
        node,
        height: open.ledger.tip?.height,
        hash: open.ledger.tip?.hash,
        blocksAdded: added.blocks,
        transactionsAdded: added.transactions,
        bytesAdded: added.bytes,
        reorganised: {
          keptHeight: fork.keptHeight,
          blocksUndone: fork.ours.length,
          blocksLoaded: fork.theirs.length,
        },
      };
    } finally {
      branch.close();
    }
  }

  /** The blocks that are about to go; undefined when one of them can not be read anywhere, or when they are too many. */
  async #oldBranch(
    open: OpenNetwork,
    fork: Fork,
    signal?: AbortSignal,
  ): Promise<FetchedBlock[] | undefined> {
    if (fork.ours.length > EXCHANGED_AT_ONCE_MAX) return undefined;
    const old: FetchedBlock[] = [];
    for (const block of fork.ours) {
      const { height, hash, prevHash, timeSeconds, bits } = block;
      try {
        signal?.throwIfAborted();
        const bytes = await open.raw.read(block, hash);
        old.push({ height, hash, prevHash, timeSeconds, bits, bytes });
      } catch (error) {
        if (!(error instanceof ClewError)) throw error;
        return undefined;
      }
    }
    return old;
  }

  async #exchange(
    open: OpenNetwork,
    fork: Fork,
    branch: BranchStore,
    old: readonly FetchedBlock[] | undefined,
  ): Promise<Added> {
    const { ledger } = open;
    await this.finish(ledger);
    // Blocks whose files are known come back by themselves with the next `index`, were this stopped half-way.
    const files = fork.ours.filter((block) => !isNodePlace(block));
    const isWaiting = files.length > 0 && (await listWaitingBlocks(ledger.engine)).length === 0;
    const exchange = async (): Promise<Added> => {
      if (isWaiting) await keepWaiting(ledger.engine, files);
      await ledger.undoAbove(fork.keptHeight);
      const added: Added = { blocks: 0, transactions: 0, bytes: 0 };
      try {
        for (const block of branch.blocks()) await this.#add(open, block, added);
        await this.#writer!.settle(true);
      } catch (error) {
        await this.#recover(ledger);
        if (old !== undefined) await this.#putBack(open, fork, old);
        throw error;
      }
      return added;
    };
    const isShort = fork.theirs.length <= EXCHANGED_AT_ONCE_MAX;
    const added = await (isShort ? ledger.gate.switch(exchange) : exchange());
    if (isWaiting) await forgetWaiting(ledger.engine);
    return added;
  }

  async #putBack(open: OpenNetwork, fork: Fork, old: readonly FetchedBlock[]): Promise<void> {
    const { ledger } = open;
    if ((ledger.tip?.height ?? -1) > fork.keptHeight) await ledger.undoAbove(fork.keptHeight);
    const writer = await FollowWriter.open(ledger);
    for (const [i, block] of old.entries()) {
      const place = fork.ours[i]!;
      writer.add(block, isNodePlace(place) ? undefined : place);
    }
    await writer.finish();
  }

  async #recover(ledger: Ledger): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer === undefined) return;
    writer.abandon();
    // What can not be mended now (a full disk) is mended when the ledger is opened next.
    await ledger.recover().catch(() => undefined);
  }
}

/** Errors about the node and what it sent: nothing of the ledger is harmed by them. Servers of a ledger name their database. */
function isOfNode(error: unknown): boolean {
  const isOfServer = error instanceof ClewError && error.facts['database'] !== undefined;
  return error instanceof ClewError && OF_NODE.test(error.code) && !isOfServer;
}

const OF_NODE = /^CLEW_(REMOTE_|NODE_|PROXY$|NETWORK_MISMATCH$|INTERRUPTED$)/;

/** A block of a branch is checked whole before anything goes for its sake. */
function requireChecked(block: FetchedBlock, { network }: OpenNetwork): void {
  try {
    prepareBlock(block.bytes, network, block, new PreparedBlock());
  } catch (error) {
    throw isBlockDamage(error) ? lieOf(block, error) : error;
  }
}

/** Bytes from a node are not damaged by a disk: what it sent is not what was asked for. */
function lieOf({ height, hash }: NodeHeader, cause: ClewError): ClewError {
  const { code } = cause;
  return new ClewError(
    'CLEW_REMOTE_LIE',
    `The node sent something else than block ${height}.`,
    { height, hash, found: code },
    cause,
  );
}
