/**
 * A ledger: the chain facts of one network in a folder, with its commit log and its flow index.
 *
 *   <network>/ledger   the tables (chDB), and `writing` while somebody writes
 *   <network>/flow     the flow index
 *
 * A batch of rows counts once its tip row is in `tips`, which is inserted last. Whoever opens a ledger
 * that was left while writing drops the rows above the newest tip, and rebuilds the flow index.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import type { BlockHash } from '../units/ids.ts';
import type { BatchRows } from './batch-rows.ts';
import { countFlow, type LedgerCounters } from './counters.ts';
import { type LedgerEngine, openChdb } from './engine.ts';
import { FlowIndex } from './flow-index.ts';
import { rebuildFlow } from './flow-rebuild.ts';
import { StringValues, U64Values } from './native-block.ts';
import {
  createTableStatements,
  createTipsStatement,
  LEDGER_FORMAT_VERSION,
  TABLES,
  type TableName,
  TIPS_TABLE,
} from './schema.ts';
import { parseTipRecord, type RowCounts, type TipRecord } from './tip-record.ts';

export interface LedgerOptions {
  /** Bytes that loaded pages of the flow index may take. */
  readonly memoryBytes?: number;
  /** Called while the flow index is rebuilt, with the transactions done and their number. */
  readonly onRebuild?: (done: number, total: number) => void;
}

const NOTHING: RowCounts = {
  files: 0,
  blocks: 0,
  transactions: 0,
  inputs: 0,
  outputs: 0,
  scripts: 0,
};

export class Ledger {
  readonly network: Network;
  readonly engine: LedgerEngine;
  readonly #folder: string;
  readonly #options: LedgerOptions;
  #tip: TipRecord | undefined;
  #sequence: number;
  #flow: FlowIndex | undefined;
  #committing: Promise<void> = Promise.resolve();

  private constructor(
    network: Network,
    engine: LedgerEngine,
    folder: string,
    options: LedgerOptions,
    tip: TipRecord | undefined,
    sequence: number,
  ) {
    this.network = network;
    this.engine = engine;
    this.#folder = folder;
    this.#options = options;
    this.#tip = tip;
    this.#sequence = sequence;
  }

