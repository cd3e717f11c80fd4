/**
 * A transaction as the Esplora API gives it: plain objects whose fields stand in the order of the servers' answers.
 *
 * Sources: Blockstream `electrs` (`src/rest.rs`, `src/util/script.rs`) and its fork by mempool, whose two additions are
 * followed because the public servers differ: bare multisig is named `multisig`, and the script of a taproot script
 * path is shown as `inner_witnessscript_asm`. Field names are those of the API.
 *
 * A previous output that is not known has `prevout` null, like that of a coinbase, which `is_coinbase` tells apart; the fee is
 * null then, where the servers, which know all of a chain, never have to say so. Data is carried as hex, never decoded.
 */
import { bytesToHex } from '../bytes/hex.ts';
import type { Txid } from '../units/ids.ts';
import { scriptToAddress } from './address.ts';
import { COINBASE_VOUT } from './coinbase-input.ts';
import { redeemScriptOf, witnessScriptOf } from './inner-scripts.ts';
import type { Network } from './network.ts';
import { classifyScript } from './script.ts';
import { scriptAsm } from './script-asm.ts';
import { SCRIPT_KIND } from './script-kind.ts';
import { sigopCost } from './sigop-cost.ts';
import type { Transaction, TransactionInput } from './transaction.ts';

export interface EsploraStatus {
  readonly confirmed: boolean;
  readonly block_height?: number;
  readonly block_hash?: string;
  readonly block_time?: number;
}

export interface EsploraOutput {
  readonly scriptpubkey: string;
  readonly scriptpubkey_asm: string;
  readonly scriptpubkey_type: EsploraScriptType;
  readonly scriptpubkey_address?: string;
  /** In the smallest unit. */
  readonly value: number;
}

export interface EsploraInput {
  readonly txid: string;
  readonly vout: number;
  readonly prevout: EsploraOutput | null;
  readonly scriptsig: string;
  readonly scriptsig_asm: string;
  readonly witness?: readonly string[];
  readonly is_coinbase: boolean;
  readonly sequence: number;
  readonly inner_redeemscript_asm?: string;
  readonly inner_witnessscript_asm?: string;
}

export interface EsploraTransaction {
  readonly txid: Txid;
  readonly version: number;
  readonly locktime: number;
  readonly vin: readonly EsploraInput[];
  readonly vout: readonly EsploraOutput[];
  readonly size: number;
  readonly weight: number;
  /** With the option of that name. */
  readonly sigops?: number;
  /** Null when a previous output is unknown. */
  readonly fee: number | null;
  readonly status: EsploraStatus;
}

export type EsploraScriptType =
  | 'empty'
  | 'op_return'
  | 'p2pk'
  | 'p2pkh'
  | 'p2sh'
  | 'v0_p2wpkh'
  | 'v0_p2wsh'
  | 'v1_p2tr'
  | 'provably_unspendable'
  | 'multisig'
  | 'unknown';

/** What an input spends. */
export interface Prevout {
  readonly valueSats: number;
  readonly script: Uint8Array;
}

export const UNCONFIRMED: EsploraStatus = { confirmed: false };

const TYPE_OF_KIND: Readonly<Record<number, EsploraScriptType>> = {
  [SCRIPT_KIND.p2pkh]: 'p2pkh',
  [SCRIPT_KIND.p2sh]: 'p2sh',
  [SCRIPT_KIND.p2wpkh]: 'v0_p2wpkh',
  [SCRIPT_KIND.p2wsh]: 'v0_p2wsh',
  [SCRIPT_KIND.p2tr]: 'v1_p2tr',
  [SCRIPT_KIND.opReturn]: 'op_return',
};

const OP_PUSHNUM_1 = 0x51;
const OP_PUSHNUM_15 = 0x5f;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;
const OP_CHECKSIGADD = 0xba;
/** OP_VER, OP_VERIF, OP_VERNOTIF, OP_RESERVED, OP_RESERVED1, OP_RESERVED2 and the opcodes disabled in 2010. */
const NEVER_VALID: ReadonlySet<number> = new Set([
  0x50, 0x62, 0x65, 0x66, 0x7e, 0x7f, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x89, 0x8a, 0x8d, 0x8e,
  0x95, 0x96, 0x97, 0x98, 0x99,
]);

/**
 * The type of an output script in the words of the API.
 *
 * @example esploraScriptType(p2trScript(key)) // 'v1_p2tr'
 */
