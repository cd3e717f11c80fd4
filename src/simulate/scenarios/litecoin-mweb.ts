/**
 * Litecoin with its extension blocks (MWEB): coins go in by an output that only the HogEx spends, come out by an output of the
 * HogEx, and in between nobody sees whose they are. Source: LIP 2 to 4, Litecoin Core `src/mweb`.
 */
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { NETWORKS } from '../../chain/network.ts';
import { p2shScript, witnessScript } from '../../chain/script.ts';
import type { TransactionInput, TransactionOutput } from '../../chain/transaction.ts';
import type { Sats } from '../../units/amount.ts';
import type { Txid } from '../../units/ids.ts';
import { CoinChain } from '../coin-chain.ts';

const COIN = 100_000_000;
/** Witness versions of the HogEx's own output and of an output that goes into the extension block. */
const HOG_VERSION = 8;
const PEG_IN_VERSION = 9;

const random = (seed: string): Uint8Array => seededRandom(`litecoin-mweb ${seed}`).bytes(32);

/** What the last HogEx holds for everybody. */
interface Hog {
  readonly txid: Txid;
  readonly valueSats: number;
}

/** The HogEx of a block: takes the hog before and what goes in, gives the hog after and what comes out. */
function addHogEx(
  chain: CoinChain,
  before: Hog | undefined,
  pegIns: readonly { readonly txid: Txid; readonly vout: number; readonly valueSats: number }[],
  pegOuts: readonly (readonly [string, number])[],
  feeSats: number,
): Hog {
  const spent = before === undefined ? pegIns : [{ ...before, vout: 0 }, ...pegIns];
  const inputs = spent.map(
    ({ txid, vout }): TransactionInput => ({
      prevTxid: txid,
      vout,
      scriptSig: new Uint8Array(0),
      sequence: 0xffff_ffff,
      witness: [],
    }),
  );
  let valueSats = -feeSats;
  for (const coin of spent) valueSats += coin.valueSats;
  for (const [, sats] of pegOuts) valueSats -= sats;
  const hog: TransactionOutput = {
    valueSats: valueSats as Sats,
    script: witnessScript(HOG_VERSION, random(`hog ${chain.height}`)),
  };
  const outputs = [hog, ...chain.outputs(pegOuts)];
  const tx = { version: 2, locktime: 0, inputs, outputs, isHogEx: true };
  const owners = [[{ script: hog.script }, valueSats] as const, ...pegOuts];
  return { txid: chain.add(tx, owners, feeSats), valueSats };
}

/** The extension block: present, and opaque. */
function extension(seed: string): Uint8Array {
  return new ByteWriter(512)
    .u8(1)
    .bytes(seededRandom(`extension ${seed}`).bytes(400))
    .finish();
}

/** @param branch what differs after the fork, for a reorganisation */
export function litecoinMweb(branch: 'best' | 'stale' = 'best'): CoinChain {
  const chain = new CoinChain(NETWORKS['litecoin-regtest']);
  for (const miner of ['ana', 'ben', 'cleo']) chain.mine(miner);
  const pegIn = (seed: string) => ({ script: witnessScript(PEG_IN_VERSION, random(seed)) });
  const old = { script: p2shScript(random('old').subarray(0, 20)) };
  const paid = chain.pay(['ana'], [['shop', 3 * COIN]]);
  chain.pay(['ben'], [[old, 2 * COIN]]);
  chain.mine('ana');
  chain.name('payment', [paid], ['shop'], 'The shop is paid in the open, before anything goes in.');

  // Two strangers put coins in by one HogEx.
  const shopIn = chain.pay(['shop'], [[pegIn('shop'), 2 * COIN]], 'shop-change');
  const benIn = chain.pay(['ben'], [[pegIn('ben'), 5 * COIN]]);
  let hog = addHogEx(
    chain,
    undefined,
    [
      { txid: shopIn, vout: 0, valueSats: 2 * COIN },
      { txid: benIn, vout: 0, valueSats: 5 * COIN },
    ],
    [],
    2000,
  );
  chain.mine('cleo', { extension: extension('in') });
  chain.name('pegIn', [shopIn, benIn, hog.txid], ['shop', 'ben'], 'Two peg-ins and their HogEx.');

  hog = addHogEx(chain, hog, [], [['till', 1.5 * COIN]], 1000);
  const out = hog.txid;
  chain.mine('ana', { extension: extension('out') });
  const cashed = chain.pay(['till'], [['exchange', 1.4 * COIN]]);
  if (branch === 'best') addHogEx(chain, hog, [], [['late', 0.5 * COIN]], 1000);
  chain.mine(branch === 'best' ? 'cleo' : 'ben', { extension: extension(branch) });
  if (branch === 'best') chain.mine('ana');
  chain.name('pegOut', [out, cashed], ['till', 'exchange'], 'A peg-out, and where it was cashed.');
  return chain;
}
