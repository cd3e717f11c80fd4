import assert from 'node:assert/strict';
import { test } from 'node:test';
import { block300025, jsonPrevoutBlocks } from '../../test/support/prevout-blocks.ts';
import { type SpentCoin, undoData } from '../../test/support/undo-writer.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { readUndoRecord, UndoColumns, undoCountAt } from './undo-record.hot.ts';

function coinsOf(undo: UndoColumns): SpentCoin[][] {
  return Array.from({ length: undo.txCount }, (_, tx) => {
    const coins: SpentCoin[] = [];
    for (let row = undo.txFirstInput[tx]!; row < undo.txFirstInput[tx + 1]!; row += 1) {
      coins.push({
        valueSats: BigInt(undo.valueSats[row]!),
        script: Buffer.from(
          undo.scriptBytes.slice(undo.scriptOffset[row], undo.scriptOffset[row + 1]),
        ),
        height: undo.height[row]!,
        isCoinbase: undo.isCoinbase[row] === 1,
      });
    }
    return coins;
  });
}

function plain(coins: readonly (readonly SpentCoin[])[]): SpentCoin[][] {
  return coins.map((each) =>
    each.map(({ valueSats, script, height, isCoinbase }) => ({
      valueSats: BigInt(valueSats),
      script: Buffer.from(script),
      height,
      isCoinbase,
    })),
  );
}

function randomCoin(random: ReturnType<typeof seededRandom>): SpentCoin {
  const forms = [
    Buffer.concat([Buffer.from('76a914', 'hex'), random.bytes(20), Buffer.from('88ac', 'hex')]),
    Buffer.concat([Buffer.from('a914', 'hex'), random.bytes(20), Buffer.from('87', 'hex')]),
    Buffer.concat([Buffer.from('0014', 'hex'), random.bytes(20)]),
    Buffer.concat([Buffer.from('2102', 'hex'), random.bytes(32), Buffer.from('ac', 'hex')]),
    Buffer.from(random.bytes(random.int(0, 300))),
  ];
  return {
    valueSats: Math.floor(random.unit() * 2 ** random.int(0, 51)),
    script: random.pick(forms),
    height: random.chance(0.1) ? 0 : random.int(1, 900_000),
    isCoinbase: random.chance(0.2),
  };
}

test('real prevouts come back: value, script, height, coinbase flag', (t) => {
  const blocks = jsonPrevoutBlocks(t);
  const large = block300025(t);
  if (blocks === undefined || large === undefined) return;
  const undo = new UndoColumns();
  for (const block of [...blocks, large]) {
    readUndoRecord(undoData(block), undo);
    assert.deepEqual(coinsOf(undo), plain(block.transactions), `block ${block.height}`);
  }
  // As before Core 0.15: a version behind the height.
  readUndoRecord(undoData(blocks.at(-1)!, { version: 2 }), undo);
  assert.deepEqual(coinsOf(undo), plain(blocks.at(-1)!.transactions));
});

test('any coins come back, and no byte can be left out', (t) => {
  const random = seededRandom('coins');
  t.diagnostic(`seed ${random.seed}`);
  const undo = new UndoColumns();
  for (let i = 0; i < 200; i += 1) {
    const transactions = Array.from({ length: random.int(0, i < 5 ? 300 : 6) }, () =>
      Array.from({ length: random.int(1, 4) }, () => randomCoin(random)),
    );
    const data = undoData({ prevHash: '', transactions });
    readUndoRecord(data, undo);
    assert.deepEqual(coinsOf(undo), plain(transactions));
    if (data.length > 2_000) continue;
    for (let end = 0; end < data.length; end += 1) {
      assert.throws(() => readUndoRecord(data.subarray(0, end), undo), {
        code: 'CLEW_UNDO_DAMAGED',
      });
    }
    const longer = Buffer.concat([data, Buffer.of(0)]);
    assert.throws(() => readUndoRecord(longer, undo), { code: 'CLEW_UNDO_DAMAGED' });
    readUndoRecord(longer, undo, true);
    assert.equal(undo.txCount, transactions.length);
  }
});

test('bytes of chance are read or refused, never out of bounds', (t) => {
  const random = seededRandom('chance');
  t.diagnostic(`seed ${random.seed}`);
  const undo = new UndoColumns();
  for (let i = 0; i < 5_000; i += 1) {
    const data = random.bytes(random.int(0, 120));
    if (data.length > 1) data[0] = random.int(0, 3);
    try {
      readUndoRecord(data, undo);
      assert.ok(undo.scriptOffset[undo.inputCount]! <= undo.scriptBytes.length);
    } catch (error) {
      assert.ok(error instanceof ClewError && error.code === 'CLEW_UNDO_DAMAGED', String(error));
    }
  }
});

test('counts have one form', () => {
  assert.equal(undoCountAt(Uint8Array.of(0xfc), 0), 0xfc);
  assert.equal(undoCountAt(Uint8Array.of(0xfd, 0xfd, 0), 0), 0xfd);
  assert.equal(undoCountAt(Uint8Array.of(0xfe, 0, 0, 1, 0), 0), 0x1_0000);
  for (const bytes of [[], [0xfd, 0xfd], [0xfd, 0xfc, 0], [0xfe, 0xff, 0xff, 0, 0], [0xff]]) {
    assert.equal(undoCountAt(Uint8Array.from(bytes), 0), -1);
  }
});
