/**
 * Finding the one byte that is damaged in a header.
 *
 * A header that does not meet its target is no link of the chain, and what stands on it would hang in the air. But
 * its child names its true hash. When changing a single byte gives that hash, the byte is found, and beyond
 * doubt: the header is known again, although the block itself is left out.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import { headerHash } from '../chain/header.ts';
import type { ProblemList } from './problem-list.ts';
import type { ScannedBlocks } from './scanned-blocks.ts';
import { type FailedHeader, readHeader, reportWork } from './source-scan.ts';

const HEADER_BYTES = 80;

export interface RepairedHeader {
  /** Position of the damaged byte in the header. */
  readonly position: number;
  readonly header: Uint8Array;
  /** Internal order. */
  readonly hash: Uint8Array;
}

/**
 * The header with one byte put right, or undefined when no single byte makes it a wanted one. Tries 20,400 hashes,
 * some 60 ms.
 *
 * Dash's headers are not tried: their hash takes a thousand times as long.
 *
 * @param damaged 80 bytes
 * @param isWanted whether a hash (internal order) is one that a child names
 * @example repairHeader(header, (hash) => missing.has(hashToDisplay(hash)))?.position // 41
 */
export function repairHeader(
  damaged: Uint8Array,
  isWanted: (hash: Uint8Array) => boolean,
): RepairedHeader | undefined {
  const header = damaged.slice(0, HEADER_BYTES);
  for (let position = 0; position < HEADER_BYTES; position += 1) {
    const byte = header[position]!;
    for (let change = 1; change < 256; change += 1) {
      header[position] = byte ^ change;
      const hash = headerHash(header);
      if (isWanted(hash)) return { position, header, hash };
    }
    header[position] = byte;
  }
  return undefined;
}

/**
 * Report the headers that failed their proof of work. Those in which a single byte is damaged become header-only rows,
 * so that the blocks on them keep their link to the chain.
 *
 * @param blocks the blocks of the network, which name the hashes that are missing; rows are added
 */
export function settleFailedHeaders(
  failedHeaders: readonly FailedHeader[],
  blocks: ScannedBlocks,
  problems: ProblemList,
): void {
  let open = failedHeaders;
  // A repaired header names its own parent, which may be the next one to be found.
  for (let isNew = open.length > 0; isNew; ) {
    const missing = blocks.missingParents();
    const left: FailedHeader[] = [];
    for (const failed of open) {
      const canTry = failed.network.blockHash === 'sha256d';
      const isMissing = (hash: Uint8Array): boolean => missing.has(hashToDisplay(hash));
      const repaired = canTry ? repairHeader(failed.head, isMissing) : undefined;
      if (repaired === undefined) {
        left.push(failed);
        continue;
      }
      const { fileRow, offsetBytes } = failed;
      const place = { fileRow, offsetBytes, lengthBytes: 0, isWhole: false };
      blocks.add({ ...readHeader(repaired.header, failed.network), ...place });
      const trueHash = hashToDisplay(repaired.hash);
      reportWork(problems, failed, { damagedAt: offsetBytes + repaired.position, trueHash });
    }
    isNew = left.length < open.length && left.length > 0;
    open = left;
  }
  for (const failed of open) reportWork(problems, failed);
}
