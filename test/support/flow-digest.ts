/** A flow index in one number a column: two with equal numbers hold the same and find the same. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowIndex } from '../../src/ledger/flow-index.ts';
import type { FlowCheckpoint } from '../../src/ledger/flow-store.ts';
import { hashScript, scriptKey } from '../../src/ledger/script-key.hot.ts';

/** Every value of every column, and what every transaction id and script is found as. */
export function flowDigest(flow: FlowIndex): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const [name, column] of Object.entries(flow.columns.byName)) {
    const hash = createHash('sha1');
    const values = new Float64Array(column.length);
    for (let row = 0; row < column.length; row += 1) {
      const value = column.at(row);
      if (typeof value === 'number') values[row] = value;
      else hash.update(value);
    }
    digests[name] = `${column.length} rows, ${hash.update(values).digest('hex').slice(0, 16)}`;
  }
  const found = createHash('sha1');
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    found.update(`${flow.findTxs(flow.txids.at(tx).slice()).join()};`);
  }
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const bytes = flow.scripts.read(script);
    hashScript(bytes, 0, bytes.length);
    found.update(
      `${flow.findScript(scriptKey.low, scriptKey.high, bytes, 0, bytes.length)},${flow.findBareKeys(bytes).join()};`,
    );
  }
  digests['found'] = found.digest('hex').slice(0, 16);
  return digests;
}

const ROW_BYTES_AT = 16;
const PAGE_ROWS_AT = 4088;
const PREFIX_AT = 4092;
const HEADER_BYTES = 4096;

/** The bytes of the column files as they stand on the disk, as far as their rows count. */
export function columnFileDigest(folder: string): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(folder, 'flow.json'), 'utf8')) as FlowCheckpoint;
  const digests: Record<string, string> = {};
  for (const [name, { rows, tailCrc }] of Object.entries(manifest.columns)) {
    const file = readFileSync(join(folder, `${name}.col`));
    const rowBytes = file.readUInt32LE(ROW_BYTES_AT);
    const pageRows = file.readUInt32LE(PAGE_ROWS_AT);
    const prefix = file.readUInt32LE(PREFIX_AT);
    const pages = Math.floor(rows / pageRows);
    const rest = rows - pages * pageRows;
    const tail = rest === 0 ? 0 : prefix + rest * rowBytes;
    const end = HEADER_BYTES + pages * (prefix + pageRows * rowBytes) + tail;
    const sha = createHash('sha1').update(file.subarray(0, end)).digest('hex').slice(0, 16);
    const checksums = join(folder, `${name}.crc`);
    const crcs = existsSync(checksums)
      ? readFileSync(checksums)
          .subarray(0, HEADER_BYTES + 4 * pages)
          .toString('latin1')
      : '';
    const crc = createHash('sha1').update(crcs, 'latin1').digest('hex').slice(0, 16);
    digests[name] = `${rows} rows, ${sha}, ${crc}, ${tailCrc[0]}`;
  }
  return digests;
}
