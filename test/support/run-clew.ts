/** Commands as they are typed, in the test's own process or as the real program. */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { COMMAND_GROUPS } from '../../src/cli/command-list.ts';
import { openLocally } from '../../src/cli/local-host.ts';
import { type Host, runCommandLine } from '../../src/cli/run-command-line.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { PROJECT } from './source-files.ts';

export const CLEW = join(PROJECT, 'bin/clew');

export interface Told {
  readonly code: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly hint: string;
}

export interface Run {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was printed with `--json`, of several lines the last; undefined when nothing was. */
  // biome-ignore lint/suspicious/noExplicitAny: each command has a shape of its own, and tests say which field they mean.
  readonly json: any;
  readonly error: Told | undefined;
  readonly warnings: readonly Told[];
}

/** Runs a command line with `--json` through the command frame, without starting a process. */
export function runClew(workingFolder: string, ...argv: string[]): Promise<Run> {
  return runClewAt(workingFolder, systemClock, ...argv);
}

/** The same with another clock: patience measured by one that hurries ends sooner. */
export async function runClewAt(
  workingFolder: string,
  clock: Clock,
  ...argv: string[]
): Promise<Run> {
  let stdout = '';
  let stderr = '';
  const host = hostAt(
    workingFolder,
    (text) => {
      stdout += text;
    },
    (text) => {
      stderr += text;
    },
    new AbortController().signal,
    clock,
  );
  const exit = await runCommandLine([...argv, '--json'], host);
  return readRun(exit, stdout, stderr);
}

/**
 * Holds a data folder open with `clew serve` while something is done: commands are then answered at once, where each
 * would otherwise open the ledger anew.
 *
 * @param work is given the address of the server
 */
export async function serveClew(
  workingFolder: string,
  data: string,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const serving = Promise.withResolvers<string>();
  const host = hostAt(
    workingFolder,
    (text) => serving.resolve(JSON.parse(text).url),
    (text) => serving.reject(new Error(text)),
    stop.signal,
  );
  const ended = runCommandLine(['serve', '--data', data, '--json'], host);
  try {
    await work(await serving.promise);
  } finally {
    stop.abort();
    assert.equal(await ended, 0);
  }
}

/** Starts `bin/clew` with `--json` and waits for its end. */
export function startClew(workingFolder: string, ...argv: string[]): Run {
  const done: SpawnSyncReturns<string> = spawnSync(CLEW, [...argv, '--json'], {
    cwd: workingFolder,
    encoding: 'utf8',
  });
  return readRun(done.status ?? -1, done.stdout, done.stderr);
}

function hostAt(
  workingFolder: string,
  stdout: (text: string) => void,
  stderr: (text: string) => void,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Host {
  const host: Host = {
    stdout: { write: stdout },
    stderr: { write: stderr },
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock,
    signal,
    workingFolder,
    debug: false,
    commands: COMMAND_GROUPS,
    openData: (path, wanted) => openLocally(host, path, wanted),
  };
  return host;
}

function readRun(exit: number, stdout: string, stderr: string): Run {
  const said = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { error?: Told; warning?: Told });
  return {
    exit,
    stdout,
    stderr,
    json: readJson(stdout),
    error: said.find(({ error }) => error !== undefined)?.error,
    warnings: said.flatMap(({ warning }) => (warning === undefined ? [] : [warning])),
  };
}

function readJson(stdout: string): unknown {
  if (stdout === '') return undefined;
  const lines = stdout.trimEnd().split('\n');
  // Commands that go on print a line for each event; others one object over several lines.
  return JSON.parse(lines[0] === '{' ? stdout : lines.at(-1)!);
}
