/** Threads that do the checks of the flow index beside this one. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ClewError } from '../../errors.ts';
import type { CheckAnswer, CheckStart } from './check-worker.ts';
import type { FlowCheckName } from './flow-checks.ts';
import type { CheckOutcome } from './run-check.ts';

/** Beside this file, and TypeScript or JavaScript as it is. */
const WORKER_FILE = `./check-worker${extname(import.meta.url)}`;

/**
 * Do checks in threads, each thread taking the next one when it is free.
 *
 * @param names in the order in which they are begun
 * @param onRows told rows done
 * @param signal stops the threads
 * @throws {ClewError} CLEW_WORKER_LOST, CLEW_INTERRUPTED
 */
export async function checkInThreads(
  start: CheckStart,
  names: readonly FlowCheckName[],
  threads: number,
  onRows: (name: FlowCheckName, rows: number) => void,
  signal: AbortSignal,
): Promise<Map<FlowCheckName, CheckOutcome>> {
  const waiting = [...names];
  const outcomes = new Map<FlowCheckName, CheckOutcome>();
  const workers: Worker[] = [];
  const stop = Promise.withResolvers<never>();
  const interrupt = (): void => {
    stop.reject(new ClewError('CLEW_INTERRUPTED', 'Checking was stopped before its end.'));
  };
  signal.addEventListener('abort', interrupt, { once: true });
  const work = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const worker = new Worker(new URL(WORKER_FILE, import.meta.url), { workerData: start });
    workers.push(worker);
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const check = name;
      outcomes.set(check, await ask(worker, check, (rows) => onRows(check, rows)));
    }
  };
  try {
    if (signal.aborted) interrupt();
    const all = Promise.all(Array.from({ length: threads }, work));
    await Promise.race([all, stop.promise]);
    return outcomes;
  } finally {
    signal.removeEventListener('abort', interrupt);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function ask(
  worker: Worker,
  name: FlowCheckName,
  onRows: (rows: number) => void,
): Promise<CheckOutcome> {
  return new Promise((resolve, reject) => {
    const lost = (cause?: unknown): void => {
      reject(
        new ClewError('CLEW_WORKER_LOST', 'A thread that checks ended.', { check: name }, cause),
      );
    };
    const take = (answer: CheckAnswer): void => {
      if (answer.outcome === undefined) {
        onRows(answer.rows);
        return;
      }
      worker.off('message', take).off('error', lost).off('exit', lost);
      resolve(answer.outcome);
    };
    worker.on('message', take).on('error', lost).on('exit', lost);
    worker.postMessage(name);
  });
}
