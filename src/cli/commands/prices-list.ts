import type { PriceListAnswer, PriceSourceFacts } from '../../pipeline/answers/price-answers.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { formatDay } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { jsonText, plainText, tableText } from '../output.ts';

/** Gaps of a source that are printed; the JSON has all. */
const GAPS_SHOWN = 8;

export const pricesListCommand = defineCommand({
  name: 'prices list',
  about:
    'Lists the sources of prices: which days each has and misses, under which licence, and in which order ' +
    'they count.',
  positionals: {},
  options: {
    asset: { kind: 'text', value: 'TICKER', help: 'this coin alone', defaultHelp: 'all' },
    versions: { kind: 'flag', help: 'also every file, and what was replaced by a newer one' },
    data: dataOptions.data,
    ...jsonOption,
  },
  examples: ['clew prices list'],
  access: 'read',
  async run({ asset, versions, json }, context) {
    const { loadPriceList } = await import('../../pipeline/price-workspace.ts');
    const answer = await loadPriceList(await context.session.store(), asset);
    await context.stdout.write(json ? jsonText(answer) : listText(answer, versions));
  },
});

function listText({ lists, rule }: PriceListAnswer, versions: boolean): string {
  if (lists.length === 0) return 'No prices are stored. Bring them in with `clew prices import`.\n';
  let text = '';
  for (const { asset, currency, sources } of lists) {
    text += `${text === '' ? '' : '\n'}${asset} in ${currency}\n${tableText(
      [
        { title: 'Order', align: 'right' },
        { title: 'Source' },
        { title: 'Days', align: 'right' },
        { title: 'From' },
        { title: 'To' },
        { title: 'Missing', align: 'right' },
        { title: 'Column' },
        { title: 'Taken at' },
        { title: 'Licence' },
      ],
      sources.map((source, i) => {
        const last = source.files.findLast((file) => file.supersededAtSeconds === null)!;
        return [
          `${i + 1}`,
          source.source,
          groupedNumber(source.days),
          source.firstDay,
          source.lastDay,
          groupedNumber(source.missingDays),
          last.column,
          last.clock ?? 'not stated',
          last.licence,
        ];
      }),
    )}`;
    for (const source of sources) text += gapsText(source);
    if (versions) text += `\n${versionsText(sources)}`;
  }
  return `${text}\nWhich rate counts: ${rule}. --price-source names another order.\n`;
}

/** `graphsense misses 26 days: 2011-06-20 to 2011-06-25, 2012-01-03`, or nothing. */
export function gapsText({ source, gaps, missingDays, week }: PriceSourceFacts): string {
  if (gaps.length === 0) return '';
  if (week === 'no weekends') {
    return `${plainText(source)} has no weekends; it misses ${countText(missingDays, 'day')} in all.\n`;
  }
  const named = gaps
    .slice(0, GAPS_SHOWN)
    .map(({ firstDay, lastDay, days }) => (days === 1 ? firstDay : `${firstDay} to ${lastDay}`));
  const more = gaps.length - named.length;
  return `${plainText(source)} misses ${countText(missingDays, 'day')}: ${named.join(', ')}${more > 0 ? ` and ${countText(more, 'more gap')}` : ''}.\n`;
}

function versionsText(sources: PriceListAnswer['lists'][number]['sources']): string {
  return tableText(
    [
      { title: 'Source' },
      { title: 'File' },
      { title: 'Days', align: 'right' },
      { title: 'Imported' },
      { title: 'In use' },
      { title: 'SHA-256' },
    ],
    sources.flatMap(({ source, files }) =>
      files.map((file) => [
        source,
        file.fileName,
        groupedNumber(file.days),
        formatDay(file.importedAtSeconds),
        file.supersededAtSeconds === null ? 'yes' : `until ${formatDay(file.supersededAtSeconds)}`,
        file.sha256,
      ]),
    ),
  );
}
