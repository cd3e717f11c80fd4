/** Parts that several commands print. */
import type { Tag } from '../attribution/tag.ts';
import { groupedNumber } from '../units/number-text.ts';
import { tableText } from './output.ts';

/** A page as the answers want it: no cursor at all for the first one. */
export function pageOf(
  limit: number,
  cursor: string | undefined,
): { limit: number; cursor?: string } {
  return cursor === undefined ? { limit } : { limit, cursor };
}

/** Tags with their source and how sure it is; all of them, those that disagree too. */
export function tagTable(tags: readonly { tag: Tag; addressCount?: number }[]): string {
  const rows = tags.map(({ tag, addressCount }) => [
    tag.label,
    tag.category,
    tag.status === 'active' ? tag.confidence : `${tag.confidence}, not confirmed`,
    tag.sourcePack.creator === '' ? tag.sourcePack.title : tag.sourcePack.creator,
    tag.lastmodDay ?? '',
    addressCount === undefined ? '' : groupedNumber(addressCount),
  ]);
  const table = tableText(
    [
      { title: 'Tag' },
      { title: 'Category' },
      { title: 'Confidence' },
      { title: 'Source' },
      { title: 'Day' },
      {
        title: tags.some(({ addressCount }) => addressCount !== undefined) ? 'Addresses' : '',
        align: 'right',
      },
    ],
    rows,
  );
  return table === '' ? '' : `\n${table}`;
}
