import { ClewError } from '../errors.ts';
import { seedProblems } from '../intake/seeds.ts';
import type { CommandContext } from './command.ts';
import { warnSome } from './warn-some.ts';

type SeedFindings = Parameters<typeof seedProblems>[0];

/** Tells what a seed file holds that was not taken as it stands: refused lines first. */
export function warnOfSeeds(set: SeedFindings, context: Pick<CommandContext, 'warn'>): void {
  warnSome(seedProblems(set), 'the report of `clew investigate` lists all', context);
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
      warnSome(seedProblems(error.cause as SeedFindings), 'they are like these', context);
    }
    throw error;
  }
}
