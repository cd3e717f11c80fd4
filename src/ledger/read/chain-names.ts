/**
 * The names that questions to a ledger use, checked before any engine sees them: what passes is nothing but hex digits and small
 * whole numbers, so it can stand in a statement or a URL as it is.
 */
import { ClewError } from '../../errors.ts';
import type { HistoryQuestion, Outpoint, UnspentQuestion } from './ledger-reader.ts';

const HASH = /^[0-9a-f]{64}$/;
const SCRIPT = /^(?:[0-9a-f]{2})*$/;
const VOUT_MAX = 0xffff_ffff;

/** @throws {ClewError} CLEW_TXID_FORMAT for anything but 64 hex digits in lower case */
export function requireTxids(txids: readonly string[]): void {
  for (const txid of txids) {
    if (HASH.test(txid)) continue;
    const what = 'This is not a transaction id.';
    throw new ClewError('CLEW_TXID_FORMAT', what, { length: txid.length });
  }
}

/** @throws {ClewError} CLEW_TXID_FORMAT, CLEW_USAGE for a number that no output can have */
export function requireOutpoints(outpoints: readonly Outpoint[]): void {
  requireTxids(outpoints.map(({ txid }) => txid));
  for (const { vout } of outpoints) {
    if (Number.isInteger(vout) && vout >= 0 && vout <= VOUT_MAX) continue;
    throw new ClewError('CLEW_USAGE', 'This is not the number of an output.', {});
  }
}

/** @throws {ClewError} CLEW_USAGE for anything but 64 hex digits in lower case */
export function requireBlockHashes(hashes: readonly string[]): void {
  for (const hash of hashes) {
    if (HASH.test(hash)) continue;
    throw new ClewError('CLEW_USAGE', 'This is not a block hash.', { length: hash.length });
  }
}

/** @throws {ClewError} CLEW_USAGE for anything but whole bytes as hex digits in lower case */
export function requireScripts(scripts: readonly string[]): void {
  for (const script of scripts) {
    if (SCRIPT.test(script)) continue;
    throw new ClewError('CLEW_USAGE', 'This is not a script in hex.', { length: script.length });
  }
}

/** @throws {ClewError} CLEW_USAGE for a limit that is no whole number from 1 on */
export function requireLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return;
  throw new ClewError('CLEW_USAGE', 'A page must hold one entry or more.', {});
}

/** @throws {ClewError} CLEW_USAGE, CLEW_TXID_FORMAT */
export function requireHistoryQuestions(questions: readonly HistoryQuestion[]): void {
  requireUnspentQuestions(questions);
  requireTxids(questions.flatMap(({ after }) => after ?? []));
}

/** @throws {ClewError} CLEW_USAGE */
export function requireUnspentQuestions(questions: readonly UnspentQuestion[]): void {
  requireScripts(questions.map(({ script }) => script));
  for (const { limit } of questions) requireLimit(limit);
}

/** A height that a block can have: others are answered as not there. */
export function isHeight(height: number): boolean {
  return Number.isInteger(height) && height >= 0 && height <= 0xffff_ffff;
}

/** The error for an `after` that the script's history does not hold. Its words are not repeated. */
export function unknownAfter(): ClewError {
  const what = 'The transaction to go on after does not touch the script.';
  return new ClewError('CLEW_USAGE', what, {});
}
