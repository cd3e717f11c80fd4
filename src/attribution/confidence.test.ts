import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedFolder } from '../../test/support/shared-data.ts';
import { CONFIDENCES, findConfidence, getConfidence } from './confidence.ts';

test('the table has the ids and levels of GraphSense', (t) => {
  const path = join(sharedFolder(), 'schemas/tagpack/confidence.csv');
  if (!existsSync(path)) {
    console.error('!! SHARED DATA MISSING: schemas/tagpack/confidence.csv');
    t.skip('shared data missing');
    return;
  }
  const [, ...rows] = readFileSync(path, 'utf8').trim().split('\n');
  const expected = rows.map((row) => {
    const fields = row.split(',');
    return [fields[0], Number(fields.at(-1))];
  });
  assert.deepEqual(
    [...CONFIDENCES.values()].map(({ id, level }) => [id, level]),
    expected,
  );
});

test('a confidence is found by its exact id only', () => {
  assert.equal(getConfidence('authority_data').level, 60);
  assert.equal(findConfidence('Authority_Data'), undefined);
  assert.equal(findConfidence('constructor'), undefined);
});

test('docs/operating/tags.md lists the table, row for row', () => {
  const page = readFileSync(new URL('../../docs/operating/tags.md', import.meta.url), 'utf8');
  const part = page.slice(page.indexOf('## Confidence'), page.indexOf('## Categories'));
  assert.deepEqual(
    part.split('\n').filter((row) => row.startsWith('| `')),
    [...CONFIDENCES.values()].map(
      ({ id, level, meaning }) => `| \`${id}\` | ${level} | ${meaning} |`,
    ),
  );
});
