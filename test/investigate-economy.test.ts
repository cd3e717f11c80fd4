import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderReport } from '../src/report/render-report.ts';
import { investigateEconomy } from './support/investigate-economy.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('economy');

test('on an economy with known truth the report finds payers and cash-outs, and joins two owners only by PayJoin', async () => {
  const { report, scores, mixedClusters } = await investigateEconomy(join(folder, 'a'), 8_000, '3');
  for (const { protocols } of mixedClusters) assert.deepEqual(protocols, ['payjoin']);
  const { payments, payers, origins, cashOutSats } = scores;
  const text = JSON.stringify(scores);
  assert.ok(payments.recall >= 0.85 && payments.precision >= 0.9, text);
  assert.ok(payers.recall >= 0.9, text);
  assert.ok(origins.precision >= 0.95, text);
  assert.ok(cashOutSats.precision >= 0.7, text);
  assert.equal(report.format, 'clew-report/1');

  const again = await investigateEconomy(join(folder, 'b'), 8_000, '3');
  const bytesOf = (r: typeof report): string[] =>
    renderReport(r).map(({ bytes }) => Buffer.from(bytes).toString('base64'));
  assert.deepEqual(bytesOf(again.report), bytesOf(report), 'same input, same bytes');
});
