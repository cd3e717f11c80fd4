import { amountText } from '../../chain/amount-text.ts';
import type { NetworkName } from '../../chain/network.ts';
import type { InvestigateSeedsResult } from '../../pipeline/investigate-seeds.ts';
import type { TraceLimits } from '../../trace/investigation.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import {
  asOfOption,
  dataOptions,
  jsonOption,
  limitOptions,
  progressOption,
  traceLimits,
} from '../common-options.ts';
import { factsText, jsonText } from '../output.ts';
import { tellingOfSeeds, warnOfSeeds } from '../seed-warnings.ts';
import { withNetwork } from '../with-network.ts';

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
      help: 'CSV of daily prices, for amounts in fiat of the day',
    },
    ...limitOptions,
    ...dataOptions,
    ...asOfOption,
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
    const { seeds, out, title, prices, network, asOf, force, json } = options;
    const { result, files } = await tellingOfSeeds(context, () =>
      makeReport(context, {
        seeds,
        out,
        force,
        limits: traceLimits(options),
        ...(title !== undefined && { title }),
        ...(prices !== undefined && { prices }),
        ...(network !== undefined && { network }),
        ...(asOf !== undefined && { asOfHeight: asOf }),
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
  readonly prices?: string;
  readonly network?: NetworkName;
  readonly asOfHeight?: number;
}

/** Investigates a seed file and writes the report; `clew start` does the same as its last step. */
export async function makeReport(
  context: CommandContext,
  options: MakeReportOptions,
): Promise<{ result: InvestigateSeedsResult; files: readonly string[] }> {
  const { checkReportFolder, investigateSeeds, readInput, readPrices, writeReport } = await import(
    '../../pipeline/investigate-seeds.ts'
  );
  const { loadSiteKey } = await import('../../pipeline/site-key.ts');
  const file = readInput(options.seeds);
  const prices = options.prices === undefined ? undefined : readPrices(options.prices);
  const { limits, title, asOfHeight } = options;
  const inputs = [options.seeds, ...(options.prices === undefined ? [] : [options.prices])];
  checkReportFolder(options.out, options.force, inputs);
  const shown = context.progress('Investigating');
  let stages = 0;
  const result = await withNetwork(context, options.network, (open) =>
    investigateSeeds(open, file, {
      siteKey: loadSiteKey(context.data.keys),
      ...(title !== undefined && { title }),
      ...(prices !== undefined && { prices }),
      ...(asOfHeight !== undefined && { asOfHeight }),
      ...(limits !== undefined && { limits: bothWays(limits) }),
      onStage: (detail) => {
        stages += 1;
        shown.update({ done: stages, detail });
      },
    }),
  ).finally(() => shown.end());
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
    ['payers', payersText(summary.payerGroups, summary.payersMax)],
    ...out,
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
