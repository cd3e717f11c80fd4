/**
 * Undoing the XOR that Bitcoin Core 28 and newer lay over block files.
 *
 * Invariant: byte `n` of a file is XOR-ed with byte `n mod 8` of the key, counted from the start of the file.
 * Cost: two 32-bit lanes a turn, some 3 GB/s on one core; 60 MB/s of indexing does not notice it.
 */

/** Length of the key in `xor.dat` (Core's `Obfuscation::KEY_SIZE`). */
export const XOR_KEY_BYTES = 8;

/**
 * XOR `bytes`, which stand at `fileOffset` of their file, in place. Doing it twice changes nothing.
 *
 * @param bytes what was read; changed in place
 * @param key 8 bytes
 * @param fileOffset bytes from the start of the file to the first of `bytes`
 * @example xorInPlace(buffer, key, 1024)
 */
export function xorInPlace(bytes: Uint8Array, key: Uint8Array, fileOffset: number): void {
  const phase = fileOffset % XOR_KEY_BYTES;
  let done = 0;
  // Lanes need the view to be aligned; reads into fresh buffers always are.
  if (bytes.byteOffset % 4 === 0) {
    const turned = new Uint8Array(XOR_KEY_BYTES);
    for (let i = 0; i < XOR_KEY_BYTES; i += 1) turned[i] = key[(phase + i) % XOR_KEY_BYTES]!;
    const [even, odd] = new Uint32Array(turned.buffer) as unknown as [number, number];
    const pairs = Math.floor(bytes.length / XOR_KEY_BYTES);
    const lanes = new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * pairs);
    for (let i = 0; i < lanes.length; i += 2) {
      lanes[i] = lanes[i]! ^ even;
      lanes[i + 1] = lanes[i + 1]! ^ odd;
    }
    done = pairs * XOR_KEY_BYTES;
  }
  for (let i = done; i < bytes.length; i += 1) {
    bytes[i] = bytes[i]! ^ key[(phase + i) % XOR_KEY_BYTES]!;
  }
}
