/**
 * The questions of the query layer answered the slow way: plain objects over the raw blocks, decoded by an independent library,
 * with a walk over all of a script's events for each answer. It is what every engine is held against.
 *
 * Kinds of scripts and spends are those of `src/chain`, which has tests of its own.
 */
import { hash160 } from '../../src/bytes/hash.ts';
import { BlockColumns, readBlockColumns } from '../../src/chain/block-columns.hot.ts';
import { classifyInput, newInputShape, PREVOUT_UNKNOWN } from '../../src/chain/input-kind.ts';
import type { Network } from '../../src/chain/network.ts';
import { classifyScript } from '../../src/chain/script.ts';
import { SCRIPT_KIND } from '../../src/chain/script-kind.ts';
import { ClewError } from '../../src/errors.ts';
import type { LedgerWorld } from '../../src/ledger/read/ledger-reader.contract.ts';
import type {
  HistoryQuestion,
  LedgerReader,
  Outpoint,
  ReadBlock,
  ReadHistory,
  ReadInput,
  ReadOptions,
  ReadOutput,
  ReadSpender,
  ReadSummary,
  ReadTip,
  ReadTransaction,
  ReadUnspent,
  UnspentQuestion,
} from '../../src/ledger/read/ledger-reader.ts';
import type { BlockHash, ScriptHex, Txid } from '../../src/units/ids.ts';
import { readBlock, type SlowInput, type SlowTransaction } from './slow-chain.ts';

/** What an output was that lies before the ledger: for ledgers with undo data. */
export interface CoinBefore {
  readonly valueSats: number;
  readonly script: ScriptHex;
  readonly height: number;
}

interface Coin {
  readonly valueSats: number;
  /** Undefined for data. */
  readonly script: ScriptHex | undefined;
  readonly scriptBytes: number;
  readonly kind: number;
  readonly isSpendable: boolean;
  readonly madeBy: Entry;
  readonly vout: number;
  spentBy?: { readonly by: Entry; readonly vin: number };
  /** The transaction with the same id that came later while it was not spent. */
  destroyedBy?: Entry;
}

interface Entry {
  /** Place among all transactions. */
  readonly order: number;
  readonly txid: Txid;
  readonly block: ReadBlock;
  readonly position: number;
  readonly tx: SlowTransaction;
  readonly sizeBytes: number;
  readonly weight: number;
  readonly inputs: ReadInput[];
  readonly coins: Coin[];
}

interface ScriptEvent {
  readonly entry: Entry;
  readonly isInput: boolean;
  readonly valueSats: number;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

export class SlowReader implements Omit<LedgerReader, 'engine'>, LedgerWorld {
  readonly network: Network;
  readonly blocks: ReadBlock[] = [];
  readonly entries: Entry[] = [];
  readonly #byTxid = new Map<string, Entry[]>();
  readonly #entriesOfBlock = new Map<string, Entry[]>();
  readonly #coins = new Map<string, Coin>();
  readonly #events = new Map<string, ScriptEvent[]>();
  readonly #before: ReadonlyMap<string, CoinBefore>;
  readonly #hasUndo: (height: number) => boolean;
  readonly #columns = new BlockColumns();
  readonly #shape = newInputShape();
  readonly #outpoints = new Map<string, Outpoint>();

  /**
   * @param before by `txid:vout`: what undo data tells of outputs that are not in the ledger
   * @param hasUndo whether there is undo data of the block at a height
   */
  constructor(
    network: Network,
    blocks: readonly { readonly height: number; readonly bytes: Uint8Array }[],
    before: ReadonlyMap<string, CoinBefore> = new Map(),
    hasUndo: (height: number) => boolean = () => true,
  ) {
    this.network = network;
    this.#before = before;
    this.#hasUndo = hasUndo;
    for (const { height, bytes } of blocks) this.#addBlock(height, bytes);
  }

