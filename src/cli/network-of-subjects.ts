/**
 * Which network a question is about when the data folder holds several and nobody said.
 *
 * What was named decides: an address is valid on few networks, a transaction is in few ledgers. Where several are left it is
 * asked and never guessed, because the same string is somebody else's address there.
 */
import { addressToScript, recogniseAddress } from '../chain/address.ts';
import { NETWORKS, type NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { OpenNetwork } from '../pipeline/open-network.ts';
import type { CommandContext } from './command.ts';

type Subjects = Pick<CommandContext, 'data' | 'session'>;

/**
 * The network on which all that was named is valid.
 *
 * @param asked what `--network` said
 * @param texts addresses, transaction ids or outpoints, as typed
 * @returns undefined where what was named says nothing: then the folder decides
 * @throws {ClewError} CLEW_ADDRESS_AMBIGUOUS naming the networks, and those on which the address appears; CLEW_ADDRESS_*
 *   when an address is valid on none of them
 * @example await networkOfSubjects(context, undefined, ['bitcoincash:q…']) // 'bitcoincash'
 */
export async function networkOfSubjects(
  context: Subjects,
  asked: NetworkName | undefined,
  texts: readonly string[],
): Promise<NetworkName | undefined> {
  const present = context.data.networks();
  if (asked !== undefined || present.length < 2) return asked;
  let left: readonly NetworkName[] = present;
  for (const text of texts) {
    const valid = isTransaction(text)
      ? await networksHolding(context, left, text)
      : networksOf(text, left);
    if (valid.length > 0) left = valid;
    else if (!isTransaction(text)) refuse(text, present);
  }
  // A test network does not stand in the way of a real one.
  const real = left.filter((name) => !NETWORKS[name].isTest);
  const candidates = real.length > 0 ? real : left;
  if (candidates.length === 1) return candidates[0];
  const address = texts.find((text) => !isTransaction(text));
  if (address === undefined) return undefined;
  throw await ambiguous(context, address, candidates);
}

function isTransaction(text: string): boolean {
  return /^[0-9a-fA-F]{64}(?::|$)/.test(text.trim());
}

function networksOf(text: string, among: readonly NetworkName[]): NetworkName[] {
  const valid = recogniseAddress(text.trim()).map(({ network }) => network);
  return among.filter((name) => valid.includes(name));
}

/** Says what is wrong with an address that no network of the folder knows. */
function refuse(text: string, present: readonly NetworkName[]): never {
  const first = present.find((name) => !NETWORKS[name].isTest) ?? present[0]!;
  addressToScript(text.trim(), NETWORKS[first]);
  throw new ClewError('CLEW_INTERNAL', 'An address is valid and is not.', { network: first });
}

async function networksHolding(
  context: Subjects,
  among: readonly NetworkName[],
  text: string,
): Promise<NetworkName[]> {
  const txid = text.trim().slice(0, 64).toLowerCase();
  const { findTransactions } = await import('../ledger/transaction-facts.ts');
  const isThere = async (open: OpenNetwork) => findTransactions(await open.flow(), txid).length > 0;
  return appearsOn(context, among, isThere);
}

async function ambiguous(
  context: Subjects,
  address: string,
  candidates: readonly NetworkName[],
): Promise<ClewError> {
  const { resolveAddress } = await import('../ledger/script-lookup.ts');
  const seen = await appearsOn(context, candidates, async (open) => {
    return resolveAddress(await open.flow(), address.trim()).length > 0;
  });
  const where =
    seen.length === 0 ? 'it appears on none of them' : `it appears on ${seen.join(' and ')}`;
  return new ClewError(
    'CLEW_ADDRESS_AMBIGUOUS',
    `The address is valid on ${candidates.join(' and ')}; in the data folder ${where}.`,
    { networks: candidates.join(' '), appearsOn: seen.join(' ') },
  );
}

async function appearsOn(
  context: Subjects,
  among: readonly NetworkName[],
  isThere: (open: OpenNetwork) => Promise<boolean>,
): Promise<NetworkName[]> {
  const found: NetworkName[] = [];
  for (const name of among) {
    try {
      if (await context.session.useNetwork(name, isThere)) found.push(name);
    } catch (error) {
      // A folder was made and nothing indexed into it.
      if (!(error instanceof ClewError) || error.code !== 'CLEW_LEDGER_EMPTY') throw error;
    }
  }
  return found;
}