  /**
   * Open or make the ledger in a network's folder. Rows that were never committed are dropped.
   *
   * @param folder `<data>/<network>`
   * @throws {ClewError} CLEW_DATA_BUSY, CLEW_DATA_NEWER, CLEW_NETWORK_MISMATCH, CLEW_LEDGER_DAMAGED
   */
  static async open(
    folder: string,
    network: Network,
    options: LedgerOptions = {},
  ): Promise<Ledger> {
    const engine = await openChdb(join(folder, 'ledger'));
    try {
      // The version first: a newer Clew's tables are not ours to add to.
      await engine.command(createTipsStatement());
      const [newest] = await engine.query<{ seq: string; record: string }>(
        `SELECT seq, record FROM ${TIPS_TABLE} ORDER BY seq DESC LIMIT 1`,
      );
      const tip = newest === undefined ? undefined : parseTipRecord(newest.record, folder);
      if (tip !== undefined && tip.network !== network.name) {
        throw new ClewError('CLEW_NETWORK_MISMATCH', `The ledger is one of ${tip.network}.`, {
          folder,
          network: network.name,
        });
      }
      const sequence = Number(newest?.seq ?? 0);
      for (const statement of createTableStatements()) await engine.command(statement);
      const ledger = new Ledger(network, engine, folder, options, tip, sequence);
      if (existsSync(ledger.#writingMark)) await ledger.recover();
      return ledger;
    } catch (cause) {
      await engine.close();
      throw cause;
    }
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
    return this.#tip?.rows ?? NOTHING;
  }

  /**
   * Drop what was written after the last commit, and count anew: an undo may have been cut off. Happens by itself
   * when a ledger is opened that was left while writing; call it after writing failed in this process.
   */
  async recover(): Promise<void> {
    // A commit under way may still come to its tip, after its rows.
    await this.#committing.catch(() => undefined);
    await this.engine.settle();
    this.#closeFlow();
    await this.#dropRowsAbove(this.rows);
    if (this.#tip !== undefined) {
      const counters = countersForRecord(countFlow(await this.openFlow()));
      await this.#writeTip({ ...this.#tip, counters });
    }
    this.endWriting();
  }

  async #dropRowsAbove(rows: RowCounts): Promise<void> {
    for (const [name, table] of Object.entries(TABLES)) {
      if (rows[table.countedBy] === 0) {
        await this.engine.command(`TRUNCATE TABLE ${name}`);
        continue;
      }
      const beyond = `${table.idColumn} >= ${rows[table.countedBy]}`;
      // A mutation rewrites parts and takes a tenth of a second even for nothing: look first.
      const [found] = await this.engine.query<{ rows: string }>(
        `SELECT count() AS rows FROM ${name} WHERE ${beyond}`,
      );
      if (found?.rows === '0') continue;
      await this.engine.command(
        `ALTER TABLE ${name} DELETE WHERE ${beyond} SETTINGS mutations_sync = 2`,
      );
    }
  }

  /** Mark the ledger as being written, until `endWriting`. A ledger found so is recovered when it is opened. */
  beginWriting(): void {
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
    rmSync(this.#writingMark, { force: true });
  }

  /**
   * Hand a batch to the engine: once this returns the columns may be filled again. The promise tells when
   * rows and tip are in.
   */
  commit(
    batch: BatchRows,
    flow: FlowIndex,
    counters: LedgerCounters,
    tip: { readonly height: number; readonly hash: string; readonly files: number },
  ): Promise<void> {
    const record: TipRecord = {
      formatVersion: LEDGER_FORMAT_VERSION,
      network: this.network.name,
      height: tip.height,
      hash: tip.hash,
      rows: {
        files: tip.files,
        blocks: flow.blockCount,
        transactions: flow.txCount,
        inputs: flow.inputCount,
        outputs: flow.outputCount,
        scripts: flow.scriptCount,
      },
      counters: countersForRecord(counters),
    };
    const inserts: Promise<void>[] = [];
    for (const [table, columns] of Object.entries(batch)) {
      inserts.push(this.engine.insert(table as TableName, columns));
      for (const column of Object.values(columns)) column.clear();
    }
    this.#committing = Promise.all(inserts).then(() => this.#writeTip(record));
    return this.#committing;
  }

  async #writeTip(record: TipRecord): Promise<void> {
    this.#sequence += 1;
    const seq = new U64Values();
    const text = new StringValues();
    seq.push(this.#sequence);
    text.pushText(JSON.stringify(record));
    await this.engine.insert(TIPS_TABLE, { seq, record: text });
    this.#tip = record;
  }

  /**
   * Undo all blocks above a height, and nothing else. The flow index is rebuilt on its next use.
   *
   * The new tip is written first: were this stopped half-way, opening the ledger again would finish it.
   */
  async undoAbove(height: number): Promise<void> {
    const tip = this.requireTip();
    this.beginWriting();
    this.#closeFlow();
    const [first] = await this.engine.query<Record<string, string | null>>(
      `SELECT min(block_index) AS blocks, min(first_tx) AS transactions, min(first_input) AS inputs,
              min(first_output) AS outputs, min(first_script) AS scripts
       FROM blocks WHERE height > ${height}`,
    );
    const [last] = await this.engine.query<{ height: number; hash: string }>(
      `SELECT height, lower(hex(reverse(hash))) AS hash FROM blocks WHERE height <= ${height} ORDER BY height DESC LIMIT 1`,
    );
    if (last === undefined) {
      await this.clear();
      return;
    }
    const count = (name: keyof RowCounts): number => Number(first?.[name] ?? tip.rows[name]);
    const rows: RowCounts = {
      files: tip.rows.files,
      blocks: count('blocks'),
      transactions: count('transactions'),
      inputs: count('inputs'),
      outputs: count('outputs'),
      scripts: count('scripts'),
    };
    const undone: TipRecord = { ...tip, height: last.height, hash: last.hash, rows };
    await this.#writeTip(undone);
    await this.#dropRowsAbove(rows);
    const flow = await this.openFlow();
    await this.#writeTip({ ...undone, counters: countersForRecord(countFlow(flow)) });
    this.endWriting();
  }

  /** Forget everything, for loading anew. */
  async clear(): Promise<void> {
    this.beginWriting();
    this.#closeFlow();
    rmSync(this.#flowFolder, { recursive: true, force: true });
    await this.engine.command(`TRUNCATE TABLE ${TIPS_TABLE}`);
    this.#tip = undefined;
    await this.#dropRowsAbove(NOTHING);
    this.endWriting();
  }

  #closeFlow(): void {
    this.#flow?.close();
    this.#flow = undefined;
  }

  /**
   * The flow index for reading; made anew from the tables when it is missing or of another tip.
   *
   * @throws {ClewError} CLEW_LEDGER_EMPTY
   */
  async openFlow(): Promise<FlowIndex> {
    const tip = this.requireTip();
    if (this.#flow?.tip?.hash === tip.hash) return this.#flow;
    this.#closeFlow();
    this.#flow = this.#openMatchingFlow(tip, false);
    return this.#flow ?? this.rebuildFlow();
  }

  /** The flow index for appending: empty for an empty ledger. Its manifest is away until it is committed. */
  async openFlowForWriting(): Promise<FlowIndex> {
    this.#closeFlow();
    const tip = this.#tip;
    if (tip === undefined) return FlowIndex.create(this.#flowFolder, this.network, this.#options);
    const flow = this.#openMatchingFlow(tip, true);
    if (flow !== undefined) return flow;
    await this.rebuildFlow();
    this.#closeFlow();
    return FlowIndex.open(this.#flowFolder, this.network, { ...this.#options, writable: true });
  }

  #openMatchingFlow(tip: TipRecord, writable: boolean): FlowIndex | undefined {
    try {
      const flow = FlowIndex.open(this.#flowFolder, this.network, { ...this.#options, writable });
      if (flow.tip?.hash === tip.hash && flow.txCount === tip.rows.transactions) return flow;
      flow.close();
    } catch (error) {
      const code = error instanceof ClewError ? error.code : undefined;
      if (code !== 'CLEW_FLOW_STALE' && code !== 'CLEW_FLOW_FORMAT') throw error;
    }
    return undefined;
  }

  /** Make the flow index anew from the tables. */
  async rebuildFlow(): Promise<FlowIndex> {
    const tip = this.requireTip();
    this.#closeFlow();
    const total = tip.rows.transactions;
    this.#flow = await rebuildFlow(this.engine, this.#flowFolder, this.network, tip, {
      ...(this.#options.memoryBytes === undefined
        ? {}
        : { memoryBytes: this.#options.memoryBytes }),
      onProgress: (done) => this.#options.onRebuild?.(done, total),
    });
    return this.#flow;
  }

  /** What the counters were at the last commit. */
  get counters(): LedgerCounters {
    const tip = this.#tip;
    return {
      blocks: this.rows.blocks,
      transactions: this.rows.transactions,
      inputs: tip?.counters.inputs ?? 0,
      outputs: this.rows.outputs,
      addresses: tip?.counters.addresses ?? 0,
      unspentCount: tip?.counters.unspentCount ?? 0,
      unspentSats: BigInt(tip?.counters.unspentSats ?? 0),
      unknownInputs: tip?.counters.unknownInputs ?? 0,
      knownFeesSats: BigInt(tip?.counters.knownFeesSats ?? 0),
    };
  }

  /** The tip as the flow index names it. */
  get flowTip(): { height: number; hash: BlockHash } {
    const tip = this.requireTip();
    return { height: tip.height, hash: tip.hash as BlockHash };
  }

  async close(): Promise<void> {
    this.#closeFlow();
    await this.#committing.catch(() => undefined);
    await this.engine.close();
  }
}

function countersForRecord(counters: LedgerCounters): TipRecord['counters'] {
  return {
    inputs: counters.inputs,
    addresses: counters.addresses,
    unspentCount: counters.unspentCount,
    unspentSats: counters.unspentSats.toString(),
    unknownInputs: counters.unknownInputs,
    knownFeesSats: counters.knownFeesSats.toString(),
  };
}
