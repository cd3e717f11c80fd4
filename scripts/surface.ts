/**
 * Writes what is derived from the code: `node_modules/.bin/node scripts/surface.ts`.
 *
 * - `surface/cli.txt`: the help of all commands, so that a change to the command line shows in review
 * - `docs/errors.md`: codes, exit codes, HTTP status and hints from the catalogue; the column "when" is
 *   written by hand and kept
 *
 * Tests compare the two with the code.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { COMMAND_GROUPS } from '../src/cli/command-list.ts';
import { commandHelp, overviewHelp } from '../src/cli/help.ts';
import { ERRORS, type ErrorCode } from '../src/errors.ts';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const HEADER = '| code | exit | HTTP | what to do | when |\n| --- | --- | --- | --- | --- |\n';

/** The help of everything, as one text. */
export async function cliSurface(): Promise<string> {
  const rule = `${'='.repeat(80)}\n`;
  let text = `$ clew --help\n\n${overviewHelp(COMMAND_GROUPS)}`;
  for (const { load } of COMMAND_GROUPS.flatMap(({ commands }) => commands)) {
    const command = await load();
    text += `\n${rule}$ clew ${command.name} --help\n\n${commandHelp(command)}`;
  }
  return text;
}

/** Rows of the error page: code to its cells, in order. */
export function readErrorRows(page: string): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const line of page.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    const code = /^`(CLEW_[A-Z0-9_]+)`$/.exec(cells[1] ?? '')?.[1];
    if (code !== undefined) rows.set(code, cells.slice(2, -1));
  }
  return rows;
}

/** The catalogue's groups: the comment before each, and the codes below it. */
function catalogueGroups(source: string): { title: string; codes: ErrorCode[] }[] {
  const groups: { title: string; codes: ErrorCode[] }[] = [];
  for (const match of source.matchAll(/^ {2}(?:\/\/ (.+)|(CLEW_[A-Z0-9_]+): \{)/gm)) {
    if (match[1] !== undefined) groups.push({ title: match[1], codes: [] });
    else groups.at(-1)!.codes.push(match[2] as ErrorCode);
  }
  return groups;
}

/** One cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function errorPage(before: string): string {
  const known = readErrorRows(before);
  let text = before.slice(0, before.indexOf('\n## ') + 1);
  const sources = ['src/errors.ts', 'src/remote-errors.ts'];
  const groups = sources.flatMap((path) => {
    return catalogueGroups(readFileSync(join(PROJECT, path), 'utf8'));
  });
  for (const { title, codes } of groups) {
    text += `## ${title}\n\n${HEADER}`;
    for (const code of codes) {
      const { exit, http, hint } = ERRORS[code];
      text += `| \`${code}\` | ${exit} | ${http} | ${cell(hint)} | ${known.get(code)?.at(-1) ?? ''} |\n`;
    }
    text += '\n';
  }
  return `${text.trimEnd()}\n`;
}

async function main(): Promise<void> {
  mkdirSync(join(PROJECT, 'surface'), { recursive: true });
  writeFileSync(join(PROJECT, 'surface/cli.txt'), await cliSurface());
  const errors = join(PROJECT, 'docs/errors.md');
  writeFileSync(errors, errorPage(readFileSync(errors, 'utf8')));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
