/**
 * Follows a node: step after step until it is stopped, waiting where there is nothing to do, and going on by itself after
 * either side was restarted.
 */
import type { NetworkName } from '../chain/network.ts';
import type { Clock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import { isPassing, type NodeClient } from '../source/node-client.ts';
import type { DataSession } from './data-session.ts';
import { type BlockAdded, ChainFollower, type FollowStep } from './follow-step.ts';

/** After a failure that will pass: twice as long each time. */
const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 15_000;
/** Within the first minute, in which a node that was restarted comes back: no longer than this. */
const WAIT_MS_MAX_AT_FIRST = 2_000;
/** Where somebody waits for the end of catching up, a node that can not be reached is waited for so long. */
const PATIENCE_MS = 60_000;
/** A cookie that the node has just exchanged, or not written yet: waited for so long. */
const AUTH_PATIENCE_MS = 60_000;

export interface FollowOptions {
  readonly fromHeight?: number;
  readonly keepRaw?: boolean;
  /** Between two looks at a node that has nothing new. */
  readonly pollMs: number;
  /** End when the ledger has all that the node has. */
  readonly isOnce?: boolean;
  /** Others of this process read and write too: they see what comes in, and writers take turns. */
  readonly isServing: boolean;
  readonly stepMs?: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: FollowEvent) => void;
}

/** What is worth telling. */
export type FollowEvent =
  /** How far it is, after each block while catching up. */
  | { readonly kind: 'progress'; readonly block: BlockAdded; readonly nodeHeight: number }
  /** Blocks are committed. */
  | { readonly kind: 'step'; readonly step: FollowStep; readonly blocks: readonly BlockAdded[] }
  /** Waiting for something; told once for each reason. */
  | { readonly kind: 'waiting'; readonly reason: ClewError | 'behind' | 'less-work' | 'syncing' }
  /** The node answers again. */
  | { readonly kind: 'resumed' };

/** Blocks of a step that are told one by one: at the tip. */
const BLOCKS_TOLD_MAX = 100;

/**
 * Follow a node until the signal is given, or with `isOnce` until the ledger has what the node has.
 *
 * @throws {ClewError} what will not pass: CLEW_NETWORK_MISMATCH, CLEW_NODE_AUTH, CLEW_NODE_BLOCK_GONE, CLEW_REMOTE_LIE,
 *   CLEW_BLOCK_INVALID (all blocks before it are in), CLEW_REMOTE_CERTIFICATE, CLEW_USAGE
 */
export async function follow(
  session: DataSession,
  network: NetworkName,
  node: NodeClient,
  options: FollowOptions,
): Promise<void> {
  await new FollowLoop(session, network, node, options).run();
}

/** How long to wait for a node, and until when. */
export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly isOnce?: boolean;
  /** Told once why it waits. */
  readonly onWaiting?: (error: ClewError) => void;
}

/**
 * The network of a node, which is waited for while it starts.
 *
 * @returns undefined when the signal came first
 * @throws {ClewError} CLEW_NETWORK_MISMATCH for a node whose first block nobody knows, and what asking a node throws
 */
export async function networkOfNode(
  node: NodeClient,
  { clock, signal, isOnce = false, onWaiting }: Patience,
): Promise<NetworkName | undefined> {
  const startedMs = clock.elapsedMs();
  for (let waitMs = WAIT_MS_MIN; !signal.aborted; waitMs = Math.min(2 * waitMs, WAIT_MS_MAX)) {
    try {
      const [network] = await node.networks(signal);
      if (network !== undefined) return network.name;
      throw new ClewError(
        'CLEW_NETWORK_MISMATCH',
        `The node at ${node.host} is of a network that Clew does not know.`,
        { host: node.host },
      );
    } catch (error) {
      if (error instanceof ClewError && error.code === 'CLEW_INTERRUPTED') return undefined;
      const isPatient = !isOnce || clock.elapsedMs() - startedMs < PATIENCE_MS;
      if (!isPassing(error) || !isPatient) throw error;
      if (waitMs === WAIT_MS_MIN) onWaiting?.(error);
      await pause(waitMs, signal);
    }
  }
  return undefined;
}

class FollowLoop {
  readonly #session: DataSession;
  readonly #network: NetworkName;
  readonly #options: FollowOptions;
  readonly #follower: ChainFollower;
  #blocks: BlockAdded[] = [];
  #nodeHeight = 0;
  #told: string | undefined;
  /** Since when there is no getting on. */
  #stuckSinceMs: number | undefined;
  #waitMs = WAIT_MS_MIN;
  #hasSucceeded = false;

