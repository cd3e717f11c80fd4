/**
 * Indexing when something is wrong: damaged copies, blocks that break the rules, files that go away, a stop half-way. What
 * was indexed stays, and every loss is named with its place.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tableDigests } from '../../test/support/compare-ledger.ts';
import { flowColumns } from '../../test/support/flow-columns.ts';
import {
  frame,
  frameAll,
  type MinedBlock,
  mineBlock,
  mineChain,
  REGTEST_MAGIC,
  spend,
} from '../../test/support/mined-blocks.ts';
import { blocksTo, naiveLedgerOf } from '../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { getNetwork } from '../chain/network.ts';
import type { Problem } from '../errors.ts';
import { listWaitingBlocks } from '../ledger/block-directory.ts';
import { countFlow } from '../ledger/counters.ts';
import { Ledger } from '../ledger/ledger.ts';
import { readTransaction } from '../ledger/transaction-facts.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { indexBlocks } from './index-blocks.ts';

const folder = temporaryFolder('damage');
/** One ledger for all tests, emptied by each. */
const ledger = await Ledger.open(join(folder, 'ledger'), getNetwork('regtest'));
after(() => ledger.close());
let folders = 0;

/** A fresh folder with these block files. */
function blockFolder(files: Readonly<Record<string, Uint8Array>>): string {
  folders += 1;
  const path = join(folder, `blocks-${folders}`);
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

/** A source of blocks in one file. */
function sourceOf(blocks: readonly MinedBlock[]): Promise<BlockSource> {
  return openBlockSource(blockFolder({ 'blk00000.dat': frameAll(blocks) }));
}

/** The block with a byte of its coinbase changed: the header stays right. */
function damage(block: MinedBlock): MinedBlock {
  const bytes = Uint8Array.from(block.bytes);
  bytes[bytes.length - 10]! ^= 1;
  return { ...block, bytes };
}

async function stateOf() {
  assert.deepEqual(ledger.counters, countFlow(await ledger.openFlow()));
  return { tip: ledger.tip?.hash, tables: await tableDigests(ledger) };
}

/** That a finding names the record: its magic stands at the offset, and the block's header behind it. */
function assertPlace(problem: Problem, block: MinedBlock): void {
  const { file, offset, height, hash } = problem.facts;
  const bytes = readFileSync(String(file)).subarray(Number(offset));
  assert.equal(bytes.readUInt32LE(0), REGTEST_MAGIC);
  assert.equal(hashToDisplay(sha256d(bytes.subarray(8, 88))), block.hash);
  assert.equal(height, block.height);
  assert.equal(hash, block.hash);
}

const chain = mineChain(12);

test('a damaged block is named by its record, and asked for nothing more when it is offered again', async () => {
  await ledger.clear();
  const source = await sourceOf(chain.map((block, i) => (i === 5 ? damage(block) : block)));
  const result = await indexBlocks(ledger, source);
  assert.deepEqual(
    result.problems.map(({ code, facts }) => [code, facts['isLeftOut']]),
    [['CLEW_BLOCK_MERKLE', true]],
  );
  assertPlace(result.problems[0]!, chain[5]!);
  assert.equal(result.blocksAdded, 12);
  const before = await stateOf();
  const again = await indexBlocks(ledger, source);
  assert.equal(again.plan, 'nothing');
  assert.deepEqual(again.problems, result.problems);
  assert.deepEqual(await stateOf(), before);
  // With a good copy the hole is filled.
  const filled = await indexBlocks(ledger, await sourceOf([chain[5]!]));
  assert.equal(filled.plan, 'reload');
  assert.deepEqual(filled.problems, []);
  assert.deepEqual(
    countFlow(await ledger.openFlow()),
    naiveLedgerOf(await sourceOf(chain)).counters(),
  );
});

for (const threads of [0, 2])
  test(`of a block with a damaged and a good copy the good one is taken, and the other one named (${threads} threads)`, async () => {
    await ledger.clear();
    const source = await openBlockSource(
      blockFolder({
        'blk00000.dat': frameAll([...chain.slice(0, 3), damage(chain[3]!), damage(chain[4]!)]),
        'blk00001.dat': frameAll([damage(chain[4]!), ...chain.slice(3)]),
      }),
    );
    const { problems, blocksAdded } = await indexBlocks(ledger, source, { threads });
    assert.equal(blocksAdded, 13);
    assert.deepEqual(
      problems.map(({ code, facts }) => [
        code,
        facts['height'],
        facts['copy'],
        facts['copies'],
        facts['isLeftOut'],
      ]),
      [
        ['CLEW_BLOCK_MERKLE', 3, 1, 2, false],
        ['CLEW_BLOCK_MERKLE', 4, 1, 3, false],
        ['CLEW_BLOCK_MERKLE', 4, 2, 3, false],
      ],
    );
    for (const problem of problems) assertPlace(problem, chain[Number(problem.facts['height'])]!);
  });

test('a better branch that turns out damaged where it begins to be better leaves the ledger as it is', async () => {
  await ledger.clear();
  await indexBlocks(ledger, await sourceOf(chain));
  const before = await stateOf();
  const extra = Uint8Array.of(7);
  const branch = chain.slice(0, 11);
  for (let height = 11; height <= 13; height += 1) {
    branch.push(mineBlock({ prevHash: branch.at(-1)!.hash, height, extra }));
  }
  const lastDamaged = branch.map((block, i) => (i === 13 ? damage(block) : block));
  const result = await indexBlocks(ledger, await sourceOf(lastDamaged));
  assert.equal(result.plan, 'stale');
  assert.deepEqual(
    result.problems.map(({ code, facts }) => [code, facts['height']]),
    [
      ['CLEW_BLOCK_MERKLE', 13],
      ['CLEW_BLOCK_STALE', 11],
      ['CLEW_BLOCK_STALE', 12],
    ],
  );
  assertPlace(result.problems[1]!, branch[11]!);
  assert.deepEqual(await stateOf(), before);
  const whole = await indexBlocks(ledger, await sourceOf(branch));
  assert.equal(whole.plan, 'reorganise');
  assert.equal(ledger.tip?.hash, branch[13]!.hash);
});

test('a better branch that does not come whole gives the old one back', async () => {
  await ledger.clear();
  await indexBlocks(ledger, await sourceOf(chain));
  const before = ledger.counters;
  const columns = flowColumns(await ledger.openFlow());
  const extra = Uint8Array.of(9);
  const branch = chain.slice(0, 8);
  for (let height = 8; height <= 20; height += 1) {
    // A coin that was spent already: the branch is good up to there.
    const coin = chain[1]!.txids[0]!;
    const pay = () => spend(coin, 0, [{ sats: 1, script: Uint8Array.of(0x51) }]);
    const transactions = height === 9 || height === 10 ? [pay()] : [];
    branch.push(mineBlock({ prevHash: branch.at(-1)!.hash, height, extra, transactions }));
  }
  await assert.rejects(indexBlocks(ledger, await sourceOf(branch), { batchRows: 4 }), {
    code: 'CLEW_BLOCK_INVALID',
  });
  assert.equal(ledger.tip?.hash, chain[12]!.hash);
  assert.deepEqual(ledger.counters, before);
  assert.deepEqual(flowColumns(await ledger.openFlow()), columns);
  assert.deepEqual(await listWaitingBlocks(ledger.engine), []);
});

test('blocks whose parent is not the tip are left out and named by their record', async () => {
  await ledger.clear();
  await indexBlocks(ledger, await sourceOf(chain));
  const before = await stateOf();
  const other = mineBlock({ prevHash: chain[11]!.hash, height: 12, extra: Uint8Array.of(1) });
  const above = mineBlock({ prevHash: other.hash, height: 13 });
  const result = await indexBlocks(ledger, await sourceOf([above]));
  assert.equal(result.plan, 'unlinked');
  assert.deepEqual(
    result.problems.map(({ code, facts }) => [code, facts['prevHash'], facts['isLeftOut']]),
    [['CLEW_BLOCK_UNLINKED', other.hash, true]],
  );
  assertPlace(result.problems[0]!, above);
  assert.deepEqual(await stateOf(), before);
  const together = await indexBlocks(ledger, await sourceOf([other, above]));
  assert.equal(together.plan, 'reorganise');
});

/** What is wrong with a block whose proof of work and Merkle root are right, and the rest of the message. */
const BROKEN_RULES: readonly (readonly [string, (paid: MinedBlock) => Uint8Array[], RegExp])[] = [
  [
    'spends twice',
    ({ txids }) => [
      spend(txids[0]!, 0, [{ sats: 1, script: Uint8Array.of(0x51) }]),
      spend(txids[0]!, 0, [{ sats: 2, script: Uint8Array.of(0x51) }]),
    ],
    /was spent before/,
  ],
  [
    'spends data',
    ({ txids }) => [spend(txids[0]!, 1, [{ sats: 0, script: Uint8Array.of(0x51) }])],
    /can not be spent/,
  ],
  [
    'spends an output that is not there',
    ({ txids }) => [spend(txids[0]!, 2, [{ sats: 0, script: Uint8Array.of(0x51) }])],
    /does not have/,
  ],
  [
    'pays more than it takes in',
    ({ txids }) => [spend(txids[0]!, 0, [{ sats: 6e9, script: Uint8Array.of(0x51) }])],
    /more than it takes in/,
  ],
];

for (const [what, transactions, message] of BROKEN_RULES) {
  test(`a block that ${what} ends the work, and all blocks before it are in`, async () => {
    await ledger.clear();
    const bad = mineBlock({
      prevHash: chain[4]!.hash,
      height: 5,
      transactions: transactions(chain[1]!),
    });
    const after = mineBlock({ prevHash: bad.hash, height: 6 });
    const source = await sourceOf([...chain.slice(0, 5), bad, after]);
    // The first time with a batch on its way, then with nothing but what was committed.
    for (const batchRows of [5, 1_000]) {
      const threads = batchRows === 5 ? 0 : 1;
      const failure = await indexBlocks(ledger, source, { batchRows, threads }).then(
        () => assert.fail('it was taken'),
        (error: Problem) => error,
      );
      assert.equal(failure.code, 'CLEW_BLOCK_INVALID');
      assert.match(failure.message, message);
      assertPlace(failure, bad);
      assert.equal(ledger.tip?.hash, chain[4]!.hash);
      const naive = naiveLedgerOf(blocksTo(source, 4));
      assert.deepEqual(countFlow(await ledger.openFlow()), naive.counters());
    }
  });
}

test('loading anew that is stopped half-way loses nothing, though the files are not offered again', async () => {
  await ledger.clear();
  const whole = await sourceOf(chain);
  await indexBlocks(ledger, whole);
  const expected = { flow: flowColumns(await ledger.openFlow()), counters: ledger.counters };
  await ledger.clear();
  const lower = await sourceOf(chain.slice(0, 5));
  await indexBlocks(ledger, await sourceOf(chain.slice(5)));
  const stop = new AbortController();
  const stopping = {
    batchRows: 1,
    signal: stop.signal,
    onProgress: ({ height }: { height: number }) => {
      if (height === 6) stop.abort();
    },
  };
  await assert.rejects(indexBlocks(ledger, lower, stopping), { code: 'CLEW_INTERRUPTED' });
  assert.equal(ledger.tip?.height, 6);
  assert.equal((await listWaitingBlocks(ledger.engine)).length, 8);
  // Any run goes on with them.
  const result = await indexBlocks(ledger, await sourceOf(chain.slice(0, 1)));
  assert.equal(result.plan, 'append');
  assert.equal(result.blocksAdded, 6);
  assert.deepEqual(
    { flow: flowColumns(await ledger.openFlow()), counters: ledger.counters },
    expected,
  );
  assert.deepEqual(await listWaitingBlocks(ledger.engine), []);
});

test('before blocks are taken out, their files are looked for', async () => {
  await ledger.clear();
  const upper = blockFolder({ 'blk00000.dat': frameAll(chain.slice(5)) });
  await indexBlocks(ledger, await openBlockSource(upper));
  const before = await stateOf();
  const lower = await sourceOf(chain.slice(0, 5));
  renameSync(join(upper, 'blk00000.dat'), join(upper, 'gone'));
  await assert.rejects(indexBlocks(ledger, lower), { code: 'CLEW_RAW_GONE' });
  assert.deepEqual(await stateOf(), before);
  // Other blocks in the same file are no better than none.
  writeFileSync(join(upper, 'blk00000.dat'), frameAll(mineChain(12, { version: 1 })));
  await assert.rejects(indexBlocks(ledger, lower), { code: 'CLEW_RAW_GONE' });
  assert.deepEqual(await stateOf(), before);
  // The same blocks in another place will do.
  assert.equal((await indexBlocks(ledger, await sourceOf(chain))).plan, 'reload');
  assert.equal(ledger.counters.blocks, 13);
});

for (const threads of [0, 1])
  test(`a file that goes away while it is read ends the work with what was read before (${threads} threads)`, async () => {
    await ledger.clear();
    const path = blockFolder({
      'blk00000.dat': frameAll(chain.slice(0, 8)),
      'blk00001.dat': frameAll(chain.slice(8)),
    });
    const source = await openBlockSource(path);
    rmSync(join(path, 'blk00001.dat'));
    await assert.rejects(indexBlocks(ledger, source, { threads }), { code: 'CLEW_RAW_GONE' });
    assert.equal(ledger.tip?.height, 7);
    await stateOf();
  });

test('a block that was exchanged since the files were looked at is not taken for it', async () => {
  await ledger.clear();
  const path = blockFolder({ 'blk00000.dat': frameAll(chain) });
  const source = await openBlockSource(path);
  const other = mineBlock({ prevHash: chain[11]!.hash, height: 12, timeSeconds: 1_700_000_000 });
  assert.equal(other.bytes.length, chain[12]!.bytes.length);
  writeFileSync(join(path, 'blk00000.dat'), frameAll([...chain.slice(0, 12), other]));
  const { problems } = await indexBlocks(ledger, source);
  assert.deepEqual(
    problems.map(({ code, facts }) => [code, facts['height']]),
    [['CLEW_BLOCK_DAMAGED', 12]],
  );
  assert.equal(ledger.tip?.height, 11);
});

test('raw copies are not copied again when blocks are loaded anew, and outlast the block files', async () => {
  await ledger.clear();
  const keepRawIn = join(folder, 'raw');
  const upper = blockFolder({ 'blk00000.dat': frameAll(chain.slice(5)) });
  await indexBlocks(ledger, await openBlockSource(upper), { keepRawIn });
  rmSync(upper, { recursive: true });
  await indexBlocks(ledger, await sourceOf(chain.slice(0, 5)), { keepRawIn });
  const raw = ['blk00000.dat', 'blk00001.dat'].map((name) => readFileSync(join(keepRawIn, name)));
  assert.deepEqual(
    Buffer.concat(raw),
    Buffer.from(frameAll([...chain.slice(5), ...chain.slice(0, 5)])),
  );
  const flow = await ledger.openFlow();
  for (const block of chain) {
    const facts = await readTransaction(ledger, flow, block.txids[0]!);
    assert.equal(facts.raw.file.startsWith(keepRawIn), true);
  }
});

test('a frame that stands in front of a block of another network, or of none, does no harm', async () => {
  await ledger.clear();
  const noise = [new Uint8Array(1_000).fill(3), frame(chain[1]!.bytes, 0xd9b4bef9)];
  const bytes = Buffer.concat([...noise, frameAll(chain)]);
  const source = await openBlockSource(blockFolder({ 'blk00000.dat': bytes }), {
    network: 'regtest',
  });
  const { blocksAdded } = await indexBlocks(ledger, source);
  assert.equal(blocksAdded, 13);
});
