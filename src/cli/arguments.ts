/**
 * From what was typed to typed options, by the command's own table.
 *
 * Every refusal says what was wrong with which option, and what would have been right.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ClewError } from '../errors.ts';
import type { CommandShape } from './command.ts';
import { type Option, type OptionTable, typedName, writtenPositional } from './option.ts';

export interface ParsedArguments {
  readonly options: Readonly<Record<string, unknown>>;
  readonly help: boolean;
}

/** The data and network folder options that are looked at before a command runs. */
type Values = Record<string, unknown>;

function usage(command: string, message: string, facts: Record<string, string> = {}): ClewError {
  return new ClewError('CLEW_USAGE', message, { command, ...facts });
}

/**
 * Parses what follows the command's name.
 *
 * @param args as typed, without the command's name
 * @param workingFolder absolute; relative paths are taken from here
 * @throws {ClewError} CLEW_USAGE
 */
export function parseArguments(
  command: CommandShape,
  args: readonly string[],
  workingFolder: string,
): ParsedArguments {
  const byName = new Map<string, string>();
  for (const key of Object.keys(command.options)) byName.set(typedName(key), key);

  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      [...byName].map(([name, key]) => [
        name,
        { type: command.options[key]!.kind === 'flag' ? 'boolean' : 'string' } as const,
      ]),
    ),
  });

  const values: Values = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.rawName === '-h') return { options: {}, help: true };
    takeOption(command, byName, token, values, workingFolder);
  }
  takePositionals(command, words, values, workingFolder);
  return { options: withDefaults(command, values), help: false };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function takeOption(
  command: CommandShape,
  byName: ReadonlyMap<string, string>,
  token: OptionToken,
  values: Values,
  workingFolder: string,
): void {
  const { key, negated } = findOption(command, byName, token);
  const option = command.options[key]!;
  const written = `--${typedName(key)}`;
  if (option.kind === 'flag') {
    if (token.value !== undefined) {
      throw usage(command.name, `${token.rawName} takes no value.`, { option: written });
    }
    values[key] = !negated;
    return;
  }
  const value = token.value;
  if (value === undefined || value === '' || (!token.inlineValue && /^--?[a-z]/.test(value))) {
    throw usage(command.name, `${written} needs a value: ${written} ${option.value}.`, {
      option: written,
    });
  }
  const parsed = parseValue(command.name, written, option, value, workingFolder);
  if ('many' in option && option.many) {
    values[key] = [...((values[key] as readonly unknown[] | undefined) ?? []), parsed];
    return;
  }
  if (key in values) {
    throw usage(command.name, `${written} is given more than once.`, { option: written });
  }
  values[key] = parsed;
}

function findOption(
  command: CommandShape,
  byName: ReadonlyMap<string, string>,
  token: OptionToken,
): { key: string; negated: boolean } {
  const key = byName.get(token.name);
  if (key !== undefined && token.rawName.startsWith('--')) return { key, negated: false };
  const plain = token.name.startsWith('no-') ? byName.get(token.name.slice(3)) : undefined;
  if (plain !== undefined && command.options[plain]!.kind === 'flag') {
    return { key: plain, negated: true };
  }
  const known = Object.entries(command.options).map(([name, option]) =>
    option.kind === 'flag' && option.on ? `--no-${typedName(name)}` : `--${typedName(name)}`,
  );
  throw usage(
    command.name,
    `\`clew ${command.name}\` has no option ${token.rawName}.${didYouMean(token.rawName, known)}`,
    { option: token.rawName },
  );
}

function parseValue(
  command: string,
  written: string,
  option: Exclude<Option, { kind: 'flag' }>,
  text: string,
  workingFolder: string,
): unknown {
  const refuse = (message: string): never => {
    throw usage(command, message, { option: written, value: text });
  };
  switch (option.kind) {
    case 'text':
      return text;
    case 'path':
      return resolve(workingFolder, text);
    case 'choice':
      if (option.choices.includes(text)) return text;
      return refuse(
        `${written} is one of ${option.choices.join(', ')}, not "${text}".` +
          didYouMean(text, option.choices),
      );
    case 'time':
      return (
        parseTime(text, option.dayEdge) ?? refuse(`${written} is ${TIME_FORMS}, not "${text}".`)
      );
    case 'size': {
      const bytes = parseSize(text);
      if (bytes !== undefined && bytes >= option.min && bytes <= option.max) return bytes;
      return refuse(
        `${written} is a size from ${sizeText(option.min)} to ${sizeText(option.max)}, such as 512MB or 2GB, not "${text}".`,
      );
    }
    case 'count': {
      const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (count >= option.min && count <= option.max) return count;
      return refuse(
        `${written} is a whole number from ${option.min} to ${option.max}, not "${text}".`,
      );
    }
  }
}

