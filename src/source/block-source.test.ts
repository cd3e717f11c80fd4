import assert from 'node:assert/strict';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  folderWith,
  frame,
  frameAll,
  mineBlock,
  mineChain,
  REGTEST_GENESIS,
} from '../../test/support/mined-blocks.ts';
import { sharedFile, sharedPath } from '../../test/support/shared-data.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError, type Problem } from '../errors.ts';
import { type BlockSource, type BlockSourceOptions, openBlockSource } from './block-source.ts';
import { xorInPlace } from './xor.hot.ts';

async function open(
  t: TestContext,
  path: string,
  options: BlockSourceOptions = {},
): Promise<BlockSource> {
  const source = await openBlockSource(path, options);
  t.after(() => source.close());
  return source;
}

/** Opens a path of the shared data, or undefined after a loud skip. */
async function openShared(
  t: TestContext,
  path: string,
  options: BlockSourceOptions = {},
): Promise<BlockSource | undefined> {
  const found = sharedPath(t, path);
  return found === undefined ? undefined : open(t, found, options);
}

function brief(problems: readonly Problem[]): (string | number | null)[][] {
  return problems.map(({ code, facts }) => [code, facts['offset'] as number]);
}

/** Reads every block and holds its hash and length against what the source says. */
function checkBodies(source: BlockSource): void {
  for (const block of source.blocks) {
    const bytes = source.readBlock(block);
    assert.equal(bytes.length, block.lengthBytes);
    assert.equal(hashToDisplay(sha256d(bytes.subarray(0, 80))), block.hash);
  }
}

test('the early chain: 600 blocks in two files', async (t) => {
  const source = await openShared(t, 'bitcoin/blocks/early');
  if (source === undefined) return;
  assert.equal(source.network.name, 'main');
  assert.equal(source.blocks.length, 600);
  assert.deepEqual(source.windows, [{ heightMin: 0, heightMax: 599 }]);
  assert.deepEqual(source.problems, []);
  assert.deepEqual(
    source.blocks.map(({ height }) => height),
    Array.from({ length: 600 }, (_, height) => height),
  );
  for (const [height, block] of source.blocks.entries()) {
    if (height > 0) assert.equal(block.prevHash, source.blocks[height - 1]!.hash);
  }
  checkBodies(source);
  assert.deepEqual(JSON.parse(JSON.stringify(source.blocks[0])), {
    height: 0,
    hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    prevHash: '00'.repeat(32),
    timeSeconds: 1_231_006_505,
    bits: 0x1d00ffff,
    file: source.blocks[0]!.file,
    offsetBytes: 8,
    lengthBytes: 285,
  });
});

test('the same chain under an XOR key', async (t) => {
  const plain = await openShared(t, 'bitcoin/blocks/early');
  const source = await openShared(t, 'bitcoin/framing/xor');
  if (plain === undefined || source === undefined) return;
  assert.equal(source.xorKey?.length, 8);
  assert.deepEqual(source.problems, []);
  assert.deepEqual(
    source.blocks.map(({ hash, offsetBytes }) => [hash, offsetBytes]),
    plain.blocks.map(({ hash, offsetBytes }) => [hash, offsetBytes]),
  );
  checkBodies(source);
});

test('four blocks of 2024 are a window in mid-chain, as the list of the data says', async (t) => {
  const source = await openShared(t, 'bitcoin/blocks/modern');
  if (source === undefined) return;
  assert.deepEqual(
    source.blocks.map(({ height, offsetBytes, lengthBytes, hash }) => [
      height,
      offsetBytes - 8,
      lengthBytes,
      hash,
    ]),
    [
      [831328, 0, 1970169, '00000000000000000002460ebd4c84e75627a5c4c07e5b1d6b91325c4e4558d6'],
      [
        831329,
        1970177,
        1565983,
        '000000000000000000018f3b60378b18af0b8f1f411d1e60334f15315d0a9e82',
      ],
      [
        831330,
        3536168,
        1603620,
        '00000000000000000002d9c3b1bad7fc1e6e8464ec9931dbfecb833c8c181187',
      ],
      [
        831331,
        5139796,
        1774045,
        '0000000000000000000099668afa68d3db839ac2df68dcfe8c82511d2ce182f1',
      ],
    ],
  );
  assert.deepEqual(source.windows, [{ heightMin: 831328, heightMax: 831331 }]);
  assert.deepEqual(source.problems, []);
  checkBodies(source);
});

