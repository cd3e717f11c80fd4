/** Which pages leave: never more bytes than allowed (but for one page), and not those that are used again and again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { PAGE_ROWS, PageBudget, type PageOwner } from './page-budget.ts';
import { RowColumn } from './row-column.ts';
import { U32Column } from './u32-column.ts';

const folder = temporaryFolder('page-budget');
const PAGE_BYTES = PAGE_ROWS * 4;

/** A column's page table, as far as the budget sees it. */
class Table implements PageOwner {
  readonly #budget: PageBudget;
  readonly #held = new Map<number, ReturnType<PageBudget['admit']>>();
  readonly #resting = new Set<number>();
  loads = 0;

  constructor(budget: PageBudget) {
    this.#budget = budget;
  }

  use(page: number): void {
    const entry = this.#held.get(page);
    if (entry !== undefined && !this.#resting.has(page)) return;
    if (entry !== undefined) {
      this.#resting.delete(page);
      this.#held.set(page, this.#budget.touch(entry));
      return;
    }
    this.loads += 1;
    this.#held.set(page, this.#budget.admit(this, page, PAGE_BYTES));
  }

  rest(page: number): void {
    this.#resting.add(page);
  }

  evict(page: number): number {
    assert.ok(this.#resting.has(page), 'a page rests before it leaves');
    this.#held.delete(page);
    this.#resting.delete(page);
    return PAGE_BYTES;
  }

  get bytes(): number {
    return this.#held.size * PAGE_BYTES;
  }
}

test('pages that are used often stay while others pass through', () => {
  const seed = 'budget-1';
  const random = seededRandom(seed);
  const table = new Table(new PageBudget(30 * PAGE_BYTES));
  // Ten pages take nine uses of ten; a thousand others share the rest.
  let uses = 0;
  for (let i = 0; i < 20_000; i += 1) {
    table.use(random.chance(0.9) ? random.int(0, 9) : random.int(10, 1009));
    uses += 1;
  }
  // On this sequence first in, first out loads 0.143 of the uses; least recently used, with a mark at every use, 0.099.
  const share = table.loads / uses;
  assert.ok(share < 0.102, `${share} of the uses had to load, replay with seed ${seed}`);
});

test('the bytes held are those that are counted, and at most a page above the limit, also when it changes', () => {
  const seed = 'budget-2';
  const random = seededRandom(seed);
  const budget = new PageBudget(20 * PAGE_BYTES);
  const tables = [new Table(budget), new Table(budget)];
  for (let i = 0; i < 10_000; i += 1) {
    random.pick(tables).use(random.int(0, 40));
    if (random.chance(0.01)) budget.maxBytes = random.int(0, 30) * PAGE_BYTES;
    assert.equal(budget.usedBytes, tables[0]!.bytes + tables[1]!.bytes, `seed ${seed}`);
    assert.ok(budget.usedBytes <= Math.max(budget.maxBytes, PAGE_BYTES), `seed ${seed}`);
  }
});

test('columns hold no more memory than allowed, whatever is pushed, set, cut and read', () => {
  const seed = 'budget-3';
  const random = seededRandom(seed);
  const budget = new PageBudget(3_000_000);
  const place = { folder, networkMagic: 7 };
  const rows = new RowColumn({ ...place, name: 'rows' }, budget, { mutable: true });
  const numbers = new U32Column({ ...place, name: 'numbers' }, budget);
  // A page of rows may grow by its high bytes between two admissions.
  const most = 3_000_000 + 5 * PAGE_ROWS + PAGE_ROWS * 10;
  for (let round = 0; round < 30; round += 1) {
    for (let i = random.int(0, 60_000); i > 0; i -= 1) {
      rows.push(i);
      numbers.push(i);
    }
    for (let i = 0; i < 20 && rows.length > 0; i += 1) {
      rows.set(random.int(0, rows.length - 1), 2 ** 33);
      numbers.at(random.int(0, numbers.length - 1));
    }
    assert.ok(budget.usedBytes <= most, `${budget.usedBytes} bytes, seed ${seed}`);
    assert.ok(budget.usedBytes >= 0, `seed ${seed}`);
    if (random.chance(0.2)) {
      const length = random.int(0, rows.length);
      rows.truncate(length);
      numbers.truncate(length);
    }
  }
  rows.truncate(0);
  numbers.truncate(0);
  assert.equal(budget.usedBytes, 0);
  rows.close();
  numbers.close();
});
