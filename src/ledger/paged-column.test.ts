/** Every kind of column against a plain array: random pushes, sets, cuts and reopenings with pages that leave at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { ClimbingColumn } from './climbing-column.ts';
import { CodeColumn } from './code-column.ts';
import type { ColumnPlace, ColumnState } from './column-state.ts';
import { DeltaColumn16 } from './delta-column-16.ts';
import { F64Column } from './f64-column.ts';
import { PAGE_ROWS, PageBudget } from './page-budget.ts';
import { RowColumn } from './row-column.ts';
import { SatsColumn } from './sats-column.ts';
import { U8Column } from './u8-column.ts';
import { U32Column } from './u32-column.ts';

const folder = temporaryFolder('paged-column');

interface NumberColumn {
  readonly length: number;
  at(row: number): number;
  push(value: number): void;
  truncate(length: number): void;
  flush(): void;
  close(): void;
  state(): ColumnState;
  verify(): unknown;
}

interface Kind {
  readonly name: string;
  /** Memory for pages, when one page alone would make the test slow. */
  readonly memoryBytes?: number;
  make(place: ColumnPlace | undefined, budget: PageBudget): NumberColumn;
  /** A value for the row after those that are there. */
  next(random: SeededRandom, before: number | undefined): number;
}

const KINDS: readonly Kind[] = [
  {
    name: 'u8',
    make: (place, budget) => new U8Column(place, budget),
    next: (random) => random.int(0, 255),
  },
  {
    name: 'u32',
    make: (place, budget) => new U32Column(place, budget),
    next: (random) => random.u32(),
  },
  {
    name: 'f64',
    make: (place, budget) => new F64Column(place, budget),
    next: (random) => random.u32() * 2 ** 21 + random.int(0, 2 ** 21 - 1),
  },
  {
    name: 'rows',
    make: (place, budget) => new RowColumn(place, budget),
    next: (random) =>
      random.chance(0.3)
        ? 2 ** 40 - 1 - random.int(0, 255)
        : random.chance(0.000_02)
          ? 2 ** 32 + random.u32() * 254
          : random.u32() - Math.min(random.u32(), 300) >= 0
            ? Math.floor(random.u32() * 0.99)
            : 2 ** 32 - 257,
  },
  {
    name: 'delta16',
    make: (place, budget) => new DeltaColumn16(place, budget),
    next: (random, before) => (before ?? 2 ** 52) + (random.chance(0.5) ? 1 : 0),
  },
  {
    name: 'climbing',
    make: (place, budget) => new ClimbingColumn(place, budget),
    memoryBytes: 2_000_000,
    next: (random, before) =>
      (before ?? 2 ** 52) + (random.chance(0.001) ? random.int(0, 9_000_000) : random.int(0, 120)),
  },
  {
    name: 'sats',
    memoryBytes: 2_000_000,
    make: (place, budget) => new SatsColumn(place, budget),
    next: (random) =>
      random.chance(0.001)
        ? 2 ** 40 - 2 + random.int(0, 3) + (random.chance(0.5) ? 2 ** 53 - 2 ** 40 - 2 : 0)
        : random.u32() * 255 + random.int(0, 254),
  },
  {
    name: 'codes',
    memoryBytes: 2_500_000,
    make: (place, budget) => new CodeColumn(place, budget, [0xffff_ffff, 0xffff_fffd]),
    next: (random) =>
      random.chance(0.9)
        ? 0xffff_ffff - random.int(0, 3)
        : random.chance(0.9)
          ? random.int(0, 300)
          : random.u32(),
  },
];

function compare(column: NumberColumn, expected: readonly number[], seed: string): void {
  assert.equal(column.length, expected.length);
  for (let row = 0; row < expected.length; row += 1) {
    if (column.at(row) !== expected[row]) {
      assert.equal(column.at(row), expected[row], `row ${row}, replay with seed ${seed}`);
    }
  }
}

for (const kind of KINDS) {
  for (const place of [undefined, { folder, name: kind.name, networkMagic: 7 }]) {
    const where = place === undefined ? 'in memory' : 'in files, a page or few in memory';
    test(`a ${kind.name} column ${where} holds what an array holds`, () => {
      const seed = `paged-${kind.name}`;
      const random = seededRandom(seed);
      const expected: number[] = [];
      let column = kind.make(place, new PageBudget(kind.memoryBytes ?? 1));
      const push = (count: number): void => {
        for (let i = 0; i < count; i += 1) {
          const value = kind.next(random, expected.at(-1));
          expected.push(value);
          column.push(value);
        }
      };
      for (let round = 0; round < 6; round += 1) {
        push(random.int(0, PAGE_ROWS));
        if (round === 2) push(2 * PAGE_ROWS - (expected.length % PAGE_ROWS));
        column.flush();
        for (let i = 0; i < 30; i += 1) {
          const row = random.int(0, expected.length - 1);
          assert.equal(column.at(row), expected[row], `row ${row}, replay with seed ${seed}`);
        }
        if (random.chance(0.7)) push(random.int(1, 1_000));
        if (random.chance(0.6)) {
          expected.length -= random.int(0, Math.min(expected.length, 1.5 * PAGE_ROWS));
          column.truncate(expected.length);
        }
        if (place === undefined) continue;
        column.flush();
        const state = JSON.parse(JSON.stringify(column.state())) as ColumnState;
        column.close();
        column = kind.make({ ...place, state }, new PageBudget(kind.memoryBytes ?? 1));
        assert.equal(column.verify(), undefined);
      }
      compare(column, expected, seed);
      column.close();
    });
  }
}
