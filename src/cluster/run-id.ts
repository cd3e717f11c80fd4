/**
 * The name of a clustering run: a digest of everything that decides its result. Two runs with the same id
 * say the same; a cluster id that stands in a report names a state of knowledge, not a row.
 */
import { sha256Hex } from '../bytes/hash.ts';
import type { NetworkName } from '../chain/network.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import type { BlockHash, Txid } from '../units/ids.ts';

/** Hex digits of a run id. */
const RUN_ID_DIGITS = 16;

export interface RuleVersion {
  readonly id: string;
  readonly version: number;
}

/** The last block that a run looked at. */
export interface RunTip {
  readonly height: number;
  /** Undefined when the caller did not say which block stands at an as-of height. */
  readonly hash: BlockHash | undefined;
}

/** Everything that decides the result of a run. */
export interface RunIdentity {
  readonly network: NetworkName;
  readonly profile: string;
  readonly rules: readonly RuleVersion[];
  readonly parametersDigest: string;
  readonly tip: RunTip;
  /** Last transaction looked at: names the tip where no hash is given. */
  readonly lastTxid: Txid;
  /** Heights covered, as [first, last] without gaps. A ledger that begins later knows less. */
  readonly windows: readonly (readonly [number, number])[];
  /** Inputs from before the ledger that undo data told of, when there are any: a ledger without it knows less. */
  readonly undoInputs?: number;
}

type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [key: string]: Json };

/** JSON with sorted keys and without white space: the same text for the same value. */
export function canonicalJson(value: unknown): string {
  return write(value as Json);
}

function write(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(',')}}`;
}

/**
 * The id of a run: the first 16 hex digits of the SHA-256 of its identity.
 *
 * With a block hash the last transaction adds nothing and is left out, so an as-of run has the id of a
 * run over the chain that ends there.
 */
export function runIdOf(identity: RunIdentity): string {
  const { lastTxid, ...rest } = identity;
  const named = identity.tip.hash === undefined ? { ...rest, lastTxid } : rest;
  return sha256Hex(canonicalJson(named)).slice(0, RUN_ID_DIGITS);
}

/**
 * Heights that the blocks before `blockEnd` cover, as ranges without gaps.
 *
 * @example heightWindows(flow, flow.blockCount) // [[0, 599]]
 */
export function heightWindows(flow: FlowIndex, blockEnd: number): (readonly [number, number])[] {
  const windows: (readonly [number, number])[] = [];
  let first = 0;
  for (let block = 0; block < blockEnd; block += 1) {
    const height = flow.blockHeight.at(block);
    if (block === 0) first = height;
    const isLast = block === blockEnd - 1 || flow.blockHeight.at(block + 1) !== height + 1;
    if (!isLast) continue;
    windows.push([first, height]);
    if (block < blockEnd - 1) first = flow.blockHeight.at(block + 1);
  }
  return windows;
}
