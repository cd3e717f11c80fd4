import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClewError } from '../../errors.ts';
import { type Html, html } from '../../report/html.ts';
import { timeText } from '../page-parts.ts';
import type { ReportFolder } from '../report-folder.ts';
import { type Answer, jsonAnswer, type PageRequest } from '../router.ts';
import { type Site, sitePage } from '../site.ts';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
};

/**
 * The reports with their files, the latest first; their numbers stay those of the command line.
 *
 * @param isBelowHeading whether the list stands below a heading of its own
 */
export function reportList(reports: readonly ReportFolder[], isBelowHeading: boolean): Html {
  const shown = reports
    .map((report, i) => ({ ...report, path: `/reports/${i + 1}` }))
    .sort((a, b) => b.writtenAtSeconds - a.writtenAtSeconds);
  const heading = (title: Html): Html =>
    isBelowHeading ? html`<h3>${title}</h3>` : html`<h2>${title}</h2>`;
  return html`<ul class="cards">${shown.map(
    ({ title, answer, writtenAtSeconds, files, path }) => html`<li>
${heading(html`<a href="${path}/report.html">${title}</a>`)}
${answer !== undefined && html`<p>${answer}</p>`}
<p class="sub">Written ${timeText(writtenAtSeconds)}</p>
<details><summary>Its files</summary><p>${files.map((name, j) => html`${j > 0 && ', '}<a href="${path}/${name}">${name}</a>`)}</p></details>
</li>`,
  )}</ul>`;
}

/** What to do when there is no report yet. */
export function noReportNote(): Html {
  return html`<p class="note">No report is shown yet. Make one with <code>clew investigate seeds.csv --out report</code> and show it with <code>clew serve --report report</code>. <code>seeds.csv</code> needs a column <code>address</code>.</p>`;
}

export function reportsPage(site: Site, request: PageRequest): Answer {
  if (request.wantsJson) {
    return jsonAnswer(site.reports.map(({ title, files }, i) => ({ number: i + 1, title, files })));
  }
  const main = html`<h1>Reports</h1>
${site.reports.length === 0 ? noReportNote() : reportList(site.reports, false)}`;
  return sitePage({ title: 'Reports', main, current: '/reports' });
}

/**
 * One file of a report, as it lies on the disk.
 *
 * @throws {ClewError} CLEW_PAGE_NOT_FOUND
 */
export async function reportFile(site: Site, { params }: PageRequest): Promise<Answer> {
  const { number = '', file = '' } = params;
  const folder = /^[1-9]\d{0,5}$/.test(number) ? site.reports[Number(number) - 1] : undefined;
  // Only names that stood in the folder when it was opened, so no path leads out of it.
  if (folder === undefined || !folder.files.includes(file)) {
    throw new ClewError('CLEW_PAGE_NOT_FOUND', 'There is no such report file.');
  }
  const body = await readFile(join(folder.path, file));
  const ending = file.slice(file.lastIndexOf('.') + 1);
  const answer: Answer = { type: TYPES[ending]!, body };
  if (ending === 'csv') {
    return { ...answer, headers: { 'Content-Disposition': `attachment; filename="${file}"` } };
  }
  if (ending !== 'html') return answer;
  // The page has one style sheet of its own and no script; older reports may have another style.
  const style = /<style>([\s\S]*?)<\/style>/.exec(body.toString('utf8'))?.[1];
  return { ...answer, allows: { styles: style === undefined ? [] : [style] } };
}
