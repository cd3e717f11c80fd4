/**
 * What was learned from Esplora servers, kept in one SQLite file.
 *
 * Only confirmed things are kept, each with the block that it stands in: when that block leaves the chain, so do they
 * (`dropFrom`). Of transactions the bytes that their id is the hash of are kept, and the id is computed again whenever one is
 * read; what stands beside them has a checksum. A row that does not pass is dropped and asked for again. A file that SQLite
 * can not read is put aside, and a new one begun.
 *
 * The bytes hold what strangers embedded in data outputs, since the id needs them; nobody looks at them. Witnesses are not kept.
 */
import { hash160 } from '../../bytes/hash.ts';
import { hexToBytes } from '../../bytes/hex.ts';
import type { Network } from '../../chain/network.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';
import { CacheDamaged, EsploraCacheFile, hexOf, sumOf } from './esplora-cache-file.ts';
import { EsploraHistoryCache } from './esplora-history-cache.ts';
import { EsploraSpenderCache } from './esplora-spender-cache.ts';
import {
  type BesideBytes,
  besideBytes,
  type CheckedTransaction,
  lie,
  transactionFromBytes,
} from './esplora-transaction.ts';
import type { Outpoint, ReadBlock, ReadPlace } from './ledger-reader.ts';

/** A transaction that is in a block. */
export interface PlacedTransaction {
  readonly tx: CheckedTransaction;
  readonly place: ReadPlace;
  /** A Merkle branch leads from its id to the header of its block. */
  readonly isProven: boolean;
}

/** A block's header, and what a server says beside it. */
export interface CachedHeader {
  readonly hash: BlockHash;
  readonly height: number;
  readonly header: Uint8Array;
}

interface TransactionRow {
  readonly txid: Uint8Array;
  readonly height: number;
  readonly block_hash: Uint8Array;
  readonly time: number;
  readonly position: number;
  readonly is_proven: number;
  readonly server: number;
  readonly stripped: Uint8Array;
  readonly beside: string;
  readonly sum: string;
}

interface HeaderRow {
  readonly hash: Uint8Array;
  readonly height: number;
  readonly header: Uint8Array;
  readonly transactions: number | null;
  readonly size_bytes: number | null;
  readonly sum: string;
}

const RECENT_MAX = 2_000;

/** What was said of inputs of these transactions is not true. */
class FalseClaims extends Error {
  readonly txids: ReadonlySet<Txid>;

  constructor(txids: ReadonlySet<Txid>) {
    super('an input does not spend what its previous output pays');
    this.txids = txids;
  }
}

function prevoutKey({ txid, vout }: Outpoint): Uint8Array {
  const key = Buffer.alloc(36);
  key.set(hexToBytes(txid));
  key.writeUInt32BE(vout, 32);
  return key;
}

export class EsploraCache {
  readonly #file: EsploraCacheFile;
  readonly #histories: EsploraHistoryCache;
  /** What the server said of spenders. */
  readonly saidSpenders: EsploraSpenderCache;
  readonly #network: Network;
  readonly #host: string;
  /** Transactions that were read or stored last. */
  readonly #recent = new Map<string, PlacedTransaction>();
  #epoch = 0;

  /**
   * Open the cache of a network, or begin one.
   *
   * @param folder made when it is missing
   * @param base the server that is asked
   * @throws ClewError CLEW_FILE_UNREADABLE, CLEW_NO_SPACE; CLEW_DATA_FOREIGN for the cache of another network
   */
  constructor(folder: string, network: Network, base: URL) {
    this.#network = network;
    this.#host = base.host;
    this.#file = new EsploraCacheFile(folder, network.name, base);
    this.#histories = new EsploraHistoryCache(this.#file);
    this.saidSpenders = new EsploraSpenderCache(this.#file);
  }

  /** Another number after something was dropped because its block left the chain. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What is known of the histories of scripts. */
  get histories(): EsploraHistoryCache {
    return this.#histories;
  }

  close(): void {
    this.#forget();
    this.#file.close();
  }

  /** Puts a damaged file aside, and begins with an empty one. */
  beginAnew(): void {
    this.#forget();
    this.#epoch += 1;
    this.#file.beginAnew();
  }

  /** Read again from the file: another program may have dropped something from it. */
  forgetRecent(): void {
    this.#recent.clear();
  }

  #forget(): void {
    this.#recent.clear();
    this.#histories.forget();
  }