  constructor(
    session: DataSession,
    network: NetworkName,
    node: NodeClient,
    options: FollowOptions,
  ) {
    this.#session = session;
    this.#network = network;
    this.#options = options;
    const { fromHeight, keepRaw, isServing, stepMs, clock } = options;
    this.#follower = new ChainFollower(node, {
      fromHeight,
      keepRaw,
      isPublished: isServing,
      stepMs,
      now: () => clock.elapsedMs(),
      onBlock: (block) => this.#note(block),
      onNode: ({ height }) => {
        this.#nodeHeight = height;
      },
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    try {
      while (!signal.aborted) {
        const pauseMs = await this.#oneStep();
        if (pauseMs === undefined) return;
        if (pauseMs > 0) await pause(pauseMs, signal);
      }
    } finally {
      if (this.#follower.isWriting) {
        await this.#withLedger(async (open) => this.#follower.finish(open.ledger));
      }
    }
  }

  /** Nobody else writes meanwhile. */
  async #withLedger<T>(
    work: (open: Parameters<Parameters<DataSession['useNetwork']>[1]>[0]) => Promise<T>,
  ): Promise<T> {
    // A command that writes has had its turn before it began.
    const { isServing } = this.#options;
    const release = isServing ? await this.#session.writeTurns.take() : () => undefined;
    try {
      return await this.#session.useNetwork(this.#network, work, 'write');
    } finally {
      release();
    }
  }

  /** @returns how long to pause before the next one; undefined at the end */
  async #oneStep(): Promise<number | undefined> {
    const { isOnce = false, pollMs, signal } = this.#options;
    this.#blocks = [];
    let step: FollowStep;
    try {
      step = await this.#withLedger((open) => this.#follower.step(open, signal));
    } catch (error) {
      if (error instanceof ClewError && error.code === 'CLEW_INTERRUPTED') return undefined;
      if (!this.#isWaitedFor(error)) {
        await this.#loadBefore(error);
        throw error;
      }
      this.#tell(error);
      const waitMs = this.#waitMs;
      const stuckMs = this.#options.clock.elapsedMs() - this.#stuckSinceMs!;
      const most = stuckMs < PATIENCE_MS ? WAIT_MS_MAX_AT_FIRST : WAIT_MS_MAX;
      this.#waitMs = Math.min(2 * waitMs, most);
      return waitMs;
    }
    this.#goesOn(step);
    if (step.blocksAdded > 0 || step.reorganised !== undefined) {
      this.#options.onEvent?.({ kind: 'step', step, blocks: this.#blocks });
    }
    if (step.state === 'more') return 0;
    if (step.state !== 'tip') {
      this.#tell(step.state);
      return isOnce && !step.node.isSyncing ? undefined : pollMs;
    }
    if (step.node.isSyncing) this.#tell('syncing');
    return isOnce && !step.node.isSyncing ? undefined : pollMs;
  }

  /** The blocks before one that breaks the rules come in all the same. */
  async #loadBefore(error: unknown): Promise<void> {
    if (!(error instanceof ClewError) || error.code !== 'CLEW_BLOCK_INVALID') return;
    const heightMax = Number(error.facts['height']) - 1;
    const { signal } = this.#options;
    await this.#withLedger((open) => this.#follower.step(open, signal, heightMax)).catch(
      () => undefined,
    );
  }

  #note(block: BlockAdded): void {
    if (this.#blocks.length < BLOCKS_TOLD_MAX) this.#blocks.push(block);
    this.#options.onEvent?.({ kind: 'progress', block, nodeHeight: this.#nodeHeight });
  }

  /** Whether to go on waiting after a failure. */
  #isWaitedFor(error: unknown): error is ClewError {
    const nowMs = this.#options.clock.elapsedMs();
    this.#stuckSinceMs ??= nowMs;
    const stuckMs = nowMs - this.#stuckSinceMs;
    if (isPassing(error) || isShardDown(error)) {
      return !this.#options.isOnce || stuckMs < PATIENCE_MS;
    }
    if (!(error instanceof ClewError) || error.code !== 'CLEW_NODE_AUTH') return false;
    // A cookie file that is not there yet, or one that the node has just written anew.
    const mayPass = error.facts['isMissing'] === true || this.#hasSucceeded;
    return mayPass && stuckMs < AUTH_PATIENCE_MS;
  }

  #goesOn(step: FollowStep): void {
    this.#hasSucceeded = true;
    const wasStuck = this.#stuckSinceMs !== undefined;
    this.#stuckSinceMs = undefined;
    this.#waitMs = WAIT_MS_MIN;
    if (wasStuck) this.#options.onEvent?.({ kind: 'resumed' });
    if (wasStuck || step.state === 'tip' || step.state === 'more') {
      if (!step.node.isSyncing) this.#told = undefined;
    }
  }

  #tell(reason: ClewError | 'behind' | 'less-work' | 'syncing'): void {
    const key = typeof reason === 'string' ? reason : reason.code;
    if (this.#told === key) return;
    this.#told = key;
    this.#options.onEvent?.({ kind: 'waiting', reason });
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}

/** A server that holds a part of the ledger may be started again, as a node may. */
function isShardDown(error: unknown): error is ClewError {
  return error instanceof ClewError && error.code === 'CLEW_SHARD_DOWN';
}
