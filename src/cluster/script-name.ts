import { sha256Hex } from '../bytes/hash.ts';
import { scriptToAddress } from '../chain/address.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';

/** Hex digits of a script's digest that name it. */
const DIGEST_DIGITS = 16;

/**
 * How a script is named outside the ledger: its address; a bare public key by its P2PKH address; a script
 * without an address (bare multisig, non-standard) as `script:` and the first 16 hex digits of its SHA-256.
 *
 * @example scriptName(flow, scriptId) // 'bc1q…' or 'script:0f1e2d3c4b5a6978'
 */
export function scriptName(flow: FlowIndex, scriptId: number): string {
  const script = flow.scripts.read(scriptId);
  return (
    scriptToAddress(script, flow.network) ?? `script:${sha256Hex(script).slice(0, DIGEST_DIGITS)}`
  );
}
