/**
 * All commands. Each is loaded only when it is called, so that the others cost nothing at start.
 */
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: 'Blocks and what is known of them',
    commands: [],
  },
];
