/** A ledger whose facts are damaged, or that is of an older format, is loaded again from its block files and is as before. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tableDigests } from '../../test/support/compare-ledger.ts';
import { flowColumns } from '../../test/support/flow-columns.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { ClewError } from '../errors.ts';
import { listWaitingBlocks } from '../ledger/block-directory.ts';
import { TIPS_TABLE } from '../ledger/schema.ts';
import { simulate } from '../simulate/simulate.ts';
import { DataSession } from './data-session.ts';
import { noBlocks } from './index-anew.ts';
import { indexNetwork, openBlocks, rebuildNetwork } from './index-network.ts';
import type { OpenNetwork } from './open-network.ts';

const folder = temporaryFolder('index-anew');
await simulate({ outDir: join(folder, 'simulated'), transactions: 600, seed: 'anew' });
const blocksFolder = join(folder, 'simulated', 'blocks');
const source = await openBlocks(blocksFolder);
const { network } = source;
const session = new DataSession({
  storePath: join(folder, 'store.sqlite'),
  networkFolder: (name) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  },
});
const ledgerFolder = join(folder, network.name);
after(async () => {
  source.close();
  await session.close();
});

const use = <T>(work: (open: OpenNetwork) => Promise<T>): Promise<T> =>
  session.useNetwork(network.name, work);

const indexAll = () => use((open) => indexNetwork(open, source));
const indexWaiting = () => use((open) => indexNetwork(open, noBlocks(network)));

const stateOf = (): Promise<unknown> =>
  use(async ({ ledger }) => ({
    tip: ledger.tip,
    counters: ledger.counters,
    tables: await tableDigests(ledger),
    flow: flowColumns(await ledger.openFlow()),
    waiting: await listWaitingBlocks(ledger.engine),
  }));

await indexAll();
const whole = await stateOf();

test('facts with a flipped bit: what is rebuilt meets it, loading anew restores all', async () => {
  await session.close();
  const path = join(ledgerFolder, 'flow', 'txids.col');
  const bytes = readFileSync(path);
  bytes[bytes.length - 40]! ^= 4;
  writeFileSync(path, bytes);
  await assert.rejects(use(rebuildNetwork), { code: 'CLEW_COLUMN_DAMAGED' });
  const waiting = await session.takeAllOut(network.name);
  assert.equal(waiting, source.blocks.length);
  const result = await indexWaiting();
  assert.equal(result.blocksAdded, source.blocks.length);
  assert.deepEqual(result.problems, []);
  assert.deepEqual(await stateOf(), whole);
});

test('tables of another format give the places of their blocks', async () => {
  await use(async ({ ledger }) => {
    await ledger.engine.command('ALTER TABLE transactions DROP COLUMN locktime');
    const record = JSON.stringify({ ...ledger.tip, formatVersion: 1 }).replaceAll("'", "\\'");
    await ledger.engine.command(`INSERT INTO ${TIPS_TABLE} VALUES (1000000, '${record}')`);
  });
  await session.close();
  await assert.rejects(indexAll(), { code: 'CLEW_DATA_OLDER' });
  await session.takeAllOut(network.name);
  await indexWaiting();
  assert.deepEqual(await stateOf(), whole);
});

test('stopped between emptying and loading, or called twice, no block is lost', async () => {
  await session.takeAllOut(network.name);
  assert.equal(await session.takeAllOut(network.name), source.blocks.length);
  const waits = await use(async ({ ledger }) => [
    ledger.tip,
    (await listWaitingBlocks(ledger.engine)).length,
  ]);
  assert.deepEqual(waits, [undefined, source.blocks.length]);
  // The next indexing, of whatever, begins with them.
  const result = await indexAll();
  assert.equal(result.blocksAdded, source.blocks.length);
  assert.deepEqual(await stateOf(), whole);
});

test('while a block can not be read nothing is emptied, unless it is offered elsewhere', async () => {
  await session.close();
  const moved = join(folder, 'moved');
  renameSync(blocksFolder, moved);
  await assert.rejects(
    session.takeAllOut(network.name),
    (error) => error instanceof ClewError && error.code === 'CLEW_RAW_GONE',
  );
  assert.ok(existsSync(join(ledgerFolder, 'flow', 'flow.json')));
  assert.deepEqual(await stateOf(), whole);
  const elsewhere = await openBlocks(moved);
  assert.equal(await session.takeAllOut(network.name, elsewhere), source.blocks.length);
  const result = await use((open) => indexNetwork(open, elsewhere));
  elsewhere.close();
  assert.equal(result.blocksAdded, source.blocks.length);
  assert.deepEqual(result.problems, []);
  // The new places are known from now on.
  assert.equal(await session.takeAllOut(network.name), source.blocks.length);
});