test('a regtest chain is recognised', async (t) => {
  const source = await openShared(t, 'coinjoin/wasabi2-emulated');
  if (source === undefined) return;
  assert.equal(source.network.name, 'regtest');
  assert.equal(source.blocks.length, 324);
  assert.deepEqual(source.windows, [{ heightMin: 0, heightMax: 323 }]);
  assert.deepEqual(source.problems, []);
  checkBodies(source);
});

test('raw blocks: each at the height that its coinbase names', async (t) => {
  const folder = 'bitcoin/blocks/single';
  const source = await openShared(t, folder, { network: 'main' });
  if (source === undefined) return;
  const heightOf = (file: string): number => Number(/\d+(?=\.raw$)/.exec(file)![0]);
  for (const block of source.blocks) assert.equal(block.height, heightOf(block.file));
  // 169482, 176149 and 227835 are of version 1; the last one is the parent of 227836.
  assert.equal(source.blocks.length, 15);
  assert.deepEqual(source.windows[0], { heightMin: 227835, heightMax: 227836 });
  assert.equal(source.windows.length, 14);
  checkBodies(source);
  const leftOut = source.problems.filter(({ facts }) => facts['isLeftOut'] === true);
  assert.deepEqual(leftOut.map(({ facts }) => basename(String(facts['file']))).sort(), [
    'mainnet-169482.raw',
    'mainnet-176149.raw',
  ]);
  const foreign = source.problems.filter(({ code }) => code === 'CLEW_BLOCK_OTHER_NETWORK');
  assert.deepEqual(
    foreign.map(({ facts }) => facts['network']),
    ['testnet3', 'testnet3', 'testnet3', 'testnet3'],
  );
  const testnet = await openShared(t, folder, { network: 'testnet3' });
  assert.deepEqual(
    testnet?.blocks.map(({ height, file }) => [height, heightOf(file)]),
    [21066, 32768, 700000, 924634].map((height) => [height, height]),
  );
  await assert.rejects(openBlockSource(sharedPath(t, folder)!), {
    code: 'CLEW_NETWORK_AMBIGUOUS',
    facts: { main: 17, testnet3: 4 },
  });
});

test('one raw block without a height needs one', async (t) => {
  const path = sharedPath(t, 'bitcoin/blocks/single/mainnet-227835.raw');
  if (path === undefined) return;
  await assert.rejects(openBlockSource(path), { code: 'CLEW_BLOCK_UNLINKED' });
  const source = await open(t, path, { height: 227835 });
  assert.deepEqual(source.windows, [{ heightMin: 227835, heightMax: 227835 }]);
  assert.equal(source.network.name, 'main');
  assert.deepEqual(source.factsOf(source.blocks[0]!), {
    file: path,
    offset: 0,
    hash: '00000000000001aa077d7aa84c532a4d69bdbff519609d1da0835261b7a74eb6',
    height: 227835,
  });
  const later = sharedPath(t, 'bitcoin/blocks/single/mainnet-830000.raw')!;
  await assert.rejects(openBlockSource(later, { height: 5 }), { code: 'CLEW_HEIGHT_CONFLICT' });
});

test('two networks in one file', async (t) => {
  const path = sharedPath(t, 'bitcoin/framing/two-networks.blk');
  if (path === undefined) return;
  await assert.rejects(openBlockSource(path), {
    code: 'CLEW_NETWORK_AMBIGUOUS',
    facts: { testnet3: 2, main: 1 },
  });
  const main = await open(t, path, { network: 'main' });
  assert.deepEqual(
    main.blocks.map(({ height }) => height),
    [332208],
  );
  assert.deepEqual(brief(main.problems), [
    ['CLEW_BLOCK_OTHER_NETWORK', 0],
    ['CLEW_BLOCK_OTHER_NETWORK', 191491],
  ]);
  const testnet = await open(t, path, { network: 'testnet3' });
  assert.deepEqual(
    testnet.blocks.map(({ height }) => height),
    [0, 685415],
  );
  await assert.rejects(openBlockSource(path, { network: 'signet' }), {
    code: 'CLEW_NETWORK_MISMATCH',
  });
  await assert.rejects(openBlockSource(path, { network: 'nonet' as 'main' }), {
    code: 'CLEW_NETWORK_UNKNOWN',
  });
});

