/**
 * The plain content of a TagPack before anything is judged: texts by field name, with lines.
 *
 * Two readers give the same answer. Nearly all packs are flat (header fields, then a list of short
 * maps) and are read by a loop over lines; whatever is not of that form goes through the `yaml`
 * package, which is some thirty times slower. A test compares the two on all real packs.
 */
import { readFlatYaml } from './flat-yaml.hot.ts';
import { readGeneralYaml } from './general-yaml.ts';

/** A value that is neither a text nor a list of texts: no field of a TagPack may be one. */
export const NESTED: unique symbol = Symbol('nested');

/** All scalars are texts here, as written: `0x1f`, `1e5` and `null` are no numbers and no nothing. */
export type RawValue = string | readonly string[] | typeof NESTED;
export type RawFields = ReadonlyMap<string, RawValue>;

export interface RawTag {
  readonly fields: RawFields;
  /** Line in the file, from 1. */
  readonly line: number;
}

export interface RawPack {
  /** Every field beside `tags`. */
  readonly header: RawFields;
  readonly tags: readonly RawTag[];
}

/**
 * Read the YAML text of a TagPack.
 *
 * @param text the file, decoded
 * @param file its name, for messages
 * @throws {ClewError} CLEW_TAGS_YAML, CLEW_TAGS_BOMB, CLEW_TAGS_FORMAT
 * @example readRawPack('title: x\ntags:\n- address: y\n', 'x.yaml').tags.length // 1
 */
export function readRawPack(text: string, file: string): RawPack {
  const content = text.startsWith('\ufeff') ? text.slice(1) : text;
  return readFlatYaml(content) ?? readGeneralYaml(content, file);
}
