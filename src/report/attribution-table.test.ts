import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleClaim, sampleTag } from '../../test/support/sample-claims.ts';
import { emptyInput, MEDIUM, sampleInput } from '../../test/support/sample-investigation.ts';
import type { ServiceClaim } from '../attribution/match.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import type { Investigation } from '../trace/investigation.ts';
import { AttributionTable } from './attribution-table.ts';

const random = seededRandom('attribution');

/** An investigation in which these claims were met, in this order. */
function met(...claims: ServiceClaim[]): Investigation {
  return {
    ...emptyInput().investigation,
    clusters: claims.map((service) => ({
      clusterId: 'run:a',
      seeds: [],
      addressCount: 1,
      furtherAddresses: [],
      service,
      expanded: false,
      why: [],
      receivedSats: 0n,
      tags: [],
    })),
  };
}

test('one service met twice is one row with all its tags', () => {
  const first = sampleClaim(random, 'Alder Exchange', 'exchange');
  const second = sampleClaim(random, 'Alder Exchange', 'exchange', true);
  const { services, tags } = new AttributionTable(met(first, second)).toReport();
  assert.equal(services.length, 1);
  assert.equal(services[0]!.isDisputed, true);
  assert.deepEqual(services[0]!.others, [{ name: 'Lagoon Trading', categoryName: 'exchange' }]);
  assert.equal(services[0]!.tags.length, first.tags.length + second.tags.length);
  assert.deepEqual(
    tags.map(({ confidenceLevel }) => confidenceLevel),
    tags.map(({ confidenceLevel }) => confidenceLevel).sort((a, b) => b - a),
  );
});

test('the best founded claim gives name and kind', () => {
  const weak: ServiceClaim = {
    ...sampleClaim(random, 'ALDER', 'gambling'),
    key: 'alder',
    confidenceLevel: 10,
  };
  const strong: ServiceClaim = {
    ...sampleClaim(random, 'Alder', 'exchange'),
    key: 'alder',
    confidenceLevel: 90,
  };
  for (const order of [
    [weak, strong],
    [strong, weak],
  ]) {
    const [service] = new AttributionTable(met(...order)).toReport().services;
    assert.deepEqual(
      [service!.name, service!.category, service!.namesCustomers],
      ['Alder', 'exchange', 'identified'],
    );
  }
});

test('the order in which claims are met does not change the table', () => {
  const { investigation } = sampleInput(MEDIUM);
  const reversed = {
    ...investigation,
    payments: investigation.payments.toReversed(),
    cashOuts: investigation.cashOuts.toReversed(),
    payers: investigation.payers.toReversed(),
  };
  assert.deepEqual(
    new AttributionTable(reversed).toReport(),
    new AttributionTable(investigation).toReport(),
  );
});

test('when a tag was imported is no part of what it says', () => {
  const claim = sampleClaim(random, 'Alder', 'exchange');
  const later = {
    ...claim,
    tags: claim.tags.map((tag) => ({ ...tag, recordedAtSeconds: 2_000_000_000 })),
  };
  assert.deepEqual(
    new AttributionTable(met(later)).toReport(),
    new AttributionTable(met(claim)).toReport(),
  );
});

test('a claim that nobody has confirmed is marked', () => {
  const pending = {
    ...sampleTag(random, { label: 'x', category: 'child_sexual_abuse', confidence: 'web_crawl' }),
    status: 'pending',
  } as const;
  const investigation = emptyInput().investigation;
  const cluster = met(sampleClaim(random, 'A', 'exchange')).clusters[0]!;
  const table = new AttributionTable({
    ...investigation,
    clusters: [{ ...cluster, tags: [pending] }],
  });
  const row = table.toReport().tags[table.placesOf([pending])[0]!]!;
  assert.equal(row.isPending, true);
});
