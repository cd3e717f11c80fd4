/**
 * Blocks with damage by chance, parsed and loaded: both views of a block agree or refuse it with a code; and a block whose Merkle
 * root was made right again for its damaged transactions is loaded as the slow ledger loads it, or refused with a code.
 */
import assert from 'node:assert/strict';
import { hashToDisplay } from '../../src/bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../../src/bytes/seeded-random.ts';
import { BlockColumns, readBlockColumns } from '../../src/chain/block-columns.hot.ts';
import { headerHash } from '../../src/chain/header.ts';
import { merkleRoot } from '../../src/chain/merkle.ts';
import { getNetwork } from '../../src/chain/network.ts';
import { parseBlock } from '../../src/chain/transaction.ts';
import { ClewError } from '../../src/errors.ts';
import { BlockLoader } from '../../src/ledger/block-loader.hot.ts';
import { countFlow } from '../../src/ledger/counters.ts';
import { FlowIndex } from '../../src/ledger/flow-index.ts';
import { type ScenarioBlock, scenarioChain } from '../../src/simulate/scenario-chain.ts';
import { NaiveLedger } from '../support/naive-ledger.ts';

const NETWORK = getNetwork('regtest');
/** Bytes that lengths and flags are made of, more often than chance would have them. */
const NASTY_BYTES = [0x00, 0x01, 0x4c, 0x4d, 0x6a, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];
const REFUSALS = new Set(['CLEW_BLOCK_DAMAGED', 'CLEW_BLOCK_WITNESS', 'CLEW_BLOCK_INVALID']);

export interface BlockFuzzResult {
  readonly parsed: number;
  readonly parseRefused: number;
  readonly loaded: number;
  readonly loadRefused: Readonly<Record<string, number>>;
}

function damage(block: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = block.slice();
  for (let n = random.int(1, 3); n > 0; n -= 1) {
    const at = random.int(80, bytes.length - 1);
    bytes[at] = random.chance(0.7) ? random.pick(NASTY_BYTES) : random.int(0, 255);
  }
  if (random.chance(0.1)) return bytes.subarray(0, random.int(0, bytes.length));
  if (random.chance(0.1)) return Buffer.concat([bytes, random.bytes(random.int(1, 50))]);
  return bytes;
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof ClewError) return error.code;
    throw error;
  }
}

/** Both views of damaged bytes. @returns whether they were read */
function parseBoth(bytes: Uint8Array, columns: BlockColumns): boolean {
  const objects = codeOf(() => parseBlock(bytes, NETWORK));
  const read = codeOf(() => readBlockColumns(bytes, NETWORK, columns));
  assert.equal(read === undefined, objects === undefined, 'both views agree');
  if (read !== undefined) {
    assert.equal(read, 'CLEW_BLOCK_DAMAGED');
    return false;
  }
  const txids = parseBlock(bytes, NETWORK).transactions.map(({ txid }) => txid as string);
  assert.equal(columns.txCount, txids.length);
  for (const [i, txid] of txids.entries()) {
    assert.equal(hashToDisplay(columns.txids.subarray(32 * i, 32 * i + 32)), txid);
  }
  return true;
}

/** Load a block behind some others, into both ledgers. @returns the code of a refusal */
function loadBehind(
  before: readonly ScenarioBlock[],
  bytes: Uint8Array,
  height: number,
): string | undefined {
  const flow = FlowIndex.inMemory(NETWORK);
  const loader = new BlockLoader(flow, countFlow(flow));
  const naive = new NaiveLedger(NETWORK);
  const place = { fileId: 0, fileOffset: 0 };
  for (const block of before) {
    loader.addBlock(block.bytes, { height: block.height, hash: block.hash, ...place });
    naive.addBlock(block.bytes, block.height);
  }
  const hash = hashToDisplay(headerHash(bytes));
  const counters = loader.counters;
  const refusal = codeOf(() => loader.addBlock(bytes, { height, hash, ...place }));
  if (refusal !== undefined) {
    assert.ok(REFUSALS.has(refusal), refusal);
    if (refusal !== 'CLEW_BLOCK_INVALID') assert.deepEqual(loader.counters, counters);
    return refusal;
  }
  naive.addBlock(bytes, height);
  assert.deepEqual(loader.counters, countFlow(flow));
  assert.deepEqual(loader.counters, naive.counters());
  return undefined;
}

/** @param isTimeUp asked before each round */
export function fuzzBlocks(seed: string, isTimeUp: () => boolean): BlockFuzzResult {
  const { blocks } = scenarioChain();
  const columns = new BlockColumns();
  const loadRefused: Record<string, number> = {};
  let parsed = 0;
  let parseRefused = 0;
  let loaded = 0;
  for (let round = 0; !isTimeUp(); round += 1) {
    const random = seededRandom(`${seed} ${round}`);
    try {
      const at = random.int(100, blocks.length - 1);
      const bytes = damage(blocks[at]!.bytes, random);
      if (!parseBoth(bytes, columns)) {
        parseRefused += 1;
        continue;
      }
      parsed += 1;
      const sealed = bytes.slice();
      sealed.set(merkleRoot(columns.txids, columns.txCount), 36);
      const refusal = loadBehind(blocks.slice(random.int(90, at), at), sealed, at);
      if (refusal === undefined) loaded += 1;
      else loadRefused[refusal] = (loadRefused[refusal] ?? 0) + 1;
    } catch (error) {
      throw new Error(`damaged block, replay with seed "${random.seed}"`, { cause: error });
    }
  }
  return { parsed, parseRefused, loaded, loadRefused };
}
