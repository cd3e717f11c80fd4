import { ClewError } from '../../errors.ts';
import type { PriceCheckAnswer } from '../../pipeline/answers/price-answers.ts';
import { parseHundredths } from '../../units/fiat-rate.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { jsonText, plainText, tableText } from '../output.ts';
import {
  assetAsked,
  checkCurrencies,
  currenciesTyped,
  storedBook,
  storedPricesOptions,
} from '../price-options.ts';
import { gapsText } from './prices-list.ts';

export const pricesCheckCommand = defineCommand({
  name: 'prices check',
  about:
    'Says what there is against the prices: days that are missing, days on which sources disagree, ' +
    'sources that seem to count days differently, and rates that stand out.',
  positionals: {},
  options: {
    ...storedPricesOptions,
    percent: {
      kind: 'text',
      value: 'X',
      default: '2',
      help: 'list days on which sources are further apart than this, in percent of the lower rate',
    },
    limit: {
      kind: 'count',
      value: 'N',
      min: 1,
      max: 100_000,
      default: 20,
      help: 'days to print; --json has all',
    },
    data: dataOptions.data,
    ...jsonOption,
  },
  examples: ['clew prices check', 'clew prices check --currency USD --percent 5'],
  access: 'read',
  async run(options, context) {
    const limit = parseHundredths(options.percent);
    if (limit === undefined) {
      throw new ClewError(
        'CLEW_USAGE',
        `--percent takes percents with at most two decimals, such as 2 or 0.5, not "${options.percent.slice(0, 20)}".`,
        { option: 'percent' },
      );
    }
    const book = await storedBook(context, await assetAsked(context, options.asset), []);
    const asked = currenciesTyped(options.currency, 'currency');
    checkCurrencies(book, asked);
    const { answerPriceCheck } = await import('../../pipeline/answers/price-answers.ts');
    const answer = answerPriceCheck(book, asked.length === 0 ? book.currencies : asked, limit);
    await context.stdout.write(options.json ? jsonText(answer) : checkText(answer, options.limit));
  },
});

type CurrencyCheck = PriceCheckAnswer['currencies'][number];

function checkText({ asset, limitPercent, currencies }: PriceCheckAnswer, shown: number): string {
  return currencies
    .map(
      (check) =>
        `${asset} in ${check.currency}: ${countText(check.days, 'day')}, of which ${groupedNumber(check.comparedDays)} by two sources or more\n` +
        `${sourcesText(check)}${comparisonText(check, limitPercent)}${disagreementText(check, limitPercent, shown)}${outstandingText(check, shown)}`,
    )
    .join('\n');
}

function sourcesText({ sources, uncovered }: CurrencyCheck): string {
  let text = '\n';
  for (const source of sources) {
    const taken = source.clock ?? `not stated when in the day (column ${source.column})`;
    text += `${plainText(source.source)}: ${countText(source.days, 'day')} from ${source.firstDay} to ${source.lastDay}, `;
    text += `${source.week}; ${plainText(taken)}.\n`;
    const gaps = gapsText(source);
    if (gaps !== '') text += `  ${gaps}`;
  }
  const without = uncovered.reduce((sum, { days }) => sum + days, 0);
  text +=
    without === 0
      ? 'No day from the first to the last is without a rate.\n'
      : `${countText(without, 'day')} between the first and the last ${without === 1 ? 'has' : 'have'} no rate from any source: ${uncovered
          .slice(0, 8)
          .map(({ firstDay, lastDay, days }) =>
            days === 1 ? firstDay : `${firstDay} to ${lastDay}`,
          )
          .join(', ')}${uncovered.length > 8 ? ' and more' : ''}.\n`;
  return text;
}

function comparisonText({ comparisons }: CurrencyCheck, limitPercent: string): string {
  if (comparisons.length === 0)
    return '\nNo two sources share a day: there is nothing to compare.\n';
  let text = `\n${tableText(
    [
      { title: 'Two sources' },
      { title: 'Shared days', align: 'right' },
      { title: 'Middle difference', align: 'right' },
      { title: `More than ${limitPercent} %`, align: 'right' },
    ],
    comparisons.map(({ sources, sharedDays, medianPercent, daysApart }) => [
      sources.join(', '),
      groupedNumber(sharedDays),
      `${medianPercent} %`,
      countText(daysApart, 'day'),
    ]),
  )}`;
  for (const { sources, shiftDays } of comparisons) {
    if (shiftDays === 0) continue;
    const [first, second] = sources.map(plainText);
    text +=
      `${second} fits ${first} far better a day ${shiftDays === 1 ? 'later' : 'earlier'}: one of them may stamp the rate of ` +
      'the opening and the other that of the close, or count its days in another time zone.\n';
  }
  return text;
}

function disagreementText(
  { disagreements }: CurrencyCheck,
  limitPercent: string,
  shown: number,
): string {
  if (disagreements.length === 0) return '';
  const rows = disagreements
    .slice(0, shown)
    .map(({ day, differencePercent, rates }) => [
      day,
      `${differencePercent} %`,
      rates.map(({ source, rate }) => `${source} ${groupedNumber(rate)}`).join(' < '),
    ]);
  const more = disagreements.length - rows.length;
  return (
    `\nDays with more than ${limitPercent} % between the lowest and the highest rate, widest first\n` +
    tableText(
      [{ title: 'Day (UTC)' }, { title: 'Apart', align: 'right' }, { title: 'Rates' }],
      rows,
    ) +
    (more > 0 ? `and ${countText(more, 'more day')}: --limit shows more, --json all\n` : '')
  );
}

function outstandingText({ standsOut }: CurrencyCheck, shown: number): string {
  if (standsOut.length === 0) return '';
  return `\nRates more than twice or less than half of both days beside them\n${tableText(
    [
      { title: 'Day (UTC)' },
      { title: 'Source' },
      { title: 'Day before', align: 'right' },
      { title: 'Rate', align: 'right' },
      { title: 'Day after', align: 'right' },
    ],
    standsOut
      .slice(0, shown)
      .map(({ day, source, before, rate, after }) => [day, source, before, rate, after]),
  )}`;
}
