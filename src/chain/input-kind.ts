/**
 * What a spend looks like: which kind of output it opens, the form of its keys, the sighash types of
 * its signatures. Later heuristics tell wallets apart by these, so the ledger keeps them per input.
 *
 * Runs once per input while loading and makes no object: the answer goes into one that is used again.
 *
 * A ledger may begin in mid-chain, and then the output that an input spends is unknown. In that case only what is
 * certain among standard output kinds is said; all else is `unknown`. A key or signature is told from
 * a script by showing that as a script it could not succeed.
 */
import type { BlockColumns } from './block-columns.hot.ts';
import { isCoinbaseInput } from './coinbase-input.ts';
import { isKeySize, isMultisig, multisigKeyForms } from './script.ts';
import { SCRIPT_KIND, type ScriptKind } from './script-kind.ts';
import { cannotSucceed, readPushes, readWitnessItems, StackItems } from './stack-items.hot.ts';

/** Kinds of input, as one byte that the ledger stores. A code never changes its meaning. */
export const INPUT_KIND = {
  unknown: 0,
  coinbase: 1,
  p2pk: 2,
  p2pkh: 3,
  p2shOther: 4,
  p2shMultisig: 5,
  p2shP2wpkh: 6,
  p2shP2wsh: 7,
  p2wpkh: 8,
  p2wshMultisig: 9,
  p2wshOther: 10,
  p2trKey: 11,
  p2trScript: 12,
  multisig: 13,
  nonstandard: 14,
} as const;

export type InputKind = (typeof INPUT_KIND)[keyof typeof INPUT_KIND];

const NAMES = [
  'unknown',
  'coinbase',
  'p2pk',
  'p2pkh',
  'p2sh_other',
  'p2sh_multisig',
  'p2sh_p2wpkh',
  'p2sh_p2wsh',
  'p2wpkh',
  'p2wsh_multisig',
  'p2wsh_other',
  'p2tr_key',
  'p2tr_script',
  'multisig',
  'nonstandard',
] as const;

/**
 * The name of an input kind, as in reports and `--json`.
 *
 * @throws {RangeError} when there is no kind of that code
 */
export function inputKindName(kind: number): (typeof NAMES)[number] {
  const name = NAMES[kind];
  if (name === undefined) throw new RangeError(`no input kind has the code ${kind}`);
  return name;
}

/** Form of the keys that the input shows; `none` when it shows no key. */
export const KEY_FORM = { none: 0, compressed: 1, uncompressed: 2, xonly: 3, mixed: 4 } as const;

export type KeyForm = (typeof KEY_FORM)[keyof typeof KEY_FORM];

/** Bits of `sighashMask`: the sighash types of the signatures in an input. */
export const SIGHASH = {
  all: 1,
  none: 2,
  single: 4,
  allAnyoneCanPay: 8,
  noneAnyoneCanPay: 16,
  singleAnyoneCanPay: 32,
  /** A Schnorr signature of 64 bytes, which says nothing and signs all (BIP 341). */
  taprootDefault: 64,
  other: 128,
} as const;

/** The previous output, and so its script kind, is not known. */
export const PREVOUT_UNKNOWN = 255;

/** The answer of `classifyInput`; make one with `newInputShape` and use it again. */
export interface InputShape {
  kind: InputKind;
  keyForm: KeyForm;
  /** Bits of SIGHASH. */
  sighashMask: number;
  /** Items of the witness; 0 when there is none. */
  witnessItems: number;
  /** Where the innermost script that was revealed stands in the block; 0 when none was. */
  redeemOffset: number;
  redeemLength: number;
}

/** An empty shape. */
export function newInputShape(): InputShape {
  return {
    kind: INPUT_KIND.unknown,
    keyForm: KEY_FORM.none,
    sighashMask: 0,
    witnessItems: 0,
    redeemOffset: 0,
    redeemLength: 0,
  };
}

/** Scratch for one input. */
const pushes = new StackItems();
const witness = new StackItems();

/** Bitcoin Cash: signatures name the chain by this bit of the hash type, and may be Schnorr signatures. */
const SIGHASH_FORKID = 0x40;
/** Whether the input at hand is of such a network. */
let hasForkId = false;

