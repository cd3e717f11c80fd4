/**
 * A ledger: the chain facts of one network in a folder, with its commit log and its flow index.
 *
 *   <network>/ledger   the tables (chDB; or on servers, see `open-engine.ts`), and `writing` while somebody writes
 *   <network>/flow     the columns: facts, and the links that follow from them
 *
 * A batch counts once its tip row is in `tips`: its facts are in the files of the columns before, its rows in the tables,
 * and the tip is inserted last. Whoever opens a ledger that was left while writing drops the rows above the newest
 * tip and brings the flow index there (`flow-store.ts`).
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { systemClock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import type { BatchRows } from './batch-rows.ts';
import { findBlockHash } from './block-directory.ts';
import { type LedgerCounters, NO_COUNTERS } from './counters.ts';
import type { LedgerEngine } from './engine.ts';
import type { FlowColumnsOptions } from './flow-columns.ts';
import type { FlowIndex } from './flow-index.ts';
import {
  checkpointFlow,
  createFlow,
  hasCheckpoint,
  isDamage,
  openFlow,
  openFlowAtCheckpoint,
  readCheckpoint,
  rebuildLinks,
  recoverFlow,
} from './flow-store.ts';
import { undoBlocks } from './flow-undo.hot.ts';
import type { LedgerOptions } from './ledger-options.ts';
import { LedgerRows, type NewestTip, newestTip } from './ledger-rows.ts';
import { openEngine } from './open-engine.ts';
import { ReaderGate } from './reader-gate.ts';
import { NO_BASE, type RowBase } from './row-base.ts';
import { TIPS_TABLE } from './schema.ts';
import { fetchFlow } from './server-flow.hot.ts';
import { ServerWriter } from './server-writer.ts';
import {
  baseOf,
  countersForRecord,
  countersOf,
  NO_ROWS,
  type RowCounts,
  type TipRecord,
  tipRecord,
} from './tip-record.ts';
import { newestWholeTip } from './whole-tables.ts';

export type { LedgerOptions } from './ledger-options.ts';

/** How old an answer from tables on servers may be. */
const REFRESH_MS = 2_000;

const NO_TIP: NewestTip = { tip: undefined, sequence: 0 };

export class Ledger {
  readonly network: Network;
  readonly engine: LedgerEngine;
  /** Where the row numbers of the tables begin. */
  readonly base: RowBase;
  /** Readers hold it while they answer; a checkpoint or an undo waits for them, and they for it. */
  readonly gate = new ReaderGate();
  readonly #folder: string;
  readonly #options: LedgerOptions;
  readonly #tables: LedgerRows;
  /** For tables on servers: whether this data folder is the one that writes. */
  readonly #writer: ServerWriter | undefined;
  #tip: TipRecord | undefined;
  #sequence: number;
  #refreshAtMs = 0;
  /** Making it whole again failed: to be done before anything is written. */
  #mustRecover = false;
  /** What was handed to the engine: the tip, or a batch that is on its way. */
  #handed: RowCounts | undefined;
  /** For reading. */
  #flow: FlowIndex | undefined;
  /** The tips that flow indexes for reading were opened at. */
  readonly #tipsOfFlows = new WeakMap<FlowIndex, TipRecord>();
  /** From the mark that somebody writes until it is taken away: the flow index on the disk is as of its checkpoint. */
  #isWriting = false;
  /** For writing, while somebody writes. */
  #written: FlowIndex | undefined;
  #committing: Promise<void> = Promise.resolve();

  private constructor(
    network: Network,
    engine: LedgerEngine,
    folder: string,
    options: LedgerOptions,
    newest: NewestTip,
    writer: ServerWriter | undefined,
  ) {
    const { tip, sequence } = newest;
    this.network = network;
    this.engine = engine;
    this.#folder = folder;
    this.#options = options;
    this.#tip = tip;
    this.#sequence = sequence;
    this.base = tip === undefined ? (options.base ?? NO_BASE) : baseOf(tip);
    this.#tables = new LedgerRows(engine, this.base);
    this.#writer = writer;
  }

