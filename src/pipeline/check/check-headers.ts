/**
 * Headers link, meet their proof of work, name the target that their network's rules ask for, and the ids that are stored.
 *
 * The 80 bytes are put together again from the table of blocks. Where a ledger begins in mid-chain, or has a gap, the first block
 * links to nothing and the targets of the first interval can not be worked out: counted apart.
 */
import { bytesEqual, hashToDisplay } from '../../bytes/hex.ts';
import { HEADER_BYTES } from '../../chain/block-columns.hot.ts';
import { type HeaderTimes, nextBits } from '../../chain/difficulty.ts';
import { blockHash } from '../../chain/header.ts';
import { computeMerkle } from '../../chain/merkle.ts';
import { checkProofOfWork } from '../../chain/proof-of-work.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { readTableSpan, type TableSpan } from '../../ledger/table-columns.ts';
import { type CheckRange, firstTx } from './check-range.ts';
import { type AsyncCheckSteps, Disagreement } from './disagreement.ts';

const SPAN_BLOCKS = 10_000;
/** Blocks between two steps: scrypt takes a millisecond for each. */
const STEP_BLOCKS = 50;
const COLUMNS = [
  'height',
  'hash',
  'prev_hash',
  'merkle_root',
  'version',
  'time',
  'bits',
  'nonce',
] as const;

/** Headers of a range, and of what lies below as far as it is needed; yields blocks. */
export async function* checkHeaders(
  ledger: Ledger,
  flow: FlowIndex,
  range: CheckRange,
): AsyncCheckSteps {
  const walk = new HeaderWalk(flow, range);
  const { engine, base } = ledger;
  for (let from = 0; from < range.blockEnd; from += SPAN_BLOCKS) {
    const end = Math.min(from + SPAN_BLOCKS, range.blockEnd);
    const rows = await readTableSpan(engine, base, 'blocks', COLUMNS, from, end);
    for (let row = 0; row < rows.rowCount; row += STEP_BLOCKS) {
      const before = walk.next;
      walk.take(rows, row, Math.min(row + STEP_BLOCKS, rows.rowCount));
      yield Math.max(0, walk.next - Math.max(before, range.blockFrom));
    }
    if (walk.next < end) {
      throw new Disagreement('A block has no row in its table.', {
        height: flow.blockHeight.at(walk.next),
        column: 'blocks.block_index',
        row: walk.next,
        expected: walk.next,
        found: 'none',
      });
    }
  }
  return walk.counts;
}

class HeaderWalk {
  readonly #flow: FlowIndex;
  readonly #range: CheckRange;
  readonly #header = new Uint8Array(HEADER_BYTES);
  readonly #hashBefore = new Uint8Array(32);
  /** Of all blocks up to the one at hand. */
  readonly #times: Uint32Array;
  readonly #bits: Uint32Array;
  /** First block of the window at hand, which has no gap. */
  #windowFrom = 0;
  /** The block that comes next. */
  next = 0;
  readonly counts = { blocks: 0, withoutParent: 0, workUnchecked: 0, targetUnchecked: 0 };

  constructor(flow: FlowIndex, range: CheckRange) {
    this.#flow = flow;
    this.#range = range;
    this.#times = new Uint32Array(range.blockEnd);
    this.#bits = new Uint32Array(range.blockEnd);
  }

  take({ columns }: TableSpan, from: number, end: number): void {
    const numbers = columns as Record<string, Uint32Array>;
    const hashes = columns as Record<string, Uint8Array>;
    for (let i = from; i < end; i += 1) {
      const block = this.next;
      this.#times[block] = numbers['time']![i]!;
      this.#bits[block] = numbers['bits']![i]!;
      const stored = numbers['height']![i]!;
      const height = this.#flow.blockHeight.at(block);
      if (stored !== height)
        throw this.#fault('The height is another one.', 'height', height, stored);
      const isWindow = block === 0 || height !== this.#flow.blockHeight.at(block - 1) + 1;
      if (isWindow) this.#windowFrom = block;
      const hash = hashes['hash']!.subarray(32 * i, 32 * i + 32);
      if (block >= this.#range.blockFrom) {
        this.#fillHeader(i, numbers, hashes);
        this.#check(block, height, hash, isWindow);
      }
      this.#hashBefore.set(hash);
      this.next += 1;
    }
  }

