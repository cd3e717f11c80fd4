/** Names for people and `--json` of what `input-kind.ts` finds in an input. */
import { KEY_FORM, SIGHASH } from './input-kind.ts';

/** @example keyFormName(KEY_FORM.compressed) // 'compressed' */
export function keyFormName(code: number): string {
  const entry = Object.entries(KEY_FORM).find(([, value]) => value === code);
  if (entry === undefined) throw new RangeError(`no key form has the code ${code}`);
  return entry[0];
}

const SIGHASH_NAMES: readonly (readonly [number, string])[] = [
  [SIGHASH.all, 'ALL'],
  [SIGHASH.none, 'NONE'],
  [SIGHASH.single, 'SINGLE'],
  [SIGHASH.allAnyoneCanPay, 'ALL|ANYONECANPAY'],
  [SIGHASH.noneAnyoneCanPay, 'NONE|ANYONECANPAY'],
  [SIGHASH.singleAnyoneCanPay, 'SINGLE|ANYONECANPAY'],
  [SIGHASH.taprootDefault, 'DEFAULT'],
  [SIGHASH.other, 'other'],
];

/** The signature hash types in a mask, in a fixed order. */
export function sighashNames(mask: number): string[] {
  return SIGHASH_NAMES.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => name);
}