function sighashBit(said: number): number {
  const type = hasForkId ? said & ~SIGHASH_FORKID : said;
  switch (type) {
    case 0x01:
      return SIGHASH.all;
    case 0x02:
      return SIGHASH.none;
    case 0x03:
      return SIGHASH.single;
    case 0x81:
      return SIGHASH.allAnyoneCanPay;
    case 0x82:
      return SIGHASH.noneAnyoneCanPay;
    case 0x83:
      return SIGHASH.singleAnyoneCanPay;
    default:
      return SIGHASH.other;
  }
}

/** True for a strict DER signature with its sighash byte (BIP 66), by its outer form. */
function isDerSignature(bytes: Uint8Array, at: number, length: number): boolean {
  return (
    length >= 9 &&
    length <= 73 &&
    bytes[at] === 0x30 &&
    bytes[at + 1] === length - 3 &&
    bytes[at + 2] === 2 &&
    bytes[at + 3]! + 7 < length
  );
}

function isItemSignature(block: Uint8Array, items: StackItems, i: number): boolean {
  const at = items.offset[i]!;
  const length = items.length[i]!;
  return isDerSignature(block, at, length) || isForkIdSchnorr(block, at, length);
}

/** 64 bytes and the hash type, which must name the chain. What may be a key is not taken for one. */
function isForkIdSchnorr(block: Uint8Array, at: number, length: number): boolean {
  return (
    hasForkId &&
    length === 65 &&
    (block[at + 64]! & SIGHASH_FORKID) !== 0 &&
    !isKeySize(block[at]!, length)
  );
}

function isItemKey(block: Uint8Array, items: StackItems, i: number): boolean {
  const length = items.length[i]!;
  return length >= 33 && isKeySize(block[items.offset[i]!]!, length);
}

/** The sighash bit of the signature in item i, of which only the last byte is looked at. */
function itemSighash(block: Uint8Array, items: StackItems, i: number): number {
  const length = items.length[i]!;
  return length === 0 ? 0 : sighashBit(block[items.offset[i]! + length - 1]!);
}

/** The sighash bits of those of the items from `first` to before `end` that are ECDSA signatures. */
function derSighashes(block: Uint8Array, items: StackItems, first: number, end: number): number {
  let mask = 0;
  for (let i = first; i < end; i += 1) {
    if (isItemSignature(block, items, i)) mask |= itemSighash(block, items, i);
  }
  return mask;
}

function keyFormOf(block: Uint8Array, items: StackItems, i: number): KeyForm {
  if (!isItemKey(block, items, i)) return KEY_FORM.none;
  return items.length[i] === 33 ? KEY_FORM.compressed : KEY_FORM.uncompressed;
}

/** The script in item i becomes the redeemed one; true when it is multisig, whose keys are noted. */
function noteRedeem(block: Uint8Array, items: StackItems, i: number, into: InputShape): boolean {
  const start = items.offset[i]!;
  const end = start + items.length[i]!;
  into.redeemOffset = start;
  into.redeemLength = end - start;
  if (!isMultisig(block, start, end)) return false;
  const forms = multisigKeyForms(block, start);
  into.keyForm =
    forms === 1 ? KEY_FORM.compressed : forms === 2 ? KEY_FORM.uncompressed : KEY_FORM.mixed;
  return true;
}

/** `<signature> <key>` in the first two items. */
function noteSignatureAndKey(block: Uint8Array, items: StackItems, into: InputShape): void {
  if (items.count !== 2) return;
  into.sighashMask = itemSighash(block, items, 0);
  into.keyForm = keyFormOf(block, items, 1);
}

/** A witness script in the last item, arguments before it (BIP 141). */
function noteWitnessScript(block: Uint8Array, into: InputShape): boolean {
  if (witness.count === 0) return false;
  const isMulti = noteRedeem(block, witness, witness.count - 1, into);
  into.sighashMask = derSighashes(block, witness, 0, witness.count - 1);
  return isMulti;
}

/** The items of a witness that are left when a taproot annex is taken off (BIP 341). */
function countWithoutAnnex(block: Uint8Array): number {
  const last = witness.count - 1;
  const hasAnnex = last >= 1 && witness.length[last]! > 0 && block[witness.offset[last]!] === 0x50;
  return hasAnnex ? last : last + 1;
}

