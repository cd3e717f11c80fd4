/**
 * Whether what an input shows can open the output that a server says it spends.
 *
 * The id of a transaction covers the outpoint that an input spends and its scriptSig, not the script and value of that output nor
 * the witness. But most scripts hold the hash of what opens them: a false script, or a witness of another input, shows.
 * (P2PKH; P2SH, BIP 16; witness programs, BIP 141, bare and in P2SH. Not bare keys, bare multisig and taproot.)
 */
import { hash160, sha256 } from '../../bytes/hash.ts';
import { bytesEqual } from '../../bytes/hex.ts';
import { classifyScript, isUnspendable } from '../../chain/script.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { readPushes, StackItems } from '../../chain/stack-items.hot.ts';

export interface ShownByInput {
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

const pushes = new StackItems();

/**
 * False when the input can not have spent an output with this script; true when it can, and when that does not show.
 *
 * @example canOpen(p2wpkhScript(hash160(key)), { scriptSig: new Uint8Array(0), witness: [signature, key] })
 */
export function canOpen(script: Uint8Array, shown: ShownByInput): boolean {
  if (isUnspendable(script, 0, script.length)) return false;
  const kind = classifyScript(script, 0, script.length);
  const needsPush = kind === SCRIPT_KIND.p2pkh || kind === SCRIPT_KIND.p2sh;
  if (needsPush && shown.scriptSig.length === 0) return false;
  switch (kind) {
    case SCRIPT_KIND.p2pkh: {
      const key = lastPush(shown.scriptSig);
      return key === undefined || bytesEqual(hash160(key), script.subarray(3, 23));
    }
    case SCRIPT_KIND.p2sh: {
      const redeem = lastPush(shown.scriptSig);
      if (redeem === undefined) return true;
      if (!bytesEqual(hash160(redeem), script.subarray(2, 22))) return false;
      return opensProgram(redeem, shown);
    }
    case SCRIPT_KIND.p2wpkh:
    case SCRIPT_KIND.p2wsh:
      return shown.scriptSig.length === 0 && opensProgram(script, shown);
    default:
      return true;
  }
}

/** True for scripts that are no witness program of version 0 too. */
function opensProgram(script: Uint8Array, { witness }: ShownByInput): boolean {
  const kind = classifyScript(script, 0, script.length);
  if (kind !== SCRIPT_KIND.p2wpkh && kind !== SCRIPT_KIND.p2wsh) return true;
  const last = witness.at(-1);
  if (last === undefined) return false;
  const hash = kind === SCRIPT_KIND.p2wpkh ? hash160(last) : sha256(last);
  return bytesEqual(hash, script.subarray(2));
}

/** What lies on top when a script of pushes has run; undefined where that is more to tell than bytes that stand there. */
function lastPush(scriptSig: Uint8Array): Uint8Array | undefined {
  readPushes(scriptSig, 0, scriptSig.length, pushes);
  if (!pushes.isPushOnly || pushes.count === 0) return undefined;
  const start = pushes.offset[pushes.count - 1]!;
  const length = pushes.length[pushes.count - 1]!;
  return length === 0 ? undefined : scriptSig.subarray(start, start + length);
}