  /** All of it counts, or nothing. What turns out to be a lie of an earlier answer is dropped. */
  atomically<T>(work: () => T): T {
    try {
      return this.#file.atomically(work);
    } catch (error) {
      this.#forget();
      if (error instanceof FalseClaims) {
        for (const txid of error.txids) this.dropTransaction(txid);
        throw lie(this.#host, 'an input does not spend what its previous output pays');
      }
      throw error;
    }
  }

  // --- transactions ---

  /** A transaction as stored, if it is still what its id says. Places are the word of one server: of others none counts. */
  transaction(txid: Txid): PlacedTransaction | undefined {
    const recent = this.#recent.get(txid);
    if (recent !== undefined) return recent;
    const row = this.#file.get('SELECT * FROM transactions WHERE txid = ?', hexToBytes(txid)) as
      | TransactionRow
      | undefined;
    if (row === undefined) return undefined;
    const found = this.#placedOf(row, txid);
    if (found === undefined) this.dropTransaction(txid);
    else if (row.server !== this.#file.server) return undefined;
    else this.#remember(found);
    return found;
  }

  #remember(placed: PlacedTransaction): void {
    if (this.#recent.size >= RECENT_MAX) {
      const [oldest] = this.#recent.keys();
      this.#recent.delete(oldest!);
    }
    this.#recent.set(placed.tx.txid, placed);
  }

  #placedOf(row: TransactionRow, txid: string): PlacedTransaction | undefined {
    try {
      if (row.sum !== transactionSum(row)) return undefined;
      const beside = JSON.parse(row.beside) as BesideBytes;
      const tx = transactionFromBytes(new Uint8Array(row.stripped), txid, beside, this.#network);
      if (tx === undefined) return undefined;
      const place = {
        height: row.height,
        blockHash: hexOf(row.block_hash) as BlockHash,
        timeSeconds: row.time,
        position: row.position,
      };
      return { tx, place, isProven: row.is_proven === 1 };
    } catch {
      return undefined;
    }
  }

  /**
   * Keep transactions, all or none.
   *
   * @param tipHeight where the chain ended when they were told
   * @throws ClewError CLEW_REMOTE_LIE when one of them contradicts another or one that is kept
   */
  putTransactions(placed: readonly PlacedTransaction[], tipHeight: number): void {
    for (const each of placed) {
      const { tx, place, isProven } = each;
      const row = {
        txid: hexToBytes(tx.txid),
        height: place.height,
        block_hash: hexToBytes(place.blockHash),
        time: place.timeSeconds,
        position: place.position,
        is_proven: isProven ? 1 : 0,
        server: this.#file.server,
        stripped: tx.stripped,
        beside: JSON.stringify(besideBytes(tx)),
      };
      const { txid, height, block_hash, time, position, is_proven, server, stripped, beside } = row;
      this.#file.run(
        `INSERT OR REPLACE INTO transactions (txid, height, block_hash, time, position, is_proven,
           server, tip, stripped, beside, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[txid, height, block_hash, time, position, is_proven, server, tipHeight],
        ...[stripped, beside, transactionSum(row)],
      );
      this.#noteEnds(tx, txid);
      this.#recent.delete(tx.txid);
      this.#remember(each);
    }
    const liars = new Set<Txid>();
    for (const { tx } of placed) this.#findLiars(tx, liars);
    if (liars.size > 0) throw new FalseClaims(liars);
  }

  #noteEnds(tx: CheckedTransaction, txid: Uint8Array): void {
    for (const [vin, { prevout }] of tx.inputs.entries()) {
      if (prevout === undefined) continue;
      const key = prevoutKey(prevout);
      this.#file.run(
        'INSERT OR IGNORE INTO spends (prevout, txid, vin) VALUES (?, ?, ?)',
        key,
        txid,
        vin,
      );
    }
    for (const { kind, script } of tx.outputs) {
      if (kind !== SCRIPT_KIND.p2pk || script === undefined) continue;
      const bytes = hexToBytes(script);
      const twin = hash160(bytes.subarray(1, bytes.length - 1));
      this.#file.run(
        'INSERT OR IGNORE INTO bare_keys (twin, script, txid) VALUES (?, ?, ?)',
        ...[twin, bytes, txid],
      );
    }
  }

  /** What inputs say of outputs must be what the transactions say that made them, both ways: those that say otherwise. */
  #findLiars(tx: CheckedTransaction, liars: Set<Txid>): void {
    for (const { prevout, valueSats, script } of tx.inputs) {
      if (prevout === undefined || valueSats === undefined) continue;
      const maker = this.transaction(prevout.txid);
      if (maker === undefined) continue;
      const output = maker.tx.outputs[prevout.vout];
      if (!isSame({ valueSats, script }, output)) liars.add(tx.txid);
    }
    for (const [vout, output] of tx.outputs.entries()) {
      const spenders = this.#spendersOf({ txid: tx.txid, vout });
      if (spenders.length > 1) throw lie(this.#host, 'an output is spent twice');
      const [spender] = spenders;
      const spending = spender?.placed.tx.inputs[spender.vin];
      if (spending?.valueSats === undefined) continue;
      if (!isSame(spending, output)) liars.add(spender!.placed.tx.txid);
    }
  }

  /** Kept transactions that spend an output: what the list of spends says is looked up in them. */
  #spendersOf(outpoint: Outpoint): { placed: PlacedTransaction; vin: number }[] {
    const rows = this.#file.all(
      'SELECT txid, vin FROM spends WHERE prevout = ?',
      prevoutKey(outpoint),
    );
    return (rows as { txid: Uint8Array; vin: number }[]).flatMap(({ txid, vin }) => {
      const placed = this.transaction(hexOf(txid) as Txid);
      const prevout = placed?.tx.inputs[vin]?.prevout;
      const isSpent = prevout?.txid === outpoint.txid && prevout.vout === outpoint.vout;
      return placed !== undefined && isSpent ? [{ placed, vin }] : [];
    });
  }

  /** A kept transaction that spends an output. */
  spender(outpoint: Outpoint): { placed: PlacedTransaction; vin: number } | undefined {
    return this.#spendersOf(outpoint)[0];
  }

  /** Takes what the server said of a transaction out again. */
  dropTransaction(txid: Txid): void {
    const key = hexToBytes(txid);
    this.#recent.delete(txid);
    this.#file.run('DELETE FROM transactions WHERE txid = ?', key);
    this.#file.run('DELETE FROM spends WHERE txid = ?', key);
    this.#file.run('DELETE FROM bare_keys WHERE txid = ?', key);
  }

  /** Bare keys that kept transactions pay, by the hash of the key. */
  bareKeys(keyHash: Uint8Array): { script: ScriptHex; txid: Txid }[] {
    const rows = this.#file.all('SELECT script, txid FROM bare_keys WHERE twin = ?', keyHash);
    return (rows as { script: Uint8Array; txid: Uint8Array }[]).map(({ script, txid }) => ({
      script: hexOf(script) as ScriptHex,
      txid: hexOf(txid) as Txid,
    }));
  }

  // --- blocks ---

  header(hash: BlockHash): CachedHeader | undefined {
    const row = this.#headerRow(hash);
    return row && { hash, height: row.height, header: new Uint8Array(row.header) };
  }

  #headerRow(hash: BlockHash): HeaderRow | undefined {
    const row = this.#file.get('SELECT * FROM headers WHERE hash = ?', hexToBytes(hash)) as
      | HeaderRow
      | undefined;
    if (row === undefined || isIntact(row)) return row;
    this.#file.run('DELETE FROM headers WHERE hash = ?', hexToBytes(hash));
    return undefined;
  }

  /** A block of which a server told all. */
  block(
    hash: BlockHash,
    parse: (header: Uint8Array) => Omit<ReadBlock, 'height' | 'transactions' | 'sizeBytes'>,
  ): ReadBlock | undefined {
    const row = this.#headerRow(hash);
    if (row === undefined || row.transactions === null || row.size_bytes === null) return undefined;
    const { height, transactions, size_bytes: sizeBytes } = row;
    return { height, ...parse(new Uint8Array(row.header)), transactions, sizeBytes };
  }

  /** Hashes of kept blocks by height, lowest first: those that have to be on the chain still. */
  heights(): { height: number; hash: BlockHash }[] {
    const rows = this.#file.all('SELECT height, hash FROM headers ORDER BY height');
    return (rows as { height: number; hash: Uint8Array }[]).map(({ height, hash }) => {
      if (!Number.isSafeInteger(height)) throw new CacheDamaged();
      return { height, hash: hexOf(hash) as BlockHash };
    });
  }

  /** The kept block at a height. */
  hashAt(height: number): BlockHash | undefined {
    const rows = this.#file.all('SELECT * FROM headers WHERE height = ?', height) as HeaderRow[];
    const row = rows.find((each) => isIntact(each) && each.height === height);
    return row && (hexOf(row.hash) as BlockHash);
  }

  putHeader(header: CachedHeader, counts?: { transactions: number; sizeBytes: number }): void {
    const before = this.#headerRow(header.hash);
    const row = {
      hash: hexToBytes(header.hash),
      height: header.height,
      header: header.header,
      transactions: counts?.transactions ?? before?.transactions ?? null,
      size_bytes: counts?.sizeBytes ?? before?.size_bytes ?? null,
    };
    this.#file.run(
      `INSERT OR REPLACE INTO headers (hash, height, header, transactions, size_bytes, sum)
       VALUES (?, ?, ?, ?, ?, ?)`,
      ...[row.hash, row.height, row.header, row.transactions, row.size_bytes, headerSum(row)],
    );
  }

  /** The ids of a block's transactions, 32 bytes each as people read them; the caller checks the Merkle root. */
  blockTxids(hash: BlockHash): Uint8Array | undefined {
    const row = this.#file.get('SELECT txids FROM block_txids WHERE hash = ?', hexToBytes(hash));
    return row && new Uint8Array((row as { txids: Uint8Array }).txids);
  }

  putBlockTxids(hash: BlockHash, height: number, txids: Uint8Array): void {
    this.#file.run(
      'INSERT OR REPLACE INTO block_txids VALUES (?, ?, ?)',
      hexToBytes(hash),
      height,
      txids,
    );
  }

  dropBlockTxids(hash: BlockHash): void {
    this.#file.run('DELETE FROM block_txids WHERE hash = ?', hexToBytes(hash));
  }

  /** Forget all that stands in blocks from a height on: they are not on the chain any more. */
  dropFrom(height: number): void {
    this.#recent.clear();
    this.#epoch += 1;
    this.atomically(() => {
      const gone = 'SELECT txid FROM transactions WHERE height >= ?';
      this.#file.run(`DELETE FROM spends WHERE txid IN (${gone})`, height);
      this.#file.run(`DELETE FROM bare_keys WHERE txid IN (${gone})`, height);
      this.#file.run('DELETE FROM transactions WHERE height >= ?', height);
      this.#file.run('DELETE FROM headers WHERE height >= ?', height);
      this.#file.run('DELETE FROM block_txids WHERE height >= ?', height);
      this.saidSpenders.dropFrom(height);
      this.#histories.cutFrom(height);
    });
  }
}

/** What an input is said to spend, and what the transaction says that made it: of the two only that is hashed. */
function isSame(
  said: { readonly valueSats?: number; readonly script?: ScriptHex | undefined },
  output: { readonly valueSats: number; readonly script?: ScriptHex } | undefined,
): boolean {
  return output?.valueSats === said.valueSats && output?.script === said.script;
}

function transactionSum(row: Omit<TransactionRow, 'sum'>): string {
  const { height, block_hash, time, position, is_proven, server, beside } = row;
  const place = [height, hexOf(block_hash), time, position];
  return sumOf(hexOf(row.txid), ...place, is_proven, server, beside);
}

/** A damaged file may give anything for a row. */
function isIntact(row: HeaderRow): boolean {
  try {
    return row.sum === headerSum(row);
  } catch {
    return false;
  }
}

function headerSum(row: Omit<HeaderRow, 'sum'>): string {
  const { hash, height, header, transactions, size_bytes } = row;
  return sumOf(hexOf(hash), height, hexOf(header), transactions, size_bytes);
}
