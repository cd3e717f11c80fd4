/**
 * Block files in, ledger out: reads the blocks of a source in chain order, loads them in batches, keeps
 * one batch in flight while the next is being read, and commits the tip with each.
 */
import type { ClewError, Problem } from '../errors.ts';
import { ClewError as CodedError } from '../errors.ts';
import { listBlocks, listFiles } from '../ledger/block-directory.ts';
import { BlockLoader } from '../ledger/block-loader.hot.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BlockSource, SourceBlock } from '../source/block-source.ts';
import { type BlockPlace, openRawReader } from '../source/raw-bytes.ts';
import type { BlockHash } from '../units/ids.ts';
import { planLoad } from './load-plan.ts';
import { RawCopy } from './raw-copy.ts';

/** Inputs and outputs in a batch: enough for large inserts, little enough to stay small in memory. */
const BATCH_ROWS = 300_000;

export interface IndexProgress {
  readonly blocksDone: number;
  readonly blocksTotal: number;
  readonly transactions: number;
  readonly height: number;
  readonly bytesDone: number;
}

export interface IndexOptions {
  /** Copy each block's bytes into the data folder. */
  readonly keepRawIn?: string;
  /** Inputs and outputs in a batch; smaller ones commit more often. */
  readonly batchRows?: number;
  readonly onProgress?: (progress: IndexProgress) => void;
  readonly signal?: AbortSignal;
}

export interface IndexResult {
  readonly plan: 'nothing' | 'append' | 'reorganise' | 'reload' | 'stale';
  readonly blocksAdded: number;
  readonly transactionsAdded: number;
  readonly bytesRead: number;
  /** Undone by a reorganisation: the height above which blocks were dropped. */
  readonly undoneAboveHeight?: number;
  readonly problems: readonly Problem[];
}

/**
 * Bring a ledger up to the best chain of a source.
 *
 * A block whose bytes are damaged is reported and left out; the blocks after it go on as a window of their own.
 *
 * @throws {ClewError} CLEW_INTERRUPTED after a stop was asked for: everything read so far is committed
 */
export async function indexBlocks(
  ledger: Ledger,
  source: BlockSource,
  options: IndexOptions = {},
): Promise<IndexResult> {
  const known = await listBlocks(ledger.engine);
  const plan = planLoad(known, source.blocks);
  const nothing = { blocksAdded: 0, transactionsAdded: 0, bytesRead: 0 };
  if (plan.kind === 'nothing') return { plan: plan.kind, ...nothing, problems: [] };
  if (plan.kind === 'stale') {
    return { plan: plan.kind, ...nothing, problems: plan.blocks.map(staleProblem) };
  }
  let blocks: readonly SourceBlock[] = plan.blocks;
  if (plan.kind === 'reload') {
    const files = await listFiles(ledger.engine);
    blocks = mergeBlocks(
      known.map((block) => ({
        file: files[block.fileId]!,
        offsetBytes: block.fileOffset,
        lengthBytes: block.sizeBytes,
        height: block.height,
        hash: block.hash,
        prevHash: block.prevHash,
        timeSeconds: block.timeSeconds,
        bits: block.bits,
      })),
      plan.blocks,
    );
    await ledger.clear();
  }
  if (plan.kind === 'reorganise') await ledger.undoAbove(plan.undoAboveHeight);
  const result = await loadBlocks(ledger, source, blocks, options);
  return {
    plan: plan.kind,
    ...result,
    ...(plan.kind === 'reorganise' ? { undoneAboveHeight: plan.undoAboveHeight } : {}),
  };
}

function staleProblem(block: SourceBlock): Problem {
  return {
    code: 'CLEW_BLOCK_STALE',
    message: `Block ${block.height} lies on a branch with no more work than the ledger's.`,
    facts: {
      height: block.height,
      hash: block.hash,
      file: block.file,
      offset: block.offsetBytes,
    },
  };
}

/** Both lists by height; where both have a block, the newly offered one. */
function mergeBlocks(known: readonly SourceBlock[], fresh: readonly SourceBlock[]): SourceBlock[] {
  const byHeight = new Map<number, SourceBlock>();
  for (const block of known) byHeight.set(block.height, block);
  for (const block of fresh) byHeight.set(block.height, block);
  return [...byHeight.values()].sort((a, b) => a.height - b.height);
}

