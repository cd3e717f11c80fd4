/** All files of a report, as bytes; whoever calls writes them. */
import { canonicalJson } from './canonical-json.ts';
import { renderCsv } from './render-csv.ts';
import { renderHtml } from './render-html.ts';
import type { Report } from './report-format.ts';

export interface ReportFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Names of all files that `renderReport` gives, in its order. */
export const REPORT_FILE_NAMES: readonly string[] = [
  'report.json',
  'report.html',
  'payments.csv',
  'payers.csv',
  'cash-outs.csv',
  'unspent.csv',
  'seeds.csv',
  'mixes.csv',
  'requests.csv',
];

/**
 * The files of a report: report.json, report.html and the CSV files.
 *
 * @returns always the same names in the same order; the same report gives the same bytes
 * @example for (const { name, bytes } of renderReport(report)) await writeFile(join(folder, name), bytes);
 */
export function renderReport(report: Report): ReportFile[] {
  const encoder = new TextEncoder();
  return [
    { name: 'report.json', text: canonicalJson(report) },
    { name: 'report.html', text: renderHtml(report) },
    ...renderCsv(report),
  ].map(({ name, text }) => ({ name, bytes: encoder.encode(text) }));
}
