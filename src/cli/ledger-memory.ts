const GB = 2 ** 30;
const SHARE = 1 / 4;

/**
 * What pages and key tables of a ledger may take when nobody said: a quarter of the machine, since database, threads and
 * clustering need their share and the rest serves as file cache; never less than 1 GB nor more than 24.
 *
 * @param machineBytes memory of the machine
 * @example defaultLedgerMemory(32 * 2 ** 30) // 8 * 2 ** 30
 */
export function defaultLedgerMemory(machineBytes: number): number {
  return Math.floor(Math.min(24 * GB, Math.max(GB, machineBytes * SHARE)));
}
