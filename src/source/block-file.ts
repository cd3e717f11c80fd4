/**
 * The records of one block file, found by their frames.
 *
 *   record   [magic 4] [length u32] [block: header 80, transactions]
 *
 * Only frames, headers and the first bytes of each coinbase are read; bodies are skipped by their length. When
 * what follows a record is no record, something is damaged: then the body is walked to see how long the block
 * really is, and the next record is searched by its magic and a header that meets its target. So a
 * damaged length, a record cut off in mid-file and stray bytes cost only what they hit.
 *
 * Offsets in findings are those of the record, at its magic.
 */
import { BlockColumns } from '../chain/block-columns.hot.ts';
import type { Network } from '../chain/network.ts';
import { NETWORKS, type NetworkName, networksByMagic } from '../chain/network.ts';
import { checkProofOfWork } from '../chain/proof-of-work.ts';
import type { ErrorCode, ErrorFacts } from '../errors.ts';
import { blockExtent } from './block-extent.ts';
import { type FileWindow, LONG_READ_BYTES } from './file-window.ts';

export const FRAME_BYTES = 8;
export const HEADER_BYTES = 80;
/** Bytes of a block that the scan looks at: the header and the coinbase up to its script. */
export const HEAD_BYTES = 256;

const MAGIC_BYTES = 4;
/**
 * Zeros that can only be padding. A block can end with some 40: the coinbase's witness and the lock time. A damaged
 * length that ends among fewer is looked at more closely, or the records before it would be swallowed.
 */
const PADDING_MIN = 64;
const BLOCK_BYTES_MIN = HEADER_BYTES + 1;
/** Records between two breaths, in which the caller may stop the scan. */
const RECORDS_PER_TURN = 2000;
/** Bodies walked in one file to learn their length; some 20 ms each. A file worse than that is left to the loader. */
const WALKS_MAX = 256;

/** Coins that we know by name only, so that a finding can say whose record it is. */
const OTHER_COINS: ReadonlyMap<number, string> = new Map([
  [0xfeb4bef9, 'Namecoin'],
  [0x6427e924, 'Zcash'],
]);

const MAGICS: readonly Buffer[] = [
  ...new Set(Object.values(NETWORKS).map(({ magic }) => magic)),
].map((magic) => {
  const bytes = Buffer.alloc(MAGIC_BYTES);
  bytes.writeUInt32LE(magic);
  return bytes;
});

/** One record with the magic of a network that we know. */
export interface ScannedRecord {
  readonly network: Network;
  /** Of the magic. */
  readonly recordOffset: number;
  readonly lengthBytes: number;
  /** False when the body is cut off: only the header can be used. */
  readonly isWhole: boolean;
  /** The first bytes of the block, 80 to 256 of them; valid during the call. */
  readonly head: Uint8Array;
}

/** Takes what a scan finds. */
export interface ScanSink {
  record(record: ScannedRecord): void;
  /** A finding; `network` when it is about a record of that network. */
  problem(code: ErrorCode, message: string, facts: ErrorFacts, network?: Network): void;
  /** Called now and then with the offset reached; may wait, or throw to stop. */
  turn(offset: number): Promise<void>;
}

function u32At(bytes: Uint8Array, at: number): number {
  return (
    bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000
  );
}

/** The longest block that may stand behind a magic; of a network that we do not know, Bitcoin's. */
function blockBytesMax(magic: number): number {
  const longest = networksByMagic(magic).map((network) => network.blockBytesMax);
  return longest.length === 0 ? NETWORKS.main.blockBytesMax : Math.max(...longest);
}

/** @param bytesMax a longer "block" is a damaged length */
function isPossibleLength(length: number, bytesMax: number): boolean {
  return length >= BLOCK_BYTES_MIN && length <= bytesMax;
}

/** A magic as it stands in a hex dump. */
export function magicHex(magic: number): string {
  const bytes = Buffer.alloc(MAGIC_BYTES);
  bytes.writeUInt32LE(magic);
  return bytes.toString('hex');
}

/** True when three of the four bytes are those of the magic of a network that we read. */
function isDamagedMagic(bytes: Uint8Array): boolean {
  return MAGICS.some((magic) => magic.filter((byte, i) => byte === bytes[i]).length === 3);
}

class BlockFileScan {
  readonly #window: FileWindow;
  readonly #sink: ScanSink;
  readonly #size: number;
  readonly #wanted: Network | undefined;
  readonly #columns = new BlockColumns();
  /** The head of the record that is being read: the window moves on before its length is settled. */
  readonly #head = new Uint8Array(HEAD_BYTES);
  #records = 0;
  #walks = 0;
  /** Something that shows that this is a block file: a record, also a foreign or cut one. */
  #signs = 0;

