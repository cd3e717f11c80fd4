/**
 * The set-up on a bare machine, acted out: a copy of the scripts, and an npm that only notes how it was
 * called and puts a Node in the place where the real one would.
 */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PROJECT } from './support/source-files.ts';

const PLATFORM = `node-${process.platform}-${process.arch}`;

interface Stage {
  readonly folder: string;
  /** How npm was called, line by line. */
  npmCalls(): string[];
  run(program: string, args: string[], cwd?: string): SpawnSyncReturns<string>;
}

const FAKE_NPM = `#!/bin/sh
echo "$*" >> "$STAGE/npm-calls"
[ -e "$STAGE/npm-fails" ] && { echo 'npm error network' >&2; exit 7; }
mkdir -p node_modules/${PLATFORM}/bin
echo '{"name":"${PLATFORM}","version":"24.0.0"}' > node_modules/${PLATFORM}/package.json
ln -sf "$REAL_NODE" node_modules/${PLATFORM}/bin/node
cp package-lock.json node_modules/.package-lock.json
echo 'added 1 package'
`;

function stage(t: TestContext): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'clew-install-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['scripts/run.mjs', 'scripts/install.mjs', 'bin/clew']) {
    cpSync(join(PROJECT, part), join(folder, part));
  }
  mkdirSync(join(folder, 'src/cli'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'package-lock.json'), lockText('24.0.0'));
  writeFileSync(
    join(folder, 'src/cli/main.ts'),
    `const words: string[] = process.argv.slice(2);
     if (words.includes('wait')) { console.log('waiting'); setInterval(() => {}, 1000); }
     else { console.log(JSON.stringify({ words, cwd: process.cwd() })); process.exitCode = Number(words.at(-1)) || 0; }`,
  );
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  writeFileSync(join(tools, 'npm'), FAKE_NPM);
  chmodSync(join(tools, 'npm'), 0o755);
  return {
    folder,
    npmCalls() {
      const path = join(folder, 'npm-calls');
      return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    },
    run: (program, args, cwd = folder) =>
      spawnSync(program, args, { cwd, encoding: 'utf8', env: stageEnvironment(folder) }),
  };
}

function stageEnvironment(folder: string): NodeJS.ProcessEnv {
  const { npm_execpath: _, INIT_CWD: __, NODE_TEST_CONTEXT: ___, ...rest } = process.env;
  return {
    ...rest,
    STAGE: folder,
    REAL_NODE: process.execPath,
    HOME: folder,
    PATH: `${join(folder, 'tools')}:${join(process.execPath, '..')}:${process.env['PATH']}`,
  };
}

function lockText(version: string): string {
  return JSON.stringify({
    packages: {
      '': {},
      [`node_modules/${PLATFORM}`]: { version, integrity: 'sha512-x', optional: true },
    },
  });
}

test('npm start installs once, starts the program with its words, and passes its exit code on', (t) => {
  const { folder, npmCalls, run } = stage(t);
  const first = run(process.execPath, ['scripts/run.mjs', 'start', '--port', '5']);
  assert.equal(first.status, 5, first.stderr);
  assert.deepEqual(npmCalls(), ['ci --ignore-scripts --no-audit --no-fund --loglevel=error']);
  assert.match(first.stderr, /Setting up Clew: npm ci/);
  const said = JSON.parse(first.stdout.split('\n').find((line) => line.startsWith('{'))!);
  assert.deepEqual(said.words, ['start', '--port', '5']);
  const second = run(process.execPath, ['scripts/run.mjs', 'start']);
  assert.equal(second.status, 0);
  assert.equal(second.stderr, '');
  assert.equal(npmCalls().length, 1, 'the second start must not install again');
  assert.equal(existsSync(join(folder, '.clew-install.tmp')), false);
});

test('a changed lock file installs again, a touched one does not', (t) => {
  const { folder, npmCalls, run } = stage(t);
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  const lock = join(folder, 'package-lock.json');
  const later = new Date(2100, 0);
  utimesSync(lock, later, later);
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  assert.equal(npmCalls().length, 1);
  writeFileSync(lock, lockText('24.0.1'));
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  assert.equal(npmCalls().length, 2);
});

