/** Expected: recorded answers of public servers. The bytes are rebuilt from their fields, and the txid proves them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { hexToBytes } from '../bytes/hex.ts';
import type { Sats } from '../units/amount.ts';
import type { Txid } from '../units/ids.ts';
import { esploraTransaction, type Prevout } from './esplora-transaction.ts';
import { getNetwork } from './network.ts';
import { parseTransaction, serializeTransaction, type Transaction } from './transaction.ts';

interface RecordedOutput {
  readonly scriptpubkey: string;
  readonly value: number;
}
interface Recorded {
  readonly txid: string;
  readonly version: number;
  readonly locktime: number;
  readonly vin: readonly {
    readonly txid: string;
    readonly vout: number;
    readonly scriptsig: string;
    readonly sequence: number;
    readonly witness?: readonly string[];
    readonly prevout: RecordedOutput | null;
  }[];
  readonly vout: readonly RecordedOutput[];
  readonly status: { readonly confirmed: boolean };
  readonly sigops?: number;
}

const MAIN = getNetwork('main');

/** The transaction as bytes, made of the recorded fields alone, and read again. */
function rebuild(recorded: Recorded): { tx: Transaction; prevouts: (Prevout | undefined)[] } {
  const bytes = serializeTransaction(
    {
      version: recorded.version | 0,
      locktime: recorded.locktime,
      inputs: recorded.vin.map((input) => ({
        prevTxid: input.txid as Txid,
        vout: input.vout,
        scriptSig: hexToBytes(input.scriptsig),
        sequence: input.sequence,
        witness: (input.witness ?? []).map(hexToBytes),
      })),
      outputs: recorded.vout.map(({ value, scriptpubkey }) => ({
        valueSats: value as Sats,
        script: hexToBytes(scriptpubkey),
      })),
    },
    { witness: true },
  );
  const { tx } = parseTransaction(bytes, 0, MAIN);
  assert.equal(tx.txid, recorded.txid);
  const prevouts = recorded.vin.map(({ prevout }) =>
    prevout === null
      ? undefined
      : { valueSats: prevout.value, script: hexToBytes(prevout.scriptpubkey) },
  );
  return { tx, prevouts };
}

const FILES = [
  'mempool-non-standard-txs.json',
  'mempool-transactions-random.json',
  'mempool-transactions-rbfs.json',
  'mempool-transactions-replaced.json',
] as const;

function readPages(t: TestContext): Recorded[] | undefined {
  const file = sharedFile(t, 'esplora/recorded-pagination.json');
  if (file === undefined) return undefined;
  const answers = Object.values(JSON.parse(file.toString()) as Record<string, string>);
  return answers.flatMap((answer) => JSON.parse(answer) as Recorded[]);
}

test('50 recorded transactions of Esplora: the same text', (t) => {
  const all = readPages(t);
  if (all === undefined) return;
  assert.equal(all.length, 50);
  for (const recorded of all) {
    const { tx, prevouts } = rebuild(recorded);
    const made = esploraTransaction(tx, prevouts, recorded.status, MAIN);
    // Text, not values: the order of the fields is the same too.
    assert.equal(JSON.stringify(made), JSON.stringify(recorded));
  }
});

/** What the backend of mempool.space adds to an answer of Esplora: of its mempool, or computed from the other fields. */
const ADDED = new Set(
  [
    'order vsize adjustedVsize feePerVsize adjustedFeePerVsize effectiveFeePerVsize firstSeen uid inputs',
    'position bestDescendant descendants cpfpChecked',
  ].flatMap((names) => names.split(' ')),
);

/** Without those, and without empty texts, which stand there for what is not there. */
function withoutAdded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAdded);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name, field]) => {
    if (ADDED.has(name)) return false;
    const isOptional = name.startsWith('inner_') || name === 'scriptpubkey_address';
    return !(isOptional && field === '');
  });
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutAdded(field)]));
}

for (const name of FILES) {
  test(`recorded transactions of mempool.space: ${name}`, (t) => {
    const file = sharedFile(t, `esplora/${name}`);
    if (file === undefined) return;
    const all = JSON.parse(file.toString()) as Recorded[];
    for (const recorded of all) {
      const { tx, prevouts } = rebuild(recorded);
      const options = { withSigops: recorded.sigops !== undefined };
      const made = esploraTransaction(tx, prevouts, recorded.status, MAIN, options);
      assert.deepEqual(JSON.parse(JSON.stringify(made)), withoutAdded(recorded));
    }
  });
}