  constructor(window: FileWindow, sink: ScanSink, wanted: Network | undefined) {
    this.#window = window;
    this.#sink = sink;
    this.#wanted = wanted;
    this.#size = window.sizeBytes;
  }

  async run(): Promise<void> {
    let at = 0;
    while (at < this.#size) {
      const network = this.#networkAt(at);
      at = network === undefined ? this.#passGap(at) : this.#readRecord(at, network);
      this.#records += 1;
      if (this.#records % RECORDS_PER_TURN === 0) await this.#sink.turn(at);
    }
    await this.#sink.turn(this.#size);
  }

  #networkAt(offset: number): Network | undefined {
    const bytes = this.#window.at(offset, MAGIC_BYTES);
    if (bytes.length < MAGIC_BYTES) return undefined;
    const networks = networksByMagic(u32At(bytes, 0));
    // Networks that share a magic: the one that was asked for, else the first.
    return networks.find((network) => network === this.#wanted) ?? networks[0];
  }

  /** Reads the record at `at`; returns where to go on. */
  #readRecord(at: number, network: Network): number {
    this.#signs += 1;
    const start = at + FRAME_BYTES;
    const frame = this.#window.at(at, FRAME_BYTES + HEAD_BYTES);
    if (this.#size - start < BLOCK_BYTES_MIN) {
      const announcedBytes = frame.length < FRAME_BYTES ? null : u32At(frame, MAGIC_BYTES);
      this.#reportCut(at, announcedBytes, Math.max(0, this.#size - start), network);
      return this.#size;
    }
    const announced = u32At(frame, MAGIC_BYTES);
    const head = this.#head.subarray(0, frame.length - FRAME_BYTES);
    head.set(frame.subarray(FRAME_BYTES));
    const end = start + announced;
    const isEnd =
      isPossibleLength(announced, network.blockBytesMax) &&
      end <= this.#size &&
      this.#isEndOfRecord(end, PADDING_MIN);
    if (isEnd && !this.#mayHideRecord(at, end)) {
      this.#sink.record(this.#recordOf(at, network, announced, true, head));
      return end;
    }
    return this.#settle(at, network, announced, head);
  }

