/** Commands in their own process: the terminal, the lock, and the server that may have it. */
import { existsSync } from 'node:fs';
import { homedir, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { askLocally } from '../api/local-socket.ts';
import { systemClock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import type { LedgerOptions } from '../ledger/ledger.ts';
import type { LedgerServers } from '../ledger/ledger-servers.ts';
import { answerOthers } from './answer-others.ts';
import { askAtTerminal } from './ask-at-terminal.ts';
import { COMMAND_GROUPS } from './command-list.ts';
import { type DataFolder, defaultDataFolder, openDataFolder } from './data-folder.ts';
import { type DataLock, takeDataLock } from './data-lock.ts';
import { defaultLedgerMemory } from './ledger-memory.ts';
import { type Progress, startProgress } from './progress.ts';
import type { HeldData, Host, OpenedData } from './run-command-line.ts';

/** A sink over one of this process's streams. */
function streamSink(stream: NodeJS.WriteStream): Host['stdout'] {
  return {
    write(text) {
      if (stream.write(text)) return;
      return new Promise((resolve) => stream.once('drain', resolve));
    },
  };
}

/** The host of a command that was typed. */
export function localHost(signal: AbortSignal): Host {
  const { stdout, stderr, env } = process;
  const host: Host = {
    stdout: streamSink(stdout),
    stderr: streamSink(stderr),
    terminal: {
      stdoutIsTerminal: stdout.isTTY === true,
      stderrIsTerminal: stderr.isTTY === true,
      columns: stderr.columns || stdout.columns || 80,
    },
    clock: systemClock,
    signal,
    workingFolder: process.cwd(),
    commands: COMMAND_GROUPS,
    debug: env.CLEW_DEBUG !== undefined && env.CLEW_DEBUG !== '',
    ...(process.stdin.isTTY === true && stderr.isTTY === true && { ask: askAtTerminal(signal) }),
    openData: (path, wanted) => openLocally(host, path, wanted),
  };
  return host;
}

/** Opens the data folder in this process, or has the server that holds it answer. */
export async function openLocally(
  host: Host,
  path: string | undefined,
  wanted: Parameters<Host['openData']>[1],
): Promise<OpenedData> {
  const folder = path ?? defaultDataFolder(process.platform, homedir(), process.env);
  // Judged first: a password among the arguments is refused whatever else is wrong.
  const servers = await serversOf(wanted.ledger, host.workingFolder);
  const mayBeNew = wanted.access !== 'read' || servers !== undefined || wanted.isRemote === true;
  if (path === undefined && !mayBeNew && !existsSync(folder)) {
    throw new ClewError('CLEW_LEDGER_EMPTY', 'Nothing has been indexed yet.', { path: folder });
  }
  const data = openDataFolder(folder, mayBeNew);
  for (;;) {
    const lock = await takeDataLock(folder, wanted, host.clock, host.signal);
    if (!('servedBy' in lock)) {
      const options = {
        memoryBytes: wanted.memoryBytes ?? defaultLedgerMemory(machineMemory()),
        ...(servers !== undefined && { servers }),
        isTakenOver: wanted.isTakenOver ?? false,
        signal: host.signal,
        onFetch: fetchProgress(host),
      };
      try {
        return await hold(await withNetworkOf(data, servers), lock, host, options);
      } catch (error) {
        lock.release();
        throw error;
      }
    }
    if (wanted.isRemote) requireSameProxy(process.env);
    const { socket } = lock.servedBy;
    const { workingFolder, terminal } = host;
    const request = { argv: wanted.argv, workingFolder, terminal };
    const exit = await askLocally(socket!, request, host, host.signal);
    if (exit !== undefined) return { answered: exit };
    // The server went away between our look at the lock and our question.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * The server that holds the folder would ask in our place, and knows nothing of a proxy in our environment.
 *
 * @throws {ClewError} CLEW_DATA_BUSY
 */
function requireSameProxy(env: NodeJS.ProcessEnv): void {
  if (env.CLEW_PROXY === undefined || env.CLEW_PROXY === '') return;
  throw new ClewError(
    'CLEW_DATA_BUSY',
    'A running `clew serve` holds the data folder, and would ask without the proxy in CLEW_PROXY.',
  );
}

/** Bytes that this process may use at most: of the machine, or of the container it runs in. */
function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(totalmem(), allowed) : totalmem();
}

/** Fetching all columns of a large ledger from servers takes hours, once. */
function fetchProgress(host: Host): (done: number, total: number) => void {
  let shown: Progress | undefined;
  return (done, total) => {
    shown ??= startProgress('Fetching columns', { ...host, forced: false, unit: 'rows' });
    shown.update({ done, total });
    if (done < total) return;
    shown.end();
    shown = undefined;
  };
}

/** Loaded late: few commands name servers. */
async function serversOf(
  ledger: string | undefined,
  workingFolder: string,
): Promise<LedgerServers | undefined> {
  if (ledger === undefined) return undefined;
  const { readLedgerServers } = await import('../ledger/ledger-servers.ts');
  return readLedgerServers(ledger, workingFolder, process.env);
}

/** With `--ledger` the network is the one that the servers hold. */
async function withNetworkOf(
  data: DataFolder,
  servers: LedgerServers | undefined,
): Promise<DataFolder> {
  if (servers === undefined) return data;
  const { networkOfServers } = await import('../ledger/open-engine.ts');
  const network = await networkOfServers(servers);
  return network === undefined ? data : { ...data, networks: () => [network] };
}

/** The folder is ours: what it holds is opened when it is wanted, and closed before the lock is given back. */
async function hold(
  data: DataFolder,
  lock: DataLock,
  host: Host,
  options: LedgerOptions,
): Promise<HeldData> {
  // Loaded late: the engines behind it are large, and commands without data never need them.
  const { DataSession } = await import('../pipeline/data-session.ts');
  const session = new DataSession(
    {
      storePath: data.storePath,
      networkFolder: (network) => dirname(data.networkFolders(network).ledger),
    },
    options,
  );
  return {
    data,
    session,
    answerOthers: (url) => answerOthers({ data, session }, lock, host, url),
    async close() {
      try {
        await session.close();
      } finally {
        lock.release();
      }
    },
  };
}
