/**
 * The 64-bit key of a scriptPubKey, as two halves of 32 bits: what rows of scripts are found by.
 *
 * Two scripts may have the same key (crafted ones easily so), which is why whoever finds a row by its key compares all bytes.
 */

/**
 * The halves of the key of the script hashed last. Module state, so that hashing returns no object.
 * The key is a stored format (`script_lookup.script_key`): changing it means a new ledger version.
 */
export const scriptKey = { low: 0, high: 0 };

/**
 * Two 32-bit hashes of the bytes in [start, end), after MurmurHash3's mixing (Austin Appleby, public domain) with
 * two seeds. Leaves them in `scriptKey`.
 */
export function hashScript(bytes: Uint8Array, start: number, end: number): void {
  let a = 0x9747_b28c;
  let b = 0x1b87_3593;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    let k = Math.imul(word, 0xcc9e_2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b87_3593);
    a ^= k;
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe654_6b64) | 0;
    k = Math.imul(word, 0x85eb_ca6b);
    k = Math.imul((k << 16) | (k >>> 16), 0xc2b2_ae35);
    b ^= k;
    b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561c_cd1b) | 0;
  }
  let tail = end - start;
  for (; i < end; i += 1) tail = (Math.imul(tail, 257) + bytes[i]!) | 0;
  scriptKey.low = finish(a ^ tail);
  scriptKey.high = finish(b ^ Math.imul(tail, 0x9e37_79b1));
}

function finish(hash: number): number {
  let h = hash;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85eb_ca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2_ae35);
  h ^= h >>> 16;
  return h >>> 0;
}
