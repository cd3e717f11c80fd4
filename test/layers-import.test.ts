/** Importing a module does nothing but define things: no file is touched, nothing is started or printed. */
import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTest, PROJECT, projectFiles } from './support/source-files.ts';

/** The one file that is a program. */
const PROGRAMS = new Set(['src/cli/main.ts']);

test('modules have no effect when they are imported', async () => {
  const paths = projectFiles('src').filter(
    (path) => path.endsWith('.ts') && !isTest(path) && !PROGRAMS.has(path),
  );
  const effects: string[] = [];
  let importing = '';
  const watch = (owner: object, name: string): void => {
    const target = owner as Record<string, (...args: unknown[]) => unknown>;
    const original = target[name]!;
    target[name] = function watched(this: unknown, ...args: unknown[]) {
      if (importing !== '') effects.push(`${importing} calls ${name}`);
      return Reflect.apply(original, this, args);
    };
  };
  const watched: [object, string[]][] = [
    [fs, ['writeFileSync', 'mkdirSync', 'mkdtempSync', 'writeFile', 'createWriteStream', 'rmSync']],
    [net, ['createServer', 'connect', 'createConnection']],
    [childProcess, ['spawn', 'spawnSync', 'exec', 'execFile', 'execFileSync', 'fork']],
    [process.stdout, ['write']],
    [process.stderr, ['write']],
    [process, ['on', 'once', 'exit', 'chdir', 'umask']],
    [globalThis, ['setTimeout', 'setInterval', 'fetch']],
  ];
  const restore = watched.map(([owner, names]) => {
    const before = names.map((name) => Reflect.get(owner, name));
    for (const name of names) watch(owner, name);
    return () => {
      for (const [i, name] of names.entries()) Reflect.set(owner, name, before[i]);
    };
  });
  syncBuiltinESMExports();
  const environment = JSON.stringify(process.env);
  try {
    for (const path of paths) {
      importing = path;
      await import(join(PROJECT, path));
    }
  } finally {
    importing = '';
    for (const undo of restore) undo();
    syncBuiltinESMExports();
  }
  assert.deepEqual(effects, []);
  assert.equal(JSON.stringify(process.env), environment, 'a module changed the environment');
});
