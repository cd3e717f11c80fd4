/**
 * Processor time of another process's threads by name, seen from outside (Linux): also of threads that end before it does.
 * What a thread does in its last tenth of a second may be missed.
 */
import { readdirSync, readFileSync } from 'node:fs';

const POLL_MS = 100;
/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a thread of this process is there for. Node names its own; all others are the database engine's. */
export type ThreadRole = 'main' | 'workers' | 'V8' | 'engine';

export type CpuSeconds = Record<ThreadRole, number>;

function roleOf(name: string): ThreadRole {
  if (name === 'MainThread' || name === 'node') return 'main';
  if (name.startsWith('WorkerThread') || name.startsWith('Worker')) return 'workers';
  if (name.startsWith('V8Worker') || name.startsWith('DelayedTask')) return 'V8';
  return 'engine';
}

export class ThreadWatch {
  readonly #pid: number;
  readonly #seconds = new Map<string, { readonly role: ThreadRole; readonly seconds: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  #poll(): void {
    try {
      const tasks = `/proc/${this.#pid}/task`;
      for (const task of readdirSync(tasks)) {
        const stat = readFileSync(`${tasks}/${task}/stat`, 'latin1');
        // The name in parentheses may hold anything: what follows the last one is numbers.
        const nameEnd = stat.lastIndexOf(')');
        const fields = stat.slice(nameEnd + 2).split(' ');
        const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
        this.#seconds.set(task, {
          role: roleOf(stat.slice(stat.indexOf('(') + 1, nameEnd)),
          seconds,
        });
      }
    } catch {
      // The process, or one of its threads, ended while it was looked at; or this is no Linux.
    }
  }

  stop(): CpuSeconds {
    clearInterval(this.#timer);
    const sum: CpuSeconds = { main: 0, workers: 0, V8: 0, engine: 0 };
    for (const { role, seconds } of this.#seconds.values()) sum[role] += seconds;
    return sum;
  }
}
