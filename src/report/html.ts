/**
 * HTML and SVG text that is escaped by default.
 *
 * Whatever is put into a template is text, whoever wrote it: a tag's label, a line of a seed file, a
 * note. Only what another template made goes in as it is. There is no way to write an unescaped string
 * except `trustedMarkup`, which takes constants of the program.
 */

/** Markup that is safe to put into a page. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

/** What can stand in a template. Nothing is shown for `undefined`, `null` and `false`. */
export type HtmlPart =
  | Html
  | string
  | number
  | bigint
  | undefined
  | null
  | false
  | readonly HtmlPart[];

/** Control characters but tab and line ends, and two code points that are none. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/**
 * Text as HTML text, good for element content and quoted attributes.
 *
 * Control characters, which HTML forbids and which have no business in a report, become U+FFFD; so do
 * lone surrogates, which UTF-8 can not hold.
 */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(UNPRINTABLE, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => ESCAPES[character]!);
}

function render(part: HtmlPart): string {
  if (part instanceof Html) return part.markup;
  if (part === undefined || part === null || part === false) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number' || typeof part === 'bigint') return String(part);
  let markup = '';
  for (const item of part) markup += render(item);
  return markup;
}

/**
 * A piece of HTML or SVG.
 *
 * @example html`<td>${label}</td>` // a label `<b>` becomes `&lt;b&gt;`
 */
export function html(fixed: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let markup = fixed[0]!;
  for (let i = 0; i < parts.length; i += 1) markup += render(parts[i]) + fixed[i + 1]!;
  return new Html(markup);
}

/** Markup written in the program itself, such as a style sheet. Never pass anything that was read. */
export function trustedMarkup(markup: string): Html {
  return new Html(markup);
}
