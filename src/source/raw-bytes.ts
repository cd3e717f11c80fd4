/**
 * Bytes of a block or a transaction, read again from where they stand in a block file.
 *
 * A place is a file, an offset and a length; it is what the ledger keeps for each transaction. Whatever the
 * file is like (scrambled with the key of the `xor.dat` beside it, or hex text in a `.hex` file), offsets
 * count the plain bytes, so a place means the same to everybody.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { xorInPlace } from './xor.hot.ts';
import { readXorKey } from './xor-key.ts';

/** Where bytes of a block stand. */
export interface BlockPlace {
  /** Absolute path. */
  readonly file: string;
  /** Bytes from the start of the file to the first byte of the block, after its frame. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Reads places and keeps their files open. */
export interface RawReader {
  /**
   * The bytes at a place, as a fresh array.
   *
   * @throws {ClewError} CLEW_RAW_GONE when the file is missing or too short, CLEW_FILE_UNREADABLE
   */
  read(place: BlockPlace): Uint8Array;
  /** As `read`, into bytes that are given, which may be shared memory; as many as the place is long. */
  readInto(place: BlockPlace, into: Uint8Array): void;
  close(): void;
}

/** Files kept open at once: Bitcoin has some 5,000 block files, a process may have 1,024 open. */
const FILES_OPEN_MAX = 64;

/** True when the file holds its block as hex text. */
export function isHexFile(file: string): boolean {
  return file.toLowerCase().endsWith('.hex');
}

function gone(place: BlockPlace, what: string, cause?: unknown): ClewError {
  return new ClewError(
    'CLEW_RAW_GONE',
    `The block file ${what}.`,
    { file: place.file, offset: place.offsetBytes, lengthBytes: place.lengthBytes },
    cause,
  );
}

function openForReading(place: BlockPlace): number {
  try {
    return openSync(place.file, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw gone(place, 'is not there any more', cause);
    }
    throw fileError(cause, place.file);
  }
}

/** Exactly that many bytes, or fewer when the file ends. */
export function readFully(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const got = readSync(fd, into, done, into.length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** @param into where the bytes go; a fresh array when left out */
function readPlace(
  fd: number,
  place: BlockPlace,
  key: Uint8Array | undefined,
  into?: Uint8Array,
): Uint8Array {
  const hex = isHexFile(place.file);
  const width = hex ? 2 : 1;
  const bytes = hex || into === undefined ? new Uint8Array(place.lengthBytes * width) : into;
  let got: number;
  try {
    got = readFully(fd, bytes, place.offsetBytes * width);
  } catch (cause) {
    throw fileError(cause, place.file);
  }
  if (got < bytes.length) throw gone(place, 'is shorter than it was');
  if (hex) {
    const text = Buffer.from(bytes.buffer).toString('latin1');
    const plain = new Uint8Array(Buffer.from(text, 'hex'));
    if (plain.length !== place.lengthBytes) throw gone(place, 'holds no hex at this place');
    into?.set(plain);
    return plain;
  }
  if (key !== undefined) xorInPlace(bytes, key, place.offsetBytes);
  return bytes;
}

/**
 * A reader that keeps the files that it used last open, and their folders' XOR keys at hand.
 *
 * @example const reader = openRawReader(); try { reader.read(place) } finally { reader.close() }
 */
export function openRawReader(): RawReader {
  // A Map keeps insertion order: the first key is the file that was not used for longest.
  const open = new Map<string, number>();
  const keys = new Map<string, Uint8Array | undefined>();

  function descriptorFor(place: BlockPlace): number {
    const known = open.get(place.file);
    if (known !== undefined) {
      open.delete(place.file);
      open.set(place.file, known);
      return known;
    }
    const fd = openForReading(place);
    open.set(place.file, fd);
    if (open.size > FILES_OPEN_MAX) {
      const [oldest, oldestFd] = open.entries().next().value!;
      open.delete(oldest);
      closeSync(oldestFd);
    }
    return fd;
  }

  function readOpened(place: BlockPlace, into?: Uint8Array): Uint8Array {
    const fd = descriptorFor(place);
    const folder = dirname(place.file);
    if (!keys.has(folder)) keys.set(folder, readXorKey(folder));
    return readPlace(fd, place, keys.get(folder), into);
  }

  return {
    read: (place) => readOpened(place),
    readInto(place, into) {
      if (into.length !== place.lengthBytes) {
        throw new RangeError(`${place.lengthBytes} bytes do not go into ${into.length}`);
      }
      readOpened(place, into);
    },
    close() {
      for (const fd of open.values()) closeSync(fd);
      open.clear();
    },
  };
}

/**
 * The bytes at one place, for a single look-up; the file is opened and closed.
 *
 * @param place file, offset and length of the plain bytes
 * @param xorKey the key of the file; null for none; when left out it is looked for beside the file
 * @throws {ClewError} CLEW_RAW_GONE, CLEW_FILE_UNREADABLE, CLEW_XOR_KEY_SIZE
 * @example readRawBytes({ file: '/b/blk00000.dat', offsetBytes: 8, lengthBytes: 285 })
 */
export function readRawBytes(place: BlockPlace, xorKey?: Uint8Array | null): Uint8Array {
  const fd = openForReading(place);
  try {
    const key = xorKey === undefined ? readXorKey(dirname(place.file)) : (xorKey ?? undefined);
    return readPlace(fd, place, key);
  } finally {
    closeSync(fd);
  }
}
