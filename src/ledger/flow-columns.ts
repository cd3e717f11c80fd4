/**
 * The columns of the flow index: name, what a row is, which rows it has, and what it is for. A stored format.
 *
 * *Facts* are read from blocks and never change. *Links* follow from the facts and can be made again from them
 * (`flow-links.hot.ts`); those marked mutable change in place when later blocks come.
 */
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { BytesColumn } from './bytes-column.ts';
import { ClimbingColumn } from './climbing-column.ts';
import { CodeColumn } from './code-column.ts';
import type { ColumnDamage, ColumnState } from './column-state.ts';
import { DeltaColumn16 } from './delta-column-16.ts';
import { F64Column } from './f64-column.ts';
import { KeyIndex, type KeyIndexState } from './key-index.hot.ts';
import { PageBudget } from './page-budget.ts';
import { RowColumn } from './row-column.ts';
import { SatsColumn } from './sats-column.ts';
import { U8Column } from './u8-column.ts';
import { U32Column } from './u32-column.ts';

/** What rows are counted together. The `Ends` families have one row more: where the last one ends. */
export type RowFamily =
  | 'blocks'
  | 'transactions'
  | 'transactionEnds'
  | 'inputs'
  | 'outputs'
  | 'scripts'
  | 'scriptEnds'
  | 'scriptBytes'
  | 'reveals'
  | 'undoInputs'
  | 'destroyed'
  | 'milestones';

interface ColumnDefinition {
  readonly kind: 'row' | 'delta16' | 'climbing' | 'sats' | 'code' | 'u8' | 'u32' | 'f64' | 'bytes';
  readonly rowBytes?: number;
  readonly family: RowFamily;
  readonly role: 'fact' | 'link' | 'mutable';
}

const fact = <Kind extends ColumnDefinition['kind']>(
  kind: Kind,
  family: RowFamily,
  rowBytes?: number,
) => ({ kind, family, role: 'fact', ...(rowBytes === undefined ? {} : { rowBytes }) }) as const;
const link = <Kind extends ColumnDefinition['kind']>(kind: Kind, family: RowFamily) =>
  ({ kind, family, role: 'link' }) as const;
const mutable = <Kind extends 'row' | 'u8'>(kind: Kind, family: RowFamily) =>
  ({ kind, family, role: 'mutable' }) as const;

export const FLOW_COLUMNS = {
  blockHeight: fact('u32', 'blocks'),
  blockTime: fact('u32', 'blocks'),
  blockFirstTx: fact('climbing', 'blocks'),
  txBlock: fact('delta16', 'transactions'),
  txFirstInput: fact('climbing', 'transactionEnds'),
  txFirstOutput: fact('climbing', 'transactionEnds'),
  txFlags: fact('u8', 'transactions'),
  txids: fact('bytes', 'transactions', 32),
  inputPrevout: fact('row', 'inputs'),
  inputSequence: fact('code', 'inputs'),
  inputKind: fact('u8', 'inputs'),
  inputSighash: fact('u8', 'inputs'),
  outputValue: fact('sats', 'outputs'),
  outputScript: fact('row', 'outputs'),
  outputTx: fact('delta16', 'outputs'),
  scriptKind: fact('u8', 'scripts'),
  scriptFirstOutput: fact('climbing', 'scripts'),
  scriptOffset: fact('climbing', 'scriptEnds'),
  scriptBytes: fact('bytes', 'scriptBytes', 1),
  revealScript: fact('row', 'reveals'),
  revealTx: fact('climbing', 'reveals'),
  revealKind: fact('u8', 'reveals'),
  revealPayload: fact('bytes', 'reveals', 32),
  undoInput: fact('row', 'undoInputs'),
  undoValue: fact('sats', 'undoInputs'),
  undoScript: fact('row', 'undoInputs'),
  undoOrigin: fact('u32', 'undoInputs'),
  outputSpender: mutable('row', 'outputs'),
  scriptLastOutput: mutable('row', 'scripts'),
  scriptLastInput: mutable('row', 'scripts'),
  scriptEvents: mutable('u8', 'scripts'),
  outputPrevOfScript: link('row', 'outputs'),
  inputPrevOfScript: link('row', 'inputs'),
  destroyedOutput: link('row', 'destroyed'),
  destroyedTx: link('climbing', 'destroyed'),
  milestoneScript: link('row', 'milestones'),
  milestoneTx: link('climbing', 'milestones'),
  milestoneOutput: link('row', 'milestones'),
  milestoneInput: link('row', 'milestones'),
  milestonePrev: link('row', 'milestones'),
  milestoneOutputs: link('row', 'milestones'),
  milestoneInputs: link('row', 'milestones'),
  milestoneTransactions: link('row', 'milestones'),
  milestoneReceivedHigh: link('f64', 'milestones'),
  milestoneReceivedLow: link('f64', 'milestones'),
  milestoneSentHigh: link('f64', 'milestones'),
  milestoneSentLow: link('f64', 'milestones'),
  milestoneBeforeHigh: link('f64', 'milestones'),
  milestoneBeforeLow: link('f64', 'milestones'),
} as const satisfies Record<string, ColumnDefinition>;

