/**
 * Output scripts: what kind one is, what it pays to, and how to build one.
 *
 * The rules are those of Bitcoin Core's `Solver` (`src/script/solver.cpp`) but for one: every script
 * that begins with OP_RETURN is `opReturn` here, also when what follows is no push, because all of
 * them are unspendable for the same reason.
 */
import { hash160 } from '../bytes/hash.ts';
import { SCRIPT_KIND, type ScriptKind } from './script-kind.ts';
import { pushLength, pushStart } from './stack-items.hot.ts';

const OP_0 = 0x00;
const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA2 = 0x4d;
const OP_PUSHDATA4 = 0x4e;
const OP_1 = 0x51;
const OP_16 = 0x60;
const OP_RETURN = 0x6a;
const OP_DUP = 0x76;
const OP_EQUAL = 0x87;
const OP_EQUALVERIFY = 0x88;
const OP_HASH160 = 0xa9;
const OP_HASH256 = 0xaa;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;

/** Core's MAX_PUBKEYS_PER_MULTISIG. */
const MULTISIG_KEYS_MAX = 20;
/** A longer script can never be executed (Core's MAX_SCRIPT_SIZE). */
const SCRIPT_BYTES_MAX = 10_000;

/** True when a public key that begins with this byte is that long (Core's CPubKey::ValidSize). */
export function isKeySize(firstByte: number, length: number): boolean {
  if (firstByte === 2 || firstByte === 3) return length === 33;
  // 6 and 7 are the "hybrid" form, which Core still accepts.
  if (firstByte === 4 || firstByte === 6 || firstByte === 7) return length === 65;
  return false;
}

/**
 * The kind of the script in `bytes[start, end)`. Makes no object.
 *
 * @example classifyScript(p2pkhScript(hash), 0, 25) // SCRIPT_KIND.p2pkh
 */
export function classifyScript(bytes: Uint8Array, start: number, end: number): ScriptKind {
  const length = end - start;
  if (length === 0) return SCRIPT_KIND.nonstandard;
  const first = bytes[start]!;
  if (first === OP_DUP) {
    return length === 25 &&
      bytes[start + 1] === OP_HASH160 &&
      bytes[start + 2] === 20 &&
      bytes[start + 23] === OP_EQUALVERIFY &&
      bytes[start + 24] === OP_CHECKSIG
      ? SCRIPT_KIND.p2pkh
      : SCRIPT_KIND.nonstandard;
  }
  if (first === OP_HASH160) {
    return length === 23 && bytes[start + 1] === 20 && bytes[start + 22] === OP_EQUAL
      ? SCRIPT_KIND.p2sh
      : SCRIPT_KIND.nonstandard;
  }
  if (first === OP_RETURN) return SCRIPT_KIND.opReturn;
  // A witness program: a version, then one push of 2 to 40 bytes (BIP 141).
  if (length >= 4 && length <= 42 && bytes[start + 1] === length - 2) {
    if (first === OP_0) {
      if (length === 22) return SCRIPT_KIND.p2wpkh;
      return length === 34 ? SCRIPT_KIND.p2wsh : SCRIPT_KIND.nonstandard;
    }
    if (first === OP_1 && length === 34) return SCRIPT_KIND.p2tr;
    if (first >= OP_1 && first <= OP_16) return SCRIPT_KIND.witnessUnknown;
  }
  const last = bytes[end - 1];
  if (last === OP_CHECKSIG) {
    return (length === 35 || length === 67) &&
      first === length - 2 &&
      isKeySize(bytes[start + 1]!, length - 2)
      ? SCRIPT_KIND.p2pk
      : SCRIPT_KIND.nonstandard;
  }
  if (last === OP_CHECKMULTISIG && isMultisig(bytes, start, end)) return SCRIPT_KIND.multisig;
  return SCRIPT_KIND.nonstandard;
}

/** A count from 1 to 20 as OP_1..OP_16 or a minimal one-byte push; 0 when there is none. */
function smallCount(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at]!;
  if (opcode >= OP_1 && opcode <= OP_16) return opcode - OP_1 + 1;
  if (opcode !== 1) return 0;
  const value = bytes[at + 1]!;
  return value > 16 && value <= MULTISIG_KEYS_MAX ? value : 0;
}

/** A push that may hold a key: of 33 or 65 bytes, or with its length apart. */
function isKeyPush(opcode: number): boolean {
  return opcode === 33 || opcode === 65 || (opcode >= OP_PUSHDATA1 && opcode <= OP_PUSHDATA4);
}