test('blocks that do not link are windows of their own, or left out', async (t) => {
  const source = await openShared(t, 'bitcoin/framing/out-of-order.blk');
  if (source === undefined) return;
  assert.deepEqual(
    source.blocks.map(({ height }) => height),
    [0, 332208],
  );
  assert.deepEqual(brief(source.problems), [
    ['CLEW_BLOCK_UNLINKED', 293],
    ['CLEW_BLOCK_UNLINKED', 775],
  ]);
  assert.deepEqual(
    source.problems.map(({ facts }) => facts['isLeftOut']),
    [true, false],
  );
});

test('a stray byte, a duplicate and padding change nothing', async (t) => {
  const path = sharedPath(t, 'bitcoin/framing/stray-byte-duplicate-padding.dat');
  if (path === undefined) return;
  const source = await open(t, path, { height: 300 });
  assert.deepEqual(source.windows, [{ heightMin: 300, heightMax: 599 }]);
  assert.deepEqual(brief(source.problems), [
    ['CLEW_BLOCK_STRAY_BYTES', 70449],
    ['CLEW_BLOCK_DUPLICATE', 70450],
  ]);
  const twice = source.blocks.find(({ height }) => height === 598)!;
  assert.equal(source.problems[1]!.facts['height'], 598);
  const [copy] = source.otherCopies(twice.hash);
  assert.equal(copy?.offsetBytes, 70458);
  assert.deepEqual(source.readBlock(copy!), source.readBlock(twice));
  assert.deepEqual(source.otherCopies(source.blocks[0]!.hash), []);
  await assert.rejects(openBlockSource(path), { code: 'CLEW_BLOCK_UNLINKED' });
});

test('a damaged body is named by file, record and height', async (t) => {
  const path = sharedPath(t, 'bitcoin/framing/damaged-record.dat');
  if (path === undefined) return;
  const source = await open(t, path, { height: 300 });
  assert.equal(source.blocks.length, 300);
  const facts = source.factsOf(source.blocks[150]!);
  assert.deepEqual([facts['file'], facts['offset'], facts['height']], [path, 33580, 450]);
});

test('a cut tail: 401 blocks and where it is cut', async (t) => {
  const source = await openShared(t, 'bitcoin/framing/cut-tail-testnet3.dat');
  if (source === undefined) return;
  assert.equal(source.network.name, 'testnet3');
  assert.deepEqual(source.windows, [{ heightMin: 0, heightMax: 400 }]);
  assert.equal(source.problems.length, 1);
  const [{ code, facts }] = source.problems as [Problem];
  assert.deepEqual(
    [code, facts['offset'], facts['announcedBytes'], facts['presentBytes']],
    ['CLEW_BLOCK_CUT', 95027, 6033, 4965],
  );
});

