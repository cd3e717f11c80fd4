/** Who stands behind an address or the inputs and outputs of a transaction: clusters, and what sources say of them. */
import type { ServiceClaim } from '../attribution/match.ts';
import { getTransactionIndex } from '../ledger/transaction-facts.ts';
import type { OpenNetwork } from '../pipeline/open-network.ts';
import { NONE, type ScriptId } from '../units/ids.ts';

export interface Party {
  /** Addresses in the cluster; 1 when it stands alone. */
  readonly addresses: number;
  readonly service?: ServiceClaim;
}

export interface TransactionParties {
  /** By position; undefined for new coins, unknown outputs and data. */
  readonly inputs: readonly (Party | undefined)[];
  readonly outputs: readonly (Party | undefined)[];
  /** The transaction has the shape of a PayJoin, so the link between its inputs is marked as weaker. */
  readonly payjoinPossible: boolean;
}

const PAYJOIN_OUTPUTS = 2;

/**
 * The parties of a transaction that is in the ledger.
 *
 * @param asOfHeight the same as for the transaction itself
 */
export async function transactionParties(
  open: OpenNetwork,
  txid: string,
  asOfHeight: number | undefined,
): Promise<TransactionParties> {
  const flow = await open.flow();
  const at = await open.asOf(asOfHeight);
  const run = await open.shownRun(at);
  const attributions = await open.attributions(run);
  const tx = getTransactionIndex(flow, txid, at.txEnd);
  const partyOf = (script: number): Party | undefined => {
    if (script === NONE) return undefined;
    const service = attributions.serviceOfScript(script as ScriptId);
    const { addresses } = run.size(run.rootOf(script));
    return { addresses, ...(service !== undefined && { service }) };
  };
  const range = (first: number, end: number): number[] =>
    Array.from({ length: end - first }, (_, i) => first + i);
  const inputs = range(flow.txFirstInput.at(tx), flow.txFirstInput.at(tx + 1));
  const outputs = range(flow.txFirstOutput.at(tx), flow.txFirstOutput.at(tx + 1));
  const firstScript = inputs.length < 2 ? NONE : flow.inputScript(inputs[0]!);
  return {
    inputs: inputs.map((input) => partyOf(flow.inputScript(input))),
    outputs: outputs.map((output) => partyOf(flow.outputScript.at(output))),
    payjoinPossible:
      outputs.length === PAYJOIN_OUTPUTS &&
      firstScript !== NONE &&
      run.linksOf(firstScript).some((link) => link.txIndex === tx && link.isMarked),
  };
}

/** The service that sources see behind an address, by its own tags or by those of its cluster. */
export async function addressService(
  open: OpenNetwork,
  address: string,
  asOfHeight: number | undefined,
): Promise<ServiceClaim | undefined> {
  const at = await open.asOf(asOfHeight);
  const attributions = await open.attributions(await open.shownRun(at));
  const { scripts } = await open.subject(address, at);
  for (const script of scripts) {
    const service = attributions.serviceOfScript(script);
    if (service !== undefined) return service;
  }
  return undefined;
}
