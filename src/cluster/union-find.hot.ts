/**
 * Disjoint sets over dense rows, in one Uint32Array.
 *
 *   parent[row] <= row always; a root points at itself, so the root of a set is its smallest row.
 *
 * Rows are given in order of first sight, hence the root of a cluster is its earliest-seen script, in
 * whatever order the links come. Union by minimum with path halving: the cost per call is O(log n) amortised,
 * and in practice close to one step, because most sets are tiny.
 */

/** Each row alone. */
export function makeSets(count: number): Uint32Array {
  const parent = new Uint32Array(count);
  for (let row = 0; row < count; row += 1) parent[row] = row;
  return parent;
}

/** The smallest row of the set that holds `row`; shortens the path on its way. */
export function findRoot(parent: Uint32Array, row: number): number {
  let at = row;
  for (;;) {
    const above = parent[at]!;
    if (above === at) return at;
    const next = parent[above]!;
    // Path halving: every other row on the path is hung one step higher.
    parent[at] = next;
    at = next;
  }
}

/** Join two sets. Returns true when they were apart. */
export function unionSets(parent: Uint32Array, a: number, b: number): boolean {
  const rootA = findRoot(parent, a);
  const rootB = findRoot(parent, b);
  if (rootA === rootB) return false;
  if (rootA < rootB) parent[rootB] = rootA;
  else parent[rootA] = rootB;
  return true;
}

/** Point every row directly at its root. One pass from low to high is enough, since parents are never larger. */
export function flattenSets(parent: Uint32Array): void {
  for (let row = 0; row < parent.length; row += 1) parent[row] = parent[parent[row]!]!;
}
