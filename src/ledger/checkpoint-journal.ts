/**
 * Checkpoints of the columns that change in place: all of them and the manifest change together, or not at all, whenever
 * the process is killed or the power fails.
 *
 * 1. What the files lack is written to `journal` in the same folder, with the text of the manifest, and brought to the disk.
 *    The last record, which has a checksum of all others, makes it count: from here on the new state is the one.
 * 2. The journal is carried out: pages to the column files, then the manifest, each brought to the disk.
 * 3. The journal is removed.
 *
 * A journal that is found when a ledger is opened is carried out (again: writing the same bytes twice does no
 * harm) when it is complete, and removed when it is not: then no file was touched yet.
 *
 * File: "CLEWJNL1", then records: kind u8, length of the file name u8, bytes u32, position u64 (as a double), CRC-32 u32 of the
 * bytes, name, bytes. Kinds: 1 bytes of a file, 2 manifest, 3 end (its bytes: count of the records before as u32 and the
 * CRC-32 over their heads and names in order).
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fileError } from '../file-error.ts';
import type { PagedColumn } from './paged-column.ts';

const MAGIC = Buffer.from('CLEWJNL1', 'latin1');
const HEAD_BYTES = 18;
const KIND = { bytes: 1, manifest: 2, end: 3 } as const;
/** No record is larger: a page of the widest column. Anything above is damage. */
const RECORD_BYTES_MAX = 64 * 1024 ** 2;
const FILE_NAME = 'journal';

export interface CheckpointManifest {
  /** Name of the manifest's file in the folder. */
  readonly fileName: string;
  readonly text: string;
}

interface JournalRecord {
  readonly kind: number;
  readonly fileName: string;
  readonly position: number;
  readonly bytes: Buffer;
  readonly bytesCrc: number;
  /** The checksum of all heads and names so far, from that before this record. */
  readonly headCrc: (before: number) => number;
}

