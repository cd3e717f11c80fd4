/**
 * Findings, bounded: a folder can hold a million foreign records, and nobody reads a million lines.
 */
import type { ErrorCode, ErrorFacts, Problem } from '../errors.ts';

/** Findings of one code that are kept one by one; the rest is counted. */
const KEPT_PER_CODE = 1000;

interface Finding extends Problem {
  readonly group: string | undefined;
}

export class ProblemList {
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<string, number>();

  /**
   * @param group what the finding belongs to, for `finish` to choose by: here the name of a network
   */
  add(code: ErrorCode, message: string, facts: ErrorFacts, group?: string): void {
    const key = `${code} ${group ?? ''}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count <= KEPT_PER_CODE) this.#findings.push({ code, message, facts, group });
  }

  /**
   * The findings without a group and those of the group named (all when none is named), in the order in which they
   * came, then one line for every code that had more than 1,000.
   */
  finish(group?: string): Problem[] {
    const isAsked = (found: string | undefined): boolean =>
      group === undefined || found === undefined || found === group;
    const problems: Problem[] = this.#findings
      .filter((finding) => isAsked(finding.group))
      .map(({ code, message, facts }) => ({ code, message, facts }));
    for (const [key, count] of this.#counts) {
      const [code, of] = key.split(' ') as [ErrorCode, string];
      if (count <= KEPT_PER_CODE || !isAsked(of === '' ? undefined : of)) continue;
      const more = count - KEPT_PER_CODE;
      problems.push({ code, message: `And ${more} more findings like this.`, facts: { more } });
    }
    return problems;
  }
}
