import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cliSurface } from '../../scripts/surface.ts';
import { COMMAND_GROUPS } from './command-list.ts';
import { typedName } from './option.ts';

test('surface/cli.txt is the help of all commands', async () => {
  const committed = readFileSync(new URL('../../surface/cli.txt', import.meta.url), 'utf8');
  assert.equal(
    await cliSurface(),
    committed,
    'if the change is meant, run: node_modules/.bin/node scripts/surface.ts',
  );
});

test('every command has an example that starts with its name, and help for everything', async () => {
  for (const { name, load } of COMMAND_GROUPS.flatMap(({ commands }) => commands)) {
    const command = await load();
    assert.equal(command.name, name);
    assert.ok(command.examples.length > 0, name);
    for (const example of command.examples) {
      assert.ok(example.startsWith(`clew ${name}`) || example.startsWith('npm start'), example);
      // Whatever the example uses exists.
      for (const [, typed] of example.matchAll(/ --([a-z-]+)/g)) {
        const known = Object.keys(command.options).map(typedName);
        assert.ok(known.includes(typed!.replace(/^no-/, '')) || known.includes(typed!), example);
      }
    }
    const all = [...Object.values(command.options), ...Object.values(command.positionals)];
    for (const { help } of all) assert.ok(help.length >= 5, name);
    assert.equal('data' in command.options, command.access !== 'none', `${name} --data`);
  }
});

test('no line of the help is wider than a terminal that is a little wide', async () => {
  for (const line of (await cliSurface()).split('\n')) assert.ok(line.length <= 100, line);
});