async function loadBlocks(
  ledger: Ledger,
  source: BlockSource,
  blocks: readonly SourceBlock[],
  options: IndexOptions,
): Promise<Omit<IndexResult, 'plan'>> {
  ledger.beginWriting();
  const flow = await ledger.openFlowForWriting();
  const loader = new BlockLoader(flow, ledger.counters);
  const reader = openRawReader();
  const rawCopy =
    options.keepRawIn === undefined ? undefined : new RawCopy(options.keepRawIn, ledger.network);
  const files = await listFiles(ledger.engine);
  const session = new LoadSession(ledger, flow, loader, files, rawCopy);
  const batchRows = options.batchRows ?? BATCH_ROWS;
  const problems: Problem[] = [];
  const transactionsBefore = flow.txCount;
  let blocksAdded = 0;
  let bytesRead = 0;
  try {
    for (const block of blocks) {
      if (options.signal?.aborted) break;
      for (const place of [block, ...source.otherCopies(block.hash)]) {
        const bytes = reader.read(place);
        bytesRead += bytes.length;
        const added = session.add(bytes, block, place, problems);
        if (!added) continue;
        blocksAdded += 1;
        break;
      }
      if (session.batchRows >= batchRows) await session.commit();
      else await session.breathe();
      options.onProgress?.({
        blocksDone: blocksAdded,
        blocksTotal: blocks.length,
        transactions: flow.txCount,
        height: block.height,
        bytesDone: bytesRead,
      });
    }
    await session.finish();
  } finally {
    reader.close();
    rawCopy?.close();
    flow.close();
  }
  if (options.signal?.aborted) {
    throw new CodedError('CLEW_INTERRUPTED', 'Indexing was stopped; what was read is committed.', {
      height: ledger.tip?.height ?? null,
    });
  }
  return { blocksAdded, transactionsAdded: flow.txCount - transactionsBefore, bytesRead, problems };
}

/** One run of loading: the batch being filled and the one on its way. */
class LoadSession {
  readonly #ledger: Ledger;
  readonly #flow: FlowIndex;
  readonly #loader: BlockLoader;
  readonly #rawCopy: RawCopy | undefined;
  readonly #fileIds = new Map<string, number>();
  #files: number;
  #inFlight: Promise<void> = Promise.resolve();
  #failure: unknown;
  #rowsAtCommit: number;
  #tip: { height: number; hash: string } | undefined;
  #committed = true;
  #lastBreath = 0;

  constructor(
    ledger: Ledger,
    flow: FlowIndex,
    loader: BlockLoader,
    files: readonly string[],
    rawCopy: RawCopy | undefined,
  ) {
    this.#rawCopy = rawCopy;
    this.#ledger = ledger;
    this.#flow = flow;
    this.#loader = loader;
    this.#files = files.length;
    for (const [fileId, path] of files.entries()) this.#fileIds.set(path, fileId);
    this.#rowsAtCommit = flow.inputCount + flow.outputCount;
  }

  get batchRows(): number {
    return this.#flow.inputCount + this.#flow.outputCount - this.#rowsAtCommit;
  }

  /** @returns false when the block was damaged and left out, with the reason added to the problems */
  add(bytes: Uint8Array, block: SourceBlock, place: BlockPlace, problems: Problem[]): boolean {
    try {
      const kept = this.#rawCopy?.nextPlace(bytes.length) ?? place;
      this.#loader.addBlock(bytes, {
        height: block.height,
        hash: block.hash,
        fileId: this.#fileId(kept.file),
        fileOffset: kept.offsetBytes,
      });
      this.#rawCopy?.add(bytes);
    } catch (error) {
      if (!isBlockDamage(error)) throw error;
      problems.push({
        code: error.code,
        message: error.message,
        facts: {
          file: place.file,
          offset: place.offsetBytes,
          height: block.height,
          hash: block.hash,
        },
      });
      return false;
    }
    this.#tip = { height: block.height, hash: block.hash };
    this.#committed = false;
    return true;
  }

  #fileId(path: string): number {
    const known = this.#fileIds.get(path);
    if (known !== undefined) return known;
    const fileId = this.#files;
    this.#files += 1;
    this.#fileIds.set(path, fileId);
    this.#watch(this.#ledger.addFile(fileId, path));
    return fileId;
  }

  #watch(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#failure ??= error;
    });
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
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#committed || this.#tip === undefined) return;
    this.#inFlight = this.#ledger.commit(this.#loader.rows, this.#flow, this.#loader.counters, {
      ...this.#tip,
      files: this.#files,
    });
    this.#watch(this.#inFlight);
    this.#rowsAtCommit = this.#flow.inputCount + this.#flow.outputCount;
    this.#committed = true;
  }

  /** Commit the rest, and the flow index with it. */
  async finish(): Promise<void> {
    await this.commit();
    await this.#inFlight;
    const tip = this.#ledger.tip;
    if (tip !== undefined) this.#flow.commit({ height: tip.height, hash: tip.hash as BlockHash });
    this.#ledger.endWriting();
  }
}

const DAMAGE = new Set(['CLEW_BLOCK_DAMAGED', 'CLEW_BLOCK_MERKLE', 'CLEW_BLOCK_WITNESS']);

function isBlockDamage(error: unknown): error is ClewError {
  return error instanceof CodedError && DAMAGE.has(error.code);
}
