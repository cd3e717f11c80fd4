/** Bare public keys (P2PK): a script that pays a key directly, and the P2PKH script that pays the hash of the same key. */
import { hash160 } from '../bytes/hash.ts';
import { p2pkhScript } from './script.ts';

/** The P2PKH script that means the same key as a P2PK script (push of the key, then OP_CHECKSIG). */
export function bareKeyTwin(p2pkScript: Uint8Array): Uint8Array {
  return p2pkhScript(hash160(p2pkScript.subarray(1, p2pkScript.length - 1)));
}
