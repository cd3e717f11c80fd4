/**
 * What must happen so that a ledger holds the best chain of what it has and what a source offers: nothing, append,
 * or undo down to some block and load from there. Pure: `index-blocks.ts` carries it out.
 *
 * Both sides are blocks by height. Blocks whose parents stand just below them form a *run*. The runs of the
 * source are put beside the ledger's one by one:
 *
 *   fits            no height is taken, and it links where it touches       -> taken
 *   branch          leaves the ledger's chain at a block that both know     -> the one with more work counts; with equal
 *                                                                              work the ledger's
 *   rival window    takes the heights of a window of the ledger from below its first block -> likewise
 *   does not link   its parent is another block than the ledger's           -> left out, since nobody can tell where it
 *                                                                              left the ledger's chain
 *
 * Only work counts, never length, and only the work of blocks that are there: a branch is as good as its last whole block.
 */
import { workFromBits } from '../chain/proof-of-work.ts';
import { ClewError } from '../errors.ts';

/** What a plan needs to know of a block on either side. */
export interface PlanBlock {
  readonly height: number;
  readonly hash: string;
  readonly prevHash: string;
  readonly bits: number;
}

export interface LoadPlan<B extends PlanBlock> {
  /**
   * - `nothing`: every block of the source is in the ledger
   * - `append`: what is new lies above the ledger's tip
   * - `reorganise`: a better branch; some of the ledger's blocks do not count any more
   * - `reload`: blocks below the tip are new; what lies above them is loaded again behind them
   * - `stale`: nothing is new but blocks on branches that do not count
   * - `unlinked`: nothing is new but blocks that do not link
   */
  readonly kind: 'nothing' | 'append' | 'reorganise' | 'reload' | 'stale' | 'unlinked';
  /** For `reorganise` and `reload`: the last height that stays; undefined when no block does. */
  readonly undoAboveHeight?: number | undefined;
  /** To be loaded, by height; with `reload` also blocks that the ledger has now. */
  readonly blocks: readonly B[];
  /** Offered blocks on branches that do not count. */
  readonly staleBlocks: readonly B[];
  /** Offered runs that were left out because they do not link. */
  readonly unlinkedRuns: readonly (readonly B[])[];
  /** First blocks of windows that this plan makes: what lies below them is not there. */
  readonly windowStarts: readonly B[];
}

export interface PlanOptions<B extends PlanBlock> {
  /** Blocks that were taken out of the ledger, to be loaded again or replaced: offered once more, before all others. */
  readonly waiting?: readonly B[];
  /** Hashes of blocks of which only the header can be used. */
  readonly damaged?: ReadonlySet<string>;
}

/**
 * @param known the ledger's blocks by height
 * @param offered the source's best chain by height
 * @throws {ClewError} CLEW_HEIGHT_CONFLICT when a block would stand at two heights
 * @example planLoad(await listBlocks(engine), source.blocks).kind // 'append'
 */
export function planLoad<B extends PlanBlock>(
  known: readonly B[],
  offered: readonly B[],
  options: PlanOptions<B> = {},
): LoadPlan<B> {
  const shared = sharedBlocks(known, offered);
  if (shared === 0 || (options.waiting ?? []).length > 0) return planFrom(known, offered, options);
  // Nothing can change at or below the last block that both begin with: it is enough to compare what follows.
  return planFrom(known.slice(shared - 1), offered.slice(shared - 1), options);
}

/** How many blocks both lists begin with. */
function sharedBlocks(known: readonly PlanBlock[], offered: readonly PlanBlock[]): number {
  let shared = 0;
  while (shared < known.length && known[shared]!.hash === offered[shared]?.hash) shared += 1;
  return shared;
}

function planFrom<B extends PlanBlock>(
  known: readonly B[],
  offered: readonly B[],
  options: PlanOptions<B>,
): LoadPlan<B> {
  const { waiting = [], damaged = new Set<string>() } = options;
  const isBodyMissing = ({ hash }: B): boolean => damaged.has(hash);
  const merge = new ChainMerge<B>(known);
  const offer = (blocks: readonly B[]): void => {
    for (const run of linkedRuns(blocks)) {
      // The end of a branch is its last whole block.
      let end = run.length;
      while (end > 0 && isBodyMissing(run[end - 1]!)) end -= 1;
      if (end > 0) merge.offer(run.slice(0, end));
    }
  };
  offer(waiting);
  // Those of them that do not count any more were never offered by anybody.
  merge.staleBlocks.length = 0;
  merge.unlinkedRuns.length = 0;
  offer(offered);
  const chain = merge.chain();
  const isKnown = hashesOf(known);
  const target = chain.filter((block) => isKnown.has(block.hash) || !isBodyMissing(block));
  const kept = sharedBlocks(known, target);
  const blocks = target.slice(kept);
  const { staleBlocks, unlinkedRuns } = merge;
  const isInTarget = hashesOf(target);
  if (isInTarget.size < target.length) throw twoHeights(target);
  // The ledger's own are old news, and the source told its own.
  const isOld = hashesOf([known, waiting, offered].flatMap(startsOf));
  const windowStarts = startsOf(chain).filter(
    ({ hash }) => isInTarget.has(hash) && !isOld.has(hash),
  );
  const found = { blocks, staleBlocks, unlinkedRuns, windowStarts };
  if (blocks.length === 0) {
    const without = unlinkedRuns.length > 0 ? 'unlinked' : 'nothing';
    return { kind: staleBlocks.length > 0 ? 'stale' : without, ...found };
  }
  if (kept === known.length) return { kind: 'append', ...found };
  return {
    kind: known.every(({ hash }) => isInTarget.has(hash)) ? 'reload' : 'reorganise',
    undoAboveHeight: known[kept - 1]?.height,
    ...found,
  };
}