export type ColumnName = keyof typeof FLOW_COLUMNS;

interface ColumnOf {
  row: RowColumn;
  delta16: DeltaColumn16;
  climbing: ClimbingColumn;
  sats: SatsColumn;
  code: CodeColumn;
  u8: U8Column;
  u32: U32Column;
  f64: F64Column;
  bytes: BytesColumn;
}
type FlowColumn = ColumnOf[keyof ColumnOf];
type ColumnsByName = { [N in ColumnName]: ColumnOf[(typeof FLOW_COLUMNS)[N]['kind']] };

/** Rows of each family: how far the flow index reaches. `scriptEnds` and `transactionEnds` follow from these. */
export type FlowCounts = Readonly<
  Record<Exclude<RowFamily, 'transactionEnds' | 'scriptEnds'>, number>
>;

export type ColumnStates = Readonly<Record<string, ColumnState>>;
export type KeyName = 'txKeys' | 'scriptKeys' | 'bareKeys';
export interface KeyState {
  readonly index: KeyIndexState;
  /** Rows that the index's stored runs cover, of the transactions or scripts. */
  readonly covered: number;
}
export type KeyStates = Readonly<Record<KeyName, KeyState>>;

export interface FlowColumnsOptions {
  /** Bytes that pages and key indexes may take together. */
  readonly memoryBytes?: number;
}

/** Where the columns are kept, and how far they are to be opened. */
export interface FlowPlace {
  readonly folder: string;
  readonly network: Network;
  /** Absent for a new, empty index. */
  readonly states?: ColumnStates;
  readonly keys?: KeyStates;
  readonly writable: boolean;
  /** Links and keys begin empty, whatever is there. */
  readonly isAnew?: boolean;
}

const DEFAULT_MEMORY_BYTES = 3 * 1024 ** 3;
/** Shares of the memory: pages of columns, keys of transactions, keys of scripts, keys of bare public keys. */
const SHARES = { pages: 0.5, txKeys: 0.22, scriptKeys: 0.25, bareKeys: 0.03 } as const;

/** Where the rows of an index in memory begin: for tests with large row numbers. */
export interface FlowBegin {
  readonly tx: number;
  readonly input: number;
  readonly output: number;
}

/** All columns and key indexes of a flow index, opened and closed together. */
export class FlowColumns {
  readonly byName: ColumnsByName;
  readonly folder: string | undefined;
  readonly txKeys: KeyIndex;
  readonly scriptKeys: KeyIndex;
  readonly bareKeys: KeyIndex;
  readonly covered: Record<KeyName, number>;