  #addBlock(height: number, bytes: Uint8Array): void {
    const record = Buffer.from(bytes);
    const slow = readBlock(record);
    readBlockColumns(bytes, this.network, this.#columns);
    const block: ReadBlock = {
      height,
      hash: slow.hash as BlockHash,
      prevHash: slow.previousHash as BlockHash,
      merkleRoot: slow.merkleRoot,
      version: slow.version,
      timeSeconds: slow.timeSeconds,
      bits: slow.bits,
      nonce: record.readUInt32LE(76),
      transactions: slow.transactions.length,
      sizeBytes: record.length,
    };
    this.blocks.push(block);
    this.#entriesOfBlock.set(block.hash, []);
    let input = 0;
    for (const [position, tx] of slow.transactions.entries()) {
      this.#addTransaction(bytes, block, position, tx, input);
      input += tx.inputs.length;
    }
  }

  #addTransaction(
    bytes: Uint8Array,
    block: ReadBlock,
    position: number,
    tx: SlowTransaction,
    firstInput: number,
  ): void {
    const txid = tx.txid as Txid;
    const entry: Entry = {
      order: this.entries.length,
      txid,
      block,
      position,
      tx,
      sizeBytes: this.#columns.txLength[position]!,
      weight: tx.weight,
      inputs: [],
      coins: [],
    };
    for (const [vin, input] of tx.inputs.entries()) {
      entry.inputs.push(this.#addInput(bytes, entry, vin, firstInput + vin, input));
    }
    const same = this.#byTxid.get(txid) ?? [];
    // BIP 30: what the older one left unspent is gone.
    for (const coin of same.at(-1)?.coins ?? []) {
      if (coin.spentBy === undefined && coin.isSpendable) coin.destroyedBy = entry;
    }
    for (const [vout, { sats, script }] of tx.outputs.entries()) {
      const isData = script[0] === 0x6a || script.length > 10_000;
      const coin: Coin = {
        valueSats: Number(sats),
        script: isData ? undefined : (hex(script) as ScriptHex),
        scriptBytes: script.length,
        kind: classifyScript(script, 0, script.length),
        isSpendable: !isData && block.height !== 0,
        madeBy: entry,
        vout,
      };
      entry.coins.push(coin);
      this.#coins.set(`${txid}:${vout}`, coin);
      this.#outpoints.set(`${txid}:${vout}`, { txid, vout });
      if (coin.script !== undefined) this.#addEvent(coin.script, entry, false, coin.valueSats);
    }
    this.entries.push(entry);
    this.#byTxid.set(txid, [...same, entry]);
    this.#entriesOfBlock.get(block.hash)!.push(entry);
  }

  #addInput(
    bytes: Uint8Array,
    entry: Entry,
    vin: number,
    row: number,
    input: SlowInput,
  ): ReadInput {
    if (entry.position === 0) {
      const nothing = { kind: 1, keyForm: 0, sighashMask: 0, witnessItems: 0 };
      return { sequence: input.sequence, ...nothing };
    }
    const name = `${input.txid}:${input.vout}`;
    const prevout = { txid: input.txid as Txid, vout: input.vout };
    this.#outpoints.set(name, prevout);
    const coin = this.#coins.get(name);
    if (coin !== undefined) coin.spentBy = { by: entry, vin };
    const before = this.#hasUndo(entry.block.height) ? this.#before.get(name) : undefined;
    const spent = coin ?? before;
    const script = spent?.script;
    if (spent !== undefined && script !== undefined) {
      this.#addEvent(script, entry, true, spent.valueSats);
    }
    const bytesSpent = script === undefined ? undefined : bytesOf(script);
    const kind =
      bytesSpent === undefined ? PREVOUT_UNKNOWN : classifyScript(bytesSpent, 0, bytesSpent.length);
    classifyInput(bytes, this.#columns, row, kind, this.#shape);
    return {
      prevout,
      ...(spent === undefined ? {} : { valueSats: spent.valueSats }),
      ...(script === undefined ? {} : { script }),
      ...(coin === undefined && before !== undefined
        ? { isFromUndo: true as const, madeAtHeight: before.height }
        : {}),
      sequence: input.sequence,
      kind: this.#shape.kind,
      keyForm: this.#shape.keyForm,
      sighashMask: this.#shape.sighashMask,
      witnessItems: input.witness.length,
    };
  }

  #addEvent(script: ScriptHex, entry: Entry, isInput: boolean, valueSats: number): void {
    const event = { entry, isInput, valueSats };
    const events = this.#events.get(script);
    if (events === undefined) this.#events.set(script, [event]);
    else events.push(event);
  }

