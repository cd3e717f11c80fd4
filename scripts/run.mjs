/**
 * What `npm start`, `npm test`, `npm run bench` and `npm run long` run: set up what is missing, then
 * hand over to Node 24. Plain JavaScript for Node 20 or newer.
 *
 * `node scripts/run.mjs set-up` only installs (bin/clew calls it on first use).
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, findNode, PROJECT, SetUpError } from './install.mjs';

const TEST_FOLDERS = ['src', 'test', 'bench'];
/**
 * Minutes with real servers, killed and started again: `npm run test:services` and `.ci/run` run these, `npm test` does not.
 * That every engine gives the same answers, and every other test with a server or a node, is part of `npm test`.
 */
const SERVICES_ONLY = [
  'test/follow-servers.test.ts',
  'test/ledger-backup.test.ts',
  'test/ledger-servers-kill.test.ts',
  'test/remote-bad-input.test.ts',
  'test/sql-reader-shards.test.ts',
  'test/sql-reader-tips.test.ts',
];
/** A test that hangs must not hold up everything: five minutes is far above what any needs. */
const TEST_TIMEOUT_MS = 300_000;

const PARENT_CHECK_MS = 500;
const GLIBC_TUNABLES = 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432';

/** All test files, those of the benches and of `test` first: the long ones are among them. */
function allTests() {
  const folders = TEST_FOLDERS.toReversed().filter((name) => existsSync(join(PROJECT, name)));
  return folders.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name))
      .sort(),
  );
}

/** `npm test -- src/chain` runs a folder, a file or a glob; options go to Node's runner as they are. */
function testArguments(args) {
  const filters = args.filter((arg) => !arg.startsWith('-'));
  const files = filters.map((filter) =>
    statSync(filter, { throwIfNoEntry: false })?.isDirectory()
      ? join(filter, '**/*.test.ts')
      : filter,
  );
  return [
    '--test',
    '--test-reporter=spec',
    '--test-concurrency=2',
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...args.filter((arg) => arg.startsWith('-')),
    ...(files.length > 0 ? files : everyDay()),
  ];
}

function everyDay() {
  const left = new Set(SERVICES_ONLY.map((name) => join(name)));
  return allTests().filter((name) => !left.has(name));
}

const PROGRAMS = {
  start: (args) => [join(PROJECT, 'src/cli/main.ts'), 'start', ...args],
  test: testArguments,
  'test-services': (args) => testArguments([...SERVICES_ONLY, ...args]),
  bench: (args) => ['bench/main.ts', ...args],
  long: (args) => ['test/long/main.ts', ...args],
};

/** Runs the program with our terminal and ends as it ends: same exit code, same signal. */
function handOver(node, args, cwd) {
  // Large tables in large pages of memory, as in bin/clew.
  const env = { GLIBC_TUNABLES, ...process.env };
  const child = spawn(node, args, { cwd, env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: the child has it already.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  // npm stops a script by stopping the shell around it, which tells us nothing: our parent just goes.
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM');
    }, PARENT_CHECK_MS).unref();
  }
  child.on('error', (error) => {
    process.stderr.write(`Node could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function main() {
  const [name, ...args] = process.argv.slice(2);
  if (name === 'set-up') {
    ensureInstalled({ quiet: true });
    findNode();
    return;
  }
  const program = PROGRAMS[name];
  if (program === undefined) {
    throw new SetUpError(`usage: node scripts/run.mjs ${Object.keys(PROGRAMS).join('|')}|set-up`);
  }
  ensureInstalled();
  // Paths given to `start` are relative to where npm was called from, which npm keeps in INIT_CWD.
  const calledFrom = process.env.INIT_CWD ?? process.cwd();
  handOver(findNode(), program(args), name === 'start' ? calledFrom : PROJECT);
}

try {
  main();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