test('other coins and packed files are refused by name', async (t) => {
  const litecoin = sharedPath(t, 'bitcoin/framing/litecoin-cut.blk');
  const namecoin = sharedPath(t, 'bitcoin/framing/namecoin-auxpow.blk');
  const gzipped = sharedPath(t, 'bitcoin/framing/gzipped.blk.gz');
  if (litecoin === undefined || namecoin === undefined || gzipped === undefined) return;
  await assert.rejects(openBlockSource(litecoin, { network: 'main' }), {
    code: 'CLEW_NETWORK_MISMATCH',
    facts: { path: litecoin, wanted: 'main', litecoin: 1 },
  });
  for (const options of [{}, { network: 'litecoin' } as const]) {
    await assert.rejects(openBlockSource(litecoin, options), (error) => {
      assert.ok(error instanceof ClewError);
      assert.equal(error.code, 'CLEW_BLOCK_CUT');
      const { offset, announcedBytes, presentBytes } = error.facts;
      assert.deepEqual([offset, announcedBytes, presentBytes], [0, 70012, 70011]);
      return true;
    });
  }
  await assert.rejects(openBlockSource(namecoin), (error) => {
    assert.ok(error instanceof ClewError);
    assert.equal(error.code, 'CLEW_BLOCK_OTHER_NETWORK');
    assert.deepEqual([error.facts['magic'], error.facts['network']], ['f9beb4fe', 'Namecoin']);
    return true;
  });
  await assert.rejects(openBlockSource(gzipped), (error) => {
    assert.ok(error instanceof ClewError);
    assert.equal(error.code, 'CLEW_BLOCK_FILE_FORMAT');
    assert.deepEqual([error.facts['file'], error.facts['format']], [gzipped, 'gzip']);
    return true;
  });
});

test('a whole folder of trouble gives the blocks of one network and a finding for everything else', async (t) => {
  const source = await openShared(t, 'bitcoin/framing', { network: 'testnet3' });
  if (source === undefined) return;
  assert.deepEqual(source.windows, [
    { heightMin: 0, heightMax: 400 },
    { heightMin: 685415, heightMax: 685415 },
  ]);
  const count = (code: string): number =>
    source.problems.filter((each) => each.code === code).length;
  // 300 + 1 + 300 + 3 + 1 records of mainnet, one of Litecoin, one of Namecoin.
  assert.equal(count('CLEW_BLOCK_OTHER_NETWORK'), 607);
  assert.equal(count('CLEW_BLOCK_FILE_FORMAT'), 1);
  assert.equal(count('CLEW_BLOCK_CUT'), 1);
  assert.equal(count('CLEW_BLOCK_DUPLICATE'), 1);
});

test('records in any order over several scrambled files give the same chain', async (t) => {
  const chain = mineChain(30);
  for (let seed = 0; seed < 10; seed += 1) {
    const random = seededRandom(`files ${seed}`);
    const key = random.bytes(8);
    const files: Record<string, Uint8Array> = { 'xor.dat': key };
    const shuffled = random.shuffle(chain);
    for (let i = 0; i < 3; i += 1) {
      const bytes = new Uint8Array(frameAll(shuffled.slice(11 * i, 11 * i + 11)));
      xorInPlace(bytes, key, 0);
      files[`blk0000${i}.dat`] = bytes;
    }
    const source = await open(t, folderWith(t, files));
    assert.deepEqual(
      source.blocks.map(({ hash }) => hash),
      chain.map(({ hash }) => hash),
      `seed files ${seed}`,
    );
    checkBodies(source);
  }
});

test('a header without work is left out and named, what comes after it is not', async (t) => {
  const chain = mineChain(5);
  const bad = chain[3]!.bytes.slice();
  // 0x1d00ffff: a target that this header does not meet.
  bad.set([0xff, 0xff, 0x00, 0x1d], 72);
  const bytes = Buffer.concat(chain.map((block, i) => frame(i === 3 ? bad : block.bytes)));
  const source = await open(t, folderWith(t, { 'blk00000.dat': bytes }));
  assert.deepEqual(
    source.blocks.map(({ height }) => height),
    [0, 1, 2, 4, 5],
  );
  const offset = frameAll(chain.slice(0, 3)).length;
  assert.deepEqual(
    source.problems.map(({ code }) => code),
    ['CLEW_HEADER_WORK', 'CLEW_BLOCK_UNLINKED'],
  );
  assert.equal(source.problems[0]!.facts['offset'], offset);
  assert.equal(source.problems[0]!.facts['hash'], hashToDisplay(sha256d(bad.subarray(0, 80))));
});

