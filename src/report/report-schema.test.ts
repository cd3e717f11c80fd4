import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type JsonSchema, schemaProblems } from '../../test/support/json-schema.ts';
import {
  emptyInput,
  LARGE,
  MEDIUM,
  SMALL,
  sampleInput,
} from '../../test/support/sample-investigation.ts';
import { canonicalJson } from './canonical-json.ts';
import { buildReport } from './report-data.ts';
import type { ReportInput } from './report-input.ts';

const readText = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const SCHEMA = JSON.parse(readText('../../docs/formats/report.schema.json')) as JsonSchema;

test('reports of every size conform to the schema, and the schema names all that they hold', () => {
  const { prices: _, ...noPrices } = sampleInput(SMALL);
  const inputs: readonly ReportInput[] = [
    sampleInput(SMALL),
    sampleInput(MEDIUM),
    sampleInput(LARGE),
    emptyInput(),
    noPrices,
  ];
  for (const input of inputs) {
    assert.deepEqual(
      schemaProblems(JSON.parse(canonicalJson(buildReport(input))), SCHEMA).slice(0, 5),
      [],
    );
  }
});

test('the check finds what is wrong', () => {
  const good = JSON.parse(canonicalJson(buildReport(sampleInput(SMALL))));
  const problemsOf = (change: (report: typeof good) => void): string[] => {
    const report = structuredClone(good);
    change(report);
    return schemaProblems(report, SCHEMA);
  };
  assert.match(
    problemsOf((report) => {
      report.format = 'clew-report/2';
    })[0]!,
    /^\.format: is not/,
  );
  assert.match(
    problemsOf((report) => {
      delete report.payments[0].txid;
    })[0]!,
    /^\.payments\[0\]\.txid: is missing/,
  );
  assert.match(
    problemsOf((report) => {
      report.payments[0].amount.sats = '5';
    })[0]!,
    /^\.payments\[0\]\.amount\.sats: is string/,
  );
  assert.match(
    problemsOf((report) => {
      report.summary.received.sats = 5;
    })[0]!,
    /^\.summary\.received\.sats: is number/,
  );
  assert.match(
    problemsOf((report) => {
      report.payers[0].extra = 1;
    })[0]!,
    /^\.payers\[0\]\.extra: is not in the schema/,
  );
  assert.match(
    problemsOf((report) => {
      report.payers[0].kind = 'person';
    })[0]!,
    /none of the values/,
  );
});

test('the page of the format names every member of the report', () => {
  const page = readText('../../docs/operating/report.md');
  const missing = Object.keys(SCHEMA['properties'] as object).filter(
    (name) => !page.includes(`\`${name}\``),
  );
  assert.deepEqual(missing, []);
  assert.ok(page.includes('clew-report/1'));
});
