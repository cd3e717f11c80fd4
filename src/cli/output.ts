/** What commands print: JSON for programs, tables for people. */

/**
 * Text that can not move the cursor or colour the terminal: labels and file names come from strangers.
 * Control characters, direction marks and invisible ones become `\u` escapes.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (found) =>
    found === '\n' || found === '\t'
      ? ' '
      : `\\u${found.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

/**
 * A result as JSON text: bigints become decimal strings, since they may pass 2^53.
 *
 * @example jsonText({ value: 5n }) // '{\n  "value": "5"\n}\n'
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part),
    2,
  );
  return `${text}\n`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/**
 * A table with aligned columns and no lines, which survives copying into a mail.
 *
 * @returns the lines with a break after each; nothing at all for no rows
 */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return '';
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(plainText))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => [...(row[i] ?? '')].length)));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const gap = ' '.repeat(widths[i]! - [...(row[i] ?? '')].length);
        return align === 'right' ? gap + (row[i] ?? '') : (row[i] ?? '') + gap;
      })
      .join('  ')
      .trimEnd();
  return cells.map((row) => `${line(row)}\n`).join('');
}

/**
 * Names and values below each other.
 *
 * @example factsText([['network', 'main'], ['tip', '840000']])
 */
export function factsText(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${plainText(value)}\n`).join('');
}

/**
 * How long, for people.
 *
 * @example durationText(3725) // '1 h 02 min'
 */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}
