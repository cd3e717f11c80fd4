/**
 * What a command is: a table of what it accepts, an example, and a `run`.
 *
 * A command touches the outside only through its context. So the same `run` serves a person's terminal
 * and a request that came to the server over the local socket (see `src/api/local-socket.ts`).
 */
import type { Clock } from '../clock.ts';
import type { Problem } from '../errors.ts';
import type { DataSession } from '../pipeline/data-session.ts';
import type { DataFolder } from './data-folder.ts';
import type { OptionTable, OptionValues, PositionalTable, PositionalValues } from './option.ts';
import type { Progress } from './progress.ts';

/** Where text goes; the promise resolves when there is room for more. */
export interface TextSink {
  write(text: string): Promise<void> | void;
}

/** What is known of the caller's terminal. */
export interface Terminal {
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly columns: number;
}

/**
 * How a command uses the data folder: not at all, to read, to change it, or to hold it for others (serve).
 */
export type DataAccess = 'none' | 'read' | 'write' | 'host';

export interface CommandContext {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C, or when the caller went away: end soon and leave everything whole. */
  readonly signal: AbortSignal;
  /** Absolute; what paths in the options were relative to. */
  readonly workingFolder: string;
  /** The data folder, open and locked. Only for commands with access other than `none`. */
  readonly data: DataFolder;
  /** Its ledger and its workspace, opened on first use and shared with whoever is served here. */
  readonly session: DataSession;
  /**
   * Lets this process answer the other commands that want the same data folder, until the returned
   * function is called. Only for commands with access `host`.
   *
   * @param url where its pages are, for the messages of others
   */
  answerOthers(url: string): Promise<() => Promise<void>>;
  /** Puts a question to the person at the terminal; absent where nobody sits there. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Shows how far a long piece of work is; silent in a pipe. `unit` is what is counted: `tx`. */
  progress(title: string, unit?: string): Progress;
  /** Tells about something that did not stop the work, on stderr. */
  warn(problem: Problem): void;
}

/** All of a command but its doing: what the parser and the help page need. */
export interface CommandShape<
  Options extends OptionTable = OptionTable,
  Positionals extends PositionalTable = PositionalTable,
> {
  /** As typed, for example `tags import`. */
  readonly name: string;
  /** What it does, in one or two plain sentences. */
  readonly about: string;
  readonly positionals: Positionals;
  readonly options: Options;
  /** Whole command lines that work. */
  readonly examples: readonly string[];
  /** More for the end of the help page, a paragraph each. */
  readonly notes?: readonly string[];
  readonly access: DataAccess;
}

export interface Command<
  Options extends OptionTable = OptionTable,
  Positionals extends PositionalTable = PositionalTable,
> extends CommandShape<Options, Positionals> {
  /** Resolves with an exit code other than 0 only where that is a result, not an error. */
  run(
    // A method, so that a command with its own options is still a Command.
    options: OptionValues<Options> & PositionalValues<Positionals>,
    context: CommandContext,
  ): Promise<number | undefined>;
}

/** Gives a command its types from its own tables. */
export function defineCommand<
  const Options extends OptionTable,
  const Positionals extends PositionalTable,
>(command: Command<Options, Positionals>): Command<Options, Positionals> {
  return command;
}

/** The same for a command whose `run` stands elsewhere. */
export function describeCommand<
  const Options extends OptionTable,
  const Positionals extends PositionalTable,
>(shape: CommandShape<Options, Positionals>): CommandShape<Options, Positionals> {
  return shape;
}
