/**
 * Who has the data folder open. One process at a time: the ledger's engine allows no second one.
 *
 * The lock is a file that names its holder. It is made whole and at once (a hard link to a file already
 * written), so nobody reads half of it. A holder that died leaves it behind: its process id is then free,
 * or belongs to a process that started at another time, and the lock is taken over.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import { formatTime } from '../units/time.ts';
import type { DataAccess } from './command.ts';

/** What the lock file says of its holder. */
export interface LockHolder {
  /** Tells this lock from every other. */
  readonly token: string;
  readonly pid: number;
  /** What tells this process from a later one of the same number; null where the system does not say. */
  readonly processStart: string | null;
  readonly host: string;
  readonly command: string;
  readonly access: DataAccess;
  readonly sinceSeconds: number;
  /** Where a server listens for other commands. */
  readonly socket: string | null;
  /** Where a server shows its pages. */
  readonly url: string | null;
}

export interface DataLock {
  readonly holder: LockHolder;
  /** Tells others where to ask instead. */
  publish(served: { socket: string; url: string }): void;
  release(): void;
}

const LOCK = 'lock';
/** Two short questions at the same time wait for each other instead of failing. */
const READER_WAIT_MS = 10_000;
const RETRY_MS = 40;

/**
 * Takes the lock, or says who has it.
 *
 * @param folder an existing data folder
 * @returns the lock, or the holder when a server holds the folder that can be asked instead
 * @throws {ClewError} CLEW_DATA_BUSY
 */
export async function takeDataLock(
  folder: string,
  wanted: { command: string; access: DataAccess },
  clock: Clock,
  signal?: AbortSignal,
): Promise<DataLock | { readonly servedBy: LockHolder }> {
  const path = join(folder, LOCK);
  const mine: LockHolder = {
    token: randomUUID(),
    pid: process.pid,
    processStart: processStart(process.pid),
    host: hostname(),
    command: wanted.command,
    access: wanted.access,
    sinceSeconds: clock.nowSeconds(),
    socket: null,
    url: null,
  };
  const startedMs = clock.elapsedMs();
  for (;;) {
    if (createLock(path, mine)) return lockAt(path, mine);
    const holder = readLock(path);
    if (holder === undefined) continue;
    if (isDead(holder)) {
      removeStale(path, holder);
      continue;
    }
    if (holder.socket !== null && wanted.access !== 'host') return { servedBy: holder };
    const isShort = holder.access === 'read' && wanted.access !== 'host';
    if (!isShort || clock.elapsedMs() - startedMs > READER_WAIT_MS || signal?.aborted) {
      throw busyError(folder, holder);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function busyError(folder: string, holder: LockHolder): ClewError {
  const since = formatTime(holder.sinceSeconds);
  const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
  const served = holder.url === null ? '' : ` and serves it at ${holder.url}`;
  return new ClewError(
    'CLEW_DATA_BUSY',
    `\`clew ${holder.command}\` (process ${holder.pid}${where}) has ${folder} open since ${since}${served}.`,
    { path: folder, pid: holder.pid, command: holder.command, since },
  );
}

/** False when there is a lock already. */
function createLock(path: string, holder: LockHolder): boolean {
  const text = `${JSON.stringify(holder, null, 2)}\n`;
  const draft = `${path}.${holder.token}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems know no hard links: there a reader may meet an empty file and looks again.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    try {
      writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (second) {
      if ((second as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw second;
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The holder; undefined when the lock has just gone. What can not be read counts as nobody's. */
function readLock(path: string): LockHolder | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const holder = JSON.parse(text) as LockHolder;
    if (Number.isInteger(holder.pid) && holder.pid > 0) return holder;
  } catch {
    // Handled below.
  }
  const unknown = { token: '', pid: 0, processStart: null, host: hostname(), command: '?' };
  return { ...unknown, access: 'write', sinceSeconds: 0, socket: null, url: null };
}

function isDead(holder: LockHolder): boolean {
  // Another machine's processes can not be seen from here (a folder on a network drive).
  if (holder.host !== hostname()) return false;
  if (holder.pid === 0) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  const start = processStart(holder.pid);
  return holder.processStart !== null && start !== null && start !== holder.processStart;
}

/**
 * When a process started, in whatever form the system gives: it only has to differ between two
 * processes that got the same number. Null when the system does not say.
 */
function processStart(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // proc(5): field 22 is the start in ticks since boot; the name in field 2 may hold spaces.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return `${boot} ${ticks}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/**
 * Moves a dead holder's lock away. When somebody else took it over in between, what we moved is theirs
 * and is put back.
 */
function removeStale(path: string, holder: LockHolder): void {
  const aside = `${path}.stale-${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    if (readLock(aside)?.token !== holder.token) linkSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

function lockAt(path: string, mine: LockHolder): DataLock {
  let holder = mine;
  const release = (): void => {
    process.removeListener('exit', release);
    try {
      if (readLock(path)?.token === mine.token) rmSync(path, { force: true });
    } catch {
      // Whoever finds it sees that its process is gone.
    }
  };
  process.on('exit', release);
  return {
    get holder() {
      return holder;
    },
    publish(served) {
      holder = { ...holder, ...served };
      const draft = `${path}.${mine.token}`;
      writeFileSync(draft, `${JSON.stringify(holder, null, 2)}\n`, { mode: 0o600 });
      renameSync(draft, path);
    },
    release,
  };
}
