/**
 * From a command line to its exit code: find the command, read its options, open what it needs, run it,
 * print what went wrong.
 *
 * It runs in a terminal's own process and, for commands that were sent over the local socket, inside
 * the server: everything that differs between the two comes in as `Host`.
 */
import { anyError } from '../api/any-error.ts';
import type { Clock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { DataSession } from '../pipeline/data-session.ts';
import { VERSION } from '../version.ts';
import { didYouMean, parseArguments } from './arguments.ts';
import type { Command, CommandContext, DataAccess, Terminal, TextSink } from './command.ts';
import type { CommandEntry, CommandGroup } from './command-list.ts';
import type { DataFolder } from './data-folder.ts';
import { commandHelp, overviewHelp } from './help.ts';
import { errorText, warningText } from './print-error.ts';
import { startProgress } from './progress.ts';
import { refuseSecrets } from './secret-arguments.ts';

/** The data folder opened for one command; or somebody else who answered for us. */
export type OpenedData = HeldData | { readonly answered: number };

export interface HeldData {
  readonly data: DataFolder;
  readonly session: DataSession;
  /** See `CommandContext.answerOthers`. */
  answerOthers(url: string): Promise<() => Promise<void>>;
  close(): Promise<void> | void;
}

/** What the process around a command gives it. */
export interface Host {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly workingFolder: string;
  readonly commands: readonly CommandGroup[];
  /** Puts a question that is answered by yes or no to the person at the terminal, when there is one. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Stacks are printed with errors (CLEW_DEBUG). */
  readonly debug: boolean;
  /**
   * Opens the data folder.
   *
   * @param path absolute, or undefined for the user's own
   */
  openData(
    path: string | undefined,
    wanted: {
      readonly command: string;
      readonly access: DataAccess;
      readonly argv: readonly string[];
      /** Bytes for the pages and key tables of a ledger; the host's choice when left out. */
      readonly memoryBytes?: number | undefined;
      /** What was given as `--ledger`. */
      readonly ledger?: string | undefined;
      /** Facts are asked of a server elsewhere: there need be no data folder yet. */
      readonly isRemote?: boolean;
      /** Write into a ledger on servers that another data folder wrote. */
      readonly isTakenOver?: boolean;
    },
  ): Promise<OpenedData>;
}

/** Runs one command line, printing its errors. Never rejects. */
export async function runCommandLine(argv: readonly string[], host: Host): Promise<number> {
  const asJson = argv.includes('--json');
  try {
    refuseSecrets(argv);
    return await dispatch(argv, host, asJson);
  } catch (thrown) {
    const error = host.signal.aborted ? interruption(thrown) : anyError(thrown);
    await host.stderr.write(errorText(error, asJson, host.debug));
    return error.exitCode;
  }
}

/** After Ctrl-C whatever fails, failed because of it; except a full disk or the like, which is news. */
function interruption(thrown: unknown): ClewError {
  const error = anyError(thrown);
  if (error.code !== 'CLEW_INTERNAL') return error;
  return new ClewError('CLEW_INTERRUPTED', 'Stopped before the end.', {}, thrown);
}

async function dispatch(argv: readonly string[], host: Host, asJson: boolean): Promise<number> {
  const [first, ...others] = argv;
  if (first === undefined || first === '--help' || first === '-h') {
    await host.stdout.write(overviewHelp(host.commands));
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  if (first === '--version' || first === '-V') {
    await host.stdout.write(`clew ${VERSION}\n`);
    return EXIT.ok;
  }
  if (first === 'help') {
    return others.length === 0
      ? dispatch(['--help'], host, asJson)
      : dispatch([...others, '--help'], host, asJson);
  }
  const { entry, args } = findCommand(argv, host.commands);
  const command = await entry.load();
  const { options, help } = parseArguments(command, args, host.workingFolder);
  if (help) {
    await host.stdout.write(commandHelp(command));
    return EXIT.ok;
  }
  return runCommand(command, options, argv, host, asJson);
}

/** Commands of two words (`tags import`) are looked for first. */
function findCommand(
  argv: readonly string[],
  groups: readonly CommandGroup[],
): { entry: CommandEntry; args: readonly string[] } {
  const entries = groups.flatMap(({ commands }) => commands);
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(' ');
    const entry = entries.find((each) => each.name === name);
    if (entry !== undefined) return { entry, args: argv.slice(words) };
  }
  const first = argv[0]!;
  const started = entries.filter(({ name }) => name.startsWith(`${first} `));
  const hint =
    started.length > 0
      ? ` Did you mean ${started.map(({ name }) => `clew ${name}`).join(', ')}?`
      : didYouMean(
          first,
          entries.map(({ name }) => name),
        );
  throw new ClewError('CLEW_UNKNOWN_COMMAND', `Clew has no command "${first}".${hint}`, {
    command: first,
  });
}

async function runCommand(
  command: Command,
  options: Readonly<Record<string, unknown>>,
  argv: readonly string[],
  host: Host,
  asJson: boolean,
): Promise<number> {
  if (command.access === 'none') return execute(command, options, host, asJson, noData);
  if (options.esplora !== undefined && options.ledger !== undefined) {
    throw new ClewError('CLEW_USAGE', '--esplora and --ledger exclude each other.', {
      command: command.name,
    });
  }
  const path = options.data as string | undefined;
  const opened = await host.openData(path, {
    command: command.name,
    access: command.access,
    argv,
    memoryBytes: options.memory as number | undefined,
    ledger: options.ledger as string | undefined,
    isTakenOver: options.takeOver === true,
    isRemote: options.esplora !== undefined,
  });
  if ('answered' in opened) return opened.answered;
  try {
    return await execute(command, options, host, asJson, () => opened);
  } finally {
    await opened.close();
  }
}

function noData(): never {
  throw new Error('this command declared that it needs no data folder');
}

async function execute(
  command: Command,
  options: Readonly<Record<string, unknown>>,
  host: Host,
  asJson: boolean,
  held: () => HeldData,
): Promise<number> {
  const context: CommandContext = {
    stdout: host.stdout,
    stderr: host.stderr,
    terminal: host.terminal,
    clock: host.clock,
    signal: host.signal,
    workingFolder: host.workingFolder,
    ask: host.ask,
    get data() {
      return held().data;
    },
    get session() {
      return held().session;
    },
    answerOthers: (url) => held().answerOthers(url),
    progress: (title, unit) =>
      startProgress(title, {
        ...host,
        forced: options.progress === true,
        ...(unit && { unit }),
      }),
    warn: (problem) => void host.stderr.write(warningText(problem, asJson)),
  };
  // The parser gave the options the types of this command's own table.
  const code = await command.run(options as Parameters<Command['run']>[0], context);
  if (host.signal.aborted && code === undefined) {
    throw new ClewError('CLEW_INTERRUPTED', 'Stopped before the end.');
  }
  return code ?? EXIT.ok;
}
