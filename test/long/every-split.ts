/**
 * The scenario chain, cut at every height: undone to there; stopped there, opened again and loaded further in pieces; brought
 * there from a worse branch that begins there; and taken away from there by a branch with fewer blocks and more work.
 * Each time it is the same ledger.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/bytes/seeded-random.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { writeScenarioChain } from '../../src/simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../../src/source/block-source.ts';
import { mineBranch } from '../support/branching-chain.ts';
import {
  compareAddresses,
  compareCounters,
  compareHistoryRows,
  compareTables,
  compareTransactions,
  tableDigests,
} from '../support/compare-ledger.ts';
import { flowDigest } from '../support/flow-digest.ts';
import { EASY_BITS, frame, frameAll, HARD_BITS, type MinedBlock } from '../support/mined-blocks.ts';
import { NaiveLedger } from '../support/naive-ledger.ts';
import { blocksTo, naiveLedgerOf, withBlocks } from '../support/some-blocks.ts';

/** Of two branches the one with more work counts. A block of hard bits has 16 times that of an easy one. */
const WORK_RATIO = 16;

/** @returns how many heights were tried */
export async function splitEverywhere(folder: string, every = 1): Promise<number> {
  const splits = new EverySplit(folder, every);
  await splits.open();
  try {
    await splits.compareWhole();
    let count = 0;
    for (let height = splits.heightMax - 1; height >= 0; height -= every) {
      await splits.cutAbove(height);
      count += 1;
    }
    return count;
  } finally {
    await splits.close();
  }
}

class EverySplit {
  readonly #folder: string;
  readonly #every: number;
  readonly #random = seededRandom('every split');
  /** One easy block for each height: a branch with less work than the chain has above. */
  readonly #rivals: MinedBlock[] = [];
  #source!: BlockSource;
  #ledger!: Ledger;
  #whole!: Awaited<ReturnType<EverySplit['stateOf']>>;

  constructor(folder: string, every: number) {
    this.#folder = folder;
    this.#every = every;
  }

  get heightMax(): number {
    return this.#source.blocks.at(-1)!.height;
  }

  async open(): Promise<void> {
    const blocks = join(this.#folder, 'blocks');
    writeScenarioChain(blocks);
    const chain = await openBlockSource(blocks);
    const naive = new NaiveLedger(chain.network);
    const { blocks: own } = chain;
    for (const block of own.slice(0, -2)) {
      naive.addBlock(chain.readBlock(block), block.height);
      const [rival] = mineBranch(naive, block, { count: 1, random: this.#random });
      this.#rivals.push(rival!);
    }
    chain.close();
    // In the same file, so that the ledger has the same files whatever it was led through.
    for (const { bytes } of this.#rivals)
      appendFileSync(join(blocks, 'blk00000.dat'), frame(bytes));
    this.#source = await openBlockSource(blocks);
    this.#ledger = await this.#openLedger();
  }

  #openLedger(): Promise<Ledger> {
    return Ledger.open(join(this.#folder, 'ledger'), this.#source.network);
  }

  async close(): Promise<void> {
    await this.#ledger.close();
    this.#source.close();
  }

  async stateOf() {
    // Files of other branches are remembered.
    const { files, ...tables } = await tableDigests(this.#ledger);
    const flow = await this.#ledger.openFlow();
    return {
      tip: this.#ledger.tip?.hash,
      counters: this.#ledger.counters,
      tables,
      flow: flowDigest(flow),
    };
  }

  async compareWhole(): Promise<void> {
    const [ledger, source, every] = [this.#ledger, this.#source, this.#every];
    await indexBlocks(ledger, source);
    const naive = naiveLedgerOf(source);
    await compareCounters(ledger, naive);
    await compareTables(ledger, source);
    await compareAddresses(ledger, naive, { every });
    await compareTransactions(ledger, naive, { every });
    this.#whole = await this.stateOf();
  }

  async cutAbove(height: number): Promise<void> {
    const beginning = blocksTo(this.#source, height);
    const left = naiveLedgerOf(beginning);
    await this.#ledger.undoAbove(height);
    await compareCounters(this.#ledger, left);
    await compareHistoryRows(this.#ledger, left);
    await compareTables(this.#ledger, beginning);
    await this.#restart();
    await this.#loadInPieces(height);
    await this.#same(`undone to ${height}, opened again, loaded in pieces`);
    // A branch of one block above the last but one has as much work as the chain: nothing would happen.
    if (height < this.heightMax - 1) {
      await this.#fromWorse(height);
      await this.#same(`reorganised from a worse branch above ${height}`);
    }
    await this.#toBetter(height, left);
    await this.#ledger.undoAbove(height);
    await indexBlocks(this.#ledger, this.#source);
    await this.#same(`reorganised to a better branch above ${height} and back`);
  }

  async #same(what: string): Promise<void> {
    assert.deepEqual(await this.stateOf(), this.#whole, what);
  }

  async #restart(): Promise<void> {
    await this.#ledger.close();
    this.#ledger = await this.#openLedger();
  }

  async #loadInPieces(height: number): Promise<void> {
    const between = this.#random.int(height, this.heightMax);
    const options = { batchRows: this.#random.int(50, 2_000), checkpointRows: 3_000 };
    await indexBlocks(this.#ledger, blocksTo(this.#source, between), options);
    await indexBlocks(this.#ledger, this.#source, options);
  }

  async #fromWorse(height: number): Promise<void> {
    const { hash } = this.#rivals[height]!;
    const rival = this.#source.staleBlocks.find((block) => block.hash === hash)!;
    const blocks = [...this.#source.blocks.filter((block) => block.height <= height), rival];
    await this.#ledger.undoAbove(height);
    await indexBlocks(this.#ledger, withBlocks(this.#source, blocks));
    assert.equal(this.#ledger.tip!.hash, hash);
    const { plan } = await indexBlocks(this.#ledger, this.#source);
    assert.equal(plan, 'reorganise');
  }

  /** Fewer blocks, more work. */
  async #toBetter(height: number, left: NaiveLedger): Promise<void> {
    const parent = this.#source.blocks[height]!;
    assert.equal(parent.bits, EASY_BITS);
    const rest = this.heightMax - height;
    const count = Math.floor(rest / WORK_RATIO) + 1;
    const branch = mineBranch(left, parent, { count, bits: HARD_BITS, random: this.#random });
    const folder = join(this.#folder, 'branch');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'blk00000.dat'), frameAll(branch));
    const offered = await openBlockSource(folder, { network: 'regtest', height: height + 1 });
    const { plan, undoneAboveHeight } = await indexBlocks(this.#ledger, offered, { threads: 1 });
    offered.close();
    assert.deepEqual([plan, undoneAboveHeight], ['reorganise', height]);
    assert.equal(this.#ledger.tip!.hash, branch.at(-1)!.hash);
    for (const block of branch) left.addBlock(block.bytes, block.height);
    await compareCounters(this.#ledger, left);
    await compareHistoryRows(this.#ledger, left);
  }
}
