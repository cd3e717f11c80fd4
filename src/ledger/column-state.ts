/**
 * What must be remembered about a column beside its files, as plain JSON: kept in the record of the tip (append-only
 * columns) or in the manifest of the checkpoint (columns that change in place).
 */
export interface ColumnState {
  /** Rows that count. */
  readonly rows: number;
  /** CRC-32 of the rows of the last page, when it is not full, for each plane; 0 when there is no such page. */
  readonly tailCrc: readonly number[];
  /** States of the lists that belong to the column (rare values, code table). */
  readonly lists?: readonly ColumnState[];
}

/** Where a column is kept. */
export interface ColumnPlace {
  readonly folder: string;
  /** Name of the column and, with endings, of its files. */
  readonly name: string;
  readonly networkMagic: number;
  /** How far the column counts; absent for a new, empty one, which replaces files of that name. */
  readonly state?: ColumnState | undefined;
  /** Absent: true. */
  readonly writable?: boolean;
}

export interface ColumnOptions {
  /**
   * Rows are set again after they were pushed, so the files stay as of the last checkpoint until the next one
   * is complete (see `checkpoint-journal.ts`).
   */
  readonly mutable?: boolean;
}

/** The first page of a column that does not hold what was written. */
export interface ColumnDamage {
  readonly column: string;
  readonly path: string;
  readonly page: number;
  readonly rowMin: number;
  readonly rowMax: number;
}
