/** A wrong value with a right checksum, in every column that a ledger stores, is found by some check. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { withChangedColumn } from '../../../test/support/damage-ledger.ts';
import { onlyBlocks } from '../../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { writeUndoFiles } from '../../../test/support/undo-of-chain.ts';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { FLOW_COLUMNS } from '../../ledger/flow-columns.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { writeScenarioChain } from '../../simulate/scenario-chain.ts';
import { openBlockSource } from '../../source/block-source.ts';
import { indexBlocks } from '../index-blocks.ts';
import { checkNetwork } from './check-network.ts';

const root = temporaryFolder('check-columns');
/** In which block an output from before the ledger was made is said by undo data alone. */
const NOT_PROVEN = 'undoOrigin';
const SEED = process.env['SEED'] ?? 'check-columns-1';

test('a flipped bit in any column is found even when its checksum says that it is right', async () => {
  const blocks = join(root, 'blocks');
  writeScenarioChain(blocks);
  writeUndoFiles(blocks, 0xdab5bffa);
  const source = await openBlockSource(blocks);
  const folder = join(root, 'network');
  const ledger = await Ledger.open(folder, source.network);
  const random = seededRandom(SEED);
  try {
    await indexBlocks(
      ledger,
      onlyBlocks(source, (height) => height >= 125),
    );
    const flow = await ledger.openFlow();
    for (const name of Object.keys(FLOW_COLUMNS) as (keyof typeof FLOW_COLUMNS)[]) {
      const { length } = flow.columns.byName[name];
      if (length === 0 || name === NOT_PROVEN) continue;
      let place = 0;
      const flip = (rows: Buffer, used: number): void => {
        place = random.int(0, used - 1);
        rows[place]! ^= 1 << random.int(0, 7);
      };
      await withChangedColumn(folder, name, flip, async () => {
        const { checks } = await checkNetwork({ ledger, folder });
        const found = checks.filter(({ status }) => status === 'failed').map((each) => each.name);
        assert.ok(!found.includes('checksums'), name);
        assert.ok(found.length > 0, `${name} byte ${place} (SEED=${SEED})`);
      });
    }
  } finally {
    await ledger.close();
    source.close();
  }
});
