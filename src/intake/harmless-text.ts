/**
 * Text that strangers wrote, made fit for reports, tables and terminals.
 *
 * Reports go from hand to hand, so no link to a site of a case may stand in them, no spreadsheet may find a
 * formula, and no control character may rearrange what a person sees. A link becomes a keyed digest: the same
 * link gives the same digest in every list of one installation, and nobody without the key can try out
 * addresses against it.
 */
import { createHmac } from 'node:crypto';

/**
 * The parts of a link. Each begins where a word begins and has bounded repeats, so that no cell, however long and
 * odd, takes more than linear time. "[.]" and "(dot)" are how links are made safe to mail.
 */
const WORD_START = String.raw`(?<![\p{L}\p{N}_-])`;
const LABELS = String.raw`(?:[\p{L}\p{N}_-]{1,63}(?:\.|\[\.\]|\(\.\)|\[dot\]|\(dot\))){1,10}`;
const TOP_LEVEL = String.raw`\p{L}[\p{L}\p{N}-]{1,62}`;
const IPV4 = String.raw`(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])`;
/** The name of a hidden service copied without its ".onion": 56 characters of base32. */
const ONION_NAME = '(?<![a-z0-9])[a-z2-7]{56}(?![a-z0-9])';
const WITH_SCHEME = String.raw`(?<![a-z0-9+.-])(?:[a-z][a-z0-9+.-]{0,30}:\/\/|(?:magnet|data|mailto|tel|ipfs|javascript):)\S+`;
const HOST = `${WORD_START}(?:[\\p{L}\\p{N}._+-]{1,64}@)?${LABELS}${TOP_LEVEL}`;
const HIDDEN_HOST = `${WORD_START}${LABELS}(?:onion|i2p)(?![\\p{L}\\p{N}])`;
const REST = String.raw`(?::\d+)?(?:[/?#.]\S*)?`;

const LINK = new RegExp(`${WITH_SCHEME}|(?:${HOST}|${IPV4}|${ONION_NAME})${REST}`, 'giu');
/** Links that are more than a bare host name. */
const EXPLICIT_LINK = new RegExp(
  `${WITH_SCHEME}|(?:${HOST}|${IPV4})(?::\\d+)?/\\S*|(?:${HIDDEN_HOST}|${ONION_NAME})${REST}`,
  'giu',
);
/** What ends a sentence, and is not part of a link before it. */
const END_MARKS = '.,;:!?)]}>"\'';

/** The digest that stands for a link: `site-` and 16 hex digits. */
export function siteDigest(link: string, siteKey: Uint8Array): string {
  const digest = createHmac('sha256', siteKey).update(link.trim().toLowerCase()).digest('hex');
  return `site-${digest.slice(0, 16)}`;
}

/** True when a site id is no opaque id but says where the site is. */
export function looksLikeLink(site: string): boolean {
  return /[/\\]/.test(site) || site.search(LINK) >= 0;
}

/**
 * The text with each link in it replaced by its digest.
 *
 * @param kind `any` also takes bare host names, `explicit` leaves them ("source: example.org")
 * @example replaceLinks('seen at http://x.onion', key) // 'seen at site-0123456789abcdef'
 */
export function replaceLinks(
  text: string,
  siteKey: Uint8Array,
  kind: 'any' | 'explicit' = 'any',
): string {
  return text.replace(kind === 'any' ? LINK : EXPLICIT_LINK, (link) => {
    let end = link.length;
    while (end > 0 && END_MARKS.includes(link[end - 1]!)) end -= 1;
    return siteDigest(link.slice(0, end), siteKey) + link.slice(end);
  });
}

/** Characters that begin a formula in Excel, LibreOffice or Google Sheets, full-width forms included. */
const FORMULA = /^[\s\u200b\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;

/** True when a spreadsheet might take the cell for a formula. */
export function looksLikeFormula(cell: string): boolean {
  return FORMULA.test(cell);
}

/** Control characters, and those that turn the direction of writing or can not be seen. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}]|[^\P{Cc}\t\n\r]/gu;

/** The text without characters that can not be seen; tabs and line ends stay. */
export function withoutInvisible(text: string): string {
  return text.replace(INVISIBLE, '');
}

/** What looks like a private key or a list of seed words: not to be shown anywhere. */
const SECRET =
  /^(?:[5KLcT69][1-9A-HJ-NP-Za-km-z]{50,51}|[a-zA-Z]prv[1-9A-HJ-NP-Za-km-z]{80,}|6P[1-9A-HJ-NP-Za-km-z]{56}|(?:[a-z]{3,8}\s+){11,}[a-z]{3,8})$/;

const EXCERPT_CHARACTERS_MAX = 100;

/**
 * A line that was refused, short and safe to show.
 *
 * @example excerpt('=HYPERLINK("http://x.onion")', key) // `'=HYPERLINK("site-…")`
 */
export function excerpt(text: string, siteKey: Uint8Array): string {
  const plain = withoutInvisible(text).replace(/\s+/g, ' ').trim();
  if (SECRET.test(plain)) return '(a private key, not shown)';
  const safe = replaceLinks(plain.slice(0, 2000), siteKey);
  const characters = [...safe];
  const isLong = characters.length > EXCERPT_CHARACTERS_MAX;
  const short = isLong ? `${characters.slice(0, EXCERPT_CHARACTERS_MAX).join('')}…` : safe;
  return looksLikeFormula(short) ? `'${short}` : short;
}
