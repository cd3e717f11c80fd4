import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ClewError, type ErrorCode } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { ClusterRun, runClustering } from './cluster-run.ts';
import { collectActivity } from './collect-activity.hot.ts';
import { findRunManifest, listRuns, readRun, writeRun } from './run-store.ts';
import { SmallFlow } from './test-support/small-flow.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'clew-runs-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'runs');
}

/** A chain with links of both marks, a mix, a Stonewall and a TX0. */
function chainWithAll(): SmallFlow {
  const chain = new SmallFlow();
  const coins = (...names: string[]) => chain.fund(names.map((name) => [name, 1_600_000] as const));
  chain.tx(coins('a', 'b', 'c'), [['x', 4_000_000]]);
  chain.tx(coins('c', 'd'), [
    ['x', 1_600_000],
    ['y', 1_590_000],
  ]);
  const people = ['p', 'q', 'r', 's', 't'];
  chain.tx(coins(...people), [
    ...people.map((name) => [`${name} mixed`, 1_500_001] as const),
    ...people.map((name, i) => [`${name} change`, 98_000 + i] as const),
  ]);
  chain.tx(coins('a', 'z'), [
    ['u', 1_400_000],
    ['v', 1_400_000],
    ['w', 300_000],
    ['o', 90_000],
  ]);
  return chain;
}

function answers(run: ClusterRun): unknown {
  const ids = Array.from({ length: run.scriptCount }, (_, id) => id);
  return {
    runId: run.runId,
    tip: run.tip,
    rules: run.rules,
    counts: run.counts,
    roots: ids.map((id) => run.clusterId(id)),
    sizes: ids.map((id) => run.size(run.rootOf(id))),
    links: Array.from(run.links.txIndex, (_, row) => run.link(row)),
    mixes: [...run.mixes()],
    stonewall: run.verdictsOf(run.data.txEnd - 1),
    clusters: run.clusterCount,
    addresses: run.addressCount,
  };
}

const isError = (code: ErrorCode) => (error: unknown) =>
  error instanceof ClewError && error.code === code;

test('a run that is read back answers everything the same', (t) => {
  const runs = folder(t);
  const { flow } = chainWithAll();
  const run = runClustering(flow);
  const path = writeRun(run, flow, runs);
  assert.equal(path, join(runs, run.runId));
  const back = readRun(flow, runs, run.runId);
  assert.deepEqual(answers(back), answers(run));
  assert.deepEqual(readdirSync(runs), [run.runId], 'nothing is left beside it');
  assert.equal(statSync(join(path, 'run.json')).mode & 0o777, 0o600);
  writeRun(run, flow, runs);
  assert.deepEqual(answers(readRun(flow, runs, run.runId)), answers(run), 'written a second time');
});

test('an empty run can be kept too', (t) => {
  const runs = folder(t);
  const { flow } = new SmallFlow();
  const run = runClustering(flow);
  writeRun(run, flow, runs);
  assert.equal(readRun(flow, runs, run.runId).clusterCount, 0);
});

test('runs are listed from the highest tip down; half-written ones do not count', (t) => {
  const runs = folder(t);
  assert.deepEqual(listRuns(runs), []);
  const { flow } = chainWithAll();
  const whole = runClustering(flow);
  const earlier = runClustering(flow, { txEnd: 3 });
  writeRun(earlier, flow, runs);
  writeRun(whole, flow, runs);
  writeFileSync(join(runs, 'notes.txt'), 'x');
  assert.deepEqual(
    listRuns(runs).map((manifest) => manifest.runId),
    [whole.runId, earlier.runId],
  );
  assert.equal(findRunManifest(runs, '0123456789abcdef'), undefined);
});

test('a run answers after the index has grown, and is not taken for one of another index', (t) => {
  const runs = folder(t);
  const chain = chainWithAll();
  const run = runClustering(chain.flow);
  writeRun(run, chain.flow, runs);
  const before = answers(run);
  chain.coinbase([['late', 1]]);
  assert.deepEqual(answers(readRun(chain.flow, runs, run.runId)), before);
  assert.throws(
    () => readRun(new SmallFlow().flow, runs, run.runId),
    isError('CLEW_NOT_CLUSTERED'),
  );
  assert.throws(() => readRun(chain.flow, runs, 'ffffffffffffffff'), isError('CLEW_NOT_CLUSTERED'));
});

