import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../file-error.ts';

const KEY_BYTES = 32;

/**
 * The secret of this installation with which site names that look like links are replaced by digests: made once, kept
 * readable by its owner alone. With another key the same site gets another digest.
 *
 * @param keysFolder `<data>/keys`
 */
export function loadSiteKey(keysFolder: string): Uint8Array {
  const path = join(keysFolder, 'site-digest.key');
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(cause, path);
  }
  const key = randomBytes(KEY_BYTES);
  try {
    mkdirSync(keysFolder, { recursive: true, mode: 0o700 });
    writeFileSync(path, key, { mode: 0o600, flag: 'wx', flush: true });
  } catch (cause) {
    throw fileError(cause, path);
  }
  return key;
}
