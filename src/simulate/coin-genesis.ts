/**
 * The first blocks of the other coins' regression-test networks, put together from what their projects publish: one coinbase
 * that quotes a newspaper and pays a public key. Each must hash to what its row of the network table says.
 *
 * Sources: `src/chainparams.cpp` of Litecoin Core, Dogecoin Core and Dash Core (CreateGenesisBlock); Bitcoin Cash shares
 * Bitcoin's.
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { sha256d } from '../bytes/hash.ts';
import { hexToBytes } from '../bytes/hex.ts';
import type { Network } from '../chain/network.ts';
import { p2pkScript } from '../chain/script.ts';
import { serializeTransaction, type TransactionParts } from '../chain/transaction.ts';
import type { Sats } from '../units/amount.ts';
import type { Txid } from '../units/ids.ts';
import { genesisBlock } from './block-maker.ts';

/** What a genesis block is made from. */
export interface GenesisFacts {
  readonly quote: string;
  readonly timeSeconds: number;
  readonly bits: number;
  readonly nonce: number;
  readonly coins: number;
}

/** Litecoin, Dogecoin and Dash pay it; nobody has its other half. */
const KEY =
  '040184710fa689ad5023690c80f3a49c8f13f8d45b8c857fbcbc8bc4a8e4d3eb4b10f4d4604fa08dce601aaf0f470216fe1b51850b4acf21b179c45070ac7b03a9';
const EASY_BITS = 0x207fffff;

const LITECOIN_QUOTE = 'NY Times 05/Oct/2011 Steve Jobs, Apple’s Visionary, Dies at 56';
const DASH_QUOTE =
  'Wired 09/Jan/2014 The Grand Experiment Goes Live: Overstock.com Is Now Accepting Bitcoins';

/** By network; Bitcoin's and Bitcoin Cash's are made elsewhere. */
export const GENESIS: Readonly<Record<string, GenesisFacts>> = {
  litecoin: facts(LITECOIN_QUOTE, 1_317_972_665, 0x1e0ffff0, 2_084_524_493, 50),
  'litecoin-regtest': facts(LITECOIN_QUOTE, 1_296_688_602, EASY_BITS, 0, 50),
  dogecoin: facts('Nintondo', 1_386_325_540, 0x1e0ffff0, 99_943, 88),
  'dogecoin-regtest': facts('Nintondo', 1_296_688_602, EASY_BITS, 2, 88),
  dash: facts(DASH_QUOTE, 1_390_095_618, 0x1e0ffff0, 28_917_698, 50),
  'dash-regtest': facts(DASH_QUOTE, 1_417_713_337, EASY_BITS, 1_096_447, 50),
};

function facts(
  quote: string,
  timeSeconds: number,
  bits: number,
  nonce: number,
  coins: number,
): GenesisFacts {
  return { quote, timeSeconds, bits, nonce, coins };
}

/**
 * The genesis block of a network, byte for byte.
 *
 * @example blockHash(coinGenesis(network), network) // the hash in its row
 */
export function coinGenesis(network: Network): Uint8Array {
  const made = GENESIS[network.name];
  if (made === undefined) return genesisBlock();
  const quote = new TextEncoder().encode(made.quote);
  const scriptSig = new ByteWriter(128).bytes(hexToBytes('04ffff001d0104'));
  // A push of more than 75 bytes has an opcode before its length.
  if (quote.length > 75) scriptSig.u8(0x4c);
  scriptSig.u8(quote.length).bytes(quote);
  const coinbase: TransactionParts = {
    version: 1,
    locktime: 0,
    inputs: [
      {
        prevTxid: '0'.repeat(64) as Txid,
        vout: 0xffff_ffff,
        scriptSig: scriptSig.finish(),
        sequence: 0xffff_ffff,
        witness: [],
      },
    ],
    outputs: [
      { valueSats: (made.coins * 100_000_000) as Sats, script: p2pkScript(hexToBytes(KEY)) },
    ],
  };
  const bytes = serializeTransaction(coinbase, { witness: false });
  return new ByteWriter(512)
    .i32(1)
    .bytes(new Uint8Array(32))
    .bytes(sha256d(bytes))
    .u32(made.timeSeconds)
    .u32(made.bits)
    .u32(made.nonce)
    .varint(1)
    .bytes(bytes)
    .finish();
}
