/**
 * Nothing about a case leaves the machine unless a person agreed: whoever runs a server sees what it is asked.
 *
 * Consents are kept in the data folder, one for each server, and whether it was for asking straight or through a proxy:
 * who agreed to be seen through a proxy did not agree to show their own address.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClewError } from '../errors.ts';
import { formatTime } from '../units/time.ts';
import type { CommandContext } from './command.ts';
import { type EsploraServer, isThisMachine, serverName } from './esplora-options.ts';

const FORMAT = 'clew-consents/1';
const FILE = 'consents.json';

export interface Consent {
  readonly server: string;
  /** Asked straight, so that the server sees the address of this machine. */
  readonly isDirect: boolean;
  readonly atSeconds: number;
}

interface ConsentFile {
  readonly format: typeof FORMAT;
  readonly consents: readonly Consent[];
}

/** All that were given, by server. */
export function listConsents(folder: string): Consent[] {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const file = parse(text);
  // A file that can not be read is no consent.
  if (file?.format !== FORMAT || !Array.isArray(file.consents)) return [];
  return file.consents.filter(
    (each) =>
      typeof each?.server === 'string' &&
      typeof each.isDirect === 'boolean' &&
      typeof each.atSeconds === 'number',
  );
}

function parse(text: string): Partial<ConsentFile> | undefined {
  try {
    return JSON.parse(text) as Partial<ConsentFile> | undefined;
  } catch {
    return undefined;
  }
}

function writeConsents(folder: string, consents: readonly Consent[]): void {
  const sorted = consents.toSorted((a, b) =>
    a.server === b.server ? Number(a.isDirect) - Number(b.isDirect) : a.server < b.server ? -1 : 1,
  );
  const path = join(folder, FILE);
  const file: ConsentFile = { format: FORMAT, consents: sorted };
  writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

/** Take back what was agreed to about a server, or about all of them; returns how many consents that were. */
export function forgetConsents(folder: string, server?: string): number {
  const all = listConsents(folder);
  const kept = server === undefined ? [] : all.filter((each) => each.server !== server);
  if (kept.length < all.length) writeConsents(folder, kept);
  return all.length - kept.length;
}

/** What the server, and others on the way, will see. */
export function consentText({ url, host, proxy }: EsploraServer): string {
  const from =
    proxy === undefined
      ? 'and from which IP address'
      : `but not from which IP address: requests go through the proxy at ${proxy.host}`;
  return (
    `${host} will see which addresses and transactions are asked for, ${from}.\n` +
    'Whoever runs it can tell from that whom you are looking into, and can keep it.\n' +
    (url.protocol === 'http:' ? 'The way there is not encrypted: others can read it too.\n' : '')
  );
}

/**
 * Make sure that a person agreed before a server gets the first request. A server on this machine, asked straight, needs
 * no consent: what it is asked stays here.
 *
 * @param isGiven `--consent`
 * @throws {ClewError} CLEW_REMOTE_CONSENT when nobody agreed
 */
export async function requireConsent(
  context: CommandContext,
  server: EsploraServer,
  isGiven: boolean,
): Promise<void> {
  const isDirect = server.proxy === undefined;
  if (isDirect && isThisMachine(server.url)) return;
  const name = serverName(server.url);
  const folder = context.data.path;
  const known = listConsents(folder);
  const isKnown = known.some(
    (each) => each.server === name && (each.isDirect === isDirect || each.isDirect),
  );
  if (isKnown) return;
  await context.stderr.write(consentText(server));
  const isAgreed = isGiven || (await context.ask?.(`Ask ${server.host}?`)) === true;
  if (!isAgreed) {
    throw new ClewError('CLEW_REMOTE_CONSENT', `Nobody agreed to ask ${server.host}.`, {
      server: server.host,
    });
  }
  const atSeconds = context.clock.nowSeconds();
  writeConsents(folder, [...known, { server: name, isDirect, atSeconds }]);
}

/** One line for each consent. */
export function consentsText(consents: readonly Consent[]): string {
  if (consents.length === 0) return 'No server may be asked yet.\n';
  return consents
    .map(
      ({ server, isDirect, atSeconds }) =>
        `${server}  ${isDirect ? 'straight' : 'through a proxy only'}, since ${formatTime(atSeconds)}\n`,
    )
    .join('');
}
