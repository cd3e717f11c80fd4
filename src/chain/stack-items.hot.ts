/**
 * What stands on the stack before a script runs: the pushes of a scriptSig, the items of a witness.
 *
 * `readPushes` and `readWitnessItems` note offset and length of each item in columns that are used
 * again for the next input, so that looking at an input makes no object. Bytes were checked for
 * their bounds by `readBlockColumns`; a scriptSig may still end inside a push.
 */

const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA4 = 0x4e;
const OP_16 = 0x60;

/** Items of one stack, lowest first. Valid until the next read. */
export class StackItems {
  count = 0;
  /** Everything in the script was a push and whole. Always true for a witness. */
  isPushOnly = true;
  offset = new Uint32Array(64);
  length = new Uint32Array(64);

  /** Add one item. */
  add(offset: number, length: number): void {
    if (this.count === this.offset.length) this.#grow();
    this.offset[this.count] = offset;
    this.length[this.count] = length;
    this.count += 1;
  }

  #grow(): void {
    const offset = new Uint32Array(2 * this.offset.length);
    const length = new Uint32Array(2 * this.length.length);
    offset.set(this.offset);
    length.set(this.length);
    this.offset = offset;
    this.length = length;
  }
}

/**
 * The pushes of the script in `bytes[start, end)`. Small numbers (OP_0, OP_1 to OP_16, OP_1NEGATE) are
 * items of length 0: their bytes do not stand in the script.
 */
export function readPushes(bytes: Uint8Array, start: number, end: number, into: StackItems): void {
  into.count = 0;
  into.isPushOnly = true;
  let at = start;
  while (at < end) {
    const opcode = bytes[at]!;
    if (opcode > OP_16) {
      into.isPushOnly = false;
      at += 1;
      continue;
    }
    if (opcode > OP_PUSHDATA4) {
      into.add(at + 1, 0);
      at += 1;
      continue;
    }
    const dataStart = pushStart(bytes, at);
    const dataEnd = dataStart + pushLength(bytes, at);
    if (dataEnd > end) {
      into.isPushOnly = false;
      return;
    }
    into.add(dataStart, dataEnd - dataStart);
    at = dataEnd;
  }
}

/** Where the data of the push at `at` begins. */
export function pushStart(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at]!;
  if (opcode < OP_PUSHDATA1) return at + 1;
  return opcode === OP_PUSHDATA1 ? at + 2 : opcode === OP_PUSHDATA4 ? at + 5 : at + 3;
}

/** The length that the push at `at` announces. */
export function pushLength(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at]!;
  if (opcode < OP_PUSHDATA1) return opcode;
  if (opcode === OP_PUSHDATA1) return bytes[at + 1]!;
  const low = bytes[at + 1]! + bytes[at + 2]! * 0x100;
  if (opcode !== OP_PUSHDATA4) return low;
  return low + bytes[at + 3]! * 0x1_0000 + bytes[at + 4]! * 0x100_0000;
}

/** The items of the witness whose item count stands at `at`. */
export function readWitnessItems(bytes: Uint8Array, at: number, into: StackItems): void {
  into.count = 0;
  into.isPushOnly = true;
  let cursor = at;
  const items = varintAt(bytes, cursor);
  cursor += varintBytes(bytes, cursor);
  for (let i = 0; i < items; i += 1) {
    const length = varintAt(bytes, cursor);
    cursor += varintBytes(bytes, cursor);
    into.add(cursor, length);
    cursor += length;
  }
}

function varintAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0xfd) return first;
  const low = bytes[at + 1]! + bytes[at + 2]! * 0x100;
  if (first === 0xfd) return low;
  return low + bytes[at + 3]! * 0x1_0000 + bytes[at + 4]! * 0x100_0000;
}

function varintBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  return first < 0xfd ? 1 : first === 0xfd ? 3 : 5;
}

/** Opcodes that end any script that reaches them: disabled, reserved, unknown, or OP_RETURN. */
function isFatal(opcode: number): boolean {
  if (opcode >= 0xba) return true;
  if (opcode === 0x50 || opcode === 0x62 || opcode === 0x65 || opcode === 0x66) return true;
  if (opcode === 0x6a || opcode === 0x89 || opcode === 0x8a) return true;
  if (opcode >= 0x7e && opcode <= 0x81) return true;
  if (opcode >= 0x83 && opcode <= 0x86) return true;
  return opcode === 0x8d || opcode === 0x8e || (opcode >= 0x95 && opcode <= 0x99);
}

/**
 * True when the bytes, run as a script (not a tapscript), can not succeed whatever the stack holds:
 * an opcode that always fails stands before any condition, or a push runs over the end.
 *
 * So a key or a signature can be told from a script for certain, not by its looks alone.
 */
export function cannotSucceed(bytes: Uint8Array, start: number, end: number): boolean {
  const OP_IF = 0x63;
  const OP_NOTIF = 0x64;
  let isConditional = false;
  let at = start;
  while (at < end) {
    const opcode = bytes[at]!;
    if (opcode <= OP_PUSHDATA4) {
      const next = pushStart(bytes, at) + pushLength(bytes, at);
      if (next > end) return true;
      at = next;
      continue;
    }
    if (opcode === OP_IF || opcode === OP_NOTIF) isConditional = true;
    if (!isConditional && isFatal(opcode)) return true;
    at += 1;
  }
  return false;
}
