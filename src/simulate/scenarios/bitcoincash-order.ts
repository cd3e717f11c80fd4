/**
 * Bitcoin Cash: transactions stand in a block by their ids, so that children stand before their parents; tokens stand before
 * the script of an output; scripts are paid by 20 or by 32 bytes of hash.
 */
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { NETWORKS } from '../../chain/network.ts';
import { p2sh32Script, p2shScript } from '../../chain/script.ts';
import type { Txid } from '../../units/ids.ts';
import { CoinChain } from '../coin-chain.ts';

const COIN = 100_000_000;
/** Payments in one block that each spend the one before. */
const HOPS = 12;

const noise = (seed: string, bytes: number): Uint8Array =>
  seededRandom(`bitcoincash-order ${seed}`).bytes(bytes);

/** A fungible token: category, the bit that says "an amount", and 1,000 of it (CHIP-2022-02). */
function fungible(): Uint8Array {
  return new ByteWriter(64).u8(0xef).bytes(noise('category', 32)).u8(0x10).varint(1000).finish();
}

/** A token with a commitment and an amount. */
function nonFungible(): Uint8Array {
  const prefix = new ByteWriter(64).u8(0xef).bytes(noise('other', 32)).u8(0x72);
  return prefix.varbytes(noise('commitment', 10)).varint(70_000).finish();
}

/** @param branch what differs after the fork, for a reorganisation */
export function bitcoincashOrder(branch: 'best' | 'stale' = 'best'): CoinChain {
  const chain = new CoinChain(NETWORKS['bitcoincash-regtest']);
  for (const miner of ['ana', 'ben', 'cleo']) chain.mine(miner);

  // One block, in which the coins change hands twelve times, and a second chain of payments beside it.
  const hops: Txid[] = [];
  for (let hop = 0; hop < HOPS; hop += 1) {
    const from = hop === 0 ? 'ana' : `hop-${hop}`;
    hops.push(chain.pay([from], [[`hop-${hop + 1}`, (40 - hop) * COIN]], `rest-${hop}`));
    if (hop % 3 === 0) chain.pay([hop === 0 ? 'ben' : 'ben-rest'], [['site', COIN]], 'ben-rest');
  }
  chain.mine('cleo');
  const people = ['ana', ...hops.map((_, hop) => `hop-${hop + 1}`)];
  chain.name(
    'hops',
    hops,
    people,
    'Twelve payments in one block, each of the coins of the one before.',
  );

  const holder = chain.scriptOf('holder').script;
  const tokens = chain.pay(
    ['ben-rest'],
    [
      [{ script: holder, tokenPrefix: fungible() }, 1000],
      [{ script: holder, tokenPrefix: nonFungible() }, 2000],
      ['holder', 5 * COIN],
      [{ script: p2shScript(noise('p2sh', 20)) }, COIN],
      [{ script: p2sh32Script(noise('p2sh32', 32)) }, COIN],
    ],
  );
  chain.mine('ana');
  chain.name(
    'tokens',
    [tokens],
    ['holder'],
    'Three outputs of one address, two of them with tokens.',
  );

  const gathered = chain.pay(['site', `hop-${HOPS}`], [['exchange', 20 * COIN]]);
  const onward = chain.pay(['exchange'], [['cold', 15 * COIN]]);
  if (branch === 'best') chain.pay(['cold'], [['colder', 10 * COIN]]);
  chain.mine(branch === 'best' ? 'cleo' : 'ben');
  if (branch === 'best') chain.mine('ana');
  chain.name('gathering', [gathered, onward], ['site', 'exchange', 'cold'], 'Spent in one block.');
  return chain;
}
