/** One run of loading: the batch that is being filled, and the one on its way into the tables. */
import type { BlockLoader, BlockMeta } from '../ledger/block-loader.hot.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PreparedBlock } from '../ledger/prepare-block.hot.ts';
import type { BlockUndo } from '../ledger/spent-before.hot.ts';
import type { SourceBlock } from '../source/block-source.ts';
import { type BlockCopy, withFacts } from './block-places.ts';
import type { RawCopy } from './raw-copy.ts';

export class LoadSession {
  readonly #ledger: Ledger;
  readonly #flow: FlowIndex;
  readonly #loader: BlockLoader;
  readonly #rawCopy: RawCopy | undefined;
  readonly #fileIds = new Map<string, number>();
  #inFlight: Promise<void> = Promise.resolve();
  #failure: unknown;
  #rowsAtCommit: number;
  #rowsAtCheckpoint: number;
  readonly #checkpointRows: number;
  #tip: { height: number; hash: string } | undefined;
  #committed = true;
  #lastBreath = 0;

  /**
   * @param files paths of the files that the ledger knows, by number
   * @param checkpointRows inputs and outputs between two checkpoints: what is linked again after a kill, at most
   */
  constructor(
    ledger: Ledger,
    flow: FlowIndex,
    loader: BlockLoader,
    files: readonly string[],
    rawCopy: RawCopy | undefined,
    checkpointRows: number,
  ) {
    this.#checkpointRows = checkpointRows;
    this.#rawCopy = rawCopy;
    this.#ledger = ledger;
    this.#flow = flow;
    this.#loader = loader;
    for (const [fileId, path] of files.entries()) this.#fileIds.set(path, fileId);
    this.#rowsAtCommit = flow.inputCount + flow.outputCount;
    this.#rowsAtCheckpoint = this.#rowsAtCommit;
  }

  /** Inputs and outputs since the last commit. */
  get batchRows(): number {
    return this.#flow.inputCount + this.#flow.outputCount - this.#rowsAtCommit;
  }

  /**
   * Append a block.
   *
   * @param undo asked when the block spends from before the ledger
   * @throws {ClewError} CLEW_BLOCK_DAMAGED, CLEW_BLOCK_MERKLE, CLEW_BLOCK_WITNESS: nothing was added.
   *   CLEW_BLOCK_INVALID: the batch must be thrown away.
   */
  add(bytes: Uint8Array, block: SourceBlock, copy: BlockCopy, undo: BlockUndo): void {
    this.#append(bytes, block, copy, (meta) => this.#loader.addBlock(bytes, meta, undo));
  }

  /**
   * Append a block that a thread has read and checked.
   *
   * @throws {ClewError} CLEW_BLOCK_INVALID: the batch must be thrown away.
   */
  addPrepared(prepared: PreparedBlock, block: SourceBlock, copy: BlockCopy, undo: BlockUndo): void {
    const { bytes } = prepared;
    this.#append(bytes, block, copy, (meta) => this.#loader.addPrepared(prepared, meta, undo));
  }

  #append(
    bytes: Uint8Array,
    block: SourceBlock,
    copy: BlockCopy,
    load: (meta: BlockMeta) => void,
  ): void {
    const { place } = copy;
    const rawCopy = this.#rawCopy?.holds(place) ? undefined : this.#rawCopy;
    const kept = rawCopy?.nextPlace(bytes.length) ?? place;
    try {
      load({
        height: block.height,
        hash: block.hash,
        fileId: this.#fileId(kept.file),
        fileOffset: kept.offsetBytes,
      });
    } catch (error) {
      throw withFacts(error, copy);
    }
    rawCopy?.add(bytes);
    this.#tip = { height: block.height, hash: block.hash };
    this.#committed = false;
  }

  #fileId(path: string): number {
    const known = this.#fileIds.get(path);
    if (known !== undefined) return known;
    const fileId = this.#fileIds.size;
    this.#fileIds.set(path, fileId);
    const { file_id, path: paths } = this.#loader.rows.files;
    file_id.push(fileId);
    paths.pushText(path);
    return fileId;
  }

  /** Let the engine's answers in, a few times a second; fail with what it failed with. */
  async breathe(): Promise<void> {
    const now = performance.now();
    if (now - this.#lastBreath < 5) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastBreath = performance.now();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Wait for the batch on its way, then send the one just filled. */
  async commit(): Promise<void> {
    await this.#inFlight;
    if (this.#committed || this.#tip === undefined) return;
    this.#inFlight = this.#ledger.commit(this.#loader.rows, this.#flow, this.#loader.counters, {
      ...this.#tip,
      files: this.#fileIds.size,
    });
    this.#inFlight.catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#rowsAtCommit = this.#flow.inputCount + this.#flow.outputCount;
    this.#committed = true;
    if (this.#rowsAtCommit - this.#rowsAtCheckpoint < this.#checkpointRows) return;
    await this.#inFlight;
    await this.#ledger.checkpoint(false);
    this.#rowsAtCheckpoint = this.#rowsAtCommit;
  }

  /**
   * Commit what was added, wait until it counts, and go on afterwards.
   *
   * @param isPublished put the flow index on the disk too, where readers of this process see it
   */
  async settle(isPublished: boolean): Promise<void> {
    await this.commit();
    await this.#inFlight;
    if (!isPublished || this.#rowsAtCheckpoint === this.#rowsAtCommit) return;
    // As at an end: keys go to files when they are many, or each reader would have to find them again.
    await this.#ledger.checkpoint(true);
    this.#rowsAtCheckpoint = this.#rowsAtCommit;
  }

  /** Commit the rest, and put the flow index on the disk. */
  async finish(): Promise<void> {
    await this.commit();
    await this.#inFlight;
    if (this.#ledger.tip !== undefined) await this.#ledger.finishWriting();
  }
}
