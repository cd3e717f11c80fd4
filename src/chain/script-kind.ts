/**
 * The kinds of output script, as one byte that the ledger stores. A code never changes its meaning.
 */

export const SCRIPT_KIND = {
  nonstandard: 0,
  p2pk: 1,
  p2pkh: 2,
  p2sh: 3,
  p2wpkh: 4,
  p2wsh: 5,
  p2tr: 6,
  witnessUnknown: 7,
  multisig: 8,
  opReturn: 9,
} as const;

export type ScriptKind = (typeof SCRIPT_KIND)[keyof typeof SCRIPT_KIND];

/** Names for people and files, by code. */
const NAMES = [
  'nonstandard',
  'p2pk',
  'p2pkh',
  'p2sh',
  'p2wpkh',
  'p2wsh',
  'p2tr',
  'witness_unknown',
  'multisig',
  'op_return',
] as const;

export type ScriptKindName = (typeof NAMES)[number];

/**
 * The name of a kind, as in reports and `--json`.
 *
 * @throws {RangeError} when there is no kind of that code
 * @example scriptKindName(SCRIPT_KIND.p2tr) // 'p2tr'
 */
export function scriptKindName(kind: number): ScriptKindName {
  const name = NAMES[kind];
  if (name === undefined) throw new RangeError(`no script kind has the code ${kind}`);
  return name;
}

/**
 * True when scripts of this kind can be written as an address. A bare public key (p2pk) has none of
 * its own, but is counted and shown under the P2PKH address of its key.
 */
export function hasAddress(kind: number): boolean {
  return kind >= SCRIPT_KIND.p2pk && kind <= SCRIPT_KIND.witnessUnknown;
}
