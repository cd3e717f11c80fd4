/** The row in the truth that tells whose inputs and outputs a mix has. */
import type { TransactionMaker } from '../transaction-maker.hot.ts';
import type { TruthSink } from '../truth-writer.ts';

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
  world: { readonly maker: TransactionMaker; readonly truth: TruthSink },
  protocol: string,
  participants: readonly MixParticipant[],
  payment?: HiddenPayment,
): void {
  const { maker } = world;
  const rows = participants.map((each) => ({
    actor: each.actor,
    inputs: each.inputs.map((added) => maker.vinOf(added)).sort((a, b) => a - b),
    outputs: each.outputs.map((added) => maker.voutOf(added)).sort((a, b) => a - b),
  }));
  const row = { row: 'mix', txid: maker.txidHex, protocol, participants: rows };
  world.truth.row(JSON.stringify(payment === undefined ? row : { ...row, payment }));
}
