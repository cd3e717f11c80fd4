/**
 * From addresses to script rows.
 *
 * Scripts are found by a 64-bit key; every candidate's bytes are compared, so a collision costs a read and never a
 * wrong answer. A bare public key is found under its P2PKH address.
 */
import { addressToScript } from '../chain/address.ts';
import { classifyScript } from '../chain/script.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import type { ScriptId } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';

/**
 * Rows of the scripts that each address stands for, in order of first sight; no entry for an address that
 * never appears.
 *
 * @throws {ClewError} CLEW_ADDRESS_*: an address that is none of this network
 */
export function resolveAddresses(
  flow: FlowIndex,
  addresses: readonly string[],
): Map<string, ScriptId[]> {
  const found = new Map<string, ScriptId[]>();
  for (const address of addresses) {
    const scripts = resolveAddress(flow, address);
    if (scripts.length > 0) found.set(address, scripts);
  }
  return found;
}

/**
 * The rows of one address, in order of first sight; empty when it never appears.
 *
 * @throws {ClewError} CLEW_ADDRESS_*: an address that is none of this network
 * @example resolveAddress(flow, '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa') // [0]: the bare key of the genesis block
 */
export function resolveAddress(flow: FlowIndex, address: string): ScriptId[] {
  const script = addressToScript(address, flow.network);
  hashScript(script, 0, script.length);
  const row = flow.findScript(scriptKey.low, scriptKey.high, script, 0, script.length);
  const rows = row === NONE ? [] : [row];
  if (classifyScript(script, 0, script.length) === SCRIPT_KIND.p2pkh) {
    rows.push(...flow.findBareKeys(script));
  }
  return rows.sort((a, b) => a - b) as ScriptId[];
}
