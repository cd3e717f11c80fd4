/** How long the command line takes to start for commands that need no ledger: median of runs after one to warm up. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchFigure } from './figure.ts';

const CLEW = fileURLToPath(new URL('../bin/clew', import.meta.url));
const RUNS = 9;

export async function run(): Promise<BenchFigure[]> {
  return [measure('--help', []), measure('trace --help', ['trace'])];
}

function measure(name: string, command: string[]): BenchFigure {
  const seconds: number[] = [];
  for (let i = 0; i <= RUNS; i += 1) {
    const start = performance.now();
    const result = spawnSync(CLEW, [...command, '--help']);
    assert.equal(result.status, 0);
    if (i > 0) seconds.push((performance.now() - start) / 1000);
  }
  seconds.sort((a, b) => a - b);
  return {
    name: `clew ${name}`,
    value: seconds[Math.floor(RUNS / 2)]!,
    unit: 's',
    targetMax: 0.4,
    note: `median of ${RUNS}`,
  };
}
