/** `clew start` with blocks and seeds of one's own: everything is done once, then used again. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { DataSession } from '../../pipeline/data-session.ts';
import { simulate } from '../../simulate/simulate.ts';
import type { CommandContext } from '../command.ts';
import { COMMAND_GROUPS } from '../command-list.ts';
import { openDataFolder } from '../data-folder.ts';
import { openLocally } from '../local-host.ts';
import { type Host, runCommandLine } from '../run-command-line.ts';
import { makeRoomForSample } from '../sample-economy.ts';

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'clew-start-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts, looks at the report as soon as its address is printed, and ends it. */
async function start(
  folder: string,
  argv: string[],
): Promise<{ code: number; stdout: string; stderr: string; page: string }> {
  const stop = new AbortController();
  const held = { stdout: '', stderr: '', page: '' };
  const host: Host = {
    stdout: {
      async write(text) {
        held.stdout += text;
        const url = /^The report: (\S+)$/m.exec(text)?.[1];
        if (url === undefined) return;
        held.page = await (await fetch(url)).text();
        stop.abort();
      },
    },
    stderr: {
      write(text) {
        held.stderr += text;
      },
    },
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock: systemClock,
    signal: stop.signal,
    workingFolder: folder,
    debug: true,
    commands: COMMAND_GROUPS,
    openData: (path, wanted) => openLocally(host, path, wanted),
  };
  const code = await runCommandLine(['start', ...argv], host);
  return { code, ...held };
}

test('the first start does everything, the second uses what is there, a change is noticed', async (t) => {
  const folder = scratch(t);
  await simulate({ outDir: join(folder, 'mine'), transactions: 400, seed: 'start' });
  const argv = ['--blocks', 'mine', '--seeds', 'mine/seeds.csv', '--prices', 'mine/prices.csv'];
  const all = [...argv, '--tags', 'mine/tags.yaml', '--data', 'data'];
  const reports = (): string[] => readdirSync(join(folder, 'data/cache/reports'));

  const first = await start(folder, all);
  assert.equal(first.code, 0, first.stderr);
  assert.match(
    first.stdout,
    /^Indexed 400 transactions;[^\n]+\nImported \d+ tags?\.\nInvestigated \d+ seeds?\.\n/,
  );
  assert.match(first.page, /^<!doctype html>/);
  assert.equal(reports().length, 1);

  const second = await start(folder, all);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /^\nThe report: /);
  assert.equal(second.page, first.page);
  assert.equal(reports().length, 1);

  writeFileSync(
    join(folder, 'fewer.csv'),
    'address\nbcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080\n',
  );
  const third = await start(folder, ['--seeds', 'fewer.csv', '--data', 'data']);
  assert.equal(third.code, 0, third.stderr);
  assert.match(third.stdout, /^Investigated 1 seed\./);
  assert.equal(reports().length, 2);
});

test('the sample makes room for itself, but never in somebody’s own ledger', async (t) => {
  const folder = scratch(t);
  const data = openDataFolder(join(folder, 'data'), true);
  const session = new DataSession({
    storePath: data.storePath,
    networkFolder: (network) => dirname(data.networkFolders(network).ledger),
  });
  t.after(() => session.close());
  const context = { data, session } as unknown as CommandContext;
  const { openBlocks, indexNetwork } = await import('../../pipeline/index-network.ts');
  const load = async (seed: string): Promise<ReadonlySet<string>> => {
    await simulate({ outDir: join(folder, seed), transactions: 120, seed });
    const source = await openBlocks(join(folder, seed, 'blocks'));
    await session.useNetwork('regtest', (open) => indexNetwork(open, source));
    return new Set(source.blocks.map(({ hash }) => hash));
  };
  const mine = await load('mine');
  await assert.rejects(makeRoomForSample(context, new Set(['other'])), { code: 'CLEW_USAGE' });
  await makeRoomForSample(context, mine);
  const countBlocks = (): Promise<number> =>
    session.useNetwork('regtest', async ({ ledger }) => ledger.rows.blocks);
  assert.equal(await countBlocks(), mine.size);

  // Once the ledger is marked as a sample's, an older sample gives way.
  await session.useNetwork('regtest', ({ ledger }) => ledger.clear());
  await makeRoomForSample(context, new Set(['sample']));
  await load('older');
  await makeRoomForSample(context, new Set(['sample']));
  assert.equal(await countBlocks(), 0);
});
