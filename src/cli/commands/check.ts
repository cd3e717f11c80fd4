import type { CheckAnswer, CheckResult } from '../../pipeline/check/check-network.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, HEIGHT_MAX, jsonOption, progressOption } from '../common-options.ts';
import { chooseNetwork } from '../data-folder.ts';
import { nodeOptions } from '../node-options.ts';
import { factsText, jsonText } from '../output.ts';
import { withNetwork } from '../with-network.ts';
import { withNode } from '../with-node.ts';

export const checkCommand = defineCommand({
  name: 'check',
  about:
    'Proves a ledger: headers, blocks read again from their files, every spend and value, counters, checksums, ' +
    'and that columns, tables, links and keys say the same. Names the first disagreement of each check.',
  positionals: {},
  options: {
    ...dataOptions,
    from: {
      kind: 'count',
      value: 'HEIGHT',
      min: 0,
      max: HEIGHT_MAX,
      help: 'first block to check',
      defaultHelp: 'the first of the ledger',
    },
    to: {
      kind: 'count',
      value: 'HEIGHT',
      min: 0,
      max: HEIGHT_MAX,
      help: 'last block to check',
      defaultHelp: 'the tip',
    },
    blocks: { kind: 'flag', on: true, help: 'do not read the block files again' },
    ...nodeOptions,
    threads: {
      kind: 'count',
      value: 'N',
      min: 0,
      max: 1_024,
      help: 'threads to work with; 0 does all in one',
      defaultHelp: 'as many as cores, or none for a small ledger',
    },
    ...jsonOption,
    ...progressOption,
  },
  examples: ['clew check', 'clew check --from 800000 --to 800999 --json', 'clew check --no-blocks'],
  notes: [
    'Exits with an error when anything disagrees. Nothing is changed: `clew index --rebuild-flow` makes links anew.',
    'What can not be checked is counted apart: targets of the first interval of a ledger that begins in mid-chain, ' +
      'fees where prevouts are unknown, blocks whose files are gone. Blocks that came from a node are read again with --rpc.',
    'While it runs nothing can be indexed; a running `clew serve` goes on answering.',
  ],
  // As a writer it waits for other writers, and they for it: what it looks at stays as it is.
  access: 'write',
  async run({ network, from, to, blocks, threads, json, ...options }, context) {
    const { checkError, checkNetwork } = await import('../../pipeline/check/check-network.ts');
    const progress = context.progress('Checking', 'rows');
    const name = chooseNetwork(context.data, network);
    const answer = await withNode(context, options, name, (node) =>
      withNetwork(context, name, (open) =>
        checkNetwork(open, {
          ...(from !== undefined && { heightMin: from }),
          ...(to !== undefined && { heightMax: to }),
          ...(threads !== undefined && { threads }),
          ...(node !== undefined && { node }),
          withoutBlocks: !blocks,
          signal: context.signal,
          onProgress: ({ done, share, check }) => progress.update({ done, share, detail: check }),
        }),
      ),
    ).finally(() => progress.end());
    await context.stdout.write(json ? jsonText(answer) : checkText(answer));
    if (!answer.isSound) throw checkError(answer);
  },
});

function checkText(answer: CheckAnswer): string {
  const { heights, tip, isWhole } = answer;
  const range =
    heights === null
      ? 'none'
      : `${groupedNumber(heights.heightMin)} to ${groupedNumber(heights.heightMax)}${isWhole ? ', the whole ledger' : ''}`;
  return factsText([
    ['network', answer.network],
    ['tip', `${groupedNumber(tip.height)}, ${tip.hash}`],
    ['heights', range],
    ...answer.checks.map((check) => [check.name, resultText(check)] as const),
    ['result', answer.isSound ? 'sound' : 'NOT SOUND'],
  ]);
}

function resultText({ status, counts, finding, reason }: CheckResult): string {
  if (finding !== undefined) {
    const facts = Object.entries(finding.facts).map(([name, value]) => `${name}=${value}`);
    return `FAILED: ${finding.what} ${facts.join(' ')}`;
  }
  if (status === 'skipped') return `left out: ${reason}`;
  const counted = Object.entries(counts).map(([name, count]) => countOf(name, count));
  return `ok: ${counted.join(', ')}`;
}

/** `unknownInputs`, 3: 3 unknown inputs. */
function countOf(name: string, count: number): string {
  const words = name.replaceAll('_', ' ').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${groupedNumber(count)} ${words}`;
}
