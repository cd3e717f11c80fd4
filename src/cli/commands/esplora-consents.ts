import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { jsonText } from '../output.ts';
import { consentsText, listConsents } from '../remote-consent.ts';

export const esploraConsentsCommand = defineCommand({
  name: 'esplora consents',
  about: 'Lists the servers that somebody agreed to ask (--esplora), and since when.',
  positionals: {},
  options: { data: dataOptions.data, ...jsonOption },
  examples: ['clew esplora consents'],
  access: 'read',
  async run({ json }, context) {
    const consents = listConsents(context.data.path);
    await context.stdout.write(
      json ? jsonText({ format: 'clew-consents/1', consents }) : consentsText(consents),
    );
  },
});