function schnorrSighash(block: Uint8Array, i: number): number {
  const length = witness.length[i]!;
  if (length === 64) return SIGHASH.taprootDefault;
  return length === 65 ? itemSighash(block, witness, i) : 0;
}

/** Key path: one signature. Script path: arguments, script, control block. */
function noteTaproot(block: Uint8Array, into: InputShape): void {
  const count = countWithoutAnnex(block);
  into.keyForm = KEY_FORM.xonly;
  if (count === 1) {
    into.kind = INPUT_KIND.p2trKey;
    into.sighashMask = schnorrSighash(block, 0);
    return;
  }
  into.kind = INPUT_KIND.p2trScript;
  if (count < 2) return;
  into.redeemOffset = witness.offset[count - 2]!;
  into.redeemLength = witness.length[count - 2]!;
  for (let i = 0; i < count - 2; i += 1) into.sighashMask |= schnorrSighash(block, i);
}

/** A scriptSig that is one push of a witness program: 20 for P2WPKH, 32 for P2WSH, else 0. */
function nestedProgramBytes(block: Uint8Array, start: number, length: number): number {
  if (block[start + 1] !== 0) return 0;
  if (length === 23 && block[start] === 22 && block[start + 2] === 20) return 20;
  return length === 35 && block[start] === 34 && block[start + 2] === 32 ? 32 : 0;
}

/** A spend of a P2SH output, by its redeem script or the witness program in it. */
function noteScriptHash(block: Uint8Array, start: number, length: number, into: InputShape): void {
  const nested = nestedProgramBytes(block, start, length);
  if (nested === 20) {
    into.kind = INPUT_KIND.p2shP2wpkh;
    noteSignatureAndKey(block, witness, into);
    return;
  }
  if (nested === 32) {
    into.kind = INPUT_KIND.p2shP2wsh;
    noteWitnessScript(block, into);
    return;
  }
  into.kind = INPUT_KIND.p2shOther;
  const last = pushes.count - 1;
  if (last < 0) return;
  if (noteRedeem(block, pushes, last, into)) into.kind = INPUT_KIND.p2shMultisig;
  into.sighashMask = derSighashes(block, pushes, 0, last);
}

/** The input whose previous output has that kind of script. */
function noteKnown(
  block: Uint8Array,
  start: number,
  length: number,
  prevKind: number,
  into: InputShape,
): void {
  switch (prevKind) {
    case SCRIPT_KIND.p2pk:
      into.kind = INPUT_KIND.p2pk;
      if (pushes.count > 0) into.sighashMask = itemSighash(block, pushes, pushes.count - 1);
      return;
    case SCRIPT_KIND.p2pkh:
      into.kind = INPUT_KIND.p2pkh;
      noteSignatureAndKey(block, pushes, into);
      return;
    case SCRIPT_KIND.p2sh:
      noteScriptHash(block, start, length, into);
      return;
    case SCRIPT_KIND.p2wpkh:
      into.kind = INPUT_KIND.p2wpkh;
      noteSignatureAndKey(block, witness, into);
      return;
    case SCRIPT_KIND.p2wsh:
      into.kind = noteWitnessScript(block, into) ? INPUT_KIND.p2wshMultisig : INPUT_KIND.p2wshOther;
      return;
    case SCRIPT_KIND.p2tr:
      noteTaproot(block, into);
      return;
    case SCRIPT_KIND.multisig:
      into.kind = INPUT_KIND.multisig;
      into.sighashMask = derSighashes(block, pushes, 0, pushes.count);
      return;
    default:
      into.kind = INPUT_KIND.nonstandard;
      into.sighashMask = derSighashes(block, pushes, 0, pushes.count);
  }
}

/** True when item i, as the script of a P2SH or P2WSH output, could not succeed. */
function isNoScript(block: Uint8Array, items: StackItems, i: number): boolean {
  const start = items.offset[i]!;
  return cannotSucceed(block, start, start + items.length[i]!);
}

