/**
 * Connections to a server: kept open, straight or through a proxy.
 *
 * With a proxy the names of servers are never looked up here, not even for `socks5://` (which by custom does): whoever
 * watches the name server would learn whom we ask. `.onion` names exist behind such a proxy only.
 */
import { readFileSync } from 'node:fs';
import { type Agent, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { getCACertificates } from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { ClewError } from '../errors.ts';
import { shownUrl } from './remote-error.ts';

export interface AgentOptions {
  readonly base: URL;
  readonly proxy?: URL;
  /** Certificates in PEM that are trusted beside the usual ones. */
  readonly ca?: readonly string[];
  readonly concurrency: number;
  /** Given when the client is closed: ends connections that are being made. */
  readonly signal: AbortSignal;
}

/**
 * An agent that keeps at most `concurrency` connections to the server.
 *
 * @throws ClewError CLEW_USAGE for other kinds of URL; CLEW_PROXY for a proxy of another kind, or a `.onion` name without one
 */
export function connectionAgent(options: AgentOptions): Agent {
  const { base, proxy, concurrency, signal } = options;
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new ClewError(
      'CLEW_USAGE',
      `A server is named by http:// or https://, not ${base.protocol}//`,
    );
  }
  const ca = options.ca === undefined ? {} : { ca: [...options.ca] };
  const keep = { keepAlive: true, maxSockets: concurrency, maxFreeSockets: concurrency };
  const isSecure = base.protocol === 'https:';
  if (proxy === undefined) {
    if (base.hostname.toLowerCase().endsWith('.onion')) {
      throw new ClewError('CLEW_PROXY', 'A .onion name can be reached through a Tor proxy only.', {
        host: base.host,
      });
    }
    return isSecure ? new HttpsAgent({ ...keep, ...ca }) : new HttpAgent(keep);
  }
  switch (proxy.protocol) {
    case 'socks:':
    case 'socks5:':
    case 'socks5h:': {
      const remote = new URL(proxy);
      // The scheme of a URL of an unknown kind can be changed to another unknown kind (URL Standard).
      remote.protocol = 'socks5h:';
      return new SocksProxyAgent(remote, keep) as Agent;
    }
    case 'http:':
    case 'https:': {
      const connection = { ...keep, ...ca, signal };
      return isSecure
        ? (new HttpsProxyAgent(proxy, connection) as Agent)
        : (new HttpProxyAgent(proxy, connection) as Agent);
    }
    default:
      throw new ClewError(
        'CLEW_PROXY',
        `A proxy is named by socks5://, http:// or https://, not ${proxy.protocol}//`,
        { proxy: shownUrl(proxy) },
      );
  }
}

/**
 * The usual certificates and those of a file.
 *
 * @throws ClewError CLEW_FILE_MISSING when the file can not be read, CLEW_USAGE when it has no certificate
 */
export function trustedCertificates(caFile: string): string[] {
  let text: string;
  try {
    text = readFileSync(caFile, 'utf8');
  } catch {
    throw new ClewError('CLEW_FILE_MISSING', `There is no certificate file ${caFile} to read.`, {
      path: caFile,
    });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ClewError('CLEW_USAGE', `${caFile} has no certificate in PEM form.`, {
      path: caFile,
    });
  }
  return [...getCACertificates('default'), text];
}
