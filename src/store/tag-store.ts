/**
 * Tags at rest. This file knows rows, not meanings: what a category or a confidence says is
 * decided in `attribution`.
 */
import type { Insertable, Kysely, Selectable } from 'kysely';
import { insertRows } from './insert-rows.ts';
import type { Store } from './open-store.ts';
import type { StoreSchema, TagPackTable, TagStatementTable, TagTable } from './store-schema.ts';

export type TagPackRow = Selectable<TagPackTable>;
export type TagStatementRow = Selectable<TagStatementTable>;

/** A statement with the subjects that it is made about. */
export interface NewStatement extends Omit<Insertable<TagStatementTable>, 'id' | 'pack_id'> {
  readonly subjects: readonly Omit<TagTable, 'statement_id'>[];
}

/** What makes two files the same for us. */
export type TagPackKey = Pick<TagPackRow, 'sha256' | 'scope' | 'edition'>;

/** Find an imported file by its content. */
export async function findTagPack(store: Store, key: TagPackKey): Promise<TagPackRow | undefined> {
  return await store.db
    .selectFrom('tag_pack')
    .selectAll()
    .where('sha256', '=', key.sha256)
    .where('scope', '=', key.scope)
    .where('edition', '=', key.edition)
    .executeTakeFirst();
}

/**
 * Keep one file's tags: all of them or, when anything fails, none.
 *
 * @returns the pack's id, or undefined when another process has stored the same file meanwhile
 * @throws {ClewError} CLEW_NO_SPACE, CLEW_DATA_BUSY
 */
export async function addTagPack(
  store: Store,
  pack: Insertable<TagPackTable>,
  statements: readonly NewStatement[],
): Promise<number | undefined> {
  return await store.db.transaction().execute(async (db) => {
    const added = await db
      .insertInto('tag_pack')
      .values(pack)
      .onConflict((conflict) => conflict.columns(['sha256', 'scope', 'edition']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (added === undefined) return undefined;
    await addStatements(db, added.id, statements);
    return added.id;
  });
}

const STATEMENT_COLUMNS = [
  'id',
  'pack_id',
  'label',
  'source',
  'confidence',
  'category',
  'abuse',
  'concepts',
  'actor',
  'lastmod_day',
  'is_cluster_definer',
  'tag_type',
  'context',
  'status',
] as const;

const TAG_COLUMNS = ['network', 'said_about', 'subject', 'statement_id'] as const;

async function addStatements(
  db: Kysely<StoreSchema>,
  packId: number,
  statements: readonly NewStatement[],
): Promise<void> {
  const last = await db
    .selectFrom('tag_statement')
    .select((of) => of.fn.max('id').as('id'))
    .executeTakeFirst();
  let statementId = last?.id ?? 0;
  const rows: (string | number | null)[] = [];
  const tags: TagTable[] = [];
  for (const { subjects, ...statement } of statements) {
    statementId += 1;
    const row: TagStatementRow = {
      abuse: null,
      actor: null,
      lastmod_day: null,
      tag_type: null,
      context: null,
      ...statement,
      id: statementId,
      pack_id: packId,
    };
    for (const column of STATEMENT_COLUMNS) rows.push(row[column]);
    for (const subject of subjects) tags.push({ ...subject, statement_id: statementId });
  }
  await insertRows(db, 'tag_statement', STATEMENT_COLUMNS, rows);
  // In the order of the key the pages of the table fill one after the other.
  tags.sort((a, b) => (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0));
  const values: (string | number)[] = [];
  for (const tag of tags) for (const column of TAG_COLUMNS) values.push(tag[column]);
  await insertRows(db, 'tag', TAG_COLUMNS, values);
}

/** All packs that were imported, oldest first. */
export async function readTagPacks(store: Store): Promise<TagPackRow[]> {
  return await store.db.selectFrom('tag_pack').selectAll().orderBy('id').execute();
}

/**
 * All statements about subjects on a network.
 */
export async function readStatements(store: Store, network: string): Promise<TagStatementRow[]> {
  return await store.db
    .selectFrom('tag_statement')
    .selectAll()
    .where(
      'id',
      'in',
      store.db.selectFrom('tag').select('statement_id').where('network', '=', network),
    )
    .orderBy('id')
    .execute();
}

/**
 * Every tag on a network, in order of its subject. Streamed: there may be millions.
 */
export function readTags(
  store: Store,
  network: string,
): AsyncIterableIterator<Omit<TagTable, 'network'>> {
  return store.db
    .selectFrom('tag')
    .select(['said_about', 'subject', 'statement_id'])
    .where('network', '=', network)
    .orderBy('said_about')
    .orderBy('subject')
    .orderBy('statement_id')
    .stream(5_000);
}

/** The statements about one subject, for a look-up that needs no index in memory. */
export async function readStatementsAbout(
  store: Store,
  subject: Omit<TagTable, 'statement_id'>,
): Promise<TagStatementRow[]> {
  return await store.db
    .selectFrom('tag')
    .innerJoin('tag_statement', 'tag_statement.id', 'tag.statement_id')
    .selectAll('tag_statement')
    .where('tag.network', '=', subject.network)
    .where('tag.said_about', '=', subject.said_about)
    .where('tag.subject', '=', subject.subject)
    .orderBy('tag_statement.id')
    .execute();
}

/** Values that one query carries: SQLite takes at most 32,766. */
const VALUES_MAX = 5_000;

/**
 * The tags of some addresses on a network, in the order of `readTags`, with what they state.
 *
 * @param addresses each once
 */
export async function readTagsOf(
  store: Store,
  network: string,
  addresses: readonly string[],
): Promise<{ tags: Pick<TagTable, 'subject' | 'statement_id'>[]; statements: TagStatementRow[] }> {
  const tags: Pick<TagTable, 'subject' | 'statement_id'>[] = [];
  for (const subjects of chunks([...addresses].sort())) {
    const found = store.db
      .selectFrom('tag')
      .select(['subject', 'statement_id'])
      .where('network', '=', network)
      .where('said_about', '=', 'address')
      .where('subject', 'in', subjects)
      .orderBy('subject')
      .orderBy('statement_id');
    tags.push(...(await found.execute()));
  }
  const statements: TagStatementRow[] = [];
  const ids = new Set(tags.map((tag) => tag.statement_id));
  for (const some of chunks([...ids].sort((a, b) => a - b))) {
    const found = store.db.selectFrom('tag_statement').selectAll().where('id', 'in', some);
    statements.push(...(await found.orderBy('id').execute()));
  }
  return { tags, statements };
}

function* chunks<T>(values: readonly T[]): Generator<T[]> {
  for (let i = 0; i < values.length; i += VALUES_MAX) yield values.slice(i, i + VALUES_MAX);
}