/** An input without witness whose previous output is unknown. */
function inferFromPushes(block: Uint8Array, into: InputShape): void {
  const last = pushes.count - 1;
  into.sighashMask = derSighashes(block, pushes, 0, pushes.count);
  if (last < 0 || !pushes.isPushOnly) return;
  const redeemStart = pushes.offset[last]!;
  if (isMultisig(block, redeemStart, redeemStart + pushes.length[last]!)) {
    // A P2PKH, P2PK or bare multisig spend ends in a key or signature, never in such a script.
    into.kind = INPUT_KIND.p2shMultisig;
    noteRedeem(block, pushes, last, into);
    return;
  }
  if (!isNoScript(block, pushes, last)) return;
  if (last === 1 && isItemSignature(block, pushes, 0) && isItemKey(block, pushes, 1)) {
    into.kind = INPUT_KIND.p2pkh;
    into.keyForm = keyFormOf(block, pushes, 1);
  } else if (last === 0 && isItemSignature(block, pushes, 0)) {
    into.kind = INPUT_KIND.p2pk;
  } else if (last >= 1 && pushes.length[0] === 0) {
    for (let i = 1; i <= last; i += 1) if (!isItemSignature(block, pushes, i)) return;
    into.kind = INPUT_KIND.multisig;
  }
}

/** A native witness input whose previous output is unknown. */
function inferFromWitness(block: Uint8Array, into: InputShape): void {
  const last = witness.count - 1;
  const count = countWithoutAnnex(block);
  const lastLength = witness.length[last]!;
  const hasAnnex = count <= last;
  const firstLength = witness.length[0]!;
  if (count === 1 && (firstLength === 64 || firstLength === 65)) {
    if (hasAnnex || isNoScript(block, witness, 0)) noteTaproot(block, into);
    return;
  }
  // A control block of leaf version 0xc0 begins with an opcode that fails in a witness script.
  const control = count - 1;
  const controlLength = witness.length[control]!;
  const isControl =
    controlLength >= 33 &&
    controlLength <= 33 + 32 * 128 &&
    controlLength % 32 === 1 &&
    Math.floor(block[witness.offset[control]!]! / 2) === 0xc0 / 2;
  if (isControl) {
    noteTaproot(block, into);
    return;
  }
  const isKey = lastLength === 33 && isItemKey(block, witness, last);
  if (last === 1 && isKey && isItemSignature(block, witness, 0)) {
    if (!isNoScript(block, witness, 1)) return;
    into.kind = INPUT_KIND.p2wpkh;
    noteSignatureAndKey(block, witness, into);
    return;
  }
  // What is left is a witness script, or a control block of a leaf version that nobody uses yet.
  if (hasAnnex || lastLength % 32 === 1) return;
  into.kind = noteWitnessScript(block, into) ? INPUT_KIND.p2wshMultisig : INPUT_KIND.p2wshOther;
}

/**
 * What the input of that row looks like.
 *
 * @param block the whole block
 * @param columns the same block, read by `readBlockColumns`
 * @param input row of the input in the columns
 * @param prevKind script kind of the output that it spends, or PREVOUT_UNKNOWN
 * @param into the answer; every field is written
 * @param forkId whether signatures name the chain (`Network.forkId`)
 */
export function classifyInput(
  block: Uint8Array,
  columns: BlockColumns,
  input: number,
  prevKind: ScriptKind | typeof PREVOUT_UNKNOWN,
  into: InputShape,
  forkId = false,
): void {
  hasForkId = forkId;
  into.kind = INPUT_KIND.unknown;
  into.keyForm = KEY_FORM.none;
  into.sighashMask = 0;
  into.redeemOffset = 0;
  into.redeemLength = 0;
  const witnessAt = columns.inWitnessOffset[input]!;
  witness.count = 0;
  if (witnessAt !== 0) readWitnessItems(block, witnessAt, witness);
  into.witnessItems = witness.count;
  if (isCoinbaseInput(block, columns, input)) {
    into.kind = INPUT_KIND.coinbase;
    return;
  }
  const start = columns.inScriptOffset[input]!;
  const length = columns.inScriptLength[input]!;
  readPushes(block, start, start + length, pushes);
  if (prevKind !== PREVOUT_UNKNOWN) {
    noteKnown(block, start, length, prevKind, into);
  } else if (witness.count === 0) {
    inferFromPushes(block, into);
  } else if (length > 0) {
    // Witness and scriptSig together are possible only for P2SH (BIP 141).
    noteScriptHash(block, start, length, into);
  } else {
    inferFromWitness(block, into);
  }
}
