import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEED_FILE_BYTES_MAX, seedFileText } from './seed-file-text.ts';

const text = 'address;note\r\nx;größer 漢\r\n';
const utf8 = new TextEncoder().encode(text);

test('UTF-8 is read with and without byte order mark', () => {
  assert.equal(seedFileText(utf8), text);
  assert.equal(seedFileText(Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8)), text);
});

test('UTF-16 is read when a byte order mark says so', () => {
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  assert.equal(seedFileText(little), text);
  assert.equal(seedFileText(Buffer.from(little).swap16()), text);
});

const REFUSED: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
  ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), /zero bytes.*CSV UTF-8/],
  ['half a UTF-16 character', Uint8Array.of(0xff, 0xfe, 0x41), /UTF-16.*CSV UTF-8/],
  ['a spreadsheet', Uint8Array.of(0x50, 0x4b, 3, 4, 20), /spreadsheet.*CSV UTF-8/],
  ['an old spreadsheet', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /Excel/],
  ['a PDF', Buffer.from('%PDF-1.7'), /PDF/],
];
for (const [what, bytes, message] of REFUSED) {
  test(`${what} is refused by name, with how to save it`, () => {
    assert.throws(() => seedFileText(bytes), { code: 'CLEW_SEEDS_FORMAT', message });
  });
}

test('another encoding is refused with the line of its first letter', () => {
  const latin1 = Buffer.from('address,note\na,b\nc,größer\n', 'latin1');
  assert.throws(() => seedFileText(latin1), {
    code: 'CLEW_SEEDS_FORMAT',
    message: /^Line 3 .*CSV UTF-8/,
    facts: { line: 3 },
  });
});

test('a file beyond the limit is refused with both sizes', () => {
  const bytes = new Uint8Array(SEED_FILE_BYTES_MAX + 1);
  assert.throws(() => seedFileText(bytes), {
    code: 'CLEW_SEEDS_TOO_LARGE',
    facts: { bytes: 67_108_865, bytesMax: 67_108_864 },
  });
});
