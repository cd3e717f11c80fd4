/** The bytes of a transaction, read again from where they stand and proven to be it. */
import { bytesToHex } from '../bytes/hex.ts';
import type { Network } from '../chain/network.ts';
import { parseTransaction, serializeTransaction } from '../chain/transaction.ts';
import { ClewError } from '../errors.ts';
import type { BlockPlace } from '../source/raw-bytes.ts';
import type { RawSource } from './raw-source.ts';

/**
 * The transaction without its witness, as hex: hashed twice with SHA-256 it gives the txid. Witness data, where strangers put
 * what they like, stays out; nothing is decoded.
 *
 * @param facts where the ledger says that the bytes stand
 * @throws {ClewError} CLEW_RAW_GONE when the file is missing, cut, or holds something else there, and what a node throws
 */
export async function readStrippedHex(
  facts: { readonly raw: BlockPlace; readonly blockHash: string; readonly txid: string },
  network: Network,
  raw: RawSource,
): Promise<string> {
  const { txid, blockHash } = facts;
  const bytes = await raw.read(facts.raw, blockHash);
  const found = parseOrUndefined(bytes, network);
  if (found?.tx.txid !== txid || found.length !== bytes.length) {
    throw new ClewError('CLEW_RAW_GONE', 'Where the transaction stood is something else now.', {
      file: facts.raw.file,
      offset: facts.raw.offsetBytes,
      txid,
    });
  }
  return bytesToHex(serializeTransaction(found.tx, { witness: false }));
}

function parseOrUndefined(bytes: Uint8Array, network: Network) {
  try {
    return parseTransaction(bytes, 0, network);
  } catch (error) {
    if (error instanceof ClewError) return undefined;
    throw error;
  }
}
