import type { Network } from '../chain/network.ts';
import { powHash } from '../chain/proof-of-work.ts';

/** Tries nonces until the header meets the easiest target of a regression-test network: two tries on average. */
export function findNonce(header: Uint8Array, network: Network): void {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  // The target begins 7f ff ff: a first byte (the last in internal order) below 7f is always under it.
  for (let nonce = 0; powHash(header, network)[31]! >= 0x7f; nonce += 1) {
    view.setUint32(76, nonce + 1, true);
  }
}
