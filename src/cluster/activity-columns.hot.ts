/**
 * Which transactions touch each busy cluster, as packed lists that can be read from any place.
 *
 *     cluster row -> blocks of 512 transactions, ascending
 *     block       -> first transaction (a double) | 511 differences, LEB128, one byte each when transactions are close
 *
 * A page from any cursor costs a binary search over the blocks of a cluster and the decoding of one or two of them. All of
 * Bitcoin's busy clusters together take about a byte and a half for each pair of cluster and transaction.
 */

/** Transactions in a block: what a reader decodes at most, beyond what it asked for. */
export const BLOCK_TXS = 512;

/** The lists of all busy clusters, cluster by cluster. */
export interface ActivityLists {
  /** First block of each cluster; one more entry holds the end. */
  readonly blockBegin: Float64Array;
  /** First transaction of each block. */
  readonly blockFirst: Float64Array;
  /** Where the differences of each block begin in `deltas`; one more entry holds the end. */
  readonly blockOffset: Float64Array;
  readonly deltas: Uint8Array;
}

const START_BYTES = 32;
/** The longest difference: 2^40 takes six bytes of seven bits. */
const DELTA_BYTES_MAX = 6;

/** Takes pairs of cluster and transaction in chain order, and packs them. */
export class ActivityBuilder {
  /** Transactions of each cluster so far. */
  readonly counts: Float64Array;
  readonly firstTx: Float64Array;
  /** -1 while there is none. */
  readonly lastTx: Float64Array;
  readonly #bytes: Uint8Array[];
  readonly #lengths: Float64Array;
  readonly #blockFirst: number[][];
  readonly #blockOffset: number[][];

  constructor(clusterCount: number) {
    this.counts = new Float64Array(clusterCount);
    this.firstTx = new Float64Array(clusterCount).fill(-1);
    this.lastTx = new Float64Array(clusterCount).fill(-1);
    this.#lengths = new Float64Array(clusterCount);
    this.#bytes = Array.from({ length: clusterCount }, () => new Uint8Array(START_BYTES));
    this.#blockFirst = Array.from({ length: clusterCount }, () => []);
    this.#blockOffset = Array.from({ length: clusterCount }, () => []);
  }

  /** Transactions of a cluster come in chain order; one that comes again counts once. */
  add(cluster: number, tx: number): void {
    const last = this.lastTx[cluster]!;
    if (last === tx) return;
    this.lastTx[cluster] = tx;
    const count = this.counts[cluster]!;
    this.counts[cluster] = count + 1;
    if (count % BLOCK_TXS === 0) {
      if (count === 0) this.firstTx[cluster] = tx;
      this.#blockFirst[cluster]!.push(tx);
      this.#blockOffset[cluster]!.push(this.#lengths[cluster]!);
      return;
    }
    let bytes = this.#bytes[cluster]!;
    let at = this.#lengths[cluster]!;
    if (at + DELTA_BYTES_MAX > bytes.length) {
      bytes = new Uint8Array(2 * bytes.length);
      bytes.set(this.#bytes[cluster]!);
      this.#bytes[cluster] = bytes;
    }
    let delta = tx - last;
    while (delta >= 0x80) {
      const rest = Math.floor(delta / 0x80);
      bytes[at] = delta - rest * 0x80 + 0x80;
      at += 1;
      delta = rest;
    }
    bytes[at] = delta;
    this.#lengths[cluster] = at + 1;
  }

  /** All lists one behind the other; the builder is spent. */
  finish(): ActivityLists {
    const clusterCount = this.counts.length;
    let blockCount = 0;
    let byteCount = 0;
    for (let cluster = 0; cluster < clusterCount; cluster += 1) {
      blockCount += this.#blockFirst[cluster]!.length;
      byteCount += this.#lengths[cluster]!;
    }
    const blockBegin = new Float64Array(clusterCount + 1);
    const blockFirst = new Float64Array(blockCount);
    const blockOffset = new Float64Array(blockCount + 1);
    const deltas = new Uint8Array(byteCount);
    let block = 0;
    let offset = 0;
    for (let cluster = 0; cluster < clusterCount; cluster += 1) {
      blockBegin[cluster] = block;
      const firsts = this.#blockFirst[cluster]!;
      for (let i = 0; i < firsts.length; i += 1) {
        blockFirst[block] = firsts[i]!;
        blockOffset[block] = offset + this.#blockOffset[cluster]![i]!;
        block += 1;
      }
      deltas.set(this.#bytes[cluster]!.subarray(0, this.#lengths[cluster]!), offset);
      offset += this.#lengths[cluster]!;
      this.#bytes[cluster] = new Uint8Array(0);
    }
    blockBegin[clusterCount] = block;
    blockOffset[blockCount] = offset;
    return { blockBegin, blockFirst, blockOffset, deltas };
  }
}

/**
 * The transactions of a cluster before a row, newest first.
 *
 * @param cluster row in the lists
 * @param before transactions from this row on are left out
 * @param limit at most so many
 */
export function txsBefore(
  lists: ActivityLists,
  cluster: number,
  before: number,
  limit: number,
): number[] {
  const { blockBegin, blockFirst } = lists;
  let low = blockBegin[cluster]!;
  let high = blockBegin[cluster + 1]!;
  const begin = low;
  // The first block that begins at or after `before`.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (blockFirst[middle]! < before) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  const txs: number[] = [];
  for (let block = low - 1; block >= begin && found.length < limit; block -= 1) {
    readBlock(lists, block, txs);
    for (let i = txs.length - 1; i >= 0 && found.length < limit; i -= 1) {
      if (txs[i]! < before) found.push(txs[i]!);
    }
  }
  return found;
}

/** All transactions of a block, ascending. */
function readBlock(lists: ActivityLists, block: number, into: number[]): void {
  const { deltas, blockOffset } = lists;
  const end = blockOffset[block + 1]!;
  let tx = lists.blockFirst[block]!;
  into.length = 0;
  into.push(tx);
  for (let at = blockOffset[block]!; at < end; ) {
    let delta = 0;
    let step = 1;
    for (;;) {
      const byte = deltas[at]!;
      at += 1;
      delta += (byte >= 0x80 ? byte - 0x80 : byte) * step;
      if (byte < 0x80) break;
      step *= 0x80;
    }
    tx += delta;
    into.push(tx);
  }
}
