import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawOldTx, RawTx } from '@scure/btc-signer/script.js';
import { allRealBlocks, type RealBlock, singleBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { sha256d } from '../bytes/hash.ts';
import { bytesEqual, bytesToHex, hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import { ClewError } from '../errors.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { parseHeader } from './header.ts';
import { checkMerkleRoot } from './merkle.ts';
import { getNetwork } from './network.ts';
import { checkProofOfWork } from './proof-of-work.ts';
import { parseBlock, type Transaction } from './transaction.ts';

const MAIN = getNetwork('main');

function slice(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return bytes.subarray(offset, offset + length);
}

/** Bytes of a witness in the wire form, from its items. */
function witnessBytes(items: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter(32 + items.reduce((sum, item) => sum + item.length + 9, 0));
  writer.varint(items.length);
  for (const item of items) writer.varbytes(item);
  return writer.finish();
}

function assertSameTransaction(
  block: Uint8Array,
  c: BlockColumns,
  i: number,
  tx: Transaction,
): void {
  const at = `transaction ${i}`;
  assert.equal(hashToDisplay(slice(c.txids, 32 * i, 32)), tx.txid, at);
  assert.deepEqual(
    [c.txLength[i], c.txStrippedLength[i], c.txVersion[i], c.txLocktime[i], c.txHasWitness[i]],
    [
      tx.size,
      tx.strippedSize,
      tx.version,
      tx.locktime,
      tx.inputs.some((input) => input.witness.length > 0) ? 1 : 0,
    ],
    at,
  );
  assert.equal(c.txFirstInput[i + 1]! - c.txFirstInput[i]!, tx.inputs.length, at);
  assert.equal(c.txFirstOutput[i + 1]! - c.txFirstOutput[i]!, tx.outputs.length, at);
  for (const [n, input] of tx.inputs.entries()) {
    const row = c.txFirstInput[i]! + n;
    const prevTxid = hashToDisplay(slice(block, c.inPrevTxidOffset[row]!, 32));
    assert.ok(prevTxid === input.prevTxid && c.inPrevVout[row] === input.vout, at);
    assert.equal(c.inSequence[row], input.sequence, at);
    const script = slice(block, c.inScriptOffset[row]!, c.inScriptLength[row]!);
    assert.ok(bytesEqual(script, input.scriptSig), at);
    assert.equal(c.inWitnessOffset[row]! > 0, c.txHasWitness[i] === 1, at);
    const witness = slice(block, c.inWitnessOffset[row]!, c.inWitnessLength[row]!);
    const expected = c.txHasWitness[i] ? witnessBytes(input.witness) : new Uint8Array(0);
    assert.ok(bytesEqual(witness, expected), at);
  }
  for (const [n, output] of tx.outputs.entries()) {
    const row = c.txFirstOutput[i]! + n;
    assert.equal(c.outValue[row], output.valueSats, at);
    const script = slice(block, c.outScriptOffset[row]!, c.outScriptLength[row]!);
    assert.ok(bytesEqual(script, output.script), at);
  }
}

test('columns equal the object view, field by field, on every real block', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const columns = new BlockColumns();
  for (const { name, network, bytes } of blocks) {
    readBlockColumns(bytes, network, columns);
    const block = parseBlock(bytes, network);
    assert.equal(columns.txCount, block.transactions.length, name);
    assert.equal(columns.extraBytes, 0, name);
    let at = columns.txOffset[0]!;
    for (const [i, tx] of block.transactions.entries()) {
      assert.equal(columns.txOffset[i], at, name);
      at += tx.size;
      assertSameTransaction(bytes, columns, i, tx);
    }
    assert.equal(at, bytes.length, name);
    assert.equal(columns.txFirstInput[columns.txCount], columns.inputCount, name);
    assert.equal(columns.txFirstOutput[columns.txCount], columns.outputCount, name);
  }
});

test('every transaction of the real blocks reads the same with an independent decoder', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const columns = new BlockColumns();
  for (const { name, network, bytes } of blocks) {
    readBlockColumns(bytes, network, columns);
    for (let i = 0; i < columns.txCount; i += 1) {
      const raw = RawTx.decode(slice(bytes, columns.txOffset[i]!, columns.txLength[i]!));
      const { version, inputs, outputs, lockTime } = raw;
      const txid = hashToDisplay(sha256d(RawOldTx.encode({ version, inputs, outputs, lockTime })));
      assert.equal(hashToDisplay(slice(columns.txids, 32 * i, 32)), txid, `${name} ${i}`);
      assert.equal(columns.txLocktime[i], raw.lockTime, name);
      assert.equal(columns.txVersion[i], raw.version, name);
      assert.equal(columns.txHasWitness[i] === 1, raw.segwitFlag === true, name);
      const firstInput = columns.txFirstInput[i]!;
      assert.equal(columns.txFirstInput[i + 1]! - firstInput, raw.inputs.length, name);
      raw.inputs.forEach((input, n) => {
        assert.equal(columns.inPrevVout[firstInput + n], input.index, name);
        assert.equal(columns.inSequence[firstInput + n], input.sequence, name);
        assert.equal(columns.inScriptLength[firstInput + n], input.finalScriptSig.length, name);
      });
      const firstOutput = columns.txFirstOutput[i]!;
      assert.equal(columns.txFirstOutput[i + 1]! - firstOutput, raw.outputs.length, name);
      raw.outputs.forEach((output, n) => {
        assert.equal(columns.outValue[firstOutput + n], Number(output.amount), name);
        assert.equal(columns.outScriptLength[firstOutput + n], output.script.length, name);
      });
    }
  }
});

