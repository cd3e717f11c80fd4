import { amountText } from '../../chain/amount-text.ts';
import { ClewError } from '../../errors.ts';
import type { SeedSet } from '../../intake/seeds.ts';
import type { PricedTrace } from '../../pipeline/fiat-answers.ts';
import type { FiatTotal } from '../../report/report-format.ts';
import type { TraceView } from '../../trace/trace-view.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import {
  asOfOption,
  dataOptions,
  jsonOption,
  limitOptions,
  progressOption,
  traceLimits,
} from '../common-options.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsSourceRows } from '../facts-source-text.ts';
import { factsText, jsonText, plainText, tableText } from '../output.ts';
import { fiatAsked, fiatOptions, pricesText } from '../price-options.ts';
import { tellingOfSeeds, warnOfSeeds } from '../seed-warnings.ts';
import { withFacts } from '../with-network.ts';

/** Ends that are printed; the JSON has more. */
const LEAVES_SHOWN = 20;

export const traceCommand = defineCommand({
  name: 'trace',
  about:
    'Follows coins from outputs or addresses, forward to where they went or backward to where they came ' +
    'from, and says at each end why it stopped there.',
  positionals: {
    subjects: {
      kind: 'text',
      value: 'SUBJECT',
      many: true,
      optional: true,
      help: 'addresses, or outputs as TXID:N',
    },
  },
  options: {
    seeds: {
      kind: 'path',
      value: 'FILE',
      help: 'start from a whole seed file (see clew investigate)',
    },
    direction: {
      kind: 'choice',
      value: 'WAY',
      choices: ['forward', 'backward'],
      default: 'forward',
      help: 'forward or backward',
    },
    method: {
      kind: 'choice',
      value: 'METHOD',
      choices: ['fifo', 'haircut'],
      default: 'fifo',
      help: 'fifo: first in, first out; haircut: each output takes its share of every input',
    },
    ...limitOptions,
    stopAtServices: {
      kind: 'flag',
      on: true,
      help: 'follow through tagged services too, where ownership shows no more in the chain',
    },
    stopAtCoinjoins: {
      kind: 'flag',
      on: true,
      help: 'follow through CoinJoins too (haircut only)',
    },
    ...dataOptions,
    ...asOfOption,
    ...fiatOptions,
    ...esploraOptions,
    ...jsonOption,
    ...progressOption,
  },
  examples: [
    'clew trace 12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S --direction forward --depth 20',
    'clew trace f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16:1 --direction backward',
  ],
  notes: ['What is followed and what it ends in adds up to the satoshi, fees included.'],
  access: 'read',
  async run(options, context) {
    const { subjects, seeds, direction, method, asOf, json } = options;
    if ((subjects.length === 0) === (seeds === undefined)) {
      const wanted = 'Name addresses or outputs, or a file with --seeds';
      throw new ClewError(
        'CLEW_USAGE',
        seeds === undefined ? `${wanted}.` : `${wanted}, not both.`,
        {
          command: 'trace',
        },
      );
    }
    const { traceSubjects } = await import('../../pipeline/trace-subjects.ts');
    const from = seeds === undefined ? { subjects } : await seedSubjects(seeds, context);
    const view = await tellingOfSeeds(context, () =>
      withFacts(
        context,
        options,
        (open) =>
          traceSubjects(open, from, {
            direction,
            method,
            limits: traceLimits(options),
            passServices: !options.stopAtServices,
            passMixes: !options.stopAtCoinjoins,
            ...(asOf !== undefined && { asOfHeight: asOf }),
          }),
        subjects,
      ),
    );
    const fiat = await fiatAsked(context, view.derivation.network, options);
    const { priceTrace } = await import('../../pipeline/fiat-answers.ts');
    const answer = fiat === undefined ? view : priceTrace(view, fiat.book, fiat.currencies);
    await context.stdout.write(json ? jsonText(answer) : traceText(answer));
  },
});

