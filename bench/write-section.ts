import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Put text between two marks of a page, instead of what stands there.
 *
 * @param name of the marks: `<!-- NAME -->` and `<!-- /NAME -->`
 * @throws Error when the page does not have both
 */
export function writeSection(path: string, name: string, text: string): void {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${path} has no ${begin} … ${end}`);
  writeFileSync(path, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}
