/** `clew index`: block files into a network's ledger, then its clusters. */
import { join } from 'node:path';
import type { NetworkName } from '../chain/network.ts';
import type { Problem } from '../errors.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import type { ScanProgress } from '../source/source-scan.ts';
import type { StatusAnswer } from './answers/status-answer.ts';
import { type IndexProgress, type IndexResult, indexBlocks } from './index-blocks.ts';
import type { OpenNetwork } from './open-network.ts';

export interface IndexNetworkOptions {
  /** Copy the blocks' bytes into the data folder. */
  readonly keepRaw?: boolean;
  /** Threads that prepare blocks; when left out, all cores but one. */
  readonly threads?: number;
  readonly onProgress?: (progress: IndexProgress) => void;
  /** Told when clustering begins. */
  readonly onCluster?: () => void;
  readonly signal?: AbortSignal;
}

export interface IndexNetworkResult extends IndexResult {
  readonly status: StatusAnswer;
}

/** Blocks at a path, which can be linked again once it is known what ledger they come to. */
export interface OpenedBlocks extends BlockSource {
  /** The same, with a ledger's tip kept on the best chain while no branch has more work. */
  following(tipHash: string): Promise<BlockSource>;
}

/**
 * Open the blocks at a path. The network is recognised from the files unless it is given.
 *
 * @throws {ClewError} CLEW_FOLDER_MISSING, CLEW_BLOCKS_NONE, CLEW_NETWORK_AMBIGUOUS, CLEW_NETWORK_MISMATCH, CLEW_XOR_KEY_SIZE
 */
export async function openBlocks(
  path: string,
  options: {
    readonly network?: NetworkName;
    readonly height?: number;
    readonly onProgress?: (progress: ScanProgress) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<OpenedBlocks> {
  const source = await openBlockSource(path, options);
  return Object.assign(source, {
    following: (tipHash: string) => openBlockSource(path, { ...options, tipHash }),
  });
}

/** The best chain by the ledger's lights: of two branches with equal work the one that it follows. */
async function linkedTo(network: OpenNetwork, source: OpenedBlocks): Promise<BlockSource> {
  const tipHash = network.ledger.tip?.hash;
  // Only then can the other branch have been chosen, and the files must be looked at again.
  const isStale = source.staleBlocks.some(({ hash }) => hash === tipHash);
  return isStale && tipHash !== undefined ? source.following(tipHash) : source;
}

/**
 * Bring a network's ledger up to the blocks of a source, and cluster what is there.
 *
 * @returns what was added and found wrong, the source's own findings first
 * @throws {ClewError} CLEW_INTERRUPTED: what was read is committed, the rest is left for the next run
 */
export async function indexNetwork(
  network: OpenNetwork,
  opened: OpenedBlocks,
  options: IndexNetworkOptions = {},
): Promise<IndexNetworkResult> {
  const source = await linkedTo(network, opened);
  const result = await indexBlocks(network.ledger, source, {
    ...(options.keepRaw ? { keepRawIn: join(network.folder, 'ledger', 'raw') } : {}),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  network.refresh();
  options.onCluster?.();
  await network.run();
  const problems: Problem[] = [...source.problems, ...result.problems];
  return { ...result, problems, status: await network.status() };
}

/**
 * `clew index --rebuild-flow`: the flow index and the clusters made anew from the ledger's tables.
 *
 * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_LEDGER_DAMAGED
 */
export async function rebuildNetwork(network: OpenNetwork): Promise<StatusAnswer> {
  await network.ledger.rebuildFlow();
  network.refresh();
  network.forgetRuns();
  return network.status();
}
