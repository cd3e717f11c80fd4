/**
 * Whom a tag is about: which network its address or transaction belongs to.
 *
 * A tag stays on its network. What it says of the coin decides first (`BTC` or `XBT`: Bitcoin, `LTC`, `DOGE`, `DASH`, `BCH`; all
 * others are other chains). So Bitcoin's old addresses and Bitcoin Cash's, which are the same strings, are never mixed up. Then
 * the address must be valid there.
 *
 * Packs know no test networks, so a made-up economy writes `BTC` too. The rule: when tags are
 * imported for a ledger of a test network, an address of its coin that is valid on that network belongs
 * to it, one that is valid on the coin's real network is left out as another chain's. No address is
 * valid on both. A transaction id fits every network and is taken to belong to the ledger's.
 */
import { canonicalAddress, recogniseAddress } from '../chain/address.ts';
import { getNetwork, NETWORKS, type NetworkName, REAL_NETWORKS } from '../chain/network.ts';
import { ClewError, type ErrorCode } from '../errors.ts';

/** `real` covers all networks whose coins are worth something; a test network stands for itself. */
export type Scope = 'real' | NetworkName;

/** Why a tag was left out. */
export interface Reject {
  readonly code: ErrorCode;
  /** The same words for the same reason, so that they can be counted. */
  readonly reason: string;
}

export interface Subject {
  readonly network: NetworkName;
  readonly saidAbout: 'address' | 'transaction';
  /** The canonical address, or the txid. */
  readonly text: string;
}

export type Placed =
  | { readonly kind: 'subject'; readonly subject: Subject }
  | { readonly kind: 'elsewhere'; readonly chain: string }
  | { readonly kind: 'rejected'; readonly reject: Reject };

const HOMES: ReadonlyMap<string, NetworkName> = new Map([
  ...REAL_NETWORKS.map(({ coin, name }) => [coin, name] as const),
  ['XBT', 'main'],
]);

/** What may name a coin or chain in a pack. */
const TICKER = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,30}$/;

/**
 * The packs' words for a ledger's network.
 *
 * @example scopeOf('regtest') // 'regtest'
 */
export function scopeOf(network: NetworkName): Scope {
  return NETWORKS[network].isTest ? network : 'real';
}

/**
 * Find the network of what a tag is about, and its canonical spelling there.
 *
 * @param saidAbout what the text is
 * @param text address or transaction id, as the pack has it
 * @param ticker the chain, as the pack names it
 * @param scope for which ledger the tags are read
 */
export function placeSubject(
  saidAbout: 'address' | 'transaction',
  text: string,
  ticker: string,
  scope: Scope,
): Placed {
  if (!TICKER.test(ticker)) {
    return reject('CLEW_TAG_FIELD', 'the currency or network is no name of a chain');
  }
  const home = HOMES.get(ticker.toUpperCase());
  if (home === undefined) return { kind: 'elsewhere', chain: ticker };
  if (scope !== 'real' && NETWORKS[scope].coin !== NETWORKS[home].coin) {
    return { kind: 'elsewhere', chain: home };
  }
  const network = scope === 'real' ? home : scope;
  return saidAbout === 'address' ? placeAddress(text, network) : placeTransaction(text, network);
}

function placeAddress(text: string, network: NetworkName): Placed {
  try {
    const address = canonicalAddress(text, getNetwork(network));
    return { kind: 'subject', subject: { network, saidAbout: 'address', text: address } };
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    if (scopeOf(network) !== 'real' && error.code === 'CLEW_ADDRESS_NETWORK') {
      const home = HOMES.get(NETWORKS[network].coin)!;
      const isReal = recogniseAddress(text).some((each) => each.network === home);
      if (isReal) return { kind: 'elsewhere', chain: home };
    }
    return reject(error.code, ADDRESS_REASONS[error.code] ?? 'the address is none');
  }
}

const ADDRESS_REASONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  CLEW_ADDRESS_FORMAT: 'the address has a form that none has',
  CLEW_ADDRESS_CHECKSUM: 'the checksum of the address does not match',
  CLEW_ADDRESS_MIXED_CASE: 'the bech32 address mixes upper and lower case',
  CLEW_ADDRESS_LOOKALIKE: 'the address has a character that looks like another one',
  CLEW_ADDRESS_NETWORK: 'the address belongs to another chain than the tag says',
  CLEW_ADDRESS_VERSION: 'the witness version of the address does not fit',
};

function placeTransaction(text: string, network: NetworkName): Placed {
  const txid = text.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(txid)) {
    return reject('CLEW_TXID_FORMAT', 'the transaction id is not 64 hex digits');
  }
  return { kind: 'subject', subject: { network, saidAbout: 'transaction', text: txid } };
}

function reject(code: ErrorCode, reason: string): Placed {
  return { kind: 'rejected', reject: { code, reason } };
}
