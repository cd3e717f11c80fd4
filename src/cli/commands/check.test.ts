/** `clew check` as it is typed: what it prints, its exit code, and that a server answers others meanwhile. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { withChangedColumn } from '../../../test/support/damage-ledger.ts';
import { runClew, serveClew, startClew } from '../../../test/support/run-clew.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';

const folder = temporaryFolder('check-command');
const data = join(folder, 'data');
const network = join(data, 'regtest');

before(async () => {
  const made = await runClew(folder, 'simulate', '--out', 'sim', '--transactions', '400');
  assert.equal(made.exit, 0, made.stderr);
  const indexed = await runClew(folder, 'index', '--blocks', 'sim/blocks', '--data', data);
  assert.equal(indexed.exit, 0, indexed.stderr);
});

test('a sound ledger: exit code 0, and what was checked', async () => {
  const { exit, json, stderr } = await runClew(folder, 'check', '--data', data);
  assert.deepEqual([exit, stderr], [0, '']);
  assert.deepEqual([json.format, json.isSound, json.isWhole], ['clew-check/1', true, true]);
  assert.equal(json.checks.length, 11);
  const part = await runClew(
    folder,
    'check',
    '--data',
    data,
    '--from',
    '5',
    '--to',
    '9',
    '--no-blocks',
  );
  assert.deepEqual(part.json.heights, { heightMin: 5, heightMax: 9 });
  const skipped = part.json.checks.filter(({ status }: { status: string }) => status === 'skipped');
  assert.deepEqual(
    skipped.map(({ name }: { name: string }) => name),
    ['checksums', 'counters', 'blocks'],
  );
  const beyond = await runClew(folder, 'check', '--data', data, '--from', '99999');
  assert.deepEqual([beyond.exit, beyond.error?.code], [4, 'CLEW_AS_OF']);
});

test('a damaged ledger: the findings on stdout, the error with the first one on stderr, exit code 5', async () => {
  // The spender of the genesis output, which nobody can spend: now "unspent".
  const change = (rows: Buffer): void => void rows.writeUInt32LE(255, 0);
  await withChangedColumn(network, 'outputSpender', change, async () => {
    const run = startClew(folder, 'check', '--data', data);
    assert.equal(run.exit, 5);
    assert.equal(run.json.isSound, false);
    const failed = run.json.checks.filter(({ status }: { status: string }) => status === 'failed');
    assert.deepEqual(
      failed.map(({ name }: { name: string }) => name),
      ['spends', 'counters'],
    );
    assert.equal(failed[0].finding.facts.column, 'outputSpender');
    assert.equal(run.error?.code, 'CLEW_CHECK_FAILED');
    assert.equal(run.error?.facts['failed'], 'spends, counters');
    assert.deepEqual(
      [run.error?.facts['row'], run.error?.facts['expected'], run.error?.facts['found']],
      [0, 'unspendable', 'unspent'],
    );
  });
});

test('through a server, which answers others meanwhile', async () => {
  await serveClew(folder, data, async () => {
    const checking = runClew(folder, 'check', '--data', data, '--threads', '2');
    const status = await runClew(folder, 'status', '--data', data);
    assert.equal(status.json.transactions, 400);
    const { exit, json } = await checking;
    assert.deepEqual([exit, json.isSound], [0, true]);
  });
});
