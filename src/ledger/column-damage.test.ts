/** A flipped bit anywhere in the files of a column, a cut file and a disk that refuses are found and named. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { CheckpointJournal } from './checkpoint-journal.ts';
import { ClimbingColumn } from './climbing-column.ts';
import { CodeColumn } from './code-column.ts';
import type { ColumnPlace, ColumnState } from './column-state.ts';
import { PageBudget } from './page-budget.ts';
import type { PagedColumn } from './paged-column.ts';
import { RowColumn } from './row-column.ts';
import { SatsColumn } from './sats-column.ts';

const base = temporaryFolder('column-damage');
const SEED = 'damage-1';
/** Rows in a page of the columns of rows, amounts and offsets. */
const PAGE_ROWS = 16_384;
const CLIMBING_PAGE_ROWS = 32_768;
const budget = (): PageBudget => new PageBudget(1e9);

interface Kind {
  readonly make: (place: ColumnPlace) => PagedColumn & { at(row: number): number };
  /** Fill a new column and return its state. */
  readonly fill: (place: ColumnPlace) => ColumnState;
}

const ROWS = 2 * PAGE_ROWS + 40;

function filled<C extends PagedColumn & { push(value: number): void }>(
  column: C,
  value: (row: number) => number,
): ColumnState {
  for (let row = 0; row < ROWS; row += 1) column.push(value(row));
  column.flush();
  const state = column.state();
  column.close();
  return state;
}

const KINDS: Readonly<Record<string, Kind>> = {
  sats: {
    make: (place) => new SatsColumn(place, budget()),
    fill: (place) =>
      filled(new SatsColumn(place, budget()), (row) => (row % 9_999 === 0 ? 2 ** 50 + row : row)),
  },
  offsets: {
    make: (place) => new ClimbingColumn(place, budget()),
    fill: (place) => filled(new ClimbingColumn(place, budget()), (row) => 2 ** 52 + row * 25),
  },
  codes: {
    make: (place) => new CodeColumn(place, budget()),
    fill: (place) => filled(new CodeColumn(place, budget()), (row) => row % 300),
  },
  // Only the middle page needs high bytes.
  rows: {
    make: (place) => new RowColumn(place, budget()),
    fill: (place) =>
      filled(new RowColumn(place, budget()), (row) => (row === PAGE_ROWS + 7 ? 2 ** 39 : row)),
  },
  spenders: {
    make: (place) => new RowColumn(place, budget(), { mutable: true }),
    fill: (place) => {
      const column = new RowColumn(place, budget(), { mutable: true });
      for (let row = 0; row < ROWS; row += 1) column.push(2 ** 40 - 1);
      const journal = new CheckpointJournal(place.folder);
      const manifest = { fileName: 'flow.json', text: '{}' };
      journal.checkpoint([column], () => manifest);
      column.set(5, 2 ** 33);
      column.set(ROWS - 1, 2 ** 33);
      journal.checkpoint([column], () => manifest);
      const state = column.state();
      column.close();
      return state;
    },
  },
};

/** Pages of high bytes that the columns above do not need. */
const ABSENT_PAGES: Readonly<Record<string, readonly number[]>> = { rows: [0, 2], spenders: [1] };

/** Places in a file where a flipped bit must be found: some of the header, ends of pages, and by chance. */
function placesIn(size: number, random: ReturnType<typeof seededRandom>): number[] {
  const places = [0, 9, 13, 17, 20, 27, 29, 600, 4095, 4096, size - 1];
  for (let i = 0; i < 25; i += 1) places.push(random.int(0, size - 1));
  return places.filter((place) => place < size);
}

