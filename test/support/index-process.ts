/** A process that indexes and can be killed: `node index-process.ts BLOCKS LEDGER BATCH_ROWS`. */
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../../src/source/block-source.ts';

const [blocks, ledgerFolder, batchRows] = process.argv.slice(2);
const source = await openBlockSource(blocks!);
const ledger = await Ledger.open(ledgerFolder!, source.network);
process.stdout.write('indexing\n');
await indexBlocks(ledger, source, { batchRows: Number(batchRows) });
await ledger.close();
process.stdout.write('done\n');
