import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  frameAll,
  type MinedBlock,
  mineBlock,
  mineChain,
} from '../../test/support/mined-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { DataSession } from './data-session.ts';
import { indexNetwork, openBlocks } from './index-network.ts';

const folder = temporaryFolder('index-network');
const session = new DataSession({
  storePath: join(folder, 'store.sqlite'),
  networkFolder: (network) => {
    const path = join(folder, network);
    mkdirSync(path, { recursive: true });
    return path;
  },
});
after(() => session.close());
let folders = 0;

function blockFolder(blocks: readonly MinedBlock[]): string {
  folders += 1;
  const path = join(folder, `blocks-${folders}`);
  mkdirSync(path);
  writeFileSync(join(path, 'blk00000.dat'), frameAll(blocks));
  return path;
}

const chain = mineChain(6);
/** Two blocks on height 6, of the same work. */
const twins = [1, 2].map((n) =>
  mineBlock({ prevHash: chain[6]!.hash, height: 7, extra: Uint8Array.of(n) }),
);

const index = async (path: string) => {
  const source = await openBlocks(path);
  return session.useNetwork('regtest', (open) => indexNetwork(open, source));
};

test('of two branches with the same work the ledger keeps its own, and the other one is the stale one', async () => {
  const [first, second] = twins;
  await index(blockFolder([...chain, second!]));
  // Here the other one was met first, so the source alone would choose it.
  const result = await index(blockFolder([...chain, first!, second!]));
  assert.equal(result.plan, 'nothing');
  assert.equal(result.status.tip.hash, second!.hash);
  assert.deepEqual(
    result.problems.map(({ code, facts }) => [code, facts['hash']]),
    [['CLEW_BLOCK_STALE', first!.hash]],
  );
  // With a block on it the other branch has more work.
  const next = mineBlock({ prevHash: first!.hash, height: 8 });
  const better = await index(blockFolder([...chain, second!, first!, next]));
  assert.equal(better.plan, 'reorganise');
  assert.equal(better.undoneAboveHeight, 6);
  assert.equal(better.status.tip.hash, next.hash);
});

test('clusters as of a height are named by the block that ends there', async () => {
  await session.useNetwork('regtest', async (open) => {
    const run = await open.run(await open.asOf(5));
    assert.deepEqual(run.tip, { height: 5, hash: chain[5]!.hash });
    assert.equal(run.data.txEnd, (await open.flow()).txEndAtHeight(5));
  });
});
