import { countText } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { readUrl, serverName } from '../esplora-options.ts';
import { jsonText } from '../output.ts';
import { forgetConsents } from '../remote-consent.ts';

export const esploraForgetCommand = defineCommand({
  name: 'esplora forget',
  about:
    'Takes back the consent to ask a server, or all of them. What the server answered stays in the data folder ' +
    '(<network>/esplora).',
  positionals: {
    server: { kind: 'text', value: 'URL', optional: true, help: 'the server; all when left out' },
  },
  options: { data: dataOptions.data, ...jsonOption },
  examples: ['clew esplora forget https://blockstream.info/api'],
  access: 'write',
  async run({ server, json }, context) {
    const name = server === undefined ? undefined : serverName(readUrl('URL', server));
    const forgotten = forgetConsents(context.data.path, name);
    const format = 'clew-esplora-forget/1';
    await context.stdout.write(
      json ? jsonText({ format, forgotten }) : `${countText(forgotten, 'consent')} taken back.\n`,
    );
  },
});
