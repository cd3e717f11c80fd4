import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  folderWith,
  frame,
  frameAll,
  type MinedBlock,
  mineChain,
  REGTEST_MAGIC,
} from '../../test/support/mined-blocks.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import type { ErrorCode, ErrorFacts } from '../errors.ts';
import { scanBlockFile } from './block-file.ts';
import { FileWindow } from './file-window.ts';
import { xorInPlace } from './xor.hot.ts';

interface Found {
  hash: string;
  offset: number;
  lengthBytes: number;
  isWhole: boolean;
}

interface Scan {
  records: Found[];
  problems: { code: ErrorCode; facts: ErrorFacts }[];
}

async function scan(t: TestContext, bytes: Uint8Array, key?: Uint8Array): Promise<Scan> {
  const file = join(folderWith(t, { 'blk00000.dat': bytes }), 'blk00000.dat');
  const window = new FileWindow(file, key);
  const found: Scan = { records: [], problems: [] };
  await scanBlockFile(window, {
    record: ({ recordOffset, lengthBytes, isWhole, head }) => {
      const hash = hashToDisplay(sha256d(head.subarray(0, 80)));
      found.records.push({ hash, offset: recordOffset, lengthBytes, isWhole });
    },
    problem: (code, _message, facts) => found.problems.push({ code, facts }),
    turn: async () => {},
  });
  window.close();
  for (const { facts } of found.problems) assert.equal(facts['file'], file);
  return found;
}

/** The records as they should be found in `frameAll(blocks)`, put at `start`. */
function placesOf(blocks: readonly MinedBlock[], start = 0): Found[] {
  let offset = start;
  return blocks.map(({ hash, bytes }) => {
    const found = { hash, offset, lengthBytes: bytes.length, isWhole: true };
    offset += 8 + bytes.length;
    return found;
  });
}

const chain = mineChain(6, { extra: seededRandom('block file').bytes(60) });
const whole = frameAll(chain);

test('records are found where they stand', async (t) => {
  assert.deepEqual(await scan(t, whole), { records: placesOf(chain), problems: [] });
  assert.deepEqual(await scan(t, new Uint8Array(0)), { records: [], problems: [] });
});

test('zeros at the end are room that the node reserved, also outside the XOR', async (t) => {
  const random = seededRandom('padding');
  for (const zeros of [1, 3, 4, 7, 8, 80, 300_000]) {
    const padded = Buffer.concat([whole, Buffer.alloc(zeros)]);
    const expected = { records: placesOf(chain), problems: [] };
    assert.deepEqual(await scan(t, padded), expected, `${zeros} zeros`);
    const key = random.bytes(8);
    const inside = new Uint8Array(padded);
    xorInPlace(inside, key, 0);
    assert.deepEqual(await scan(t, inside, key), expected, `${zeros} scrambled zeros`);
    const outside = inside.slice();
    outside.fill(0, whole.length);
    assert.deepEqual(
      await scan(t, outside, key),
      expected,
      `${zeros} plain zeros, scrambled blocks`,
    );
  }
});

test('a file cut at any byte gives every whole record and says what is missing', async (t) => {
  const places = placesOf(chain);
  for (let length = places[4]!.offset; length < whole.length; length += 1) {
    const found = await scan(t, whole.subarray(0, length));
    const wholeOnes = places.filter((each) => each.offset + 8 + each.lengthBytes <= length);
    const context = `cut at ${length}`;
    assert.deepEqual(
      found.records.filter(({ isWhole }) => isWhole),
      wholeOnes,
      context,
    );
    const cut = places[wholeOnes.length]!;
    if (cut.offset === length) {
      assert.deepEqual(found.problems, [], context);
      continue;
    }
    const presentBytes = Math.max(0, length - cut.offset - 8);
    const hasLength = length - cut.offset >= 8;
    assert.equal(found.problems.length, 1, context);
    const [{ code, facts }] = found.problems as [Scan['problems'][number]];
    assert.equal(code, 'CLEW_BLOCK_CUT', context);
    assert.equal(facts['offset'], cut.offset, context);
    assert.equal(facts['presentBytes'], presentBytes, context);
    assert.equal(facts['announcedBytes'], hasLength ? cut.lengthBytes : null, context);
    // A header that is there is worth keeping: it links what comes in the next file.
    assert.equal(found.records.length, wholeOnes.length + (presentBytes > 80 ? 1 : 0), context);
  }
});

