/**
 * Whether an input can have spent an output with a given script, as far as its bytes alone tell.
 *
 * Most scripts are a hash of a key or of a script that the spend must show, and whoever shows it proves the hash:
 *
 *   p2pkh    the last push is the key                     HASH160
 *   p2sh     the last push is the redeem script           HASH160   (BIP 16)
 *   p2wpkh   the second of two witness items is the key   HASH160   (BIP 141)
 *   p2wsh    the last witness item is the script          SHA256    (BIP 141)
 *
 * Before these rules were in force, outputs of the last two forms could be spent with nothing at all. Of bare keys and
 * taproot an input shows nothing but a signature, which is not checked here.
 *
 * Cost: two hashes, some 2 microseconds; meant for inputs whose previous output somebody else told.
 */
import { hash160, sha256 } from '../bytes/hash.ts';
import type { BlockColumns } from './block-columns.hot.ts';
import { classifyScript } from './script.ts';
import { SCRIPT_KIND } from './script-kind.ts';
import { readPushes, readWitnessItems, StackItems } from './stack-items.hot.ts';

export const REVEALED = {
  /** The input shows nothing by which the script could be told. */
  nothing: 0,
  /** The input shows what the script is the hash of. */
  same: 1,
  /** The input shows something else: it spent another script. */
  other: 2,
} as const;

export type Revealed = (typeof REVEALED)[keyof typeof REVEALED];

const items = new StackItems();

type Hash = (data: Uint8Array) => Uint8Array;

function compare(
  block: Uint8Array,
  item: number,
  hash: Hash,
  script: Uint8Array,
  at: number,
): Revealed {
  const offset = items.offset[item]!;
  const digest = hash(block.subarray(offset, offset + items.length[item]!));
  for (let i = 0; i < digest.length; i += 1) {
    if (digest[i] !== script[at + i]) return REVEALED.other;
  }
  return REVEALED.same;
}

/** The last push of a scriptSig, or -1 when what it leaves on the stack can not be told from its bytes. */
function lastPush(block: Uint8Array, columns: BlockColumns, input: number): number {
  const start = columns.inScriptOffset[input]!;
  readPushes(block, start, start + columns.inScriptLength[input]!, items);
  const last = items.count - 1;
  if (!items.isPushOnly || last < 0) return -1;
  // A small number is an item without bytes of its own.
  const isNumber = items.length[last] === 0 && block[items.offset[last]! - 1] !== 0;
  return isNumber ? -1 : last;
}

/** The number of items in the witness of an input; they stand in `items`. */
function readWitness(block: Uint8Array, columns: BlockColumns, input: number): number {
  const offset = columns.inWitnessOffset[input]!;
  if (offset === 0) return 0;
  readWitnessItems(block, offset, items);
  return items.count;
}

/**
 * @param columns the block, read
 * @param input its row in the columns
 * @param script the script that the input is said to have spent, in `script[start, end)`
 * @example revealedScript(block, columns, 1, script, 0, script.length) === REVEALED.other // somebody is wrong
 */
export function revealedScript(
  block: Uint8Array,
  columns: BlockColumns,
  input: number,
  script: Uint8Array,
  start: number,
  end: number,
): Revealed {
  switch (classifyScript(script, start, end)) {
    case SCRIPT_KIND.p2pkh: {
      const last = lastPush(block, columns, input);
      return last < 0 ? REVEALED.nothing : compare(block, last, hash160, script, start + 3);
    }
    case SCRIPT_KIND.p2sh: {
      const last = lastPush(block, columns, input);
      return last < 0 ? REVEALED.nothing : compare(block, last, hash160, script, start + 2);
    }
    case SCRIPT_KIND.p2wpkh: {
      const count = readWitness(block, columns, input);
      if (count === 0) return REVEALED.nothing;
      return count === 2 ? compare(block, 1, hash160, script, start + 2) : REVEALED.other;
    }
    case SCRIPT_KIND.p2wsh: {
      const count = readWitness(block, columns, input);
      if (count === 0) return REVEALED.nothing;
      return compare(block, count - 1, sha256, script, start + 2);
    }
    default:
      return REVEALED.nothing;
  }
}
