import { canonicalAddress } from '../../chain/address.ts';
import { getNetwork } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { Answer, PageRequest } from '../router.ts';
import type { Site } from '../site.ts';

/**
 * Leads from what was typed to its page: a transaction id, an output, or an address.
 *
 * @throws {ClewError} CLEW_USAGE for nothing, CLEW_LEDGER_EMPTY, CLEW_ADDRESS_* with what is wrong
 */
export function search(site: Site, { query }: PageRequest): Answer {
  const text = (query.get('q') ?? '').trim();
  if (text === '') throw new ClewError('CLEW_USAGE', 'Type an address or a transaction id.');
  const output = /^([0-9a-f]{64})(?::\d{1,10})?$/i.exec(text);
  if (output !== null) return lead(`/tx/${output[1]!.toLowerCase()}`);
  if (site.network === undefined) {
    throw new ClewError('CLEW_LEDGER_EMPTY', 'Nothing has been indexed yet.');
  }
  const address = canonicalAddress(text, getNetwork(site.network));
  return lead(`/address/${encodeURIComponent(address)}`);
}

function lead(path: string): Answer {
  return { status: 303, type: 'text/plain; charset=utf-8', headers: { Location: path }, body: '' };
}
