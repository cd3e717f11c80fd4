import { amountText } from '../../chain/amount-text.ts';
import type { NetworkName } from '../../chain/network.ts';
import { priceAsset } from '../../chain/price-asset.ts';
import { ClewError } from '../../errors.ts';
import type {
  InvestigateSeedsOptions,
  InvestigateSeedsResult,
} from '../../pipeline/investigate-seeds.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import type { TraceLimits } from '../../trace/investigation.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import {
  asOfOption,
  dataOptions,
  jsonOption,
  limitOptions,
  memoryOption,
  progressOption,
  traceLimits,
} from '../common-options.ts';
import { chooseNetwork } from '../data-folder.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsSourceRows } from '../facts-source-text.ts';
import { factsText, jsonText } from '../output.ts';
import { checkCurrencies, currenciesTyped, priceSourceOption } from '../price-options.ts';
import { tellingOfSeeds, warnOfSeeds } from '../seed-warnings.ts';
import { type FactsAsked, USUAL_NETWORK, withFacts, withNetwork } from '../with-network.ts';

export const investigateCommand = defineCommand({
  name: 'investigate',
  about:
    'The main job: from a seed set to a report. Finds which seeds belong together, who paid in, and ' +
    'where the money was cashed out, and writes report.html, report.json and CSV files.',
  positionals: {
    seeds: {
      kind: 'path',
      value: 'SEEDS.csv',
      help: 'header with address, txid or outpoint; optional source, site, seen_at, note',
    },
  },
  options: {
    out: { kind: 'path', value: 'DIR', required: true, help: 'folder for the report' },
    title: { kind: 'text', value: 'TEXT', help: 'title of the report' },
    prices: {
      kind: 'path',
      value: 'FILE',
      help: 'take values in money of states from this file alone, which is not kept',
      defaultHelp: 'what clew prices import stored',
    },
    fiat: {
      kind: 'text',
      value: 'CODE',
      many: true,
      help: 'currencies of the values, such as EUR, the first beside all amounts; none leaves them out',
      defaultHelp: 'the two with most days',
    },
    ...priceSourceOption,
    ...limitOptions,
    ...dataOptions,
    ...asOfOption,
    ...memoryOption,
    ...esploraOptions,
    force: { kind: 'flag', help: 'write into a folder that holds other files too' },
    ...jsonOption,
    ...progressOption,
  },
  examples: ['clew investigate seeds.csv --out report --prices prices.csv'],
  notes: [
    'Tags come from `clew tags import`. Lines that can not be used are listed in the report with the ' +
      'reason. The same input gives the same bytes.',
    '--min-sats and --max-transactions bound the way forward; each payment is traced back within bounds ' +
      'of its own, which the report names.',
  ],
  access: 'read',
  async run(options, context) {
    const { seeds, out, title, prices, fiat, priceSource, network, asOf, force, json } = options;
    const { result, files } = await tellingOfSeeds(context, () =>
      makeReport(context, {
        seeds,
        out,
        force,
        limits: traceLimits(options),
        ...(title !== undefined && { title }),
        fiat: { typed: fiat, priceSource, ...(prices !== undefined && { file: prices }) },
        ...(network !== undefined && { network }),
        ...(asOf !== undefined && { asOfHeight: asOf }),
        facts: options,
      }),
    );
    warnOfSeeds(result.seedSet, context);
    const { report } = result;
    if (json) {
      const { summary } = report;
      await context.stdout.write(
        jsonText({ format: 'clew-investigate/1', title: report.title, summary, files }),
      );
    } else await context.stdout.write(reportText(result, files));
  },
});

export interface MakeReportOptions {
  readonly seeds: string;
  readonly out: string;
  readonly force: boolean;
  readonly limits?: TraceLimits;
  readonly title?: string;
  readonly fiat?: FiatWishes;
  readonly network?: NetworkName;
  readonly asOfHeight?: number;
  /** Facts are asked of a server. */
  readonly facts?: FactsAsked;
}

/** Where values in money of states come from. */
interface FiatWishes {
  /** Currencies as typed, or `none`. */
  readonly typed: readonly string[];
  readonly priceSource: readonly string[];
  /** A file in the place of what is stored. */
  readonly file?: string;
}

/** The prices that a report is made with: none when they were not wanted, or when there are none. */
async function reportFiat(
  context: CommandContext,
  networkName: string,
  { typed, priceSource, file }: FiatWishes,
): Promise<Pick<InvestigateSeedsOptions, 'prices' | 'currencies'>> {
  if (typed.length === 1 && typed[0]!.toLowerCase() === 'none') return {};
  const currencies = currenciesTyped(typed, 'fiat');
  if (file !== undefined && priceSource.length > 0) {
    throw new ClewError(
      'CLEW_USAGE',
      '--price-source chooses among stored prices, not with --prices.',
      {
        option: 'price-source',
      },
    );
  }
  const { loadPriceBook, readPriceFile } = await import('../../pipeline/price-workspace.ts');
  const asset = priceAsset(networkName);
  const book =
    file !== undefined
      ? readPriceFile(file, asset, currencies.length === 1 ? currencies[0] : undefined)
      : await loadPriceBook(
          await context.session.store(),
          asset,
          priceSource.length === 0 ? undefined : priceSource,
        );
  if (book === undefined) {
    if (currencies.length === 0) return {};
    throw new ClewError('CLEW_PRICES_NONE', `No prices of ${asset} are stored.`, { asset });
  }
  checkCurrencies(book, currencies);
  return { prices: book, ...(currencies.length > 0 && { currencies }) };
}

