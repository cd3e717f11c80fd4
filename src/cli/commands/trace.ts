import { describeCommand } from '../command.ts';
import {
  asOfOption,
  dataOptions,
  jsonOption,
  progressOption,
  traceOptions,
} from '../common-options.ts';

export const traceCommand = describeCommand({
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
    ...traceOptions,
    ...dataOptions,
    ...asOfOption,
    ...jsonOption,
    ...progressOption,
  },
  examples: [
    'clew trace 12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S --direction forward --depth 10',
    'clew trace f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16:1 --direction backward',
  ],
  notes: ['What is followed and what it ends in adds up to the satoshi, fees included.'],
  access: 'read',
});
