/**
 * Blocks from files: a folder of Bitcoin Core block files, a folder of raw blocks, or one file.
 *
 * Opening reads every header once and finds the best chain; bodies are read later, one by one. What is wrong with the
 * files does not stop the work: it is listed in `problems` with file and offset, and the rest is used. Only
 * when nothing can be used does opening fail.
 */
import { displayToHash, isHex } from '../bytes/hex.ts';
import { getNetwork, type Network, type NetworkName } from '../chain/network.ts';
import { ClewError, type ErrorFacts, type Problem } from '../errors.ts';
import { findBlockFiles } from './block-folder.ts';
import { settleFailedHeaders } from './header-repair.ts';
import { type BlockWindow, type LinkedBlocks, linkBlocks } from './header-tree.ts';
import { ProblemList } from './problem-list.ts';
import { type BlockPlace, openRawReader, type RawReader } from './raw-bytes.ts';
import { NO_BLOCK, NO_HEIGHT, type ScannedBlocks } from './scanned-blocks.ts';
import { chooseNetwork, trueNetwork } from './source-network.ts';
import { type ScanProgress, SourceScan } from './source-scan.ts';
import { readXorKey } from './xor-key.ts';

/** A block of the chain and where its bytes stand. */
export interface SourceBlock extends BlockPlace {
  readonly height: number;
  /** As people write it. */
  readonly hash: string;
  readonly prevHash: string;
  /** What the miner wrote, seconds since 1970. */
  readonly timeSeconds: number;
  readonly bits: number;
}

