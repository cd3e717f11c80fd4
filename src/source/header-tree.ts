/**
 * From scanned blocks in any order to the best chain: which block stands at which height.
 *
 * Blocks are joined by the hash of the parent that each header names. What hangs together below a parent that is
 * not there is a *fragment*; with all files there is one, from the genesis block. In each fragment
 * the branch with the most work wins, not the longest one; between equals the one that was met first (Bitcoin
 * Core's rule), or the one that a ledger already follows.
 *
 * Where a fragment begins, in this order:
 *   1. at 0, when it begins with the genesis block of the network;
 *   2. where most of its coinbases say (BIP 34), those at or above the height from which the network enforces
 *      BIP 34 before all others, and never a version 1 block;
 *   3. at the height that the user gave, which is taken for the earliest fragment that has no height by itself.
 * A fragment without a height is left out and reported.
 */
import type { Network } from '../chain/network.ts';
import { workFromBits } from '../chain/proof-of-work.ts';
import { ClewError, type ErrorCode, type ErrorFacts } from '../errors.ts';
import { NO_BLOCK, NO_HEIGHT, type ScannedBlocks } from './scanned-blocks.ts';

/** Blocks that link without a gap, by their heights. */
export interface BlockWindow {
  readonly heightMin: number;
  readonly heightMax: number;
}

export interface LinkOptions {
  /** Takes the findings. */
  readonly report: (code: ErrorCode, message: string, facts: ErrorFacts) => void;
  /** Height of the first block of the fragment that has none by itself. */
  readonly height?: number | undefined;
  /** Hash (internal order) of the block that a ledger ends with: decides between branches of equal work. */
  readonly tipHash?: Uint8Array | undefined;
}

export interface LinkedBlocks {
  /** Rows of the best chain that have a body, by rising height. */
  readonly rows: Uint32Array;
  /** Height by row; NO_HEIGHT where it is not known. */
  readonly heights: Uint32Array;
  readonly windows: readonly BlockWindow[];
  /** Rows on branches with less work, by row. */
  readonly staleRows: readonly number[];
}

/** Heights above this are no heights: three bytes, as every network needs for the next hundred years. */
const HEIGHT_MAX = 0x7f_ffff;

/** Blocks that hang together below one parent that is not there. */
interface Fragment {
  readonly firstRow: number;
  /** Height of the blocks whose parent is not there; undefined when nobody knows. */
  baseHeight: number | undefined;
  isGenesis: boolean;
  rowCount: number;
  /** Earliest time among its first blocks. */
  timeSeconds: number;
  /** How many coinbases speak for each base height. */
  readonly enforcedVotes: Map<number, number>;
  readonly freeVotes: Map<number, number>;
  /** Whole blocks with the most work, in order of their rows; more than one when they tie. */
  bestRows: number[];
  work: bigint;
  hasConflict: boolean;
  /** Its blocks contradict others with more work. */
  isLeftOut: boolean;
}

class HeaderTree {
  readonly #blocks: ScannedBlocks;
  readonly #network: Network;
  readonly #options: LinkOptions;
  readonly #parent: Uint32Array;
  readonly #firstChild: Uint32Array;
  readonly #nextSibling: Uint32Array;
  /** Blocks between a row and the beginning of its fragment. */
  readonly #depth: Uint32Array;
  readonly #fragmentOf: Uint32Array;
  readonly #fragments: Fragment[] = [];

  constructor(blocks: ScannedBlocks, network: Network, options: LinkOptions) {
    this.#blocks = blocks;
    this.#network = network;
    this.#options = options;
    const count = blocks.count;
    this.#parent = new Uint32Array(count);
    this.#firstChild = new Uint32Array(count).fill(NO_BLOCK);
    this.#nextSibling = new Uint32Array(count).fill(NO_BLOCK);
    this.#depth = new Uint32Array(count);
    this.#fragmentOf = new Uint32Array(count);
  }

