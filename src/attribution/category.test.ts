import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { sharedFile, sharedFolder } from '../../test/support/shared-data.ts';
import { CATEGORIES, CUSTOMER_RANK, findCategory, getCategory, isKindOf } from './category.ts';

interface Concept {
  readonly id: string;
  readonly broader?: string;
}

test('every GraphSense concept is in the table, in its place', (t) => {
  const path = join(sharedFolder(), 'schemas/tagpack/concepts.yaml');
  if (!existsSync(path)) {
    console.error('!! SHARED DATA MISSING: schemas/tagpack/concepts.yaml');
    t.skip('shared data missing');
    return;
  }
  const { scheme: _, ...concepts } = parse(readFileSync(path, 'utf8')) as Record<string, Concept>;
  for (const [name, concept] of Object.entries(concepts)) {
    const category = findCategory(name);
    assert.ok(category, name);
    assert.equal(findCategory(concept.id), category);
    assert.equal(category.graphsenseId, concept.id);
    assert.equal(category.broader, concept.broader ?? null, name);
  }
  const known = new Set(Object.values(concepts).map((concept) => concept.id));
  for (const category of CATEGORIES.values()) {
    const isOwn = category.graphsenseId !== category.id;
    assert.equal(known.has(category.id), !isOwn, category.id);
  }
});

test('every concept of the older taxonomy is known too', (t) => {
  const bytes = sharedFile(t, 'attribution/graphsense-concepts.yaml');
  if (bytes === undefined) return;
  const { scheme: _, ...concepts } = parse(bytes.toString('utf8')) as Record<string, Concept>;
  for (const concept of Object.values(concepts)) assert.ok(findCategory(concept.id), concept.id);
});

test('what a name of no category is', () => {
  for (const name of ['', 'Exchange', 'tumbler', '__proto__', 'constructor', 'toString']) {
    assert.equal(findCategory(name), undefined, name);
  }
});

test('services, mixers and reserved categories', () => {
  const ids = (pick: (id: Parameters<typeof getCategory>[0]) => boolean) =>
    [...CATEGORIES.keys()].filter(pick).sort();
  assert.deepEqual(
    ids((id) => getCategory(id).isChildExploitation),
    ['child_sexual_abuse', 'child_sexual_exploitation'],
  );
  assert.deepEqual(
    ids((id) => getCategory(id).isMixer),
    ['coinjoin', 'mixing', 'mixing_service'],
  );
  assert.deepEqual(
    ids((id) => getCategory(id).isSanctioned),
    ['gov_black_list', 'sanction'],
  );
  // Who takes part in a mix, mines or sells is no service: following goes on.
  for (const id of ['coinjoin', 'miner', 'shop', 'filesharing', 'donation', 'user'] as const) {
    assert.equal(getCategory(id).isService, false, id);
  }
  const rank = (id: Parameters<typeof getCategory>[0]) => getCategory(id).namesCustomers;
  assert.equal(rank('exchange'), CUSTOMER_RANK.identified);
  for (const id of ['wallet_service', 'payment_processor', 'gambling'] as const) {
    assert.ok(getCategory(id).isService);
    assert.ok(rank('exchange') > rank(id) && rank(id) > rank('mixing_service'), id);
  }
  assert.ok(isKindOf('child_sexual_abuse', 'abuse'));
  assert.ok(isKindOf('exchange', 'exchange'));
  assert.ok(!isKindOf('exchange', 'abuse'));
});

test('docs/operating/tags.md lists the table, row for row', () => {
  const page = readFileSync(new URL('../../docs/operating/tags.md', import.meta.url), 'utf8');
  const part = page.slice(page.indexOf('## Categories'), page.indexOf('## Claims of child'));
  const rows = part.split('\n').filter((row) => row.startsWith('| `'));
  const expected = [...CATEGORIES.values()].map((category) => {
    const remarks = [
      category.isMixer && 'mixer',
      category.isSanctioned && 'sanctioned',
      category.isChildExploitation && 'reserved',
      category.graphsenseId !== category.id && 'ours',
    ].filter((remark) => remark !== false);
    const cells = [
      `\`${category.id}\``,
      category.label,
      category.broader === null ? '' : `\`${category.broader}\``,
      category.isService ? 'yes' : '',
      category.namesCustomers === 0 ? '' : `${category.namesCustomers}`,
      remarks.join(', '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  assert.deepEqual(rows, expected);
});
