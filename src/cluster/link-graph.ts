/**
 * Questions about the links of a run: which touch a script, by which chain of links two scripts are joined,
 * and which single links hold a cluster together.
 *
 *   starts[script] .. starts[script + 1]  ->  touching: link rows, in chain order
 *
 * Built when first asked, in two passes over the links. Everything is iterative: clusters are deeper than the stack.
 */
import type { LinkColumns } from './link-columns.ts';

/** No such link, in arrays of u32. */
const NO_LINK = 0xffff_ffff;

/** A link whose removal would split a cluster. */
export interface BridgeRow {
  readonly linkIndex: number;
  /** Scripts on the smaller side. */
  readonly splitsOff: number;
}

export class LinkGraph {
  readonly #links: LinkColumns;
  readonly #scriptCount: number;
  readonly #starts: Uint32Array | Float64Array;
  readonly #touching: Uint32Array;
  /** Search scratch: what was written in an earlier search has another mark. */
  readonly #markOf: Uint32Array;
  readonly #value: Uint32Array;
  readonly #queue: Uint32Array;
  #mark = 0;

  constructor(links: LinkColumns, scriptCount: number) {
    this.#links = links;
    this.#scriptCount = scriptCount;
    const linkCount = links.txIndex.length;
    // Each link stands twice. Of all of Bitcoin's that still fits u32; beyond, doubles take twice the memory.
    const starts = new (2 * linkCount <= 0xffff_ffff ? Uint32Array : Float64Array)(scriptCount + 1);
    for (let link = 0; link < linkCount; link += 1) {
      starts[links.scriptA[link]! + 1]! += 1;
      starts[links.scriptB[link]! + 1]! += 1;
    }
    for (let script = 0; script < scriptCount; script += 1) {
      starts[script + 1] = starts[script + 1]! + starts[script]!;
    }
    const touching = new Uint32Array(2 * linkCount);
    const filled = starts.slice();
    for (let link = 0; link < linkCount; link += 1) {
      const a = links.scriptA[link]!;
      const b = links.scriptB[link]!;
      touching[filled[a]!] = link;
      filled[a]! += 1;
      touching[filled[b]!] = link;
      filled[b]! += 1;
    }
    this.#starts = starts;
    this.#touching = touching;
    this.#markOf = new Uint32Array(scriptCount);
    this.#value = new Uint32Array(scriptCount);
    this.#queue = new Uint32Array(scriptCount);
  }

