/**
 * Reading files that a person hands us: whole, with a limit, unpacked when gzipped.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ClewError, type ErrorCode } from '../errors.ts';

/** Folders inside folders that are followed; a loop of links ends here. */
const DEPTH_MAX = 16;

export interface InputFile {
  readonly path: string;
  /** False when it was found in a folder that was named. */
  readonly isNamed: boolean;
}

/**
 * The files that were named, and those in the folders that were named, in a fixed order.
 *
 * @param paths files or folders
 * @param wanted says of a file in a folder whether it is meant; files that are named always are
 * @throws {ClewError} CLEW_FILE_MISSING
 */
export function listInputFiles(
  paths: readonly string[],
  wanted: (fileName: string) => boolean,
): { readonly files: InputFile[]; readonly filesPassedOver: number } {
  const files: InputFile[] = [];
  let filesPassedOver = 0;
  const walk = (folder: string, depth: number): void => {
    const entries = attempt(folder, () => readdirSync(folder)).sort();
    for (const name of entries) {
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory() && depth < DEPTH_MAX) walk(path, depth + 1);
      else if (found?.isFile() && wanted(name)) files.push({ path, isNamed: false });
      else filesPassedOver += 1;
    }
  };
  for (const path of paths) {
    const found = attempt(path, () => statSync(path));
    if (found.isDirectory()) walk(path, 1);
    else files.push({ path, isNamed: true });
  }
  return { files, filesPassedOver };
}

/**
 * The bytes of a file, unpacked when its name ends in `.gz`.
 *
 * @param path the file
 * @param limit how many bytes it may have unpacked, and the code of the error when it has more
 * @throws {ClewError} the limit's code; CLEW_FILE_MISSING, CLEW_FILE_UNREADABLE
 * @example readInputFile('tags.yaml.gz', { bytesMax: 64e6, code: 'CLEW_TAGS_BOMB' })
 */
export function readInputFile(
  path: string,
  limit: { readonly bytesMax: number; readonly code: ErrorCode },
): Uint8Array {
  const { bytesMax, code } = limit;
  const tooLarge = (cause?: unknown): ClewError =>
    new ClewError(
      code,
      `${basename(path)} is larger than ${bytesMax} bytes.`,
      { path, bytesMax },
      cause,
    );
  const packed = attempt(path, () => {
    if (statSync(path).size > bytesMax) throw tooLarge();
    return readFileSync(path);
  });
  if (!path.endsWith('.gz')) return packed;
  try {
    // zlib stops as soon as the limit is passed, so a gzip bomb costs no more than the limit.
    return gunzipSync(packed, { maxOutputLength: bytesMax });
  } catch (error) {
    const { code: zlibCode } = error as NodeJS.ErrnoException;
    if (zlibCode === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(error);
    const message = `${basename(path)} is no whole gzip file.`;
    throw new ClewError('CLEW_FILE_UNREADABLE', message, { path }, error);
  }
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof ClewError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ClewError(
      missing ? 'CLEW_FILE_MISSING' : 'CLEW_FILE_UNREADABLE',
      missing ? `There is no ${path}.` : `${path} can not be read.`,
      { path },
      error,
    );
  }
}
