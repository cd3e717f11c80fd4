import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all files below a folder, links not followed. */
export function folderBytes(folder: string): number {
  let total = 0;
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const entry = lstatSync(join(folder, name));
    if (entry.isFile()) total += entry.size;
  }
  return total;
}
