/**
 * JSON with one spelling for one content, so that equal reports are equal bytes.
 *
 * Keys are sorted by their UTF-16 code units (as RFC 8785 does), members without a value are left out,
 * bigints are refused (a total is written as a decimal string by whoever builds the report), and so
 * are numbers that JSON can not carry exactly. Indented by two spaces, because people read these files;
 * short objects and lists without others inside stand on one line.
 */

import { compareText } from './compare-text.ts';

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`JSON can not hold ${value}`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new TypeError(`${value} is beyond 2^53: write totals as decimal strings`);
  }
  return JSON.stringify(value);
}

/** Length up to which an object or list without others inside stands on one line. */
const LINE_LENGTH_MAX = 120;

function writeMembers(
  members: readonly string[],
  isFlat: boolean,
  indent: string,
  ends: string,
): string {
  if (members.length === 0) return ends;
  const [open, close] = ends;
  const line = isFlat ? `${open} ${members.join(', ')} ${close}` : '';
  if (isFlat && indent.length + line.length <= LINE_LENGTH_MAX) return line;
  return `${open}\n${members.map((member) => `${indent}  ${member}`).join(',\n')}\n${indent}${close}`;
}

const isNested = (value: unknown): boolean => typeof value === 'object' && value !== null;

function write(value: unknown, indent: string): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => write(item, inner));
    return writeMembers(items, !value.some(isNested), indent, '[]');
  }
  if (typeof value !== 'object') throw new TypeError(`JSON can not hold a ${typeof value}`);
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => compareText(a, b));
  const members = entries.map(
    ([key, member]) => `${JSON.stringify(key.toWellFormed())}: ${write(member, inner)}`,
  );
  return writeMembers(members, !entries.some(([, member]) => isNested(member)), indent, '{}');
}

/**
 * A value as canonical, indented JSON text with a newline at its end.
 *
 * @throws {TypeError} for a bigint, a function, a symbol, an undefined array item, or an inexact number
 * @example canonicalJson({ b: 1, a: 'x' }) // '{ "a": "x", "b": 1 }\n'
 */
export function canonicalJson(value: unknown): string {
  return `${write(value, '')}\n`;
}
