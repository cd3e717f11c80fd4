import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { DataSession } from '../pipeline/data-session.ts';
import { answerOthers } from './answer-others.ts';
import { type Command, defineCommand } from './command.ts';
import { dataOptions, jsonOption } from './common-options.ts';
import { openDataFolder } from './data-folder.ts';
import { takeDataLock } from './data-lock.ts';
import { openLocally } from './local-host.ts';
import { type Host, runCommandLine } from './run-command-line.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const noted: string[] = [];

/** Commands as the real ones are made, for every way in which one can end. */
const PROBES: Command[] = [
  defineCommand({
    name: 'probe',
    about: 'Ends in the way asked for.',
    positionals: { how: { kind: 'text', value: 'HOW', help: 'how' } },
    options: { ...dataOptions, ...jsonOption },
    examples: ['clew probe well'],
    access: 'none',
    async run({ how, json }, context) {
      const { stdout, signal, warn } = context;
      if (how === 'well') await stdout.write(`well ${json}\n`);
      if (how === 'three') return 3;
      if (how === 'full') throw Object.assign(new Error('x'), { code: 'ENOSPC', path: '/d/f' });
      if (how === 'fault') throw new TypeError('undefined is not a function');
      if (how === 'warn') {
        warn({ code: 'CLEW_BLOCK_CUT', message: 'Cut.', facts: { file: 'blk0.dat', offset: 5 } });
      }
      if (how === 'data') await stdout.write(context.data.path);
      if (how === 'wait') await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return undefined;
    },
  }) as Command,
  defineCommand({
    name: 'note down',
    about: 'Changes the data folder.',
    positionals: { text: { kind: 'path', value: 'TEXT', help: 'what' } },
    options: { data: dataOptions.data },
    examples: [],
    access: 'write',
    async run({ text }, { stdout, data }) {
      noted.push(`begin ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      noted.push(`end ${text}`);
      await stdout.write(`${data.path}\n`);
    },
  }) as Command,
];

const GROUPS = [
  {
    title: 'Probes',
    commands: PROBES.map((command) => ({
      name: command.name,
      summary: 'x',
      load: async () => command,
    })),
  },
];

async function run(argv: string[], changes: Partial<Host> = {}): Promise<Run> {
  const held = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      held[name] += text;
    },
  });
  const host: Host = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock: systemClock,
    signal: new AbortController().signal,
    workingFolder: '/home/ana',
    debug: false,
    commands: GROUPS,
    openData: (path, wanted) => openLocally(host, path, wanted),
    ...changes,
  };
  return { code: await runCommandLine(argv, host), ...held };
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'clew-run-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('results go to stdout and leave stderr alone', async () => {
  assert.deepEqual(await run(['probe', 'well', '--json']), {
    code: 0,
    stdout: 'well true\n',
    stderr: '',
  });
  assert.equal((await run(['probe', 'three'])).code, 3);
});

test('help and version, by every way that people try', async () => {
  for (const argv of [['--help'], ['-h'], ['help']]) {
    const { code, stdout } = await run(argv);
    assert.equal(code, 0);
    assert.match(stdout, /note down/);
  }
  for (const argv of [
    ['probe', '--help'],
    ['help', 'probe'],
    ['probe', 'x', '-h'],
  ]) {
    const { code, stdout } = await run(argv);
    assert.equal(code, 0);
    assert.match(stdout, /^usage: clew probe HOW \[options\]/);
  }
  const { code, stdout } = await run([]);
  assert.equal(code, 2);
  assert.match(stdout, /^Clew follows/);
  assert.match((await run(['--version'])).stdout, /^clew \d+\.\d+\.\d+\n$/);
});

test('errors are told for people, with facts and a hint', async () => {
  const { code, stdout, stderr } = await run(['probe', 'full']);
  assert.equal(code, 8);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^error CLEW_NO_SPACE: The disk is full\.\n {2}path=\/d\/f\n {2}hint: Make room .*\n$/,
  );
});

test('errors are told for programs, one line each', async () => {
  const { code, stderr } = await run(['probe', 'full', '--json']);
  assert.equal(code, 8);
  const { error } = JSON.parse(stderr);
  assert.equal(error.code, 'CLEW_NO_SPACE');
  assert.deepEqual(error.facts, { path: '/d/f' });
  assert.equal(typeof error.hint, 'string');
});

test('a fault is called one, and shows its stack only when asked', async () => {
  const { code, stderr } = await run(['probe', 'fault']);
  assert.equal(code, 1);
  assert.match(stderr, /^error CLEW_INTERNAL: undefined is not a function\n/);
  assert.doesNotMatch(stderr, /\.ts:/);
  assert.match(
    (await run(['probe', 'fault'], { debug: true })).stderr,
    /run-command-line\.test\.ts:/,
  );
});

test('warnings go to stderr and change nothing else', async () => {
  assert.deepEqual(await run(['probe', 'warn']), {
    code: 0,
    stdout: '',
    stderr: 'warning CLEW_BLOCK_CUT: Cut. (file=blk0.dat offset=5)\n',
  });
  const { warning } = JSON.parse((await run(['probe', 'warn', '--json'])).stderr);
  assert.equal(warning.code, 'CLEW_BLOCK_CUT');
});

test('unknown commands get a suggestion', async () => {
  const near = await run(['proeb']);
  assert.equal(near.code, 2);
  assert.match(near.stderr, /CLEW_UNKNOWN_COMMAND: .*Did you mean probe\?/);
  assert.match((await run(['note'])).stderr, /Did you mean clew note down\?/);
  assert.match((await run(['help', 'nonsense'])).stderr, /CLEW_UNKNOWN_COMMAND/);
});

test('Ctrl-C ends with 130', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  const { code, stderr } = await run(['probe', 'wait'], { signal: abort.signal });
  assert.equal(code, 130);
  assert.match(stderr, /^error CLEW_INTERRUPTED/);
});

test('a command that said it needs no data folder gets none', async () => {
  assert.equal((await run(['probe', 'data'])).code, 1);
});

test('a command opens the data folder, and leaves no lock behind', async (t) => {
  const data = join(scratch(t), 'data');
  const { code, stdout } = await run(['note', 'down', 'x', '--data', data]);
  assert.equal(code, 0);
  assert.equal(stdout, `${data}\n`);
  assert.equal(existsSync(join(data, 'lock')), false);
});

test('while a server holds the folder, commands are answered through it, writers one by one', async (t) => {
  const folder = join(scratch(t), 'data');
  const data = openDataFolder(folder, true);
  const wanted = { command: 'serve', access: 'host' as const };
  const lock = await takeDataLock(folder, wanted, systemClock);
  assert.ok(!('servedBy' in lock));
  const server: Host = {
    stdout: { write: () => assert.fail('the server printed') },
    stderr: { write: () => assert.fail('the server printed') },
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock: systemClock,
    signal: new AbortController().signal,
    workingFolder: '/',
    debug: false,
    commands: GROUPS,
    openData: () => assert.fail('the server opened its folder again'),
  };
  const session = new DataSession({
    storePath: data.storePath,
    networkFolder: () => assert.fail('no ledger was wanted'),
  });
  const stop = await answerOthers({ data, session }, lock, server, 'http://127.0.0.1:1/');
  t.after(async () => {
    await stop();
    lock.release();
  });
  noted.length = 0;
  const runs = await Promise.all(
    ['a', 'b', 'c'].map((text) => run(['note', 'down', text, '--data', folder])),
  );
  for (const each of runs) assert.deepEqual(each, { code: 0, stdout: `${folder}\n`, stderr: '' });
  assert.equal(noted.length, 6);
  for (let i = 0; i < 6; i += 2) {
    // The caller's own folder, not the server's, is what its paths are relative to.
    assert.match(noted[i]!, /^begin \/home\/ana\/[abc]$/);
    assert.equal(noted[i + 1], noted[i]!.replace('begin', 'end'));
  }
  const refused = await run(['note', 'down', '--data', folder]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /CLEW_USAGE: TEXT is missing/);
});
