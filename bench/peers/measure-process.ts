/**
 * Runs a program to its end and measures it from outside: time, processor time, and the peak of its memory, the
 * processes it started included. Linux gives the last two (`/proc`, read every few milliseconds, so what a program
 * does in its last milliseconds may be missed); elsewhere they are undefined.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

const POLL_MS = 10;
/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number | undefined;
  readonly peakBytes: number | undefined;
  readonly stdout: string;
}

export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Folder for what the program prints: a pipe would make it wait for us. */
  readonly outputFile: string;
}

interface ProcessUse {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

function readUse(pid: number): ProcessUse | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(status);
    // The name in parentheses may hold anything: what follows the last one is numbers.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      peakBytes: peak === null ? 0 : Number(peak[1]) * 1024,
    };
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .split(' ')
        .filter((text) => text !== '')
        .map(Number),
    );
  } catch {
    return [];
  }
}

/** The greatest use seen of each process of a tree, kept after the process is gone. */
class TreeUse {
  readonly #uses = new Map<number, ProcessUse>();

  poll(pid: number): void {
    const use = readUse(pid);
    if (use !== undefined && use.peakBytes > 0) this.#uses.set(pid, use);
    for (const child of childrenOf(pid)) this.poll(child);
  }

  /** Processor time is added up; of the memory, the greatest process counts. */
  total(): ProcessUse | undefined {
    if (this.#uses.size === 0) return undefined;
    let cpuSeconds = 0;
    let peakBytes = 0;
    for (const use of this.#uses.values()) {
      cpuSeconds += use.cpuSeconds;
      peakBytes = Math.max(peakBytes, use.peakBytes);
    }
    return { cpuSeconds, peakBytes };
  }
}

/** @throws Error when the program cannot be started or does not end with 0; its last lines are in the message */
export async function measureProcess(spec: ProcessSpec): Promise<Measured> {
  const errorFile = `${spec.outputFile}.err`;
  const [stdout, stderr] = [openSync(spec.outputFile, 'w'), openSync(errorFile, 'w')];
  const tree = new TreeUse();
  const start = performance.now();
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: { ...process.env, RUST_BACKTRACE: '0', ...spec.env },
    stdio: ['ignore', stdout, stderr],
  });
  const poll = setInterval(() => {
    if (child.pid !== undefined) tree.poll(child.pid);
  }, POLL_MS);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode, signal) => resolve(exitCode ?? signal ?? -1));
    });
    const seconds = (performance.now() - start) / 1000;
    if (code !== 0) {
      const last = readFileSync(errorFile, 'utf8').trim().split('\n').slice(-5).join('\n');
      throw new Error(`${spec.command} ${spec.args.join(' ')} ended with ${code}: ${last}`);
    }
    const use = tree.total();
    return {
      seconds,
      cpuSeconds: use?.cpuSeconds,
      peakBytes: use?.peakBytes,
      stdout: readFileSync(spec.outputFile, 'utf8'),
    };
  } finally {
    clearInterval(poll);
    closeSync(stdout);
    closeSync(stderr);
  }
}