test('one damaged byte in a header costs one block, also where no coinbase names a height', async (t) => {
  const path = sharedPath(t, 'bitcoin/blocks/early');
  if (path === undefined) return;
  const random = seededRandom('damaged headers');
  const first = readFileSync(join(path, 'blk00000.dat'));
  const second = readFileSync(join(path, 'blk00001.dat'));
  const plain = await open(t, path);
  for (let round = 0; round < 2; round += 1) {
    // Two blocks in a row, and one elsewhere.
    const height = random.int(301, 597);
    const hits = [height, height + 1, random.int(10, 290)];
    const files = [Buffer.from(first), Buffer.from(second)];
    const expected = new Map<number, number>();
    for (const hit of hits) {
      const { offsetBytes } = plain.blocks[hit]!;
      const at = offsetBytes + random.int(0, 79);
      const bytes = files[hit < 300 ? 0 : 1]!;
      bytes[at] = bytes[at]! ^ random.int(1, 255);
      expected.set(hit, at);
    }
    const folder = folderWith(t, { 'blk00000.dat': files[0]!, 'blk00001.dat': files[1]! });
    const source = await open(t, folder);
    const context = `seed damaged headers, round ${round}: ${[...expected]}`;
    assert.deepEqual(
      source.blocks.map(({ hash }) => hash),
      plain.blocks.filter(({ height: at }) => !hits.includes(at)).map(({ hash }) => hash),
      context,
    );
    for (const { code, facts } of source.problems) {
      assert.equal(code, 'CLEW_HEADER_WORK', context);
      const hit = hits.find((at) => plain.blocks[at]!.hash === facts['trueHash'])!;
      assert.equal(facts['damagedAt'], expected.get(hit), context);
    }
    assert.equal(source.problems.length, 3, context);
  }
});

test('with nothing but failed headers the failure is told', async (t) => {
  const bad = mineBlock({ prevHash: '11'.repeat(32), height: 5 }).bytes.slice();
  bad.set([0xff, 0xff, 0x00, 0x1d], 72);
  const folder = folderWith(t, { 'blk00000.dat': frame(bad) });
  await assert.rejects(openBlockSource(folder), { code: 'CLEW_HEADER_WORK' });
  const cut = folderWith(t, { 'blk00000.dat': frame(bad).subarray(0, 60) });
  await assert.rejects(openBlockSource(cut), { code: 'CLEW_BLOCK_CUT' });
});

test('stale blocks are listed with their heights and can be read', async (t) => {
  const chain = mineChain(3);
  const stale = mineBlock({ prevHash: chain[1]!.hash, height: 2, extra: Uint8Array.of(7) });
  const source = await open(t, folderWith(t, { 'blk00000.dat': frameAll([...chain, stale]) }));
  assert.deepEqual(
    source.staleBlocks.map(({ height, hash }) => [height, hash]),
    [[2, stale.hash]],
  );
  assert.deepEqual(source.readBlock(source.staleBlocks[0]!), stale.bytes);
  assert.deepEqual(source.problems[0]!.facts['height'], 2);
});

test('raw and hex files join framed ones', async (t) => {
  const chain = mineChain(4);
  const folder = folderWith(t, {
    'blk00000.dat': frameAll(chain.slice(0, 2)),
    'two.raw': chain[2]!.bytes,
    'three.hex': Buffer.from(`${Buffer.from(chain[3]!.bytes).toString('hex')}\r\n`),
    'four.bin': chain[4]!.bytes,
    'notes.txt': Buffer.from('not read'),
    'empty.dat': new Uint8Array(0),
  });
  const source = await open(t, folder);
  assert.equal(source.network.name, 'regtest');
  assert.deepEqual(
    source.blocks.map(({ hash }) => hash),
    chain.map(({ hash }) => hash),
  );
  assert.deepEqual(source.problems, []);
  checkBodies(source);
});

test('files that are no block files are named, the others are read', async (t) => {
  const chain = mineChain(2);
  const folder = folderWith(t, {
    'blk00000.dat': frameAll(chain),
    'blk00001.dat.zst': Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0),
    'blk00002.dat': Buffer.alloc(1000, 'This is text. '),
    'blk00003.dat': Buffer.from(Buffer.from(chain[2]!.bytes).toString('hex')),
    'blk00004.dat': Buffer.alloc(5000),
  });
  const source = await open(t, folder);
  assert.equal(source.blocks.length, 3);
  assert.deepEqual(
    source.problems.map(({ code, facts }) => [code, basename(String(facts['file']))]),
    [
      ['CLEW_BLOCK_FILE_FORMAT', 'blk00001.dat.zst'],
      ['CLEW_BLOCK_FILE_FORMAT', 'blk00002.dat'],
      ['CLEW_BLOCK_FILE_FORMAT', 'blk00003.dat'],
    ],
  );
});