  #otherEnd(link: number, script: number): number {
    const a = this.#links.scriptA[link]!;
    return a === script ? this.#links.scriptB[link]! : a;
  }

  /** Rows of the links that touch a script, in chain order. */
  touching(script: number): Uint32Array {
    if (script >= this.#scriptCount) return new Uint32Array(0);
    return this.#touching.subarray(this.#starts[script]!, this.#starts[script + 1]!);
  }

  /**
   * The shortest chain of links from one script to another, over links of transactions before `txEnd`.
   *
   * A breadth-first search from the earlier script that takes links in chain order; of several
   * shortest chains it finds the same one each time, and the same (reversed) from the other end.
   *
   * @returns link rows from `from` to `to`, or undefined when no chain joins them
   */
  shortestPath(from: number, to: number, txEnd: number): number[] | undefined {
    if (from === to) return [];
    const start = Math.min(from, to);
    const goal = Math.max(from, to);
    if (goal >= this.#scriptCount || !this.#search(start, goal, txEnd)) return undefined;
    const path: number[] = [];
    for (let at = goal; at !== start; ) {
      const link = this.#value[at]!;
      path.push(link);
      at = this.#otherEnd(link, at);
    }
    // The path was walked back from the later script.
    return from === goal ? path : path.reverse();
  }

  /** Leaves in `#value` the link by which each script was reached. */
  #search(start: number, goal: number, txEnd: number): boolean {
    this.#mark += 1;
    const mark = this.#mark;
    this.#markOf[start] = mark;
    this.#value[start] = NO_LINK;
    this.#queue[0] = start;
    let queued = 1;
    for (let at = 0; at < queued; at += 1) {
      const script = this.#queue[at]!;
      const end = this.#starts[script + 1]!;
      for (let row = this.#starts[script]!; row < end; row += 1) {
        const link = this.#touching[row]!;
        // Links of a script stand in chain order, so the rest is later still.
        if (this.#links.txIndex[link]! >= txEnd) break;
        const next = this.#otherEnd(link, script);
        if (this.#markOf[next] === mark) continue;
        this.#markOf[next] = mark;
        this.#value[next] = link;
        if (next === goal) return true;
        this.#queue[queued] = next;
        queued += 1;
      }
    }
    return false;
  }

  /**
   * The links of a cluster that are its only connection between two parts, by Tarjan's algorithm (1974) with
   * explicit stacks. Two links between the same scripts are no bridge.
   *
   * @param root any script of the cluster
   * @returns in chain order
   */
  bridges(root: number): BridgeRow[] {
    if (root >= this.#scriptCount) return [];
    this.#mark += 1;
    const walk = new BridgeWalk(
      this.#starts,
      this.#touching,
      this.#links,
      this.#markOf,
      this.#value,
      this.#mark,
    );
    return walk.from(root);
  }
}

/** One depth-first walk. `order` is the script's number in it; `low` the smallest number its subtree reaches back to. */
class BridgeWalk {
  readonly #starts: Uint32Array | Float64Array;
  readonly #touching: Uint32Array;
  readonly #links: LinkColumns;
  readonly #markOf: Uint32Array;
  readonly #order: Uint32Array;
  readonly #mark: number;
  /** By number in the walk: `low` and the scripts in the subtree. */
  readonly #low: number[] = [];
  readonly #size: number[] = [];
  /** The path from the root: script, link by which it was entered, next row of its links. */
  readonly #path: number[] = [];
  readonly #entered: number[] = [];
  readonly #nextRow: number[] = [];

  constructor(
    starts: Uint32Array | Float64Array,
    touching: Uint32Array,
    links: LinkColumns,
    markOf: Uint32Array,
    order: Uint32Array,
    mark: number,
  ) {
    this.#starts = starts;
    this.#touching = touching;
    this.#links = links;
    this.#markOf = markOf;
    this.#order = order;
    this.#mark = mark;
  }

  #enter(script: number, link: number): void {
    this.#markOf[script] = this.#mark;
    this.#order[script] = this.#low.length;
    this.#low.push(this.#low.length);
    this.#size.push(1);
    this.#path.push(script);
    this.#entered.push(link);
    this.#nextRow.push(this.#starts[script]!);
  }

  from(root: number): BridgeRow[] {
    const found: { linkIndex: number; subtree: number }[] = [];
    this.#enter(root, NO_LINK);
    while (this.#path.length > 0) {
      const top = this.#path.length - 1;
      const script = this.#path[top]!;
      const row = this.#nextRow[top]!;
      if (row < this.#starts[script + 1]!) {
        this.#nextRow[top] = row + 1;
        this.#follow(script, this.#touching[row]!, this.#entered[top]!);
        continue;
      }
      this.#path.pop();
      this.#nextRow.pop();
      const link = this.#entered.pop()!;
      if (top === 0) break;
      const child = this.#order[script]!;
      const parent = this.#order[this.#path[top - 1]!]!;
      this.#low[parent] = Math.min(this.#low[parent]!, this.#low[child]!);
      this.#size[parent]! += this.#size[child]!;
      if (this.#low[child]! > parent) found.push({ linkIndex: link, subtree: this.#size[child]! });
    }
    const total = this.#size[0]!;
    return found
      .map(({ linkIndex, subtree }) => ({
        linkIndex,
        splitsOff: Math.min(subtree, total - subtree),
      }))
      .sort((a, b) => a.linkIndex - b.linkIndex);
  }

  #follow(script: number, link: number, enteredBy: number): void {
    // The link by which we came, not the script: a second link back to it is a way round.
    if (link === enteredBy) return;
    const a = this.#links.scriptA[link]!;
    const next = a === script ? this.#links.scriptB[link]! : a;
    if (this.#markOf[next] !== this.#mark) {
      this.#enter(next, link);
      return;
    }
    const own = this.#order[script]!;
    this.#low[own] = Math.min(this.#low[own]!, this.#order[next]!);
  }
}
