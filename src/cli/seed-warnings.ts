import { ClewError, type Problem } from '../errors.ts';
import { seedProblems } from '../intake/seeds.ts';
import { countText } from '../units/number-text.ts';
import type { CommandContext } from './command.ts';

/** Findings of a seed file that are printed one by one. */
const SHOWN_MAX = 50;

type SeedFindings = Parameters<typeof seedProblems>[0];

/** Tells what a seed file holds that was not taken as it stands: refused lines first, at most fifty. */
export function warnOfSeeds(set: SeedFindings, context: Pick<CommandContext, 'warn'>): void {
  let count = 0;
  let last: Problem | undefined;
  for (const problem of seedProblems(set)) {
    count += 1;
    if (count <= SHOWN_MAX) context.warn(problem);
    last = problem;
  }
  const more = count - SHOWN_MAX;
  if (last === undefined || more <= 0) return;
  const message = `And ${countText(more, 'more finding')} in this file, of this kind or another one.`;
  context.warn({ code: last.code, message, facts: { more } });
}

/**
 * Does what reads a seed file. When no line of it can be used, the lines are told one by one before the error is.
 */
export async function tellingOfSeeds<T>(
  context: Pick<CommandContext, 'warn'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClewError && error.code === 'CLEW_SEEDS_EMPTY') {
      warnOfSeeds(error.cause as SeedFindings, context);
    }
    throw error;
  }
}
