import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../bytes/hash.ts';
import type { NetworkName } from '../../chain/network.ts';
import { priceAsset } from '../../chain/price-asset.ts';
import { ClewError } from '../../errors.ts';
import { EXIT } from '../../exit-codes.ts';
import { countText } from '../../units/number-text.ts';
import { VERSION } from '../../version.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { dataOptions, memoryOption, progressOption } from '../common-options.ts';
import { chooseNetwork } from '../data-folder.ts';
import { folderListing } from '../folder-listing.ts';
import { makeRoomForSample, prepareSample } from '../sample-economy.ts';
import { tellingOfSeeds, warnOfSeeds } from '../seed-warnings.ts';
import { warnSome } from '../warn-some.ts';
import { withNetwork } from '../with-network.ts';
import { indexFolder } from './index-blocks.ts';
import { makeReport } from './investigate.ts';
import { serveSite } from './serve.ts';
import { importPaths } from './tags-import.ts';

export const startCommand = defineCommand({
  name: 'start',
  about:
    'Everything at once, as `npm start` calls it: makes a sample economy unless blocks or seeds are given, ' +
    'indexes it, investigates its seed set and serves the report. What is there already is used again.',
  positionals: {},
  options: {
    blocks: { kind: 'path', value: 'DIR', help: 'your own block files, instead of the sample' },
    seeds: { kind: 'path', value: 'FILE', help: 'your own seed set' },
    tags: { kind: 'path', value: 'PATH', many: true, help: 'tag files to import first' },
    prices: {
      kind: 'path',
      value: 'FILE',
      help: 'file of daily prices, instead of what is stored',
    },
    out: {
      kind: 'path',
      value: 'DIR',
      help: 'folder for the report',
      defaultHelp: 'in the cache of the data folder',
    },
    port: {
      kind: 'count',
      value: 'PORT',
      min: 0,
      max: 65_535,
      default: 0,
      help: '0 takes a free one',
    },
    ...dataOptions,
    ...memoryOption,
    ...progressOption,
  },
  examples: ['npm start -- --blocks ~/.bitcoin/blocks --seeds seeds.csv'],
  access: 'host',
  async run(options, context) {
    await checkInputs(options);
    const isSample = options.blocks === undefined && options.seeds === undefined;
    const sample = isSample ? await prepareSample(context) : undefined;
    const blocks = sample?.blocks ?? options.blocks;
    const network =
      blocks === undefined
        ? chooseNetwork(context.data, options.network)
        : await bringUp(context, blocks, options.network, isSample);
    const tags = sample === undefined ? options.tags : [sample.tags, ...options.tags];
    if (tags.length > 0) await bringTags(context, tags, network);
    const seeds = sample?.seeds ?? options.seeds;
    const prices = options.prices ?? sample?.prices;
    const { out } = options;
    const title = isSample ? 'A sample investigation in a simulated economy' : undefined;
    const report =
      seeds === undefined
        ? undefined
        : await bringReport(context, { seeds, prices, title, network, out });
    await serveSite(context, {
      port: options.port,
      reports: report === undefined ? [] : [report],
      network,
      onOpen: (url) => openText(url, report !== undefined),
    });
    return EXIT.ok;
  },
});

/** That what was named is there and fit, before work begins that can take hours. */
async function checkInputs(options: {
  readonly seeds?: string | undefined;
  readonly prices?: string | undefined;
  readonly tags: readonly string[];
  readonly out?: string | undefined;
}): Promise<void> {
  const { seeds, prices, tags, out } = options;
  const missing = tags.find((path) => !existsSync(path));
  if (missing !== undefined) {
    throw new ClewError('CLEW_FILE_MISSING', `There is no ${missing}.`, { path: missing });
  }
  if ((seeds ?? prices ?? out) === undefined) return;
  const { checkReportFolder, readInput } = await import('../../pipeline/investigate-seeds.ts');
  if (seeds !== undefined) readInput(seeds);
  if (prices !== undefined) {
    const { readPriceFile } = await import('../../pipeline/price-workspace.ts');
    // Of which coin the prices are is known later: here it matters that they can be read.
    readPriceFile(prices, 'BTC');
  }
  const inputs = [seeds, prices].filter((path) => path !== undefined);
  if (out !== undefined) checkReportFolder(out, false, inputs);
}

function openText(url: string, hasReport: boolean): string {
  const report = hasReport ? `The report: ${url}reports/1/report.html\n` : '';
  return `\n${report}${hasReport ? 'Everything' : 'Open'}: ${url}\n\nCtrl-C ends it.\n`;
}

