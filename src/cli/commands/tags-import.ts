import type { NetworkName } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { dataOptions, jsonOption, progressOption } from '../common-options.ts';
import type { DataFolder } from '../data-folder.ts';
import { jsonText, tableText } from '../output.ts';

export const tagsImportCommand = defineCommand({
  name: 'tags import',
  about:
    'Imports what sources say about addresses: GraphSense TagPacks (YAML, also gzipped) and OFAC lists. ' +
    'Tags that disagree are all kept and shown.',
  positionals: {
    paths: {
      kind: 'path',
      value: 'PATH',
      many: true,
      help: 'files, or folders to search for them',
    },
  },
  options: {
    data: dataOptions.data,
    network: {
      ...dataOptions.network,
      help: 'whose tags to take; a test network takes none of the real ones',
      defaultHelp: 'the only one in the data folder, else main',
    },
    listSource: {
      kind: 'text',
      value: 'TEXT',
      help: 'whose lists the .txt files are, and where they were taken from',
      defaultHelp: 'the sanctions list of OFAC',
    },
    listDay: {
      kind: 'text',
      value: 'YYYY-MM-DD',
      help: 'the day on which the lists stood so: an address is sanctioned from a day',
      defaultHelp: 'not stated',
    },
    ...jsonOption,
    ...progressOption,
  },
  examples: ['clew tags import tagpacks/packs', 'clew tags import ofac --list-day 2024-09-27'],
  notes: [
    'A file that can not be read is reported and does not stop the others. The same file again changes ' +
      'nothing. Claims of child exploitation are kept apart until a named person confirms them.',
  ],
  access: 'write',
  async run({ paths, network, listSource, listDay, json }, context) {
    const lists = { ...(listSource && { listSource }), ...(listDay && { listDay }) };
    const result = await importPaths(context, paths, network ?? soleNetwork(context.data), lists);
    // The one reason why the one file was refused is told as the error.
    const [only] = result.files.length === 1 ? result.files : [];
    for (const problem of result.problems) {
      if (problem !== only?.problem) context.warn(problem);
    }
    const refused = result.files.filter(({ status }) => status === 'refused').length;
    if (json) await context.stdout.write(jsonText({ format: 'clew-tags-import/1', ...result }));
    else await context.stdout.write(summaryText(result));
    // Some of many may be bad; when all are, nothing was imported and that is an error.
    if (refused > 0 && refused === result.files.length) throw nothingImported(result);
  },
});

/** Under the reason's own code, where there is one reason. */
function nothingImported({ files }: Result): ClewError {
  const codes = new Set(files.map(({ problem }) => problem?.code ?? 'CLEW_TAGS_FORMAT'));
  const [code] = codes;
  const first = files[0]!.problem;
  if (files.length === 1 && first !== undefined) {
    return new ClewError(first.code, first.message, first.facts);
  }
  return new ClewError(
    codes.size === 1 ? code! : 'CLEW_TAGS_FORMAT',
    'None of the files could be imported; the reasons are listed above.',
    { files: files.length },
  );
}

/** Imports with progress; `clew start` does the same. */
export async function importPaths(
  context: CommandContext,
  paths: readonly string[],
  network: NetworkName,
  lists: { readonly listSource?: string; readonly listDay?: string } = {},
): Promise<Result> {
  const { importTags } = await import('../../attribution/import-tags.ts');
  const { OFAC_ORIGIN } = await import('../../attribution/ofac-list.ts');
  const { listDay, listSource } = lists;
  if (listDay !== undefined && !isDay(listDay)) {
    throw new ClewError('CLEW_USAGE', `--list-day ${listDay} is no day of the form YYYY-MM-DD.`, {
      option: 'list-day',
    });
  }
  const shown = context.progress('Importing', 'tags');
  const result = await importTags(paths, await context.session.store(), {
    network,
    listOrigin: {
      source: listSource ?? OFAC_ORIGIN.source,
      ...(listDay !== undefined && { day: listDay }),
    },
    importedAtSeconds: context.clock.nowSeconds(),
    signal: context.signal,
    onProgress: ({ tagsRead, filesDone, filesTotal }) =>
      shown.update({ done: tagsRead, detail: `file ${filesDone} of ${filesTotal}` }),
  }).finally(() => shown.end());
  context.session.refresh();
  return result;
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text;
}

function soleNetwork(data: DataFolder): NetworkName {
  const present = data.networks();
  return present.length === 1 ? present[0]! : 'main';
}

type Result = Awaited<ReturnType<typeof import('../../attribution/import-tags.ts').importTags>>;

function summaryText(result: Result): string {
  const { counts, otherChains, rejects, problemsLeftOut } = result;
  const byStatus = (status: string): number =>
    result.files.filter((file) => file.status === status).length;
  let text =
    `${countText(byStatus('imported'), 'file')} imported, ${byStatus('known')} known already, ` +
    `${byStatus('refused')} refused, ${result.filesPassedOver} passed over.\n` +
    `${countText(counts.read, 'tag')} read: ${groupedNumber(counts.active)} in use, ` +
    `${groupedNumber(counts.pending)} wait for a person, ${groupedNumber(counts.duplicate)} doubled, ` +
    `${groupedNumber(counts.otherChain)} of other chains, ${groupedNumber(counts.rejected)} rejected.\n`;
  const chains = Object.entries(otherChains).map(([chain, count]) => [chain, groupedNumber(count)]);
  const number = 'right' as const;
  if (chains.length > 0) {
    text += `\n${tableText([{ title: 'Other chain' }, { title: 'Tags', align: number }], chains)}`;
  }
  const reasons = rejects.map(({ reason, count }) => [reason, groupedNumber(count)]);
  if (reasons.length > 0) {
    text += `\n${tableText([{ title: 'Rejected because' }, { title: 'Tags', align: number }], reasons)}`;
  }
  if (problemsLeftOut > 0)
    text += `${groupedNumber(problemsLeftOut)} more problems are not listed.\n`;
  return text;
}
