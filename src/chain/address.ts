/**
 * Addresses: how a script is written for people, and what script an address means.
 *
 * Storage and clustering never key on an address, only on the script. Codecs come from `@scure/base`;
 * the diagnosis of what is wrong with a text is ours. Sources: BIP 13 (P2SH), BIP 173 (bech32), BIP 350
 * (bech32m), Bitcoin Core `src/key_io.cpp`, the CashAddr specification (`cash-address.ts`). A witness program of
 * version 0 is written in bech32, one of a later version in bech32m.
 */
import { base58, bech32, bech32m } from '@scure/base';
import { sha256d } from '../bytes/hash.ts';
import { bytesEqual } from '../bytes/hex.ts';
import { ClewError, type ErrorCode, type ErrorFacts } from '../errors.ts';
import type { Address } from '../units/ids.ts';
import { readCashAddress, writeCashAddress } from './cash-address.ts';
import { recogniseForeignAddress } from './foreign-address.ts';
import { NETWORKS, type Network, type NetworkName } from './network.ts';
import {
  classifyScript,
  p2pkhScript,
  p2sh32Payload,
  p2sh32Script,
  p2shScript,
  scriptPayload,
  witnessScript,
} from './script.ts';
import { SCRIPT_KIND } from './script-kind.ts';

/** What an address says, whatever its network. */
type Reading =
  | { readonly form: 'base58'; readonly version: number; readonly hash20: Uint8Array }
  | {
      readonly form: 'segwit';
      readonly prefix: string;
      readonly version: number;
      readonly program: Uint8Array;
    }
  | {
      readonly form: 'cash';
      readonly prefix: string;
      readonly isScript: boolean;
      readonly hash: Uint8Array;
    };

function refuse(code: ErrorCode, message: string, facts: ErrorFacts = {}): never {
  throw new ClewError(code, message, facts);
}

/** "U+0430", so that a message can name a character that looks like another one. */
function codePointName(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

function refuseLookalike(text: string, position: number, why: string): never {
  const character = codePointName(String.fromCodePoint(text.codePointAt(position)!));
  return refuse(
    'CLEW_ADDRESS_LOOKALIKE',
    `Character ${position + 1} of the address is ${character}, ${why}.`,
    { position: position + 1, character },
  );
}

/** Letters of other alphabets, full-width forms and invisible characters. */
function refuseForeignCharacters(text: string): void {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7e) refuseLookalike(text, i, 'which is no plain letter or digit');
    if (!/[0-9A-Za-z]/.test(text[i]!)) {
      refuse('CLEW_ADDRESS_FORMAT', `Character ${i + 1} can not stand in an address.`, {
        position: i + 1,
      });
    }
  }
}

const SEGWIT_PREFIXES: readonly string[] = [
  ...new Set(Object.values(NETWORKS).flatMap(({ bech32Prefix }) => bech32Prefix ?? [])),
];
const CASH_PREFIXES: readonly string[] = Object.values(NETWORKS).flatMap(
  ({ cashAddrPrefix }) => cashAddrPrefix ?? [],
);

const BECH32_DATA = /^[qpzry9x8gf2tvdw0s3jn54khce6mua7l]*$/;
const BECH32_TEXT_MAX = 90;
/** One character for the version, six for the checksum. */
const BECH32_DATA_MIN = 7;

/** Characters of the data part that bech32 leaves out because they look like others. */
function refuseBech32Characters(text: string, dataStart: number): void {
  for (let i = dataStart; i < text.length; i += 1) {
    if (/[1bioBIO]/.test(text[i]!)) refuseLookalike(text, i, 'which bech32 never uses');
  }
}

/** Witness version and program out of the 5-bit words, or a refusal (BIP 173, BIP 350). */
function readProgram(
  prefix: string,
  words: readonly number[],
  form: 'bech32' | 'bech32m',
): Reading {
  const version = words[0] ?? 0;
  const program = bech32.fromWordsUnsafe(words.slice(1));
  if (!program) {
    return refuse('CLEW_ADDRESS_VERSION', 'The witness program has left-over bits.', { version });
  }
  const facts = { version, programBytes: program.length, form };
  if (version > 16) {
    return refuse('CLEW_ADDRESS_VERSION', `No witness version is ${version}.`, facts);
  }
  const isRightLength =
    version === 0
      ? program.length === 20 || program.length === 32
      : program.length >= 2 && program.length <= 40;
  if (!isRightLength) {
    const message = `A witness program of version ${version} can not have ${program.length} bytes.`;
    return refuse('CLEW_ADDRESS_VERSION', message, facts);
  }
  const needed = version === 0 ? 'bech32' : 'bech32m';
  if (form !== needed) {
    const message = `Witness version ${version} must be written in ${needed}, not ${form}.`;
    return refuse('CLEW_ADDRESS_VERSION', message, facts);
  }
  return { form: 'segwit', prefix, version, program };
}

