/**
 * Threads that read and prepare blocks ahead of the one that fills the ledger.
 *
 *   blocks ──► jobs of some 2 MB ──► slots of shared memory, filled by the threads ──► `next()`, in order
 *
 * A slot is filled, read, and filled again: there are twice as many as threads and one more, so memory is bounded whatever the
 * chain. Between threads go slot numbers and places of blocks, never their contents.
 *
 * A block that is damaged or can not be read is an answer like another, and the pool goes on. A thread that dies ends it.
 */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ClewError } from '../errors.ts';
import { PreparedBlock, preparedMemoryBytes } from '../ledger/prepare-block.hot.ts';
import type { SourceBlock } from '../source/block-source.ts';
import type {
  PrepareAnswer,
  PrepareFailure,
  PrepareJob,
  PrepareOrder,
  PrepareStart,
} from './prepare-worker.ts';

/** Beside this file, and TypeScript or JavaScript as it is. */
const WORKER_FILE = `./prepare-worker${extname(import.meta.url)}`;
/** Block bytes in a job, unless one block alone has more: enough to forget the message, little enough to stay in caches. */
const JOB_BYTES = 2_000_000;
/** Blocks in a job: the early ones have 200 bytes. */
const JOB_BLOCKS_MAX = 1_000;
/** Memory of a slot, unless one block alone needs more. Most of it is never touched, and takes no room then. */
const SLOT_BYTES = preparedMemoryBytes(JOB_BYTES) + JOB_BLOCKS_MAX * preparedMemoryBytes(0);
/** Less than this is prepared sooner than a thread has started (some 50 ms). */
const WORTH_THREADS_BYTES = 8_000_000;

/** A block out of the pool: prepared, or the error that preparing it met. */
export type PreparedOrError =
  | { readonly prepared: PreparedBlock; readonly error?: undefined }
  | { readonly prepared?: undefined; readonly error: ClewError };

interface RunningJob {
  readonly slot: number;
  readonly orders: readonly PrepareOrder[];
  readonly worker: WorkerState;
  failures: readonly PrepareFailure[];
  isDone: boolean;
}

interface WorkerState {
  readonly worker: Worker;
  /** Slots whose memory it has seen, by their number. */
  readonly seen: SharedArrayBuffer[];
  jobs: number;
}

/**
 * How many threads to prepare these blocks with: none when they are soon done without, else all cores but one.
 *
 * @param asked a number that was asked for, which counts
 */
export function threadsFor(blocks: readonly SourceBlock[], asked?: number): number {
  if (asked !== undefined) return asked;
  let bytes = 0;
  for (const { lengthBytes } of blocks) {
    bytes += lengthBytes;
    if (bytes >= WORTH_THREADS_BYTES) return Math.max(1, availableParallelism() - 1);
  }
  return 0;
}

export class PreparePool {
  readonly #blocks: readonly SourceBlock[];
  readonly #workers: WorkerState[] = [];
  readonly #memories: (SharedArrayBuffer | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Jobs given out, in the order of their blocks; the first one is being read. */
  readonly #jobs: RunningJob[] = [];
  #nextBlock = 0;
  /** Place in the first job of the block that comes next. */
  #nextOrder = 0;
  #failure: ClewError | undefined;
  #wake: (() => void) | undefined;
  #isClosing = false;

  /**
   * Start the threads; they begin at once.
   *
   * @param blocks to be prepared, in the order in which they will be asked for
   * @param network name of whose blocks they are
   * @param threads at least 1
   */
  constructor(blocks: readonly SourceBlock[], network: string, threads: number) {
    this.#blocks = blocks;
    const start: PrepareStart = { network };
    for (let i = 0; i < threads; i += 1) {
      const worker = new Worker(new URL(WORKER_FILE, import.meta.url), { workerData: start });
      const state: WorkerState = { worker, seen: [], jobs: 0 };
      worker.on('message', (answer: PrepareAnswer) => this.#take(answer));
      worker.on('error', (cause) => this.#fail(cause));
      worker.on('exit', () => this.#fail(undefined));
      this.#workers.push(state);
    }
    for (let slot = 2 * threads; slot >= 0; slot -= 1) this.#freeSlots.push(slot);
    this.#giveOut();
  }

  #fail(cause: unknown): void {
    if (this.#isClosing) return;
    this.#failure ??= new ClewError(
      'CLEW_WORKER_LOST',
      'A thread that prepares blocks ended.',
      {},
      cause,
    );
    this.#wake?.();
  }

  #take(answer: PrepareAnswer): void {
    const slot = typeof answer === 'number' ? answer : answer.slot;
    const job = this.#jobs.find((each) => each.slot === slot)!;
    if (typeof answer !== 'number') job.failures = answer.failures;
    job.isDone = true;
    job.worker.jobs -= 1;
    this.#wake?.();
  }

  /** Fill every free slot with a job. */
  #giveOut(): void {
    while (this.#freeSlots.length > 0 && this.#nextBlock < this.#blocks.length) {
      const slot = this.#freeSlots.pop()!;
      const { orders, memoryBytes } = this.#nextOrders();
      let memory = this.#memories[slot];
      if (memory === undefined || memory.byteLength < memoryBytes) {
        memory = new SharedArrayBuffer(Math.max(SLOT_BYTES, memoryBytes));
        this.#memories[slot] = memory;
      }
      const idlest = this.#workers.reduce((a, b) => (b.jobs < a.jobs ? b : a));
      const isSeen = idlest.seen[slot] === memory;
      idlest.seen[slot] = memory;
      idlest.jobs += 1;
      this.#jobs.push({ slot, orders, worker: idlest, failures: [], isDone: false });
      const job: PrepareJob = { slot, orders, ...(isSeen ? {} : { memory }) };
      idlest.worker.postMessage(job);
    }
  }

  #nextOrders(): { orders: PrepareOrder[]; memoryBytes: number } {
    const orders: PrepareOrder[] = [];
    let bytes = 0;
    let at = 0;
    while (this.#nextBlock < this.#blocks.length && orders.length < JOB_BLOCKS_MAX) {
      const { file, offsetBytes, lengthBytes, height, hash } = this.#blocks[this.#nextBlock]!;
      bytes += lengthBytes;
      if (bytes > JOB_BYTES && orders.length > 0) break;
      orders.push({ at, file, offsetBytes, lengthBytes, height, hash });
      at += preparedMemoryBytes(lengthBytes);
      this.#nextBlock += 1;
    }
    return { orders, memoryBytes: at };
  }

  /**
   * The next block, or undefined after the last one. It is valid until `next` or `close` is called.
   *
   * @throws {ClewError} CLEW_WORKER_LOST
   */
  async next(): Promise<PreparedOrError | undefined> {
    if (this.#nextOrder === this.#jobs[0]?.orders.length) {
      this.#freeSlots.push(this.#jobs.shift()!.slot);
      this.#nextOrder = 0;
      this.#giveOut();
    }
    const job = this.#jobs[0];
    if (job === undefined) return undefined;
    while (!job.isDone) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const at = this.#nextOrder;
    this.#nextOrder += 1;
    const failure = job.failures.find(({ order }) => order === at);
    if (failure !== undefined) {
      return { error: new ClewError(failure.code, failure.message, failure.facts) };
    }
    const order = job.orders[at]!;
    const memory = this.#memories[job.slot]!;
    const prepared = PreparedBlock.inMemory(memory, order.at, order.lengthBytes);
    prepared.receive();
    return { prepared };
  }

  /** Stop the threads, whatever they are doing. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }
}
