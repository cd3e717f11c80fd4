import { countText } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { jsonText } from '../output.ts';
import { currenciesTyped } from '../price-options.ts';

export const pricesWithdrawCommand = defineCommand({
  name: 'prices withdraw',
  about: 'Uses a source of prices no longer, for example one that was imported by mistake.',
  positionals: { source: { kind: 'text', value: 'NAME', help: 'as clew prices list names it' } },
  options: {
    asset: { kind: 'text', value: 'TICKER', help: 'this coin alone', defaultHelp: 'all' },
    currency: { kind: 'text', value: 'CODE', help: 'this currency alone', defaultHelp: 'all' },
    data: dataOptions.data,
    ...jsonOption,
  },
  examples: ['clew prices withdraw yahoo --currency USD'],
  notes: [
    'Its files stay listed under `clew prices list --versions`; importing it again brings it back.',
  ],
  access: 'write',
  async run({ source, asset, currency, json }, context) {
    const { withdrawPrices } = await import('../../pipeline/price-workspace.ts');
    const [code] = currency === undefined ? [] : currenciesTyped([currency], 'currency');
    const withdrawn = await withdrawPrices(
      await context.session.store(),
      source,
      { ...(asset !== undefined && { asset }), ...(code !== undefined && { currency: code }) },
      context.clock.nowSeconds(),
    );
    if (json) {
      await context.stdout.write(jsonText({ format: 'clew-prices-withdraw/1', source, withdrawn }));
      return;
    }
    for (const one of withdrawn) {
      await context.stdout.write(
        `No longer used: ${countText(one.days, 'day')} of ${one.asset} in ${one.currency} by ${source}.\n`,
      );
    }
  },
});
