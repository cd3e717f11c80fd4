/** Folders with reports, as they are shown. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClewError } from '../errors.ts';

export interface ReportFolder {
  readonly path: string;
  readonly title: string;
  /** The first sentence of its answer, when it can be read. */
  readonly answer?: string;
  /** When it was written, in Unix seconds: the latest is shown first. */
  readonly writtenAtSeconds: number;
  /** Names of the files that are shown. */
  readonly files: readonly string[];
}

const SHOWN = /^(?:report\.(?:html|json)|[a-z0-9_-]+\.csv)$/;

/**
 * A folder that `clew investigate` wrote.
 *
 * @throws {ClewError} CLEW_FOLDER_MISSING, CLEW_FILE_MISSING when it holds no report.json
 */
export function openReportFolder(path: string): ReportFolder {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    throw new ClewError('CLEW_FOLDER_MISSING', `There is no folder ${path}.`, { path }, error);
  }
  if (!names.includes('report.json') || !names.includes('report.html')) {
    throw new ClewError('CLEW_FILE_MISSING', `${path} holds no report of Clew.`, { path });
  }
  const files = names.filter((name) => SHOWN.test(name)).sort();
  // The page first, then the data, then the lists.
  const rank = (name: string): number =>
    name === 'report.html' ? 0 : name === 'report.json' ? 1 : 2;
  files.sort((a, b) => rank(a) - rank(b));
  const writtenAtSeconds = Math.floor(statSync(join(path, 'report.json')).mtimeMs / 1000);
  return { path, ...headOf(path), writtenAtSeconds, files };
}

function headOf(path: string): { readonly title: string; readonly answer?: string } {
  try {
    const report: unknown = JSON.parse(readFileSync(join(path, 'report.json'), 'utf8'));
    const { title, summary } = report as { title?: unknown; summary?: { text?: unknown } };
    const answer =
      typeof summary?.text === 'string' ? /^.*?\.(?= |$)/s.exec(summary.text)?.[0] : undefined;
    return {
      title: typeof title === 'string' && title !== '' ? title : 'Report',
      ...(answer !== undefined && { answer }),
    };
  } catch {
    // A report that can not be read is still listed, under a plain name.
    return { title: 'Report' };
  }
}
