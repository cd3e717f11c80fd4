/**
 * What a server said of who spends the outputs of transactions, kept from run to run.
 *
 * That an output is spent holds as long as the block of its spender stands; that it is not spent holds only while the chain
 * ends where it did. So an answer counts again when the chain has not moved, or when it says of every output that it is spent.
 */
import { hexToBytes } from '../../bytes/hex.ts';
import type { BlockHash, Txid } from '../../units/ids.ts';
import { type EsploraCacheFile, hexOf, sumOf } from './esplora-cache-file.ts';

/** What a server says spends an output. */
export interface SaidSpender {
  readonly txid: Txid;
  readonly vin: number;
  readonly height: number;
}

/** Spenders by output; undefined for an output that is not spent. */
export type SaidSpenders = readonly (SaidSpender | undefined)[];

interface Row {
  readonly tip_hash: Uint8Array;
  readonly said: string;
  readonly sum: string;
}

export class EsploraSpenderCache {
  readonly #file: EsploraCacheFile;

  constructor(file: EsploraCacheFile) {
    this.#file = file;
  }

  /**
   * @param tipHash where the chain ends now
   * @param canBeSpent whether an output has a spender at all: data has none
   */
  get(
    txid: Txid,
    tipHash: BlockHash,
    canBeSpent: (vout: number) => boolean,
  ): SaidSpenders | undefined {
    const { server } = this.#file;
    const row = this.#file.get(
      'SELECT tip_hash, said, sum FROM said_spenders WHERE txid = ? AND server = ?',
      ...[hexToBytes(txid), server],
    ) as Row | undefined;
    if (row === undefined) return undefined;
    const tip = hexOf(row.tip_hash);
    if (row.sum !== sumOf(txid, tip, row.said)) {
      this.#file.run('DELETE FROM said_spenders WHERE txid = ?', hexToBytes(txid));
      return undefined;
    }
    const said = (JSON.parse(row.said) as (readonly [Txid, number, number] | null)[]).map((each) =>
      each === null ? undefined : { txid: each[0], vin: each[1], height: each[2] },
    );
    const isSettled = said.every((spender, vout) => spender !== undefined || !canBeSpent(vout));
    return tip === tipHash || isSettled ? said : undefined;
  }

  /** @param tip the end of the chain when the server was asked */
  put(
    txid: Txid,
    tip: { readonly height: number; readonly hash: BlockHash },
    spenders: SaidSpenders,
  ): void {
    const said = JSON.stringify(
      spenders.map((spender) =>
        spender === undefined ? null : [spender.txid, spender.vin, spender.height],
      ),
    );
    this.#file.run(
      `INSERT OR REPLACE INTO said_spenders (txid, server, tip, tip_hash, said, sum)
       VALUES (?, ?, ?, ?, ?, ?)`,
      ...[hexToBytes(txid), this.#file.server, tip.height, hexToBytes(tip.hash)],
      ...[said, sumOf(txid, tip.hash, said)],
    );
  }

  /** What was said turned out to be false. */
  drop(txid: Txid): void {
    this.#file.run('DELETE FROM said_spenders WHERE txid = ?', hexToBytes(txid));
  }

  /** Forget what was said when the chain ended with a block that left it. */
  dropFrom(height: number): void {
    this.#file.run('DELETE FROM said_spenders WHERE tip >= ?', height);
  }
}
