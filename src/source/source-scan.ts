/**
 * Looks at every file of a block source once and keeps the headers by network.
 *
 * Framed records say by their magic whose they are. Bare blocks do not; they wait in a pool of their own until
 * `chooseNetwork` knows.
 */
import { statSync } from 'node:fs';
import { hashToDisplay } from '../bytes/hex.ts';
import { bip34Height, blockHash } from '../chain/header.ts';
import { NETWORKS, type Network, type NetworkName, networksByMagic } from '../chain/network.ts';
import { checkProofOfWork } from '../chain/proof-of-work.ts';
import { ClewError, type ErrorFacts } from '../errors.ts';
import { isPossibleBlockOf, possibleNetworks } from './bare-block.ts';
import {
  FRAME_BYTES,
  HEADER_BYTES,
  type ScannedRecord,
  type ScanSink,
  scanBlockFile,
} from './block-file.ts';
import { fileKind, KIND_BYTES } from './file-kind.ts';
import { FileWindow } from './file-window.ts';
import type { ProblemList } from './problem-list.ts';
import { isHexFile } from './raw-bytes.ts';
import { NO_HEIGHT, type ScannedBlock, ScannedBlocks } from './scanned-blocks.ts';
import { xorInPlace } from './xor.hot.ts';

export interface ScanProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Blocks met so far. */
  readonly blocks: number;
}

