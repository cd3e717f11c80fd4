/**
 * Where a network's tables are, remembered in its folder once they were opened there: `ledger/servers.json` with the URL or
 * the path of the shard file, and the user. So later commands need no `--ledger`, and never mix two ledgers. No secret.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { type LedgerServers, readLedgerServers } from './ledger-servers.ts';

const SETTING_FORMAT = 'clew-ledger-servers/1';

interface Setting {
  readonly format: typeof SETTING_FORMAT;
  /** URL, or absolute path of the shard file. */
  readonly ledger: string;
  /** With a URL. */
  readonly user?: string;
}

/**
 * The servers of a network's ledger: those asked for, else those remembered; undefined for chDB.
 *
 * @param ledgerFolder `<data>/<network>/ledger`
 * @throws {ClewError} CLEW_USAGE when the folder has another ledger; what `readLedgerServers` throws
 */
export function chooseServers(
  ledgerFolder: string,
  asked: LedgerServers | undefined,
): LedgerServers | undefined {
  const known = readSetting(ledgerFolder);
  if (asked === undefined) {
    if (known === undefined) return undefined;
    const servers = readLedgerServers(known.ledger, '/', process.env);
    return known.user === undefined ? servers : { ...servers, user: known.user };
  }
  if (known === undefined && existsSync(join(ledgerFolder, 'chdb'))) {
    throw new ClewError(
      'CLEW_USAGE',
      'This data folder has a ledger of its own for that network: give another --data for one on servers.',
      { folder: ledgerFolder },
    );
  }
  if (known !== undefined && known.ledger !== asked.name) {
    throw new ClewError(
      'CLEW_USAGE',
      `The ledger of this data folder is ${known.ledger}: leave --ledger out, or give another --data.`,
      { folder: ledgerFolder, ledger: known.ledger },
    );
  }
  return asked;
}

/** The name of the servers that a network's ledger is remembered to be on. */
export function rememberedLedger(ledgerFolder: string): string | undefined {
  return readSetting(ledgerFolder)?.ledger;
}

/** Once they were opened; nothing is written when they are remembered already. */
export function rememberServers(ledgerFolder: string, { name, user }: LedgerServers): void {
  const setting: Setting = {
    format: SETTING_FORMAT,
    ledger: name,
    ...(user === undefined || name.startsWith('/') ? {} : { user }),
  };
  const text = `${JSON.stringify(setting, null, 2)}\n`;
  const path = settingPath(ledgerFolder);
  try {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
    writeFileSync(`${path}.tmp`, text, { flush: true, mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  } catch (cause) {
    throw fileError(cause, path);
  }
}

function settingPath(ledgerFolder: string): string {
  return join(ledgerFolder, 'servers.json');
}

function readSetting(ledgerFolder: string): Setting | undefined {
  const path = settingPath(ledgerFolder);
  let setting: Partial<Setting> | null;
  try {
    setting = JSON.parse(readFileSync(path, 'utf8')) as Partial<Setting> | null;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(cause instanceof SyntaxError)) throw fileError(cause, path);
    setting = null;
  }
  const isUsable =
    setting?.format === SETTING_FORMAT &&
    typeof setting.ledger === 'string' &&
    (setting.user === undefined || typeof setting.user === 'string');
  if (isUsable) return setting as Setting;
  const what =
    'The note of where the ledger is can not be read: remove it and give --ledger again.';
  throw new ClewError('CLEW_LEDGER_DAMAGED', what, { path });
}
