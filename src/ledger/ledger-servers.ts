/**
 * Which ClickHouse servers hold a ledger: one by its URL, or several by a file that names shards.
 *
 * ```
 * { "format": "clew-shards/1", "cluster": "clew", "database": "clew_main", "user": "clew", "passwordFile": "password",
 *   "caFile": "ca.pem", "shards": [{ "url": "https://a:8443" }, { "url": "https://b:8443" }] }
 * ```
 *
 * Paths in the file are relative to it. A password is never part of either: it comes from a file or from the environment
 * (CLEW_LEDGER_PASSWORD). The order of the shards is part of the ledger: a row lies where its number says.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ClewError, type ErrorFacts } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { remoteTimeoutMs } from '../net/remote-timeout.ts';
import { SHARDS_MAX } from './split-columns.hot.ts';

export const SHARDS_FORMAT = 'clew-shards/1';
export const PASSWORD_VARIABLE = 'CLEW_LEDGER_PASSWORD';

export interface LedgerServers {
  /** The URL or the path of the file: as it was told, without a secret. */
  readonly name: string;
  /** The name of the cluster in the servers' `remote_servers`; undefined for one server. */
  readonly cluster?: string;
  readonly database: string;
  /** `http(s)://host:port`, in the order of the shards. */
  readonly urls: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly caFile?: string;
  /** For tests: how long a server that does not answer is asked again, and one that is silent is waited for. */
  readonly writePatienceMs?: number;
  readonly readPatienceMs?: number;
  readonly readTimeoutMs?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What somebody wrote after `--ledger`.
 *
 * @param text `http(s)://[user@]host:port/database`, or the path of a file that names shards
 * @param folder what a relative path is relative to
 * @param environment for the password
 * @throws {ClewError} CLEW_SECRET_IN_ARGUMENT, CLEW_USAGE, CLEW_SHARD_MAP, CLEW_FILE_*
 * @example readLedgerServers('http://127.0.0.1:8123/clew', '/', process.env).database // 'clew'
 */
export function readLedgerServers(
  text: string,
  folder: string,
  environment: Environment,
): LedgerServers {
  const password = environment[PASSWORD_VARIABLE];
  const readTimeoutMs = remoteTimeoutMs(environment);
  const fromEnvironment = {
    ...(password === undefined || password === '' ? {} : { password }),
    ...(readTimeoutMs === undefined ? {} : { readTimeoutMs }),
  };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { ...serverOfUrl(text), ...fromEnvironment };
  const path = resolve(folder, text);
  return { ...serversOfFile(path), ...fromEnvironment };
}

function serverOfUrl(text: string): LedgerServers {
  const url = URL.parse(text);
  if (url !== null && (url.password !== '' || /password|token|key/i.test(url.search))) {
    throw new ClewError(
      'CLEW_SECRET_IN_ARGUMENT',
      `The URL of the ledger holds a password. Put it into ${PASSWORD_VARIABLE}, or into a file that a shard file names.`,
    );
  }
  const database = url === null ? '' : databaseOf(url);
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === null || !isHttp || !isName(database) || url.search !== '' || url.hash !== '') {
    throw new ClewError(
      'CLEW_USAGE',
      'The ledger is named by http(s)://host:port/database, such as http://127.0.0.1:8123/clew.',
    );
  }
  const name = `${url.protocol}//${url.host}/${database}`;
  const user = decoded(url.username);
  return { name, database, urls: [url.origin], ...(user === '' ? {} : { user }) };
}

function databaseOf(url: URL): string {
  return decoded(url.pathname.slice(1));
}

/** Nothing for what is no encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Plain words, so that no statement needs quotes around them. */
function isName(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text);
}

