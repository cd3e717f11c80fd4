import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realBlockFile } from '../../test/support/real-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import { parseBlock } from '../chain/transaction.ts';
import type { BlockPlace } from '../source/raw-bytes.ts';
import { openRawSource } from './raw-source.ts';
import { readStrippedHex } from './raw-transaction.ts';

test('the bytes read again hash to the txid; a moved, cut or exchanged file is named', async (t) => {
  const block = realBlockFile(t, 'modern/blk00000.dat')?.[0];
  if (block === undefined) return;
  const file = join(temporaryFolder('raw'), 'block.raw');
  writeFileSync(file, block.bytes);
  const { network } = block;
  const raw = openRawSource(network);
  const read = (place: BlockPlace, txid: string): Promise<string> =>
    readStrippedHex({ raw: place, txid, blockHash: '' }, network, raw);
  let offsetBytes = 80 + 3;
  for (const tx of parseBlock(block.bytes, block.network).transactions.slice(0, 50)) {
    const place = { file, offsetBytes, lengthBytes: tx.size };
    const hex = await read(place, tx.txid);
    assert.equal(hashToDisplay(sha256d(hexToBytes(hex))), tx.txid);
    assert.equal(hex.length, 2 * tx.strippedSize);
    const wrong = { ...place, offsetBytes: offsetBytes + 1 };
    const gone = { code: 'CLEW_RAW_GONE' };
    await assert.rejects(read(wrong, tx.txid), gone);
    offsetBytes += tx.size;
  }
  rmSync(file);
  const place = { file, offsetBytes: 83, lengthBytes: 200 };
  await assert.rejects(read(place, '00'.repeat(32)), { code: 'CLEW_RAW_GONE' });
});
