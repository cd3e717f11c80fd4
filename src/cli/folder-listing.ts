import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../bytes/hash.ts';

/**
 * A digest of what lies in a folder and in its folder `blocks`: names, sizes and times of change. As long as
 * it stays the same, block files need not be looked through again.
 *
 * @returns undefined when the folder can not be listed
 */
export function folderListing(path: string): string | undefined {
  const lines: string[] = [];
  for (const folder of [path, join(path, 'blocks')]) {
    try {
      for (const name of readdirSync(folder).sort()) {
        const { size, mtimeMs } = statSync(join(folder, name));
        lines.push(`${folder} ${name} ${size} ${mtimeMs}`);
      }
    } catch {
      if (folder === path) return undefined;
    }
  }
  return sha256Hex(lines.join('\n'));
}
