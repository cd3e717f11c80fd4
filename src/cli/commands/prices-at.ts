import { ClewError } from '../../errors.ts';
import type { PriceAtAnswer } from '../../pipeline/answers/price-answers.ts';
import { formatCoins, SATS_PER_COIN } from '../../units/amount.ts';
import { dayNumber } from '../../units/day.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { factsText, jsonText } from '../output.ts';
import {
  assetAsked,
  checkCurrencies,
  currenciesTyped,
  priceSourceOption,
  storedBook,
  storedPricesOptions,
} from '../price-options.ts';

export const pricesAtCommand = defineCommand({
  name: 'prices at',
  about:
    'Shows the rate of a day (UTC): whose it is, what other sources say, and which sources do not have the day.',
  positionals: { day: { kind: 'text', value: 'DATE', help: 'a day, YYYY-MM-DD' } },
  options: {
    ...storedPricesOptions,
    amount: { kind: 'text', value: 'COINS', help: 'also the value of so many coins, such as 0.5' },
    ...priceSourceOption,
    data: dataOptions.data,
    ...jsonOption,
  },
  examples: ['clew prices at 2021-03-04 --currency EUR --amount 0.5'],
  notes: ['A day that no source has, has no rate: no other day stands in for it.'],
  access: 'read',
  async run(options, context) {
    const { day, json } = options;
    if (dayNumber(day) === undefined) {
      throw new ClewError('CLEW_USAGE', `"${day.slice(0, 20)}" is no day of the form YYYY-MM-DD.`, {
        argument: 'DATE',
      });
    }
    const amount = options.amount === undefined ? undefined : amountTyped(options.amount);
    const asset = await assetAsked(context, options.asset);
    const book = await storedBook(context, asset, options.priceSource);
    const asked = currenciesTyped(options.currency, 'currency');
    checkCurrencies(book, asked);
    const { answerPriceAt } = await import('../../pipeline/answers/price-answers.ts');
    const answer = answerPriceAt(book, asked.length > 0 ? asked : book.currencies, day, amount);
    await context.stdout.write(json ? jsonText(answer) : atText(answer));
  },
});

/** Coins as typed, in satoshi. */
function amountTyped(text: string): bigint {
  const match = /^(\d{1,10})(?:\.(\d{1,8}))?$/.exec(text);
  if (match !== null) {
    return BigInt(match[1]!) * BigInt(SATS_PER_COIN) + BigInt((match[2] ?? '').padEnd(8, '0'));
  }
  throw new ClewError(
    'CLEW_USAGE',
    `--amount takes coins with at most eight decimals, such as 0.5, not "${text.slice(0, 20)}".`,
    { option: 'amount' },
  );
}

function atText({ asset, day, amountSats, currencies, rule }: PriceAtAnswer): string {
  let text = `${asset} on ${day} (UTC)\n`;
  for (const row of currencies) {
    const { currency } = row;
    const facts: (readonly [string, string])[] = [];
    if (row.rate === null) facts.push([currency, 'no rate, so no value']);
    else {
      facts.push([currency, `${groupedNumber(row.rate)} by ${row.source}`]);
      if (row.value !== null) {
        const coins = formatCoins(BigInt(amountSats!));
        facts.push(['value', `${groupedNumber(row.value)} ${currency} for ${coins} ${asset}`]);
      }
      if (row.passedOver.length > 0) {
        facts.push(['passed over', `${row.passedOver.join(', ')}: without this day`]);
      }
    }
    if (row.others.length > 0) {
      const others = row.others.map(({ source, rate }) => `${groupedNumber(rate)} by ${source}`);
      facts.push(['others', others.join(', ')]);
      if (row.differencePercent !== null) {
        facts.push(['apart', `${row.differencePercent} % from the lowest to the highest`]);
      }
    }
    if (row.without.length > 0) {
      const without = row.without.map(({ source, before, after }) => {
        const days = [before, after].filter((one) => one !== null);
        return `${source} (nearest: ${days.join(', ')})`;
      });
      facts.push(['not there', without.join(', ')]);
    }
    text += `\n${factsText(facts)}`;
  }
  return `${text}\nWhich rate counts: ${rule}.\n`;
}
