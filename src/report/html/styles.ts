/**
 * The style sheet of report.html: one text, the same for every report, so that the page's security policy can
 * name its digest and allow nothing else.
 *
 * Colours are chosen to differ in lightness too (they survive colour blindness and grey print), and no
 * meaning hangs on colour alone. Fonts are those of the reader's machine.
 */
export const STYLES = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --soft: #f3f5f7; --line: #d5dbe1; --ink: #191d22; --muted: #56606b;
  --accent: #0a5567; --accent-soft: #e3eff2;
  --claim: #7a4700; --claim-soft: #fdf5e6; --claim-line: #b9812b;
  --band: #8fa9b8; --bar: #2b6f83; --bar-count: #8b97a3; --mark: #2b6f83;
  --sans: "Segoe UI", Roboto, "Helvetica Neue", "Open Sans", "Noto Sans", system-ui, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --soft: #1c2228; --line: #343d46; --ink: #e4e8ec; --muted: #9eabb7;
    --accent: #7fcadb; --accent-soft: #16303a;
    --claim: #f0bd6b; --claim-soft: #2a2113; --claim-line: #a87a33;
    --band: #4d6a7a; --bar: #62b3c8; --bar-count: #77848f; --mark: #8fc4d3;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); }
.page { max-width: 1240px; margin: 0 auto; padding: 0 28px 64px; }
main { min-width: 0; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 30px; letter-spacing: -0.01em; margin: 6px 0 8px; }
h2 { font-size: 23px; letter-spacing: -0.005em; margin: 0 0 10px; }
h3 { font-size: 17px; margin: 28px 0 8px; }
h4 { font-size: 14.5px; margin: 18px 0 6px; }
p { margin: 0 0 12px; max-width: 74ch; }
ul, ol { margin: 0 0 12px; padding-left: 1.3em; max-width: 74ch; }
li { margin-bottom: 6px; }
a { color: var(--accent); text-underline-offset: 2px; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.muted { color: var(--muted); }
.small { font-size: 13.5px; }
.nowrap { white-space: nowrap; }
bdi { overflow-wrap: anywhere; }

.head { padding: 36px 0 22px; border-bottom: 3px solid var(--accent); margin-bottom: 26px; }
.kicker { color: var(--muted); font-size: 13px; letter-spacing: 0.05em; text-transform: uppercase; margin: 0; }
.head .under { color: var(--muted); font-size: 14.5px; margin: 0; max-width: none; }
.answer { font-size: 18px; line-height: 1.5; max-width: 72ch; margin-bottom: 14px; }
.steps { max-width: 84ch; }
.sure dt { font-weight: 600; color: var(--ink); }
.onprint { display: none; }
.answer strong { font-weight: 650; }
.figures { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); margin: 22px 0 26px; border: 1px solid var(--line); }
.figures > div { padding: 12px 14px 13px; border-left: 1px solid var(--line); }
.figures > div:first-child { border-left: 0; }
.figures dt { color: var(--muted); font-size: 13px; }
.figures dd { margin: 0; }
.figures .value { display: block; font-size: 23px; font-weight: 600; letter-spacing: -0.01em; line-height: 1.3; }
.figures .unit { font-size: 15px; font-weight: 500; letter-spacing: 0; }
.figures .about { display: block; color: var(--muted); font-size: 13px; line-height: 1.4; }

section { margin-top: 46px; padding-top: 22px; border-top: 1px solid var(--line); }
section.first { margin-top: 0; padding-top: 0; border-top: 0; }
.lead { color: var(--muted); }

.tiers { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 14px; margin: 0 0 14px; }
.tier { padding: 12px 16px; border: 1.5px solid var(--ink); }
.tier p { margin: 4px 0 0; font-size: 14.5px; }
.tier.says { border: 1.5px dashed var(--claim-line); background: var(--claim-soft); }
.tier b { font-size: 15px; }

.claim { color: var(--claim); font-style: italic; border-bottom: 1.5px dashed var(--claim-line); overflow-wrap: anywhere; }
.claim .quote { font-weight: 600; }
.claim .kind { font-weight: 400; }
.claims { list-style: none; margin: 6px 0 12px; padding: 8px 14px; border: 1.5px dashed var(--claim-line); background: var(--claim-soft); font-size: 13.5px; max-width: none; overflow-wrap: anywhere; }
.claims li { margin: 2px 0; }
.claims .who { color: var(--claim); font-style: italic; }
.badge { display: inline-block; font-size: 12px; line-height: 1.5; padding: 0 7px; border: 1px solid currentColor; border-radius: 2px; font-style: normal; white-space: nowrap; }
.badge.warn { font-weight: 650; }

