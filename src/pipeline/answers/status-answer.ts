/** The answer of `clew status`, the same for the command line and the server. */
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { Ledger } from '../../ledger/ledger.ts';

/** Amounts in satoshi are decimal strings: totals may pass 2^53. */
export interface StatusAnswer {
  readonly format: 'clew-status/1';
  readonly network: string;
  readonly tip: { readonly height: number; readonly hash: string; readonly timeSeconds: number };
  readonly blocks: number;
  readonly transactions: number;
  /** Coinbases left out. */
  readonly inputs: number;
  readonly outputs: number;
  readonly addresses: number;
  readonly unspent: { readonly count: number; readonly value: string };
  /** Null when of some inputs it is not known what they spend. */
  readonly fees: string | null;
  /** Inputs that spend from outside what was indexed, of which nothing is known. */
  readonly unknownInputs: number;
  /** Inputs that spend from outside what was indexed, of which undo data tells value and script. */
  readonly undoInputs: number;
  /** Clusters with at least one address, single addresses counted too; null before the first run. */
  readonly clusters: number | null;
  readonly clusterRun: string | null;
  /** Heights that link without a gap. */
  readonly windows: readonly { readonly heightMin: number; readonly heightMax: number }[];
}

/** @param clusters of the run at the tip, when there is one */
export function answerStatus(
  ledger: Ledger,
  flow: FlowIndex,
  clusters: { readonly runId: string; readonly clusterCount: number } | undefined,
): StatusAnswer {
  const tip = ledger.tipOf(flow);
  const counters = ledger.countersOf(flow);
  return {
    format: 'clew-status/1',
    network: ledger.network.name,
    tip: {
      height: tip.height,
      hash: tip.hash,
      timeSeconds: flow.blockTime.at(flow.blockCount - 1),
    },
    blocks: counters.blocks,
    transactions: counters.transactions,
    inputs: counters.inputs,
    outputs: counters.outputs,
    addresses: counters.addresses,
    unspent: { count: counters.unspentCount, value: counters.unspentSats.toString() },
    fees: counters.unknownInputs === 0 ? counters.knownFeesSats.toString() : null,
    unknownInputs: counters.unknownInputs,
    undoInputs: counters.undoInputs,
    clusters: clusters?.clusterCount ?? null,
    clusterRun: clusters?.runId ?? null,
    windows: listWindows(flow),
  };
}

function listWindows(flow: FlowIndex): { heightMin: number; heightMax: number }[] {
  const windows: { heightMin: number; heightMax: number }[] = [];
  for (let block = 0; block < flow.blockCount; block += 1) {
    const height = flow.blockHeight.at(block);
    const last = windows.at(-1);
    if (last !== undefined && last.heightMax === height - 1) last.heightMax = height;
    else windows.push({ heightMin: height, heightMax: height });
  }
  return windows;
}