test('a missing path, an empty folder, a bad key and an interrupted scan have their own errors', async (t) => {
  const folder = folderWith(t, {
    'blk00000.dat': frameAll(mineChain(2)),
    'xor.dat': new Uint8Array(7),
  });
  await assert.rejects(openBlockSource(join(folder, 'no')), { code: 'CLEW_FOLDER_MISSING' });
  await assert.rejects(openBlockSource(folder), { code: 'CLEW_XOR_KEY_SIZE' });
  rmSync(join(folder, 'xor.dat'));
  const signal = AbortSignal.abort();
  await assert.rejects(openBlockSource(folder, { signal }), { code: 'CLEW_INTERRUPTED' });
  await assert.rejects(openBlockSource(folderWith(t, {})), { code: 'CLEW_BLOCKS_NONE' });
  const zeros = folderWith(t, { 'blk00000.dat': Buffer.alloc(100) });
  await assert.rejects(openBlockSource(zeros), { code: 'CLEW_BLOCKS_NONE' });
});

test('a file that can not be opened is named and the others are read', async (t) => {
  const folder = folderWith(t, { 'blk00000.dat': frameAll([REGTEST_GENESIS]) });
  const file = join(folder, 'blk00001.dat');
  symlinkSync(join(folder, 'gone'), file);
  const source = await open(t, folder);
  assert.equal(source.blocks.length, 1);
  assert.deepEqual(
    source.problems.map(({ code, facts }) => [code, facts['file']]),
    [['CLEW_FILE_UNREADABLE', file]],
  );
});

test('progress ends with everything done, and a file that goes away is told', async (t) => {
  const folder = folderWith(t, { 'blk00000.dat': frameAll(mineChain(5)) });
  const seen: number[][] = [];
  const source = await open(t, folder, {
    onProgress: ({ bytesDone, bytesTotal, blocks }) => seen.push([bytesDone, bytesTotal, blocks]),
  });
  const [done, total, blocks] = seen.at(-1)!;
  assert.equal(done, total);
  assert.equal(blocks, 6);
  rmSync(join(folder, 'blk00000.dat'));
  assert.throws(() => source.readBlock(source.blocks[0]!), { code: 'CLEW_RAW_GONE' });
});

test('a block of the shared data read through its place equals the file', async (t) => {
  const file = sharedFile(t, 'bitcoin/blocks/modern/blk00000.dat');
  const source = await openShared(t, 'bitcoin/blocks/modern');
  if (file === undefined || source === undefined) return;
  const { offsetBytes, lengthBytes } = source.blocks[2]!;
  assert.ok(
    file
      .subarray(offsetBytes, offsetBytes + lengthBytes)
      .equals(source.readBlock(source.blocks[2]!)),
  );
});

test('a length that lies as far as into the zeros behind the next record hides no record', async (t) => {
  const chain = mineChain(6);
  const frames = chain.map(({ bytes }) => Buffer.from(frame(bytes)));
  // The record of block 1 says that it ends 20 zeros behind that of block 2.
  frames[1]!.writeUInt32LE(frames[1]!.length - 8 + frames[2]!.length + 20, 4);
  const bytes = Buffer.concat([
    ...frames.slice(0, 3),
    Buffer.alloc(2_000),
    ...frames.slice(3),
    Buffer.alloc(5_000),
  ]);
  const source = await open(t, folderWith(t, { 'blk00000.dat': bytes }));
  assert.deepEqual(
    source.blocks.map(({ hash }) => hash),
    chain.map(({ hash }) => hash),
  );
  checkBodies(source);
  const [told] = source.problems;
  assert.equal(told?.code, 'CLEW_BLOCK_DAMAGED');
  assert.equal(told?.facts['presentBytes'], chain[1]!.bytes.length);
});
