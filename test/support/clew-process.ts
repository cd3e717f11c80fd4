/** A Clew that runs beside a test: `serve` and `follow` as real processes, with all that they print. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLEW } from './run-clew.ts';

const WAIT_MS = 30_000;

export class ClewProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  /** @param environment beside that of the test */
  constructor(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(CLEW, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.child.stdout!.on('data', (text: Buffer) => {
      this.stdout += text;
    });
    this.child.stderr!.on('data', (text: Buffer) => {
      this.stderr += text;
    });
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Until something holds; fails with what was printed when the process ends or half a minute passes before. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + WAIT_MS;
    while (!(await holds())) {
      const told = `${what}\n${this.stdout.slice(-3000)}\n${this.stderr.slice(-3000)}`;
      assert.ok(this.isAlive, `ended before: ${told}`);
      assert.ok(performance.now() < endMs, `waited in vain for: ${told}`);
      await sleep(20);
    }
  }

  /** As Ctrl-C does; its exit code. */
  async stop(): Promise<number | null> {
    if (!this.isAlive) return this.child.exitCode;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGINT');
    await ended;
    return this.child.exitCode;
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** The end of a process that ends by itself. */
  async ended(): Promise<number | null> {
    if (this.isAlive) await new Promise((resolve) => this.child.once('exit', resolve));
    return this.child.exitCode;
  }
}
