/**
 * The members of all clusters, in order of first sight: one linked list per cluster over the script rows.
 *
 *   root -> next[root] -> next[...] -> NO_SCRIPT   (rows ascend along a list)
 *
 * Also their sizes. Made from the flattened roots in one pass when first asked.
 */
import { NO_SCRIPT } from './script-rows.ts';

export class MemberLists {
  /** Clusters with at least one address. */
  readonly clusterCount: number;
  readonly addressCount: number;
  readonly #next: Uint32Array;
  readonly #scripts: Uint32Array;
  readonly #addresses: Uint32Array;

  constructor(roots: Uint32Array, countsAsAddress: Uint8Array) {
    const count = roots.length;
    const next = new Uint32Array(count).fill(NO_SCRIPT);
    const scripts = new Uint32Array(count);
    const addresses = new Uint32Array(count);
    /** Per root the member that was added last. */
    const last = new Uint32Array(count);
    let clusterCount = 0;
    let addressCount = 0;
    for (let script = 0; script < count; script += 1) {
      const root = roots[script]!;
      if (root !== script) next[last[root]!] = script;
      last[root] = script;
      scripts[root]! += 1;
      if (countsAsAddress[script] !== 1) continue;
      addressCount += 1;
      if (addresses[root] === 0) clusterCount += 1;
      addresses[root]! += 1;
    }
    this.#next = next;
    this.#scripts = scripts;
    this.#addresses = addresses;
    this.clusterCount = clusterCount;
    this.addressCount = addressCount;
  }

  page(root: number, after: number | undefined, limit: number): number[] {
    const found: number[] = [];
    let at = after === undefined ? root : this.#next[after]!;
    while (at !== NO_SCRIPT && found.length < limit) {
      found.push(at);
      at = this.#next[at]!;
    }
    return found;
  }

  /** The member with so many before it in its cluster; undefined when there are fewer. */
  at(root: number, place: number): number | undefined {
    let at = root;
    for (let before = place; before > 0 && at !== NO_SCRIPT; before -= 1) at = this.#next[at]!;
    return at === NO_SCRIPT ? undefined : at;
  }

  size(root: number): { readonly scripts: number; readonly addresses: number } {
    return { scripts: this.#scripts[root]!, addresses: this.#addresses[root]! };
  }
}
