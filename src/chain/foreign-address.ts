/**
 * Addresses of chains that Clew does not read.
 *
 * Payment pages mix chains, so a seed list does too. Such a line is no mistake: it is recognised here,
 * by its checksum where the chain has one, and listed apart. A chain that shares its spelling with
 * others (EVM chains) is named by the best known one.
 *
 * Bitcoin SV's are the same strings as Bitcoin's and therefore not listed.
 */
import { base58, base58xmr, base58xrp, base64url, bech32, bech32m } from '@scure/base';
import { sha256d } from '../bytes/hash.ts';
import { bytesEqual, bytesToHex } from '../bytes/hex.ts';
import { keccak256 } from './keccak.ts';

export interface ForeignAddress {
  /** Ticker of the chain. */
  readonly chain: string;
  /** What the recognition rests on. A shape alone can be met by chance or survive a typing mistake. */
  readonly checked: 'checksum' | 'shape';
}

/** Longest address of any chain here (Zcash unified addresses). */
const TEXT_LENGTH_MAX = 320;

/** Base58Check: version bytes as hex, then 20 bytes of hash. */
const BASE58CHECK_CHAINS: Readonly<Record<string, readonly string[]>> = {
  '41': ['TRX'],
  // Verge: the same strings as Dogecoin's.
  '1e': ['XVG'],
  '21': ['XVG'],
  '26': ['BTG'],
  '17': ['BTG'],
  // Litecoin's test network.
  '3a': ['LTC'],
  '1cb8': ['ZEC'],
  '1cbd': ['ZEC'],
};

/** Human-readable parts of bech32 and bech32m addresses. */
const BECH32_CHAINS: Readonly<Record<string, string>> = {
  addr: 'ADA',
  bnb: 'BNB',
  cosmos: 'ATOM',
  // Litecoin's extension blocks, whose amounts are hidden, and its test networks.
  ltcmweb: 'LTC',
  tltc: 'LTC',
  stake: 'ADA',
  u: 'ZEC',
  zs: 'ZEC',
};

/** The payload of a Base58Check text, or undefined; version bytes are part of it. */
function decodeBase58check(
  text: string,
  codec: { decode(text: string): Uint8Array } = base58,
): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = codec.decode(text);
  } catch {
    return undefined;
  }
  if (bytes.length < 5) return undefined;
  const payload = bytes.subarray(0, -4);
  return bytesEqual(sha256d(payload).subarray(0, 4), bytes.subarray(-4)) ? payload : undefined;
}

function base58checkChains(text: string): readonly string[] {
  if (text.length < 25 || text.length > 36) return [];
  if (text.startsWith('r')) {
    const xrp = decodeBase58check(text, base58xrp);
    if (xrp?.length === 21 && xrp[0] === 0) return ['XRP'];
  }
  const payload = decodeBase58check(text);
  if (payload === undefined || payload.length < 21 || payload.length > 22) return [];
  return BASE58CHECK_CHAINS[bytesToHex(payload.subarray(0, payload.length - 20))] ?? [];
}

function bech32Chain(text: string): string | undefined {
  const prefix = /^[a-zA-Z]+(?=1)/.exec(text)?.[0].toLowerCase();
  const chain = prefix === undefined ? undefined : BECH32_CHAINS[prefix];
  if (chain === undefined) return undefined;
  const isWhole = bech32.decodeUnsafe(text, false) ?? bech32m.decodeUnsafe(text, false);
  return isWhole ? chain : undefined;
}

/** Ethereum and its kin. EIP-55 hides a checksum in the case of the letters; one case alone has none. */
function ethereumCheck(text: string): 'checksum' | 'shape' | undefined {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return undefined;
  const digits = text.slice(2);
  const lower = digits.toLowerCase();
  if (digits === lower || digits === digits.toUpperCase()) return 'shape';
  const digest = bytesToHex(keccak256(new TextEncoder().encode(lower)));
  const isRight = [...digits].every((digit, i) => {
    const isUpper = Number.parseInt(digest[i]!, 16) >= 8;
    return digit === (isUpper ? digit.toUpperCase() : digit.toLowerCase());
  });
  return isRight ? 'checksum' : undefined;
}

/** Monero: primary (18), integrated (19) and sub-addresses (42) of its main network. */
function isMonero(text: string): boolean {
  if (!/^[48]/.test(text) || (text.length !== 95 && text.length !== 106)) return false;
  let bytes: Uint8Array;
  try {
    bytes = base58xmr.decode(text);
  } catch {
    return false;
  }
  const isKnown = bytes[0] === 18 || bytes[0] === 19 || bytes[0] === 42;
  const checksum = keccak256(bytes.subarray(0, -4)).subarray(0, 4);
  return isKnown && bytesEqual(checksum, bytes.subarray(-4));
}

/** TON's user-friendly form: tag, workchain, 32 bytes, CRC-16/XMODEM. */
function isTon(text: string): boolean {
  if (!/^[A-Za-z0-9_-]{48}$/.test(text)) return false;
  const bytes = base64url.decode(text);
  if (bytes[0] !== 0x11 && bytes[0] !== 0x51) return false;
  let crc = 0;
  for (const byte of bytes.subarray(0, 34)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc === bytes[34]! * 256 + bytes[35]!;
}

/** Solana: any 32 bytes in base58, without checksum. */
function isSolanaShape(text: string): boolean {
  if (!/^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text)) return false;
  return base58.decode(text).length === 32;
}

/**
 * The chains that Clew does not read of which the text is a valid address; empty when there is none.
 *
 * @example recogniseForeignAddress('0x…') // [{ chain: 'ETH', checked: 'checksum' }]
 */
export function recogniseForeignAddress(text: string): ForeignAddress[] {
  if (text.length < 25 || text.length > TEXT_LENGTH_MAX) return [];
  const ethereum = ethereumCheck(text);
  if (ethereum !== undefined) return [{ chain: 'ETH', checked: ethereum }];
  const chains = [...base58checkChains(text)];
  const bech32Name = bech32Chain(text);
  if (bech32Name !== undefined) chains.push(bech32Name);
  if (isMonero(text)) chains.push('XMR');
  if (isTon(text)) chains.push('TON');
  const found = chains.map((chain): ForeignAddress => ({ chain, checked: 'checksum' }));
  return found.length === 0 && isSolanaShape(text) ? [{ chain: 'SOL', checked: 'shape' }] : found;
}
