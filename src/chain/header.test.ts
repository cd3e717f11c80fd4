import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile } from '../../test/support/shared-data.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { bip34Height, headerHash, parseHeader } from './header.ts';
import { getNetwork } from './network.ts';

test('18,000 real headers are chains: each names the hash of the one before', (t) => {
  const chains = ['mainnet-0-10236', 'mainnet-822528-830592', 'signet-0-2015'];
  let count = 0;
  for (const name of chains) {
    const file = sharedFile(t, `bitcoin/headers/${name}.bin`);
    if (file === undefined) return;
    let previous: string | undefined;
    for (let at = 0; at < file.length; at += 80) {
      const header = parseHeader(file, at);
      if (previous !== undefined) assert.equal(header.prevHash, previous, `${name} at ${at}`);
      previous = header.hash;
      count += 1;
    }
  }
  assert.equal(count, 10_237 + 8065 + 2016);
});

test('the first header of Bitcoin, field by field', (t) => {
  const file = sharedFile(t, 'bitcoin/headers/mainnet-0-10236.bin');
  if (file === undefined) return;
  assert.deepEqual(parseHeader(file), {
    version: 1,
    prevHash: '0'.repeat(64),
    merkleRoot: '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
    time: 1231006505,
    bits: 0x1d00ffff,
    nonce: 2083236893,
    hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  });
});

test('fewer than 80 bytes are no header', () => {
  assert.throws(() => parseHeader(new Uint8Array(79)), { code: 'CLEW_BLOCK_DAMAGED' });
  assert.throws(() => headerHash(new Uint8Array(100), 21), { code: 'CLEW_BLOCK_DAMAGED' });
});

test('real blocks name their height from the version that BIP 34 brought', (t) => {
  const blocks = singleBlocks(t);
  if (blocks === undefined) return;
  const columns = new BlockColumns();
  for (const { name, network, bytes } of blocks) {
    const height = Number(/-(\d+)\.raw$/.exec(name)![1]);
    // Of mainnet, 227,836 is the first of these in version 2; 169,482 to 227,835 have version 1.
    const isEarly = network.name === 'main' && height < 227_836;
    const expected = isEarly ? undefined : height;
    assert.equal(bip34Height(bytes), expected, name);
    readBlockColumns(bytes, network, columns);
    assert.equal(bip34Height(bytes, columns), expected, name);
  }
});

/** A block whose coinbase script begins with these bytes. */
function withCoinbase(script: number[], version = 2): Uint8Array {
  const prevout = [...new Array<number>(32).fill(0), 0xff, 0xff, 0xff, 0xff];
  const output = [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x51];
  const tail = [0xff, 0xff, 0xff, 0xff, ...output, 0, 0, 0, 0];
  const tx = [1, 0, 0, 0, 1, ...prevout, script.length, ...script, ...tail];
  const block = new Uint8Array(80 + 1 + tx.length);
  block[0] = version;
  block.set([1, ...tx], 80);
  return block;
}

test('only a minimal push of a height counts', () => {
  const cases: [number[], number | undefined][] = [
    // Bytes as Bitcoin Core writes `CScript() << height`.
    [[0x00, 0x00], 0],
    [[0x51, 0x00], 1],
    [[0x60, 0x00], 16],
    [[0x01, 0x11], 17],
    [[0x01, 0x7f], 127],
    [[0x02, 0x80, 0x00], 128],
    [[0x02, 0xff, 0x00], 255],
    [[0x02, 0x00, 0x01], 256],
    [[0x02, 0xff, 0x7f], 32_767],
    [[0x03, 0x00, 0x80, 0x00], 32_768],
    [[0x03, 0xf0, 0xaa, 0x0c], 830_192],
    [[0x04, 0xff, 0xff, 0xff, 0x7f], 2_147_483_647],
    // Not minimal, negative, too long, or longer than the script.
    [[0x01, 0x05], undefined],
    [[0x02, 0x05, 0x00], undefined],
    [[0x02, 0x7f, 0x00], undefined],
    [[0x01, 0x81], undefined],
    [[0x05, 0x01, 0x02, 0x03, 0x04, 0x05], undefined],
    [[0x03, 0x01, 0x02], undefined],
    [[0x4c, 0x01, 0x11], undefined],
    [[], undefined],
  ];
  const main = getNetwork('main');
  const columns = new BlockColumns();
  for (const [script, height] of cases) {
    const block = withCoinbase(script);
    assert.equal(bip34Height(block), height, `script ${script}`);
    readBlockColumns(block, main, columns);
    assert.equal(bip34Height(block, columns), height, `script ${script}`);
    assert.equal(bip34Height(withCoinbase(script, 1)), undefined, 'version 1 names none');
  }
  assert.equal(bip34Height(new Uint8Array(100)), undefined);
});
