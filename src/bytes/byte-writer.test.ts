import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from './byte-writer.ts';

test('what is written is the same however small the buffer was at first', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5);
  const write = (writer: ByteWriter): string =>
    Buffer.from(
      writer
        .u8(0xab)
        .u16(0x0102)
        .u32(0xdeadbeef)
        .i32(-2)
        .u64(0x1f_ffff_ffff_ffff)
        .f64(0.5)
        .bytes(bytes)
        .varint(0xfc)
        .varint(0xfd)
        .varint(0x1_0000)
        .varint(0x1_0000_0000)
        .varbytes(bytes)
        .finish(),
    ).toString('hex');
  const expected =
    'ab0201efbeaddefeffffffffffffffffff1f00000000000000e03f0102030405' +
    'fcfdfd00fe00000100ff0000000001000000050102030405';
  for (const capacity of [0, 1, 2, 3, 7, 13, 256]) {
    assert.equal(write(new ByteWriter(capacity)), expected, `capacity ${capacity}`);
  }
});

test('a cleared writer begins anew', () => {
  const writer = new ByteWriter(1).u32(7);
  writer.clear();
  assert.deepEqual(writer.u8(9).view(), Uint8Array.of(9));
  assert.equal(writer.length, 1);
});