  #recordOf(
    recordOffset: number,
    network: Network,
    lengthBytes: number,
    isWhole: boolean,
    head: Uint8Array,
  ): ScannedRecord {
    const view = head.subarray(0, isWhole ? Math.min(HEAD_BYTES, lengthBytes) : HEAD_BYTES);
    return { network, recordOffset, lengthBytes, isWhole, head: view };
  }

  /** True when a record may end here: the file ends, a record begins, or there are only zeros up to one of the two. */
  #isEndOfRecord(end: number, zerosMin = 1): boolean {
    if (end === this.#size || this.#networkAt(end) !== undefined) return true;
    const zerosEnd = this.#window.zerosEnd(end);
    if (zerosEnd - end >= zerosMin) {
      return zerosEnd === this.#size || this.#networkAt(zerosEnd) !== undefined;
    }
    return this.#isPartOfMagic(end) || this.#foreignRecordEnd(end) !== undefined;
  }

  /** True when the file ends inside a magic here. */
  #isPartOfMagic(at: number): boolean {
    if (this.#size - at >= MAGIC_BYTES) return false;
    const rest = Buffer.from(this.#window.at(at, MAGIC_BYTES));
    return MAGICS.some((magic) => magic.subarray(0, rest.length).equals(rest));
  }

  /** A length that lies may reach over the next record into zeros; where a record follows, it does not lie. */
  #mayHideRecord(at: number, end: number): boolean {
    if (end === this.#size || this.#networkAt(end) !== undefined) return false;
    return this.#findRecord(at + 1) < end;
  }

  /** The record at `at` is not followed by another: find out how long it really is, and go on behind it. */
  #settle(at: number, network: Network, announced: number, head: Uint8Array): number {
    const start = at + FRAME_BYTES;
    const next = this.#findRecord(at + 1);
    if (next < start + HEADER_BYTES) {
      // Cut off in its frame or header: what stands there is the next record already.
      this.#reportCut(at, next < start ? null : announced, Math.max(0, next - start), network);
      return next;
    }
    const isPossible = isPossibleLength(announced, network.blockBytesMax);
    const extent = this.#extentOf(start, isPossible ? announced : 0, network);
    if (extent === announced) {
      const end = start + announced;
      const overlapping = this.#findInside(start + HEADER_BYTES, end, end + 1);
      if (overlapping === undefined) {
        this.#sink.record(this.#recordOf(at, network, announced, true, head));
        return end;
      }
      return this.#passCut(at, network, announced, overlapping, head);
    }
    if (extent !== undefined && this.#isEndOfRecord(start + extent)) {
      const swallowed = this.#findInside(start + HEADER_BYTES, start + extent);
      if (swallowed !== undefined) return this.#passCut(at, network, announced, swallowed, head);
      this.#sink.problem(
        'CLEW_BLOCK_DAMAGED',
        `The frame says that the block has ${announced} bytes, but it has ${extent}; it was taken as it is.`,
        this.#facts(at, { announcedBytes: announced, presentBytes: extent }),
        network,
      );
      this.#sink.record(this.#recordOf(at, network, extent, true, head));
      return start + extent;
    }
    if (isPossible && start + announced <= next) {
      // The body is damaged, or stray bytes follow it: the loader sees the one, `passGap` the other.
      this.#sink.record(this.#recordOf(at, network, announced, true, head));
      return start + announced;
    }
    return this.#passCut(at, network, announced, next, head);
  }

  /** The body ends where the next record begins: only its header can be used. */
  #passCut(
    at: number,
    network: Network,
    announced: number,
    next: number,
    head: Uint8Array,
  ): number {
    const presentBytes = next - at - FRAME_BYTES;
    this.#reportCut(at, announced, presentBytes, network);
    this.#sink.record(this.#recordOf(at, network, presentBytes, false, head));
    return next;
  }

  /**
   * A record that begins in `[from, end)`, ends where a record may end, and not before `endMin`. Where bytes are
   * lost, a body swallows the beginning of the next record or even several. A copy of a record that somebody
   * put into a transaction is followed by the rest of that transaction.
   */
  #findInside(from: number, end: number, endMin = from): number | undefined {
    let at = this.#findRecord(from);
    while (at < end) {
      const recordEnd = at + FRAME_BYTES + u32At(this.#window.at(at, FRAME_BYTES), MAGIC_BYTES);
      const isInFile = recordEnd >= endMin && recordEnd <= this.#size;
      // A few zeros are the lock time of a transaction rather than padding.
      if (isInFile && this.#isEndOfRecord(recordEnd, FRAME_BYTES)) return at;
      at = this.#findRecord(at + 1);
    }
    return undefined;
  }

  /** The length of the block at `start` by its structure, if that can be told; the announced one is tried first. */
  #extentOf(start: number, announced: number, network: Network): number | undefined {
    if (this.#walks >= WALKS_MAX) return undefined;
    if (announced > 0 && start + announced <= this.#size) {
      const extent = blockExtent(this.#window.read(start, announced), network, this.#columns);
      if (extent !== undefined) return extent;
    }
    this.#walks += 1;
    return blockExtent(this.#window.read(start, network.blockBytesMax), network, this.#columns);
  }

  #reportCut(
    at: number,
    announcedBytes: number | null,
    presentBytes: number,
    network?: Network,
  ): void {
    const announced = announcedBytes === null ? 'nothing yet' : `${announcedBytes} bytes`;
    this.#sink.problem(
      'CLEW_BLOCK_CUT',
      `A record is cut off: it announces ${announced}, and ${presentBytes} bytes are there.`,
      this.#facts(at, { announcedBytes, presentBytes }),
      network,
    );
  }

  #facts(offset: number, facts: ErrorFacts): ErrorFacts {
    return { file: this.#window.file, offset, ...facts };
  }

  /** There is no known magic at `at`: padding, a foreign record, or stray bytes. Returns where to go on. */
  #passGap(at: number): number {
    const zerosEnd = this.#window.zerosEnd(at);
    if (zerosEnd === this.#size) return this.#size;
    if (this.#isPartOfMagic(at)) {
      this.#signs += 1;
      this.#reportCut(at, null, 0);
      return this.#size;
    }
    const foreignEnd = this.#foreignRecordEnd(at);
    if (foreignEnd !== undefined && !this.#isChance(at, foreignEnd)) {
      this.#reportForeign(at);
      return foreignEnd;
    }
    const next = this.#findRecord(at);
    if (next === this.#size && this.#signs === 0) {
      this.#sink.problem(
        'CLEW_BLOCK_FILE_FORMAT',
        'No record of a block file was found in this file.',
        { file: this.#window.file, sizeBytes: this.#size },
      );
      return next;
    }
    const bytes = next - at;
    const kind = zerosEnd === next ? 'zero byte' : 'stray byte';
    this.#sink.problem(
      'CLEW_BLOCK_STRAY_BYTES',
      `${bytes} ${kind}${bytes === 1 ? '' : 's'} between two records ${bytes === 1 ? 'was' : 'were'} passed over.`,
      this.#facts(at, { bytes }),
    );
    return next;
  }

  /** Where a record with a magic that we do not know ends, if the bytes here look like one. */
  #foreignRecordEnd(at: number): number | undefined {
    const frame = this.#window.at(at, FRAME_BYTES);
    if (frame.length < FRAME_BYTES) return undefined;
    const magic = u32At(frame, 0);
    const length = u32At(frame, MAGIC_BYTES);
    const end = at + FRAME_BYTES + length;
    if (magic === 0 || !isPossibleLength(length, blockBytesMax(magic)) || end > this.#size) {
      return undefined;
    }
    if (end === this.#size || this.#networkAt(end) !== undefined) return end;
    const next = this.#window.at(end, MAGIC_BYTES);
    const nextMagic = next.length < MAGIC_BYTES ? 0 : u32At(next, 0);
    if (nextMagic === magic || OTHER_COINS.has(nextMagic)) return end;
    return this.#window.zerosEnd(end) === this.#size ? end : undefined;
  }

  /** True when damaged bytes only look like a foreign record: our records stand inside it. */
  #isChance(at: number, end: number): boolean {
    const magic = u32At(this.#window.at(at, MAGIC_BYTES), 0);
    return !OTHER_COINS.has(magic) && this.#findInside(at + MAGIC_BYTES, end) !== undefined;
  }

  #reportForeign(at: number): void {
    this.#signs += 1;
    const bytes = this.#window.at(at, MAGIC_BYTES);
    const magic = u32At(bytes, 0);
    const coin = OTHER_COINS.get(magic);
    const facts = this.#facts(at, { magic: magicHex(magic), network: coin ?? null });
    if (coin === undefined && isDamagedMagic(bytes)) {
      this.#sink.problem(
        'CLEW_BLOCK_DAMAGED',
        'The magic of a record is damaged; the record was left out.',
        facts,
      );
      return;
    }
    this.#sink.problem(
      'CLEW_BLOCK_OTHER_NETWORK',
      `A record belongs to ${coin ?? 'a network that Clew does not know'} and was left out.`,
      facts,
    );
  }

  /** The offset of the next record at or after `from` whose header meets its target, or the size of the file. */
  #findRecord(from: number): number {
    let at = from;
    while (at < this.#size) {
      const bytes = this.#window.at(at, LONG_READ_BYTES);
      const isLast = at + bytes.length === this.#size;
      // What is too near to the end of this piece to be judged is looked at again in the next.
      const searched = isLast ? bytes.length : bytes.length - (FRAME_BYTES + HEADER_BYTES);
      const found = this.#findRecordIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      if (found >= 0) return at + found;
      at += searched;
    }
    return this.#size;
  }

  #findRecordIn(piece: Buffer): number {
    const places = MAGICS.map((magic) => piece.indexOf(magic));
    for (;;) {
      let nearest = -1;
      for (const [row, place] of places.entries()) {
        if (place >= 0 && (nearest < 0 || place < places[nearest]!)) nearest = row;
      }
      if (nearest < 0) return -1;
      const place = places[nearest]!;
      const block = piece.subarray(place + FRAME_BYTES, place + FRAME_BYTES + HEADER_BYTES);
      if (block.length === HEADER_BYTES) {
        const magic = piece.readUInt32LE(place);
        const length = piece.readUInt32LE(place + MAGIC_BYTES);
        const isRecord =
          isPossibleLength(length, blockBytesMax(magic)) &&
          networksByMagic(magic).some((each) => checkProofOfWork(block, each) !== 'failed');
        if (isRecord) return place;
      }
      places[nearest] = piece.indexOf(MAGICS[nearest]!, place + 1);
    }
  }
}

/**
 * Find the records of a block file and hand them to the sink in the order of the file.
 *
 * @param window the file; not closed
 * @param wanted the network that was asked for: decides between those that share a magic
 * @throws {ClewError} CLEW_FILE_UNREADABLE, and whatever `sink.turn` throws
 * @example await scanBlockFile(new FileWindow('/b/blk00000.dat', undefined), sink)
 */
export async function scanBlockFile(
  window: FileWindow,
  sink: ScanSink,
  wanted?: NetworkName,
): Promise<void> {
  await new BlockFileScan(window, sink, wanted && NETWORKS[wanted]).run();
}
