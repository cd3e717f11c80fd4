/** The report as a person meets it: opened from a folder, in a real browser, without a network. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { renderReport } from '../src/report/render-report.ts';
import { buildReport } from '../src/report/report-data.ts';
import { launchBrowser } from './support/browser.ts';
import { contrast } from './support/contrast.ts';
import type { ComputedStyleOf, PageDocument } from './support/page-globals.ts';
import { emptyInput, MEDIUM, sampleInput } from './support/sample-investigation.ts';

/** In the page, not here. */
declare const document: PageDocument;
declare const getComputedStyle: ComputedStyleOf;

let folder: string;
let browser: Browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clew-report-page-'));
  for (const [name, input] of [
    ['medium', sampleInput(MEDIUM)],
    ['empty', emptyInput()],
  ] as const) {
    const page = renderReport(buildReport(input)).find((file) => file.name === 'report.html')!;
    writeFileSync(join(folder, `${name}.html`), page.bytes);
  }
  browser = await launchBrowser();
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

interface Opened {
  readonly page: Page;
  /** What the browser complained about or asked the network for. */
  readonly complaints: string[];
  close(): Promise<void>;
}

async function open(
  name: string,
  width: number,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  const address = pathToFileURL(join(folder, `${name}.html`)).href;
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== address) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(address, { waitUntil: 'load' });
  return { page, complaints, close: () => context.close() };
}

test('the page opens without a complaint and asks the network for nothing', async () => {
  for (const name of ['medium', 'empty']) {
    const { page, complaints, close } = await open(name, 1280);
    assert.deepEqual(complaints, []);
    assert.match(await page.title(), /Clew report$/);
    // The style sheet took effect, so the security policy allows it.
    assert.equal(
      await page.evaluate(() => getComputedStyle(document.querySelector('h1')!).fontSize),
      '30px',
    );
    await close();
  }
});

test('nothing sticks out sideways, on a telephone, a tablet or a desk, with everything unfolded', async () => {
  for (const width of [400, 800, 1280]) {
    const { page, close } = await open('medium', width);
    const wide = await page.evaluate(() => {
      for (const folded of document.querySelectorAll('details')) folded.open = true;
      const edge = document.documentElement.clientWidth;
      const sticking = [...document.querySelectorAll('body *')].filter(
        (element) =>
          element.getBoundingClientRect().right > edge + 1 && element.closest('.chartbox') === null,
      );
      return [
        document.documentElement.scrollWidth - edge,
        ...sticking.map((element) => element.outerHTML.slice(0, 90)),
      ];
    });
    assert.deepEqual(wide, [0], `at ${width} pixels`);
    await close();
  }
});

test('landmarks, headings and tables are there for those who can not see the page', async () => {
  const { page, close } = await open('medium', 400);
  const found = await page.evaluate(() => {
    const count = (selector: string): number => document.querySelectorAll(selector).length;
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) =>
      Number(heading.tagName[1]),
    );
    return {
      language: document.documentElement.lang,
      landmarks: ['header', 'nav', 'main', 'footer'].map(count),
      titles: count('h1'),
      jumps: levels.filter((level, i) => i > 0 && level > levels[i - 1]! + 1).length,
      namelessSections: count('section:not([aria-labelledby]), nav:not([aria-labelledby])'),
      namelessCharts: count('svg[role="img"]:not([aria-labelledby])'),
      captionless: [...document.querySelectorAll('table')].filter((table) => table.caption === null)
        .length,
      scrollers: count('.chartbox:not([tabindex="0"][aria-label])'),
    };
  });
  assert.deepEqual(found, {
    language: 'en',
    landmarks: [1, 1, 1, 1],
    titles: 1,
    jumps: 0,
    namelessSections: 0,
    namelessCharts: 0,
    captionless: 0,
    scrollers: 0,
  });
  // Rows are cards at this width, and still a table to a screen reader.
  const tree = await page.locator('#payers table').ariaSnapshot();
  assert.match(tree, /- table "Payers, largest sum first"/);
  assert.match(tree, /rowheader "P1"/);
  assert.match(tree, /columnheader "Coins came from"/);
  await close();
});

test('text stands out from its ground, light and dark (WCAG 2.2 AA)', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    const { page, close } = await open('medium', 1280, scheme);
    const colours = await page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const probe = document.body.appendChild(document.createElement('i'));
      const read = (name: string): number[] => {
        probe.style.color = style.getPropertyValue(name);
        return (getComputedStyle(probe).color.match(/\d+/g) ?? []).slice(0, 3).map(Number);
      };
      return Object.fromEntries(
        ['--paper', '--ink', '--muted', '--accent', '--claim', '--claim-soft'].map((name) => [
          name,
          read(name),
        ]),
      );
    });
    const {
      '--paper': paper,
      '--claim-soft': claimGround,
      ...inks
    } = colours as Record<string, number[]>;
    for (const [name, ink] of Object.entries(inks)) {
      assert.ok(contrast(ink, paper!) >= 4.5, `${scheme} ${name}`);
      assert.ok(contrast(ink, claimGround!) >= 4.5, `${scheme} ${name} on a claim's ground`);
    }
    await close();
  }
});

test('it prints on A4, numbered, with nothing cut off', async () => {
  const { page, close } = await open('medium', 1280);
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
  assert.equal(pdf.subarray(0, 5).toString('latin1'), '%PDF-');
  const text = pdf.toString('latin1');
  const pages = [...text.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length;
  assert.ok(pages >= 8 && pages <= 40, `${pages} pages`);
  for (const [, width, height] of text.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)) {
    assert.deepEqual([Math.round(Number(width)), Math.round(Number(height))], [595, 842]);
  }
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 680, height: 900 });
  const print = await page.evaluate(() => {
    const shown = (selector: string): boolean => {
      const element = document.querySelector(selector);
      return element?.checkVisibility() ?? false;
    };
    return {
      tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      contents: shown('.contents'),
      notes: shown('#seeds td details'),
      foldedLinks: [
        ...document.querySelectorAll(
          '#seeds section > details:not(.screen) td, #seeds > details:not(.screen) td',
        ),
      ].every((cell) => cell.checkVisibility()),
    };
  });
  assert.deepEqual(print, { tooWide: 0, contents: false, notes: false, foldedLinks: true });
  await close();
});