/**
 * True for `m <key>... n OP_CHECKMULTISIG`, with 1 <= m <= n <= 20 and n keys of a right size (Core's
 * MatchMultisig). Makes no object.
 */
export function isMultisig(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3 || bytes[end - 1] !== OP_CHECKMULTISIG) return false;
  const required = smallCount(bytes, start);
  if (required === 0) return false;
  let at = start + (bytes[start] === 1 ? 2 : 1);
  let keys = 0;
  while (at < end - 1) {
    if (!isKeyPush(bytes[at]!)) break;
    const dataStart = pushStart(bytes, at);
    const length = pushLength(bytes, at);
    if (dataStart + length >= end || !isKeySize(bytes[dataStart]!, length)) break;
    keys += 1;
    at = dataStart + length;
  }
  if (at >= end - 1 || keys > MULTISIG_KEYS_MAX) return false;
  const count = smallCount(bytes, at);
  return count === keys && count >= required && at + (bytes[at] === 1 ? 2 : 1) === end - 1;
}

/**
 * The forms of the keys in a multisig script: 1 compressed, 2 uncompressed, 3 both. Makes no object; the
 * bytes must be a multisig script (`isMultisig`).
 */
export function multisigKeyForms(bytes: Uint8Array, start: number): number {
  let at = start + (bytes[start] === 1 ? 2 : 1);
  let forms = 0;
  while (isKeyPush(bytes[at]!)) {
    const length = pushLength(bytes, at);
    forms |= length === 33 ? 1 : 2;
    at = pushStart(bytes, at) + length;
  }
  return forms;
}

/** What a bare or redeemed multisig script asks for. */
export interface Multisig {
  /** Signatures needed. */
  readonly required: number;
  /** The public keys, in their order in the script (views, not copies). */
  readonly keys: readonly Uint8Array[];
}

/**
 * The keys of a multisig script, or undefined when it is none.
 *
 * @example parseMultisig(multisigScript(1, [key]))?.required // 1
 */
export function parseMultisig(script: Uint8Array): Multisig | undefined {
  if (!isMultisig(script, 0, script.length)) return undefined;
  const keys: Uint8Array[] = [];
  let at = script[0] === 1 ? 2 : 1;
  for (;;) {
    if (!isKeyPush(script[at]!)) break;
    const dataStart = pushStart(script, at);
    const length = pushLength(script, at);
    keys.push(script.subarray(dataStart, dataStart + length));
    at = dataStart + length;
  }
  return { required: smallCount(script, 0), keys };
}

/**
 * True when no one can ever spend the output: OP_RETURN, or longer than 10,000 bytes (Core's
 * CScript::IsUnspendable). Such outputs never enter the set of unspent outputs.
 */
export function isUnspendable(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return length > SCRIPT_BYTES_MAX || (length > 0 && bytes[start] === OP_RETURN);
}

/**
 * What the script pays to: the 20-byte hash (P2PKH, P2SH, P2WPKH; for P2PK the hash of its key), or the
 * witness program. Undefined when there is no one such thing (multisig, OP_RETURN, non-standard).
 *
 * @example scriptPayload(p2trScript(key)) // the 32 bytes of key
 */
export function scriptPayload(script: Uint8Array): Uint8Array | undefined {
  switch (classifyScript(script, 0, script.length)) {
    case SCRIPT_KIND.p2pk:
      return hash160(script.subarray(1, script.length - 1));
    case SCRIPT_KIND.p2pkh:
      return script.subarray(3, 23);
    case SCRIPT_KIND.p2sh:
      return script.subarray(2, 22);
    case SCRIPT_KIND.p2wpkh:
    case SCRIPT_KIND.p2wsh:
    case SCRIPT_KIND.p2tr:
    case SCRIPT_KIND.witnessUnknown:
      return script.subarray(2);
    default:
      return undefined;
  }
}

function needLength(name: string, bytes: Uint8Array, ...lengths: number[]): void {
  if (!lengths.includes(bytes.length)) {
    throw new RangeError(`${name} must have ${lengths.join(' or ')} bytes, not ${bytes.length}`);
  }
}

/** Opcodes and data one after the other. */
function concat(...parts: (number | Uint8Array)[]): Uint8Array {
  const lengths = parts.map((part) => (typeof part === 'number' ? 1 : part.length));
  const script = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'number') script[at] = part;
    else script.set(part, at);
    at += lengths[i]!;
  }
  return script;
}