  /**
   * Open or make the ledger in a network's folder. Rows that were never committed are dropped.
   *
   * Tables on servers that another data folder writes are only read: the columns are fetched from them.
   *
   * @param folder `<data>/<network>`
   * @throws {ClewError} CLEW_DATA_BUSY, CLEW_DATA_NEWER, CLEW_DATA_OLDER, CLEW_NETWORK_MISMATCH,
   *   CLEW_LEDGER_DAMAGED, CLEW_COLUMN_DAMAGED; for servers CLEW_REMOTE_*, CLEW_ENGINE_*, CLEW_SHARD_*
   */
  static async open(
    folder: string,
    network: Network,
    options: LedgerOptions = {},
  ): Promise<Ledger> {
    const engine = await openEngine(folder, options);
    try {
      // The version first: a newer Clew's tables are not ours to add to.
      const hasTips = await engine.hasTips();
      const newest = hasTips ? await newestTip(engine, folder) : NO_TIP;
      if (newest.tip !== undefined && newest.tip.network !== network.name) {
        throw new ClewError(
          'CLEW_NETWORK_MISMATCH',
          `The ledger is one of ${newest.tip.network}.`,
          {
            folder,
            network: network.name,
          },
        );
      }
      const isRemote = engine.kind !== 'chdb';
      if (!isRemote) await engine.createTables();
      const writer = isRemote ? await ServerWriter.open(folder, engine, hasTips) : undefined;
      const ledger = new Ledger(network, engine, folder, options, newest, writer);
      await ledger.#bringUp();
      return ledger;
    } catch (cause) {
      await engine.close();
      throw cause;
    }
  }

