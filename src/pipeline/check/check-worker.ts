/**
 * A thread that opens the flow index for itself, for reading, and does one check after the other.
 *
 * It is told names of checks and answers with rows done and outcomes. A fault of our own is not caught: the thread ends with it.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { getNetwork, type NetworkName } from '../../chain/network.ts';
import { openFlow } from '../../ledger/flow-store.ts';
import type { TipRecord } from '../../ledger/tip-record.ts';
import type { CheckRange } from './check-range.ts';
import { FLOW_CHECKS, type FlowCheckName } from './flow-checks.ts';
import { type CheckOutcome, runCheck } from './run-check.ts';

/** What a thread is told once. */
export interface CheckStart {
  readonly flowFolder: string;
  readonly network: NetworkName;
  readonly tip: TipRecord;
  readonly range: CheckRange;
  readonly memoryBytes: number;
}

/** Rows done since the last answer, or what came of the check. */
export type CheckAnswer =
  | { readonly rows: number; readonly outcome?: undefined }
  | { readonly rows?: undefined; readonly outcome: CheckOutcome };

async function serve(port: MessagePort, start: CheckStart): Promise<void> {
  const { flowFolder, tip, range, memoryBytes } = start;
  const network = getNetwork(start.network);
  const flow = openFlow(flowFolder, network, tip, { writable: false, memoryBytes });
  port.on('message', (name: FlowCheckName) => {
    const steps = FLOW_CHECKS[name].run(flow, range, tip);
    const answer = (message: CheckAnswer): void => port.postMessage(message);
    void runCheck(steps, (rows) => answer({ rows })).then((outcome) => answer({ outcome }));
  });
}

// In the main thread, which only takes types from here, there is no port.
if (parentPort !== null) void serve(parentPort, workerData as CheckStart);
