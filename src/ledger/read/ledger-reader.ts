/**
 * What a ledger can be asked, whatever holds it: the flow index, tables in chDB, a ClickHouse server or cluster, or
 * somebody's Esplora server.
 *
 * The questions are shaped as sets, because a round trip costs the same for one as for a thousand. Answers come in the order
 * of the questions. Things have the names that the chain gives them (txids, outpoints, script bytes), never row numbers: those
 * belong to one ledger. Only confirmed transactions are facts; an engine that sees others keeps them to itself.
 *
 * One contract test (`ledger-reader.contract.ts`) holds all engines to the same answers.
 */
import type { Network } from '../../chain/network.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';

/** Who answers: for messages and measurements, never for deciding what to ask. */
export type ReaderEngine = 'flow' | 'chdb' | 'clickhouse' | 'cluster' | 'esplora';

/** Answers hold up to this block. */
export interface ReadTip {
  readonly height: number;
  readonly hash: BlockHash;
  readonly timeSeconds: number;
}

export interface Outpoint {
  readonly txid: Txid;
  readonly vout: number;
}

/** Where a transaction stands in the chain. */
export interface ReadPlace {
  readonly height: number;
  readonly blockHash: BlockHash;
  readonly timeSeconds: number;
  /** Place in the block; 0 is the coinbase. */
  readonly position: number;
}

export interface ReadInput {
  /** Undefined for a coinbase. */
  readonly prevout?: Outpoint;
  /** Undefined for a coinbase, and when the previous output is unknown. */
  readonly valueSats?: number;
  /** Undefined for a coinbase, when the previous output is unknown, and for data outputs. */
  readonly script?: ScriptHex;
  /** The previous output lies before the ledger: value and script are those of undo data. */
  readonly isFromUndo?: true;
  /** With `isFromUndo`, the height of the block that made the previous output, when undo data tells. */
  readonly madeAtHeight?: number;
  readonly sequence: number;
  /** INPUT_KIND of `chain/input-kind.ts`. */
  readonly kind: number;
  /** KEY_FORM, mask of signature hash types and number of witness items, as `chain/input-kind.ts` tells them. */
  readonly keyForm: number;
  readonly sighashMask: number;
  readonly witnessItems: number;
}

export interface ReadSpender {
  readonly txid: Txid;
  readonly vin: number;
  readonly height: number;
}

export interface ReadOutput {
  readonly valueSats: number;
  /** SCRIPT_KIND of `chain/script-kind.ts`. */
  readonly kind: number;
  /** Undefined for data outputs, whose bytes are never kept (docs/decisions/0004). */
  readonly script?: ScriptHex;
  readonly scriptBytes: number;
  /** `unspendable`: data, the genesis output, a script above 10,000 bytes. */
  readonly status: 'unspent' | 'spent' | 'unspendable';
  /** With `spent`. */
  readonly spentBy?: ReadSpender;
}

export interface ReadTransaction {
  readonly txid: Txid;
  readonly place: ReadPlace;
  readonly version: number;
  readonly locktime: number;
  readonly sizeBytes: number;
  readonly weight: number;
  readonly isCoinbase: boolean;
  readonly hasWitness: boolean;
  readonly inputs: readonly ReadInput[];
  readonly outputs: readonly ReadOutput[];
  /** Heights of other transactions with the same id, from before BIP 30, oldest first. */
  readonly sameIdAtHeights: readonly number[];
}

export interface HistoryQuestion {
  readonly script: ScriptHex;
  /** The last transaction of the page before: the answer goes on with older ones. */
  readonly after?: Txid;
  /** Its height tells it from others with its id (before BIP 30); without it the newest that touches the script is meant. */
  readonly afterHeight?: number;
  readonly limit: number;
}

/** A transaction that pays a script or spends from it. */
export interface ReadHistoryEntry {
  readonly txid: Txid;
  readonly height: number;
  readonly timeSeconds: number;
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
}

export interface ReadHistory {
  /**
   * Newest first: by height, and within a block in the order in which coins were spent, last first. That is the order
   * of positions, but for blocks that are ordered by ids (docs/decisions/0017).
   */
  readonly entries: readonly ReadHistoryEntry[];
  /** Whether older ones follow: ask again with `after` the last of these. */
  readonly hasMore: boolean;
}

/** Counts and sums of a script; all zero for one that never appears. */
export interface ReadSummary {
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
  readonly outputs: number;
  readonly spentOutputs: number;
  readonly transactions: number;
  /** Left out too where an engine would have to read a long history for them (Esplora). */
  readonly firstHeight?: number;
  readonly lastHeight?: number;
}

export interface UnspentQuestion {
  readonly script: ScriptHex;
  /** At most so many, the one made last first, of one transaction too: `isWhole` tells whether that were all. */
  readonly limit: number;
}

export interface ReadUnspent {
  readonly outputs: readonly (Outpoint & { readonly valueSats: number; readonly height: number })[];
  readonly isWhole: boolean;
}

export interface ReadBlock {
  readonly height: number;
  readonly hash: BlockHash;
  readonly prevHash: BlockHash;
  readonly merkleRoot: string;
  readonly version: number;
  readonly timeSeconds: number;
  readonly bits: number;
  readonly nonce: number;
  readonly transactions: number;
  readonly sizeBytes: number;
}

/** Holds for all questions of one call. */
export interface ReadOptions {
  /** Answer as if this block were the last one. */
  readonly heightMax?: number;
  readonly signal?: AbortSignal;
}

/**
 * The questions. A thing that is not there (a txid, a height) is answered with undefined, or with zeros: no error. Errors are
 * thrown for engines that can not answer: CLEW_REMOTE_*, CLEW_SHARD_* and others of `docs/errors.md`; never a part of an answer.
 * What can be no name at all (`chain-names.ts`) is refused by every engine: CLEW_TXID_FORMAT, CLEW_USAGE.
 */
export interface LedgerReader {
  readonly network: Network;
  readonly engine: ReaderEngine;

  /** The last block; undefined for an empty ledger. */
  tip(): Promise<ReadTip | undefined>;

  /** The transactions with these ids; of several with one id the newest. */
  transactions(
    txids: readonly Txid[],
    options?: ReadOptions,
  ): Promise<(ReadTransaction | undefined)[]>;

  /** Who spent these outputs; undefined for one that is not spent, or not there. */
  spenders(
    outpoints: readonly Outpoint[],
    options?: ReadOptions,
  ): Promise<(ReadSpender | undefined)[]>;

  /** A page of the history of each script. An `after` that does not touch the script is an error: CLEW_USAGE. */
  histories(questions: readonly HistoryQuestion[], options?: ReadOptions): Promise<ReadHistory[]>;

  summaries(scripts: readonly ScriptHex[], options?: ReadOptions): Promise<ReadSummary[]>;

  unspent(questions: readonly UnspentQuestion[], options?: ReadOptions): Promise<ReadUnspent[]>;

  /**
   * Bare public keys that were paid, for the hash of a key: the P2PK scripts that a P2PKH script's address stands for too, in
   * order of first sight. None for any other script.
   */
  bareKeysOf(p2pkhScripts: readonly ScriptHex[], options?: ReadOptions): Promise<ScriptHex[][]>;

  blocksAt(heights: readonly number[]): Promise<(ReadBlock | undefined)[]>;

  blocksWithHash(hashes: readonly BlockHash[]): Promise<(ReadBlock | undefined)[]>;

  /** The ids of a block's transactions in their order; undefined when there is no such block. */
  blockTxids(hashes: readonly BlockHash[]): Promise<(readonly Txid[] | undefined)[]>;

  close(): Promise<void>;
}