function readSegwit(text: string, prefix: string): Reading {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) {
    refuse('CLEW_ADDRESS_MIXED_CASE', 'The bech32 address mixes lower and upper case.');
  }
  refuseBech32Characters(text, prefix.length + 1);
  const isPlausible =
    text.length <= BECH32_TEXT_MAX && text.length - prefix.length - 1 >= BECH32_DATA_MIN;
  if (!isPlausible) {
    refuse('CLEW_ADDRESS_FORMAT', `No bech32 address has ${text.length} characters.`, {
      characters: text.length,
    });
  }
  const v0 = bech32.decodeUnsafe(lower);
  if (v0) return readProgram(prefix, v0.words, 'bech32');
  const later = bech32m.decodeUnsafe(lower);
  if (later) return readProgram(prefix, later.words, 'bech32m');
  return refuse('CLEW_ADDRESS_CHECKSUM', 'The checksum of the bech32 address does not match.');
}

/** Text lengths that 25 bytes can have in base58, with one character lost or added. */
const BASE58_TEXT_MIN = 25;
const BASE58_TEXT_MAX = 36;
/** Version bytes of private keys in "wallet import format": Bitcoin, its test networks, Litecoin. */
const PRIVATE_KEY_VERSIONS: readonly number[] = [128, 239, 176];

function readBase58(text: string): Reading {
  const isPlausible = text.length >= BASE58_TEXT_MIN && text.length <= BASE58_TEXT_MAX;
  const wrong = text.search(/[0OIl]/);
  if (isPlausible && wrong >= 0) refuseLookalike(text, wrong, 'which base58 never uses');
  if (wrong >= 0 || text.length < 8 || text.length > 60) {
    return refuse('CLEW_ADDRESS_FORMAT', 'The text has the form of no address.', {
      characters: text.length,
    });
  }
  const bytes = base58.decode(text);
  const payload = bytes.subarray(0, -4);
  const isWhole = bytesEqual(sha256d(payload).subarray(0, 4), bytes.subarray(-4));
  if (isWhole && payload.length === 21) {
    return { form: 'base58', version: payload[0]!, hash20: payload.subarray(1) };
  }
  if (isWhole && payload.length >= 33 && PRIVATE_KEY_VERSIONS.includes(payload[0]!)) {
    return refuse('CLEW_ADDRESS_FORMAT', 'This is a private key, not an address: keep it safe.');
  }
  if (!isWhole && isPlausible) {
    return refuse('CLEW_ADDRESS_CHECKSUM', 'The checksum of the base58 address does not match.');
  }
  return refuse('CLEW_ADDRESS_FORMAT', 'The text has the form of no address.', {
    characters: text.length,
  });
}

/** A CashAddr without its prefix: a type byte below 32 begins with one of these letters. */
const CASH_PAYLOAD = /^[qpzr][qpzry9x8gf2tvdw0s3jn54khce6mua7l]{41,111}$/;

/** Prefix and payload of what has the form of a CashAddr of ours; the prefix may be left out. */
function splitCashAddress(
  text: string,
): { prefixes: readonly string[]; payload: string } | undefined {
  const lower = text.toLowerCase();
  const colon = lower.indexOf(':');
  if (colon < 0) {
    return CASH_PAYLOAD.test(lower) ? { prefixes: CASH_PREFIXES, payload: lower } : undefined;
  }
  const prefix = lower.slice(0, colon);
  if (!CASH_PREFIXES.includes(prefix)) return undefined;
  return { prefixes: [prefix], payload: lower.slice(colon + 1) };
}

