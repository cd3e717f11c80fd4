/**
 * Addresses that belong to nobody: the hash is that of a word, so nobody has a key for it.
 */
import { hash160, sha256 } from '../../src/bytes/hash.ts';
import { scriptToAddress } from '../../src/chain/address.ts';
import { getNetwork, type NetworkName } from '../../src/chain/network.ts';
import { p2pkhScript, witnessScript } from '../../src/chain/script.ts';
import type { Address } from '../../src/units/ids.ts';

/** A P2WPKH address made from a word. */
export function madeUpAddress(word: string, network: NetworkName = 'main'): Address {
  const script = witnessScript(0, hash160(new TextEncoder().encode(word)));
  return scriptToAddress(script, getNetwork(network))!;
}

/** A P2PKH address made from a word. */
export function madeUpLegacyAddress(word: string, network: NetworkName = 'main'): Address {
  const script = p2pkhScript(hash160(new TextEncoder().encode(word)));
  return scriptToAddress(script, getNetwork(network))!;
}

/** A transaction id made from a word, as people write it. */
export function madeUpTxid(word: string): string {
  return Buffer.from(sha256(new TextEncoder().encode(word))).toString('hex');
}
