import { amountText } from '../../chain/amount-text.ts';
import type { StatusAnswer } from '../../pipeline/answers/status-answer.ts';
import type { ServerStatusAnswer } from '../../pipeline/subgraph-network.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsText, jsonText } from '../output.ts';
import { withNetwork } from '../with-network.ts';

export const statusCommand = defineCommand({
  name: 'status',
  about:
    'Shows what has been indexed: the tip, and counts of blocks, transactions, addresses and clusters.',
  positionals: {},
  options: { ...dataOptions, ...esploraOptions, ...jsonOption },
  examples: ['clew status --json'],
  notes: [
    'Values in satoshi are strings in JSON. `fees` is null when some inputs spend outputs that lie ' +
      'outside what was indexed; `unknownInputs` counts those, `undoInputs` the ones that rev files told of.',
  ],
  access: 'read',
  async run({ json, ...options }, context) {
    const { withEsplora } = await import('../with-esplora.ts');
    const server = await withEsplora(context, options, (open) => open.serverStatus());
    if (server !== undefined) {
      await context.stdout.write(json ? jsonText(server.value) : serverText(server.value));
      return;
    }
    const answer = await withNetwork(context, options.network, (open) => open.status());
    await context.stdout.write(json ? jsonText(answer) : statusText(answer));
  },
});

function serverText({ network, kind, server, tip }: ServerStatusAnswer): string {
  return factsText([
    ['network', network],
    ['server', `${server} (${kind})`],
    ['tip', `${groupedNumber(tip.height)}, ${formatTime(tip.timeSeconds)}, ${tip.hash}`],
  ]);
}

/** What was indexed, for people. */
export function statusText(answer: StatusAnswer): string {
  const { tip, unspent, fees, clusters, windows } = answer;
  const number = (count: number): string => groupedNumber(count);
  return factsText([
    ['network', answer.network],
    ['tip', `${number(tip.height)}, ${formatTime(tip.timeSeconds)}, ${tip.hash}`],
    ...windows.map(
      ({ heightMin, heightMax }) =>
        ['heights', `${number(heightMin)} to ${number(heightMax)}`] as const,
    ),
    ['blocks', number(answer.blocks)],
    ['transactions', number(answer.transactions)],
    [
      'inputs',
      `${number(answer.inputs)}, ${number(answer.unknownInputs)} of them of unknown origin`,
    ],
    ...(answer.undoInputs === 0
      ? []
      : [
          [
            'by undo data',
            `${countText(answer.undoInputs, 'input')} from before the ledger`,
          ] as const,
        ]),
    ['outputs', number(answer.outputs)],
    ['addresses', number(answer.addresses)],
    ['clusters', clusters === null ? 'not clustered yet' : number(clusters)],
    [
      'unspent',
      `${countText(unspent.count, 'output')}, ${amountText(unspent.value, answer.network)}`,
    ],
    ['fees', fees === null ? 'not known in full' : amountText(fees, answer.network)],
  ]);
}
