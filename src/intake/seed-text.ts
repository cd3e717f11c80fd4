/**
 * What one cell of a seed file means: an address, a transaction or an output, or why it is none.
 */
import { canonicalAddress, recogniseAddress } from '../chain/address.ts';
import type { Network } from '../chain/network.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import type { Address, Txid } from '../units/ids.ts';

export type SeedReading =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'tx'; readonly txid: Txid }
  | { readonly kind: 'output'; readonly txid: Txid; readonly vout: number }
  | { readonly kind: 'otherChain'; readonly chain: string }
  | { readonly kind: 'rejected'; readonly code: ErrorCode; readonly reason: string };

const VOUT_MAX = 0xffff_fffe;
/** So many hex digits in a row are no address of any kind. */
const HEX_DIGITS_MIN = 44;

/** Payment links (BIP 21): the address stands between the scheme and the question mark. */
const PAYMENT_SCHEMES: Readonly<Record<Network['coin'], RegExp>> = {
  BTC: /^bitcoin:(?:\/\/)?([^?#]+)/i,
  LTC: /^litecoin:(?:\/\/)?([^?#]+)/i,
  DOGE: /^dogecoin:(?:\/\/)?([^?#]+)/i,
  DASH: /^dash:(?:\/\/)?([^?#]+)/i,
  // The scheme is the prefix of the address too, which is read with and without it.
  BCH: /^(?:bitcoincash|bchreg):(?:\/\/)?([^?#]+)/i,
};

function rejected(code: ErrorCode, reason: string): SeedReading {
  return { kind: 'rejected', code, reason };
}

function readOutputNumber(txid: string, digits: string): SeedReading {
  const vout = /^\d{1,10}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(vout <= VOUT_MAX)) {
    return rejected(
      'CLEW_TXID_FORMAT',
      'What stands after the transaction id is no output number.',
    );
  }
  return { kind: 'output', txid: txid as Txid, vout };
}

/** A text that begins with many hex digits. */
function readTransaction(hex: string, rest: string): SeedReading {
  if (hex.length !== 64) {
    const reason = `A transaction id has 64 hex digits; here are ${hex.length}.`;
    return rejected('CLEW_TXID_FORMAT', reason);
  }
  const txid = hex.toLowerCase() as Txid;
  if (rest === '') return { kind: 'tx', txid };
  if (rest.startsWith(':')) return readOutputNumber(txid, rest.slice(1).trim());
  return rejected(
    'CLEW_TXID_FORMAT',
    'After a transaction id comes ":" and the number of an output.',
  );
}

function readAddress(text: string, network: Network): SeedReading {
  try {
    return { kind: 'address', address: canonicalAddress(text, network) };
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    // A valid address of another coin is no mistake. One of another network of the same coin is.
    const chains = new Set(recogniseAddress(text).map(({ chain }) => chain));
    if (chains.size > 0 && !chains.has(network.coin)) {
      return { kind: 'otherChain', chain: [...chains].join(', ') };
    }
    return rejected(error.code, error.message);
  }
}

/**
 * Read one cell.
 *
 * @param text as it stands in the file, without characters that can not be seen and without spaces around it
 * @param vout the cell of a column `vout`, which goes with a bare transaction id
 * @example readSeedText('<64 hex digits>:1', network) // { kind: 'output', txid, vout: 1 }
 */
export function readSeedText(text: string, network: Network, vout = ''): SeedReading {
  const hex = /^[0-9a-fA-F]+/.exec(text)?.[0] ?? '';
  if (hex.length >= HEX_DIGITS_MIN) {
    const reading = readTransaction(hex, text.slice(hex.length).trim());
    return reading.kind === 'tx' && vout !== '' ? readOutputNumber(reading.txid, vout) : reading;
  }
  const payment = PAYMENT_SCHEMES[network.coin].exec(text);
  return readAddress(payment?.[1] ?? text, network);
}
