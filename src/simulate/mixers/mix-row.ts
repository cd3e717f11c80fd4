/** The row in the truth that tells whose inputs and outputs a mix has. */
import type { Economy } from '../economy.ts';

/** Inputs and outputs of one participant, by the number under which they were added. */
export interface MixParticipant {
  readonly actor: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** The payment inside a PayJoin or Stonewall, where the output alone does not show it. */
export interface HiddenPayment {
  readonly from: string;
  readonly to: string;
  readonly sats: number;
}

/** Write the row of the transaction that was just finished. */
export function tellMix(
  economy: Economy,
  protocol: string,
  participants: readonly MixParticipant[],
  payment?: HiddenPayment,
): void {
  const { maker } = economy;
  const rows = participants.map((each) => ({
    actor: each.actor,
    inputs: each.inputs.map((added) => maker.vinOf(added)).sort((a, b) => a - b),
    outputs: each.outputs.map((added) => maker.voutOf(added)).sort((a, b) => a - b),
  }));
  const row = { row: 'mix', txid: maker.txidHex, protocol, participants: rows };
  economy.truth.row(JSON.stringify(payment === undefined ? row : { ...row, payment }));
}
