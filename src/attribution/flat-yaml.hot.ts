/**
 * The flat subset of YAML that TagPacks are written in, read line by line.
 *
 *   title: some text            header: name, colon, one scalar
 *   tags:
 *   - address: 1abc             an item begins at some column…
 *     label: 'it''s quoted'     …and goes on two columns further
 *
 * Scalars are plain, single-quoted, or double-quoted without escapes, each on one line. Anything
 * else (another indent, a value on the next line, an anchor, a tab, a name twice…) ends the
 * attempt, and the general reader decides. So this reader may refuse much but must never accept
 * what YAML reads in another way; `read-raw-pack.test.ts` holds it against the `yaml` package.
 *
 * Cost: about 0.5 microseconds a line; the general reader takes 20 and far more memory.
 */
import type { RawFields, RawPack, RawTag } from './raw-pack.ts';

/** Line breaks other than LF, tabs and controls have rules of their own. */
const UNUSUAL = /[[\p{Cc}\u2028\u2029\ufeff]--[\n]]/v;

/** Indent, `- ` of an item, name, and what follows the colon and its spaces. */
const LINE = /^( {0,8})(- )?([a-z_]{1,64}): +(.+)$/;

/** What may stand before the first item or name, and has no meaning. */
const BLANK = /^ *(?:#.*)?$/;

/** First characters that make a scalar something else than plain text. */
const INDICATORS = new Set('-?:,[]{}#&*!|>\'"%@`');

/**
 * Read a flat TagPack, or give undefined when the text is not of that form.
 *
 * @param text without a byte-order mark
 */
export function readFlatYaml(text: string): RawPack | undefined {
  if (UNUSUAL.test(text)) return undefined;
  const header = new Map<string, string>();
  const tags: RawTag[] = [];
  let fields = header;
  let itemIndent = -1;
  let inTags = false;
  let line = 0;
  for (let start = 0; start < text.length; line += 1) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const row = text.slice(start, end);
    start = end + 1;
    const match = LINE.exec(row);
    if (match === null) {
      if (BLANK.test(row) || (row === '---' && line === 0)) continue;
      if (row !== 'tags:' || inTags) return undefined;
      inTags = true;
      continue;
    }
    const indent = match[1]!.length;
    if (match[2] !== undefined) {
      if (!inTags) return undefined;
      if (itemIndent < 0) itemIndent = indent;
      if (indent !== itemIndent) return undefined;
      fields = new Map();
      tags.push({ fields, line: line + 1 });
    } else if (indent !== (inTags ? itemIndent + 2 : 0) || (inTags && itemIndent < 0)) {
      return undefined;
    }
    const value = readScalar(match[4]!);
    const name = match[3]!;
    if (value === undefined || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  if (tags.length === 0 || header.has('tags')) return undefined;
  return { header: header as RawFields, tags };
}

/** A scalar that ends on its line, or undefined when it is of another kind. */
function readScalar(text: string): string | undefined {
  const first = text[0]!;
  if (first === "'") {
    const match = /^'((?:[^']|'')*)' *$/.exec(text);
    return match?.[1]?.replaceAll("''", "'");
  }
  if (first === '"') return /^"([^"\\]*)" *$/.exec(text)?.[1];
  if (INDICATORS.has(first)) return undefined;
  if (text.includes(': ') || text.includes(' #')) return undefined;
  let end = text.length;
  while (text[end - 1] === ' ') end -= 1;
  if (text[end - 1] === ':') return undefined;
  return text.slice(0, end);
}
