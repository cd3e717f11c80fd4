/** Options of commands that can ask an Esplora server for facts, in the place of a ledger. */
import { ClewError } from '../errors.ts';
import { shownUrl } from '../net/remote-error.ts';
import type { CountOption, FlagOption, TextOption } from './option.ts';

/** Requests of one command to a server of others, unless told otherwise: a quarter of an hour at the usual rate. */
const REQUESTS_MAX = 5_000;
const RATE_PER_SECOND = 5;
/** To a server of this machine, which is nobody else's to spare. */
const OWN_REQUESTS_MAX = 1_000_000;

export const esploraOptions = {
  esplora: {
    kind: 'text',
    value: 'URL',
    help: 'take facts from an Esplora server instead of a ledger: no node and no index needed, but the server sees what is asked',
  },
  proxy: {
    kind: 'text',
    value: 'URL',
    help: 'ask through a proxy: socks5://, http:// or https://; names are looked up there. One with a password goes into CLEW_PROXY',
    defaultHelp: 'CLEW_PROXY, or none',
  },
  rate: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 1_000,
    help: 'requests to the server per second at most',
    defaultHelp: `${RATE_PER_SECOND}; as many as it answers when it is on this machine`,
  },
  maxRequests: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 10_000_000,
    help: 'requests of this command at most; what they did not reach is said. The next run goes on from there',
    defaultHelp: `${REQUESTS_MAX}; ${OWN_REQUESTS_MAX} when the server is on this machine`,
  },
  maxHistory: {
    kind: 'count',
    value: 'N',
    min: 25,
    max: 1_000_000,
    default: 1_000,
    help: 'addresses with more transactions than this are not fetched whole; they are named',
  },
  consent: {
    kind: 'flag',
    help: 'agree that the server sees which addresses and transactions are asked for; remembered for this server',
  },
} as const satisfies Record<string, TextOption | CountOption | FlagOption>;

/** The options as they were given. */
export interface EsploraAsked {
  readonly esplora: string | undefined;
  readonly proxy: string | undefined;
  /** Undefined for the usual one, see `requestLimits`. */
  readonly rate: number | undefined;
  readonly maxRequests: number | undefined;
  readonly maxHistory: number;
  readonly consent: boolean;
}

/** A server to ask, and how. */
export interface EsploraServer {
  readonly url: URL;
  readonly proxy: URL | undefined;
  /** Host and port, as shown to people. */
  readonly host: string;
}

/**
 * The server that was named, or undefined when none was.
 *
 * @param env CLEW_PROXY may hold a proxy with its password
 * @throws {ClewError} CLEW_USAGE for what is no URL, or options without `--esplora`
 */
export function esploraServer(
  { esplora, proxy, consent }: Pick<EsploraAsked, 'esplora' | 'proxy' | 'consent'>,
  env: Readonly<Record<string, string | undefined>>,
): EsploraServer | undefined {
  if (esplora === undefined) {
    if (proxy === undefined && !consent) return undefined;
    throw new ClewError('CLEW_USAGE', '--esplora URL is missing: it says which server.', {
      option: 'esplora',
    });
  }
  const url = readUrl('--esplora', esplora);
  const given = proxy ?? (env.CLEW_PROXY === '' ? undefined : env.CLEW_PROXY);
  return {
    url,
    host: url.host,
    proxy:
      given === undefined
        ? undefined
        : readUrl(proxy === undefined ? 'CLEW_PROXY' : '--proxy', given, [
            'socks5:',
            'socks5h:',
            'http:',
            'https:',
          ]),
  };
}

/** @throws {ClewError} CLEW_USAGE */
export function readUrl(
  name: string,
  text: string,
  protocols: readonly string[] = ['http:', 'https:'],
): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && protocols.includes(url.protocol) && url.hostname !== '') return url;
  const kinds = protocols.map((protocol) => `${protocol}//`).join(', ');
  throw new ClewError('CLEW_USAGE', `${name} takes a URL that begins with one of ${kinds}.`, {
    option: name,
  });
}

/** How many requests a server gets in a second (undefined: as many as it answers), and in all. */
export interface RequestLimits {
  readonly ratePerSecond: number | undefined;
  readonly requestsMax: number;
}

/** The limits as they were given; else modest ones, but for a server of this machine that is asked straight. */
export function requestLimits(
  { url, proxy }: Pick<EsploraServer, 'url' | 'proxy'>,
  { rate, maxRequests }: Pick<EsploraAsked, 'rate' | 'maxRequests'>,
): RequestLimits {
  const isOwn = proxy === undefined && isThisMachine(url);
  return {
    ratePerSecond: rate ?? (isOwn ? undefined : RATE_PER_SECOND),
    requestsMax: maxRequests ?? (isOwn ? OWN_REQUESTS_MAX : REQUESTS_MAX),
  };
}

/**
 * Whether a server runs on this machine: then nobody else sees what it is asked.
 *
 * @example isThisMachine(new URL('http://127.0.0.1:3000/')) // true
 */
export function isThisMachine(url: URL): boolean {
  const host = url.hostname.toLowerCase();
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** A server as consents and messages name it: no user, no password. */
export function serverName(url: URL): string {
  return shownUrl(url).replace('***@', '').replace(/\/+$/, '');
}