/** `<key> OP_CHECKSIG`; the key has 33 or 65 bytes. */
export function p2pkScript(key: Uint8Array): Uint8Array {
  needLength('key', key, 33, 65);
  return concat(key.length, key, OP_CHECKSIG);
}

/** `OP_DUP OP_HASH160 <hash20> OP_EQUALVERIFY OP_CHECKSIG`. */
export function p2pkhScript(hash20: Uint8Array): Uint8Array {
  needLength('hash20', hash20, 20);
  return concat(OP_DUP, OP_HASH160, 20, hash20, OP_EQUALVERIFY, OP_CHECKSIG);
}

/** `OP_HASH160 <hash20> OP_EQUAL` (BIP 16). */
export function p2shScript(hash20: Uint8Array): Uint8Array {
  needLength('hash20', hash20, 20);
  return concat(OP_HASH160, 20, hash20, OP_EQUAL);
}

/** `OP_HASH256 <hash32> OP_EQUAL`: Bitcoin Cash's P2SH32 (CHIP-2022-05). On other networks anybody's puzzle. */
export function p2sh32Script(hash32: Uint8Array): Uint8Array {
  needLength('hash32', hash32, 32);
  return concat(OP_HASH256, 32, hash32, OP_EQUAL);
}

/** The hash of a P2SH32 script, or undefined when it is none. */
export function p2sh32Payload(script: Uint8Array): Uint8Array | undefined {
  const isForm = script.length === 35 && script[0] === OP_HASH256 && script[1] === 32;
  return isForm && script[34] === OP_EQUAL ? script.subarray(2, 34) : undefined;
}

/** `OP_0 <hash20>` (BIP 141). */
export function p2wpkhScript(hash20: Uint8Array): Uint8Array {
  needLength('hash20', hash20, 20);
  return witnessScript(0, hash20);
}

/** `OP_0 <hash32>` (BIP 141). */
export function p2wshScript(hash32: Uint8Array): Uint8Array {
  needLength('hash32', hash32, 32);
  return witnessScript(0, hash32);
}

/** `OP_1 <outputKey32>` (BIP 341). */
export function p2trScript(outputKey32: Uint8Array): Uint8Array {
  needLength('outputKey32', outputKey32, 32);
  return witnessScript(1, outputKey32);
}

/** Any witness program: version 0 to 16, then 2 to 40 bytes (BIP 141). */
export function witnessScript(version: number, program: Uint8Array): Uint8Array {
  if (version < 0 || version > 16) throw new RangeError(`no witness version is ${version}`);
  if (program.length < 2 || program.length > 40) {
    throw new RangeError(`a witness program has 2 to 40 bytes, not ${program.length}`);
  }
  return concat(version === 0 ? OP_0 : OP_1 + version - 1, program.length, program);
}

function pushCount(count: number): Uint8Array {
  return count <= 16 ? Uint8Array.of(OP_1 + count - 1) : Uint8Array.of(1, count);
}

/**
 * `m <key>... n OP_CHECKMULTISIG`, bare or as the redeem script of a P2SH or P2WSH output.
 *
 * @throws {RangeError} unless 1 <= required <= keys <= 20
 */
export function multisigScript(required: number, keys: readonly Uint8Array[]): Uint8Array {
  if (required < 1 || required > keys.length || keys.length > MULTISIG_KEYS_MAX) {
    throw new RangeError(`no multisig script is ${required} of ${keys.length}`);
  }
  const parts: (number | Uint8Array)[] = [pushCount(required)];
  for (const key of keys) {
    needLength('key', key, 33, 65);
    parts.push(key.length, key);
  }
  parts.push(pushCount(keys.length), OP_CHECKMULTISIG);
  return concat(...parts);
}

/** `OP_RETURN <data>`, the data in one push (nothing pushed when it is empty). */
export function opReturnScript(data: Uint8Array): Uint8Array {
  if (data.length === 0) return Uint8Array.of(OP_RETURN);
  if (data.length < OP_PUSHDATA1) return concat(OP_RETURN, data.length, data);
  if (data.length <= 0xff) return concat(OP_RETURN, OP_PUSHDATA1, data.length, data);
  if (data.length > 0xffff) throw new RangeError(`${data.length} bytes are too long to push`);
  return concat(OP_RETURN, OP_PUSHDATA2, data.length % 256, Math.floor(data.length / 256), data);
}