/** Investigates a seed file and writes the report; `clew start` does the same as its last step. */
export async function makeReport(
  context: CommandContext,
  options: MakeReportOptions,
): Promise<{ result: InvestigateSeedsResult; files: readonly string[] }> {
  const { checkReportFolder, investigateSeeds, readInput, writeReport } = await import(
    '../../pipeline/investigate-seeds.ts'
  );
  const { loadSiteKey } = await import('../../pipeline/site-key.ts');
  const file = readInput(options.seeds);
  const { limits, title, asOfHeight, fiat = { typed: [], priceSource: [] } } = options;
  // Read before work that can take long: it may be no price file.
  const { facts } = options;
  const network =
    facts?.esplora === undefined
      ? chooseNetwork(context.data, options.network)
      : (options.network ?? USUAL_NETWORK);
  const priced = await reportFiat(context, network, fiat);
  const inputs = [options.seeds, ...(fiat.file === undefined ? [] : [fiat.file])];
  checkReportFolder(options.out, options.force, inputs);
  // What is asked of a server shows its own progress.
  const shown = facts?.esplora === undefined ? context.progress('Investigating') : undefined;
  let stages = 0;
  const ask: (
    work: (open: OpenNetwork) => Promise<InvestigateSeedsResult>,
  ) => Promise<InvestigateSeedsResult> =
    facts === undefined
      ? (work) => withNetwork(context, network, work)
      : (work) => withFacts(context, facts, work);
  const result = await ask((open) =>
    investigateSeeds(open, file, {
      siteKey: loadSiteKey(context.data.keys),
      otherNetworks: context.data.networks(),
      ...(title !== undefined && { title }),
      ...priced,
      ...(asOfHeight !== undefined && { asOfHeight }),
      ...(limits !== undefined && { limits: bothWays(limits) }),
      onStage: (detail) => {
        stages += 1;
        shown?.update({ done: stages, detail });
      },
    }),
  ).finally(() => shown?.end());
  return { result, files: writeReport(result.report, options.out) };
}

/** Backward there are few transactions and nothing is too small: only depth, time and large clusters bound both ways. */
function bothWays(forward: TraceLimits): { forward: TraceLimits; backward: Partial<TraceLimits> } {
  const { depth, clusterScriptsMax = 0, fromSeconds, toSeconds } = forward;
  return {
    forward: { ...forward, clusterScriptsMax },
    backward: {
      depth,
      clusterScriptsMax,
      ...(fromSeconds !== undefined && { fromSeconds }),
      ...(toSeconds !== undefined && { toSeconds }),
    },
  };
}

/** Whose rates the values are made with, and whether other sources say otherwise. */
function pricesLine(
  prices: InvestigateSeedsResult['report']['derivation']['prices'],
): (readonly [string, string])[] {
  return (prices?.currencies ?? []).map((code) => {
    const days = prices!.days.filter(({ currency }) => currency === code);
    const used = prices!.sources
      .filter(({ currency, daysUsed }) => currency === code && daysUsed > 0)
      .map(({ name, daysUsed }) => `${name} (${countText(daysUsed, 'day')})`);
    const without = days.filter(({ rate }) => rate === null).length;
    const disputed = days.filter(({ isDisputed }) => isDisputed).length;
    const more = [
      ...(without > 0 ? [`${countText(without, 'day')} without a rate`] : []),
      ...(disputed > 0
        ? [
            `sources more than ${prices!.disagreementPercent} % apart on ${countText(disputed, 'day')}`,
          ]
        : []),
    ];
    const by = used.length === 0 ? 'no source has these days' : used.join(', ');
    return [`rates in ${code}`, [by, ...more].join('; ')] as const;
  });
}

/** The answer in short, and where to read on. */
export function reportText({ report }: InvestigateSeedsResult, files: readonly string[]): string {
  const { summary, seedFile, cashOuts, attribution } = report;
  const nameOf = new Map(attribution.services.map(({ key, name }) => [key, name]));
  const arrived = cashOuts.filter(({ byMethod }) => BigInt(byMethod.fifo.sats) > 0n);
  const bySharesOnly = cashOuts.length - arrived.length;
  const out = arrived
    .slice(0, 5)
    .map(
      ({ service, byMethod }) =>
        [
          'cashed out at',
          `${nameOf.get(service) ?? service}: ${amountText(byMethod.fifo.sats, report.derivation.network)}`,
        ] as const,
    );
  return `${summary.text}\n\n${factsText([
    [
      'seeds',
      `${groupedNumber(report.seeds.length)} in use, ${countText(seedFile.rejected.length, 'line')} not usable`,
    ],
    ['payments', groupedNumber(summary.payments)],
    ...pricesLine(report.derivation.prices),
    ['payers', payersText(summary.payerGroups, summary.payersMax)],
    ...out,
    ...factsSourceRows(report.derivation.factsSource, true),
    ...(bySharesOnly === 0
      ? []
      : [['by shares', countText(bySharesOnly, 'service more', 'services more')] as const]),
    ['report', files.find((path) => path.endsWith('report.html')) ?? ''],
  ])}`;
}

/** Payments of one group can come from many people: see payersMax in docs/operating/report.md. */
function payersText(groups: number, payersMax: number): string {
  const text = groupedNumber(groups);
  if (payersMax <= groups) return text;
  return `${text} groups, which may be up to ${groupedNumber(payersMax)} payers`;
}