/** Indexes the blocks, unless the folder is as it was when that was last done. */
async function bringUp(
  context: CommandContext,
  blocks: string,
  asked: NetworkName | undefined,
  isSample: boolean,
): Promise<NetworkName> {
  const notePath = join(context.data.cache, `indexed-${sha256Hex(blocks).slice(0, 16)}.json`);
  const listing = folderListing(blocks);
  const note = readNote(notePath);
  if (
    listing !== undefined &&
    note?.listing === listing &&
    (asked ?? note.network) === note.network
  ) {
    const tip = await tipHash(context, note.network);
    if (tip === note.tip) return note.network;
  }
  const result = await indexFolder(context, {
    blocks,
    ...(asked !== undefined && { network: asked }),
    ...(isSample && { beforeLoading: (hashes) => makeRoomForSample(context, hashes) }),
  });
  warnSome(result.problems, '`clew index --json` lists all', context);
  const { status, transactionsAdded } = result;
  await context.stdout.write(
    `Indexed ${countText(transactionsAdded, 'transaction')}; the ledger of ${status.network} holds ` +
      `${countText(status.transactions, 'transaction')} of ${countText(status.addresses, 'address', 'addresses')}.\n`,
  );
  const network = status.network as NetworkName;
  writeFileSync(notePath, JSON.stringify({ listing, network, tip: status.tip.hash }), {
    mode: 0o600,
  });
  return network;
}

interface IndexedNote {
  readonly listing: string;
  readonly network: NetworkName;
  readonly tip: string;
}

/** A note that can not be read is as good as none: it only saves time. */
function readNote(path: string): IndexedNote | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as IndexedNote;
  } catch {
    return undefined;
  }
}

async function tipHash(context: CommandContext, network: NetworkName): Promise<string | undefined> {
  if (!context.data.networks().includes(network)) return undefined;
  return context.session.useNetwork(network, async ({ ledger }) => ledger.tip?.hash);
}

async function bringTags(
  context: CommandContext,
  paths: readonly string[],
  network: NetworkName,
): Promise<void> {
  const { counts, problems } = await importPaths(context, paths, network);
  for (const problem of problems) context.warn(problem);
  if (counts.read > 0) await context.stdout.write(`Imported ${countText(counts.active, 'tag')}.\n`);
}

interface BringReportOptions {
  readonly seeds: string;
  readonly prices: string | undefined;
  readonly title: string | undefined;
  readonly network: NetworkName;
  readonly out: string | undefined;
}

/** The folder of the report: made unless the same one, from the same data, is there. */
async function bringReport(context: CommandContext, options: BringReportOptions): Promise<string> {
  const { seeds, prices, title, network } = options;
  const key = await reportKey(context, options);
  const folder = options.out ?? join(context.data.cache, 'reports', key);
  if (options.out === undefined && existsSync(join(folder, 'report.html'))) return folder;
  const { result } = await tellingOfSeeds(context, () =>
    makeReport(context, {
      seeds,
      out: folder,
      force: false,
      network,
      ...(prices !== undefined && { fiat: { typed: [], priceSource: [], file: prices } }),
      ...(title !== undefined && { title }),
    }),
  );
  // The sample has bad lines on purpose: they are in its report, and would only puzzle at a first start.
  if (title === undefined) warnOfSeeds(result.seedSet, context);
  await context.stdout.write(`Investigated ${countText(result.report.seeds.length, 'seed')}.\n`);
  return folder;
}

/** Names all that decides what is in the report. */
async function reportKey(
  context: CommandContext,
  { seeds, prices, title, network }: BringReportOptions,
): Promise<string> {
  const { readInput } = await import('../../pipeline/investigate-seeds.ts');
  const digest = (path: string | undefined): string =>
    path === undefined ? '' : sha256Hex(readInput(path).bytes);
  const state = await withNetwork(context, network, async (open) => {
    const run = await open.run(await open.asOf());
    return [open.ledger.tipOf(await open.flow()).hash, run.runId, (await open.tagIndex()).digest];
  });
  const { pricesInUse } = await import('../../pipeline/price-workspace.ts');
  const stored =
    prices === undefined
      ? await pricesInUse(await context.session.store(), priceAsset(network))
      : '';
  const parts = [VERSION, digest(seeds), digest(prices), stored, title ?? '', ...state];
  return sha256Hex(JSON.stringify(parts)).slice(0, 24);
}
