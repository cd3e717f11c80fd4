/** The project's own files, for the tests that look at the code itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Not ours, or made by running. */
const SKIPPED = new Set(['.git', 'node_modules', 'data', 'out', '.DS_Store', 'tools']);

/** All files below a folder of the project, as paths from its root with `/`, sorted. */
export function projectFiles(folder = ''): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(PROJECT, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED.has(entry.name) || entry.name.endsWith('.tmp')) continue;
    if (entry.isDirectory()) found.push(...projectFiles(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

export function readProjectFile(path: string): string {
  return readFileSync(join(PROJECT, path), 'utf8');
}

export function isTest(path: string): boolean {
  return (
    /\.(?:test|contract)\.ts$/.test(path) ||
    path.startsWith('test/') ||
    path.includes('/test-support/')
  );
}

export interface ImportLine {
  /** As written: `node:fs`, `yaml`, `./x.ts`. */
  readonly specifier: string;
  /** The file of the project that it names; undefined for packages and Node's own modules. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
  /** `import('…')`, loaded only when that line runs. */
  readonly isDynamic: boolean;
}

/** The code without its comments; what stands in strings stays. */
export function withoutComments(code: string): string {
  return code.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|(^|[\s;{}(,])\/\/[^\n]*/g,
    (_, text: string | undefined, before: string | undefined) => text ?? before ?? '',
  );
}

/** What a file imports, exports from elsewhere, and loads dynamically under a fixed name. */
export function importsOf(path: string): ImportLine[] {
  const code = withoutComments(readProjectFile(path));
  const lines: ImportLine[] = [];
  const statement = /^(import|export)\s+(type\s+)?(?:[\w*\s{},$]+?\s+from\s+)?(['"])([^'"\n]+)\3/gm;
  for (const match of code.matchAll(statement)) {
    lines.push(line(path, match[4]!, match[2] !== undefined || hasOnlyTypes(match[0]), false));
  }
  for (const match of code.matchAll(/\bimport\(\s*(['"])([^'"\n]+)\1/g)) {
    lines.push(line(path, match[2]!, false, true));
  }
  return lines;
}

/** `import { type A, type B } from …` leaves nothing at run time but the loading of the file. */
function hasOnlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  if (names === undefined) return false;
  const each = names.split(',').map((name) => name.trim());
  return each.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

function line(path: string, specifier: string, typeOnly: boolean, isDynamic: boolean): ImportLine {
  const target = specifier.startsWith('.')
    ? relative(PROJECT, resolve(PROJECT, dirname(path), specifier)).replaceAll('\\', '/')
    : undefined;
  return { specifier, target, typeOnly, isDynamic };
}