async function seedSubjects(path: string, context: CommandContext) {
  const { readInput } = await import('../../pipeline/investigate-seeds.ts');
  const { loadSiteKey } = await import('../../pipeline/site-key.ts');
  return {
    seedFile: readInput(path),
    siteKey: loadSiteKey(context.data.keys),
    otherNetworks: context.data.networks(),
    onSeedSet: (set: SeedSet) => warnOfSeeds(set, context),
  };
}

function traceText(view: TraceView | PricedTrace): string {
  const { derivation, stops, services, leavesOmitted } = view;
  const leaves: PricedTrace['leaves'] = view.leaves;
  const names = new Map(services.map(({ service }) => [service.key, service.name]));
  const amount = (sats: string | number): string => amountText(sats, derivation.network);
  const number = 'right' as const;
  let text = factsText([
    ['trace', `${view.direction}, ${view.method}, as of block ${groupedNumber(view.asOfHeight)}`],
    ['from', countText(view.sources.length + view.sourcesOmitted, 'output')],
    ['followed', amount(view.tracedSats)],
    ['looked at', countText(view.transactionsVisited, 'transaction')],
    ...factsSourceRows(derivation.factsSource, true),
    ...(view.placesNotLookedAt > 0
      ? [
          [
            'not looked at',
            `${countText(view.placesNotLookedAt, 'place')}: see --max-transactions`,
          ] as const,
        ]
      : []),
  ]);
  const stopRows = stops.map(({ reason, places, totalSats }) => [
    reasonText(reason),
    groupedNumber(places),
    amount(totalSats),
  ]);
  text += `\n${tableText([{ title: 'Ended at' }, { title: 'Places', align: number }, { title: 'Amount', align: number }], stopRows)}`;
  const currencies = 'prices' in view ? (view.prices?.currencies ?? []) : [];
  const serviceRows = services.map((row) => [
    row.service.name,
    row.service.category,
    groupedNumber(row.places),
    amount(row.totalSats),
    ...currencies.map((code) => valueText('fiat' in row ? row.fiat?.[code] : undefined)),
    groupedNumber(row.hopsMin),
  ]);
  const serviceTable = tableText(
    [
      { title: 'Service' },
      { title: 'Category' },
      { title: 'Places', align: number },
      { title: 'Amount', align: number },
      ...currencies.map((title) => ({ title, align: number })),
      { title: 'Hops', align: number },
    ],
    serviceRows,
  );
  if (serviceTable !== '') text += `\n${serviceTable}`;
  const shown = leaves.slice(0, LEAVES_SHOWN);
  if (shown.length > 0) text += `\nLargest ends\n`;
  for (const leaf of shown) {
    const where = leaf.address === undefined ? '' : `, ${plainText(leaf.address)}`;
    text += `${String(leaf.rank).padStart(3)}. ${amount(leaf.amountSats)}  ${reasonText(leaf.reason)}`;
    text += `${leaf.service === undefined ? '' : ` ${plainText(names.get(leaf.service) ?? leaf.service)}`}${where}\n`;
    text += `     ${leaf.outpoint}, ${countText(leaf.hops, 'hop')}, ${formatTime(leaf.timeSeconds)}\n`;
    for (const [code, { value, rate, source }] of Object.entries(leaf.fiat ?? {})) {
      text += `     ${groupedNumber(value)} ${code}, at ${groupedNumber(rate)} by ${plainText(source)}\n`;
    }
  }
  const more = leaves.length - shown.length + leavesOmitted;
  if (more > 0)
    text += `     and ${countText(more, 'more end', 'more ends')}; --json lists more of them\n`;
  return 'prices' in view ? `${text}${pricesText(view.prices)}` : text;
}

/** A sum of values; what has no rate is not in it, and that is said. */
function valueText(total: FiatTotal | undefined): string {
  if (total === undefined || total.pricedAmounts === 0) return 'unknown';
  const { value, unpricedAmounts } = total;
  return `${groupedNumber(value)}${unpricedAmounts > 0 ? ` (${unpricedAmounts} without a rate)` : ''}`;
}

/** Reasons are words already, but for the line that joins two. */
function reasonText(reason: string): string {
  return reason.replaceAll('_', ' ');
}
