/**
 * SK-1, same key: scripts that the same private key opens, told from their bytes alone.
 *
 *   P2PK, P2PKH and P2WPKH with the same hash160, and a P2SH that wraps that P2WPKH once a spend has shown it
 *
 * P2WPKH holds for compressed keys only: when a bare P2PK shows that the key behind a hash is uncompressed,
 * its P2WPKH (and P2SH) forms are kept apart from the legacy ones. Multisig is an identity of its
 * own and its keys are never joined.
 *
 * The links of a key are a star around its earliest script; each belongs to the transaction that first made
 * both ends visible, so a run as of an earlier block has exactly the links up to it.
 */
import { hexToBytes } from '../../bytes/hex.ts';
import { hasAddress, SCRIPT_KIND } from '../../chain/script-kind.ts';
import { type FlowIndex, REVEAL } from '../../ledger/flow-index.ts';
import { GrowingU32 } from '../growing-column.ts';
import { LINK_RULE, LinkBuffer, type LinkColumns, mergeLinks, NO_INPUT } from '../link-columns.ts';
import { NO_SCRIPT } from '../script-rows.ts';
import { isKeyKind, KeyTable } from './key-table.hot.ts';

/** `<33-byte key> OP_CHECKSIG` has 35 bytes, the uncompressed form 67. */
const P2PK_UNCOMPRESSED_BYTES = 67;

export interface SameKeyResult {
  readonly links: LinkColumns;
  /** Per script 1 when it counts as an address of its own: it has one, and no earlier script has the same. */
  readonly countsAsAddress: Uint8Array;
  /** Script ids of the P2WPKH scripts asked for, where they exist. */
  readonly wanted: readonly number[];
}

/**
 * Find the same-key links among the scripts that exist before `txEnd`.
 *
 * @param scriptCount scripts that exist as of `txEnd`
 * @param wantedHashes hash160 in hex of P2WPKH scripts to find on the way
 */
export function linkSameKeys(
  flow: FlowIndex,
  txEnd: number,
  scriptCount: number,
  wantedHashes: readonly string[] = [],
): SameKeyResult {
  const table = new KeyTable(flow, scriptCount);
  /** Pairs (earliest script of a key, another one), by the other one. */
  const centers = new GrowingU32();
  const others = new GrowingU32();
  const countsAsAddress = new Uint8Array(scriptCount);
  for (let scriptId = 0; scriptId < scriptCount; scriptId += 1) {
    const kind = flow.scriptKind.at(scriptId);
    if (hasAddress(kind)) countsAsAddress[scriptId] = 1;
    if (!isKeyKind(kind)) continue;
    const center = table.add(scriptId, kind);
    if (center === NO_SCRIPT) continue;
    centers.push(center);
    others.push(scriptId);
  }
  const keys = new KeyStars(flow, centers.finish(), others.finish());
  keys.dropRepeatedAddresses(countsAsAddress);
  return {
    links: mergeLinks(keys.links(), linkReveals(flow, txEnd, scriptCount, table, keys)),
    countsAsAddress,
    wanted: wantedHashes.flatMap((hash) => keys.segwitOf(table.find(hexToBytes(hash), 0)) ?? []),
  };
}

/** The transaction that first paid a script. */
function firstTx(flow: FlowIndex, scriptId: number): number {
  return flow.outputTx.at(flow.scriptFirstOutput.at(scriptId));
}

/** Keys that more than one script holds. */
class KeyStars {
  readonly #flow: FlowIndex;
  readonly #centers: Uint32Array;
  readonly #others: Uint32Array;
  /** Earliest script of keys that are known to be uncompressed. */
  readonly #uncompressed = new Set<number>();
  /** Per earliest script the first P2WPKH among the others. */
  readonly #segwit = new Map<number, number>();