  #fillHeader(
    i: number,
    numbers: Readonly<Record<string, Uint32Array>>,
    hashes: Readonly<Record<string, Uint8Array>>,
  ): void {
    const view = new DataView(this.#header.buffer);
    view.setInt32(0, numbers['version']![i]!, true);
    this.#header.set(hashes['prev_hash']!.subarray(32 * i, 32 * i + 32), 4);
    this.#header.set(hashes['merkle_root']!.subarray(32 * i, 32 * i + 32), 36);
    view.setUint32(68, numbers['time']![i]!, true);
    view.setUint32(72, numbers['bits']![i]!, true);
    view.setUint32(76, numbers['nonce']![i]!, true);
  }

  #check(block: number, height: number, hash: Uint8Array, isWindow: boolean): void {
    const { network } = this.#flow;
    const header = this.#header;
    const found = blockHash(header, network);
    this.counts.blocks += 1;
    if (!bytesEqual(found, hash)) {
      const what = 'A header does not hash to the hash of its block.';
      throw this.#fault(what, 'hash', hashToDisplay(found), hashToDisplay(hash));
    }
    if (height === 0 && hashToDisplay(hash) !== network.genesisHash) {
      const what = 'The genesis block is that of another network.';
      throw this.#fault(what, 'hash', network.genesisHash, hashToDisplay(hash));
    }
    const prevHash = header.subarray(4, 36);
    if (isWindow) this.counts.withoutParent += height === 0 ? 0 : 1;
    else if (!bytesEqual(prevHash, this.#hashBefore)) {
      const what = 'A block does not link to the one before.';
      const expected = hashToDisplay(this.#hashBefore);
      throw this.#fault(what, 'prev_hash', expected, hashToDisplay(prevHash));
    }
    this.#checkMerkleRoot(block, header.subarray(36, 68));
    const work = checkProofOfWork(header, network);
    if (work === 'failed') {
      const what = 'A header does not meet its target.';
      throw this.#fault(
        what,
        'hash',
        `at most the target of ${this.#bits[block]}`,
        hashToDisplay(hash),
      );
    }
    if (work === 'unchecked') this.counts.workUnchecked += 1;
    this.#checkTarget(block, height);
  }

  /** The ids that are stored give the root of the header: so far they are proven even where the block's file is gone. */
  #checkMerkleRoot(block: number, root: Uint8Array): void {
    const count = firstTx(this.#flow, block + 1) - firstTx(this.#flow, block);
    const stored = computeMerkle(this.#flow.blockTxids(block), count);
    if (!stored.isMutated && bytesEqual(stored.root, root)) return;
    const what = 'The ids of the transactions do not give the Merkle root of the header.';
    throw this.#fault(what, 'merkle_root', hashToDisplay(stored.root), hashToDisplay(root));
  }

  #checkTarget(block: number, height: number): void {
    const { network } = this.#flow;
    const bits = this.#bits[block]!;
    const expected =
      height === 0
        ? bits
        : nextBits({
            height,
            time: this.#times[block]!,
            network,
            headerAt: (at) => this.#headerAt(block - (height - at)),
          });
    if (expected === undefined) this.counts.targetUnchecked += 1;
    else if (expected !== bits) {
      throw this.#fault(
        'A block names another target than the rules ask for.',
        'bits',
        expected,
        bits,
      );
    }
  }

  #headerAt(block: number): HeaderTimes | undefined {
    if (block < this.#windowFrom) return undefined;
    return { time: this.#times[block]!, bits: this.#bits[block]! };
  }

  #fault(
    what: string,
    column: string,
    expected: string | number,
    found: string | number,
  ): Disagreement {
    const height = this.#flow.blockHeight.at(this.next);
    const facts = { height, column: `blocks.${column}`, row: this.next, expected, found };
    return new Disagreement(what, facts);
  }
}