test('whatever byte is damaged, every other record is found', async (t) => {
  const random = seededRandom('damage');
  const places = placesOf(chain);
  for (let at = 0; at < whole.length; at += 1) {
    const bytes = Uint8Array.from(whole);
    const mask = random.int(1, 255);
    bytes[at] = bytes[at]! ^ mask;
    const hit = places.findLast(({ offset }) => offset <= at)!;
    const context = `seed damage: byte ${at} ^ ${mask}, ${at - hit.offset} in its record`;
    const found = await scan(t, bytes);
    const others = places.filter((each) => each !== hit);
    const others_found = found.records.filter(({ offset }) => offset !== hit.offset);
    assert.deepEqual(others_found, others, context);
    const same = found.records.find(({ offset }) => offset === hit.offset);
    const within = at - hit.offset;
    if (within < 4) {
      assert.equal(same, undefined, context);
      assert.equal(found.problems.length, 1, context);
      assert.equal(found.problems[0]!.facts['offset'], hit.offset, context);
    } else if (within < 8) {
      assert.deepEqual(same, hit, context);
      assert.deepEqual(
        found.problems.map(({ code, facts }) => [code, facts['offset'], facts['presentBytes']]),
        [['CLEW_BLOCK_DAMAGED', hit.offset, hit.lengthBytes]],
        context,
      );
    } else {
      // Damage inside a block is seen by its hash or its Merkle root, not by the framing.
      assert.equal(same?.lengthBytes, hit.lengthBytes, context);
      assert.deepEqual(found.problems, [], context);
    }
  }
});

test('stray bytes between records, before the first and after the last are passed over', async (t) => {
  const random = seededRandom('stray bytes');
  for (let round = 0; round < 60; round += 1) {
    const before = random.int(0, chain.length);
    const stray = random.bytes(random.pick([1, 2, 3, 5, 8, 90, 5000]));
    stray[0] = 0x77;
    stray[stray.length - 1] = 0x78;
    const head = frameAll(chain.slice(0, before));
    const bytes = Buffer.concat([head, stray, frameAll(chain.slice(before))]);
    const found = await scan(t, bytes);
    const context = `round ${round}: ${stray.length} bytes before record ${before}`;
    assert.deepEqual(
      found.records,
      [
        ...placesOf(chain.slice(0, before)),
        ...placesOf(chain.slice(before), head.length + stray.length),
      ],
      context,
    );
    assert.deepEqual(
      found.problems.map(({ code, facts }) => [code, facts['offset'], facts['bytes']]),
      [['CLEW_BLOCK_STRAY_BYTES', head.length, stray.length]],
      context,
    );
  }
});

test('a record cut off in mid-file does not take the next ones with it', async (t) => {
  const last = frame(chain[3]!.bytes);
  const head = frameAll(chain.slice(0, 3));
  for (const kept of [100, 150, last.length - 1]) {
    const bytes = Buffer.concat([head, last.subarray(0, kept), frameAll(chain.slice(4))]);
    const found = await scan(t, bytes);
    assert.deepEqual(
      found.records.filter(({ isWhole }) => isWhole),
      [...placesOf(chain.slice(0, 3)), ...placesOf(chain.slice(4), head.length + kept)],
    );
    assert.equal(found.records.length, chain.length, 'the header of the cut one is kept');
    const [{ code, facts }] = found.problems as [Scan['problems'][number]];
    assert.deepEqual(
      [code, facts['offset'], facts['announcedBytes'], facts['presentBytes']],
      ['CLEW_BLOCK_CUT', head.length, last.length - 8, kept - 8],
    );
    assert.equal(found.problems.length, 1);
  }
});

