/**
 * How the workspace database came to be, step by step. Steps are only ever added: a file of an
 * older version goes through the missing ones when it is opened, and none goes back.
 */
import { type Kysely, sql } from 'kysely';
import type { StoreSchema } from './store-schema.ts';

type Step = (db: Kysely<StoreSchema>) => Promise<void>;

/** Step n brings version n to n + 1. */
export const MIGRATIONS: readonly Step[] = [tagTables, priceTables];

/** The version that this Clew writes and reads. */
export const STORE_VERSION: number = MIGRATIONS.length;

async function tagTables(db: Kysely<StoreSchema>): Promise<void> {
  await db.schema
    .createTable('tag_pack')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('edition', 'text', (column) => column.notNull())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('creator', 'text', (column) => column.notNull())
    .addColumn('file_name', 'text', (column) => column.notNull())
    .addColumn('imported_at_seconds', 'integer', (column) => column.notNull())
    .addColumn('counts', 'text', (column) => column.notNull())
    .addUniqueConstraint('tag_pack_file', ['sha256', 'scope', 'edition'])
    .execute();
  await db.schema
    .createTable('tag_statement')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('pack_id', 'integer', (column) =>
      column.notNull().references('tag_pack.id').onDelete('cascade'),
    )
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('confidence', 'text', (column) => column.notNull())
    .addColumn('category', 'text', (column) => column.notNull())
    .addColumn('abuse', 'text')
    .addColumn('concepts', 'text', (column) => column.notNull())
    .addColumn('actor', 'text')
    .addColumn('lastmod_day', 'text')
    .addColumn('is_cluster_definer', 'integer', (column) => column.notNull())
    .addColumn('tag_type', 'text')
    .addColumn('context', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('tag_statement_pack').on('tag_statement').column('pack_id').execute();
  // Without a row id the key is the table: looking up a subject needs no second index, which halves
  // both the file and the time of an import.
  await db.schema
    .createTable('tag')
    .addColumn('network', 'text', (column) => column.notNull())
    .addColumn('said_about', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('statement_id', 'integer', (column) =>
      column.notNull().references('tag_statement.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('tag_subject', ['network', 'said_about', 'subject', 'statement_id'])
    .modifyEnd(sql`without rowid`)
    .execute();
}

async function priceTables(db: Kysely<StoreSchema>): Promise<void> {
  await db.schema
    .createTable('price_series')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('asset', 'text', (column) => column.notNull())
    .addColumn('currency', 'text', (column) => column.notNull())
    .addColumn('licence', 'text', (column) => column.notNull())
    .addColumn('clock', 'text')
    .addColumn('file_name', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('layout', 'text', (column) => column.notNull())
    .addColumn('column_name', 'text', (column) => column.notNull())
    .addColumn('first_day', 'text', (column) => column.notNull())
    .addColumn('last_day', 'text', (column) => column.notNull())
    .addColumn('days', 'integer', (column) => column.notNull())
    .addColumn('imported_at_seconds', 'integer', (column) => column.notNull())
    .addColumn('superseded_at_seconds', 'integer')
    .execute();
  await db.schema
    .createIndex('price_series_of')
    .on('price_series')
    .columns(['asset', 'currency', 'source'])
    .execute();
  // Without a row id the key is the table, in the order in which a series is read.
  await db.schema
    .createTable('price_rate')
    .addColumn('series_id', 'integer', (column) =>
      column.notNull().references('price_series.id').onDelete('cascade'),
    )
    .addColumn('day', 'integer', (column) => column.notNull())
    .addColumn('rate', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('price_rate_day', ['series_id', 'day'])
    .modifyEnd(sql`without rowid`)
    .execute();
}
