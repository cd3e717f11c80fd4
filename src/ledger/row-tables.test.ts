import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { NONE } from '../units/ids.ts';
import { BytesColumn, F64Column } from './column.ts';
import { PageBudget } from './page-budget.ts';
import { ScriptBlob } from './script-blob.ts';
import { ScriptTable } from './script-table.hot.ts';
import { TxidTable } from './txid-table.hot.ts';

test('the txid table finds what a Map finds, through growth and ids that collide in slot and tag', () => {
  const seed = 'txid-table';
  const random = seededRandom(seed);
  const txids = new BytesColumn(32, undefined, new PageBudget(1));
  const table = new TxidTable(txids);
  const expected = new Map<string, number>();
  for (let row = 0; row < 120_000; row += 1) {
    const txid = random.bytes(32);
    // A third share slot and tag with each other, so that only the full comparison tells them apart.
    if (row % 3 === 0) txid.fill(7, 0, 8);
    if (row % 3 === 0 && row > 300) txid.set(random.bytes(8), 0);
    txids.push(txid, 0);
    assert.equal(table.insert(txid, 0, row), NONE);
    expected.set(bytesToHex(txid), row);
  }
  for (const [hex, row] of expected) {
    if (table.find(Buffer.from(hex, 'hex'), 0) !== row) assert.fail(`row ${row}, seed ${seed}`);
  }
  for (let i = 0; i < 1_000; i += 1) assert.equal(table.find(random.bytes(32), 0), NONE);
});

test('a second transaction with the same id replaces the first and says so', () => {
  const txids = new BytesColumn(32, undefined, new PageBudget(1));
  const table = new TxidTable(txids);
  const txid = new Uint8Array(32).fill(9);
  txids.push(txid, 0);
  table.insert(txid, 0, 0);
  txids.push(txid, 0);
  assert.equal(table.insert(txid, 0, 1), 0);
  assert.equal(table.find(txid, 0), 1);
});

test('the script table finds what a Map finds', () => {
  const seed = 'script-table';
  const random = seededRandom(seed);
  const budget = new PageBudget(1);
  const scripts = new ScriptBlob(
    new F64Column(undefined, budget),
    new BytesColumn(1, undefined, budget),
  );
  const table = new ScriptTable(scripts);
  const expected = new Map<string, number>();
  for (let i = 0; i < 90_000; i += 1) {
    const script = random.bytes(random.int(0, 40));
    const hex = bytesToHex(script);
    const row = table.find(script, 0, script.length);
    assert.equal(row, expected.get(hex) ?? NONE, `replay with seed ${seed}`);
    if (row !== NONE) continue;
    expected.set(hex, scripts.count);
    table.insert(scripts.count);
    scripts.push(script, 0, script.length);
  }
  for (const [hex, row] of expected) assert.equal(bytesToHex(scripts.read(row)), hex);
});
