/** Block headers: the 80 bytes, the hash that names a block, and the height that a coinbase names (BIP 34). */
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { ClewError } from '../errors.ts';
import type { BlockHash } from '../units/ids.ts';
import { type BlockColumns, blockBodyOffset, HEADER_BYTES } from './block-columns.hot.ts';
import type { Network } from './network.ts';
import { x11 } from './x11.ts';

/** A header as people read it: hashes with their bytes reversed, as hex. */
export interface Header {
  readonly version: number;
  readonly prevHash: BlockHash;
  readonly merkleRoot: string;
  /** Seconds since 1970, as the miner said. */
  readonly time: number;
  /** The target in its compact form; see `targetFromBits`. */
  readonly bits: number;
  readonly nonce: number;
  readonly hash: BlockHash;
}

function needHeader(bytes: Uint8Array, offset: number): void {
  if (offset < 0 || offset + HEADER_BYTES > bytes.length) {
    throw new ClewError(
      'CLEW_BLOCK_DAMAGED',
      `A header has ${HEADER_BYTES} bytes; only ${bytes.length - offset} are there.`,
      { offset: bytes.length },
    );
  }
}

/**
 * The double SHA-256 of the 80 header bytes at `offset`: 32 bytes, internal order. It names the blocks of all networks but
 * Dash: where the network is known, ask `blockHash`.
 *
 * @throws {ClewError} CLEW_BLOCK_DAMAGED when fewer than 80 bytes are there
 */
export function headerHash(bytes: Uint8Array, offset = 0): Uint8Array {
  needHeader(bytes, offset);
  return sha256d(bytes.subarray(offset, offset + HEADER_BYTES));
}

/**
 * The hash that names the block whose header stands at `offset`: 32 bytes, internal order. A merged-mining proof is no part
 * of it.
 *
 * @throws {ClewError} CLEW_BLOCK_DAMAGED when fewer than 80 bytes are there
 */
export function blockHash(
  bytes: Uint8Array,
  network: Pick<Network, 'blockHash'>,
  offset = 0,
): Uint8Array {
  if (network.blockHash === 'sha256d') return headerHash(bytes, offset);
  needHeader(bytes, offset);
  return x11(bytes.subarray(offset, offset + HEADER_BYTES));
}

/**
 * The header at `offset`.
 *
 * @param network whose block it is: decides how its hash is made, Bitcoin's way without it
 * @throws {ClewError} CLEW_BLOCK_DAMAGED when fewer than 80 bytes are there
 * @example parseHeader(genesisBlock).time // 1231006505
 */
export function parseHeader(
  bytes: Uint8Array,
  offset = 0,
  network: Pick<Network, 'blockHash'> = { blockHash: 'sha256d' },
): Header {
  needHeader(bytes, offset);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  return {
    version: view.getInt32(0, true),
    prevHash: hashToDisplay(bytes.subarray(offset + 4, offset + 36)) as BlockHash,
    merkleRoot: hashToDisplay(bytes.subarray(offset + 36, offset + 68)),
    time: view.getUint32(68, true),
    bits: view.getUint32(72, true),
    nonce: view.getUint32(76, true),
    hash: hashToDisplay(blockHash(bytes, network, offset)) as BlockHash,
  };
}

/** Where the script of the coinbase stands in a raw block, or -1 when it is not there. */
function coinbaseScriptOffset(block: Uint8Array, network: Network | undefined): number {
  let at = HEADER_BYTES;
  if (network?.headerForm === 'auxpow') {
    try {
      at = blockBodyOffset(block, network);
    } catch {
      // The merged-mining proof is longer than what is there.
      return -1;
    }
  }
  const countByte = block[at] ?? 0;
  at += countByte < 0xfd ? 1 : countByte === 0xfd ? 3 : countByte === 0xfe ? 5 : 9;
  at += 4;
  if (block[at] === 0) at += 2;
  // One input, then 36 bytes of prevout, then the length of the script (at most 100).
  if (block[at] !== 1 || at + 38 > block.length) return -1;
  return at + 38;
}

/**
 * The height at the beginning of the coinbase script (BIP 34): a minimal push in a block of version 2
 * or more. Undefined when the block names none.
 *
 * The caller decides whether to believe it: below `network.bip34HeightMin` miners were free to write
 * anything there.
 *
 * @param block the whole block
 * @param columns the same block, when it has been read already
 * @param network whose block it is: with merged mining its transactions do not begin after the header
 * @example bip34Height(block830000) // 830000
 */
export function bip34Height(
  block: Uint8Array,
  columns?: BlockColumns,
  network?: Network,
): number | undefined {
  if (block.length < HEADER_BYTES + 60) return undefined;
  const version = new DataView(block.buffer, block.byteOffset, 4).getInt32(0, true);
  if (version < 2) return undefined;
  const start =
    columns === undefined ? coinbaseScriptOffset(block, network) : columns.inScriptOffset[0]!;
  if (start < 0) return undefined;
  const scriptLength = columns === undefined ? block[start - 1]! : columns.inScriptLength[0]!;
  if (scriptLength === 0 || start + scriptLength > block.length) return undefined;
  const length = block[start]!;
  if (length === 0) return 0;
  // OP_1 to OP_16: the minimal push of a small height (test networks).
  if (length >= 0x51 && length <= 0x60) return length - 0x50;
  if (length > 4 || length >= scriptLength) return undefined;
  let height = 0;
  for (let i = length; i >= 1; i -= 1) height = height * 256 + block[start + i]!;
  const top = block[start + length]!;
  const below = length > 1 ? block[start + length - 1]! : 0;
  const isMinimal = top !== 0 || below >= 0x80;
  // A top bit means a negative number; numbers up to 16 have an opcode of their own.
  return isMinimal && top < 0x80 && height > 16 ? height : undefined;
}
