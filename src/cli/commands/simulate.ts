import type { CoinSummary } from '../../simulate/coin-scenario.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { defineCommand } from '../command.ts';
import { jsonOption, progressOption } from '../common-options.ts';
import { factsText, jsonText } from '../output.ts';

function coinText({ outDir, network, blocks, tip, scenarios }: CoinSummary): string {
  let text = factsText([
    ['folder', outDir],
    ['network', network],
    ['blocks', `${groupedNumber(blocks)}, tip ${tip.hash}`],
  ]);
  for (const [name, { note, txids, addresses }] of Object.entries(scenarios)) {
    text += `\n${name}: ${note}\n`;
    for (const txid of txids) text += `  transaction  ${txid}\n`;
    for (const address of addresses) text += `  address      ${address}\n`;
  }
  return `${text}\nNext: clew index --blocks ${outDir}/blocks --network ${network}\n`;
}

export const simulateCommand = defineCommand({
  name: 'simulate',
  about:
    'Makes an economy of which everything is known: block files, who owns which address and why each ' +
    'payment was made, an incomplete TagPack, prices, and a sample seed set.',
  positionals: {},
  options: {
    out: { kind: 'path', value: 'DIR', required: true, help: 'folder to write into' },
    transactions: {
      kind: 'count',
      value: 'N',
      min: 1,
      max: 50_000_000,
      default: 20_000,
      help: 'how many transactions, coinbases included',
    },
    coin: {
      kind: 'choice',
      value: 'CHAIN',
      choices: ['litecoin-mweb', 'dogecoin-auxpow', 'dash-special', 'bitcoincash-order'],
      help: 'instead: a chain of ten blocks with what those of another coin have and Bitcoin’s have not',
    },
    seed: { kind: 'text', value: 'TEXT', default: '1', help: 'same seed, same bytes' },
    force: { kind: 'flag', help: 'write over an earlier simulation in that folder' },
    ...jsonOption,
    ...progressOption,
  },
  examples: [
    'clew simulate --out sample --transactions 20000 --seed 7',
    'clew simulate --out coin --coin litecoin-mweb',
  ],
  notes: ['docs/methods/simulated-economy.md says who lives in it and what the files hold.'],
  access: 'none',
  async run({ out, transactions, seed, coin, force, json }, { stdout, signal, progress }) {
    if (coin !== undefined) {
      const { writeCoinSample } = await import('../../simulate/coin-scenario.ts');
      const sample = writeCoinSample(out, coin, force);
      await stdout.write(
        json ? jsonText({ format: 'clew-simulate-coin/1', ...sample }) : coinText(sample),
      );
      return;
    }
    const { simulate } = await import('../../simulate/simulate.ts');
    const shown = progress('Simulating', 'tx');
    const summary = await simulate({
      outDir: out,
      transactions,
      seed,
      force,
      signal,
      onProgress: ({ transactions: done, transactionsWanted, height }) =>
        shown.update({ done, total: transactionsWanted, detail: `height ${height}` }),
    }).finally(() => shown.end());
    if (json) {
      await stdout.write(jsonText({ format: 'clew-simulate/1', ...summary }));
      return;
    }
    await stdout.write(
      `${factsText([
        ['folder', summary.outDir],
        ['seed', summary.seed],
        ['blocks', `${groupedNumber(summary.blocks)}, tip ${summary.tip.hash}`],
        ['transactions', groupedNumber(summary.transactions)],
        ['block files', `${groupedNumber(summary.blockBytes)} bytes`],
        ['actors', groupedNumber(summary.actors)],
        ['addresses', groupedNumber(summary.addresses)],
        ['tags', `${groupedNumber(summary.tags)}, of them ${summary.wrongTags} wrong on purpose`],
        ['seed set', `${groupedNumber(summary.seeds)} lines`],
      ])}\nNext: clew index --blocks ${summary.outDir}/blocks\n`,
    );
  },
});
