import type { Problem } from '../errors.ts';
import { countText } from '../units/number-text.ts';
import type { CommandContext } from './command.ts';

/** Findings that are printed one by one: more nobody reads, and `--json` or the report has them all. */
export const WARNINGS_SHOWN = 50;

/**
 * Prints the first findings, and how many more there are.
 *
 * @param all where they are listed, for the last line
 */
export function warnSome(
  problems: Iterable<Problem>,
  all: string,
  context: Pick<CommandContext, 'warn'>,
): void {
  let count = 0;
  let last: Problem | undefined;
  for (const problem of problems) {
    count += 1;
    if (count <= WARNINGS_SHOWN) context.warn(problem);
    last = problem;
  }
  const more = count - WARNINGS_SHOWN;
  if (last === undefined || more <= 0) return;
  const message = `And ${countText(more, 'finding')} more: ${all}.`;
  context.warn({ code: last.code, message, facts: { more } });
}
