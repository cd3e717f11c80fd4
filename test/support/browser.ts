/**
 * A real browser for tests, from npm alone: `playwright-core` drives the Chromium that
 * `@sparticuz/chromium` carries.
 *
 * That package unpacks into one fixed folder and not in one step, so two test processes that start at
 * the same time can meet a half-written binary. Here it is unpacked aside and renamed into place.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Browser, chromium as playwright } from 'playwright-core';

/** Where the browser's parts lie once unpacked. */
interface BrowserFiles {
  readonly executable: string;
  /** Libraries (libnss3 and the like) for machines that lack them. */
  readonly libraries: string;
  readonly fontConfig: string;
}

function filesIn(folder: string): BrowserFiles {
  return {
    executable: join(folder, 'chromium'),
    libraries: join(folder, 'al2023/lib'),
    fontConfig: join(folder, 'fonts.conf'),
  };
}

/** The package's own fonts come behind those of the machine, so a machine without any still shows text. */
function fontConfig(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(folder, 'fonts/fonts')}</dir>
  <cachedir>${join(folder, 'font-cache')}</cachedir>
</fontconfig>
`;
}

/**
 * Unpack the browser once per version of the package; later calls find it there (about 2 s the first time).
 */
async function unpackBrowser(): Promise<BrowserFiles> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const root = dirname(dirname(main));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const owner = process.getuid?.() ?? 'user';
  const folder = join(tmpdir(), `clew-test-browser-${version}-${owner}`);
  if (existsSync(folder)) return filesIn(folder);

  const { default: chromium, inflate } = await import('@sparticuz/chromium');
  const aside = mkdtempSync(`${folder}-unpacking-`);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = aside;
  try {
    await chromium.executablePath();
    await inflate(join(root, 'bin/al2023.tar.br'));
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  writeFileSync(join(aside, 'fonts.conf'), fontConfig(folder));
  mkdirSync(join(aside, 'font-cache'), { recursive: true });
  try {
    renameSync(aside, folder);
  } catch {
    // Another test process was quicker: its copy is as good as ours.
    rmSync(aside, { recursive: true, force: true });
  }
  return filesIn(folder);
}

/**
 * Start the browser. The caller closes it.
 *
 * @example const browser = await launchBrowser(); try { … } finally { await browser.close(); }
 */
export async function launchBrowser(): Promise<Browser> {
  const files = await unpackBrowser();
  const libraryPath = [process.env['LD_LIBRARY_PATH'], files.libraries].filter(Boolean).join(':');
  return playwright.launch({
    executablePath: files.executable,
    args: [
      '--no-sandbox',
      '--font-render-hinting=none',
      '--use-gl=angle',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
    ],
    env: { ...process.env, LD_LIBRARY_PATH: libraryPath, FONTCONFIG_FILE: files.fontConfig },
  });
}
