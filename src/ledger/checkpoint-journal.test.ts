/**
 * Checkpoints that are cut off: at every call that touches the disk, and within writes after some bytes, the
 * process "dies"; opened again, columns and manifest are those of the old or of the new checkpoint, never a mixture.
 *
 * The calls of node:fs are replaced for the whole process, which is why this test has a file (and process) of its own.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { CheckpointJournal } from './checkpoint-journal.ts';
import type { ColumnState } from './column-state.ts';
import { PageBudget } from './page-budget.ts';
import { RowColumn } from './row-column.ts';
import { U8Column } from './u8-column.ts';

const base = temporaryFolder('checkpoint-journal');
const SEED = 'checkpoint-1';
/** Rows in a page of the columns of rows, amounts and offsets. */
const PAGE_ROWS = 16_384;

interface Pair {
  readonly rows: RowColumn;
  readonly bytes: U8Column;
}

interface Manifest {
  readonly name: string;
  readonly rows: ColumnState;
  readonly bytes: ColumnState;
}

function openPair(folder: string, manifest: Manifest | undefined, memoryBytes: number): Pair {
  const budget = new PageBudget(memoryBytes);
  const place = { folder, networkMagic: 7 };
  return {
    rows: new RowColumn({ ...place, name: 'rows', state: manifest?.rows }, budget, {
      mutable: true,
    }),
    bytes: new U8Column({ ...place, name: 'bytes', state: manifest?.bytes }, budget, {
      mutable: true,
    }),
  };
}

function closePair({ rows, bytes }: Pair): void {
  rows.close();
  bytes.close();
}

function readManifest(folder: string): Manifest {
  return JSON.parse(fs.readFileSync(join(folder, 'flow.json'), 'utf8')) as Manifest;
}

function checkpoint(journal: CheckpointJournal, pair: Pair, name: string): void {
  journal.checkpoint([pair.rows, pair.bytes], () => {
    const manifest = { name, rows: pair.rows.state(), bytes: pair.bytes.state() };
    return { fileName: 'flow.json', text: JSON.stringify(manifest) };
  });
}

/** What both columns should hold, as plain arrays. */
interface Model {
  rows: number[];
  bytes: number[];
}

/** Push rows, and set one that is there at every `setEvery`th. */
function change(
  pair: Pair,
  model: Model,
  random: SeededRandom,
  count: number,
  setEvery = 10,
): void {
  for (let i = 0; i < count; i += 1) {
    const value = random.chance(0.001) ? 2 ** 33 + random.u32() : random.int(0, 1e9);
    model.rows.push(value);
    pair.rows.push(value);
    model.bytes.push(value % 251);
    pair.bytes.push(value % 251);
    if (i % setEvery > 0) continue;
    const row = random.int(0, model.rows.length - 1);
    const other = random.chance(0.5) ? 2 ** 40 - 1 : 2 ** 34 + row;
    model.rows[row] = other;
    pair.rows.set(row, other);
    model.bytes[row] = i % 256;
    pair.bytes.set(row, i % 256);
  }
}

function cut(pair: Pair, model: Model, length: number): void {
  model.rows.length = length;
  model.bytes.length = length;
  pair.rows.truncate(length);
  pair.bytes.truncate(length);
}

function assertHolds(pair: Pair, model: Model, what: string): void {
  assert.equal(pair.rows.length, model.rows.length, what);
  assert.equal(pair.bytes.length, model.bytes.length, what);
  for (let row = 0; row < model.rows.length; row += 1) {
    if (pair.rows.at(row) !== model.rows[row]) assert.fail(`row ${row}: ${what}`);
    if (pair.bytes.at(row) !== model.bytes[row]) assert.fail(`byte ${row}: ${what}`);
  }
  assert.equal(pair.rows.verify(), undefined, what);
  assert.equal(pair.bytes.verify(), undefined, what);
}

const copyOf = (model: Model): Model => ({ rows: [...model.rows], bytes: [...model.bytes] });

