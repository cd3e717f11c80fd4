/**
 * The other side of `prepare-pool.ts`: a thread that reads blocks from their files and prepares them in shared memory.
 *
 * It is told slot numbers and places, and answers with the slot's number; what was wrong with single blocks goes with it. A
 * fault of our own is not caught: the thread ends with it, and the pool says so.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { getNetwork, type Network } from '../chain/network.ts';
import { ClewError, type ErrorCode, type ErrorFacts } from '../errors.ts';
import { PreparedBlock, prepareBlock } from '../ledger/prepare-block.hot.ts';
import { openRawReader, type RawReader } from '../source/raw-bytes.ts';

/** One block to prepare. */
export interface PrepareOrder {
  /** Where in the slot's memory. */
  readonly at: number;
  readonly file: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly height: number;
  readonly hash: string;
}

/** Some blocks that follow each other, to be prepared in one slot. */
export interface PrepareJob {
  readonly slot: number;
  /** The slot's memory; left out when the thread has seen it. */
  readonly memory?: SharedArrayBuffer;
  readonly orders: readonly PrepareOrder[];
}

/** A block of a job that could not be prepared. */
export interface PrepareFailure {
  /** Place in the job. */
  readonly order: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: ErrorFacts;
}

/** The job of this slot is done; only the number when all went well. */
export type PrepareAnswer =
  | number
  | { readonly slot: number; readonly failures: readonly PrepareFailure[] };

/** What a thread is told once. */
export interface PrepareStart {
  readonly network: string;
}

/** Read and prepare one block. */
function prepare(
  order: PrepareOrder,
  memory: SharedArrayBuffer,
  network: Network,
  reader: RawReader,
): void {
  const block = PreparedBlock.inMemory(memory, order.at, order.lengthBytes);
  reader.readInto(order, block.bytes);
  prepareBlock(block.bytes, network, order, block);
  block.publish();
}

function serve(port: MessagePort, { network: name }: PrepareStart): void {
  const network = getNetwork(name);
  const reader = openRawReader();
  const memories: SharedArrayBuffer[] = [];
  port.on('message', ({ slot, memory, orders }: PrepareJob) => {
    if (memory !== undefined) memories[slot] = memory;
    const failures: PrepareFailure[] = [];
    for (const [i, order] of orders.entries()) {
      try {
        prepare(order, memories[slot]!, network, reader);
      } catch (error) {
        if (!(error instanceof ClewError)) throw error;
        const { code, message, facts } = error;
        failures.push({ order: i, code, message, facts });
      }
    }
    const answer: PrepareAnswer = failures.length === 0 ? slot : { slot, failures };
    port.postMessage(answer);
  });
}

// In the main thread, which only takes types from here, there is no port.
if (parentPort !== null) serve(parentPort, workerData as PrepareStart);
