/**
 * Blocks whose transactions stand by their ids: Bitcoin Cash's since November 2018 (canonical transaction ordering).
 *
 *   in the block   coinbase, then the others by id, as numbers          position 3 may spend an output of position 7
 *   as rows        coinbase, then parents before those who spend them   "earlier is smaller" holds (docs/decisions/0017)
 *
 * Rows are the positions visited in order, each after the transactions of the block that it spends from: one order, whoever
 * works it out. The position in the block is not stored: it is the rank of the id among the ids of the block.
 *
 * Source: "Canonical Transaction Ordering", Bitcoin Cash upgrade specification of 15 November 2018. Cost: one search
 * among the sorted ids per input, and one copy of the columns where rows and positions differ.
 */
import type { BlockColumns } from './block-columns.hot.ts';
import type { Network } from './network.ts';

const NO_TX = 0xffff_ffff;
const OPEN = 1;
const DONE = 2;

/** Whether the transactions of a block of that height stand by their ids. */
export function isCanonicalOrder(
  height: number,
  network: Pick<Network, 'canonicalOrderFrom'>,
): boolean {
  return network.canonicalOrderFrom !== undefined && height >= network.canonicalOrderFrom;
}

/** Compares two ids as the numbers that people write: negative, 0 or positive. */
function compareIds(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  for (let i = 31; i >= 0; i -= 1) {
    const difference = a[atA + i]! - b[atB + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Whether ids stand as canonical ordering asks: the coinbase first, the others rising.
 *
 * @param txids 32 bytes each, internal order
 */
export function areIdsCanonical(txids: Uint8Array, count: number): boolean {
  for (let tx = 2; tx < count; tx += 1) {
    if (compareIds(txids, 32 * (tx - 1), txids, 32 * tx) >= 0) return false;
  }
  return true;
}

/** The position of an id among ids in canonical order, the coinbase left out; NO_TX when it is not there. */
function findId(txids: Uint8Array, count: number, id: Uint8Array, at: number): number {
  let low = 1;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareIds(txids, 32 * middle, id, at);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NO_TX;
}

/**
 * The positions of a block's transactions in the order of their rows.
 *
 * @returns undefined when rows and positions are the same
 */
export function rowOrder(block: Uint8Array, columns: BlockColumns): Uint32Array | undefined {
  const { txCount, inputCount, txFirstInput, inPrevTxidOffset, txids } = columns;
  const parents = new Uint32Array(inputCount);
  let isForward = false;
  for (let tx = 1; tx < txCount; tx += 1) {
    const end = txFirstInput[tx + 1]!;
    for (let input = txFirstInput[tx]!; input < end; input += 1) {
      const parent = findId(txids, txCount, block, inPrevTxidOffset[input]!);
      parents[input] = parent;
      if (parent !== NO_TX && parent > tx) isForward = true;
    }
  }
  if (!isForward) return undefined;
  const order = new Uint32Array(txCount);
  const state = new Uint8Array(txCount);
  /** The transactions that wait for their parents, and the input of each that comes next. */
  const waiting = new Uint32Array(txCount);
  const nextInput = new Uint32Array(txCount);
  // The coinbase spends nothing and stands first.
  state[0] = DONE;
  let rows = 1;
  for (let start = 1; start < txCount; start += 1) {
    if (state[start] !== 0) continue;
    let depth = 1;
    waiting[0] = start;
    nextInput[0] = txFirstInput[start]!;
    state[start] = OPEN;
    while (depth > 0) {
      const tx = waiting[depth - 1]!;
      const input = nextInput[depth - 1]!;
      if (input === txFirstInput[tx + 1]!) {
        state[tx] = DONE;
        order[rows] = tx;
        rows += 1;
        depth -= 1;
        continue;
      }
      nextInput[depth - 1] = input + 1;
      const parent = parents[input]!;
      // An open parent would be a circle of hashes: nobody can make one.
      if (parent === NO_TX || state[parent] !== 0) continue;
      state[parent] = OPEN;
      waiting[depth] = parent;
      nextInput[depth] = txFirstInput[parent]!;
      depth += 1;
    }
  }
  return order;
}

type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** Puts the values of one column in another order. */
function permute(column: Numbers, order: Uint32Array, count: number): void {
  const before = column.slice(0, count);
  for (let row = 0; row < count; row += 1) column[row] = before[order[row]!]!;
}

/**
 * Put the transactions of a block, their inputs and outputs in the order of their rows.
 *
 * @param columns a block in canonical order, read; Merkle root and positions must have been checked before
 */
export function orderAsRows(block: Uint8Array, columns: BlockColumns): void {
  const order = rowOrder(block, columns);
  if (order === undefined) return;
  const { txCount, txids } = columns;
  const idsBefore = txids.slice(0, 32 * txCount);
  for (let row = 0; row < txCount; row += 1) {
    const at = 32 * order[row]!;
    txids.set(idsBefore.subarray(at, at + 32), 32 * row);
  }
  const inputs = ownedRows(columns.txFirstInput, order, columns.inputCount);
  const outputs = ownedRows(columns.txFirstOutput, order, columns.outputCount);
  for (const column of [
    columns.txOffset,
    columns.txLength,
    columns.txStrippedLength,
    columns.txVersion,
    columns.txLocktime,
    columns.txHasWitness,
    columns.txIsHogEx,
  ]) {
    permute(column, order, txCount);
  }
  for (const column of [
    columns.inPrevTxidOffset,
    columns.inPrevVout,
    columns.inSequence,
    columns.inScriptOffset,
    columns.inScriptLength,
    columns.inWitnessOffset,
    columns.inWitnessLength,
  ]) {
    permute(column, inputs, columns.inputCount);
  }
  for (const column of [columns.outValue, columns.outScriptOffset, columns.outScriptLength]) {
    permute(column, outputs, columns.outputCount);
  }
}

/** The inputs or outputs of the transactions in their new order; `first` is set to where those of each now begin. */
function ownedRows(first: Uint32Array, order: Uint32Array, count: number): Uint32Array {
  const before = first.slice(0, order.length + 1);
  const rows = new Uint32Array(count);
  let next = 0;
  for (let row = 0; row < order.length; row += 1) {
    const tx = order[row]!;
    first[row] = next;
    const end = before[tx + 1]!;
    for (let owned = before[tx]!; owned < end; owned += 1) {
      rows[next] = owned;
      next += 1;
    }
  }
  first[order.length] = next;
  return rows;
}

/**
 * The position in its block of the transaction in a row: the rank of its id.
 *
 * @param txids of the block, in the order of the rows; 32 bytes each, internal order
 * @param row within the block
 */
export function canonicalPosition(txids: Uint8Array, count: number, row: number): number {
  if (row === 0) return 0;
  let position = 1;
  for (let other = 1; other < count; other += 1) {
    if (compareIds(txids, 32 * other, txids, 32 * row) < 0) position += 1;
  }
  return position;
}

/**
 * The rows of a block's transactions in the order in which they stand in the block.
 *
 * @param txids of the block, in the order of the rows
 * @example canonicalRows(txids, count)[0] // 0, the coinbase
 */
export function canonicalRows(txids: Uint8Array, count: number): Uint32Array {
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  rows.subarray(1).sort((a, b) => compareIds(txids, 32 * a, txids, 32 * b));
  return rows;
}

/** The ids of a block in the order in which they stand in it, from those in the order of its rows. */
export function canonicalTxids(txids: Uint8Array, count: number): Uint8Array {
  const sorted = new Uint8Array(32 * count);
  for (const [position, row] of canonicalRows(txids, count).entries()) {
    sorted.set(txids.subarray(32 * row, 32 * row + 32), 32 * position);
  }
  return sorted;
}
