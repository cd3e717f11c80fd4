/** Options of commands that ask a node, and the client that they make. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { NodeClient, NodeClientOptions } from '../source/node-client.ts';
import type { NodeCredentials } from '../source/node-credentials.ts';
import type { PathOption, TextOption } from './option.ts';

export const nodeOptions = {
  rpc: {
    kind: 'text',
    value: 'URL',
    help: 'a Bitcoin node by the address of its RPC server, such as http://127.0.0.1:8332; without user and password',
  },
  rpcCookie: {
    kind: 'path',
    value: 'FILE',
    help: 'cookie file of the node, read anew for each request',
    defaultHelp: 'that of a node of this machine, where it usually is',
  },
  rpcUser: { kind: 'text', value: 'NAME', help: 'user of the RPC server' },
  rpcPasswordFile: {
    kind: 'path',
    value: 'FILE',
    help: 'file with the password of that user in its first line; or the environment has it as CLEW_RPC_PASSWORD',
  },
  rpcCa: {
    kind: 'path',
    value: 'FILE',
    help: 'certificate to trust for https://, such as the rpc.cert of btcd',
  },
} as const satisfies Record<string, TextOption | PathOption>;

/** The options as they were given. */
export interface NodeAsked {
  readonly rpc: string | undefined;
  readonly rpcCookie: string | undefined;
  readonly rpcUser: string | undefined;
  readonly rpcPasswordFile: string | undefined;
  readonly rpcCa: string | undefined;
}

/** Ports on which nodes listen unless told otherwise, to guess whose cookie is meant. */
const USUAL_PORTS: Readonly<Record<string, NetworkName>> = {
  '8332': 'main',
  '18332': 'testnet3',
  '48332': 'testnet4',
  '38332': 'signet',
  '18443': 'regtest',
  '9332': 'litecoin',
};

/**
 * A client for the node that was asked for; close it. Undefined without `--rpc`.
 *
 * @param network that was asked for, to find the usual cookie
 * @throws {ClewError} CLEW_USAGE, CLEW_SECRET_IN_ARGUMENT, CLEW_FILE_MISSING
 */
export async function openNode(
  asked: NodeAsked,
  network: NetworkName | undefined,
  more: Pick<NodeClientOptions, 'retries' | 'timeoutMs'> = {},
): Promise<NodeClient | undefined> {
  const { rpc, rpcCookie, rpcUser, rpcPasswordFile, rpcCa } = asked;
  if (rpc === undefined) {
    const given = [rpcCookie, rpcUser, rpcPasswordFile, rpcCa].some((each) => each !== undefined);
    if (given) throw new ClewError('CLEW_USAGE', '--rpc URL is missing: it says which node.');
    return undefined;
  }
  const { NodeClient, requireNodeUrl } = await import('../source/node-client.ts');
  const { nodeAuthorization, usualCookieFile } = await import('../source/node-credentials.ts');
  const url = readUrl(rpc);
  requireNodeUrl(url);
  if (rpcCookie !== undefined && rpcUser !== undefined) {
    throw new ClewError('CLEW_USAGE', '--rpc-cookie and --rpc-user exclude each other.');
  }
  const password = process.env['CLEW_RPC_PASSWORD'];
  const credentials: NodeCredentials = {
    cookieFile: rpcCookie,
    user: rpcUser,
    passwordFile: rpcPasswordFile,
    password: password === '' ? undefined : password,
  };
  const usual = usualCookieFile(
    network ?? USUAL_PORTS[url.port] ?? 'main',
    process.platform,
    homedir(),
    process.env,
  );
  const isOurs = rpcCookie === undefined && rpcUser === undefined && isLoopback(url.hostname);
  const own = nodeAuthorization(credentials);
  const theirs = nodeAuthorization({ cookieFile: usual });
  return new NodeClient({
    url,
    caFile: rpcCa,
    // The cookie of a node of this machine goes to no other machine.
    authorization: () => (isOurs && usual !== undefined && existsSync(usual) ? theirs() : own()),
    ...more,
  });
}

function readUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new ClewError(
      'CLEW_USAGE',
      '--rpc is an address with http:// or https:// in front, such as http://127.0.0.1:8332.',
      { option: '--rpc' },
    );
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}