export interface ScanOptions {
  /** The network that was asked for. */
  readonly wanted: NetworkName | undefined;
  readonly xorKey: Uint8Array | undefined;
  readonly problems: ProblemList;
  readonly onProgress: ((progress: ScanProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A record whose header does not meet its target. */
export interface FailedHeader {
  readonly network: Network;
  readonly file: string;
  /** Of the record. */
  readonly offset: number;
  readonly head: Uint8Array;
  readonly fileRow: number;
  readonly offsetBytes: number;
}

/** Failed headers that are looked at more closely in the end, some 100 ms each; nobody has more than a few. */
const FAILED_HEADERS_KEPT = 32;

/** Report a header without work. */
export function reportWork(
  problems: ProblemList,
  failed: Pick<FailedHeader, 'file' | 'offset' | 'head'> & { readonly network?: Network },
  more: { readonly damagedAt?: number; readonly trueHash?: string } = {},
): void {
  const { file, offset, head, network } = failed;
  const where = more.damagedAt === undefined ? '' : ` Its byte at ${more.damagedAt} is damaged.`;
  problems.add(
    'CLEW_HEADER_WORK',
    `A header does not meet the target that it names; the block was left out.${where}`,
    {
      file,
      offset,
      hash: hashToDisplay(blockHash(head, network ?? NETWORKS.main)),
      ...more,
    },
    network?.name,
  );
}

/** A header that is worth keeping, without its place. */
type ReadHeader = Omit<ScannedBlock, 'fileRow' | 'offsetBytes' | 'lengthBytes' | 'isWhole'>;

/** What a header of that network says; with more bytes of the block, also the height that its coinbase names. */
export function readHeader(head: Uint8Array, network: Network): ReadHeader {
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  return {
    hash: blockHash(head, network),
    prevHash: head.subarray(4, 36),
    timeSeconds: view.getUint32(68, true),
    bits: view.getUint32(72, true),
    coinbaseHeight: bip34Height(head, undefined, network) ?? NO_HEIGHT,
  };
}

export class SourceScan {
  readonly framed = new Map<NetworkName, ScannedBlocks>();
  /** Blocks without a frame, and per row the networks that they can belong to. */
  readonly bare = new ScannedBlocks();
  readonly bareNetworks: (readonly NetworkName[])[] = [];
  readonly failedHeaders: FailedHeader[] = [];
  /** A network whose genesis block was met under a magic that it shares with the one it was taken for. */
  sharedGenesis: Network | undefined;
  /** Records of networks that were not asked for. */
  readonly passedOver = new Map<NetworkName, number>();
  readonly #options: ScanOptions;
  #blocks = 0;
  #bytesBefore = 0;
  #bytesTotal = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
  }

  /**
   * @param files absolute paths, in order
   * @throws {ClewError} CLEW_INTERRUPTED when the signal says so
   */
  async run(files: readonly string[]): Promise<void> {
    for (const file of files) {
      this.#bytesTotal += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    }
    for (const file of files) {
      let window: FileWindow | undefined;
      try {
        window = new FileWindow(file, this.#options.xorKey);
        await this.#scanFile(window);
        this.#bytesBefore += window.sizeBytes;
      } catch (error) {
        // One file that can not be read must not hold up the others.
        if (!(error instanceof ClewError) || error.code !== 'CLEW_FILE_UNREADABLE') throw error;
        this.#options.problems.add(error.code, error.message, { ...error.facts, file });
      } finally {
        window?.close();
      }
    }
  }

  async #scanFile(window: FileWindow): Promise<void> {
    const head = window.at(0, KIND_BYTES).slice();
    const rawHead = head.slice();
    if (this.#options.xorKey !== undefined) xorInPlace(rawHead, this.#options.xorKey, 0);
    const found = fileKind(head, rawHead);
    switch (found.kind) {
      case 'empty':
        return;
      case 'packed':
        this.#refuse(window, `It is packed with ${found.format}.`, { format: found.format });
        return;
      case 'bare':
        this.#addBare(window, head, window.sizeBytes);
        await this.#turn(window.sizeBytes);
        return;
      case 'hex':
        this.#addHex(window, rawHead);
        await this.#turn(window.sizeBytes);
        return;
      case 'framed':
      case 'unknown':
        await scanBlockFile(window, this.#sinkFor(window.file), this.#options.wanted);
    }
  }

  #refuse(window: FileWindow, what: string, facts: ErrorFacts = {}): void {
    this.#options.problems.add('CLEW_BLOCK_FILE_FORMAT', `The file is no block file. ${what}`, {
      file: window.file,
      ...facts,
    });
  }

  async #turn(offset: number): Promise<void> {
    const { onProgress, signal } = this.#options;
    onProgress?.({
      bytesDone: this.#bytesBefore + offset,
      bytesTotal: this.#bytesTotal,
      blocks: this.#blocks,
    });
    // Let signals and timers through.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) {
      throw new ClewError('CLEW_INTERRUPTED', 'Reading the block files was stopped.');
    }
  }