  async #bringUp(): Promise<void> {
    if (this.isReadOnly) {
      if (this.#tip === undefined) return;
      await this.#tables.requireRows(this.rows, this.#folder, true);
      await this.#fetchFlow(this.#tip);
      return;
    }
    if (existsSync(this.#writingMark)) await this.recover();
    try {
      await this.#tables.requireRows(this.rows, this.#folder);
    } catch (error) {
      if (this.#writer === undefined) throw error;
      // A server lost power, and this machine did not: back to the newest tip that is whole.
      await this.recover();
      await this.#tables.requireRows(this.rows, this.#folder);
    }
  }

  /** Whether another data folder writes into these tables, or nobody did yet. */
  get isReadOnly(): boolean {
    return this.#writer !== undefined && !this.#writer.isHolder;
  }

  /**
   * To be called before `beginWriting`. Tables on servers are made when they are missing, and become this data folder's.
   *
   * @throws {ClewError} CLEW_LEDGER_TAKEN when another data folder writes into them
   */
  async prepareWriting(): Promise<void> {
    if (this.#writer === undefined || this.#writer.isHolder) {
      await this.#writer?.requireHeld();
      if (this.#mustRecover) await this.recover();
      return;
    }
    await this.engine.createTips();
    await this.engine.createTables();
    await this.#writer.hold(this.#options.isTakenOver ?? false);
    const { tip, sequence } = await newestTip(this.engine, this.#folder);
    this.#tip = tip;
    this.#sequence = sequence;
    if (tip !== undefined) await this.gate.switch(() => this.#fetchFlow(tip));
    await this.#tables.dropAbove(this.rows);
  }

  /**
   * For whoever only reads tables on servers: go on to the newest tip, which is looked for every few seconds. Not to be called
   * from within `gate.read`.
   */
  async refresh(): Promise<void> {
    if (!this.isReadOnly || systemClock.elapsedMs() < this.#refreshAtMs) return;
    this.#refreshAtMs = systemClock.elapsedMs() + REFRESH_MS;
    if (!(await this.engine.hasTips())) return;
    const { tip } = await newestTip(this.engine, this.#folder);
    if (tip === undefined || tip.hash === this.#tip?.hash) return;
    await this.gate.switch(() => this.#fetchFlow(tip));
  }

  /** The flow index brought to a tip from the tables of servers. */
  async #fetchFlow(tip: TipRecord, isAnew = false): Promise<void> {
    this.#closeFlow();
    const { engine, base, network } = this;
    const place = { engine, base, network, folder: this.#flowFolder, options: this.#options };
    this.#tip = await fetchFlow(place, tip, isAnew);
  }

  get #writingMark(): string {
    return join(this.#folder, 'ledger', 'writing');
  }

  get #flowFolder(): string {
    return join(this.#folder, 'flow');
  }

  /** The last commit, or undefined for an empty ledger. */
  get tip(): TipRecord | undefined {
    return this.#tip;
  }

  /** The last commit. @throws {ClewError} CLEW_LEDGER_EMPTY */
  requireTip(): TipRecord {
    if (this.#tip === undefined) {
      throw new ClewError('CLEW_LEDGER_EMPTY', 'No block has been indexed yet.', {
        network: this.network.name,
      });
    }
    return this.#tip;
  }

  get rows(): RowCounts {
    return this.#tip?.rows ?? NO_ROWS;
  }

  /**
   * Drop what was written after the last commit. Happens by itself when a ledger is opened that was left while
   * writing; call it after writing failed in this process.
   *
   * @throws {ClewError} CLEW_COLUMN_DAMAGED, CLEW_FLOW_FORMAT when the columns do not hold what was committed
   */
  async recover(): Promise<void> {
    this.#mustRecover = true;
    // A commit under way may still come to its tip, after its rows.
    await this.#committing.catch(() => undefined);
    await this.engine.settle();
    // An insert may have failed after its row was in.
    const { tip, sequence } = await newestTip(this.engine, this.#folder, 'write');
    this.#tip = tip;
    this.#sequence = Math.max(this.#sequence, sequence);
    await this.gate.switch(async () => {
      this.#closeFlow();
      this.#closeWritten();
      await this.#goBackToWholeTables();
      await this.#tables.dropAbove(this.rows);
      if (this.#tip === undefined) rmSync(this.#flowFolder, { recursive: true, force: true });
      else await this.#recoverFlow(this.#tip);
    });
    this.#mustRecover = false;
    this.endWriting();
  }

  /** What can not be mended so is told when the rows are counted. */
  async #goBackToWholeTables(): Promise<void> {
    if (this.#tip === undefined) return;
    const whole = await newestWholeTip(this.engine, this.base, this.#tip, this.#folder);
    if (whole !== undefined && whole !== this.#tip) await this.#writeTip(whole);
  }

  /** After power was cut, facts that were written last may be missing: then the ledger goes back to its checkpoint. */
  async #recoverFlow(tip: TipRecord): Promise<void> {
    try {
      const flow = recoverFlow(this.#flowFolder, this.network, tip, this.#flowOptions(tip));
      this.#checkpointAndClose(flow, tip);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const checkpoint = this.#olderCheckpoint(tip);
      if (checkpoint === undefined) {
        await this.#rebuildOrForget(tip);
        return;
      }
      await this.#writeTip(checkpoint);
      await this.#tables.dropAbove(checkpoint.rows);
      const flow = recoverFlow(this.#flowFolder, this.network, checkpoint, this.#flowOptions(tip));
      this.#checkpointAndClose(flow, checkpoint);
    }
  }

  /** Links that are damaged follow from the facts. */
  async #rebuildOrForget(tip: TipRecord): Promise<void> {
    try {
      const flow = rebuildLinks(this.#flowFolder, this.network, tip, this.#flowOptions(tip));
      this.#checkpointAndClose(flow, tip);
    } catch (error) {
      // Power was cut before the first checkpoint: nothing was brought to the disk for sure, and all of it is in the blocks.
      if (!isDamage(error) || hasCheckpoint(this.#flowFolder)) throw error;
      await this.#forgetAll();
    }
  }

  /** The tip of the last checkpoint when it lies before a tip. */
  #olderCheckpoint(tip: TipRecord): TipRecord | undefined {
    try {
      const checkpoint = readCheckpoint(this.#flowFolder, this.network).tip;
      return checkpoint.rows.transactions < tip.rows.transactions ? checkpoint : undefined;
    } catch {
      return undefined;
    }
  }

  #checkpointAndClose(flow: FlowIndex, tip: TipRecord): void {
    try {
      checkpointFlow(flow, tip, true);
    } finally {
      flow.close();
    }
  }

  #flowOptions(tip: TipRecord): FlowColumnsOptions & { onProgress(done: number): void } {
    const total = tip.rows.transactions;
    return { ...this.#options, onProgress: (done) => this.#options.onRebuild?.(done, total) };
  }

  /** Mark the ledger as being written, until `endWriting`. A ledger found so is recovered when it is opened. */
  beginWriting(): void {
    if (this.isReadOnly) {
      throw new ClewError('CLEW_LEDGER_TAKEN', 'Another data folder writes into this ledger.');
    }
    this.#isWriting = true;
    this.#handed = undefined;
    try {
      writeFileSync(this.#writingMark, '', { flush: true });
      // The mark lasts only once its folder's entry is on the disk too.
      const folder = openSync(join(this.#folder, 'ledger'), 'r');
      fsyncSync(folder);
      closeSync(folder);
    } catch (cause) {
      throw fileError(cause, this.#writingMark);
    }
  }

  endWriting(): void {
    this.#isWriting = false;
    rmSync(this.#writingMark, { force: true });
  }

  /**
   * Write a batch's facts and hand its rows to the engine: once this returns the rows may be filled again. The promise
   * tells when rows and tip are in.
   */
  commit(
    batch: BatchRows,
    flow: FlowIndex,
    counters: LedgerCounters,
    tip: { readonly height: number; readonly hash: string; readonly files: number },
  ): Promise<void> {
    flow.columns.flush('fact');
    const about = { network: this.network.name, writer: this.#writer?.id, base: this.base };
    const record = tipRecord(about, tip, flow, counters);
    const inserted = this.#tables.insertBatch(batch, flow, this.#handed ?? this.rows, record.rows);
    this.#handed = record.rows;
    this.#committing = inserted.then(() => this.#writeTip(record));
    return this.#committing;
  }

  async #writeTip(record: TipRecord): Promise<void> {
    await this.#writer?.requireHeld();
    this.#sequence += 1;
    await this.#tables.insertTip(this.#sequence, record);
    this.#tip = record;
  }

  /**
   * Put the flow index as it is written on the disk, so that less is made again after a kill. All that it holds must be
   * committed.
   *
   * @param isEnd nothing more is written for now
   */
  async checkpoint(isEnd: boolean): Promise<void> {
    await this.#committing;
    await this.gate.switch(async () => {
      this.#closeFlow();
      if (this.#written !== undefined) checkpointFlow(this.#written, this.requireTip(), isEnd);
    });
  }

  /**
   * Undo all blocks above a height, in place.
   *
   * The new tip is written first: were this stopped half-way, opening the ledger again would finish it.
   */
  async undoAbove(height: number): Promise<void> {
    this.requireTip();
    this.beginWriting();
    const flow = await this.openFlowForWriting();
    try {
      const end = flow.txEndAtHeight(height);
      const blocks = end === flow.txCount ? flow.blockCount : flow.txBlock.at(end);
      if (blocks === 0) {
        await this.clear();
        return;
      }
      await this.gate.switch(() => this.#undoFrom(flow, blocks));
    } finally {
      this.#closeWritten();
    }
    this.endWriting();
  }

  async #undoFrom(flow: FlowIndex, blocks: number): Promise<void> {
    this.#closeFlow();
    const tip = this.requireTip();
    const height = flow.blockHeight.at(blocks - 1);
    const hash = await findBlockHash(this.engine, height);
    if (hash === undefined) {
      throw new ClewError('CLEW_LEDGER_DAMAGED', 'A block of the flow index has no row.', {
        height,
      });
    }
    const counters = undoBlocks(flow, blocks, this.counters);
    const undone: TipRecord = {
      ...tip,
      ...(this.#writer && { writer: this.#writer.id }),
      height,
      hash,
      rows: { files: tip.rows.files, ...flow.counts },
      counters: countersForRecord(counters),
      facts: flow.columns.states('fact'),
    };
    await this.#writeTip(undone);
    await this.#tables.dropAbove(undone.rows);
    checkpointFlow(flow, undone, true);
  }

  /** Forget everything, for loading anew. */
  async clear(): Promise<void> {
    this.beginWriting();
    await this.gate.switch(async () => {
      this.#closeFlow();
      this.#closeWritten();
      await this.#forgetAll();
    });
    this.endWriting();
  }

  async #forgetAll(): Promise<void> {
    await this.engine.truncate(TIPS_TABLE);
    this.#tip = undefined;
    await this.#tables.dropAbove(NO_ROWS);
    rmSync(this.#flowFolder, { recursive: true, force: true });
  }

  #closeFlow(): void {
    this.#flow?.close();
    this.#flow = undefined;
  }

  #closeWritten(): void {
    this.#written?.close();
    this.#written = undefined;
  }

  /**
   * The flow index for reading: at the tip, or at the last checkpoint while somebody writes. Links that are damaged are
   * made anew from the facts. Whoever reads more than once must be inside `gate.read`: the next checkpoint closes it.
   *
   * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_COLUMN_DAMAGED
   */
  async openFlow(): Promise<FlowIndex> {
    const tip = this.requireTip();
    if (this.#flow !== undefined) return this.#flow;
    if (this.#isWriting) return this.#openAtCheckpoint();
    try {
      this.#openAtTip(tip);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await this.rebuildFlow();
    }
    return this.#flow ?? this.#openAtTip(tip);
  }

  #openAtTip(tip: TipRecord): FlowIndex {
    const options = { ...this.#options, writable: false };
    return this.#keepFlow(openFlow(this.#flowFolder, this.network, tip, options), tip);
  }

  #openAtCheckpoint(): FlowIndex {
    if (!existsSync(this.#flowFolder) || !hasCheckpoint(this.#flowFolder)) {
      throw new ClewError('CLEW_LEDGER_EMPTY', 'The first blocks are being indexed just now.', {
        network: this.network.name,
      });
    }
    const { tip } = readCheckpoint(this.#flowFolder, this.network);
    return this.#keepFlow(openFlowAtCheckpoint(this.#flowFolder, this.network, this.#options), tip);
  }

  #keepFlow(flow: FlowIndex, tip: TipRecord): FlowIndex {
    this.#flow = flow;
    this.#tipsOfFlows.set(flow, tip);
    return flow;
  }

  /**
   * The tip that a flow index from `openFlow` is of: the one to tell with what was read from it. While somebody writes, the
   * ledger's own tip is ahead of it.
   */
  tipOf(flow: FlowIndex): TipRecord {
    return this.#tipsOfFlows.get(flow) ?? this.requireTip();
  }

  /** The counters as of the tip that a flow index from `openFlow` is of. */
  countersOf(flow: FlowIndex): LedgerCounters {
    return countersOf(this.tipOf(flow));
  }

  /** The flow index for appending: empty for an empty ledger. Closed by `finishWriting`. */
  async openFlowForWriting(): Promise<FlowIndex> {
    this.#closeWritten();
    const tip = this.#tip;
    this.#written =
      tip === undefined
        ? createFlow(this.#flowFolder, this.network, this.#options)
        : await this.#openForWriting(tip);
    return this.#written;
  }

  async #openForWriting(tip: TipRecord): Promise<FlowIndex> {
    const options = { ...this.#options, writable: true };
    try {
      return openFlow(this.#flowFolder, this.network, tip, options);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await this.rebuildFlow();
      return openFlow(this.#flowFolder, this.network, tip, options);
    }
  }

  /** The flow index that is being written, if any: whoever keeps one open sees whether it is still that one. */
  get written(): FlowIndex | undefined {
    return this.#written;
  }

  /** Everything is committed and checkpointed: close what was written, and take the mark away. */
  async finishWriting(): Promise<void> {
    await this.checkpoint(true);
    this.#closeWritten();
    this.endWriting();
  }

  /** Writing failed: close what was written; `recover` makes the ledger whole again. */
  abandonWriting(): void {
    this.#closeWritten();
  }

  /** Make the links of the flow index anew from its facts. */
  async rebuildFlow(): Promise<FlowIndex> {
    const tip = this.requireTip();
    await this.gate.switch(async () => {
      this.#closeFlow();
      try {
        const flow = rebuildLinks(this.#flowFolder, this.network, tip, this.#flowOptions(tip));
        this.#checkpointAndClose(flow, tip);
        // Facts that are damaged here stand in the tables of servers too: all are looked at then.
        if (this.#writer !== undefined && this.#openAtTip(tip).columns.verify().length > 0)
          await this.#fetchFlow(tip, true);
      } catch (error) {
        if (this.#writer === undefined || !isDamage(error)) throw error;
        await this.#fetchFlow(tip, true);
      }
      if (this.#flow === undefined) this.#openAtTip(this.requireTip());
    });
    return this.openFlow();
  }

  /** What the counters were at the last commit. */
  get counters(): LedgerCounters {
    return this.#tip === undefined ? NO_COUNTERS : countersOf(this.#tip);
  }

  async close(): Promise<void> {
    this.#closeFlow();
    await this.#committing.catch(() => undefined);
    this.#closeWritten();
    await this.engine.close();
  }
}
