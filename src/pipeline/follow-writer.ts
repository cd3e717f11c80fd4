/**
 * Appends blocks that came from a node to a ledger, for as long as it follows the node: what is costly to open stays open from
 * block to block.
 */

import { listFiles } from '../ledger/block-directory.ts';
import { BlockLoader } from '../ledger/block-loader.hot.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BlockUndo } from '../ledger/spent-before.hot.ts';
import type { BlockPlace } from '../source/raw-bytes.ts';
import type { FetchedBlock } from './follow-fetch.ts';
import { LoadSession } from './load-session.ts';
import { RawCopy } from './raw-copy.ts';
import { NODE_FILE } from './raw-source.ts';

/** Inputs and outputs in a batch while there is much to catch up with. */
const BATCH_ROWS = 1_000_000;
const CHECKPOINT_ROWS = 25_000_000;

/** A node that is asked for blocks tells nothing of what they spend from before the ledger. */
const NO_UNDO: BlockUndo = { read: () => undefined, refuse: () => undefined };

export interface FollowWriterOptions {
  /** Copy each block's bytes into this folder. */
  readonly keepRawIn?: string | undefined;
  readonly checkpointRows?: number | undefined;
}

export class FollowWriter {
  readonly #ledger: Ledger;
  readonly #flow: FlowIndex;
  readonly #session: LoadSession;
  readonly #rawCopy: RawCopy | undefined;

  private constructor(
    ledger: Ledger,
    flow: FlowIndex,
    session: LoadSession,
    rawCopy: RawCopy | undefined,
  ) {
    this.#ledger = ledger;
    this.#flow = flow;
    this.#session = session;
    this.#rawCopy = rawCopy;
  }

  /** Marks the ledger as being written until `finish`. */
  static async open(ledger: Ledger, options: FollowWriterOptions = {}): Promise<FollowWriter> {
    ledger.beginWriting();
    const files = await listFiles(ledger.engine);
    const flow = await ledger.openFlowForWriting();
    const loader = new BlockLoader(flow, ledger.counters, ledger.base);
    const { keepRawIn, checkpointRows = CHECKPOINT_ROWS } = options;
    const rawCopy = keepRawIn === undefined ? undefined : new RawCopy(keepRawIn, ledger.network);
    const session = new LoadSession(ledger, flow, loader, files, rawCopy, checkpointRows);
    return new FollowWriter(ledger, flow, session, rawCopy);
  }

  /** False once somebody else wrote to the ledger, or closed it. */
  isOf(ledger: Ledger): boolean {
    return this.#ledger === ledger && ledger.written === this.#flow;
  }

  get transactions(): number {
    return this.#flow.txCount;
  }

  /**
   * Append a block, which is checked first.
   *
   * @param place where its bytes stand when that is not the node
   * @throws {ClewError} CLEW_BLOCK_DAMAGED, CLEW_BLOCK_MERKLE, CLEW_BLOCK_WITNESS: nothing was added.
   *   CLEW_BLOCK_INVALID: abandon the writer and recover the ledger
   */
  add(block: FetchedBlock, place?: BlockPlace): void {
    const { bytes, height, hash, prevHash, timeSeconds, bits } = block;
    const at = place ?? { file: NODE_FILE, offsetBytes: 0, lengthBytes: bytes.length };
    const header = { height, hash, prevHash, timeSeconds, bits };
    const copy = { place: at, facts: { height, hash } };
    this.#session.add(bytes, { ...header, ...at }, copy, NO_UNDO);
  }

  /** Send a batch on its way when enough came together; else let others have a turn. */
  async breathe(): Promise<void> {
    if (this.#session.batchRows >= BATCH_ROWS) await this.#session.commit();
    else await this.#session.breathe();
  }

  /** What was added counts. @param isPublished and readers of this process see it */
  settle(isPublished: boolean): Promise<void> {
    return this.#session.settle(isPublished);
  }

  /** What was added counts, all is on the disk, and the ledger is not being written any more. */
  async finish(): Promise<void> {
    try {
      await this.#session.finish();
    } finally {
      this.abandon();
    }
  }

  /** After a failure, before `recover`; or when the ledger is somebody else's now. */
  abandon(): void {
    this.#rawCopy?.close();
    if (this.isOf(this.#ledger)) this.#ledger.abandonWriting();
  }
}
