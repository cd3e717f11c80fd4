import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { openChdb } from './engine.ts';
import {
  decodeNativeBlocks,
  encodeNativeBlock,
  FixedValues,
  StringValues,
  U8Values,
  U32Values,
  U64Values,
} from './native-block.ts';

const engine = await openChdb(join(temporaryFolder('native'), 'ledger'));
after(() => engine.close());

const ALL_ONES = 2n ** 64n - 1n;
/** More than the engine puts into one block of its answers. */
const ROWS = 150_000;

/** Values of every type that is stored, extremes among them. */
function makeRows(count: number, seed: string) {
  const random = seededRandom(seed);
  const rows = [];
  for (let row = 0; row < count; row += 1) {
    const edge = row % 7;
    const length =
      edge === 0 ? 0 : edge === 1 ? random.int(127, 129) : edge === 2 ? 200 : random.int(1, 40);
    rows.push({
      id: row,
      u8: random.int(0, 255),
      u32: edge === 3 ? 0xffff_ffff : random.u32(),
      i32: edge === 4 ? -1 : random.u32() - 0x8000_0000,
      u64: edge === 5 ? ALL_ONES : edge === 6 ? 2n ** 53n - 1n : BigInt(random.u32()) * 2_000_000n,
      fixed: random.bytes(32),
      text: random.bytes(length),
    });
  }
  return rows;
}

function encode(rows: ReturnType<typeof makeRows>) {
  const columns = {
    id: new U32Values(),
    u8: new U8Values(),
    u32: new U32Values(),
    i32: new U32Values('Int32'),
    u64: new U64Values(),
    fixed: new FixedValues(32),
    text: new StringValues(),
  };
  for (const row of rows) {
    columns.id.push(row.id);
    columns.u8.push(row.u8);
    columns.u32.push(row.u32);
    columns.i32.push(row.i32);
    if (row.u64 === ALL_ONES) columns.u64.pushHalves(0xffff_ffff, 0xffff_ffff);
    else columns.u64.push(Number(row.u64));
    columns.fixed.push(row.fixed, 0);
    columns.text.push(row.text, 0, row.text.length);
  }
  return columns;
}

const TYPES =
  'id UInt32, u8 UInt8, u32 UInt32, i32 Int32, u64 UInt64, fixed FixedString(32), text String';

test('all types go into the engine and come back, over several blocks', async () => {
  const seed = 'native-1';
  const rows = makeRows(ROWS, seed);
  await engine.command(`CREATE TABLE rows (${TYPES}) ENGINE = MergeTree ORDER BY id`);
  const columns = encode(rows);
  const inserted = engine.insert('rows', columns);
  for (const column of Object.values(columns)) column.clear();
  await inserted;
  const blocks = await engine.readNative('SELECT * FROM rows ORDER BY id');
  assert.ok(blocks.length > 1, 'the answer came in one block');
  let row = 0;
  for (const { rowCount, columns: found } of blocks) {
    const text = found['text'] as { bytes: Uint8Array; ends: Float64Array };
    const fixed = found['fixed'] as Uint8Array;
    for (let i = 0; i < rowCount; i += 1, row += 1) {
      const expected = rows[row]!;
      const number = (name: string): number => (found[name] as Uint32Array)[i]!;
      const u64 = expected.u64 === ALL_ONES ? Number.POSITIVE_INFINITY : Number(expected.u64);
      const start = i === 0 ? 0 : text.ends[i - 1]!;
      const agrees =
        number('id') === expected.id &&
        number('u8') === expected.u8 &&
        number('u32') === expected.u32 &&
        number('i32') === expected.i32 &&
        number('u64') === u64 &&
        Buffer.compare(fixed.subarray(32 * i, 32 * i + 32), expected.fixed) === 0 &&
        Buffer.compare(text.bytes.subarray(start, text.ends[i]!), expected.text) === 0;
      if (!agrees) assert.fail(`row ${row}, replay with seed ${seed}`);
    }
  }
  assert.equal(row, ROWS);
});

test('what the engine reads is what was meant, in its own words', async () => {
  const rows = makeRows(500, 'native-2');
  await engine.command(`CREATE TABLE words (${TYPES}) ENGINE = MergeTree ORDER BY id`);
  await engine.insert('words', encode(rows));
  const told = await engine.query<Record<string, string | number>>(
    'SELECT id, u8, u32, i32, u64, lower(hex(fixed)) AS fixed, lower(hex(text)) AS text FROM words ORDER BY id',
  );
  const expected = rows.map((row) => ({
    ...row,
    u64: row.u64.toString(),
    fixed: Buffer.from(row.fixed).toString('hex'),
    text: Buffer.from(row.text).toString('hex'),
  }));
  assert.deepEqual(told, expected);
});

test('no rows are no insert, and an empty answer has no block', async () => {
  await engine.command('CREATE TABLE none (id UInt32) ENGINE = MergeTree ORDER BY id');
  await engine.insert('none', { id: new U32Values() });
  assert.deepEqual(await engine.readNative('SELECT * FROM none'), []);
});

test('columns are filled again after they were cleared', () => {
  const rows = makeRows(3_000, 'native-3');
  const columns = encode(rows);
  for (const column of Object.values(columns)) column.clear();
  const again = encode(rows.slice(0, 10));
  for (const row of rows.slice(0, 10)) columns.text.push(row.text, 0, row.text.length);
  assert.deepEqual(columns.text.bytes(), again.text.bytes());
});

test('columns of different length and numbers beyond 2^53 are refused', () => {
  const one = new U32Values();
  one.push(1);
  assert.throws(() => encodeNativeBlock({ one, none: new U32Values() }), /has 0 rows/);
  const large = new U64Values();
  large.pushHalves(0, 0x20_0000);
  const bytes = Buffer.concat(encodeNativeBlock({ large }));
  assert.throws(() => [...decodeNativeBlocks(bytes)], { code: 'CLEW_LEDGER_DAMAGED' });
});