test('published test blocks have the published ids and counts', (t) => {
  const listed = sharedJson<{ id: string; transactions: number; hex: string }[]>(
    t,
    'bitcoin/vectors/bitcoinjs/core/blocks.json',
  );
  if (listed === undefined) return;
  const columns = new BlockColumns();
  assert.ok(listed.length > 0);
  for (const { id, transactions, hex } of listed) {
    const bytes = hexToBytes(hex);
    readBlockColumns(bytes, MAIN, columns);
    assert.equal(parseHeader(bytes).hash, id);
    assert.equal(columns.txCount, transactions, id);
    assert.equal(checkMerkleRoot(bytes, columns), 'ok', id);
  }
});

function refusal(bytes: Uint8Array, network = MAIN): ClewError {
  try {
    readBlockColumns(bytes, network, new BlockColumns());
  } catch (error) {
    if (error instanceof ClewError) return error;
    throw error;
  }
  return assert.fail('the block was read');
}

/** Header and body bytes given as hex. */
function blockOf(bodyHex: string): Uint8Array {
  const block = new Uint8Array(80 + bodyHex.length / 2);
  block.set(hexToBytes(bodyHex), 80);
  return block;
}

const PREVOUT = `${'11'.repeat(32)}00000000`;
/** version 1, one empty input, one empty output of 1 satoshi, locktime 0: the smallest transaction */
const SMALLEST = `01000000 01 ${PREVOUT} 00 ffffffff 01 0100000000000000 00 00000000`.replaceAll(
  ' ',
  '',
);

test('the smallest block there can be is read', () => {
  const columns = new BlockColumns();
  readBlockColumns(blockOf(`01${SMALLEST}`), MAIN, columns);
  assert.equal(columns.txCount, 1);
  assert.equal(columns.txLength[0], 60);
  assert.equal(columns.outValue[0], 1);
});

test('damage is named with its offset', () => {
  const cases: [string, string, number][] = [
    ['nothing after the header', '', 80],
    ['no transaction', '00', 80],
    ['a count beyond the bytes', `fdff00${SMALLEST}`, 80],
    ['a count of 2^32 - 1', `feffffffff${SMALLEST}`, 80],
    ['a count of 64 bits', `ffffffffffffffffff${SMALLEST}`, 80],
    ['a count that is not in its shortest form', `fd0100${SMALLEST}`, 80],
    ['bytes after the last transaction', `01${SMALLEST}00`, 141],
    ['no input', `01${SMALLEST.replace(`01${PREVOUT}00ffffffff`, '0000')}${'00'.repeat(50)}`, 81],
    ['a flag that nobody knows', `01${SMALLEST.replace('01000000', '010000000004')}`, 86],
    ['more inputs than bytes', `01${SMALLEST.replace('0000000111', '000000f011')}`, 85],
    ['an input script beyond the end', `01${SMALLEST.replace('00ffffffff', 'f0ffffffff')}`, 123],
    ['no output', `01${SMALLEST.replace('ffffffff01', 'ffffffff00')}`, 127],
    ['more outputs than bytes', `01${SMALLEST.replace('ffffffff01', 'ffffffff09')}`, 127],
    ['an amount of 2^53', `01${SMALLEST.replace('0100000000000000', '0000000000002000')}`, 128],
    ['a negative amount', `01${SMALLEST.replace('0100000000000000', 'ffffffffffffffff')}`, 128],
    ['an output script beyond the end', `01${SMALLEST.slice(0, -10)}0500000000`, 137],
    ['the last byte missing', `01${SMALLEST.slice(0, -2)}`, 80],
  ];
  for (const [what, body, offset] of cases) {
    const error = refusal(blockOf(body));
    assert.equal(error.code, 'CLEW_BLOCK_DAMAGED', what);
    assert.equal(error.facts['offset'], offset, `${what}: ${error.message}`);
  }
  assert.equal(refusal(new Uint8Array(79)).code, 'CLEW_BLOCK_DAMAGED');
});

test('2^53 - 1 satoshi is the largest amount that is read, exactly', () => {
  const columns = new BlockColumns();
  const body = `01${SMALLEST.replace('0100000000000000', 'ffffffffffff1f00')}`;
  readBlockColumns(blockOf(body), MAIN, columns);
  assert.equal(columns.outValue[0], Number.MAX_SAFE_INTEGER);
});