  constructor(flow: FlowIndex, centers: Uint32Array, others: Uint32Array) {
    this.#flow = flow;
    this.#centers = centers;
    this.#others = others;
    for (let row = 0; row < others.length; row += 1) {
      const center = centers[row]!;
      const other = others[row]!;
      if (this.#isUncompressed(center) || this.#isUncompressed(other)) {
        this.#uncompressed.add(center);
      }
      if (this.#isSegwit(other) && !this.#segwit.has(center)) this.#segwit.set(center, other);
    }
  }

  #isSegwit(scriptId: number): boolean {
    return this.#flow.scriptKind.at(scriptId) === SCRIPT_KIND.p2wpkh;
  }

  #isUncompressed(scriptId: number): boolean {
    return (
      this.#flow.scriptKind.at(scriptId) === SCRIPT_KIND.p2pk &&
      this.#flow.scripts.lengthOf(scriptId) === P2PK_UNCOMPRESSED_BYTES
    );
  }

  /** The P2WPKH script of a key, given its earliest script. */
  segwitOf(center: number): number | undefined {
    if (center === NO_SCRIPT) return undefined;
    return this.#isSegwit(center) ? center : this.#segwit.get(center);
  }

  /** The script that a P2SH wrapping this key's P2WPKH is linked with: the earliest one that is sure to be the same key. */
  anchorOf(center: number): number | undefined {
    const isKnownUncompressed = this.#uncompressed.has(center) || this.#isUncompressed(center);
    return isKnownUncompressed ? this.segwitOf(center) : center;
  }

  /** A bare key and its P2PKH are one address: only the earlier one counts. */
  dropRepeatedAddresses(countsAsAddress: Uint8Array): void {
    const legacySeen = new Set<number>();
    for (let row = 0; row < this.#others.length; row += 1) {
      const center = this.#centers[row]!;
      const other = this.#others[row]!;
      if (this.#isSegwit(other)) continue;
      if (!this.#isSegwit(center) || legacySeen.has(center)) countsAsAddress[other] = 0;
      legacySeen.add(center);
    }
  }

  /** The star of each key. Rows come by the later script, which is chain order. */
  links(): LinkColumns {
    const buffer = new LinkBuffer();
    /** For uncompressed keys, whose legacy and segwit forms stay apart: the first of the form that the center has not. */
    const otherForm = new Map<number, number>();
    for (let row = 0; row < this.#others.length; row += 1) {
      let center = this.#centers[row]!;
      const other = this.#others[row]!;
      const isOtherForm = this.#isSegwit(center) !== this.#isSegwit(other);
      if (this.#uncompressed.has(center) && isOtherForm) {
        const first = otherForm.get(center);
        if (first === undefined) {
          otherForm.set(center, other);
          continue;
        }
        center = first;
      }
      buffer.push(firstTx(this.#flow, other), LINK_RULE.sameKey, center, other, NO_INPUT, NO_INPUT);
    }
    return buffer.finish();
  }
}

/** P2SH scripts of which a spend has shown that they wrap a P2WPKH. */
function linkReveals(
  flow: FlowIndex,
  txEnd: number,
  scriptCount: number,
  table: KeyTable,
  keys: KeyStars,
): LinkColumns {
  const found: { readonly txIndex: number; readonly wrapped: number; readonly wrapper: number }[] =
    [];
  for (let row = 0; row < flow.revealScript.length; row += 1) {
    const wrapper = flow.revealScript.at(row);
    const revealTx = flow.revealTx.at(row);
    if (flow.revealKind.at(row) !== REVEAL.p2wpkh || revealTx >= txEnd || wrapper >= scriptCount) {
      continue;
    }
    const center = table.find(flow.revealPayload.at(row), 0);
    const wrapped = center === NO_SCRIPT ? undefined : keys.anchorOf(center);
    if (wrapped === undefined) continue;
    found.push({ txIndex: Math.max(revealTx, firstTx(flow, wrapped)), wrapped, wrapper });
  }
  found.sort((a, b) => a.txIndex - b.txIndex || a.wrapper - b.wrapper);
  const buffer = new LinkBuffer();
  for (const { txIndex, wrapped, wrapper } of found) {
    const [a, b] = wrapped < wrapper ? [wrapped, wrapper] : [wrapper, wrapped];
    buffer.push(txIndex, LINK_RULE.sameKey, a, b, NO_INPUT, NO_INPUT);
  }
  return buffer.finish();
}