function readCash(text: string, prefixes: readonly string[], payload: string): Reading {
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) {
    refuse('CLEW_ADDRESS_MIXED_CASE', 'The CashAddr address mixes lower and upper case.');
  }
  for (const [i, letter] of [...payload].entries()) {
    if (letter.codePointAt(0)! > 0x7e || /[1bio]/.test(letter)) {
      refuseLookalike(text, text.length - payload.length + i, 'which CashAddr never uses');
    }
  }
  const readings = prefixes.map((prefix) => readCashAddress(prefix, payload));
  const found = readings.find((reading) => typeof reading === 'object');
  if (found === undefined) {
    if (readings.includes('version')) {
      return refuse('CLEW_ADDRESS_VERSION', 'The length of the CashAddr address does not fit.');
    }
    if (readings.includes('checksum')) {
      return refuse(
        'CLEW_ADDRESS_CHECKSUM',
        'The checksum of the CashAddr address does not match.',
      );
    }
    return refuse('CLEW_ADDRESS_FORMAT', 'What follows the prefix is no CashAddr address.');
  }
  const { prefix, type, hash } = found;
  const isScript = type % 2 === 1;
  // Of the lengths that the form has, these are the ones that scripts have.
  const isPayable = type <= 3 && (hash.length === 20 || (isScript && hash.length === 32));
  if (!isPayable) {
    const message = `No CashAddr address of type ${type} has a hash of ${hash.length} bytes.`;
    refuse('CLEW_ADDRESS_VERSION', message, { type, hashBytes: hash.length });
  }
  return { form: 'cash', prefix, isScript, hash };
}

/** What the text says, or a refusal that names what is wrong with it. */
function readAddress(text: string): Reading {
  if (text === '') refuse('CLEW_ADDRESS_FORMAT', 'The address is empty.');
  const cash = splitCashAddress(text);
  if (cash !== undefined) return readCash(text, cash.prefixes, cash.payload);
  refuseForeignCharacters(text);
  const lower = text.toLowerCase();
  const prefix = SEGWIT_PREFIXES.find((candidate) => lower.startsWith(`${candidate}1`));
  if (prefix !== undefined) return readSegwit(text, prefix);
  const isSeparatorWrong = SEGWIT_PREFIXES.some(
    (candidate) =>
      lower.startsWith(`${candidate}l`) ||
      (lower.startsWith(`${candidate}i`) && BECH32_DATA.test(lower.slice(candidate.length + 1))),
  );
  if (isSeparatorWrong && text.length > BASE58_TEXT_MAX) {
    refuseLookalike(text, lower.search(/[li]/), 'where a bech32 address has a 1');
  }
  return readBase58(text);
}

/** The script of a reading on that network, or undefined when it belongs to others. */
function scriptOn(reading: Reading, network: Network): Uint8Array | undefined {
  if (reading.form === 'segwit') {
    if (reading.prefix !== network.bech32Prefix) return undefined;
    return witnessScript(reading.version, reading.program);
  }
  if (reading.form === 'cash') {
    if (reading.prefix !== network.cashAddrPrefix) return undefined;
    if (!reading.isScript) return p2pkhScript(reading.hash);
    return reading.hash.length === 32 ? p2sh32Script(reading.hash) : p2shScript(reading.hash);
  }
  if (reading.version === network.p2pkhVersion) return p2pkhScript(reading.hash20);
  return network.p2shVersions.includes(reading.version) ? p2shScript(reading.hash20) : undefined;
}

function networksOf(reading: Reading): Network[] {
  return Object.values(NETWORKS).filter((network) => scriptOn(reading, network) !== undefined);
}

/**
 * The address of a script on that network, in its canonical spelling.
 *
 * A bare public key (P2PK) is written as the P2PKH address of that key. Undefined for bare multisig,
 * OP_RETURN and non-standard scripts, which no address stands for, and for witness programs where there is no segwit.
 *
 * @example scriptToAddress(p2wpkhScript(hash20), getNetwork('main')) // 'bc1q…'
 */