export class CheckpointJournal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Carry out or remove the journal that an earlier process left. To be called before the manifest is read and
   * the columns are opened.
   *
   * @returns true when there was a complete one, so that its checkpoint is the last one now
   * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE; the journal stays, and the next call goes on
   */
  static recover(folder: string): boolean {
    const path = join(folder, FILE_NAME);
    if (!existsSync(path)) return false;
    const isComplete = isCompleteJournal(path);
    if (isComplete) carryOut(folder);
    remove(path);
    return isComplete;
  }

  /**
   * Make the state of all mutable columns of a folder the one that counts.
   *
   * Append-only columns must have been flushed and synced before, when the manifest speaks of their rows.
   *
   * @param columns all mutable columns of the folder
   * @param manifest called when the columns' `state()` is that of this checkpoint
   * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE: either the old checkpoint still counts, or the new one does and
   *   its journal is carried out by the next `checkpoint` or `recover`
   */
  checkpoint(columns: readonly PagedColumn[], manifest: () => CheckpointManifest): void {
    // One that could not be carried out to its end earlier must be now: files may be half way.
    CheckpointJournal.recover(this.#folder);
    const writer = new JournalWriter(join(this.#folder, FILE_NAME));
    try {
      for (const column of columns) {
        column.stageCheckpoint((fileName, position, bytes) => {
          writer.write(KIND.bytes, fileName, position, bytes);
        });
      }
      // Pages beyond the old checkpoint were written in place: they must be on the disk before the journal counts.
      for (const column of columns) column.sync();
      const { fileName, text } = manifest();
      writer.write(KIND.manifest, fileName, 0, Buffer.from(text, 'utf8'));
      writer.end();
    } catch (cause) {
      for (const column of columns) column.abandonCheckpoint();
      writer.abandon();
      throw cause;
    }
    for (const column of columns) column.commitCheckpoint();
    carryOut(this.#folder);
    remove(join(this.#folder, FILE_NAME));
    for (const column of columns) column.settleCheckpoint();
  }
}

class JournalWriter {
  readonly #path: string;
  readonly #fd: number;
  #position = 0;
  #records = 0;
  #crcOfHeads = 0;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'w', 0o600);
      this.#put(MAGIC);
    } catch (cause) {
      throw fileError(cause, path);
    }
  }

  #put(bytes: Uint8Array): void {
    writeWhole(this.#fd, bytes, this.#position);
    this.#position += bytes.length;
  }

  write(kind: number, fileName: string, position: number, bytes: Uint8Array): void {
    const name = Buffer.from(fileName, 'latin1');
    const head = Buffer.alloc(HEAD_BYTES + name.length);
    const crc = crc32(bytes);
    head.writeUInt8(kind, 0);
    head.writeUInt8(name.length, 1);
    head.writeUInt32LE(bytes.length, 2);
    head.writeDoubleLE(position, 6);
    head.writeUInt32LE(crc, 14);
    name.copy(head, HEAD_BYTES);
    try {
      this.#put(head);
      this.#put(bytes);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
    this.#records += 1;
    this.#crcOfHeads = crc32(head, this.#crcOfHeads);
  }

  /** Write the record that makes the journal count, and wait until it is on the disk. */
  end(): void {
    const sum = Buffer.alloc(8);
    sum.writeUInt32LE(this.#records, 0);
    sum.writeUInt32LE(this.#crcOfHeads, 4);
    try {
      // Everything before the end first, so that no end is ever on the disk without it.
      fdatasyncSync(this.#fd);
      this.write(KIND.end, '', 0, sum);
      fsyncSync(this.#fd);
      closeSync(this.#fd);
      syncFolder(this.#path);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  abandon(): void {
    try {
      closeSync(this.#fd);
    } catch {
      // It is closed already; the journal is removed or, failing that, ignored for want of its end.
    }
    remove(this.#path);
  }
}

/** Reads the records of a journal in order; stops where they are cut or damaged. */
function* readJournal(path: string): Generator<JournalRecord> {
  const fd = openSync(path, 'r');
  try {
    let position = 0;
    const take = (count: number): Buffer | undefined => {
      const bytes = Buffer.alloc(count);
      let done = 0;
      while (done < count) {
        const read = readSync(fd, bytes, done, count - done, position + done);
        if (read === 0) return undefined;
        done += read;
      }
      position += count;
      return bytes;
    };
    if (!take(MAGIC.length)?.equals(MAGIC)) return;
    for (;;) {
      const head = take(HEAD_BYTES);
      if (head === undefined) return;
      const length = head.readUInt32LE(2);
      if (length > RECORD_BYTES_MAX) return;
      const name = take(head.readUInt8(1));
      const bytes = name === undefined ? undefined : take(length);
      if (name === undefined || bytes === undefined) return;
      yield {
        kind: head.readUInt8(0),
        fileName: name.toString('latin1'),
        position: head.readDoubleLE(6),
        bytes,
        bytesCrc: head.readUInt32LE(14),
        headCrc: (before) => crc32(name, crc32(head, before)),
      };
    }
  } finally {
    closeSync(fd);
  }
}

function isCompleteJournal(path: string): boolean {
  let records = 0;
  let crcOfHeads = 0;
  try {
    for (const record of readJournal(path)) {
      if (crc32(record.bytes) !== record.bytesCrc) return false;
      if (record.kind === KIND.end) {
        return (
          record.bytes.length === 8 &&
          record.bytes.readUInt32LE(0) === records &&
          record.bytes.readUInt32LE(4) === crcOfHeads
        );
      }
      records += 1;
      crcOfHeads = record.headCrc(crcOfHeads);
    }
  } catch (cause) {
    throw fileError(cause, path);
  }
  return false;
}

/** Write what a complete journal says, the manifest last. */
function carryOut(folder: string): void {
  const open = new Map<string, number>();
  let manifest: JournalRecord | undefined;
  let path = join(folder, FILE_NAME);
  try {
    for (const record of readJournal(path)) {
      if (record.kind === KIND.manifest) manifest = record;
      if (record.kind !== KIND.bytes) continue;
      path = join(folder, record.fileName);
      const fd = open.get(record.fileName) ?? openSync(path, 'r+');
      open.set(record.fileName, fd);
      writeWhole(fd, record.bytes, record.position);
    }
    for (const [fileName, fd] of open) {
      path = join(folder, fileName);
      fdatasyncSync(fd);
    }
    if (manifest !== undefined) {
      path = join(folder, manifest.fileName);
      replaceFile(path, manifest.bytes);
    }
  } catch (cause) {
    throw fileError(cause, path);
  } finally {
    for (const fd of open.values()) closeSync(fd);
  }
}

function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function replaceFile(path: string, bytes: Uint8Array): void {
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeWhole(fd, bytes, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncFolder(path);
}

/** Bring the names in a file's folder to the disk. */
function syncFolder(path: string): void {
  const fd = openSync(dirname(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
    syncFolder(path);
  } catch (cause) {
    throw fileError(cause, path);
  }
}
