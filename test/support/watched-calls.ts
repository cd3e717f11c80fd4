/**
 * Watches every call of this process that changes a file below a folder, or a table of the engine, and kills the process
 * at one of them: with SIGKILL, before the call, half way through it (half of the bytes are written, the statement runs), or
 * after it. Nothing of `src` knows of it: the functions of `node:fs` are replaced, and those of the engine.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, relative } from 'node:path';
import { Session } from 'chdb';

/** Where in a call the process is killed. */
export type KillHow = 'before' | 'half' | 'after';

/** Or what goes wrong from this call on: no room for another byte; or, at a call that reads, a disk that does not give a page. */
export type Fault = 'full' | 'unreadable';

export interface WatchedCall {
  readonly operation: string;
  /** What kind of file or table: `outputValue.col`, `journal`, `incoming/blocks`, `tips`. */
  readonly target: string;
}

/** Asked at each call. */
export type OnCall = (call: WatchedCall) => KillHow | Fault | undefined;

const { writeSync } = fs;

/** The last words of a process, which its parent reads. */
export function tell(line: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  let done = 0;
  while (done < bytes.length) done += writeSync(1, bytes, done, bytes.length - done);
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal may come a moment later; nothing must happen in between.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error('still alive');
}

/** Numbers in the names of files that come and go. */
function targetOf(path: string, folder: string): string {
  const inFolder = relative(folder, path);
  const name = basename(path).replace(/-\d+\.(run|native)/, '.$1');
  return basename(dirname(inFolder)) === 'incoming' ? `incoming/${name}` : name;
}

/** Calls that need room. What only removes or renames works on a full disk. */
const NEEDS_ROOM = new Set(['write', 'create', 'mkdir', 'writeFile', 'fsync', 'fdatasync']);

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

export function watchCalls(folder: string, onCallOf: OnCall): void {
  const paths = new Map<number, string>();
  let isFull = false;
  /** Kills are handed on; of faults the call fails. */
  const onCall = (call: WatchedCall): KillHow | undefined => {
    const how = onCallOf(call);
    if (how === 'full') isFull = true;
    if (isFull && NEEDS_ROOM.has(call.operation)) throw systemError('ENOSPC');
    if (how === 'unreadable') throw systemError('EIO');
    return how === 'full' ? undefined : how;
  };
  const isBelow = (path: unknown): path is string =>
    typeof path === 'string' && path.startsWith(folder);
  // biome-ignore lint/suspicious/noExplicitAny: functions of many shapes are wrapped alike
  const api = fs as any;

  /** Around a call whose first argument is a path or an open file. */
  const around = (name: string, operation = name.replace('Sync', '')): void => {
    const original = api[name];
    api[name] = (...args: unknown[]) => {
      const path = typeof args[0] === 'number' ? paths.get(args[0]) : args[0];
      if (!isBelow(path)) return original(...args);
      const how = onCall({ operation, target: targetOf(path, folder) });
      if (how === 'before') die();
      if (how === 'half' && name === 'writeSync') {
        half(args);
        die();
      }
      const result = original(...args);
      if (how !== undefined) die();
      return result;
    };
  };

  for (const name of ['readSync', 'writeSync', 'fsyncSync', 'fdatasyncSync', 'ftruncateSync'])
    around(name);
  for (const name of ['renameSync', 'rmSync', 'mkdirSync', 'writeFileSync']) around(name);

  const { openSync, closeSync } = fs;
  api.openSync = (path: string, flags: string, mode?: number) => {
    if (!isBelow(path)) return openSync(path, flags, mode);
    // Opening for reading changes nothing; a folder is opened so to be brought to the disk.
    const how = flags.startsWith('r') ? undefined : ask(path);
    if (how === 'before') die();
    const fd = openSync(path, flags, mode);
    if (how !== undefined) die();
    paths.set(fd, path);
    return fd;
  };
  const ask = (path: string) => onCall({ operation: 'create', target: targetOf(path, folder) });
  api.closeSync = (fd: number) => {
    paths.delete(fd);
    closeSync(fd);
  };
  syncBuiltinESMExports();
  watchEngine(onCall);
}

/** Write half of what was to be written. */
function half([fd, bytes, from, count, position]: unknown[]): void {
  const all = bytes as Uint8Array;
  const begin = (from as number | undefined) ?? 0;
  const length = Math.floor(((count as number | undefined) ?? all.length) / 2);
  writeSync(fd as number, all, begin, length, (position as number | undefined) ?? null);
}

const CHANGING = /^(INSERT INTO|ALTER TABLE|TRUNCATE TABLE|CREATE TABLE IF NOT EXISTS) (\w+)/;

function watchEngine(onCall: OnCall): void {
  // biome-ignore lint/suspicious/noExplicitAny: a function of another package is wrapped
  const engine = Session.prototype as any;
  const original = engine.queryAsync;
  engine.queryAsync = async function queryAsync(sql: string, options: unknown) {
    const [, statement, table] = CHANGING.exec(sql) ?? [];
    if (statement === undefined) return original.call(this, sql, options);
    const operation = statement.split(' ')[0]!.toLowerCase();
    const how = onCall({ operation, target: table! });
    if (how === 'before') die();
    // The engine works in threads of its own: a moment later it is in the middle.
    if (how === 'half') setTimeout(die, Math.random() * 4);
    const result = await original.call(this, sql, options);
    if (how !== undefined) die();
    return result;
  };
}