  private constructor(place: FlowPlace | undefined, options: FlowColumnsOptions) {
    const memoryBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
    const budget = new PageBudget(memoryBytes * SHARES.pages);
    this.folder = place?.folder;
    const opened: { close(): void }[] = [];
    try {
      const columns: Record<string, FlowColumn> = {};
      for (const [name, definition] of Object.entries(FLOW_COLUMNS)) {
        const column = makeColumn(name, definition, place, budget);
        opened.push(column);
        columns[name] = column;
      }
      this.byName = columns as unknown as ColumnsByName;
      const openKeys = (name: KeyName): KeyIndex => {
        const keyOptions = { memoryBytes: memoryBytes * SHARES[name] };
        const keys = makeKeys(name, place, keyOptions);
        opened.push(keys);
        return keys;
      };
      this.txKeys = openKeys('txKeys');
      this.scriptKeys = openKeys('scriptKeys');
      this.bareKeys = openKeys('bareKeys');
    } catch (cause) {
      for (const part of opened) part.close();
      throw cause;
    }
    this.covered = {
      txKeys: Math.max(place?.keys?.txKeys.covered ?? 0, this.txKeys.coveredRows),
      scriptKeys: Math.max(place?.keys?.scriptKeys.covered ?? 0, this.scriptKeys.coveredRows),
      bareKeys: Math.max(place?.keys?.bareKeys.covered ?? 0, this.bareKeys.coveredRows),
    };
  }

  static inMemory(options: FlowColumnsOptions): FlowColumns {
    return new FlowColumns(undefined, options);
  }

  /** Let the rows of an empty index in memory begin elsewhere. */
  beginAt({ tx, input, output }: FlowBegin): void {
    const begins: Partial<Record<RowFamily, number>> = {
      transactions: tx,
      transactionEnds: tx,
      inputs: input,
      outputs: output,
    };
    for (const [name, column] of this.#each()) {
      column.startAt(begins[FLOW_COLUMNS[name as ColumnName].family] ?? 0);
    }
    this.byName.txFirstInput.push(input);
    this.byName.txFirstOutput.push(output);
  }

  /** @throws {ClewError} CLEW_FLOW_FORMAT, CLEW_COLUMN_DAMAGED */
  static open(place: FlowPlace, options: FlowColumnsOptions): FlowColumns {
    return new FlowColumns(place, options);
  }

  /** Only the facts are there as they are stored; links and keys are made anew. */
  static openFacts(
    place: { readonly folder: string; readonly network: Network; readonly states: ColumnStates },
    options: FlowColumnsOptions,
  ): FlowColumns {
    return new FlowColumns({ ...place, writable: true, isAnew: true }, options);
  }