/** A run in which small clusters count as busy, so that no column is empty. */
function withBusyClusters(flow: FlowIndex): ClusterRun {
  const { data } = runClustering(flow);
  const activity = collectActivity(flow, data.roots, data.countsAsAddress, data.txEnd, 3);
  assert.ok(activity.root.length > 0);
  return new ClusterRun(flow, data, activity);
}

test('what busy clusters did is kept', (t) => {
  const runs = folder(t);
  const { flow } = chainWithAll();
  const run = withBusyClusters(flow);
  writeRun(run, flow, runs);
  assert.deepEqual(readRun(flow, runs, run.runId).activity, run.activity);
});

test('every damage is refused: cut, altered, missing, wrong manifest', (t) => {
  const { flow } = chainWithAll();
  const run = withBusyClusters(flow);
  const whole = writeRun(run, flow, folder(t));
  const spoil = (what: string, change: (path: string) => void): void => {
    const runs = folder(t);
    const path = join(runs, run.runId);
    cpSync(whole, path, { recursive: true });
    change(path);
    assert.throws(() => readRun(flow, runs, run.runId), isError('CLEW_LEDGER_DAMAGED'), what);
  };
  const columns = readdirSync(whole).filter((name) => name.endsWith('.col'));
  assert.equal(columns.length, 18);
  for (const name of columns) {
    spoil(`${name} cut`, (path) => {
      const file = join(path, name);
      truncateSync(file, statSync(file).size - 1);
    });
    spoil(`${name} altered`, (path) => {
      const file = join(path, name);
      const bytes = readFileSync(file);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(file, bytes);
    });
    spoil(`${name} missing`, (path) => rmSync(join(path, name)));
  }
  spoil('header', (path) => {
    const file = join(path, 'roots.col');
    const bytes = readFileSync(file);
    bytes[0] = 0;
    writeFileSync(file, bytes);
  });
  spoil('manifest cut', (path) => truncateSync(join(path, 'run.json'), 40));
  spoil('manifest of another format', (path) => {
    const file = join(path, 'run.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('clew-run/2', 'clew-flow/2'));
  });
  spoil('row counts disagree', (path) => {
    const file = join(path, 'run.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"rows": \d+/, '"rows": 1'));
  });
});

test('a run of another version of the format is not there, so it is made anew', (t) => {
  const runs = folder(t);
  const { flow } = chainWithAll();
  const run = runClustering(flow);
  const file = join(writeRun(run, flow, runs), 'run.json');
  for (const version of ['clew-run/1', 'clew-run/9']) {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/clew-run\/\d/, version));
    assert.equal(findRunManifest(runs, run.runId), undefined);
    assert.deepEqual(listRuns(runs), []);
    assert.throws(() => readRun(flow, runs, run.runId), isError('CLEW_NOT_CLUSTERED'));
  }
  writeRun(run, flow, runs);
  assert.deepEqual(answers(readRun(flow, runs, run.runId)), answers(run));
});

test('bytes after the last row do not matter', (t) => {
  const runs = folder(t);
  const { flow } = chainWithAll();
  const run = runClustering(flow);
  appendFileSync(join(writeRun(run, flow, runs), 'roots.col'), 'x');
  assert.deepEqual(answers(readRun(flow, runs, run.runId)), answers(run));
});

test('what an interrupted write left behind is cleared away', (t) => {
  const runs = folder(t);
  const { flow } = chainWithAll();
  const run = runClustering(flow);
  writeRun(run, flow, runs);
  const aside = join(runs, `${run.runId}.new`);
  writeFileSync(aside, 'left behind');
  writeRun(run, flow, runs);
  assert.equal(existsSync(aside), false);
});

test('a folder that can not be written is a coded error', (t) => {
  const runs = folder(t);
  const { flow } = chainWithAll();
  writeFileSync(runs, 'a file, not a folder');
  assert.throws(() => writeRun(runClustering(flow), flow, runs), isError('CLEW_FILE_UNREADABLE'));
});
