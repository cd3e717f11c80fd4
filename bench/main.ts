/**
 * `npm run bench [-- NAME...]`: measures, checks, and prints a Markdown table with the machine and the date, as it
 * stands in `docs/benchmarks.md`. What begins with `--` and all behind it goes to the bench. Each bench runs in a process of its
 * own, so that memory is its own. With `--write PAGE` the figures of a bench also go to the section `<!-- bench NAME -->` of that
 * page, when it has one.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchFigure, meetsTarget } from './figure.ts';
import { dayAndMachine } from './machine.ts';
import { writeSection } from './write-section.ts';

const HEAD = '| figure | measured | target | | how |\n|---|---|---|---|---|\n';
/** Benches that install other people's programs, or take a quarter of an hour and 15 GB of disk. */
const ONLY_WHEN_ASKED = new Set(['peers', 'ledger', 'ethereum-rows', 'cluster']);

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

/** Runs one bench and reads its figures from the last line of its output; what it wrote before is its own table. */
function runBench(name: string): { figures: BenchFigure[]; text: string } {
  const result = spawnSync(process.execPath, [join(BENCH, 'run-one.ts'), name, ...benchOptions], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  if (result.status !== 0) throw new Error(`the bench ${name} failed`);
  const lines = result.stdout.toString().trim().split('\n');
  const figures = JSON.parse(lines.pop()!) as BenchFigure[];
  return { figures, text: lines.join('\n').trim() };
}

const args = process.argv.slice(2);
const optionsFrom = args.findIndex((arg) => arg.startsWith('--'));
const asked = optionsFrom === -1 ? args : args.slice(0, optionsFrom);
const benchOptions = optionsFrom === -1 ? [] : args.slice(optionsFrom);
const names = asked.length > 0 ? asked : benchNames().filter((name) => !ONLY_WHEN_ASKED.has(name));
const unknown = names.filter((name) => !benchNames().includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `No bench is called ${unknown.join(', ')}; there are: ${benchNames().join(', ')}\n`,
  );
  process.exit(2);
}
process.stdout.write(`${dayAndMachine()}\n\n`);
/** Puts the figures into the page named with `--write`, when it has a section for this bench. */
function writeFigures(name: string, figures: readonly BenchFigure[]): void {
  const at = benchOptions.indexOf('--write');
  const page = at === -1 ? undefined : benchOptions[at + 1];
  if (page === undefined || figures.length === 0) return;
  if (!readFileSync(page, 'utf8').includes(`<!-- bench ${name} -->`)) return;
  const text = `${dayAndMachine()}\n\n${HEAD}${figures.map(row).join('\n')}`;
  writeSection(page, `bench ${name}`, text);
}

let rows = 0;
let missed = 0;
const texts: string[] = [];
for (const name of names) {
  const { figures, text } = runBench(name);
  if (text !== '') texts.push(text);
  writeFigures(name, figures);
  for (const figure of figures) {
    if (rows === 0) process.stdout.write(HEAD);
    rows += 1;
    if (meetsTarget(figure) === false) missed += 1;
    process.stdout.write(`${row(figure)}\n`);
  }
}
for (const text of texts) process.stdout.write(`\n${text}\n`);
if (missed > 0) process.stdout.write(`\n${missed} targets missed.\n`);
