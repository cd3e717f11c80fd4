/**
 * `--as-of HEIGHT` answers as if that block were the last one: the same as a ledger says that ends there, to the byte.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Run, runClew, serveClew } from './support/run-clew.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('as-of');
/** Two thirds of the chain: some payments are made by then and some are not. */
let height = 0;
const clew = (...argv: string[]): Promise<Run> => runClew(folder, ...argv);

/** The first blocks of a block file: magic, length, block, and so on. */
function firstBlocks(file: Buffer, count: number): Buffer {
  let end = 0;
  for (let i = 0; i < count; i += 1) end += 8 + file.readUInt32LE(end + 4);
  return file.subarray(0, end);
}

before(async () => {
  const made = await clew('simulate', '--out', 'sim', '--transactions', '4000', '--seed', 'as-of');
  assert.equal(made.exit, 0, made.stderr);
  const file = readFileSync(join(folder, 'sim/blocks/blk00000.dat'));
  height = Math.floor((made.json.tip.height * 2) / 3);
  writeFileSync(join(folder, 'early.dat'), firstBlocks(file, height + 1));
  for (const [data, blocks] of [
    ['whole', 'sim'],
    ['ended', 'early.dat'],
  ] as const) {
    for (const argv of [
      ['index', '--blocks', blocks],
      ['tags', 'import', 'sim/tags.yaml'],
    ]) {
      const run = await clew(...argv, '--data', data);
      assert.equal(run.exit, 0, run.stderr);
    }
  }
});

/** What has to differ: the tip of the ledger, the block file, and when the tags were imported. */
function withoutTip(text: string): string {
  return text
    .replaceAll(/"recordedAtSeconds": \d+/g, '')
    .replaceAll(/"file": "[^"]*"/g, '')
    .replaceAll(/"tip": \{[^}]*\}/g, '')
    .replaceAll(/<dt>Last block of the ledger<\/dt><dd>.*?<\/dd>/g, '');
}

function addressesIn(file: string, pattern: RegExp): string[] {
  return [...readFileSync(join(folder, file), 'utf8').matchAll(pattern)].map((match) => match[1]!);
}

function every(list: readonly string[], count: number): string[] {
  return list.filter((_, i) => i % Math.ceil(list.length / count) === 0);
}

test('addresses, clusters, links, transactions and traces are those of a ledger that ends there', async () => {
  const subjects = [
    ...every(addressesIn('sim/seeds.csv', /^((?:bcrt1|[mn2])\w+),/gm), 4),
    ...every(addressesIn('sim/tags.yaml', /address: "?(\w+)/g), 6),
  ];
  const ended = new Map<string, { readonly argv: readonly string[]; readonly run: Run }>();
  const ask = async (...argv: string[]): Promise<Run> => {
    const run = await clew(...argv, '--data', 'ended');
    ended.set(argv.join(' '), { argv, run });
    return run;
  };
  await serveClew(folder, 'ended', async () => {
    for (const address of subjects) {
      const { json } = await ask('address', address);
      await ask('trace', address);
      await ask('trace', address, '--direction', 'backward', '--method', 'haircut');
      const cluster = await ask('cluster', address);
      if (json === undefined) continue;
      for (const { txid } of json.history.slice(0, 2)) await ask('tx', txid);
      await ask('why', address, cluster.json.members.at(-1));
    }
  });
  let changed = 0;
  await serveClew(folder, 'whole', async () => {
    for (const [name, { argv, run }] of ended) {
      const asOf = await clew(...argv, '--data', 'whole', '--as-of', String(height));
      assert.equal(asOf.exit, run.exit, `${name}: ${asOf.stderr}${run.stderr}`);
      assert.equal(asOf.error?.code, run.error?.code, name);
      assert.equal(withoutTip(asOf.stdout), withoutTip(run.stdout), name);
      if (argv[0] !== 'address') continue;
      const now = await clew(...argv, '--data', 'whole');
      if (now.json?.counts.transactions !== run.json?.counts.transactions) changed += 1;
    }
  });
  assert.ok(changed > 3, `only ${changed} addresses have a later history at all`);
});

test('a report as of a height is that of a ledger that ends there', async () => {
  const argv = ['investigate', 'sim/seeds.csv', '--prices', 'sim/prices.csv', '--data'];
  const ended = await clew(...argv, 'ended', '--out', 'report-ended');
  const asOf = await clew(...argv, 'whole', '--out', 'report-as-of', '--as-of', String(height));
  assert.equal(asOf.exit, 0, asOf.stderr);
  assert.ok(ended.json.summary.payments > 5);
  for (const path of ended.json.files as string[]) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const [one, other] = ['report-ended', 'report-as-of'].map((made) =>
      withoutTip(readFileSync(join(folder, made, name), 'utf8')),
    );
    assert.equal(other, one, name);
  }
});
