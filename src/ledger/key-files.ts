/**
 * The file operations of key indexes, in one place so that tests can let each of them fail.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { fileError } from '../file-error.ts';

export interface KeyFile {
  readonly fd: number;
  readonly path: string;
}

/** @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE from every operation */
export interface KeyFiles {
  create(path: string): KeyFile;
  open(path: string): KeyFile;
  /** Fill `into` from a position on. @returns bytes found, fewer at the end of the file */
  read(file: KeyFile, into: Uint8Array, position: number): number;
  write(file: KeyFile, bytes: Uint8Array, position: number): void;
  sync(file: KeyFile): void;
  close(file: KeyFile): void;
  rename(from: string, to: string): void;
  /** Make renames and removals in a folder last. */
  syncFolder(folder: string): void;
  remove(path: string): void;
  list(folder: string): string[];
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fileError(cause, path);
  }
}

export const nodeKeyFiles: KeyFiles = {
  create: (path) => guarded(path, () => ({ fd: openSync(path, 'w+', 0o600), path })),
  open: (path) => guarded(path, () => ({ fd: openSync(path, 'r'), path })),
  read(file, into, position) {
    let done = 0;
    try {
      while (done < into.length) {
        const count = readSync(file.fd, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (cause) {
      throw fileError(cause, file.path);
    }
    return done;
  },
  write(file, bytes, position) {
    let done = 0;
    try {
      while (done < bytes.length) {
        done += writeSync(file.fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (cause) {
      throw fileError(cause, file.path);
    }
  },
  sync: (file) => guarded(file.path, () => fsyncSync(file.fd)),
  close: (file) => closeSync(file.fd),
  rename: (from, to) => guarded(to, () => renameSync(from, to)),
  syncFolder(folder) {
    guarded(folder, () => {
      const fd = openSync(folder, 'r');
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
  },
  remove: (path) => guarded(path, () => rmSync(path, { force: true })),
  list: (folder) => guarded(folder, () => readdirSync(folder)),
};