  link(): LinkedBlocks {
    this.#joinParents();
    for (const fragment of this.#fragments) this.#walk(fragment);
    this.#setHeights();
    this.#takeGivenHeight();
    const taken = this.#takeFragments();
    return this.#collect(taken);
  }

  /** Children of each row, and one fragment for each parent that is not there. */
  #joinParents(): void {
    const blocks = this.#blocks;
    const byMissingParent = new Map<string, number>();
    // Backwards, so that children stand in the order in which they were met.
    for (let row = blocks.count - 1; row >= 0; row -= 1) {
      const parent = blocks.parentOf(row);
      this.#parent[row] = parent;
      if (parent === NO_BLOCK) continue;
      this.#nextSibling[row] = this.#firstChild[parent]!;
      this.#firstChild[parent] = row;
    }
    for (let row = 0; row < blocks.count; row += 1) {
      if (this.#parent[row] !== NO_BLOCK) continue;
      const missing = blocks.prevHashOf(row);
      const known = byMissingParent.get(missing);
      if (known === undefined) {
        byMissingParent.set(missing, this.#fragments.length);
        this.#fragmentOf[row] = this.#fragments.length;
        this.#fragments.push(newFragment(row));
      } else {
        this.#fragmentOf[row] = known;
        this.#nextSibling[row] = this.#nextSibling[this.#fragments[known]!.firstRow]!;
        this.#nextSibling[this.#fragments[known]!.firstRow] = row;
      }
    }
  }

  /** Depth, votes for the height and the best tips of one fragment. */
  #walk(fragment: Fragment): void {
    const blocks = this.#blocks;
    const fragmentRow = this.#fragmentOf[fragment.firstRow]!;
    // Rows still to visit, and the work up to and without each.
    const rows: number[] = [];
    const works: bigint[] = [];
    const push = (firstRow: number, work: bigint): void => {
      for (let row = firstRow; row !== NO_BLOCK; row = this.#nextSibling[row]!) {
        rows.push(row);
        works.push(work);
      }
    };
    push(fragment.firstRow, 0n);
    let lastBits = -1;
    let lastWork = 0n;
    while (rows.length > 0) {
      const row = rows.pop()!;
      const bits = blocks.bits[row]!;
      if (bits !== lastBits) {
        lastBits = bits;
        lastWork = workFromBits(bits);
      }
      const work = works.pop()! + lastWork;
      const parent = this.#parent[row]!;
      if (parent === NO_BLOCK) {
        fragment.timeSeconds = Math.min(fragment.timeSeconds, blocks.timeSeconds[row]!);
        if (blocks.hashOf(row) === this.#network.genesisHash) fragment.isGenesis = true;
      } else {
        this.#depth[row] = this.#depth[parent]! + 1;
        this.#fragmentOf[row] = fragmentRow;
      }
      fragment.rowCount += 1;
      this.#vote(fragment, row);
      if (blocks.isWhole[row] === 1) {
        if (work > fragment.work) fragment.bestRows = [];
        if (work >= fragment.work) fragment.bestRows.push(row);
        if (work > fragment.work) fragment.work = work;
      }
      push(this.#firstChild[row]!, work);
    }
    fragment.bestRows.sort((a, b) => a - b);
  }

  #vote(fragment: Fragment, row: number): void {
    const height = this.#blocks.coinbaseHeight[row]!;
    const base = height - this.#depth[row]!;
    if (height > HEIGHT_MAX || base < 0) return;
    const isEnforced = height >= this.#network.bip34HeightMin;
    const votes = isEnforced ? fragment.enforcedVotes : fragment.freeVotes;
    votes.set(base, (votes.get(base) ?? 0) + 1);
  }

  #setHeights(): void {
    for (const fragment of this.#fragments) {
      if (fragment.isGenesis) {
        fragment.baseHeight = 0;
        continue;
      }
      const votes = fragment.enforcedVotes.size > 0 ? fragment.enforcedVotes : fragment.freeVotes;
      const ranked = [...votes].sort(([, a], [, b]) => b - a);
      if (ranked.length > 1 && ranked[0]![1] === ranked[1]![1]) fragment.hasConflict = true;
      else fragment.baseHeight = ranked[0]?.[0];
    }
  }

  /** The height that the user gave goes to the earliest fragment without one, or must agree with one that is known. */
  #takeGivenHeight(): void {
    const { height } = this.#options;
    if (height === undefined) return;
    const open = this.#fragments
      .filter(({ baseHeight, bestRows }) => baseHeight === undefined && bestRows.length > 0)
      .sort((a, b) => a.timeSeconds - b.timeSeconds || a.firstRow - b.firstRow);
    if (open.length > 0) {
      open[0]!.baseHeight = height;
      return;
    }
    if (this.#fragments.some((fragment) => fragment.baseHeight === height)) return;
    const first = this.#fragments[0];
    const known = first?.baseHeight ?? null;
    throw new ClewError(
      'CLEW_HEIGHT_CONFLICT',
      `The height ${height} was given, but every block has a height already; the first one is ${known}.`,
      { height, knownHeight: known, ...(first ? this.#blocks.factsOf(first.firstRow) : {}) },
    );
  }

  #tipOf(fragment: Fragment): number {
    const [first] = fragment.bestRows;
    const { tipHash } = this.#options;
    if (fragment.bestRows.length < 2 || tipHash === undefined) return first!;
    const followed = this.#blocks.rowOf(tipHash);
    if (followed === NO_BLOCK) return first!;
    const isAbove = (tip: number): boolean => {
      let row = tip;
      while (row !== NO_BLOCK && this.#depth[row]! > this.#depth[followed]!)
        row = this.#parent[row]!;
      return row === followed;
    };
    return fragment.bestRows.find(isAbove) ?? first!;
  }

  /**
   * Fragments with a height, by rising height, as far as they do not claim the same heights.
   *
   * The missing parent of a fragment has a height too; whoever stands there is not that parent, or the blocks would hang
   * together. So two fragments that overlap, or meet without linking, are branches, and the upper one goes on
   * when it has more work than the lower one has from that parent's height on.
   */
  #takeFragments(): Claim[] {
    const taken: Claim[] = [];
    const ranked = this.#fragments
      .filter(({ bestRows }) => bestRows.length > 0)
      .sort((a, b) => (a.baseHeight ?? -1) - (b.baseHeight ?? -1) || a.firstRow - b.firstRow);
    for (const fragment of ranked) {
      if (fragment.baseHeight === undefined) {
        this.#reportWithoutHeight(fragment);
        continue;
      }
      const tip = this.#tipOf(fragment);
      const heightMin = fragment.baseHeight;
      const claim = { fragment, tip, heightMin, heightMax: heightMin + this.#depth[tip]! };
      if (this.#makeRoom(taken, claim)) taken.push(claim);
    }
    return taken;
  }

  /** Cuts back what was taken before a claim, or reports the claim and says no. */
  #makeRoom(taken: Claim[], claim: Claim): boolean {
    const { fragment, heightMin } = claim;
    const forkHeight = heightMin - 2;
    for (let i = taken.length - 1; i >= 0 && taken[i]!.heightMax > forkHeight; i -= 1) {
      if (!this.#hasWorkAbove(taken[i]!, forkHeight, fragment.work)) continue;
      this.#reportConflict(claim, taken[i]!);
      fragment.isLeftOut = true;
      return false;
    }
    for (let last = taken.at(-1); last && last.heightMax > forkHeight; last = taken.at(-1)) {
      while (last.tip !== NO_BLOCK && last.heightMax > forkHeight) {
        last.tip = this.#parent[last.tip]!;
        last.heightMax -= 1;
      }
      if (last.tip === NO_BLOCK) taken.pop();
    }
    return true;
  }

  /** True when the best chain of a claim has at least that work above a height. */
  #hasWorkAbove(claim: Claim, height: number, workMin: bigint): boolean {
    let work = 0n;
    let row = claim.tip;
    for (let at = claim.heightMax; row !== NO_BLOCK && at > height; at -= 1) {
      work += workFromBits(this.#blocks.bits[row]!);
      if (work >= workMin) return true;
      row = this.#parent[row]!;
    }
    return false;
  }

  #reportConflict({ fragment, heightMin, heightMax }: Claim, other: Claim): void {
    this.#options.report(
      'CLEW_HEIGHT_CONFLICT',
      `${fragment.rowCount} blocks from height ${heightMin} do not fit those of heights ${other.heightMin} to ${other.heightMax}, which have more work; they were left out.`,
      {
        ...this.#blocks.factsOf(fragment.firstRow),
        height: heightMin,
        heightMax,
        blocks: fragment.rowCount,
      },
    );
  }

  #reportWithoutHeight(fragment: Fragment): void {
    const facts = {
      ...this.#blocks.factsOf(fragment.firstRow),
      prevHash: this.#blocks.prevHashOf(fragment.firstRow),
      blocks: fragment.rowCount,
      isLeftOut: true,
    };
    const which = fragment.rowCount === 1 ? 'A block' : `${fragment.rowCount} blocks`;
    if (fragment.hasConflict) {
      const message = `${which} can not be placed: the coinbases contradict each other about the height.`;
      this.#options.report('CLEW_HEIGHT_CONFLICT', message, facts);
      return;
    }
    const message = `${which} can not be placed: the parent is not there and no coinbase names a height.`;
    this.#options.report('CLEW_BLOCK_UNLINKED', message, facts);
  }

  #collect(taken: readonly Claim[]): LinkedBlocks {
    const blocks = this.#blocks;
    const isBest = new Uint8Array(blocks.count);
    const rows = new Uint32Array(blocks.count);
    const windows: { heightMin: number; heightMax: number }[] = [];
    let count = 0;
    for (const { fragment, tip } of taken) {
      const start = count;
      for (let row = tip; row !== NO_BLOCK; row = this.#parent[row]!) {
        isBest[row] = 1;
        if (blocks.isWhole[row] === 0) continue;
        rows[count] = row;
        count += 1;
      }
      rows.subarray(start, count).reverse();
      let heightBefore = -1;
      for (let i = start; i < count; i += 1) {
        const height = fragment.baseHeight! + this.#depth[rows[i]!]!;
        if (i > start && height === heightBefore + 1) windows.at(-1)!.heightMax = height;
        else windows.push({ heightMin: height, heightMax: height });
        heightBefore = height;
      }
      if (start > 0 && count > start) this.#reportWindow(fragment, rows[start]!, windows);
    }
    const { heights, staleRows } = this.#placeRows(isBest);
    return { rows: rows.slice(0, count), heights, windows, staleRows };
  }