class Killed extends Error {}

function fullDisk(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
}

const REAL = {
  writeSync: fs.writeSync,
  fsyncSync: fs.fsyncSync,
  fdatasyncSync: fs.fdatasyncSync,
  renameSync: fs.renameSync,
  rmSync: fs.rmSync,
  ftruncateSync: fs.ftruncateSync,
  openSync: fs.openSync,
};
type Call = keyof typeof REAL;

/**
 * Run something, and die at the given call to the disk: a write there leaves a part of its bytes. With a full disk, that
 * call alone fails. Returns the number of calls, or undefined when it died.
 */
function runUntil(
  lastCall: number,
  partOfWrite: number,
  work: () => void,
  end: 'death' | 'full disk' = 'death',
): number | undefined {
  let calls = 0;
  const guard = (name: Call): void => {
    calls += 1;
    if (end === 'death' && calls > lastCall) throw new Killed(name);
    if (end === 'full disk' && calls === lastCall + 1) throw fullDisk();
  };
  for (const name of Object.keys(REAL) as Call[]) {
    const real = REAL[name] as (...values: unknown[]) => unknown;
    const guarded = (...values: unknown[]): unknown => {
      if (name === 'writeSync' && calls === lastCall) {
        const [fd, bytes, offset, length, position] = values as [
          number,
          Uint8Array,
          number,
          number,
          number,
        ];
        const part = Math.floor(length * partOfWrite);
        if (part > 0) REAL.writeSync(fd, bytes, offset, part, position);
      }
      guard(name);
      // A killed process loses nothing that it wrote: waiting for the disk is left out.
      return name === 'fsyncSync' || name === 'fdatasyncSync' ? undefined : real(...values);
    };
    Object.assign(fs, { [name]: guarded });
  }
  syncBuiltinESMExports();
  try {
    work();
    return calls;
  } catch (cause) {
    let root: unknown = cause;
    while (root instanceof Error && !(root instanceof Killed)) root = root.cause;
    if (!(root instanceof Killed)) throw cause;
    return undefined;
  } finally {
    Object.assign(fs, REAL);
    syncBuiltinESMExports();
  }
}

test('a column that changes in place holds what an array holds, through checkpoints, cuts and reopening', () => {
  const folder = join(base, 'random');
  fs.mkdirSync(folder);
  const random = seededRandom(SEED);
  const journal = new CheckpointJournal(folder);
  const model: Model = { rows: [], bytes: [] };
  let pair = openPair(folder, undefined, 500_000);
  let kept = copyOf(model);
  checkpoint(journal, pair, '0');
  for (let round = 1; round < 12; round += 1) {
    change(pair, model, random, random.int(1, 16_000));
    if (random.chance(0.3)) cut(pair, model, random.int(0, model.rows.length));
    if (random.chance(0.6)) {
      checkpoint(journal, pair, String(round));
      kept = copyOf(model);
    }
    if (random.chance(0.5)) continue;
    // Left without a checkpoint: the state of the last one comes back.
    closePair(pair);
    assert.equal(CheckpointJournal.recover(folder), false);
    pair = openPair(folder, readManifest(folder), 400_000);
    Object.assign(model, copyOf(kept));
    assertHolds(pair, model, `round ${round}, replay with seed ${SEED}`);
  }
  closePair(pair);
});

/** A folder with a checkpoint, made once. */
function makeOld(folder: string): Model {
  fs.mkdirSync(folder);
  const model: Model = { rows: [], bytes: [] };
  const pair = openPair(folder, undefined, 150_000);
  change(pair, model, seededRandom(SEED), PAGE_ROWS + 500, 9_000);
  checkpoint(new CheckpointJournal(folder), pair, 'old');
  closePair(pair);
  return model;
}

