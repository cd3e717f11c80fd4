import type { WhyAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption } from '../common-options.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsSourceRows } from '../facts-source-text.ts';
import { factsText, jsonText } from '../output.ts';
import { withFacts } from '../with-network.ts';

export const whyCommand = defineCommand({
  name: 'why',
  about:
    'Shows why two addresses are in one cluster: the shortest chain of links, each with its transaction, ' +
    'rule and version.',
  positionals: {
    from: { kind: 'text', value: 'ADDRESS', help: 'one address' },
    to: { kind: 'text', value: 'ADDRESS', help: 'another address' },
  },
  options: { ...dataOptions, ...asOfOption, ...esploraOptions, ...jsonOption },
  examples: ['clew why 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa 12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX'],
  notes: ['When they are in different clusters it says so, with exit code 3.'],
  access: 'read',
  async run({ from, to, asOf, json, ...options }, context) {
    const answer = await withFacts(context, options, (open) => open.why(from, to, asOf), [
      from,
      to,
    ]);
    await context.stdout.write(json ? jsonText(answer) : whyText(answer));
  },
});

function whyText(answer: WhyAnswer): string {
  const { links } = answer;
  let text = factsText([
    ['from', answer.from],
    ['to', answer.to],
    ['cluster', answer.cluster],
    ['as of block', groupedNumber(answer.asOfHeight)],
    ...factsSourceRows(answer.factsSource, true),
    ['links', links.length === 0 ? 'none: it is the same address' : String(links.length)],
  ]);
  for (const [i, link] of links.entries()) {
    text += `\n${i + 1}. ${link.from}\n   ${link.to}\n`;
    text += `   ${reasonText(link)}\n   transaction ${link.txid}\n`;
    text += `   block ${groupedNumber(link.height)}, ${formatTime(link.timeSeconds)}\n`;
  }
  return text;
}

function reasonText(link: WhyAnswer['links'][number]): string {
  const inputs =
    link.inputFrom === null || link.inputTo === null
      ? ''
      : `, inputs ${link.inputFrom} and ${link.inputTo}`;
  const weaker = link.payjoinPossible ? '; it may be a PayJoin, which makes this link weaker' : '';
  return `by rule ${link.rule} version ${link.ruleVersion}${inputs}${weaker}`;
}
