/** Hands the undo data beside a source's block files to whoever loads a block that spends from before the ledger. */
import type { BlockColumns } from '../chain/block-columns.hot.ts';
import type { ErrorFacts, Problem } from '../errors.ts';
import type { BlockUndo, SpentBefore } from '../ledger/spent-before.hot.ts';
import type { BlockSource, SourceBlock } from '../source/block-source.ts';
import { ProblemList } from '../source/problem-list.ts';
import type { BlockPlace } from '../source/raw-bytes.ts';
import { openUndoFiles, type UndoFiles } from '../source/undo-files.ts';
import { UndoColumns } from '../source/undo-record.hot.ts';

export class UndoReader {
  readonly #files: UndoFiles;
  readonly #columns = new UndoColumns();
  readonly #refused = new ProblemList();

  constructor(source: BlockSource) {
    this.#files = openUndoFiles(source);
  }

  /**
   * The undo data of one block, to be read when it is needed; what is read is valid until the next block's is.
   *
   * @param places every place where the block stands
   * @param facts of the block, for findings
   */
  of(block: SourceBlock, places: readonly BlockPlace[], facts: ErrorFacts): BlockUndo {
    return {
      read: (shape: BlockColumns): SpentBefore | undefined =>
        this.#files.read(block, shape, this.#columns, places) ? this.#columns : undefined,
      refuse: (txid, what) => {
        const message = `The undo data of a transaction was left out: ${what}.`;
        this.#refused.add('CLEW_UNDO_DAMAGED', message, { ...facts, txid });
      },
    };
  }

  /** Findings so far. */
  problems(): Problem[] {
    return [...this.#files.problems(), ...this.#refused.finish()];
  }

  close(): void {
    this.#files.close();
  }
}
