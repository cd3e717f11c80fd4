/**
 * The plain content of a TagPack before anything is judged: texts by field name, with lines.
 */

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
