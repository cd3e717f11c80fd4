/** Fills an engine with the tables of a ledger from raw blocks, in batches, without a ledger's columns on the disk. */
import type { Network } from '../../src/chain/network.ts';
import { BlockLoader } from '../../src/ledger/block-loader.hot.ts';
import { countFlow } from '../../src/ledger/counters.ts';
import type { LedgerEngine } from '../../src/ledger/engine.ts';
import { FlowIndex } from '../../src/ledger/flow-index.ts';
import { undoBlocks } from '../../src/ledger/flow-undo.hot.ts';
import { LedgerRows } from '../../src/ledger/ledger-rows.ts';
import type { FlowLedger } from '../../src/ledger/read/flow-reader.ts';
import { ReaderGate } from '../../src/ledger/reader-gate.ts';
import { NO_BASE, type RowBase } from '../../src/ledger/row-base.ts';
import { LEDGER_FORMAT_VERSION } from '../../src/ledger/schema.ts';
import type { BlockUndo } from '../../src/ledger/spent-before.hot.ts';
import {
  baseForRecord,
  countersForRecord,
  type RowCounts,
  type TipRecord,
} from '../../src/ledger/tip-record.ts';

export interface FilledBlock {
  readonly height: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly undo?: BlockUndo;
}

export class EngineFiller {
  readonly flow: FlowIndex;
  readonly #network: Network;
  readonly #engine: LedgerEngine;
  readonly #base: RowBase;
  readonly #rows: LedgerRows;
  #loader: BlockLoader;
  #sequence = 0;
  #tip: TipRecord | undefined;
  #committed: RowCounts;
  #last: Pick<FilledBlock, 'height' | 'hash'> | undefined;

  private constructor(network: Network, engine: LedgerEngine, base: RowBase) {
    this.#network = network;
    this.#engine = engine;
    this.#base = base;
    this.flow = FlowIndex.inMemory(network);
    this.#rows = new LedgerRows(engine, base);
    this.#committed = { files: 0, ...this.flow.counts };
    this.#loader = new BlockLoader(this.flow, countFlow(this.flow), base);
  }

  /** Makes the tables. */
  static async of(
    network: Network,
    engine: LedgerEngine,
    base: RowBase = NO_BASE,
  ): Promise<EngineFiller> {
    await engine.createTips();
    await engine.createTables();
    return new EngineFiller(network, engine, base);
  }

  addBlock(block: FilledBlock): void {
    const { height, hash } = block;
    this.#loader.addBlock(block.bytes, { height, hash, fileId: 0, fileOffset: 0 }, block.undo);
    this.#last = block;
  }

  /** Puts the rows of the blocks added since the last time into the tables; without the tip they do not count. */
  async insertRows(): Promise<RowCounts> {
    const isFirst = this.#committed.files === 0;
    if (isFirst) {
      this.#loader.rows.files.file_id.push(0);
      this.#loader.rows.files.path.pushText('/nowhere/blk00000.dat');
    }
    const counts: RowCounts = { files: 1, ...this.flow.counts };
    await this.#rows.insertBatch(this.#loader.rows, this.flow, this.#committed, counts);
    this.#committed = counts;
    return counts;
  }

  async insertTip(): Promise<void> {
    const { height, hash } = this.#last!;
    const record: TipRecord = {
      formatVersion: LEDGER_FORMAT_VERSION,
      network: this.#network.name,
      height,
      hash,
      base: baseForRecord(this.#base),
      rows: this.#committed,
      counters: countersForRecord(this.#loader.counters),
      facts: {},
    };
    this.#tip = record;
    this.#sequence += 1;
    await this.#rows.insertTip(this.#sequence, record);
    await this.#engine.settle();
  }

  /**
   * Undoes all blocks above a height, as a ledger does: the tip first, then the rows. All must be committed.
   *
   * @param hash of the block at the height
   * @param between called when the tip is in and the rows are not gone yet
   */
  async undoAbove(height: number, hash: string, between?: () => Promise<void>): Promise<void> {
    const { flow } = this;
    const blocks = flow.findBlock(height)! + 1;
    const counters = undoBlocks(flow, blocks, this.#loader.counters);
    this.#loader = new BlockLoader(flow, counters, this.#base);
    this.#committed = { files: 1, ...flow.counts };
    this.#last = { height, hash };
    await this.insertTip();
    await between?.();
    await this.#rows.dropAbove(this.#committed);
  }

  /** The same as a `FlowReader` reads it: the columns in memory, with the engine's tables. */
  asFlowLedger(): FlowLedger {
    return {
      network: this.#network,
      engine: this.#engine,
      base: this.#base,
      gate: new ReaderGate(),
      tip: this.#tip,
      openFlow: async () => this.flow,
      tipOf: () => this.#tip!,
    };
  }

  async commit(): Promise<void> {
    await this.insertRows();
    await this.insertTip();
  }
}
