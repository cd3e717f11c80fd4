/** Elements that have no end in HTML. */
const VOID = new Set(['meta', 'br', 'hr', 'img', 'input', 'link']);

/**
 * Whether every element of HTML or SVG text is closed in order: a crude second look at generated markup.
 *
 * @returns what is wrong; empty when all is well
 */
export function tagBalance(markup: string): string[] {
  const open: string[] = [];
  const problems: string[] = [];
  const text = markup.replace(/<style>[\s\S]*?<\/style>/g, '').replace(/<!doctype html>/, '');
  for (const [tag, slash, name, rest] of text.matchAll(
    /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^<>"]|"[^"]*")*)>/g,
  )) {
    if (slash === '/') {
      const last = open.pop();
      if (last !== name) problems.push(`${tag} closes <${last}>`);
    } else if (!rest!.endsWith('/') && !VOID.has(name!)) open.push(name!);
  }
  const stray = text
    .replace(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^<>"]|"[^"]*")*)>/g, '')
    .match(/[<>].{0,20}/);
  if (stray !== null) problems.push(`stray ${stray[0]}`);
  return [...problems, ...open.map((name) => `<${name}> is not closed`)];
}
