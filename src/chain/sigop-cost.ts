/**
 * The cost of a transaction's signature operations (BIP 141): what it takes of a block besides its bytes.
 *
 * Those in scripts outside of witnesses cost four each. Source: Bitcoin Core `GetTransactionSigOpCost`
 * (`src/consensus/tx_verify.cpp`), `CScript::GetSigOpCount` (`src/script/script.cpp`).
 */
import { redeemScriptOf, witnessScriptOf } from './inner-scripts.ts';
import { classifyScript } from './script.ts';
import { SCRIPT_KIND } from './script-kind.ts';
import { pushLength, pushStart } from './stack-items.hot.ts';
import type { Transaction, TransactionInput } from './transaction.ts';

const OP_PUSHDATA4 = 0x4e;
const OP_1 = 0x51;
const OP_16 = 0x60;
const OP_CHECKSIG = 0xac;
const OP_CHECKSIGVERIFY = 0xad;
const OP_CHECKMULTISIG = 0xae;
const OP_CHECKMULTISIGVERIFY = 0xaf;
const WITNESS_SCALE = 4;
const MULTISIG_KEYS_MAX = 20;

/** @param isExact count the keys of a multisig, where their number stands right before it */
function countSigops(script: Uint8Array, isExact: boolean): number {
  let count = 0;
  let before = -1;
  for (let at = 0; at < script.length; ) {
    const opcode = script[at]!;
    if (opcode <= OP_PUSHDATA4) {
      const start = pushStart(script, at);
      if (start > script.length) break;
      at = start + pushLength(script, at);
      if (at > script.length) break;
    } else at += 1;
    if (opcode === OP_CHECKSIG || opcode === OP_CHECKSIGVERIFY) count += 1;
    else if (opcode === OP_CHECKMULTISIG || opcode === OP_CHECKMULTISIGVERIFY) {
      const isCounted = isExact && before >= OP_1 && before <= OP_16;
      count += isCounted ? before - OP_1 + 1 : MULTISIG_KEYS_MAX;
    }
    before = opcode;
  }
  return count;
}

/** What a spend adds for the scripts that it shows. */
function spendCost(input: TransactionInput, prevScript: Uint8Array): number {
  const redeem = redeemScriptOf(input.scriptSig, prevScript);
  const program = redeem ?? prevScript;
  const kind = classifyScript(program, 0, program.length);
  const redeemCost = redeem === undefined ? 0 : WITNESS_SCALE * countSigops(redeem, true);
  if (kind === SCRIPT_KIND.p2wpkh) return redeemCost + 1;
  if (kind !== SCRIPT_KIND.p2wsh) return redeemCost;
  const script = witnessScriptOf(input.witness, prevScript, redeem);
  return redeemCost + (script === undefined ? 0 : countSigops(script, true));
}

/**
 * The cost in all. What a previous output that is not known would add is left out.
 *
 * @param prevouts what each input spends, in their order
 * @example sigopCost(tx, prevouts) // 5 for one P2WPKH input, a P2PKH and a P2WPKH output
 */
export function sigopCost(
  tx: Transaction,
  prevouts: readonly ({ readonly script: Uint8Array } | undefined)[],
): number {
  let cost = 0;
  for (const { script } of tx.outputs) cost += WITNESS_SCALE * countSigops(script, false);
  for (const [i, input] of tx.inputs.entries()) {
    cost += WITNESS_SCALE * countSigops(input.scriptSig, false);
    const prevout = prevouts[i];
    if (prevout !== undefined) cost += spendCost(input, prevout.script);
  }
  return cost;
}
