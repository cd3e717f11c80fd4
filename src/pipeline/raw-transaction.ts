/** The bytes of a transaction, read again from its block file and proven to be it. */
import { bytesToHex } from '../bytes/hex.ts';
import type { Network } from '../chain/network.ts';
import { parseTransaction, serializeTransaction } from '../chain/transaction.ts';
import { ClewError } from '../errors.ts';
import { type BlockPlace, readRawBytes } from '../source/raw-bytes.ts';

/**
 * The transaction without its witness, as hex: hashed twice with SHA-256 it gives the txid. Witness data, where strangers put
 * what they like, stays out; nothing is decoded.
 *
 * @param place where the ledger says that the bytes stand
 * @throws {ClewError} CLEW_RAW_GONE when the file is missing, cut, or holds something else there
 */
export function readStrippedHex(place: BlockPlace, txid: string, network: Network): string {
  const bytes = readRawBytes(place);
  const found = parseOrUndefined(bytes, network);
  if (found?.tx.txid !== txid || found.length !== bytes.length) {
    throw new ClewError(
      'CLEW_RAW_GONE',
      'The block file holds something else at the place noted.',
      {
        file: place.file,
        offset: place.offsetBytes,
        txid,
      },
    );
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
