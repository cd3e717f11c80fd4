/**
 * `npm run bench [-- NAME...]`: measures, checks, and prints a Markdown table with the machine and the date, as it
 * stands in `docs/benchmarks.md`. Each bench runs in a process of its own, so that memory is its own.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/clock.ts';
import { formatDay } from '../src/units/time.ts';
import { type BenchFigure, meetsTarget } from './figure.ts';

const BENCH = fileURLToPath(new URL('.', import.meta.url));

function benchNames(): string[] {
  return readdirSync(BENCH)
    .filter((name) => name.endsWith('.bench.ts'))
    .map((name) => name.slice(0, -'.bench.ts'.length))
    .sort();
}

function formatValue(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

function row(figure: BenchFigure): string {
  const target =
    figure.targetMin !== undefined
      ? `≥ ${formatValue(figure.targetMin)}`
      : figure.targetMax !== undefined
        ? `≤ ${formatValue(figure.targetMax)}`
        : '';
  const verdict = { true: 'met', false: '**missed**', undefined: '' }[String(meetsTarget(figure))];
  return `| ${figure.name} | ${formatValue(figure.value)} ${figure.unit} | ${target} | ${verdict} | ${figure.note ?? ''} |`;
}

/** Runs one bench and reads its figures from the last line of its output. */
function runBench(name: string): BenchFigure[] {
  const result = spawnSync(process.execPath, [join(BENCH, 'run-one.ts'), name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  if (result.status !== 0) throw new Error(`the bench ${name} failed`);
  return JSON.parse(result.stdout.toString().trim().split('\n').at(-1)!) as BenchFigure[];
}

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : benchNames();
const unknown = names.filter((name) => !benchNames().includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `No bench is called ${unknown.join(', ')}; there are: ${benchNames().join(', ')}\n`,
  );
  process.exit(2);
}
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
process.stdout.write(`${formatDay(systemClock.nowSeconds())} · ${machine}\n\n`);
process.stdout.write('| figure | measured | target | | how |\n|---|---|---|---|---|\n');
let missed = 0;
for (const name of names) {
  for (const figure of runBench(name)) {
    if (meetsTarget(figure) === false) missed += 1;
    process.stdout.write(`${row(figure)}\n`);
  }
}
if (missed > 0) process.stdout.write(`\n${missed} targets missed.\n`);
