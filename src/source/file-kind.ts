/**
 * What a file in a block folder is, by its first bytes rather than by its name.
 */
import { networkByMagic } from '../chain/network.ts';
import { looksLikeBlock } from './bare-block.ts';

export type FileKind =
  | { readonly kind: 'framed' | 'bare' | 'hex' | 'empty' | 'unknown' }
  | { readonly kind: 'packed'; readonly format: string };

/** Bytes at the beginning of packed files. */
const PACKED: readonly (readonly [format: string, firstBytes: string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
  ['lz4', '04224d18'],
  ['zip', '504b0304'],
  ['7z', '377abcaf271c'],
];

/** Bytes that `fileKind` wants to see. */
export const KIND_BYTES = 512;

/**
 * What the file is.
 *
 * @param head its first 512 bytes (or all), the XOR undone
 * @param rawHead the same as they stand on the disk
 * @example fileKind(Uint8Array.of(0x1f, 0x8b, 8), Uint8Array.of(0x1f, 0x8b, 8)) // { kind: 'packed', format: 'gzip' }
 */
export function fileKind(head: Uint8Array, rawHead: Uint8Array): FileKind {
  if (head.length === 0) return { kind: 'empty' };
  if (head.length >= 4) {
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    if (networkByMagic(view.getUint32(0, true)) !== undefined) return { kind: 'framed' };
  }
  const rawHex = Buffer.from(rawHead).toString('hex');
  for (const [format, firstBytes] of PACKED) {
    if (rawHex.startsWith(firstBytes)) return { kind: 'packed', format };
  }
  if (looksLikeBlock(head)) return { kind: 'bare' };
  const text = Buffer.from(rawHead).toString('latin1');
  if (/^[0-9a-fA-F]{270}/.test(text)) {
    return looksLikeBlock(Buffer.from(text, 'hex')) ? { kind: 'hex' } : { kind: 'unknown' };
  }
  return { kind: 'unknown' };
}