  #sinkFor(file: string): ScanSink {
    const { problems } = this.#options;
    const fileRows = new Map<ScannedBlocks, number>();
    return {
      turn: (offset) => this.#turn(offset),
      problem: (code, message, facts, network) => problems.add(code, message, facts, network?.name),
      record: (record) => this.#addRecord(file, record, fileRows),
    };
  }

  #addRecord(file: string, record: ScannedRecord, fileRows: Map<ScannedBlocks, number>): void {
    const { network, recordOffset, head } = record;
    const { wanted, problems } = this.#options;
    if (wanted !== undefined && network.name !== wanted) {
      this.passedOver.set(network.name, (this.passedOver.get(network.name) ?? 0) + 1);
      problems.add(
        'CLEW_BLOCK_OTHER_NETWORK',
        `A record belongs to ${network.name} and was left out.`,
        { file, offset: recordOffset, network: network.name },
      );
      return;
    }
    if (wanted === undefined && fileRows.size === 0) this.#noteGenesis(head, network);
    const hasFailed = checkProofOfWork(head, network) === 'failed';
    if (hasFailed && this.failedHeaders.length >= FAILED_HEADERS_KEPT) {
      reportWork(problems, { file, offset: recordOffset, head, network });
      return;
    }
    const blocks = this.#blocksOf(network.name);
    let fileRow = fileRows.get(blocks);
    if (fileRow === undefined) {
      fileRow = blocks.addFile(file, FRAME_BYTES);
      fileRows.set(blocks, fileRow);
    }
    const place = { fileRow, offsetBytes: recordOffset + FRAME_BYTES };
    const { lengthBytes, isWhole } = record;
    if (hasFailed) {
      const header = head.slice(0, HEADER_BYTES);
      this.failedHeaders.push({ network, file, offset: recordOffset, head: header, ...place });
      return;
    }
    blocks.add({ ...readHeader(head, network), ...place, lengthBytes, isWhole });
    this.#blocks += 1;
  }

  #noteGenesis(head: Uint8Array, network: Network): void {
    const rivals = networksByMagic(network.magic).filter(
      ({ genesisHash }) => genesisHash !== network.genesisHash,
    );
    this.sharedGenesis ??= rivals.find(
      (each) => hashToDisplay(blockHash(head, each)) === each.genesisHash,
    );
  }

  #blocksOf(name: NetworkName): ScannedBlocks {
    let blocks = this.framed.get(name);
    if (blocks === undefined) {
      blocks = new ScannedBlocks();
      this.framed.set(name, blocks);
    }
    return blocks;
  }

  #addHex(window: FileWindow, rawHead: Uint8Array): void {
    if (!isHexFile(window.file)) {
      this.#refuse(window, 'It is hex text: let its name end in .hex.', { format: 'hex' });
      return;
    }
    const tail = window.read(Math.max(0, window.sizeBytes - 8), 8);
    if (this.#options.xorKey !== undefined) {
      xorInPlace(tail, this.#options.xorKey, Math.max(0, window.sizeBytes - 8));
    }
    const blanks = /\s*$/.exec(Buffer.from(tail).toString('latin1'))![0].length;
    const head = new Uint8Array(Buffer.from(Buffer.from(rawHead).toString('latin1'), 'hex'));
    this.#addBare(window, head, Math.floor((window.sizeBytes - blanks) / 2));
  }

  /** A file that holds one block and nothing else. */
  #addBare(window: FileWindow, head: Uint8Array, lengthBytes: number): void {
    const { file } = window;
    const { wanted, problems } = this.#options;
    if (lengthBytes > NETWORKS[wanted ?? 'main'].blockBytesMax) {
      this.#refuse(window, 'It begins like a block but is longer than any.');
      return;
    }
    const asked = NETWORKS[wanted ?? 'main'];
    const read = readHeader(head, asked);
    const header = {
      hash: hashToDisplay(read.hash),
      prevHash: hashToDisplay(read.prevHash),
      timeSeconds: read.timeSeconds,
      bits: read.bits,
    };
    const networks = possibleNetworks(header, head);
    // A network that can not be told from a header alone is taken at the user's word.
    const isAsked =
      wanted !== undefined &&
      (networks.length === 0 || asked.coin !== 'BTC') &&
      !networks.includes(wanted) &&
      isPossibleBlockOf(header, head, asked);
    if (networks.length === 0 && !isAsked) {
      reportWork(problems, { file, offset: 0, head });
      return;
    }
    if (wanted !== undefined && !isAsked && !networks.includes(wanted)) {
      this.passedOver.set(networks[0]!, (this.passedOver.get(networks[0]!) ?? 0) + 1);
      problems.add(
        'CLEW_BLOCK_OTHER_NETWORK',
        `A raw block belongs to ${networks.join(' or ')} and was left out.`,
        { file, offset: 0, network: networks[0]!, hash: hashToDisplay(read.hash) },
      );
      return;
    }
    const row = this.bare.add({
      ...read,
      fileRow: this.bare.addFile(file, 0),
      offsetBytes: 0,
      lengthBytes,
      isWhole: true,
    });
    this.bareNetworks[row] = isAsked ? [wanted] : networks;
    this.#blocks += 1;
  }
}
