import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureProcess } from './measure-process.ts';

/** Fills 200 MB, then waits long enough to be seen. */
const FILL = 'const b = Buffer.alloc(2e8, 1); setTimeout(() => console.log(b.length), 100)';

test('a program is measured with the processes that it starts', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clew-measure-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const measured = await measureProcess({
    command: 'sh',
    args: ['-c', `"${process.execPath}" -e '${FILL}'; true`],
    outputFile: join(folder, 'out'),
  });
  assert.equal(measured.stdout, '200000000\n');
  assert.ok(measured.seconds > 0.1);
  if (!existsSync('/proc/self/status')) return t.skip('memory is measured on Linux only');
  assert.ok(measured.peakBytes! > 200e6 && measured.peakBytes! < 400e6, `${measured.peakBytes}`);
  assert.ok(measured.cpuSeconds! > 0);
});

test('a program that fails is named with its last words', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clew-measure-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await assert.rejects(
    measureProcess({
      command: 'sh',
      args: ['-c', 'echo no such block >&2; exit 3'],
      outputFile: join(folder, 'out'),
    }),
    /ended with 3: no such block/,
  );
});
