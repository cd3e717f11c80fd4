/** Help pages, made from the same tables that the parser uses. */
import type { CommandShape } from './command.ts';
import type { CommandGroup } from './command-list.ts';
import { type Option, writtenOption, writtenPositional } from './option.ts';

const WIDTH = 96;

/** Breaks text at spaces into lines of at most `width` characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Two columns: what is typed, and what it means. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(28, Math.max(...rows.map(([left]) => left.length)));
  let text = '';
  for (const [left, right] of rows) {
    const lines = wrap(right, WIDTH - width - 4);
    if (left.length > width) text += `  ${left}\n`;
    else text += `  ${left.padEnd(width)}  ${lines.shift() ?? ''}\n`;
    for (const line of lines) text += `  ${' '.repeat(width)}  ${line}\n`;
  }
  return text;
}

function optionHelp(option: Option): string {
  const notes: string[] = [];
  if (option.kind !== 'flag') {
    if (option.required) notes.push('required');
    if ('many' in option && option.many) notes.push('may be repeated');
    if ('default' in option && option.default !== undefined)
      notes.push(`default: ${option.default}`);
    else if (option.defaultHelp !== undefined) notes.push(`default: ${option.defaultHelp}`);
  }
  return notes.length === 0 ? option.help : `${option.help} (${notes.join('; ')})`;
}

/** The line that says how a command is typed. */
export function usageLine(command: CommandShape): string {
  const parts = [`clew ${command.name}`];
  for (const positional of Object.values(command.positionals))
    parts.push(writtenPositional(positional));
  for (const [key, option] of Object.entries(command.options)) {
    if (option.kind !== 'flag' && option.required) parts.push(writtenOption(key, option));
  }
  parts.push('[options]');
  return parts.join(' ');
}

/** The page of `clew COMMAND --help`. */
export function commandHelp(command: CommandShape): string {
  let text = `usage: ${usageLine(command)}\n\n${wrap(command.about, WIDTH).join('\n')}\n`;
  const positionals = Object.values(command.positionals);
  if (positionals.length > 0) {
    text += `\nArguments\n${columns(positionals.map((each) => [writtenPositional(each), each.help]))}`;
  }
  const options = Object.entries(command.options).map(
    ([key, option]) => [writtenOption(key, option), optionHelp(option)] as const,
  );
  text += `\nOptions\n${columns([...options, ['--help', 'show this page']])}`;
  text += `\n${command.examples.length === 1 ? 'Example' : 'Examples'}\n`;
  for (const example of command.examples) text += `  ${example}\n`;
  if (command.notes !== undefined) {
    text += '\n';
    for (const note of command.notes) text += `${wrap(note, WIDTH).join('\n')}\n`;
  }
  return text;
}

/** The page of `clew --help`. */
export function overviewHelp(groups: readonly CommandGroup[]): string {
  let text =
    'Clew follows the money paid for the sexual exploitation of children: Bitcoin blocks in, clusters,\n' +
    'payers and cash-outs out, with a report that says how every figure was obtained.\n\n' +
    'usage: clew COMMAND [arguments] [options]\n';
  const width = Math.max(
    ...groups.flatMap(({ commands }) => commands.map(({ name }) => name.length)),
  );
  for (const { title, commands } of groups) {
    if (commands.length === 0) continue;
    text += `\n${title}\n`;
    text += columns(commands.map(({ name, summary }) => [name.padEnd(width), summary] as const));
  }
  text +=
    '\n`clew COMMAND --help` shows its options and an example; `clew --version` the version.\n' +
    'Exit codes: 0 done, 1 fault in Clew, 2 usage, 3 not found, 4 bad input, 5 damaged data, 6 busy,\n' +
    '7 other version, 8 disk full, 9 unavailable, 130 interrupted. Every error is in docs/errors.md.\n';
  return text;
}