  // --- everything that there is, for whoever asks about all of it ---

  get txids(): Txid[] {
    return [...this.#byTxid.keys()] as Txid[];
  }

  get scripts(): ScriptHex[] {
    return [...this.#events.keys()] as ScriptHex[];
  }

  /** Of all outputs, and of what was spent from before the ledger. */
  get outpoints(): Outpoint[] {
    return [...this.#outpoints.values()];
  }

  get blockHashes(): BlockHash[] {
    return this.blocks.map(({ hash }) => hash);
  }

  get heights(): number[] {
    return this.blocks.map(({ height }) => height);
  }

  // --- answers ---

  async tip(): Promise<ReadTip | undefined> {
    const last = this.blocks.at(-1);
    if (last === undefined) return undefined;
    const { height, hash, timeSeconds } = last;
    return { height, hash, timeSeconds };
  }

  #isBefore(entry: Entry, { heightMax = Number.POSITIVE_INFINITY }: ReadOptions): boolean {
    return entry.block.height <= heightMax;
  }

  /** All with an id, oldest first. */
  #withId(txid: string, options: ReadOptions): Entry[] {
    return (this.#byTxid.get(txid) ?? []).filter((entry) => this.#isBefore(entry, options));
  }

  #spender({ spentBy }: Coin, options: ReadOptions): ReadSpender | undefined {
    if (spentBy === undefined || !this.#isBefore(spentBy.by, options)) return undefined;
    const { by, vin } = spentBy;
    return { txid: by.txid, vin, height: by.block.height };
  }

  async transactions(
    txids: readonly Txid[],
    options: ReadOptions = {},
  ): Promise<(ReadTransaction | undefined)[]> {
    return txids.map((txid) => {
      const all = this.#withId(txid, options);
      const entry = all.pop();
      if (entry === undefined) return undefined;
      const { block, tx, position } = entry;
      return {
        txid: entry.txid,
        place: {
          height: block.height,
          blockHash: block.hash,
          timeSeconds: block.timeSeconds,
          position,
        },
        version: tx.version,
        locktime: tx.locktime,
        sizeBytes: entry.sizeBytes,
        weight: entry.weight,
        isCoinbase: position === 0,
        hasWitness: tx.txid !== tx.wtxid,
        inputs: entry.inputs,
        outputs: entry.coins.map((coin) => this.#output(coin, options)),
        sameIdAtHeights: all.map((other) => other.block.height),
      };
    });
  }

  #output(coin: Coin, options: ReadOptions): ReadOutput {
    const { valueSats, kind, script, scriptBytes } = coin;
    const spentBy = this.#spender(coin, options);
    const unspent = coin.isSpendable ? 'unspent' : 'unspendable';
    return {
      valueSats,
      kind,
      ...(script === undefined ? {} : { script }),
      scriptBytes,
      ...(spentBy === undefined ? { status: unspent } : { status: 'spent', spentBy }),
    };
  }

  async spenders(
    outpoints: readonly Outpoint[],
    options: ReadOptions = {},
  ): Promise<(ReadSpender | undefined)[]> {
    return outpoints.map(({ txid, vout }) => {
      const coin = this.#withId(txid, options).at(-1)?.coins[vout];
      return coin === undefined ? undefined : this.#spender(coin, options);
    });
  }

  #eventsOf(script: string, options: ReadOptions): ScriptEvent[] {
    const events = this.#events.get(script) ?? [];
    return events.filter(({ entry }) => this.#isBefore(entry, options));
  }

  async histories(
    questions: readonly HistoryQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadHistory[]> {
    return questions.map(({ script, after, afterHeight, limit }) => {
      const byEntry = new Map<Entry, { received: bigint; sent: bigint }>();
      for (const { entry, isInput, valueSats } of this.#eventsOf(script, options)) {
        const sums = byEntry.get(entry) ?? { received: 0n, sent: 0n };
        sums[isInput ? 'sent' : 'received'] += BigInt(valueSats);
        byEntry.set(entry, sums);
      }
      const newestFirst = [...byEntry].sort(([a], [b]) => b.order - a.order);
      let from = 0;
      if (after !== undefined) {
        from = newestFirst.findIndex(
          ([{ txid, block }]) =>
            txid === after && (afterHeight === undefined || afterHeight === block.height),
        );
        if (from < 0) throw new ClewError('CLEW_USAGE', 'no such transaction', {});
        from += 1;
      }
      const page = newestFirst.slice(from, from + limit);
      return {
        entries: page.map(([{ txid, block }, { received, sent }]) => ({
          txid,
          height: block.height,
          timeSeconds: block.timeSeconds,
          receivedSats: received,
          sentSats: sent,
        })),
        hasMore: newestFirst.length > from + limit,
      };
    });
  }

  async summaries(
    scripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ReadSummary[]> {
    return scripts.map((script) => {
      const events = this.#eventsOf(script, options);
      const inputs = events.filter(({ isInput }) => isInput);
      const outputs = events.filter(({ isInput }) => !isInput);
      const sum = (some: readonly ScriptEvent[]): bigint =>
        some.reduce((total, { valueSats }) => total + BigInt(valueSats), 0n);
      const heights = events.map(({ entry }) => entry.block.height);
      return {
        receivedSats: sum(outputs),
        sentSats: sum(inputs),
        outputs: outputs.length,
        spentOutputs: inputs.length,
        transactions: new Set(events.map(({ entry }) => entry)).size,
        ...(heights.length === 0
          ? {}
          : { firstHeight: Math.min(...heights), lastHeight: Math.max(...heights) }),
      };
    });
  }

  async unspent(
    questions: readonly UnspentQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadUnspent[]> {
    return questions.map(({ script, limit }) => {
      const payers = new Set(this.#eventsOf(script, options).map(({ entry }) => entry));
      const coins = [...payers]
        .flatMap((entry) => entry.coins)
        .filter((coin) => coin.script === script && coin.isSpendable)
        .filter(({ spentBy }) => spentBy === undefined || !this.#isBefore(spentBy.by, options))
        .filter(
          ({ destroyedBy }) => destroyedBy === undefined || !this.#isBefore(destroyedBy, options),
        )
        .sort((a, b) => b.madeBy.order - a.madeBy.order || b.vout - a.vout);
      return {
        outputs: coins.slice(0, limit).map(({ madeBy, vout, valueSats }) => ({
          txid: madeBy.txid,
          vout,
          valueSats,
          height: madeBy.block.height,
        })),
        isWhole: coins.length <= limit,
      };
    });
  }

  async bareKeysOf(
    p2pkhScripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ScriptHex[][]> {
    const twins = new Map<string, ScriptHex[]>();
    for (const script of this.scripts) {
      const bytes = bytesOf(script);
      if (classifyScript(bytes, 0, bytes.length) !== SCRIPT_KIND.p2pk) continue;
      if (this.#eventsOf(script, options).length === 0) continue;
      const twin = `76a914${hex(hash160(bytes.subarray(1, -1)))}88ac`;
      twins.set(twin, [...(twins.get(twin) ?? []), script]);
    }
    return p2pkhScripts.map((script) => twins.get(script) ?? []);
  }

  async blocksAt(heights: readonly number[]): Promise<(ReadBlock | undefined)[]> {
    return heights.map((height) => this.blocks.find((block) => block.height === height));
  }

  async blocksWithHash(hashes: readonly BlockHash[]): Promise<(ReadBlock | undefined)[]> {
    return hashes.map((hash) => this.blocks.find((block) => block.hash === hash));
  }

  async blockTxids(hashes: readonly BlockHash[]): Promise<(readonly Txid[] | undefined)[]> {
    return hashes.map((hash) => this.#entriesOfBlock.get(hash)?.map(({ txid }) => txid));
  }

  async close(): Promise<void> {}
}

/** The outputs that a chain made in the blocks that are not kept: what undo data tells of them. */
export function coinsOf(
  blocks: readonly { readonly height: number; readonly bytes: Uint8Array }[],
): Map<string, CoinBefore> {
  const coins = new Map<string, CoinBefore>();
  for (const { height, bytes } of blocks) {
    for (const { txid, outputs } of readBlock(Buffer.from(bytes)).transactions) {
      for (const [vout, { sats, script }] of outputs.entries()) {
        coins.set(`${txid}:${vout}`, {
          valueSats: Number(sats),
          script: hex(script) as ScriptHex,
          height,
        });
      }
    }
  }
  return coins;
}
