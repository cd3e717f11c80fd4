/** Scripts by their SHA-256, as Electrum and Esplora name them: a search index, see `search-index.ts`. */
import { sha256 } from '../bytes/hash.ts';
import { bytesEqual } from '../bytes/hex.ts';
import { readU32 } from '../bytes/read-u32.hot.ts';
import { NONE } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';
import type { SearchIndex, SearchKeys } from './search-index.ts';

/** By the first 8 bytes of the hash. */
export const SCRIPT_HASHES: SearchKeys = {
  name: 'script-hash',
  parts: ['sha256'],
  insert(flow, script, [part]) {
    const hash = sha256(flow.scripts.read(script));
    part!.insert(readU32(hash, 0), readU32(hash, 4), script);
  },
};

/**
 * The row of the script with a hash, or NONE when it is not among those that the index covers.
 *
 * @param index of SCRIPT_HASHES, in use with this flow index
 * @param hash SHA-256 of the script, 32 bytes
 */
export function findScriptByHash(index: SearchIndex, flow: FlowIndex, hash: Uint8Array): number {
  const [part] = index.parts;
  let script = part!.first(readU32(hash, 0), readU32(hash, 4));
  for (; script !== NONE; script = part!.next()) {
    if (script < index.covered && bytesEqual(sha256(flow.scripts.read(script)), hash)) break;
  }
  return script;
}