/** A transaction with marker and flag, and what follows the outputs. */
function extended(flag: string, rest: string): string {
  const core = SMALLEST.slice(8, -8);
  return `01000000 00${flag} ${core} ${rest} 00000000`.replaceAll(' ', '');
}

test('a witness must have items, all of them inside the block', () => {
  const columns = new BlockColumns();
  readBlockColumns(blockOf(`01${extended('01', '02 00 01aa')}`), MAIN, columns);
  assert.equal(columns.inWitnessLength[0], 4);
  assert.equal(columns.txStrippedLength[0], 60);
  assert.equal(
    hashToDisplay(columns.txids.subarray(0, 32)),
    hashToDisplay(sha256d(hexToBytes(SMALLEST))),
    'the witness is no part of the txid',
  );
  const none = refusal(blockOf(`01${extended('01', '00')}`));
  assert.match(none.message, /has none/);
  for (const rest of ['01 f0', '01 feffffffff', 'fe00000100', 'fdffff', '02 01aa']) {
    assert.equal(refusal(blockOf(`01${extended('01', rest)}`)).code, 'CLEW_BLOCK_DAMAGED', rest);
  }
});

test('columns can be used again for smaller and larger blocks', (t) => {
  const blocks = singleBlocks(t);
  if (blocks === undefined) return;
  const small = blocks.find((block) => block.name === 'testnet3-924634.raw')!;
  const large = blocks.find((block) => block.name === 'mainnet-514492.raw')!;
  const columns = new BlockColumns();
  const read = ({ bytes, network }: RealBlock): string => {
    readBlockColumns(bytes, network, columns);
    return JSON.stringify([
      columns.txCount,
      bytesToHex(columns.txids.subarray(0, 32 * columns.txCount)),
      [...columns.inWitnessOffset.subarray(0, columns.inputCount)],
      [...columns.outValue.subarray(0, columns.outputCount)],
      [...columns.txFirstInput.subarray(0, columns.txCount + 1)],
    ]);
  };
  const [first, second] = [read(small), read(large)];
  assert.equal(read(small), first);
  assert.equal(read(large), second);
  assert.throws(() => readBlockColumns(large.bytes.subarray(0, 5000), MAIN, columns));
  assert.equal(read(small), first, 'also after a damaged one');
});

test('a block that is a part of a larger buffer is read from its own beginning', (t) => {
  const block = singleBlocks(t)?.find(({ name }) => name === 'testnet3-32768.raw');
  if (block === undefined) return;
  const file = Buffer.concat([Buffer.alloc(13, 7), block.bytes, Buffer.alloc(5, 9)]);
  const columns = new BlockColumns();
  const part = file.subarray(13, 13 + block.bytes.length);
  readBlockColumns(part, block.network, columns);
  assert.equal(checkMerkleRoot(part, columns), 'ok');
});

test('Litecoin is a table row: a real block is read, its Merkle root and scrypt work are right', (t) => {
  const file = sharedFile(t, 'bitcoin/framing/litecoin-cut.blk');
  if (file === undefined) return;
  const litecoin = getNetwork('litecoin');
  // The record lacks its last byte: the top of a locktime, which is 0.
  const block = Buffer.concat([file.subarray(8), Buffer.alloc(1)]);
  assert.equal(block.length, file.readUInt32LE(4));
  const columns = new BlockColumns();
  readBlockColumns(block, litecoin, columns);
  assert.equal(checkMerkleRoot(block, columns), 'ok');
  assert.equal(checkProofOfWork(block, litecoin), 'ok');
  assert.equal(checkProofOfWork(block, MAIN), 'failed');
});

test('a Litecoin extension block is passed over, flag 8 is no part of the txid', () => {
  const litecoin = getNetwork('litecoin');
  const hogEx = extended('08', '00');
  const extension = 'abcdef';
  const block = blockOf(`02${SMALLEST}${hogEx}${extension}`);
  const columns = new BlockColumns();
  readBlockColumns(block, litecoin, columns);
  assert.equal(columns.txCount, 2);
  assert.equal(columns.extraBytes, 3);
  assert.equal(columns.txHasWitness[1], 0);
  assert.equal(
    hashToDisplay(columns.txids.subarray(32, 64)),
    hashToDisplay(sha256d(hexToBytes(SMALLEST))),
  );
  const objects = parseBlock(block, litecoin);
  assert.equal(objects.extraBytes, 3);
  assert.equal(objects.transactions[1]!.isHogEx, true);
  assert.equal(objects.transactions[1]!.size, 63);
  assert.equal(refusal(block).code, 'CLEW_BLOCK_DAMAGED', 'Bitcoin knows no flag 8');
  const outside = blockOf(`02${SMALLEST}${extended('08', '01')}`);
  assert.match(refusal(outside, litecoin).message, /outside its block/);
});
