/**
 * Where a ledger's chain and a node's part, found by asking both sides for a few heights, never for all.
 *
 * As everywhere only work counts: a branch takes the place of another when it has more of it, and with equal work what is in
 * the ledger stays.
 */
import type { Network } from '../chain/network.ts';
import { workFromBits } from '../chain/proof-of-work.ts';
import { type LedgerBlock, listBlocksBetween } from '../ledger/block-directory.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeClient, NodeHeader } from '../source/node-client.ts';

/** Two branches that leave the same block. */
export interface Fork {
  /** The last height that stays: of the last block that both have, or the one below a window that has none in common. */
  readonly keptHeight: number;
  /** The hash of that block; undefined when both have none in common. */
  readonly keptHash: string | undefined;
  /** The ledger's blocks above it, by height. */
  readonly ours: readonly LedgerBlock[];
  /** The node's headers above it, as many as it takes to have more work than ours, or all that there are. */
  readonly theirs: readonly NodeHeader[];
  /** Theirs has more work than ours. */
  readonly isBetter: boolean;
}

/** Heights that are compared first; each further step takes four times as many. */
const FIRST_STEP = 16;
const HEADERS_AT_ONCE = 500;

/** The sum of the work of headers. */
export function workOf(headers: readonly { readonly bits: number }[]): bigint {
  return headers.reduce((sum, { bits }) => sum + workFromBits(bits), 0n);
}

/**
 * Compare the chains of a ledger, which has blocks, and a node.
 *
 * @param nodeHeight where the node is; heights above it are not asked for
 * @returns undefined when the node's chain changed while it was asked: ask again
 * @throws {ClewError} CLEW_REMOTE_LIE and what asking throws
 */
export async function findFork(
  ledger: Ledger,
  node: Pick<NodeClient, 'hashesAt' | 'headersFrom'>,
  nodeHeight: number,
  signal?: AbortSignal,
): Promise<Fork | undefined> {
  const tip = ledger.requireTip();
  const kept = await lastShared(ledger, node, Math.min(tip.height, nodeHeight), signal);
  const ours = await listBlocksBetween(ledger.engine, kept.height + 1, tip.height);
  const work = workOf(ours);
  const theirs = await headersWithWork(node, kept.height + 1, work, ledger.network, signal);
  const [first] = theirs;
  if (first !== undefined && kept.hash !== undefined && first.prevHash !== kept.hash) {
    return undefined;
  }
  // A node that fetches blocks itself has come further since.
  if (first !== undefined && first.hash === ours[0]?.hash) return undefined;
  return {
    keptHeight: kept.height,
    keptHash: kept.hash,
    ours,
    theirs,
    isBetter: workOf(theirs) > work,
  };
}

/** The last block of the ledger's last window that the node has too; the height below the window when there is none. */
async function lastShared(
  ledger: Ledger,
  node: Pick<NodeClient, 'hashesAt'>,
  fromHeight: number,
  signal?: AbortSignal,
): Promise<{ readonly height: number; readonly hash: string | undefined }> {
  let top = fromHeight;
  for (let step = FIRST_STEP; ; step *= 4) {
    const bottom = Math.max(0, top - step + 1);
    const found = await listBlocksBetween(ledger.engine, bottom, top);
    // What lies below a gap is another window.
    let from = found.length;
    while (from > 0 && found[from - 1]!.height === top - (found.length - from)) from -= 1;
    const blocks = found.slice(from);
    const heights = blocks.map(({ height }) => height);
    const hashes = await node.hashesAt(heights, signal);
    const at = blocks.findLastIndex(({ hash }, i) => hash === hashes[i]);
    if (at !== -1) return { height: blocks[at]!.height, hash: blocks[at]!.hash };
    if (blocks.length < top - bottom + 1 || bottom === 0) {
      return { height: (blocks[0]?.height ?? top + 1) - 1, hash: undefined };
    }
    top = bottom - 1;
  }
}

async function headersWithWork(
  node: Pick<NodeClient, 'headersFrom'>,
  heightMin: number,
  work: bigint,
  network: Network,
  signal?: AbortSignal,
): Promise<NodeHeader[]> {
  const headers: NodeHeader[] = [];
  let sum = 0n;
  while (sum <= work) {
    const height = heightMin + headers.length;
    const some = await node.headersFrom(height, HEADERS_AT_ONCE, network, signal);
    const last = headers.at(-1);
    if (some.length === 0 || (last !== undefined && some[0]!.prevHash !== last.hash)) break;
    for (const header of some) {
      headers.push(header);
      sum += workFromBits(header.bits);
      if (sum > work) break;
    }
  }
  return headers;
}