function findDamage(kind: Kind, place: ColumnPlace): string | undefined {
  try {
    const column = kind.make({ ...place, writable: false });
    const damage = column.verify();
    column.close();
    return damage?.path;
  } catch (cause) {
    assert.ok(cause instanceof ClewError, String(cause));
    assert.ok(['CLEW_FLOW_FORMAT', 'CLEW_COLUMN_DAMAGED'].includes(cause.code), String(cause));
    return String(cause.facts['path']);
  }
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`a flipped bit in any file of a column of ${name} is found and the file is named`, () => {
    const random = seededRandom(`${SEED}/${name}`);
    const folder = join(base, name);
    fs.mkdirSync(folder);
    const place: ColumnPlace = { folder, name, networkMagic: 7 };
    const state = JSON.parse(JSON.stringify(kind.fill(place))) as ColumnState;
    const opened = { ...place, state };
    assert.equal(findDamage(kind, opened), undefined);
    const files = fs.readdirSync(folder).filter((file) => /\.(col|crc)$/.test(file));
    assert.ok(files.length >= 2);
    for (const file of files) {
      const path = join(folder, file);
      const bytes = fs.readFileSync(path);
      // Pages of zeros alone are not stored: what stands at their place does not count.
      const absent = file.endsWith('.high.col') ? (ABSENT_PAGES[name] ?? []) : [];
      const counts = (at: number): boolean =>
        at < 4096 || !absent.includes(Math.floor((at - 4096) / PAGE_ROWS));
      for (const at of placesIn(bytes.length, random).filter(counts)) {
        const bit = 2 ** random.int(0, 7);
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ bit, at);
        fs.writeFileSync(path, changed);
        const found = findDamage(kind, opened);
        const what = `${file}, byte ${at}, bit ${bit}, seed ${SEED}`;
        assert.ok(found !== undefined, what);
        // A checksum that was altered accuses the page that it is for.
        assert.equal(found.replace(/\.(col|crc)$/, ''), path.replace(/\.(col|crc)$/, ''), what);
      }
      fs.writeFileSync(path, bytes);
      // A zero at the end of a sparse file is as good as nothing.
      if (file.includes('.high.') && bytes.at(-1) === 0) continue;
      fs.writeFileSync(path, bytes.subarray(0, bytes.length - 1));
      assert.ok(findDamage(kind, opened) !== undefined, `${file} without its last byte`);
      fs.writeFileSync(path, bytes);
    }
    assert.equal(findDamage(kind, opened), undefined);
  });
}

test('reading a row of a damaged page throws with column, page and rows', () => {
  const place: ColumnPlace = { folder: base, name: 'named', networkMagic: 7 };
  const state = KINDS['offsets']!.fill(place);
  const path = join(base, 'named.col');
  const fd = fs.openSync(path, 'r+');
  fs.writeSync(fd, Uint8Array.of(1), 0, 1, 4096 + 2 * CLIMBING_PAGE_ROWS + 20);
  fs.closeSync(fd);
  const column = new ClimbingColumn({ ...place, state }, budget());
  assert.equal(column.at(17), 2 ** 52 + 17 * 25);
  assert.throws(
    () => column.at(CLIMBING_PAGE_ROWS),
    (cause: unknown) => {
      assert.ok(cause instanceof ClewError);
      assert.equal(cause.code, 'CLEW_COLUMN_DAMAGED');
      assert.deepEqual(cause.facts, {
        column: 'named',
        path,
        page: 1,
        rowMin: CLIMBING_PAGE_ROWS,
        rowMax: ROWS - 1,
      });
      return true;
    },
  );
  column.close();
});

test('a read error of the disk names the file', () => {
  const place: ColumnPlace = { folder: base, name: 'eio', networkMagic: 7 };
  const state = KINDS['offsets']!.fill(place);
  const column = new ClimbingColumn({ ...place, state }, budget());
  const real = fs.readSync;
  Object.assign(fs, {
    readSync: () => {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    },
  });
  syncBuiltinESMExports();
  try {
    const refused = {
      code: 'CLEW_FILE_UNREADABLE',
      facts: { path: join(base, 'eio.col'), systemCode: 'EIO' },
    };
    assert.throws(() => column.at(0), refused);
    assert.throws(() => column.verify(), refused);
    assert.throws(() => new ClimbingColumn({ ...place, state }, budget()), refused);
  } finally {
    Object.assign(fs, { readSync: real });
    syncBuiltinESMExports();
  }
  assert.equal(column.at(3), 2 ** 52 + 75);
  column.close();
});

test('a full disk stops appending without losing a row', () => {
  const place: ColumnPlace = { folder: base, name: 'full', networkMagic: 7 };
  const column = new SatsColumn(place, new PageBudget(400_000));
  const real = fs.writeSync;
  let room = 0;
  Object.assign(fs, {
    writeSync: (
      fd: number,
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => {
      if (room < length) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      room -= length;
      return real(fd, bytes, offset, length, position);
    },
  });
  syncBuiltinESMExports();
  const value = (row: number): number => (row % 5_000 === 0 ? 2 ** 51 + row : row * 3);
  let stops = 0;
  try {
    while (column.length < 12 * PAGE_ROWS) {
      try {
        column.push(value(column.length));
        if (column.length % 1_000 === 0) column.flush();
      } catch (cause) {
        assert.ok(cause instanceof ClewError && cause.code === 'CLEW_NO_SPACE', String(cause));
        stops += 1;
        room += 30_000;
      }
    }
  } finally {
    Object.assign(fs, { writeSync: real });
    syncBuiltinESMExports();
  }
  assert.ok(stops > 20);
  column.flush();
  const state = column.state();
  column.close();
  const again = new SatsColumn({ ...place, state }, budget());
  assert.equal(again.verify(), undefined);
  for (let row = 0; row < 12 * PAGE_ROWS; row += 1) {
    if (again.at(row) !== value(row)) assert.fail(`row ${row}`);
  }
  again.close();
});
