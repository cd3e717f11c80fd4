/**
 * The bytes of a seed file as text, or a refusal that says what the file is and how to save it.
 */
import { ClewError } from '../errors.ts';

export const SEED_FILE_BYTES_MAX = 64 * 1024 * 1024;

/** First bytes of files that people take for CSV. */
const OTHER_FORMATS: readonly (readonly [firstBytes: string, what: string])[] = [
  ['504b0304', 'a spreadsheet or ZIP file'],
  ['d0cf11e0', 'an old Excel file'],
  ['25504446', 'a PDF file'],
  ['1f8b', 'a gzip file'],
];

const HOW_TO_SAVE = 'In a spreadsheet choose "Save as", then "CSV UTF-8".';

function refuse(what: string, facts: Record<string, string | number> = {}): never {
  throw new ClewError('CLEW_SEEDS_FORMAT', `${what} ${HOW_TO_SAVE}`, facts);
}

function decode(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

/** The line on which the first byte stands that is no UTF-8. */
function firstBadLine(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== 10) continue;
    try {
      decode(bytes.subarray(start, at), 'utf-8');
    } catch {
      return line;
    }
    start = at + 1;
    line += 1;
  }
  return line;
}

/**
 * Text of a seed file: UTF-8, or UTF-16 when a byte order mark says so.
 *
 * @throws {ClewError} CLEW_SEEDS_TOO_LARGE above 64 MiB; CLEW_SEEDS_FORMAT for anything but text in these encodings
 * @example seedFileText(new TextEncoder().encode('address\n')) // 'address\n'
 */
export function seedFileText(bytes: Uint8Array): string {
  if (bytes.length > SEED_FILE_BYTES_MAX) {
    throw new ClewError(
      'CLEW_SEEDS_TOO_LARGE',
      `The seed file has ${bytes.length} bytes; at most ${SEED_FILE_BYTES_MAX} are read.`,
      { bytes: bytes.length, bytesMax: SEED_FILE_BYTES_MAX },
    );
  }
  const firstHex = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  for (const [firstBytes, what] of OTHER_FORMATS) {
    if (firstHex.startsWith(firstBytes)) refuse(`The seed file is ${what}, not CSV.`);
  }
  const utf16 = firstHex.startsWith('fffe')
    ? 'utf-16le'
    : firstHex.startsWith('feff')
      ? 'utf-16be'
      : undefined;
  if (utf16 !== undefined) {
    try {
      return decode(bytes, utf16);
    } catch {
      refuse('The seed file says that it is UTF-16 but is not.');
    }
  }
  if (bytes.includes(0)) refuse('The seed file holds zero bytes: it is UTF-16 or no text at all.');
  try {
    return decode(bytes, 'utf-8');
  } catch {
    const line = firstBadLine(bytes);
    return refuse(`Line ${line} of the seed file is not UTF-8.`, { line });
  }
}
