/**
 * Who may write into a ledger on servers: one data folder at a time.
 *
 * The table `writers` says who: the newest row with `is_held`. To become it, a data folder first asks (a row without), then
 * looks whether another one asked with the same number; only when it is alone it holds. Of two that ask at once, at least
 * one sees the other, so never both hold.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '../bytes/hex.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import type { LedgerEngine, Patience } from './engine.ts';
import { StringValues, U8Values, U64Values } from './native-block.ts';
import { WRITERS_TABLE } from './server-schema.ts';

interface WriterRow {
  readonly seq: string;
  readonly is_held: number;
  readonly writer: string;
  readonly machine: string;
}

export class ServerWriter {
  readonly #engine: LedgerEngine;
  /** What this data folder is known by. */
  readonly id: string;
  #isHolder = false;

  private constructor(engine: LedgerEngine, id: string) {
    this.#engine = engine;
    this.id = id;
  }

  /**
   * @param folder `<data>/<network>`
   * @param hasTables false for a database that is still empty: nobody holds it then
   */
  static async open(
    folder: string,
    engine: LedgerEngine,
    hasTables: boolean,
  ): Promise<ServerWriter> {
    const writer = new ServerWriter(engine, readOrMakeId(join(folder, 'ledger')));
    if (hasTables) writer.#isHolder = (await holderOf(engine))?.writer === writer.id;
    return writer;
  }

  /** Whether this data folder wrote last, as far as it knows. */
  get isHolder(): boolean {
    return this.#isHolder;
  }

  /**
   * Become the one that writes.
   *
   * @param isTakenOver even when another data folder does
   * @throws {ClewError} CLEW_LEDGER_TAKEN
   */
  async hold(isTakenOver: boolean): Promise<void> {
    const holder = await holderOf(this.#engine);
    if (holder?.writer === this.id) {
      this.#isHolder = true;
      return;
    }
    if (holder !== undefined && !isTakenOver) throw takenError(holder);
    const [newest] = await this.#engine.query<{ seq: string }>(
      `SELECT max(seq) AS seq FROM ${WRITERS_TABLE}`,
    );
    const seq = Number(newest?.seq ?? 0) + 1;
    await this.#insert(seq, 0);
    const rivals = await this.#engine.query<WriterRow>(
      `SELECT seq, is_held, writer, machine FROM ${WRITERS_TABLE} WHERE seq = ${seq} AND writer != '${this.id}'`,
    );
    if (rivals[0] !== undefined) throw takenError(rivals[0]);
    await this.#insert(seq, 1);
    this.#isHolder = true;
  }

  /** @throws {ClewError} CLEW_LEDGER_TAKEN when another data folder took over */
  async requireHeld(): Promise<void> {
    const holder = await holderOf(this.#engine, 'write');
    if (holder?.writer === this.id) return;
    this.#isHolder = false;
    throw takenError(holder);
  }

  async #insert(seq: number, isHeld: 0 | 1): Promise<void> {
    const columns = {
      seq: new U64Values(),
      is_held: new U8Values(),
      writer: new StringValues(),
      machine: new StringValues(),
    };
    columns.seq.push(seq);
    columns.is_held.push(isHeld);
    columns.writer.pushText(this.id);
    columns.machine.pushText(hostname());
    const where = `seq = ${seq} AND is_held = ${isHeld} AND writer = '${this.id}'`;
    await this.#engine.insert(WRITERS_TABLE, columns, { where });
  }
}

async function holderOf(
  engine: LedgerEngine,
  patience: Patience = 'read',
): Promise<WriterRow | undefined> {
  const [holder] = await engine.query<WriterRow>(
    `SELECT seq, is_held, writer, machine FROM ${WRITERS_TABLE} WHERE is_held = 1 ORDER BY seq DESC LIMIT 1`,
    patience,
  );
  return holder;
}

function takenError(holder: WriterRow | undefined): ClewError {
  const machine = holder?.machine ?? '';
  return new ClewError(
    'CLEW_LEDGER_TAKEN',
    `Another data folder${machine === '' ? '' : ` (on ${machine})`} writes into this ledger.`,
    { machine },
  );
}

/** The name of this data folder among those that may write: made once, at random. */
function readOrMakeId(ledgerFolder: string): string {
  const path = join(ledgerFolder, 'writer-id');
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(cause, path);
  }
  const id = bytesToHex(randomBytes(16));
  try {
    mkdirSync(ledgerFolder, { recursive: true, mode: 0o700 });
    writeFileSync(path, `${id}\n`, { flush: true, mode: 0o600 });
  } catch (cause) {
    throw fileError(cause, path);
  }
  return id;
}
