/**
 * Hex text and bytes.
 *
 * Bitcoin shows hashes with their bytes reversed; inside blocks they stand in internal order.
 * The two are easily confused, so the functions that turn one into the other say so by name.
 */

const HEX_PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/**
 * Bytes as lower-case hex.
 *
 * @example bytesToHex(Uint8Array.of(0, 255)) // '00ff'
 */
export function bytesToHex(bytes: Uint8Array): string {
  let hex = '';
  for (let i = 0; i < bytes.length; i += 1) hex += HEX_PAIRS[bytes[i]!];
  return hex;
}

/** True when the text is an even number of hex digits (either case). */
export function isHex(text: string): boolean {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text);
}

/**
 * Hex text as bytes.
 *
 * @throws {RangeError} when the text is not an even number of hex digits
 * @example hexToBytes('00ff') // Uint8Array [0, 255]
 */
export function hexToBytes(hex: string): Uint8Array {
  if (!isHex(hex)) throw new RangeError('not an even number of hex digits');
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/**
 * 32 bytes in internal order as the reversed hex that people know (txid, block hash).
 *
 * @example hashToDisplay(sha256d(header)) // '000000000019d668…'
 */
export function hashToDisplay(hash: Uint8Array): string {
  let hex = '';
  for (let i = hash.length - 1; i >= 0; i -= 1) hex += HEX_PAIRS[hash[i]!];
  return hex;
}

/**
 * Reversed hex (as shown to people) as bytes in internal order.
 *
 * @throws {RangeError} when the text is not hex
 */
export function displayToHash(display: string): Uint8Array {
  return hexToBytes(display).reverse();
}

/** True when both hold the same bytes. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
