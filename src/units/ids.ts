/**
 * Ids as types: an output's number can not stand in for a transaction's.
 *
 * The dense numbers (`TxIndex`, `OutputIndex`, `InputIndex`, `ScriptId`) are given in order of first
 * sight in the chain. They belong to one generation of one ledger and never leave it: people,
 * files and reports see txids, outpoints and addresses.
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Row of a transaction, in chain order from 0. */
export type TxIndex = Branded<number, 'TxIndex'>;
/** Row of an output, in chain order from 0. */
export type OutputIndex = Branded<number, 'OutputIndex'>;
/** Row of an input, in chain order from 0; coinbase inputs have rows too. */
export type InputIndex = Branded<number, 'InputIndex'>;
/** Row of a scriptPubKey, in order of first sight from 0. */
export type ScriptId = Branded<number, 'ScriptId'>;
/** Row of a block in the ledger, by height; not the height, since a ledger may have gaps. */
export type BlockIndex = Branded<number, 'BlockIndex'>;

/** A transaction id as people write it: 64 hex digits, bytes reversed. */
export type Txid = Branded<string, 'Txid'>;
/** A block hash as people write it. */
export type BlockHash = Branded<string, 'BlockHash'>;
/** A payable destination on a named network, in its canonical spelling. */
export type Address = Branded<string, 'Address'>;

/** The bytes of a scriptPubKey as lower-case hex: what names an address in every engine. */
export type ScriptHex = Branded<string, 'ScriptHex'>;

/** No such row: a coinbase's prevout, an unknown prevout, an unspent output's spender. */
export const NONE = 0xff_ffff_ffff;

/** `txid:n`, the name of an output. */
export function formatOutpoint(txid: Txid, vout: number): string {
  return `${txid}:${vout}`;
}
