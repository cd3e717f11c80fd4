import type { Assignable } from '../verdict.ts';

/**
 * Can whole groups of inputs be dealt out so that every participant's goal is reached?
 *
 * A search with backtracking: groups from the largest to the smallest, each to a participant who still
 * lacks something, the tightest fit first. Giving a group to one who lacks something never hurts, so nothing else
 * has to be tried. Cut off where the rest can not cover what is lacking.
 *
 * @param groupSats value of each group (all inputs of one script)
 * @param goalSats what each participant must bring; at most 0 is reached already
 * @param stepsMax placements to try
 * @returns `timeout` when the steps ran out
 * @example assignInputs([7, 5, 4], [7, 8], 1000) // 'yes': 7 | 5 + 4
 */
export function assignInputs(
  groupSats: readonly number[],
  goalSats: readonly number[],
  stepsMax: number,
): Assignable {
  const groups = [...groupSats].sort((a, b) => b - a);
  const rest = suffixSums(groups);
  const lack = goalSats.map((sats) => Math.max(0, sats));
  /** Per depth: whom to try, and who has the group now. */
  const queues: number[][] = [];
  const holder: number[] = [];
  const before: number[] = [];
  let steps = 0;
  for (;;) {
    const depth = holder.length;
    const lacking = lack.filter((sats) => sats > 0);
    if (lacking.length === 0) return 'yes';
    const lackSum = lacking.reduce((sum, sats) => sum + sats, 0);
    const isHopeless = groups.length - depth < lacking.length || rest[depth]! < lackSum;
    queues.push(isHopeless ? [] : tightestFirst(lack, groups[depth]!));
    // Step back while there is nobody left to try.
    while (queues[queues.length - 1]!.length === 0) {
      queues.pop();
      if (queues.length === 0) return 'no';
      lack[holder.pop()!] = before.pop()!;
    }
    if (steps === stepsMax) return 'timeout';
    steps += 1;
    const chosen = queues[queues.length - 1]!.shift()!;
    before.push(lack[chosen]!);
    lack[chosen] = Math.max(0, lack[chosen]! - groups[holder.length]!);
    holder.push(chosen);
  }
}

/** `sums[i]`: everything from i on. */
function suffixSums(values: readonly number[]): number[] {
  const sums = new Array<number>(values.length + 1).fill(0);
  for (let i = values.length - 1; i >= 0; i -= 1) sums[i] = sums[i + 1]! + values[i]!;
  return sums;
}

/** Who lacks something, one per distinct lack: those whom the group satisfies first, the neediest of them in front. */
function tightestFirst(lack: readonly number[], groupSats: number): number[] {
  const seen = new Set<number>();
  const order: number[] = [];
  for (let i = 0; i < lack.length; i += 1) {
    if (lack[i]! <= 0 || seen.has(lack[i]!)) continue;
    seen.add(lack[i]!);
    order.push(i);
  }
  return order.sort((a, b) => {
    const fitsA = lack[a]! <= groupSats;
    const fitsB = lack[b]! <= groupSats;
    return fitsA === fitsB ? lack[b]! - lack[a]! : fitsA ? -1 : 1;
  });
}
