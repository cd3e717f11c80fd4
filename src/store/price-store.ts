/**
 * Prices at rest. A file of rates goes in as a new version of its source; the version before is kept and marked as
 * superseded, so that what a report was made with can always be looked up.
 */
import type { Insertable, Selectable } from 'kysely';
import { insertRows } from './insert-rows.ts';
import type { Store } from './open-store.ts';
import type { PriceSeriesTable } from './store-schema.ts';

export type PriceSeriesRow = Selectable<PriceSeriesTable>;

/** A series with its rates by day, ascending. */
export interface NewPriceSeries
  extends Omit<Insertable<PriceSeriesTable>, 'id' | 'superseded_at_seconds' | 'days'> {
  readonly rates: ReadonlyMap<number, string>;
}

const RATE_COLUMNS = ['series_id', 'day', 'rate'] as const;

/**
 * Keep some series: all of them or, when anything fails, none.
 *
 * @param supersede whether what the same source said of the same coin and currency before is no longer used
 * @throws {ClewError} CLEW_NO_SPACE, CLEW_DATA_BUSY
 */
export async function addPriceSeries(
  store: Store,
  series: readonly NewPriceSeries[],
  supersede: boolean,
): Promise<void> {
  await store.db.transaction().execute(async (db) => {
    for (const { rates, ...row } of series) {
      if (supersede) {
        await db
          .updateTable('price_series')
          .set({ superseded_at_seconds: row.imported_at_seconds })
          .where('source', '=', row.source)
          .where('asset', '=', row.asset)
          .where('currency', '=', row.currency)
          .where('superseded_at_seconds', 'is', null)
          .execute();
      }
      const { id } = await db
        .insertInto('price_series')
        .values({ ...row, days: rates.size })
        .returning('id')
        .executeTakeFirstOrThrow();
      const values: (string | number)[] = [];
      for (const [day, rate] of rates) values.push(id, day, rate);
      await insertRows(db, 'price_rate', RATE_COLUMNS, values);
    }
  });
}

/**
 * What was imported, in the order of import.
 *
 * @param asset of one coin alone; of all unless given
 */
export async function readPriceSeries(store: Store, asset?: string): Promise<PriceSeriesRow[]> {
  const all = store.db.selectFrom('price_series').selectAll().orderBy('id');
  return await (asset === undefined ? all : all.where('asset', '=', asset)).execute();
}

/** The rates of a series by day, ascending. */
export async function readPriceRates(
  store: Store,
  seriesId: number,
): Promise<ReadonlyMap<number, string>> {
  const rows = await store.db
    .selectFrom('price_rate')
    .select(['day', 'rate'])
    .where('series_id', '=', seriesId)
    .orderBy('day')
    .execute();
  return new Map(rows.map(({ day, rate }) => [day, rate]));
}

/** No longer use some series; their rates are kept. */
export async function supersedePriceSeries(
  store: Store,
  ids: readonly number[],
  atSeconds: number,
): Promise<void> {
  await store.db
    .updateTable('price_series')
    .set({ superseded_at_seconds: atSeconds })
    .where('id', 'in', ids)
    .execute();
}
