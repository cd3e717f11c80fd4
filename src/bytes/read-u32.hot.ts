/** The four bytes at `at` as an unsigned number, little-endian, as Bitcoin writes numbers and hashes are cut into keys. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}
