import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { type DataLock, takeDataLock } from './data-lock.ts';

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'clew-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function take(
  folder: string,
  access: 'read' | 'write' | 'host' = 'write',
): Promise<DataLock> {
  const lock = await takeDataLock(folder, { command: 'index', access }, systemClock);
  assert.ok(!('servedBy' in lock));
  return lock;
}

test('one holder at a time; the refusal names the process', async (t) => {
  const folder = scratch(t);
  const lock = await take(folder);
  await assert.rejects(take(folder), (error: { code: string; facts: { pid: number } }) => {
    assert.equal(error.code, 'CLEW_DATA_BUSY');
    assert.equal(error.facts.pid, process.pid);
    return true;
  });
  lock.release();
  assert.deepEqual(readdirSync(folder), []);
  (await take(folder)).release();
});

test('a killed holder leaves a lock that the next one takes over', async (t) => {
  const folder = scratch(t);
  const script = `
    const { takeDataLock } = await import(${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL('../clock.ts', import.meta.url).href)});
    await takeDataLock(${JSON.stringify(folder)}, { command: 'index', access: 'write' }, systemClock);
    process.stdout.write('held');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await assert.rejects(take(folder), { code: 'CLEW_DATA_BUSY' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(join(folder, 'lock')));
  const lock = await take(folder);
  assert.equal(lock.holder.pid, process.pid);
  lock.release();
});

test('a process that got the number of a dead one is not taken for it', async (t) => {
  if (process.platform !== 'linux') return t.skip('reads /proc');
  const folder = scratch(t);
  const lock = await take(folder);
  const file = join(folder, 'lock');
  const holder = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...holder, processStart: 'another boot 1' }));
  const second = await take(folder);
  lock.release();
  assert.ok(existsSync(file), 'the first holder must not remove the lock of the second');
  second.release();
});

test('a lock that can not be read is nobody’s; one of another machine is never taken', async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'lock');
  writeFileSync(file, '{"pid":');
  const lock = await take(folder);
  const holder = { ...lock.holder, token: 'x', pid: 2 ** 22, host: `not-${hostname()}` };
  writeFileSync(file, JSON.stringify(holder));
  await assert.rejects(take(folder), { code: 'CLEW_DATA_BUSY' });
});

test('a short question is waited for', async (t) => {
  const folder = scratch(t);
  const first = await take(folder, 'read');
  setTimeout(() => first.release(), 120);
  (await take(folder, 'read')).release();
});

test('a server is named as the one to ask', async (t) => {
  const folder = scratch(t);
  const lock = await take(folder, 'host');
  lock.publish({ socket: '/run/x', url: 'http://127.0.0.1:1/' });
  const answer = await takeDataLock(folder, { command: 'tx', access: 'read' }, systemClock);
  assert.ok('servedBy' in answer);
  assert.equal(answer.servedBy.socket, '/run/x');
  await assert.rejects(take(folder, 'host'), /serves it at http:\/\/127\.0\.0\.1:1\//);
  lock.release();
});

test('many at once: exactly one gets it, every time', async (t) => {
  const folder = scratch(t);
  for (let round = 0; round < 20; round += 1) {
    // A dead holder's lock is there, so that all of them try to take it over.
    writeFileSync(join(folder, 'lock'), '');
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => take(folder)));
    const won = tries.filter((each) => each.status === 'fulfilled');
    assert.equal(won.length, 1, `round ${round}`);
    for (const each of won) each.value.release();
  }
  assert.deepEqual(readdirSync(folder), []);
});
