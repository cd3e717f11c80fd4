/**
 * The kinds of option and positional that commands declare, and the types that they give.
 *
 * One table serves the parser, the help page and the compiler, so they can not drift apart.
 */

interface Described {
  readonly help: string;
}

/** `--json`, or with `on: true` something that is on unless `--no-…` is given. */
export interface FlagOption extends Described {
  readonly kind: 'flag';
  readonly on?: true;
}

interface ValueOption extends Described {
  /** What stands for the value in the help, for example `DIR`. */
  readonly value: string;
  readonly required?: true;
  /** How the default is described when it is not a plain value. */
  readonly defaultHelp?: string;
}

/** Any text. */
export interface TextOption extends ValueOption {
  readonly kind: 'text';
  readonly default?: string;
  readonly many?: true;
}

/** A file or folder; becomes absolute. */
export interface PathOption extends ValueOption {
  readonly kind: 'path';
  readonly many?: true;
}

/** A whole number within bounds. */
export interface CountOption extends ValueOption {
  readonly kind: 'count';
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

/** An amount of memory or disk, as `2GB`; becomes bytes. */
export interface SizeOption extends ValueOption {
  readonly kind: 'size';
  /** In bytes. */
  readonly min: number;
  /** In bytes. */
  readonly max: number;
}

/** A moment: a day, a time in UTC, or Unix seconds; becomes Unix seconds. */
export interface TimeOption extends ValueOption {
  readonly kind: 'time';
  /** Whether a bare day means its first or its last second. */
  readonly dayEdge: 'start' | 'end';
}

/** One of a closed list. */
export interface ChoiceOption extends ValueOption {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  readonly default?: string;
}

export type Option =
  | FlagOption
  | TextOption
  | PathOption
  | CountOption
  | SizeOption
  | TimeOption
  | ChoiceOption;

/** By the name in code; `asOf` is typed `--as-of`. */
export type OptionTable = Readonly<Record<string, Option>>;

export interface Positional extends Described {
  readonly kind: 'text' | 'path';
  /** What stands for it in the help, for example `TXID`. */
  readonly value: string;
  readonly optional?: true;
  /** Takes all that follow; only for the last. */
  readonly many?: true;
}

/** In the order in which they are typed. */
export type PositionalTable = Readonly<Record<string, Positional>>;

type SingleValue<O extends Option> = O extends FlagOption
  ? boolean
  : O extends ChoiceOption
    ? O['choices'][number]
    : O extends CountOption | SizeOption | TimeOption
      ? number
      : string;

type OptionValue<O extends Option> = O extends { many: true }
  ? readonly string[]
  : O extends { kind: 'flag' } | { required: true } | { default: string | number }
    ? SingleValue<O>
    : SingleValue<O> | undefined;

export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: OptionValue<T[K]> };

type PositionalValue<P extends Positional> = P extends { many: true }
  ? readonly string[]
  : P extends { optional: true }
    ? string | undefined
    : string;

export type PositionalValues<T extends PositionalTable> = {
  readonly [K in keyof T]: PositionalValue<T[K]>;
};

/**
 * The name that people type for a name in code.
 *
 * @example typedName('asOf') // 'as-of'
 */
export function typedName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * How the option is written on a command line, with its value.
 *
 * @example writtenOption('asOf', { kind: 'count', value: 'HEIGHT', … }) // '--as-of HEIGHT'
 */
export function writtenOption(key: string, option: Option): string {
  if (option.kind === 'flag') return `--${option.on ? 'no-' : ''}${typedName(key)}`;
  return `--${typedName(key)} ${option.value}`;
}

/** How the positional is written in a usage line: `[FILE]`, `PATH...`. */
export function writtenPositional(positional: Positional): string {
  const name = positional.many ? `${positional.value}...` : positional.value;
  return positional.optional ? `[${name}]` : name;
}
