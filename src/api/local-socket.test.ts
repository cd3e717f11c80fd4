import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  askLocally,
  type LocalHandler,
  type LocalSocket,
  listenLocally,
  localSocketPath,
} from './local-socket.ts';

const TERMINAL = { stdoutIsTerminal: true, stderrIsTerminal: false, columns: 99 };

async function listen(t: TestContext, handler: LocalHandler): Promise<LocalSocket> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-socket-'));
  const socket = await listenLocally(localSocketPath(folder), handler);
  t.after(async () => {
    await socket.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return socket;
}

function collector(): { stdout: string; stderr: string; output: Parameters<typeof askLocally>[2] } {
  const held = {
    stdout: '',
    stderr: '',
    output: {
      stdout: {
        write(text: string) {
          held.stdout += text;
        },
      },
      stderr: {
        write(text: string) {
          held.stderr += text;
        },
      },
    },
  };
  return held;
}

const NEVER = new AbortController().signal;

test('a command line goes in, its output and exit code come back', async (t) => {
  const socket = await listen(t, async ({ argv, workingFolder, terminal }, { stdout, stderr }) => {
    await stdout.write(`${JSON.stringify({ argv, workingFolder, terminal })}\n`);
    await stderr.write('warning: ₿\n');
    await stdout.write('x'.repeat(3_000_000));
    return 3;
  });
  assert.equal(statSync(socket.path).mode & 0o777, 0o600);
  const held = collector();
  const request = { argv: ['tx', 'a b'], workingFolder: '/home/ana', terminal: TERMINAL };
  assert.equal(await askLocally(socket.path, request, held.output, NEVER), 3);
  const [line, rest] = held.stdout.split('\n');
  assert.deepEqual(JSON.parse(line!), request);
  assert.equal(rest!.length, 3_000_000);
  assert.equal(held.stderr, 'warning: ₿\n');
});

test('Ctrl-C is passed on and the command ends by itself', async (t) => {
  const socket = await listen(t, async (_request, { stdout }, signal) => {
    await stdout.write('working');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await stdout.write(' stopped');
    return 130;
  });
  const held = collector();
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 30);
  const request = { argv: [], workingFolder: '/', terminal: TERMINAL };
  assert.equal(await askLocally(socket.path, request, held.output, abort.signal), 130);
  assert.equal(held.stdout, 'working stopped');
});

test('a caller that goes away aborts its command', async (t) => {
  let aborted = (): void => {};
  const seen = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const socket = await listen(t, async (_request, _output, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    aborted();
    return 130;
  });
  const caller = connect(socket.path, () => {
    const request = { format: 'clew-socket/1', argv: [], workingFolder: '/', terminal: TERMINAL };
    caller.write(`${JSON.stringify(request)}\n`);
    setTimeout(() => caller.destroy(), 20);
  });
  await seen;
});

test('a server that ends in the middle is an error; one that is not there is told apart', async (t) => {
  const socket = await listen(t, async () => {
    setTimeout(() => void socket.close(), 10);
    await new Promise(() => {});
    return 0;
  });
  const request = { argv: [], workingFolder: '/', terminal: TERMINAL };
  const ask = (): Promise<number | undefined> =>
    askLocally(socket.path, request, collector().output, NEVER);
  await assert.rejects(ask(), { code: 'CLEW_INTERRUPTED' });
  assert.equal(existsSync(socket.path), false);
  assert.equal(await ask(), undefined);
});

test('what is no request is cut off without an answer', async (t) => {
  const socket = await listen(t, () => assert.fail('nothing was asked'));
  const bad = [
    'GET / HTTP/1.1\r\n\r\n',
    '{"format":"clew-socket/9","argv":[],"workingFolder":"/","terminal":{}}\n',
    '{"format":"clew-socket/1","argv":[1],"workingFolder":"/","terminal":{}}\n',
    '{"format":"clew-socket/1","argv":[],"workingFolder":"/"}\n',
    'x'.repeat(2_000_000),
  ];
  for (const text of bad) {
    await new Promise<void>((resolve) => {
      const caller = connect(socket.path, () => caller.write(text));
      caller.on('data', () => assert.fail('answered'));
      caller.on('error', () => {});
      caller.on('close', () => resolve());
    });
  }
});

test('a path too long for a socket moves to a private folder of the user', () => {
  const long = join(tmpdir(), 'x'.repeat(120));
  const path = localSocketPath(long);
  assert.ok(Buffer.byteLength(path) <= 100, path);
  assert.notEqual(path, localSocketPath(`${long}y`));
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  assert.equal(localSocketPath('/short'), '/short/socket');
});
