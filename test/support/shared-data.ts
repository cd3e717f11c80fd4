/**
 * Real data lies beside the project, never in it. A test that needs it asks here; when the folder or
 * file is missing the test is skipped with a loud notice, so nothing passes silently.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { sha256Hex } from '../../src/bytes/hash.ts';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The folder of shared material; `CLEW_SHARED` may name another place for it. */
export function sharedFolder(): string {
  return process.env['CLEW_SHARED'] ?? resolve(PROJECT, '../shared');
}

let checksums: Map<string, string> | undefined;

function checksumOf(relativePath: string): string | undefined {
  if (checksums === undefined) {
    checksums = new Map();
    const list = readFileSync(join(sharedFolder(), 'data/SHA256SUMS'), 'utf8');
    for (const line of list.split('\n')) {
      const match = /^([0-9a-f]{64}) [ *](?:\.\/)?(.+)$/.exec(line);
      if (match) checksums.set(match[2]!, match[1]!);
    }
  }
  return checksums.get(relativePath);
}

/**
 * The path of a file or folder in the shared data, or undefined after skipping the test loudly.
 *
 * @param relativePath below `data`, for example `bitcoin/blocks/early`
 */
export function sharedPath(t: TestContext, relativePath: string): string | undefined {
  const path = join(sharedFolder(), 'data', relativePath);
  if (existsSync(path)) return path;
  console.error(`!! SHARED DATA MISSING: ${relativePath} — the test "${t.name}" did not run`);
  t.skip(`shared data missing: ${relativePath}`);
  return undefined;
}

/**
 * The bytes of a shared file, checked against SHA256SUMS and unpacked when its name ends in `.gz`;
 * undefined after skipping the test loudly.
 */
export function sharedFile(t: TestContext, relativePath: string): Buffer | undefined {
  const path = sharedPath(t, relativePath);
  if (path === undefined) return undefined;
  const bytes = readFileSync(path);
  const expected = checksumOf(relativePath);
  if (expected !== sha256Hex(bytes)) {
    throw new Error(`shared data altered: ${relativePath} does not have its listed SHA-256`);
  }
  return relativePath.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** A shared JSON file, or undefined after skipping the test loudly. */
export function sharedJson<T>(t: TestContext, relativePath: string): T | undefined {
  const bytes = sharedFile(t, relativePath);
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString('utf8')) as T);
}