export interface BlockSourceOptions {
  /** Which network to take; recognised from the files when left out. */
  readonly network?: NetworkName | undefined;
  /** Height of the first block that has none by itself: it links to no genesis block and names no height. */
  readonly height?: number | undefined;
  /** Hash of the block that a ledger ends with: it stays on the best chain while no branch has more work. */
  readonly tipHash?: string | undefined;
  readonly onProgress?: ((progress: ScanProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BlockSource {
  readonly network: Network;
  /** The best chain by rising height; windows follow each other. */
  readonly blocks: readonly SourceBlock[];
  /** Heights that link without a gap. */
  readonly windows: readonly BlockWindow[];
  readonly problems: readonly Problem[];
  /** Blocks on branches with less work. */
  readonly staleBlocks: readonly SourceBlock[];
  readonly xorKey: Uint8Array | undefined;
  /**
   * The bytes of a block, as a fresh array.
   *
   * @throws {ClewError} CLEW_RAW_GONE, CLEW_FILE_UNREADABLE
   */
  readBlock(place: BlockPlace): Uint8Array;
  /** Further copies of a block, in case the first one turns out to be damaged. */
  otherCopies(hash: string): readonly BlockPlace[];
  /** File, offset of the record, hash and height of a block: the facts of a finding about it. */
  factsOf(block: SourceBlock): ErrorFacts;
  close(): void;
}

/** Bare blocks join the framed ones of the chosen network. */
function joinBareBlocks(scan: SourceScan, network: Network): ScannedBlocks {
  const framed = scan.framed.get(network.name);
  if (framed === undefined) return scan.bare;
  for (let row = 0; row < scan.bare.count; row += 1) framed.copyFrom(scan.bare, row);
  return framed;
}

/** Bitcoin Cash has Bitcoin's first blocks and its magic: from where they parted, the blocks tell. */
function requireOwnBlocks(
  blocks: ScannedBlocks,
  linked: LinkedBlocks,
  network: Network,
  path: string,
): void {
  const owner = trueNetwork(network, (height) => {
    const row = linked.rows.find((each) => linked.heights[each] === height);
    return row === undefined ? undefined : blocks.hashOf(row);
  });
  if (owner === undefined) return;
  throw new ClewError(
    'CLEW_NETWORK_MISMATCH',
    `These are blocks of ${owner.name}, which share their beginning with ${network.name}: say --network ${owner.name}.`,
    { path, wanted: network.name, network: owner.name },
  );
}

function reportCopies(blocks: ScannedBlocks, linked: LinkedBlocks, problems: ProblemList): void {
  for (const copy of blocks.copies()) {
    const height = linked.heights[copy.row]!;
    problems.add('CLEW_BLOCK_DUPLICATE', 'A block is there a second time; it counts once.', {
      file: copy.file,
      offset: copy.recordOffset,
      hash: blocks.hashOf(copy.row),
      height: height === NO_HEIGHT ? null : height,
    });
  }
}

/** Why there is no block at all: the finding that says most, with the others as the cause. */
function nothingFound(
  path: string,
  scan: SourceScan,
  wanted: NetworkName | undefined,
  problems: readonly Problem[],
): ClewError {
  const passedOver = [...scan.passedOver.keys()];
  if (wanted !== undefined && passedOver.length > 0 && !scan.framed.has(wanted)) {
    return new ClewError(
      'CLEW_NETWORK_MISMATCH',
      `There are blocks of ${passedOver.join(', ')}, but none of ${wanted}.`,
      { path, wanted, ...Object.fromEntries(scan.passedOver) },
      problems,
    );
  }
  // What could not be placed says more than what happened to single records, and that more than foreign ones.
  const first =
    problems.find(
      ({ code }) => code === 'CLEW_BLOCK_UNLINKED' || code === 'CLEW_HEIGHT_CONFLICT',
    ) ??
    problems.find(({ code }) => code !== 'CLEW_BLOCK_OTHER_NETWORK') ??
    problems[0];
  if (first === undefined) {
    return new ClewError('CLEW_BLOCKS_NONE', `There are no blocks in ${path}.`, { path });
  }
  return new ClewError(
    first.code,
    `No block in ${path} can be used. ${first.message}`,
    { path, ...first.facts, findings: problems.length },
    problems,
  );
}

/**
 * One block as a view of the scan's columns: 40 bytes instead of 300, which counts with 900,000 blocks. Its values
 * are getters, so copying it by spreading copies nothing; `toJSON` gives a plain object.
 */
class BlockView implements SourceBlock {
  readonly #blocks: ScannedBlocks;
  readonly #heights: Uint32Array;
  readonly #row: number;

  constructor(blocks: ScannedBlocks, heights: Uint32Array, row: number) {
    this.#blocks = blocks;
    this.#heights = heights;
    this.#row = row;
  }

  get height(): number {
    return this.#heights[this.#row]!;
  }

  get hash(): string {
    return this.#blocks.hashOf(this.#row);
  }

  get prevHash(): string {
    return this.#blocks.prevHashOf(this.#row);
  }

  get timeSeconds(): number {
    return this.#blocks.timeSeconds[this.#row]!;
  }

  get bits(): number {
    return this.#blocks.bits[this.#row]!;
  }

  get file(): string {
    return this.#blocks.fileOf(this.#row);
  }

  get offsetBytes(): number {
    return this.#blocks.offsetBytes[this.#row]!;
  }

  get lengthBytes(): number {
    return this.#blocks.lengthBytes[this.#row]!;
  }

  toJSON(): SourceBlock {
    const { height, hash, prevHash, timeSeconds, bits, file, offsetBytes, lengthBytes } = this;
    return { height, hash, prevHash, timeSeconds, bits, file, offsetBytes, lengthBytes };
  }
}

class FileBlockSource implements BlockSource {
  readonly network: Network;
  readonly blocks: readonly SourceBlock[];
  readonly windows: readonly BlockWindow[];
  readonly problems: readonly Problem[];
  readonly staleBlocks: readonly SourceBlock[];
  readonly xorKey: Uint8Array | undefined;
  readonly #scanned: ScannedBlocks;
  readonly #reader: RawReader = openRawReader();

  constructor(
    network: Network,
    scanned: ScannedBlocks,
    linked: LinkedBlocks,
    problems: readonly Problem[],
    xorKey: Uint8Array | undefined,
  ) {
    const { heights } = linked;
    this.network = network;
    this.windows = linked.windows;
    this.problems = problems;
    this.xorKey = xorKey;
    this.#scanned = scanned;
    const blocks = new Array<SourceBlock>(linked.rows.length);
    for (let i = 0; i < blocks.length; i += 1) {
      blocks[i] = new BlockView(scanned, heights, linked.rows[i]!);
    }
    this.blocks = blocks;
    this.staleBlocks = linked.staleRows.map((row) => new BlockView(scanned, heights, row));
  }

  readBlock(place: BlockPlace): Uint8Array {
    return this.#reader.read(place);
  }

  otherCopies(hash: string): readonly BlockPlace[] {
    const row = this.#scanned.rowOf(displayToHash(hash));
    if (row === NO_BLOCK) return [];
    return this.#scanned
      .copiesOf(row)
      .map(({ file, offsetBytes, lengthBytes }) => ({ file, offsetBytes, lengthBytes }));
  }

  factsOf({ hash, height }: SourceBlock): ErrorFacts {
    return { ...this.#scanned.factsOf(this.#scanned.rowOf(displayToHash(hash))), height };
  }

  close(): void {
    this.#reader.close();
  }
}

/**
 * Open a block source: scan its files, choose the network, find the best chain.
 *
 * The network is that of the records' magics; bare blocks tell theirs as said in `bare-block.ts`. With blocks of
 * several networks `network` must say which to take; the others are then reported one by one.
 *
 * @param path a folder of block files or raw blocks, a node's data folder with `blocks` in it, or one file
 * @throws {ClewError} CLEW_FOLDER_MISSING, CLEW_XOR_KEY_SIZE, CLEW_NETWORK_UNKNOWN, CLEW_NETWORK_AMBIGUOUS,
 *   CLEW_HEIGHT_CONFLICT, CLEW_INTERRUPTED; when no block is left, CLEW_BLOCKS_NONE, CLEW_NETWORK_MISMATCH or the code
 *   of the first finding, with all findings as the error's `cause`
 * @example
 * const source = await openBlockSource('/home/me/.bitcoin', {});
 * for (const block of source.blocks) load(block.height, source.readBlock(block));
 */
export async function openBlockSource(
  path: string,
  options: BlockSourceOptions = {},
): Promise<BlockSource> {
  const wanted = options.network === undefined ? undefined : getNetwork(options.network).name;
  const tipHash = options.tipHash;
  if (tipHash !== undefined && (tipHash.length !== 64 || !isHex(tipHash))) {
    throw new RangeError('tipHash: not 64 hex digits');
  }
  const { folder, files } = findBlockFiles(path);
  const xorKey = readXorKey(folder);
  const findings = new ProblemList();
  const scan = new SourceScan({
    wanted,
    xorKey,
    problems: findings,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  await scan.run(files);
  const network = chooseNetwork(scan, wanted);
  if (network === undefined) throw nothingFound(path, scan, wanted, findings.finish());
  const blocks = joinBareBlocks(scan, network);
  const failed = scan.failedHeaders.filter((each) => each.network === network);
  settleFailedHeaders(failed, blocks, findings);
  const linked = linkBlocks(blocks, network, {
    height: options.height,
    tipHash: tipHash === undefined ? undefined : displayToHash(tipHash),
    report: (code, message, facts) => findings.add(code, message, facts, network.name),
  });
  requireOwnBlocks(blocks, linked, network, path);
  reportCopies(blocks, linked, findings);
  const problems = findings.finish(network.name);
  if (linked.rows.length === 0) throw nothingFound(path, scan, wanted, problems);
  return new FileBlockSource(network, blocks, linked, problems, xorKey);
}
