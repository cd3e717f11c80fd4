/**
 * Who may ask the server: pages and programs of this machine that mean to, nobody else.
 *
 * Listening on 127.0.0.1 is not enough: any web page that is open in the same browser can send requests
 * there. A name that an attacker controls can be made to point to 127.0.0.1 ("DNS rebinding"), and then
 * even read the answers. So the Host header must name this server by its own address, and what the
 * browser says of the asking page (Origin, Sec-Fetch-Site; Fetch Metadata, W3C) must be us or nobody.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ClewError } from '../errors.ts';

/** The names by which this server may be called. */
export function ownHosts(port: number): ReadonlySet<string> {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  return new Set(port === 80 ? [...hosts, '127.0.0.1', 'localhost', '[::1]'] : hosts);
}

/**
 * @throws {ClewError} CLEW_HOST_REFUSED
 */
export function checkCaller(headers: IncomingHttpHeaders, hosts: ReadonlySet<string>): void {
  const host = headers.host?.toLowerCase();
  if (host === undefined || !hosts.has(host)) {
    throw new ClewError(
      'CLEW_HOST_REFUSED',
      'This server answers only under its own address on this machine.',
    );
  }
  const { origin } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, hosts)) {
    throw new ClewError('CLEW_HOST_REFUSED', 'A page of another origin may not ask this server.');
  }
  const site = headers['sec-fetch-site'];
  // `none` is a person who typed the address or opened a bookmark.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ClewError('CLEW_HOST_REFUSED', 'Another site may not ask this server or lead to it.');
  }
}

function isOwnOrigin(origin: string, hosts: ReadonlySet<string>): boolean {
  return origin.startsWith('http://') && hosts.has(origin.slice('http://'.length).toLowerCase());
}
