/**
 * The style sheet of all pages: one column of text, figures that line up, readable on paper and in the
 * dark, in the colours of the report. System fonts only: nothing is fetched.
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ink: #191d22; --soft: #56606b; --paper: #ffffff; --panel: #f3f5f7; --line: #d5dbe1;
  --link: #0a5567; --mark: #b9812b; --mark-paper: #fdf5e6; --claim: #7a4700; --bad: #9b1c1c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ec; --soft: #9eabb7; --paper: #14181c; --panel: #1c2228; --line: #343d46;
    --link: #7fcadb; --mark: #a87a33; --mark-paper: #2a2113; --claim: #f0bd6b; --bad: #f09a9a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 "Segoe UI", Roboto, "Helvetica Neue", "Open Sans", "Noto Sans", system-ui, sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 0.06em; }
a:hover { text-decoration-thickness: 0.12em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: 0.5rem 1rem; z-index: 1; }
header.site, main, footer.site { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
header.site {
  display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center;
  padding-block: 0.9rem; border-bottom: 3px solid var(--link);
}
header.site .name { font-weight: 650; letter-spacing: 0.02em; color: var(--ink); text-decoration: none; }
header.site nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0; padding: 0; }
header.site nav a { text-decoration: none; padding: 0.25rem 0; }
header.site nav a[aria-current] { color: var(--ink); box-shadow: 0 2px 0 currentColor; }
header.site form { display: flex; gap: 0.4rem; margin-left: auto; flex: 1 1 20rem; max-width: 34rem; }
input, button { font: inherit; color: inherit; padding: 0.4rem 0.65rem; border: 1px solid var(--soft); border-radius: 4px; }
input { flex: 1; min-width: 0; background: var(--paper); }
button { background: var(--panel); cursor: pointer; }
main { padding-block: 1.75rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.25rem 0 0.75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p, ul, ol, dl { max-width: 44rem; }
.lead { font-size: 1.1rem; color: var(--soft); }
.soft, .kind { color: var(--soft); }
.hash, code { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; font-size: 0.92em; overflow-wrap: anywhere; }
.nowrap { white-space: nowrap; }
.sub { display: block; color: var(--soft); font-size: 0.86rem; }
.claim { color: var(--claim); font-style: italic; border-bottom: 1.5px dashed var(--mark); overflow-wrap: anywhere; }
.cards { list-style: none; padding: 0; margin: 0 0 1rem; display: grid; gap: 0.75rem; max-width: none; }
.cards > li { border: 1px solid var(--line); border-left: 4px solid var(--link); padding: 0.8rem 1.1rem; }
.cards h2, .cards h3 { margin: 0 0 0.25rem; font-size: 1.1rem; }
.cards p { margin: 0.25rem 0; max-width: none; }
form.ask { display: grid; gap: 0.6rem; max-width: 44rem; margin: 0 0 1rem; }
form.ask label { display: grid; gap: 0.2rem; }
form.ask button { justify-self: start; }
details summary { cursor: pointer; color: var(--link); padding: 0.2rem 0; }
.tight table { width: auto; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.5rem; max-width: none; margin: 0 0 1rem; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
td .hash { display: inline-block; min-width: min(22rem, 60vw); font-size: 0.86em; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 1rem 0.4rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; border-bottom-color: var(--soft); }
thead th { white-space: nowrap; }
th.number, td.number { text-align: right; white-space: nowrap; }
.badge { display: inline-block; border: 1px solid var(--line); background: var(--panel); border-radius: 4px; padding: 0 0.4rem; font-size: 0.9em; }
.note { border-left: 4px solid var(--mark); background: var(--mark-paper); padding: 0.6rem 1rem; margin: 1rem 0; max-width: 44rem; }
.note p { margin: 0.2rem 0; }
.error h1 { color: var(--bad); }
.pager { display: flex; gap: 1.5rem; margin: 1rem 0; }
footer.site { border-top: 1px solid var(--line); padding-block: 1rem 2rem; color: var(--soft); font-size: 0.9rem; }
footer.site p { margin: 0.2rem 0; max-width: none; }
@media (max-width: 40rem) {
  header.site form { margin-left: 0; flex-basis: 100%; max-width: none; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: 0.6rem; }
  main, header.site, footer.site { padding-inline: 1rem; }
  td .hash { min-width: 0; }
  .scroll { overflow-x: visible; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
  tbody tr:first-child { border-top: 1px solid var(--soft); }
  td, td.number { border: 0; padding: 0.1rem 0; text-align: left; display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); column-gap: 0.6rem; white-space: normal; overflow-wrap: anywhere; }
  td::before { content: attr(data-head); color: var(--soft); font-size: 0.86rem; }
  td > * { grid-column: 2; min-width: 0; }
  td:empty { display: none; }
}
@page { size: A4; margin: 16mm 15mm; }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --panel: #fff; --line: #999; --link: #000; --mark-paper: #fff; --claim: #4d2e00; --mark: #6b4a12; }
  body { font-size: 10pt; }
  header.site nav, header.site form, .skip, .pager { display: none; }
  header.site, main, footer.site { max-width: none; padding-inline: 0; }
  h2, h3 { break-after: avoid; }
  tr, dl.facts > * { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  td .hash { min-width: 0; }
  form.ask { display: none; }
  .sub { font-size: 8pt; }
  a { text-decoration: none; }
  .lead { font-size: 10pt; }
  table { font-size: 8.5pt; }
  footer.site { padding-block: 6pt; }
}
`;
