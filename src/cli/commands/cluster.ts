import type { ClusterAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption, pageOptions } from '../common-options.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsSourceRows } from '../facts-source-text.ts';
import { factsText, jsonText, plainText } from '../output.ts';
import { pageOf, tagTable } from '../page-text.ts';
import { historyTable, sumFacts } from '../sums-text.ts';
import { withFacts } from '../with-network.ts';

export const clusterCommand = defineCommand({
  name: 'cluster',
  about:
    'Shows the cluster of an address: its run, its id, its size, what it received and sent, its tags, and its ' +
    'members or its history by pages. ' +
    'A cluster is what a rule groups, not a person.',
  positionals: { address: { kind: 'text', value: 'ADDRESS', help: 'any member' } },
  options: {
    ...dataOptions,
    ...asOfOption,
    history: { kind: 'flag', help: 'list the transactions, newest first, instead of the members' },
    ...pageOptions,
    ...esploraOptions,
    ...jsonOption,
  },
  examples: ['clew cluster 12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S --json'],
  access: 'read',
  async run({ address, asOf, history, limit, cursor, json, ...options }, context) {
    const page = pageOf(limit, cursor);
    const list = history ? 'history' : 'members';
    const answer = await withFacts(
      context,
      options,
      (open) => open.cluster(address, page, asOf, list),
      [address],
    );
    await context.stdout.write(json ? jsonText(answer) : clusterText(answer));
  },
});

function clusterText(answer: ClusterAnswer): string {
  const { service, size, members, history, nextCursor } = answer;
  let text = factsText([
    ['cluster', answer.id],
    ['run', `${answer.run}, profile ${answer.profile}`],
    ['rules', answer.rules.map(({ id, version }) => `${id} version ${version}`).join(', ')],
    ['as of block', groupedNumber(answer.asOfHeight)],
    ['addresses', groupedNumber(size.addresses)],
    ['scripts', groupedNumber(size.scripts)],
    ...factsSourceRows(answer.factsSource, true),
    ...sumFacts(answer, answer.network),
    ...(service === null
      ? []
      : [
          [
            'service',
            `${service.name} (${service.category}), according to ${service.tags.length} tags` +
              (service.conflicting ? '; sources disagree' : ''),
          ] as const,
        ]),
  ]);
  text += tagTable(answer.tags);
  text +=
    history === undefined
      ? `\nMembers\n${members.map((member) => `${plainText(member)}\n`).join('')}`
      : `\n${historyTable(history, answer.network)}`;
  if (nextCursor !== undefined) text += `\nMore: --cursor ${nextCursor}\n`;
  return text;
}
