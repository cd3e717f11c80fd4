/** Writes the owner of each script into the truth, once, when it is first paid. */
import { bytesToHex } from '../bytes/hex.ts';
import { scriptToAddress } from '../chain/address.ts';
import { REGTEST } from './block-maker.ts';
import { FORM } from './script-form.hot.ts';
import type { TruthSink } from './truth-writer.ts';
import type { Place } from './wallet.ts';

export class AddressBook {
  readonly #truth: TruthSink;
  /** Scripts written so far. */
  count = 0;

  constructor(truth: TruthSink) {
    this.#truth = truth;
  }

  /**
   * Write the row of a place that is paid for the first time.
   *
   * A bare key has the address of its P2PKH form and its script as hex; what has no address has the
   * script alone.
   *
   * @returns its address, when it has one
   */
  introduce(place: Place, script: Uint8Array): string | undefined {
    const address = scriptToAddress(script, REGTEST);
    const needsScript =
      address === undefined || place.form === FORM.p2pk || place.form === FORM.p2pkUncompressed;
    let row = '{"row":"address"';
    if (address !== undefined) row += `,"address":"${address}"`;
    if (needsScript) row += `,"script":"${bytesToHex(script)}"`;
    row += `,"owner":"${place.owner}","role":"${place.role}"`;
    if (place.customer !== undefined) row += `,"customer":"${place.customer}"`;
    if (place.site !== undefined) row += `,"site":"${place.site}"`;
    this.#truth.row(`${row}}`);
    place.isKnown = true;
    this.count += 1;
    return address;
  }
}