export function esploraScriptType(script: Uint8Array): EsploraScriptType {
  const { length } = script;
  if (length === 0) return 'empty';
  const type = TYPE_OF_KIND[classifyScript(script, 0, length)];
  if (type !== undefined) return type;
  const first = script[0]!;
  const last = script[length - 1]!;
  // By its lengths alone: whether the key could be one is not looked at.
  const isKeyAlone = (length === 35 || length === 67) && first === length - 2;
  if (isKeyAlone && last === OP_CHECKSIG) return 'p2pk';
  if (first >= OP_CHECKSIGADD || NEVER_VALID.has(first)) return 'provably_unspendable';
  return isBareMultisig(script) ? 'multisig' : 'unknown';
}

/** `OP_M … OP_N OP_CHECKMULTISIG`, whatever stands between. */
function isBareMultisig(script: Uint8Array): boolean {
  const { length } = script;
  const count = script[length - 2]!;
  return (
    length >= 37 &&
    script[length - 1] === OP_CHECKMULTISIG &&
    count >= OP_PUSHNUM_1 &&
    count <= OP_PUSHNUM_15 &&
    script[0]! >= OP_PUSHNUM_1 &&
    script[0]! <= count
  );
}

/** An output, or a previous output. */
export function esploraOutput(
  script: Uint8Array,
  valueSats: number,
  network: Network,
): EsploraOutput {
  const type = esploraScriptType(script);
  // A bare key has no address there; we count it under that of its hash.
  const address = type === 'p2pk' ? undefined : scriptToAddress(script, network);
  return {
    scriptpubkey: bytesToHex(script),
    scriptpubkey_asm: scriptAsm(script),
    scriptpubkey_type: type,
    ...(address === undefined ? {} : { scriptpubkey_address: address }),
    value: valueSats,
  };
}

const NO_TXID = '0'.repeat(64);

function esploraInput(
  input: TransactionInput,
  prevout: Prevout | undefined,
  network: Network,
): EsploraInput {
  const script = prevout?.script;
  const redeem = script && redeemScriptOf(input.scriptSig, script);
  const inner = script && witnessScriptOf(input.witness, script, redeem);
  return {
    txid: input.prevTxid,
    vout: input.vout,
    prevout: prevout ? esploraOutput(prevout.script, prevout.valueSats, network) : null,
    scriptsig: bytesToHex(input.scriptSig),
    scriptsig_asm: scriptAsm(input.scriptSig),
    ...(input.witness.length === 0 ? {} : { witness: input.witness.map(bytesToHex) }),
    is_coinbase: input.prevTxid === NO_TXID && input.vout === COINBASE_VOUT,
    sequence: input.sequence,
    ...(redeem === undefined ? {} : { inner_redeemscript_asm: scriptAsm(redeem) }),
    ...(inner === undefined ? {} : { inner_witnessscript_asm: scriptAsm(inner) }),
  };
}

/** 0 for a coinbase, null when it is not known. */
function feeOf(tx: Transaction, prevouts: readonly (Prevout | undefined)[]): number | null {
  if (tx.isCoinbase) return 0;
  let fee = 0;
  for (let i = 0; i < tx.inputs.length; i += 1) {
    const prevout = prevouts[i];
    if (prevout === undefined) return null;
    fee += prevout.valueSats;
  }
  for (const output of tx.outputs) fee -= output.valueSats;
  return fee;
}

/**
 * The transaction as the API gives it.
 *
 * @param prevouts what each input spends, in their order; undefined where that is not known, and for a coinbase
 * @param options.withSigops with the cost of signature operations, as mempool.space gives it
 * @example JSON.stringify(esploraTransaction(tx, prevouts, UNCONFIRMED, getNetwork('main')))
 */
export function esploraTransaction(
  tx: Transaction,
  prevouts: readonly (Prevout | undefined)[],
  status: EsploraStatus,
  network: Network,
  options: { readonly withSigops?: boolean } = {},
): EsploraTransaction {
  return {
    txid: tx.txid,
    version: tx.version >>> 0,
    locktime: tx.locktime,
    vin: tx.inputs.map((input, i) => esploraInput(input, prevouts[i], network)),
    vout: tx.outputs.map(({ script, valueSats }) => esploraOutput(script, valueSats, network)),
    size: tx.size,
    weight: tx.weight,
    ...(options.withSigops === true ? { sigops: sigopCost(tx, prevouts) } : {}),
    fee: feeOf(tx, prevouts),
    status,
  };
}
