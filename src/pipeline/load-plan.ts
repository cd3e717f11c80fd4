/**
 * What must happen so that a ledger holds the blocks of a source: nothing, append, undo and append, or
 * load everything anew. Pure: the index command carries it out.
 */
import { workFromBits } from '../chain/proof-of-work.ts';

/** What a plan needs to know of a block on either side. */
export interface PlanBlock {
  readonly height: number;
  readonly hash: string;
  readonly bits: number;
}

export type LoadPlan<B extends PlanBlock> =
  /** Every block of the source is in the ledger already. */
  | { readonly kind: 'nothing' }
  /** The new blocks lie above the ledger's tip. */
  | { readonly kind: 'append'; readonly blocks: readonly B[] }
  /** The source's branch has more work: undo everything above a height, then append. */
  | { readonly kind: 'reorganise'; readonly undoAboveHeight: number; readonly blocks: readonly B[] }
  /** The source fills a hole below the tip: rows would not be in chain order, so the union is loaded anew. */
  | { readonly kind: 'reload'; readonly blocks: readonly B[] }
  /** The source's branch has no more work than the ledger's: only what lies above the tip could count, and nothing does. */
  | { readonly kind: 'stale'; readonly blocks: readonly B[] };

/**
 * @param known the ledger's blocks by height
 * @param offered the source's best chain by height
 */
export function planLoad<B extends PlanBlock>(
  known: readonly PlanBlock[],
  offered: readonly B[],
): LoadPlan<B> {
  const hashAt = new Map(known.map((block) => [block.height, block.hash]));
  const fresh = offered.filter((block) => hashAt.get(block.height) !== block.hash);
  const lowest = fresh[0];
  if (lowest === undefined) return { kind: 'nothing' };
  const tipHeight = known.at(-1)?.height ?? -1;
  if (lowest.height > tipHeight) return { kind: 'append', blocks: fresh };
  const conflict = fresh.find((block) => hashAt.has(block.height));
  const fills = fresh.filter((block) => block.height <= tipHeight && !hashAt.has(block.height));
  if (conflict === undefined) return { kind: 'reload', blocks: fresh };
  const from = conflict.height;
  const offeredWork = workFrom(offered, from);
  if (offeredWork <= workFrom(known, from)) {
    const above = fresh.filter((block) => block.height < from);
    return above.length > 0 ? { kind: 'reload', blocks: above } : { kind: 'stale', blocks: fresh };
  }
  if (fills.some((block) => block.height < from)) return { kind: 'reload', blocks: fresh };
  return {
    kind: 'reorganise',
    undoAboveHeight: from - 1,
    blocks: offered.filter((block) => block.height >= from),
  };
}

/** Work of a chain's blocks from a height on. */
function workFrom(blocks: readonly PlanBlock[], height: number): bigint {
  let work = 0n;
  for (const block of blocks) if (block.height >= height) work += workFromBits(block.bits);
  return work;
}
