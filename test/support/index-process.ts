/** A process that indexes and can be killed: `node index-process.ts TASK`, the task as JSON. */
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { onlyBlocks } from './some-blocks.ts';

export interface IndexTask {
  readonly blocks: string;
  readonly ledgerFolder: string;
  readonly batchRows: number;
  /** Undo the blocks above a height first. */
  readonly undoAbove?: number;
  /** Offer only the blocks from this height on. */
  readonly heightMin?: number;
}

if (import.meta.main) {
  const task = JSON.parse(process.argv[2]!) as IndexTask;
  const { blocks, ledgerFolder, batchRows, undoAbove, heightMin = 0 } = task;
  const source = await openBlockSource(blocks);
  const ledger = await Ledger.open(ledgerFolder, source.network);
  process.stdout.write('indexing\n');
  await ledger.prepareWriting();
  if (undoAbove !== undefined) await ledger.undoAbove(undoAbove);
  await indexBlocks(
    ledger,
    onlyBlocks(source, (height) => height >= heightMin),
    { batchRows, onProgress: () => process.stdout.write('.') },
  );
  await ledger.close();
  process.stdout.write('done\n');
}