  /** Heights of all rows of fragments that lead to the best chain, and those that do not lie on it. */
  #placeRows(isBest: Uint8Array): Pick<LinkedBlocks, 'heights' | 'staleRows'> {
    const blocks = this.#blocks;
    const heights = new Uint32Array(blocks.count).fill(NO_HEIGHT);
    const staleRows: number[] = [];
    for (let row = 0; row < blocks.count; row += 1) {
      const { baseHeight, isLeftOut } = this.#fragments[this.#fragmentOf[row]!]!;
      if (baseHeight === undefined || isLeftOut) continue;
      const height = baseHeight + this.#depth[row]!;
      heights[row] = height;
      if (isBest[row] === 0 && blocks.isWhole[row] === 1) {
        staleRows.push(row);
        this.#options.report(
          'CLEW_BLOCK_STALE',
          `A block at height ${height} lies on a branch with less work.`,
          {
            ...blocks.factsOf(row),
            height,
          },
        );
      }
      this.#checkCoinbaseHeight(row, height);
    }
    return { heights, staleRows };
  }

  #reportWindow(fragment: Fragment, row: number, windows: readonly BlockWindow[]): void {
    const { heightMax } = windows.at(-1)!;
    this.#options.report(
      'CLEW_BLOCK_UNLINKED',
      `The blocks from height ${fragment.baseHeight} do not link to those before; they became a window of their own.`,
      {
        ...this.#blocks.factsOf(row),
        prevHash: this.#blocks.prevHashOf(fragment.firstRow),
        height: fragment.baseHeight!,
        heightMax,
        isLeftOut: false,
      },
    );
  }

  #checkCoinbaseHeight(row: number, height: number): void {
    const coinbaseHeight = this.#blocks.coinbaseHeight[row]!;
    if (coinbaseHeight === NO_HEIGHT || coinbaseHeight === height) return;
    if (height < this.#network.bip34HeightMin) return;
    this.#options.report(
      'CLEW_HEIGHT_CONFLICT',
      `A block stands at height ${height} by its links, but its coinbase says ${coinbaseHeight}.`,
      { ...this.#blocks.factsOf(row), height, coinbaseHeight },
    );
  }
}

/** Heights that a fragment takes, up to the tip that is followed. */
interface Claim {
  readonly fragment: Fragment;
  readonly heightMin: number;
  tip: number;
  heightMax: number;
}

function newFragment(firstRow: number): Fragment {
  return {
    firstRow,
    baseHeight: undefined,
    isGenesis: false,
    rowCount: 0,
    timeSeconds: Number.POSITIVE_INFINITY,
    enforcedVotes: new Map(),
    freeVotes: new Map(),
    bestRows: [],
    work: 0n,
    hasConflict: false,
    isLeftOut: false,
  };
}

/**
 * Find the best chain and the heights of scanned blocks.
 *
 * @param blocks all of one network, in the order in which they were met
 * @param options `height` for blocks that have none by themselves, `tipHash` of the ledger that is continued
 * @throws {ClewError} CLEW_HEIGHT_CONFLICT when the given height contradicts what the blocks say
 * @example linkBlocks(blocks, getNetwork('main'), { report }).windows // [{ heightMin: 0, heightMax: 599 }]
 */
export function linkBlocks(
  blocks: ScannedBlocks,
  network: Network,
  options: LinkOptions,
): LinkedBlocks {
  return new HeaderTree(blocks, network, options).link();
}