interface Field {
  readonly isRequired?: boolean;
  readonly isValid: (value: unknown) => boolean;
  readonly what: string;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const FIELDS: Readonly<Record<string, Field>> = {
  format: { isRequired: true, isValid: (v) => v === SHARDS_FORMAT, what: `"${SHARDS_FORMAT}"` },
  cluster: { isValid: isName, what: 'a name as in remote_servers of the servers' },
  database: { isRequired: true, isValid: isName, what: 'the name of a database' },
  shards: { isRequired: true, isValid: Array.isArray, what: 'a list of shards' },
  user: { isValid: isText, what: 'a name' },
  passwordFile: { isValid: isText, what: 'a path' },
  caFile: { isValid: isText, what: 'a path' },
};

function serversOfFile(path: string): LedgerServers {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw missing(
      cause,
      path,
      'There is no such file of shards. A server is named by a URL with http://.',
    );
  }
  const file = parseShards(text, path);
  const pathOf = (value: unknown): string => resolve(dirname(path), value as string);
  const { cluster, database, user, passwordFile, caFile } = file;
  return {
    name: path,
    database: database as string,
    urls: shardUrls(file['shards'] as readonly unknown[], path),
    ...(cluster === undefined ? {} : { cluster: cluster as string }),
    ...(user === undefined ? {} : { user: user as string }),
    ...(passwordFile === undefined ? {} : { password: readPassword(pathOf(passwordFile)) }),
    ...(caFile === undefined ? {} : { caFile: pathOf(caFile) }),
  };
}

function parseShards(text: string, path: string): Readonly<Record<string, unknown>> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw shardMapError('The file that names the shards is no JSON.', { path }, cause);
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw shardMapError('The file that names the shards holds no object.', { path });
  }
  const fields = file as Record<string, unknown>;
  for (const name of Object.keys(fields)) {
    if (/password$/i.test(name)) {
      const what = `A password does not belong into the shard file: use "passwordFile" or ${PASSWORD_VARIABLE}.`;
      throw shardMapError(what, { path, field: name });
    }
    if (!(name in FIELDS)) {
      throw shardMapError(`The shard file has a field that is not known: ${name}.`, {
        path,
        field: name,
      });
    }
  }
  for (const [name, { isRequired = false, isValid, what }] of Object.entries(FIELDS)) {
    const isFine = fields[name] === undefined ? !isRequired : isValid(fields[name]);
    if (!isFine) throw shardMapError(`"${name}" must be ${what}.`, { path, field: name });
  }
  const { shards, cluster } = fields as { shards: readonly unknown[]; cluster?: string };
  if (shards.length === 0) throw shardMapError('The shard file names no shard.', { path });
  if (shards.length > SHARDS_MAX) {
    throw shardMapError(`The shard file names more than ${SHARDS_MAX} shards.`, { path });
  }
  if (shards.length > 1 && cluster === undefined) {
    throw shardMapError('Several shards need "cluster", their name in remote_servers.', { path });
  }
  return fields;
}

function shardUrls(shards: readonly unknown[], path: string): string[] {
  const urls: string[] = [];
  for (const [i, shard] of shards.entries()) {
    const facts = { path, shard: i + 1 };
    const fields = typeof shard === 'object' && shard !== null ? Object.keys(shard) : [];
    const text = (shard as { url?: unknown } | null)?.url;
    const url = typeof text === 'string' ? URL.parse(text) : null;
    if (url === null) throw shardMapError(`Shard ${i + 1} has no "url".`, facts);
    const unknown = fields.find((field) => field !== 'url');
    if (unknown !== undefined) {
      const what = `Shard ${i + 1} has a field that is not known: ${unknown}.`;
      throw shardMapError(what, { ...facts, field: unknown });
    }
    if (url.username !== '' || url.password !== '') {
      const what = `The URL of shard ${i + 1} holds a user or a password.`;
      throw shardMapError(what, facts);
    }
    const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
    if (!isHttp || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
      throw shardMapError(`Shard ${i + 1} is to be named by http(s)://host:port alone.`, facts);
    }
    const same = urls.indexOf(url.origin);
    if (same >= 0) {
      throw shardMapError(`Shards ${same + 1} and ${i + 1} are the same server.`, facts);
    }
    urls.push(url.origin);
  }
  return urls;
}

function readPassword(path: string): string {
  try {
    // An editor leaves an end of line.
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw missing(
      cause,
      path,
      'The file with the password, which the file of shards names, is not there.',
    );
  }
}

function missing(cause: unknown, path: string, message: string): ClewError {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT'
    ? new ClewError('CLEW_FILE_MISSING', message, { path })
    : fileError(cause, path);
}

export function shardMapError(message: string, facts: ErrorFacts, cause?: unknown): ClewError {
  return new ClewError('CLEW_SHARD_MAP', message, facts, cause);
}

/** Whether a ledger lies on several servers. */
export function isCluster(servers: LedgerServers): boolean {
  return servers.cluster !== undefined && servers.urls.length > 1;
}
