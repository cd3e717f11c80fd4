/**
 * Who we are to a node: user and password from a cookie file, a password file or the environment.
 *
 * Files are read anew for each request: a node writes another cookie whenever it starts. What they hold goes into one header
 * and nowhere else: no message, fact or cause of an error has any of it.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { basicAuthorization } from '../net/http-client.ts';

/** Where user and password come from; the first that is there counts. */
export interface NodeCredentials {
  /** A file with `user:password` in one line, as Bitcoin Core writes it. */
  readonly cookieFile?: string | undefined;
  readonly user?: string | undefined;
  /** A file with the password in its first line. */
  readonly passwordFile?: string | undefined;
  /** The password itself, from the environment. */
  readonly password?: string | undefined;
}

const FILE_BYTES_MAX = 4096;

/**
 * The value of the Authorization header, made anew at each call; undefined without credentials.
 *
 * @throws {ClewError} CLEW_NODE_AUTH when a file is missing or holds something else, or when a user has no password
 * @example nodeAuthorization({ cookieFile: '/home/me/.bitcoin/.cookie' })() // 'Basic X19jb29…'
 */
export function nodeAuthorization(credentials: NodeCredentials): () => string | undefined {
  const { cookieFile, user, passwordFile, password } = credentials;
  return () => {
    if (user !== undefined) {
      const secret = passwordFile === undefined ? password : readLine(passwordFile, 'password');
      if (secret !== undefined) return basicAuthorization(user, secret);
      throw new ClewError('CLEW_NODE_AUTH', 'There is a user for the node and no password.');
    }
    if (cookieFile === undefined) return undefined;
    const line = readLine(cookieFile, 'cookie');
    const colon = line.indexOf(':');
    if (colon < 1) throw badFile(cookieFile, 'cookie', 'holds no user and password');
    return basicAuthorization(line.slice(0, colon), line.slice(colon + 1));
  };
}

function readLine(file: string, what: string): string {
  let text: string;
  try {
    // A node that starts makes it in one step; a folder or a device in its place is no secret to read.
    const found = statSync(file);
    if (!found.isFile() || found.size > FILE_BYTES_MAX)
      throw badFile(file, what, 'is no such file');
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof ClewError) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw badFile(file, what, isMissing ? 'is not there' : 'can not be read', isMissing);
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw badFile(file, what, 'is empty');
  return line;
}

function badFile(file: string, what: string, why: string, isMissing = false): ClewError {
  return new ClewError('CLEW_NODE_AUTH', `The ${what} file of the node ${why}.`, {
    file,
    isMissing,
  });
}

/** Below the folder of a node's data, by network. */
const FOLDER_OF: Readonly<Partial<Record<NetworkName, readonly [string, string]>>> = {
  main: ['Bitcoin', ''],
  testnet3: ['Bitcoin', 'testnet3'],
  testnet4: ['Bitcoin', 'testnet4'],
  signet: ['Bitcoin', 'signet'],
  regtest: ['Bitcoin', 'regtest'],
  litecoin: ['Litecoin', ''],
};

/**
 * Where a node of this machine writes its cookie unless told otherwise; undefined for networks without such a place.
 *
 * @param environment for APPDATA on Windows
 * @example usualCookieFile('regtest', 'linux', '/home/me', {}) // '/home/me/.bitcoin/regtest/.cookie'
 */
export function usualCookieFile(
  network: NetworkName,
  platform: NodeJS.Platform,
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const place = FOLDER_OF[network];
  if (place === undefined) return undefined;
  const [program, below] = place;
  const base =
    platform === 'win32'
      ? join(environment['APPDATA'] ?? join(home, 'AppData', 'Roaming'), program)
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support', program)
        : join(home, `.${program.toLowerCase()}`);
  return join(base, below, '.cookie');
}
