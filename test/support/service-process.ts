/**
 * A real program that a test talks to (a ClickHouse server, a Bitcoin node): started, stopped, killed and started again on
 * the same folder and ports. It never outlives the test, whichever way that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_MS = 60_000;
const STOP_MS = 60_000;
const ASK_EVERY_MS = 20;
const LOG_LINES = 30;

/** The first program of these names on the PATH or in the folders; undefined when there is none. */
export function findProgram(
  names: readonly string[],
  folders: readonly string[],
): string | undefined {
  const searched = [...(process.env['PATH'] ?? '').split(delimiter), ...folders];
  for (const folder of searched.filter((each) => each !== '')) {
    for (const name of names) if (existsSync(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** Says loudly that a test did not run because a program is missing here, and skips it. */
export function skipForMissing(t: TestContext, program: string): void {
  console.error(
    `!! ${program} IS MISSING — the test "${t.name}" did not run. Install it: npm run services`,
  );
  t.skip(`${program} is missing (npm run services installs it)`);
}

/** Programs of this process, killed when it ends. */
const running = new Set<ChildProcess>();
let isHooked = false;

function killAtTheEnd(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
  if (isHooked) return;
  isHooked = true;
  process.once('exit', () => {
    for (const each of running) each.kill('SIGKILL');
  });
}

export interface ServiceCommand {
  /** For messages: "ClickHouse server 1". */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Its working folder; also where its output goes. */
  readonly folder: string;
  /** Where its own log is, shown when it fails. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files' permissions hold for it even when root runs the tests. */
  readonly withoutRootRights?: boolean;
  /** Resolves to true once it answers; may throw while it does not. */
  readonly isReady: () => Promise<boolean>;
}

/** One such program. */
export class ServiceProcess {
  readonly #command: ServiceCommand;
  #child: ChildProcess | undefined;

  constructor(command: ServiceCommand) {
    this.#command = command;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && hasNotEnded(this.#child);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The end of its log, for messages. */
  log(lines = LOG_LINES): string {
    const texts = [this.#command.logFile, join(this.#command.folder, 'output.log')].map((path) =>
      existsSync(path) ? readFileSync(path, 'utf8').trimEnd() : '',
    );
    return texts
      .filter((text) => text !== '')
      .flatMap((text) => text.split('\n').slice(-lines))
      .join('\n');
  }

  /**
   * Starts it and waits until it answers.
   *
   * @throws Error with the end of its log when it ends or does not answer in time
   */
  async start(): Promise<void> {
    if (this.isRunning) return;
    const { name, program, args, folder, env, withoutRootRights = false } = this.#command;
    const output = openSync(join(folder, 'output.log'), 'a');
    const [first, ...rest] = [...guarded(withoutRootRights), program, ...args];
    const child = spawn(first!, rest, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    killAtTheEnd(child);
    this.#child = child;
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    const deadline = performance.now() + READY_MS;
    for (;;) {
      if (failure !== undefined)
        throw new Error(`${name} could not be started: ${failure.message}`);
      if (!hasNotEnded(child)) {
        const how = child.signalCode ?? `exit code ${child.exitCode}`;
        throw new Error(`${name} ended while starting (${how}). Its log:\n${this.log()}`);
      }
      if (await this.#command.isReady().catch(() => false)) return;
      if (performance.now() > deadline) {
        await this.kill();
        throw new Error(`${name} did not answer in ${READY_MS} ms. Its log:\n${this.log()}`);
      }
      await sleep(ASK_EVERY_MS);
    }
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it as a loss of power would end it: at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Holds it as it is, answering nothing, until `goOn`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !hasNotEnded(child)) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** Killed tests run no code of ours at their end: then the kernel ends the program (Linux). */
function guarded(withoutRootRights: boolean): string[] {
  const setpriv = findProgram(['setpriv'], ['/usr/bin']);
  if (setpriv === undefined) return [];
  const drop = withoutRootRights ? ['--bounding-set', '-all', '--inh-caps', '-all'] : [];
  return [setpriv, '--pdeathsig', 'KILL', ...drop, '--'];
}

function hasNotEnded(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