/** A copy of that folder, and the work that leads to the next checkpoint: a cut, a page more, old rows set. */
function prepare(old: string, folder: string, before: Model): { pair: Pair; after: Model } {
  fs.cpSync(old, folder, { recursive: true });
  const random = seededRandom(`${SEED}/new`);
  const pair = openPair(folder, readManifest(folder), 150_000);
  const model = copyOf(before);
  cut(pair, model, PAGE_ROWS + 200);
  change(pair, model, random, 1.5 * PAGE_ROWS, 9_000);
  change(pair, model, random, 100, 10);
  return { pair, after: model };
}

test('a checkpoint cut off at any call to the disk is the old one or the new one', (t) => {
  const old = join(base, 'old');
  const before = makeOld(old);
  const whole = join(base, 'whole');
  const { pair, after } = prepare(old, whole, before);
  const calls = runUntil(Number.POSITIVE_INFINITY, 0, () =>
    checkpoint(new CheckpointJournal(whole), pair, 'new'),
  )!;
  closePair(pair);
  assert.ok(calls > 40, 'the checkpoint touches the disk in many calls');
  const random = seededRandom(`${SEED}/parts`);
  const seen = { old: 0, new: 0 };
  for (let lastCall = 0; lastCall < calls; lastCall += 1) {
    const folder = join(base, `cut-${lastCall}`);
    const work = prepare(old, folder, before);
    const partOfWrite = random.pick([0, 0.01, 0.5, 0.99, 1]);
    const died = runUntil(lastCall, partOfWrite, () =>
      checkpoint(new CheckpointJournal(folder), work.pair, 'new'),
    );
    assert.equal(died, undefined);
    // A second death, while the journal is carried out, must not matter either.
    runUntil(random.int(0, 12), partOfWrite, () => CheckpointJournal.recover(folder));
    CheckpointJournal.recover(folder);
    const manifest = readManifest(folder);
    const reopened = openPair(folder, manifest, 1e9);
    const what = `call ${lastCall}, ${partOfWrite} of the last write, seed ${SEED}`;
    assertHolds(reopened, manifest.name === 'old' ? before : after, what);
    seen[manifest.name as 'old' | 'new'] += 1;
    closePair(reopened);
    closePair(work.pair);
    fs.rmSync(folder, { recursive: true });
  }
  t.diagnostic(`${seen.old} old, ${seen.new} new`);
  assert.ok(seen.old > 10 && seen.new > 5, JSON.stringify(seen));
});

test('a checkpoint that met a full disk is made again by the same process, or killed while that is done', () => {
  const old = join(base, 'space-old');
  const before = makeOld(old);
  const random = seededRandom(`${SEED}/space`);
  for (let failing = 0; failing < 66; failing += 2) {
    const folder = join(base, `space-${failing}`);
    const { pair, after } = prepare(old, folder, before);
    const states = new Map([
      ['old', before],
      ['new', copyOf(after)],
    ]);
    const what = `call ${failing}, seed ${SEED}`;
    const attempt = (): unknown =>
      runUntil(
        failing,
        0.5,
        () => checkpoint(new CheckpointJournal(folder), pair, 'new'),
        'full disk',
      );
    assert.throws(attempt, { code: 'CLEW_NO_SPACE' }, what);
    if (failing % 4 === 0) cut(pair, after, after.rows.length - 150);
    change(pair, after, random, 500, 50);
    states.set('newer', after);
    const killedAt = failing % 6 === 0 ? Number.POSITIVE_INFINITY : random.int(0, 90);
    runUntil(killedAt, 0.5, () => checkpoint(new CheckpointJournal(folder), pair, 'newer'));
    if (killedAt > 1_000) assertHolds(pair, after, what);
    closePair(pair);
    CheckpointJournal.recover(folder);
    const manifest = readManifest(folder);
    if (killedAt > 1_000) assert.equal(manifest.name, 'newer');
    const reopened = openPair(folder, manifest, 1e9);
    assertHolds(reopened, states.get(manifest.name)!, `${what}: ${manifest.name}`);
    closePair(reopened);
    fs.rmSync(folder, { recursive: true });
  }
});
