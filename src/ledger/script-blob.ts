/**
 * The bytes of all scriptPubKeys, one after the other, with the offset of each.
 *
 * A script may lie across two pages of the blob; then reading it copies, otherwise it is a view.
 */
import type { BytesColumn } from './bytes-column.ts';
import type { ClimbingColumn } from './climbing-column.ts';
import { hashScript } from './script-key.hot.ts';

export class ScriptBlob {
  readonly #offsets: ClimbingColumn;
  readonly #bytes: BytesColumn;

  /** @param bytes a column of one-byte rows; @param offsets where each script begins, and the end of the last */
  constructor(offsets: ClimbingColumn, bytes: BytesColumn) {
    this.#offsets = offsets;
    this.#bytes = bytes;
    if (offsets.length === 0) offsets.push(0);
  }

  /** False when bytes of the last script are missing. */
  get isWhole(): boolean {
    return this.#offsets.at(this.count) === this.#bytes.length;
  }

  get count(): number {
    return this.#offsets.length - 1;
  }

  push(source: Uint8Array, start: number, end: number): void {
    this.#bytes.pushRange(source, start, end);
    this.#offsets.push(this.#bytes.length);
  }

  /** Forget the scripts from this one on. */
  truncate(count: number): void {
    if (count >= this.count) return;
    this.#bytes.truncate(this.#offsets.at(count));
    this.#offsets.truncate(count + 1);
  }

  /** Where the bytes of a script begin; for the number of scripts, where they end. */
  startOf(scriptId: number): number {
    return this.#offsets.at(scriptId);
  }

  /** Read the script's first byte, only to have it near. */
  touch(scriptId: number): number {
    return this.#bytes.touch(this.#offsets.at(scriptId));
  }

  lengthOf(scriptId: number): number {
    return this.#offsets.at(scriptId + 1) - this.#offsets.at(scriptId);
  }

  /** A copy of the script's bytes. */
  read(scriptId: number): Uint8Array {
    const start = this.#offsets.at(scriptId);
    return this.#bytes.readRange(start, this.#offsets.at(scriptId + 1));
  }

  /** Leaves the script's key in `scriptKey`; copies nothing unless it lies across two pages. */
  hash(scriptId: number): void {
    const start = this.#offsets.at(scriptId);
    const length = this.#offsets.at(scriptId + 1) - start;
    const page = this.#bytes.pageOf(start);
    const at = start % this.#bytes.pageRows;
    if (at + length <= page.length) hashScript(page, at, at + length);
    else hashScript(this.#bytes.readRange(start, start + length), 0, length);
  }

  /** True when the script equals the bytes in [start, end). */
  equals(scriptId: number, source: Uint8Array, start: number, end: number): boolean {
    const from = this.#offsets.at(scriptId);
    if (this.#offsets.at(scriptId + 1) - from !== end - start) return false;
    return this.#bytes.equalsRange(from, source, start, end);
  }
}