const SIZE_UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Bytes of a size as people write it, in units of 1024; undefined for anything else. A number alone is refused: nobody
 * means bytes.
 *
 * @example parseSize('1.5GB') // 1610612736
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?) ?([MGT])(?:i?B)?$/i.exec(text);
  if (match === null) return undefined;
  return Math.floor(Number(match[1]) * SIZE_UNITS[match[2]!.toUpperCase()]!);
}

/** The largest unit that gives a whole number. */
function sizeText(bytes: number): string {
  const [unit, unitBytes] = Object.entries(SIZE_UNITS).findLast(([, size]) => bytes % size === 0)!;
  return `${bytes / unitBytes}${unit}B`;
}

const TIME_FORMS =
  'a day (2024-03-31), a time in UTC (2024-03-31T12:00:00Z) or Unix seconds (1711886400)';

/**
 * Unix seconds of a day, a UTC time or a number of seconds; undefined for anything else.
 *
 * @example parseTime('2009-01-03T18:15:05Z', 'start') // 1231006505
 */
export function parseTime(text: string, dayEdge: 'start' | 'end'): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const match = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2})?Z)?$/.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.parse(match[2] === undefined ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse moves 31 April to 1 May: that is a slip of the pen, not a date.
  if (new Date(milliseconds).toISOString().slice(0, 10) !== match[1]) return undefined;
  const seconds = Math.floor(milliseconds / 1000);
  return match[2] === undefined && dayEdge === 'end' ? seconds + 86_399 : seconds;
}

function takePositionals(
  command: CommandShape,
  words: readonly string[],
  values: Values,
  workingFolder: string,
): void {
  let taken = 0;
  for (const [key, positional] of Object.entries(command.positionals)) {
    const rest = positional.many ? words.slice(taken) : words.slice(taken, taken + 1);
    if (rest.length === 0) {
      if (!positional.optional) {
        const all = Object.values(command.positionals).map(writtenPositional).join(' ');
        throw usage(command.name, `${positional.value} is missing: clew ${command.name} ${all}.`, {
          argument: positional.value,
        });
      }
      values[key] = positional.many ? [] : undefined;
      continue;
    }
    taken += rest.length;
    const parsed =
      positional.kind === 'path' ? rest.map((word) => resolve(workingFolder, word)) : rest;
    values[key] = positional.many ? parsed : parsed[0];
  }
  if (taken < words.length) {
    const wanted = Object.keys(command.positionals).length;
    throw usage(
      command.name,
      `\`clew ${command.name}\` takes ${wanted === 0 ? 'no argument' : wanted === 1 ? 'one argument' : `${wanted} arguments`}; ` +
        `"${words[taken]}" is too many.`,
      { argument: words[taken]! },
    );
  }
}

function withDefaults(command: CommandShape, values: Values): Values {
  const all: Values = { ...values };
  for (const [key, option] of Object.entries(command.options as OptionTable)) {
    if (key in all) continue;
    if (option.kind === 'flag') all[key] = option.on ?? false;
    else if (option.required) {
      const written = `--${typedName(key)}`;
      throw usage(command.name, `${written} ${option.value} is missing.`, { option: written });
    } else if ('many' in option && option.many) all[key] = [];
    else all[key] = 'default' in option ? option.default : undefined;
  }
  return all;
}

/**
 * " Did you mean …?" when one of the known words is close enough, else nothing.
 *
 * @example didYouMean('sttaus', ['status', 'trace']) // ' Did you mean status?'
 */
export function didYouMean(typed: string, known: readonly string[]): string {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(typed.replace(/^-+/, '').length / 3)) + 1;
  for (const word of known) {
    const distance = editDistance(typed, word);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  best ??= known.find((word) => typed.length >= 4 && word.startsWith(typed));
  return best === undefined ? '' : ` Did you mean ${best}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
