import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { ClewError } from '../errors.ts';
import { type LedgerEngine, openChdb } from './engine.ts';
import { StringValues, U32Values } from './native-block.ts';

const folder = temporaryFolder('engine');

/** Open a ledger's engine in a process of its own; what it said. */
async function openElsewhere(path: string): Promise<{ code?: string; message?: string }> {
  const engineModule = fileURLToPath(new URL('engine.ts', import.meta.url));
  const program = `
    import { openChdb } from ${JSON.stringify(engineModule)};
    try { await (await openChdb(${JSON.stringify(path)})).close(); console.log('{}'); }
    catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await new Promise((resolve) => child.on('exit', resolve));
  return JSON.parse(output) as { code?: string };
}

async function withEngine(
  name: string,
  work: (engine: LedgerEngine, path: string) => Promise<void>,
) {
  const path = join(folder, name);
  const engine = await openChdb(path);
  try {
    await work(engine, path);
  } finally {
    await engine.close();
  }
}

async function failureOf(work: Promise<unknown>): Promise<ClewError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ClewError, 'it did not fail as it should');
  return error;
}

test('a second process is told that the ledger is busy, and leaves the first one alone', async () => {
  await withEngine('busy', async (engine, path) => {
    const waiting = join(path, 'incoming', 'rows-1.native');
    writeFileSync(waiting, 'rows on their way in');
    const { code, message } = await openElsewhere(path);
    assert.equal(code, 'CLEW_DATA_BUSY');
    assert.doesNotMatch(message!, /SELECT|INSERT|DB::/);
    assert.ok(existsSync(waiting), 'the files of the first process were cleared');
    await engine.command('SELECT 1');
  });
  assert.deepEqual(await openElsewhere(join(folder, 'busy')), {});
});

test('what was left on its way in is cleared by the next to open', async () => {
  await withEngine('left', async (_engine, path) => {
    writeFileSync(join(path, 'incoming', 'rows-1.native'), 'half');
  });
  await withEngine('left', async (_engine, path) => {
    assert.deepEqual(readdirSync(join(path, 'incoming')), []);
  });
});

test('a failure of the engine says no SQL and no data; an error about the table blocks is no lock', async () => {
  await withEngine('failures', async (engine) => {
    await engine.command('CREATE TABLE blocks (height UInt32) ENGINE = MergeTree ORDER BY height');
    const secret = 'bc1qsecretaddress';
    const statements = [
      `SELECT ${secret} FROM blocks`,
      `SELECT height FROM blocks WHERE height = '${secret}'`,
      `SELECT throwIf(1, '${secret}')`,
      `SELECT height FROM blocks_of_another`,
      'SELECT height FRO blocks',
    ];
    for (const sql of statements) {
      for (const way of ['command', 'query', 'readNative'] as const) {
        const error = await failureOf(engine[way](sql));
        assert.equal(error.code, 'CLEW_LEDGER_DAMAGED', sql);
        const said = `${error.message} ${JSON.stringify(error.facts)} ${error.hint}`;
        assert.doesNotMatch(said, /secret|SELECT|FROM|DB::|blocks_of|height/, said);
        assert.match(String(error.facts['engineCode']), /^\d+$/, sql);
      }
    }
  });
});

test('after an insert that failed the later ones fail, until they are settled; no file is left', async () => {
  await withEngine('inserts', async (engine, path) => {
    await engine.command('CREATE TABLE rows (id UInt32) ENGINE = MergeTree ORDER BY id');
    const id = new U32Values();
    id.push(7);
    const wrong = new StringValues();
    wrong.pushText('no number');
    const failures = [
      engine.insert('rows', { missing: id }),
      engine.insert('rows', { id: wrong }),
      engine.insert('rows', { id }),
    ];
    for (const failing of failures) {
      assert.equal((await failureOf(failing)).code, 'CLEW_LEDGER_DAMAGED');
    }
    assert.deepEqual(await engine.query('SELECT count() AS rows FROM rows'), [{ rows: '0' }]);
    await engine.settle();
    await engine.insert('rows', { id });
    assert.deepEqual(await engine.query('SELECT id FROM rows'), [{ id: 7 }]);
    assert.deepEqual(readdirSync(join(path, 'incoming')), []);
  });
});

test('a place that can not be written is an error of the file, not of the engine', async () => {
  await withEngine('no-place', async (engine, path) => {
    rmSync(join(path, 'incoming'), { recursive: true });
    const id = new U32Values();
    id.push(7);
    assert.throws(() => engine.insert('rows', { id }), { code: 'CLEW_FILE_UNREADABLE' });
  });
  writeFileSync(join(folder, 'file'), '');
  const error = await failureOf(openChdb(join(folder, 'file')));
  assert.equal(error.code, 'CLEW_FILE_UNREADABLE');
});

test('closing waits for what is on its way in', async () => {
  const path = join(folder, 'closing');
  const engine = await openChdb(path);
  await engine.command('CREATE TABLE rows (id UInt32) ENGINE = MergeTree ORDER BY id');
  const id = new U32Values();
  for (let row = 0; row < 200_000; row += 1) id.push(row);
  const inserted = engine.insert('rows', { id });
  await engine.close();
  await inserted;
  await withEngine('closing', async (again) => {
    assert.deepEqual(await again.query('SELECT count() AS rows FROM rows'), [{ rows: '200000' }]);
  });
});