.id { font-family: var(--mono); font-size: 0.82em; letter-spacing: -0.01em; word-break: break-all; overflow-wrap: anywhere; user-select: all; -webkit-user-select: all; }
td .id, .idlist .id { display: inline-block; vertical-align: top; max-width: 35.3ch; line-height: 1.4; padding-top: 0.1em; }
td .joined .id, .table.links td .id { max-width: none; }
.joined { list-style: none; margin: 0; padding: 0; max-width: none; }
.joined li { margin: 0; }
.table.links td:nth-child(2) .id { max-width: 35.3ch; }
.next { margin-top: 3px; }
.plainhead { font-weight: 400; white-space: normal; }
.from { margin-bottom: 2px; }
.from .sub { display: inline; white-space: nowrap; }
.idlist { list-style: none; padding: 0; margin: 6px 0 12px; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr)); gap: 4px 18px; max-width: none; }
.idlist li { margin: 0; min-width: 0; }
.tag { font-weight: 650; white-space: nowrap; }

.table { margin: 10px 0 18px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.42; }
caption { text-align: left; font-size: 14.5px; font-weight: 600; padding: 0 0 6px; }
th, td { text-align: left; vertical-align: top; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 600; font-size: 12.5px; border-bottom: 1.5px solid var(--ink); vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 650; white-space: nowrap; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.num .sub { text-align: right; }
.sub { display: block; color: var(--muted); font-size: 12.5px; }
.claim.sub { color: var(--claim); display: inline; }
.shown { color: var(--muted); font-size: 13px; margin: -10px 0 18px; }
.table.narrow table { width: auto; min-width: 50%; }
thead th.wrap { white-space: normal; }

.request { border: 1px solid var(--line); border-left: 4px solid var(--accent); padding: 4px 18px 6px; margin: 0 0 18px; }
.request h3 { margin: 12px 0 2px; font-size: 18px; }
.request .ask { font-weight: 600; margin: 14px 0 2px; }
.request.unlikely { border-left-color: var(--line); }
.facts { color: var(--muted); font-size: 14px; margin: 2px 0 6px; max-width: none; }

.note { border-left: 4px solid var(--line); padding: 2px 0 2px 14px; margin: 14px 0; }
.note.strong { border-left-color: var(--accent); }
.note p:last-child { margin-bottom: 0; }

details { margin: 8px 0 14px; }
summary { cursor: pointer; color: var(--accent); font-weight: 600; font-size: 14.5px; padding: 3px 0; }

.chartbox { overflow-x: auto; margin: 12px 0 6px; }
.chart { display: block; width: 100%; min-width: 720px; height: auto; font-family: var(--sans); }
.chart text { fill: var(--ink); font-size: 13px; }
.chart .head { font-weight: 650; font-size: 13.5px; }
.chart .sum { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.chart .tick { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.chart .box { fill: var(--paper); stroke: var(--ink); stroke-width: 1.1; }
.chart .claimed .box { fill: var(--claim-soft); stroke: var(--claim-line); stroke-width: 1.5; stroke-dasharray: 4 3; }
.chart .claimed .name { font-style: italic; fill: var(--claim); }
.chart .node-seeds .box { stroke-width: 2; }
.chart .node-seeds .name { font-weight: 650; }
.chart .edge-mark.plain { fill: none; }
.chart .node-seeds .edge-mark { fill: var(--ink); }
.chart .mark path, .chart .mark circle { stroke: var(--mark); stroke-width: 1.1; fill: none; }
.chart .mark circle { fill: var(--mark); stroke: none; }
.chart .band { fill: var(--band); fill-opacity: 0.5; }
.chart .band:hover { fill-opacity: 0.85; }
.chart .grid { stroke: var(--line); stroke-width: 1; fill: none; }
.chart .grid.base { stroke: var(--muted); }
.chart .bar { fill: var(--bar); }
.chart .bar.count { fill: var(--bar-count); }
.spread { display: block; width: 130px; height: 14px; margin-top: 3px; }
.spread .least { fill: var(--bar); }
.spread .most { fill: none; stroke: var(--bar); stroke-width: 1.4; stroke-dasharray: 3 2; }

dl.plain { display: grid; grid-template-columns: minmax(150px, max-content) minmax(0, 1fr); gap: 5px 20px; margin: 8px 0 16px; font-size: 14.5px; }
dl.plain dt { color: var(--muted); }
dl.plain dd { margin: 0; overflow-wrap: anywhere; }
dl.plain dd .id { display: inline-block; }
.phone { display: none; }
dl.glossary { columns: 2 300px; column-gap: 36px; font-size: 14.5px; }
dl.glossary div { break-inside: avoid; padding-bottom: 10px; }
dl.glossary dt { font-weight: 650; }
dl.glossary dd { margin: 0; max-width: 74ch; }

.contents { font-size: 14px; margin: 0 0 26px; }
.contents h2 { font-size: 13px; color: var(--muted); font-weight: 600; margin: 0 0 6px; }
.contents ol { list-style: none; padding: 0; margin: 0; columns: 2; column-gap: 28px; max-width: 60ch; }
.contents li { margin: 0; padding: 3px 0; break-inside: avoid; }
.contents a { text-decoration: none; }
.contents a:hover { text-decoration: underline; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 12px; top: 8px; background: var(--paper); padding: 6px 10px; z-index: 2; }
footer { margin-top: 46px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--muted); font-size: 13px; }
footer p { max-width: none; }

@media screen and (min-width: 1120px) {
  .columns { display: grid; grid-template-columns: 196px minmax(0, 1fr); gap: 44px; align-items: start; }
  .contents { position: sticky; top: 20px; margin: 0; padding-top: 4px; }
  .contents ol { columns: 1; }
}
@media screen and (max-width: 860px) {
  .figures { grid-template-columns: 1fr; }
  .figures > div { border-left: 0; border-top: 1px solid var(--line); display: grid; grid-template-columns: minmax(0, 12ch) minmax(0, 1fr); column-gap: 14px; }
  .figures > div:first-child { border-top: 0; }
}
@media screen and (max-width: 640px) {
  .page { padding: 0 16px 48px; }
  .head { padding-top: 22px; }
  h1 { font-size: 25px; }
  .answer { font-size: 17px; }
  .contents ol { column-gap: 14px; }
  .contents { font-size: 13px; }
  dl.plain { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.plain dd { margin-bottom: 8px; }
  .request { padding: 2px 12px; }
  .phone { display: block; margin: 0 0 6px; }
  .table:not(.keep) table, .table:not(.keep) tbody, .table:not(.keep) tr, .table:not(.keep) th, .table:not(.keep) td, .table:not(.keep) caption { display: block; }
  .table:not(.keep) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .table:not(.keep) tr { border-bottom: 1px solid var(--line); padding: 9px 0; }
  .table:not(.keep) tbody tr:first-child { border-top: 1.5px solid var(--ink); }
  .table:not(.keep) th, .table:not(.keep) td { border: 0; padding: 2px 0; text-align: left; white-space: normal; min-width: 0; overflow-wrap: anywhere; }
  .table:not(.keep) td[data-head]::before { content: attr(data-head); display: block; color: var(--muted); font-size: 12px; }
  .table:not(.keep) td.num .sub { text-align: left; }
  .table:not(.keep) td.num { display: grid; grid-template-columns: minmax(0, 11ch) minmax(0, 1fr); column-gap: 10px; }
  .table:not(.keep) td.num .sub { grid-column: 2; }
  .table:not(.keep) td.num::before { font-size: 12px; line-height: 1.6; grid-row: 1 / span 3; }
}
@page { size: A4; margin: 17mm 15mm 19mm; }
@page {
  @bottom-left { content: "Clew report: payments are leads, not guilt"; font: 8pt "Helvetica Neue", Arial, "Open Sans", sans-serif; color: #555; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt "Helvetica Neue", Arial, "Open Sans", sans-serif; color: #555; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --soft: #f3f3f3; --line: #c4c4c4; --ink: #000; --muted: #444; --accent: #0a4655; --accent-soft: #fff;
    --claim: #4d2e00; --claim-soft: #fff; --claim-line: #6b4a12; --band: #9a9a9a; --bar: #4a4a4a; --bar-count: #9a9a9a; --mark: #222;
  }
  body { font-size: 9.5pt; line-height: 1.4; }
  .onprint { display: block; }
  details > summary.onscreen { display: none; }
  th, td { padding: 2.6pt 9pt 2.6pt 0; }
  table { line-height: 1.32; }
  .table { margin: 6pt 0 10pt; }
  .joined .id { max-width: none; }
  .spread { width: 88px; }
  dl.plain, dl.glossary { font-size: 9pt; }
  .page { max-width: none; padding: 0; }
  .contents, .skip { display: none; }
  .columns { display: block; }
  h1 { font-size: 19pt; }
  h2 { font-size: 14pt; break-after: avoid; }
  h3 { font-size: 11.5pt; }
  h3, h4, caption, .ask, .facts, .request .claims, .lead { break-after: avoid; }
  .head { padding: 0 0 10pt; margin-bottom: 12pt; }
  .answer { font-size: 11.5pt; }
  .figures { margin: 10pt 0 12pt; }
  h3 { margin: 14pt 0 4pt; }
  p, ul, ol { margin-bottom: 6pt; }
  li { margin-bottom: 3pt; }
  .figures .value { font-size: 14pt; }
  .figures > div { padding: 6pt 7pt; }
  .figures dt, .figures .about { font-size: 8pt; }
  section { margin-top: 20pt; padding-top: 10pt; }
  p, li { orphans: 3; widows: 3; }
  table { font-size: 8.2pt; }
  caption { font-size: 9.5pt; }
  thead { display: table-header-group; }
  thead th { font-size: 8pt; }
  tr, .tier, .figures, .claims, .chart, .note { break-inside: avoid; }
  .scroll, .chartbox { overflow: visible; }
  .chart { min-width: 0; }
  .sub, .shown, .small, .claims, .facts { font-size: 8pt; }
  .shown { margin-top: -6pt; }
  details > summary { color: var(--ink); list-style: none; break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
  .lead { break-inside: avoid; }
  .who { min-width: 25ch; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  details.screen { display: none; }
  .request { break-inside: auto; padding: 0 10pt; }
  a { color: inherit; text-decoration: none; }
}
`;
