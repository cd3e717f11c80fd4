/** The truth of a simulated economy, as far as measuring a report needs it (see docs/methods/simulated-economy.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface TruePayment {
  readonly txid: string;
  readonly vout: number;
  readonly from: string;
  readonly to: string;
  readonly sats: number;
  readonly purpose: string;
  /** Customer whose deposit address it is. */
  readonly for?: string;
}

export interface Truth {
  readonly kindOf: ReadonlyMap<string, string>;
  readonly ownerOf: ReadonlyMap<string, string>;
  readonly payments: readonly TruePayment[];
  /** Protocol by txid. */
  readonly mixes: ReadonlyMap<string, string>;
  readonly wronglyTagged: ReadonlySet<string>;
}

/** Read `truth.json`, gzipped or not. */
export function readTruth(economy: string): Truth {
  const file = readFileSync(join(economy, 'truth.json'));
  const text = (file[0] === 0x1f ? gunzipSync(file) : file).toString('latin1');
  const kindOf = new Map<string, string>();
  const ownerOf = new Map<string, string>();
  const payments: TruePayment[] = [];
  const mixes = new Map<string, string>();
  const wronglyTagged = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const row = JSON.parse(line) as { row: string } & Record<string, never>;
    if (row.row === 'actor') kindOf.set(row['id']!, row['kind']!);
    else if (row.row === 'address' && row['address']) ownerOf.set(row['address'], row['owner']!);
    else if (row.row === 'payment') payments.push(row as unknown as TruePayment);
    else if (row.row === 'mix') mixes.set(row['txid']!, row['protocol']!);
    else if (row.row === 'wrong_tag') wronglyTagged.add(row['address']!);
  }
  return { kindOf, ownerOf, payments, mixes, wronglyTagged };
}