  #each(role?: 'fact' | 'link' | 'mutable'): [string, FlowColumn][] {
    return Object.entries(this.byName).filter(
      ([name]) => role === undefined || FLOW_COLUMNS[name as ColumnName].role === role,
    );
  }

  get mutableColumns(): (RowColumn | U8Column)[] {
    return this.#each('mutable').map(([, column]) => column as RowColumn | U8Column);
  }

  /** What the rows of a column are counted with. */
  familyOf(name: string): RowFamily {
    return FLOW_COLUMNS[name as ColumnName].family;
  }

  /** Hand the new rows of all columns that only grow to their files, without waiting for the disk. */
  flush(role?: 'fact'): void {
    for (const [, column] of this.#each(role)) column.flush();
  }

  sync(): void {
    for (const [, column] of this.#each()) column.sync();
  }

  states(role?: 'fact'): ColumnStates {
    return Object.fromEntries(this.#each(role).map(([name, column]) => [name, column.state()]));
  }

  keyStates(): KeyStates {
    return {
      txKeys: { index: this.txKeys.state(), covered: this.covered.txKeys },
      scriptKeys: { index: this.scriptKeys.state(), covered: this.covered.scriptKeys },
      bareKeys: { index: this.bareKeys.state(), covered: this.covered.bareKeys },
    };
  }

  truncate(counts: FlowCounts): void {
    for (const [name, column] of this.#each()) {
      column.truncate(rowsOf(FLOW_COLUMNS[name as ColumnName].family, counts));
    }
    const { covered } = this;
    covered.txKeys = Math.min(covered.txKeys, counts.transactions);
    covered.scriptKeys = Math.min(covered.scriptKeys, counts.scripts);
    covered.bareKeys = Math.min(covered.bareKeys, counts.scripts);
  }

  truncateFamily(family: RowFamily, length: number): void {
    for (const [name, column] of this.#each()) {
      if (FLOW_COLUMNS[name as ColumnName].family === family) column.truncate(length);
    }
  }

  /** Forget the links beyond the counts; the facts stay. */
  truncateLinks(counts: FlowCounts): void {
    for (const role of ['link', 'mutable'] as const) {
      for (const [name, column] of this.#each(role)) {
        column.truncate(rowsOf(FLOW_COLUMNS[name as ColumnName].family, counts));
      }
    }
  }

  /** Whether every column has the rows of its family. */
  agreesWith(counts: FlowCounts): boolean {
    return this.#each().every(
      ([name, column]) => column.length === rowsOf(FLOW_COLUMNS[name as ColumnName].family, counts),
    );
  }

  /**
   * Read every page of every column from the disk.
   *
   * @returns the first damage of each column that has one
   */
  verify(
    onProgress?: (column: string, pagesDone: number, pagesTotal: number) => void,
  ): ColumnDamage[] {
    const damages: ColumnDamage[] = [];
    for (const [name, column] of this.#each()) {
      const damage = column.verify((done, total) => onProgress?.(name, done, total));
      if (damage !== undefined) damages.push(damage);
    }
    return damages;
  }

  /**
   * Store the keys of the rows that were added since they were stored last.
   *
   * @param rowsMin fewer rows than these are not worth a file
   */
  storeKeys(counts: FlowCounts, rowsMin: number): void {
    const { transactions, scripts } = counts;
    const rows: Record<KeyName, number> = {
      txKeys: transactions,
      scriptKeys: scripts,
      bareKeys: scripts,
    };
    for (const name of ['txKeys', 'scriptKeys', 'bareKeys'] as const) {
      const keys = this[name];
      this.covered[name] = Math.max(this.covered[name], keys.coveredRows);
      if (rows[name] - this.covered[name] >= rowsMin) {
        keys.flushFront();
        this.covered[name] = rows[name];
      }
      keys.prepareCommit();
    }
  }

  /** Files of keys that the checkpoint just made does not name are of no use any more. */
  dropUnreferencedKeys(): void {
    for (const keys of [this.txKeys, this.scriptKeys, this.bareKeys]) keys.dropUnreferenced();
  }

  close(): void {
    for (const [, column] of this.#each()) column.close();
    this.txKeys.close();
    this.scriptKeys.close();
    this.bareKeys.close();
  }
}

function rowsOf(family: RowFamily, counts: FlowCounts): number {
  if (family === 'transactionEnds') return counts.transactions + 1;
  if (family === 'scriptEnds') return counts.scripts + 1;
  return counts[family];
}

function makeColumn(
  name: string,
  definition: ColumnDefinition,
  flowPlace: FlowPlace | undefined,
  budget: PageBudget,
): FlowColumn {
  const place =
    flowPlace === undefined
      ? undefined
      : {
          folder: flowPlace.folder,
          name,
          networkMagic: flowPlace.network.magic,
          state:
            flowPlace.isAnew && definition.role !== 'fact'
              ? undefined
              : requireState(name, flowPlace),
          writable: flowPlace.writable,
        };
  const options = { mutable: definition.role === 'mutable' };
  switch (definition.kind) {
    case 'row':
      return new RowColumn(place, budget, options);
    case 'delta16':
      return new DeltaColumn16(place, budget);
    case 'climbing':
      return new ClimbingColumn(place, budget);
    case 'sats':
      return new SatsColumn(place, budget);
    case 'code':
      return new CodeColumn(place, budget);
    case 'u8':
      return new U8Column(place, budget, options);
    case 'u32':
      return new U32Column(place, budget);
    case 'f64':
      return new F64Column(place, budget);
    case 'bytes':
      return new BytesColumn(definition.rowBytes!, place, budget);
  }
}

function requireState(name: string, place: FlowPlace): ColumnState | undefined {
  if (place.states === undefined) return undefined;
  const state = place.states[name];
  if (state !== undefined) return state;
  throw new ClewError('CLEW_FLOW_FORMAT', `The flow index has no record of its column ${name}.`, {
    folder: place.folder,
  });
}

function makeKeys(
  name: KeyName,
  place: FlowPlace | undefined,
  options: { readonly memoryBytes: number },
): KeyIndex {
  if (place === undefined) return KeyIndex.inMemory();
  const state = place.keys?.[name];
  if (state === undefined) return KeyIndex.create(place.folder, name, options);
  return KeyIndex.open(place.folder, name, state.index, {
    ...options,
    readOnly: !place.writable,
  });
}
