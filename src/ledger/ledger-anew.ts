/**
 * Taking all blocks out of a ledger whatever state it is in, so that they can be loaded anew from their files: for facts
 * that are damaged, and for a ledger of an older format.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../file-error.ts';
import {
  keepWaiting,
  type LedgerBlock,
  listBlocks,
  listFiles,
  listWaitingBlocks,
} from './block-directory.ts';
import type { LedgerEngine } from './engine.ts';
import { type EngineChoice, openEngine } from './open-engine.ts';
import { ServerWriter } from './server-writer.ts';

/**
 * Let every block of a ledger wait (see `block-directory.ts`), then drop tables and flow index. The tables are not looked
 * at beyond the list of blocks, nor is the flow index, so it does not matter what else is wrong with them.
 *
 * Stopped half-way it can be called again; once it returns, opening the ledger finds it empty, with all blocks waiting.
 *
 * @param folder `<data>/<network>`; nobody may have the ledger open
 * @param placesOf where the blocks can be read now, asked before anything is changed; what it throws ends it
 * @param choice which engine holds the tables
 * @returns how many blocks wait now
 * @throws {ClewError} CLEW_DATA_BUSY, CLEW_LEDGER_TAKEN; CLEW_LEDGER_DAMAGED when the list of blocks itself can not be read
 */
export async function letAllWait(
  folder: string,
  placesOf: (blocks: readonly LedgerBlock[]) => readonly LedgerBlock[],
  choice: EngineChoice = {},
): Promise<number> {
  const ledgerFolder = join(folder, 'ledger');
  const engine = await openEngine(folder, choice);
  try {
    // Only those that are missing are made, and the two that are needed here have been the same in every format.
    if (engine.kind !== 'chdb') await engine.createTips();
    await engine.createTables();
    if (engine.kind !== 'chdb') {
      const writer = await ServerWriter.open(folder, engine, true);
      await writer.hold(choice.isTakenOver ?? false);
    }
    const waiting = await listWaitingBlocks(engine);
    const known = await listKnown(engine, waiting);
    placesOf(waiting);
    await keepWaiting(engine, placesOf(known));
    markWriting(ledgerFolder);
    await engine.forgetAll();
    rmSync(join(folder, 'flow'), { recursive: true, force: true });
    return waiting.length + known.length;
  } finally {
    await engine.close();
  }
}

/** The ledger's blocks that do not wait yet. Without their files they are what a stop half-way left: those wait. */
async function listKnown(
  engine: LedgerEngine,
  waiting: readonly LedgerBlock[],
): Promise<LedgerBlock[]> {
  const files = await listFiles(engine);
  if (files.length === 0) return [];
  const isWaiting = new Set(waiting.map(({ hash }) => hash));
  return (await listBlocks(engine)).filter(({ hash }) => !isWaiting.has(hash));
}

/** A ledger that is opened with this mark drops all that no tip counts. */
function markWriting(ledgerFolder: string): void {
  const path = join(ledgerFolder, 'writing');
  try {
    writeFileSync(path, '', { flush: true });
    const folder = openSync(ledgerFolder, 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (cause) {
    throw fileError(cause, path);
  }
}