/** A ledger that was made with a wrong height holds the blocks of the source a second time, at other heights. */
function twoHeights(target: readonly PlanBlock[]): ClewError {
  const heightOf = new Map<string, number>();
  for (const { hash, height } of target) {
    const otherHeight = heightOf.get(hash);
    heightOf.set(hash, height);
    if (otherHeight === undefined) continue;
    return new ClewError(
      'CLEW_HEIGHT_CONFLICT',
      `A block stands at height ${otherHeight} on one side and at ${height} on the other: of ledger and files one was given a wrong height.`,
      { hash, height, otherHeight },
    );
  }
  throw new RangeError('no block is there twice');
}

function hashesOf(blocks: readonly PlanBlock[]): Set<string> {
  return new Set(blocks.map(({ hash }) => hash));
}

function follows(block: PlanBlock, below: PlanBlock): boolean {
  return block.height === below.height + 1 && block.prevHash === below.hash;
}

function linkedRuns<B extends PlanBlock>(blocks: readonly B[]): B[][] {
  const runs: B[][] = [];
  let last: B | undefined;
  for (const block of blocks) {
    if (last !== undefined && follows(block, last)) runs.at(-1)!.push(block);
    else runs.push([block]);
    last = block;
  }
  return runs;
}

/** Blocks of a chain that do not follow the one before. */
function startsOf<B extends PlanBlock>(chain: readonly B[]): B[] {
  return chain.filter((block, i) => i > 0 && !follows(block, chain[i - 1]!));
}

function workOf(blocks: readonly PlanBlock[]): bigint {
  let work = 0n;
  for (const { bits } of blocks) work += workFromBits(bits);
  return work;
}

/** The chain as it grows by one run after the other. */
class ChainMerge<B extends PlanBlock> {
  readonly #at = new Map<number, B>();
  readonly staleBlocks: B[] = [];
  readonly unlinkedRuns: B[][] = [];

  constructor(blocks: readonly B[]) {
    for (const block of blocks) this.#at.set(block.height, block);
  }

  chain(): B[] {
    return [...this.#at.values()].sort((a, b) => a.height - b.height);
  }

  #has(block: B): boolean {
    return this.#at.get(block.height)?.hash === block.hash;
  }

  offer(run: readonly B[]): void {
    const first = run[0]!;
    const last = run.at(-1)!;
    const below = this.#at.get(first.height - 1);
    const above = this.#at.get(last.height + 1);
    const conflict = run.findIndex((block) => this.#at.has(block.height) && !this.#has(block));
    const linksBelow = below === undefined || this.#has(first) || follows(first, below);
    const linksAbove = above === undefined || this.#has(last) || follows(above, last);
    if (!linksBelow || (conflict === -1 && !linksAbove)) {
      this.unlinkedRuns.push([...run]);
    } else if (conflict === -1) {
      this.#take(run);
    } else {
      this.#decide(run, conflict);
    }
  }

  /** A run that takes heights of the ledger from `conflict` on. */
  #decide(run: readonly B[], conflict: number): void {
    const branch = run.slice(conflict);
    const rivals = this.#rivalsOf(branch);
    const isForkKnown = rivals[0]!.prevHash === branch[0]!.prevHash;
    if (workOf(branch) > workOf(rivals)) {
      for (const { height } of rivals) this.#at.delete(height);
      this.#take(run);
    } else if (isForkKnown) {
      this.#take(run.slice(0, conflict));
      this.staleBlocks.push(...branch.filter((block) => !this.#has(block)));
    } else {
      this.unlinkedRuns.push([...run]);
    }
  }

  /** What can not stay beside a branch: other blocks at its heights, and all that stands on them. */
  #rivalsOf(branch: readonly B[]): B[] {
    const rivals: B[] = [];
    const last = branch.at(-1)!;
    for (const { height, hash } of branch) {
      const rival = this.#at.get(height);
      if (rival !== undefined && rival.hash !== hash) rivals.push(rival);
    }
    for (let height = last.height + 1; ; height += 1) {
      const rival = this.#at.get(height);
      const under = height === last.height + 1 ? last : rivals.at(-1)!;
      // Right above the branch stays what links to it; further up goes what stands on what went.
      if (rival === undefined) return rivals;
      if (under === last ? follows(rival, last) : !follows(rival, under)) return rivals;
      rivals.push(rival);
    }
  }

  #take(run: readonly B[]): void {
    for (const block of run) if (!this.#has(block)) this.#at.set(block.height, block);
  }
}