test('what npm installed by hand is recognised', (t) => {
  const { folder, npmCalls, run } = stage(t);
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  rmSync(join(folder, 'node_modules/.clew-installed'));
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  assert.equal(npmCalls().length, 1);
  assert.ok(existsSync(join(folder, 'node_modules/.clew-installed')));
});

test('a lock without the packages of some platform goes to npm install, which takes the rest', (t) => {
  const { folder, npmCalls, run } = stage(t);
  const lock = JSON.parse(lockText('24.0.0'));
  lock.packages[''].optionalDependencies = { [PLATFORM]: '24.0.0', 'node-elsewhere': '24.0.0' };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  assert.equal(run(process.execPath, ['scripts/run.mjs', 'set-up']).status, 0);
  assert.match(npmCalls()[0]!, /^install --no-save --ignore-scripts /);
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  assert.equal(npmCalls().length, 1);
});

test('the lock file is of this package.json', () => {
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const root = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')).packages[''];
  for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    assert.deepEqual(root[kind], manifest[kind], kind);
  }
});

test('a failed installation says so, ends with an error, and is tried again', (t) => {
  const { folder, npmCalls, run } = stage(t);
  writeFileSync(join(folder, 'npm-fails'), '');
  const failed = run(process.execPath, ['scripts/run.mjs', 'test']);
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /npm error network[\s\S]*npm ci failed with exit code 7\./);
  rmSync(join(folder, 'npm-fails'));
  assert.equal(run(process.execPath, ['scripts/run.mjs', 'set-up']).status, 0);
  assert.equal(npmCalls().length, 2);
});

test('a set-up that was killed does not block the next', (t) => {
  const { folder, run } = stage(t);
  // Process ids end at 4194304 on Linux, so nobody has this one.
  writeFileSync(join(folder, '.clew-install.tmp'), '9999999\n');
  assert.equal(run(process.execPath, ['scripts/run.mjs', 'set-up']).status, 0);
});

test('npm test runs the tests, a folder of them, or fails with them', (t) => {
  const { folder, run } = stage(t);
  writeFileSync(
    join(folder, 'src/a.test.ts'),
    `import { test } from 'node:test'; test('good', () => {});`,
  );
  mkdirSync(join(folder, 'test'));
  writeFileSync(
    join(folder, 'test/b.test.ts'),
    `import { test } from 'node:test'; test('bad', () => { throw new Error('red' as string); });`,
  );
  const all = run(process.execPath, ['scripts/run.mjs', 'test']);
  assert.equal(all.status, 1);
  assert.match(all.stdout, /^ℹ pass 1$/m);
  assert.match(all.stdout, /^ℹ fail 1$/m);
  const some = run(process.execPath, ['scripts/run.mjs', 'test', 'src']);
  assert.equal(some.status, 0, some.stdout);
  assert.match(some.stdout, /^ℹ tests 1$/m);
});

test('a signal reaches the program and ends both', async (t) => {
  const { folder, run } = stage(t);
  run(process.execPath, ['scripts/run.mjs', 'set-up']);
  const child = spawn(process.execPath, ['scripts/run.mjs', 'start', 'wait'], {
    cwd: folder,
    env: stageEnvironment(folder),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGTERM');
  const signal = await new Promise((resolve) => child.once('exit', (_, name) => resolve(name)));
  assert.equal(signal, 'SIGTERM');
});

test('bin/clew sets up on first use, then starts at once, with clean output', (t) => {
  const { folder, npmCalls, run } = stage(t);
  const elsewhere = join(folder, 'tools');
  const first = run(join(folder, 'bin/clew'), ['status', '--json'], elsewhere);
  assert.equal(first.status, 0, first.stderr);
  // What npm prints must not mix with the result.
  assert.equal(JSON.parse(first.stdout).words[0], 'status');
  assert.match(first.stderr, /added 1 package/);
  const second = run(join(folder, 'bin/clew'), ['status', '3'], elsewhere);
  assert.equal(second.status, 3);
  assert.equal(second.stderr, '');
  assert.deepEqual(JSON.parse(second.stdout), { words: ['status', '3'], cwd: elsewhere });
  assert.equal(npmCalls().length, 1);
});

test('the software’s version is that of the package', async () => {
  const { VERSION } = await import('../src/version.ts');
  assert.equal(VERSION, JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')).version);
});
