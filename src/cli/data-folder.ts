/**
 * The data folder: one per user unless `--data` names another, laid out once and for all.
 *
 * ```
 * clew.json               {"format": "clew-data/1"}: what this is, and in which version
 * <network>/ledger        chain facts           <network>/flow   flow index (rebuildable)
 * <network>/runs          cluster runs (rebuildable)
 * <network>/esplora       what servers answered (--esplora); may be deleted, then it is asked for again
 * store.sqlite            tags, later cases and users
 * consents.json           servers that somebody agreed to ask
 * keys/                   secrets of this installation, for example the key of site digests
 * cache/                  may be deleted at any time
 * lock, socket            who has the folder open; there only while somebody has
 * ```
 *
 * All of it is readable by its owner alone (mode 0700): what somebody looks into is confidential.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join, posix } from 'node:path';
import { NETWORKS, type NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { VERSION } from '../version.ts';

/** Raised when an older Clew could no longer read what a newer one writes. */
export const DATA_FORMAT = 1;
const MARKER = 'clew.json';
const MARKER_DRAFT = 'clew.json.tmp';
const PRIVATE_FOLDER = 0o700;
/** What an operating system may leave in an otherwise empty folder. */
const HARMLESS = new Set([MARKER_DRAFT, '.DS_Store', 'lost+found', '.directory']);

/** Where one network's data lies; the folders exist. */
export interface NetworkFolders {
  readonly ledger: string;
  readonly flow: string;
  readonly runs: string;
}

export interface DataFolder {
  readonly path: string;
  /** The workspace database. */
  readonly storePath: string;
  readonly keys: string;
  readonly cache: string;
  /** Networks that have been indexed here, in the order of the network table. */
  networks(): NetworkName[];
  /** Makes the folders of a network when they are missing. */
  networkFolders(network: NetworkName): NetworkFolders;
}

/**
 * The folder used when none is named.
 *
 * @param env for XDG_DATA_HOME (XDG Base Directory specification: it counts only when absolute)
 * @example defaultDataFolder('linux', '/home/ana', {}) // '/home/ana/.local/share/clew'
 */
export function defaultDataFolder(
  platform: NodeJS.Platform,
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const xdg = env.XDG_DATA_HOME;
  if (xdg !== undefined && posix.isAbsolute(xdg)) return posix.join(xdg, 'clew');
  if (platform === 'darwin') return posix.join(home, 'Library/Application Support/Clew');
  return posix.join(home, '.local/share/clew');
}

/**
 * Opens a data folder, laying it out when it is new.
 *
 * @param create false for commands that only read: a missing folder is then an error
 * @throws {ClewError} CLEW_FOLDER_MISSING, CLEW_LEDGER_EMPTY, CLEW_DATA_NEWER, CLEW_DATA_FOREIGN
 */
export function openDataFolder(path: string, create: boolean): DataFolder {
  const names = listFolder(path);
  if (names?.includes(MARKER)) checkMarker(path);
  else if (names?.some((name) => !HARMLESS.has(name))) {
    throw new ClewError(
      'CLEW_DATA_FOREIGN',
      `${path} holds files, but no ${MARKER}: Clew did not make it and leaves it alone.`,
      { path },
    );
  } else if (!create) {
    if (names === undefined) {
      throw new ClewError('CLEW_FOLDER_MISSING', `There is no data folder at ${path}.`, { path });
    }
    throw new ClewError('CLEW_LEDGER_EMPTY', `The data folder ${path} is empty.`, { path });
  } else layOut(path, names === undefined);
  for (const name of ['keys', 'cache']) {
    mkdirSync(join(path, name), { recursive: true, mode: PRIVATE_FOLDER });
  }
  return dataFolderAt(path);
}

function listFolder(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') {
      throw new ClewError('CLEW_DATA_FOREIGN', `${path} is a file, not a folder.`, { path }, error);
    }
    throw error;
  }
}

function checkMarker(path: string): void {
  let format: unknown;
  try {
    const marker: unknown = JSON.parse(readFileSync(join(path, MARKER), 'utf8'));
    format = (marker as { format?: unknown } | null)?.format;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const version = /^clew-data\/(\d{1,9})$/.exec(typeof format === 'string' ? format : '')?.[1];
  if (version === undefined) {
    throw new ClewError(
      'CLEW_DATA_FOREIGN',
      `${join(path, MARKER)} does not say that this is a data folder of Clew.`,
      { path },
    );
  }
  if (Number(version) > DATA_FORMAT) {
    throw new ClewError(
      'CLEW_DATA_NEWER',
      `${path} has data format ${version}; this Clew (${VERSION}) knows up to ${DATA_FORMAT}.`,
      { path, format: Number(version), known: DATA_FORMAT },
    );
  }
}

function layOut(path: string, isNew: boolean): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
  // The umask may have taken bits away; a folder that was there keeps the mode that its owner gave it.
  if (isNew) chmodSync(path, PRIVATE_FOLDER);
  const marker = { format: `clew-data/${DATA_FORMAT}`, madeBy: `clew ${VERSION}` };
  // Written aside and renamed, so that a stop in between leaves no half of it.
  writeFileSync(join(path, MARKER_DRAFT), `${JSON.stringify(marker, null, 2)}\n`, { mode: 0o600 });
  renameSync(join(path, MARKER_DRAFT), join(path, MARKER));
}

function dataFolderAt(path: string): DataFolder {
  return {
    path,
    storePath: join(path, 'store.sqlite'),
    keys: join(path, 'keys'),
    cache: join(path, 'cache'),
    networks: () =>
      (Object.keys(NETWORKS) as NetworkName[]).filter((name) =>
        existsSync(join(path, name, 'ledger')),
      ),
    networkFolders(network) {
      const folders = {
        ledger: join(path, network, 'ledger'),
        flow: join(path, network, 'flow'),
        runs: join(path, network, 'runs'),
      };
      for (const folder of Object.values(folders)) {
        mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
      }
      return folders;
    },
  };
}

/**
 * The network that a question is about: the one asked for, else the only one that is there. A test
 * network does not stand in the way of a real one, so the sample economy may stay beside real work.
 *
 * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_NETWORK_AMBIGUOUS
 */
export function chooseNetwork(data: DataFolder, asked: NetworkName | undefined): NetworkName {
  const present = data.networks();
  const real = present.filter((name) => !NETWORKS[name].isTest);
  const candidates = real.length > 0 ? real : present;
  const network = asked ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (present.length === 0 || (network !== undefined && !present.includes(network))) {
    throw new ClewError(
      'CLEW_LEDGER_EMPTY',
      network === undefined
        ? `Nothing has been indexed in ${data.path} yet.`
        : `Nothing of the network ${network} has been indexed in ${data.path} yet.`,
      { path: data.path, ...(network === undefined ? {} : { network }) },
    );
  }
  if (network === undefined) {
    throw new ClewError(
      'CLEW_NETWORK_AMBIGUOUS',
      `The data folder holds ${present.join(' and ')}.`,
      {
        path: data.path,
        networks: present.join(' '),
      },
    );
  }
  return network;
}
