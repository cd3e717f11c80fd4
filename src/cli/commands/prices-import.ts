import type { ImportPricesResult } from '../../pipeline/price-workspace.ts';
import { dayOfSeconds } from '../../units/day.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { jsonText, tableText } from '../output.ts';
import { currenciesTyped } from '../price-options.ts';
import { warnSome } from '../warn-some.ts';

export const pricesImportCommand = defineCommand({
  name: 'prices import',
  about:
    'Imports daily prices of a coin from a CSV file, or from a JSON list of days and rates. Several ' +
    'sources stand side by side; each value says whose rate it is made with.',
  positionals: { file: { kind: 'path', value: 'FILE', help: 'also gzipped, as .gz' } },
  options: {
    source: {
      kind: 'text',
      value: 'NAME',
      required: true,
      help: 'whose rates they are, as reports shall name it',
    },
    licence: {
      kind: 'text',
      value: 'TEXT',
      required: true,
      help: 'under which licence, or "none stated"',
    },
    asset: { kind: 'text', value: 'TICKER', default: 'BTC', help: 'the coin' },
    currency: {
      kind: 'text',
      value: 'CODE',
      help: 'in which currency the rates are',
      defaultHelp: 'as the columns are named',
    },
    column: {
      kind: 'text',
      value: 'NAME',
      help: 'column with the rates',
      defaultHelp: 'all that are named by a currency, else close or price',
    },
    dateColumn: {
      kind: 'text',
      value: 'NAME',
      help: 'column with the days',
      defaultHelp: 'date, day, timestamp…',
    },
    decimalComma: { kind: 'flag', help: 'rates have a comma before the decimals: 48424,31' },
    clock: {
      kind: 'text',
      value: 'TEXT',
      help: 'when in the day the rate was taken, such as "close, 24:00 UTC"',
      defaultHelp: 'not stated',
    },
    continue: {
      kind: 'flag',
      help: 'the file goes on from what the source has, and replaces nothing',
    },
    acceptFar: {
      kind: 'flag',
      help: 'take rates that are twice or half of what other sources say',
    },
    data: dataOptions.data,
    ...jsonOption,
  },
  examples: [
    'clew prices import BTC-USD.csv --source yahoo --licence "none stated" --currency USD',
    'clew prices import rates.csv --source graphsense --licence MIT',
  ],
  notes: [
    'A file of the same source, coin and currency is a new version: it replaces the one before, which is ' +
      'kept and no longer used. The same file again changes nothing.',
    'Days are UTC days. A rate is kept digit by digit as the file has it.',
  ],
  access: 'write',
  async run(options, context) {
    const { importPrices } = await import('../../pipeline/price-workspace.ts');
    const { file, source, licence, asset, column, dateColumn, clock, json } = options;
    const [currency] =
      options.currency === undefined ? [] : currenciesTyped([options.currency], 'currency');
    const importedAtSeconds = context.clock.nowSeconds();
    const result = await importPrices(await context.session.store(), {
      path: file,
      source: source.trim(),
      licence: licence.trim(),
      asset,
      decimalComma: options.decimalComma,
      goesOn: options.continue,
      acceptFar: options.acceptFar,
      importedAtSeconds,
      // Somewhere it is tomorrow already.
      lastDayMax: dayOfSeconds(importedAtSeconds) + 1,
      ...(currency !== undefined && { currency }),
      ...(column !== undefined && { column }),
      ...(dateColumn !== undefined && { dateColumn }),
      ...(clock !== undefined && { clock: clock.trim() }),
    });
    warnSome(result.problems, '`clew prices import --json` lists all', context);
    await context.stdout.write(
      json ? jsonText({ format: 'clew-prices-import/1', ...result }) : summaryText(result),
    );
  },
});

function summaryText({ source, asset, fileName, series }: ImportPricesResult): string {
  const rows = series.map((one) => {
    const { replaces } = one;
    const what =
      one.status === 'known'
        ? 'known already, nothing changed'
        : replaces === undefined
          ? 'imported'
          : `imported, replaces ${countText(replaces.days, 'day')}, ${groupedNumber(replaces.changedDays)} changed`;
    return [
      one.currency,
      one.column,
      groupedNumber(one.days),
      `${one.firstDay} to ${one.lastDay}`,
      what,
    ];
  });
  return `Prices of ${asset} by ${source}, from ${fileName}\n\n${tableText(
    [
      { title: 'Currency' },
      { title: 'Column' },
      { title: 'Days', align: 'right' },
      { title: 'From, to' },
      { title: '' },
    ],
    rows,
  )}`;
}
