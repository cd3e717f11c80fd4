/**
 * From addresses to script rows.
 *
 * The table `script_lookup` is keyed by a 64-bit hash of the script; every candidate's bytes are compared, so a
 * collision costs a read and never a wrong answer. A bare public key is found under its P2PKH address.
 */
import { bytesEqual } from '../bytes/hex.ts';
import { addressToScript } from '../chain/address.ts';
import { p2pkhScript } from '../chain/script.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import type { ScriptId } from '../units/ids.ts';
import { publicKeyHash } from './counters.ts';
import type { LedgerEngine } from './engine.ts';
import type { FlowIndex } from './flow-index.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';

/** Keys asked for in one query. */
const KEYS_PER_QUERY = 5_000;
/** One key asked of the table costs as much as reading this many scripts in order (measured: 60 and 0.3 microseconds). */
const SCAN_SCRIPTS_PER_KEY = 200;

/**
 * Rows of the scripts that each address stands for, in order of first sight; no entry for an address that
 * never appears.
 *
 * @throws {ClewError} CLEW_ADDRESS_*: an address that is none of this network
 */
export async function resolveAddresses(
  engine: LedgerEngine,
  flow: FlowIndex,
  addresses: readonly string[],
): Promise<Map<string, ScriptId[]>> {
  const wanted = new Map<string, { address: string; script: Uint8Array }[]>();
  for (const address of addresses) {
    const script = addressToScript(address, flow.network);
    hashScript(script, 0, script.length);
    const key = keyText();
    const sharing = wanted.get(key);
    if (sharing === undefined) wanted.set(key, [{ address, script }]);
    else sharing.push({ address, script });
  }
  const found = new Map<string, Set<number>>();
  const consider = (key: string, scriptId: number): void => {
    for (const { address, script } of wanted.get(key) ?? []) {
      if (!standsFor(flow, scriptId, script)) continue;
      const rows = found.get(address);
      if (rows === undefined) found.set(address, new Set([scriptId]));
      else rows.add(scriptId);
    }
  };
  if (wanted.size * SCAN_SCRIPTS_PER_KEY > flow.scriptCount) scanScripts(flow, consider);
  else await queryScripts(engine, flow, [...wanted.keys()], consider);
  const result = new Map<string, ScriptId[]>();
  for (const [address, rows] of found) {
    result.set(address, [...rows].sort((a, b) => a - b) as ScriptId[]);
  }
  return result;
}

/** The rows of one address; empty when it never appears. */
export async function resolveAddress(
  engine: LedgerEngine,
  flow: FlowIndex,
  address: string,
): Promise<ScriptId[]> {
  return (await resolveAddresses(engine, flow, [address])).get(address) ?? [];
}

/** The key left by `hashScript`, as the table holds it. */
function keyText(): string {
  return (BigInt(scriptKey.high) * 0x1_0000_0000n + BigInt(scriptKey.low)).toString();
}

function standsFor(flow: FlowIndex, scriptId: number, script: Uint8Array): boolean {
  const stored = flow.scripts.read(scriptId);
  if (bytesEqual(stored, script)) return true;
  if (flow.scriptKind.at(scriptId) !== SCRIPT_KIND.p2pk) return false;
  return bytesEqual(p2pkhScript(publicKeyHash(stored)), script);
}

async function queryScripts(
  engine: LedgerEngine,
  flow: FlowIndex,
  keys: readonly string[],
  consider: (key: string, scriptId: number) => void,
): Promise<void> {
  for (let from = 0; from < keys.length; from += KEYS_PER_QUERY) {
    const list = keys.slice(from, from + KEYS_PER_QUERY).join(',');
    const rows = await engine.query<{ script_key: string; script_id: string }>(
      `SELECT script_key, script_id FROM script_lookup WHERE script_key IN (${list})`,
    );
    for (const row of rows) {
      const scriptId = Number(row.script_id);
      if (scriptId < flow.scriptCount) consider(row.script_key, scriptId);
    }
  }
}

function scanScripts(flow: FlowIndex, consider: (key: string, scriptId: number) => void): void {
  for (let scriptId = 0; scriptId < flow.scriptCount; scriptId += 1) {
    const script = flow.scripts.read(scriptId);
    hashScript(script, 0, script.length);
    consider(keyText(), scriptId);
    if (flow.scriptKind.at(scriptId) !== SCRIPT_KIND.p2pk) continue;
    const twin = p2pkhScript(publicKeyHash(script));
    hashScript(twin, 0, twin.length);
    consider(keyText(), scriptId);
  }
}
