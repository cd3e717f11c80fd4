import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realBlockFile } from '../../test/support/real-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import { parseBlock } from '../chain/transaction.ts';
import { readStrippedHex } from './raw-transaction.ts';

test('the bytes read again hash to the txid; a moved, cut or exchanged file is named', (t) => {
  const block = realBlockFile(t, 'modern/blk00000.dat')?.[0];
  if (block === undefined) return;
  const file = join(temporaryFolder('raw'), 'block.raw');
  writeFileSync(file, block.bytes);
  let offsetBytes = 80 + 3;
  for (const tx of parseBlock(block.bytes, block.network).transactions.slice(0, 50)) {
    const place = { file, offsetBytes, lengthBytes: tx.size };
    const hex = readStrippedHex(place, tx.txid, block.network);
    assert.equal(hashToDisplay(sha256d(hexToBytes(hex))), tx.txid);
    assert.equal(hex.length, 2 * tx.strippedSize);
    const wrong = { ...place, offsetBytes: offsetBytes + 1 };
    const gone = { code: 'CLEW_RAW_GONE' };
    assert.throws(() => readStrippedHex(wrong, tx.txid, block.network), gone);
    offsetBytes += tx.size;
  }
  rmSync(file);
  const place = { file, offsetBytes: 83, lengthBytes: 200 };
  assert.throws(() => readStrippedHex(place, '00'.repeat(32), block.network), {
    code: 'CLEW_RAW_GONE',
  });
});