test('a record cut off in its frame or header does not take the next one with it', async (t) => {
  const last = frame(chain[3]!.bytes);
  const head = frameAll(chain.slice(0, 3));
  for (let kept = 4; kept < 88; kept += 1) {
    const bytes = Buffer.concat([head, last.subarray(0, kept), frameAll(chain.slice(4))]);
    const found = await scan(t, bytes);
    assert.deepEqual(
      found.records,
      [...placesOf(chain.slice(0, 3)), ...placesOf(chain.slice(4), head.length + kept)],
      `${kept} bytes kept`,
    );
    assert.deepEqual(
      found.problems.map(({ code, facts }) => [code, facts['offset'], facts['presentBytes']]),
      [['CLEW_BLOCK_CUT', head.length, Math.max(0, kept - 8)]],
    );
  }
});

test('a length that ends among the zeros of a later block does not swallow the records before it', async (t) => {
  const bytes = frameAll(chain);
  const third = frameAll(chain.slice(0, 3)).length;
  for (const [i, zeros] of [
    [5, 1],
    [5, 4],
    [chain.length, 3],
  ] as const) {
    const lying = Buffer.from(bytes);
    const end = frameAll(chain.slice(0, i)).length - zeros;
    assert.ok(lying.subarray(end, end + zeros).every((byte) => byte === 0));
    lying.writeUInt32LE(end - third - 8, third + 4);
    const found = await scan(t, lying);
    assert.deepEqual(found.records, placesOf(chain), `${zeros} zeros before record ${i}`);
    assert.deepEqual(
      found.problems.map(({ code, facts }) => [code, facts['offset']]),
      [['CLEW_BLOCK_DAMAGED', third]],
    );
  }
});

test('a magic inside a block is no record', async (t) => {
  const inner = frame(chain[2]!.bytes);
  const blocks = mineChain(4, { extra: inner });
  assert.deepEqual(await scan(t, frameAll(blocks)), { records: placesOf(blocks), problems: [] });
  // Neither when a damaged length makes the scan look into the body.
  const bytes = frameAll(blocks);
  const hit = placesOf(blocks)[2]!;
  bytes[hit.offset + 5] = bytes[hit.offset + 5]! ^ 0x40;
  const found = await scan(t, bytes);
  assert.deepEqual(found.records, placesOf(blocks));
  assert.deepEqual(
    found.problems.map(({ code }) => code),
    ['CLEW_BLOCK_DAMAGED'],
  );
});

test('records of a network that nobody knows are passed over one by one', async (t) => {
  const foreign = frame(chain[1]!.bytes, 0x11223344);
  const zcash = frame(chain[1]!.bytes, 0x6427e924);
  const head = frameAll(chain.slice(0, 2));
  const bytes = Buffer.concat([head, foreign, foreign, zcash, frameAll(chain.slice(2))]);
  const found = await scan(t, bytes);
  assert.equal(found.records.length, chain.length);
  const size = foreign.length;
  assert.deepEqual(
    found.problems.map(({ code, facts }) => [code, facts['offset'], facts['magic']]),
    [
      ['CLEW_BLOCK_OTHER_NETWORK', head.length, '44332211'],
      ['CLEW_BLOCK_OTHER_NETWORK', head.length + size, '44332211'],
      ['CLEW_BLOCK_OTHER_NETWORK', head.length + 2 * size, '24e92764'],
    ],
  );
});

test('random bytes are no block file, and never an endless search', async (t) => {
  const random = seededRandom('noise');
  const noise = Buffer.from(random.bytes(400_000));
  const found = await scan(t, noise);
  assert.deepEqual(
    found.problems.map(({ code }) => code),
    ['CLEW_BLOCK_FILE_FORMAT'],
  );
  // Nothing but magics: each one is a record that announces nonsense.
  const magics = new Uint8Array(new Uint32Array(20_000).fill(REGTEST_MAGIC).buffer);
  const many = await scan(t, magics);
  assert.ok(many.records.every(({ isWhole }) => !isWhole));
});
