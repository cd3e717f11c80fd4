/** The scripts behind hashes that a spend shows: redeem script (BIP 16), witness script (BIP 141), taproot leaf (BIP 341). */
import { classifyScript } from './script.ts';
import { SCRIPT_KIND } from './script-kind.ts';
import { pushLength, pushStart } from './stack-items.hot.ts';

const OP_PUSHDATA4 = 0x4e;
/** First byte of an annex (BIP 341). */
const ANNEX = 0x50;

/** The last element of a script when it is a push of bytes; undefined when it is none, or the script is cut. */
function lastPush(script: Uint8Array): Uint8Array | undefined {
  let last: Uint8Array | undefined;
  for (let at = 0; at < script.length; ) {
    if (script[at]! > OP_PUSHDATA4) {
      last = undefined;
      at += 1;
      continue;
    }
    const start = pushStart(script, at);
    if (start > script.length) return undefined;
    const end = start + pushLength(script, at);
    if (end > script.length) return undefined;
    last = script.subarray(start, end);
    at = end;
  }
  return last;
}

/**
 * The script that a spend from a P2SH output shows; undefined when it shows none, or the output is another one.
 *
 * @param prevScript of the output that is spent
 */
export function redeemScriptOf(
  scriptSig: Uint8Array,
  prevScript: Uint8Array,
): Uint8Array | undefined {
  const isP2sh = classifyScript(prevScript, 0, prevScript.length) === SCRIPT_KIND.p2sh;
  return isP2sh ? lastPush(scriptSig) : undefined;
}

/**
 * The script that a witness shows: the last item for P2WSH, the item below the control block for taproot.
 *
 * @param redeem as `redeemScriptOf` gave it
 */
export function witnessScriptOf(
  witness: readonly Uint8Array[],
  prevScript: Uint8Array,
  redeem: Uint8Array | undefined,
): Uint8Array | undefined {
  const kind = classifyScript(prevScript, 0, prevScript.length);
  if (kind === SCRIPT_KIND.p2tr) {
    const hasAnnex = witness.length >= 2 && witness.at(-1)![0] === ANNEX;
    return witness.at(hasAnnex ? -3 : -2);
  }
  const isNested =
    redeem !== undefined && classifyScript(redeem, 0, redeem.length) === SCRIPT_KIND.p2wsh;
  return kind === SCRIPT_KIND.p2wsh || isNested ? witness.at(-1) : undefined;
}