export function scriptToAddress(script: Uint8Array, network: Network): Address | undefined {
  const kind = classifyScript(script, 0, script.length);
  const payload = scriptPayload(script);
  const isKey = kind === SCRIPT_KIND.p2pk || kind === SCRIPT_KIND.p2pkh;
  if (network.cashAddrPrefix !== undefined) {
    const prefix = network.cashAddrPrefix;
    const hash32 = p2sh32Payload(script);
    const hash = isKey || kind === SCRIPT_KIND.p2sh ? payload : hash32;
    if (hash === undefined) return undefined;
    return writeCashAddress({ prefix, type: isKey ? 0 : 1, hash }) as Address;
  }
  if (payload === undefined) return undefined;
  if (isKey) return base58Address(network.p2pkhVersion, payload);
  if (kind === SCRIPT_KIND.p2sh) return base58Address(network.p2shVersions[0]!, payload);
  if (network.bech32Prefix === undefined) return undefined;
  const version = script[0] === 0 ? 0 : script[0]! - 0x50;
  const words = [version, ...bech32.toWords(payload)];
  const codec = version === 0 ? bech32 : bech32m;
  return codec.encode(network.bech32Prefix, words) as string as Address;
}

function base58Address(version: number, hash20: Uint8Array): Address {
  const bytes = new Uint8Array(25);
  bytes[0] = version;
  bytes.set(hash20, 1);
  bytes.set(sha256d(bytes.subarray(0, 21)).subarray(0, 4), 21);
  return base58.encode(bytes) as Address;
}

/**
 * The script that an address means on that network.
 *
 * @throws {ClewError} CLEW_ADDRESS_FORMAT, CLEW_ADDRESS_CHECKSUM, CLEW_ADDRESS_LOOKALIKE (with
 *   `position`, from 1, and `character`), CLEW_ADDRESS_MIXED_CASE, CLEW_ADDRESS_VERSION,
 *   CLEW_ADDRESS_NETWORK (with the `chain` it belongs to, and `networks` when they are ours)
 * @example addressToScript('bc1q…', getNetwork('main')) // OP_0 <hash20>
 */
export function addressToScript(text: string, network: Network): Uint8Array {
  let reading: Reading;
  try {
    reading = readAddress(text);
  } catch (error) {
    refuseOtherChain(text, network);
    throw error;
  }
  const script = scriptOn(reading, network);
  if (script !== undefined) return script;
  const others = networksOf(reading);
  if (others.length > 0) {
    const names = others.map((other) => other.name).join(', ');
    refuse('CLEW_ADDRESS_NETWORK', `The address belongs to ${names}, not to ${network.name}.`, {
      network: network.name,
      networks: names,
      chain: others[0]!.coin,
    });
  }
  refuseOtherChain(text, network);
  return refuse('CLEW_ADDRESS_NETWORK', 'The address belongs to a chain that Clew does not know.', {
    network: network.name,
    chain: null,
  });
}

/** Refuses, with its name, what is a valid address of a chain that Clew does not read. */
function refuseOtherChain(text: string, network: Network): void {
  const foreign = recogniseForeignAddress(text);
  if (foreign.length === 0) return;
  const chain = foreign.map((each) => each.chain).join(', ');
  refuse('CLEW_ADDRESS_NETWORK', `The address belongs to ${chain}, not to ${network.name}.`, {
    network: network.name,
    chain,
  });
}

/**
 * The one spelling of an address: bech32 in lower case, Litecoin's P2SH with M, Bitcoin Cash as CashAddr with its prefix and
 * without the mark for tokens.
 *
 * @throws {ClewError} as `addressToScript`
 * @example canonicalAddress('BC1Q…', getNetwork('main')) // 'bc1q…'
 */
export function canonicalAddress(text: string, network: Network): Address {
  // A script that came from an address always has one.
  return scriptToAddress(addressToScript(text, network), network)!;
}

/** A chain that the text is a valid address of. */
export interface RecognisedAddress {
  /** Ticker: of a coin that Clew reads, or of a chain that it does not. */
  readonly chain: string;
  /** Our name of the network, for chains that Clew reads. */
  readonly network?: NetworkName;
  /** Whether a checksum was checked, or only the shape (chains whose addresses have none). */
  readonly checked: 'checksum' | 'shape';
}

/**
 * Every chain that the text is a valid address of: our networks first, then foreign ones. Empty when it
 * is no address at all; test networks share their spelling, so there may be several.
 *
 * @example recogniseAddress('tb1q…').map((each) => each.network) // ['testnet3', 'testnet4', 'signet']
 */
export function recogniseAddress(text: string): RecognisedAddress[] {
  let ours: RecognisedAddress[] = [];
  try {
    ours = networksOf(readAddress(text)).map((network) => ({
      chain: network.coin,
      network: network.name,
      checked: 'checksum',
    }));
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
  }
  return [...ours, ...recogniseForeignAddress(text)];
}
