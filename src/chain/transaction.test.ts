import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawOldTx, RawTx } from '@scure/btc-signer/script.js';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { sharedJson } from '../../test/support/shared-data.ts';
import { sha256d } from '../bytes/hash.ts';
import { bytesEqual, bytesToHex, hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import type { Sats } from '../units/amount.ts';
import type { Txid } from '../units/ids.ts';
import { getNetwork } from './network.ts';
import {
  parseBlock,
  parseTransaction,
  serializeTransaction,
  type Transaction,
} from './transaction.ts';

/** Whole hex text as one transaction, which must read and write back to the same bytes. */
function roundTrip(hex: string, what: string): Transaction {
  const bytes = hexToBytes(hex);
  const { tx, length } = parseTransaction(bytes);
  assert.equal(length, bytes.length, what);
  assert.equal(bytesToHex(serializeTransaction(tx, { witness: true })), hex, what);
  return tx;
}

/** The txid by a decoder that shares nothing with ours. */
function independentTxid(hex: string): string {
  const { version, inputs, outputs, lockTime } = RawTx.decode(hexToBytes(hex));
  return hashToDisplay(sha256d(RawOldTx.encode({ version, inputs, outputs, lockTime })));
}

interface JsTransaction {
  description: string;
  id: string;
  hash: string;
  hex: string;
  whex?: string;
  coinbase: boolean;
  virtualSize: number;
  weight: number;
  raw: {
    version: number;
    locktime: number;
    ins: { hash?: string; index?: number; sequence?: number; data?: string }[];
    outs: { value: number; data?: string }[];
  };
}

test('bitcoinjs transactions: ids, sizes, fields', (t) => {
  const vectors = sharedJson<{
    valid: JsTransaction[];
    hashForSignature: { txHex: string }[];
    hashForWitnessV0: { txHex: string }[];
    taprootSigning: { txHex: string }[];
    invalid: { fromBuffer: { hex: string }[] };
  }>(t, 'bitcoin/vectors/bitcoinjs/transaction.json');
  if (vectors === undefined) return;
  for (const vector of vectors.valid) {
    const what = vector.description;
    const tx = roundTrip(vector.whex || vector.hex, what);
    assert.equal(tx.txid, vector.id, what);
    assert.equal(bytesToHex(serializeTransaction(tx, { witness: false })), vector.hex, what);
    assert.equal(tx.isCoinbase, vector.coinbase, what);
    assert.equal(tx.weight, vector.weight, what);
    assert.equal(tx.vsize, vector.virtualSize, what);
    if (!vector.whex) assert.equal(tx.wtxid, tx.txid, what);
    assert.equal(tx.version, vector.raw.version, what);
    assert.equal(tx.locktime, vector.raw.locktime, what);
    assert.equal(tx.inputs.length, vector.raw.ins.length, what);
    assert.deepEqual(
      tx.outputs.map((output) => output.valueSats),
      vector.raw.outs.map((output) => output.value),
      what,
    );
  }
  const more = [
    ...vectors.hashForSignature,
    ...vectors.hashForWitnessV0,
    ...vectors.taprootSigning,
  ];
  for (const { txHex } of more) roundTrip(txHex, txHex.slice(0, 40));
  for (const { hex } of vectors.invalid.fromBuffer) {
    const bytes = hexToBytes(hex);
    // Either no transaction, or one that ends before the bytes do.
    let length = 0;
    try {
      length = parseTransaction(bytes).length;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'CLEW_TX_FORMAT');
    }
    assert.ok(length < bytes.length);
  }
});

test('Core tx_valid: every transaction reads, writes back, and has the independent txid', (t) => {
  const vectors = sharedJson<unknown[][]>(t, 'bitcoin/vectors/core/tx_valid.json');
  if (vectors === undefined) return;
  const cases = vectors.filter((vector) => vector.length === 3);
  assert.ok(cases.length > 100);
  for (const [i, [, hex]] of cases.entries()) {
    const tx = roundTrip(hex as string, `vector ${i}`);
    assert.equal(tx.txid, independentTxid(hex as string), `vector ${i}`);
  }
});

test('Core tx_invalid: bad rules or signatures are no bad form; a negative amount is', (t) => {
  const vectors = sharedJson<unknown[][]>(t, 'bitcoin/vectors/core/tx_invalid.json');
  if (vectors === undefined) return;
  const cases = vectors.filter((vector) => vector.length === 3);
  let refused = 0;
  for (const [i, [, hex]] of cases.entries()) {
    const outputs = RawTx.decode(hexToBytes(hex as string)).outputs;
    if (outputs.some((output) => output.amount >= 2n ** 53n)) {
      assert.throws(() => parseTransaction(hexToBytes(hex as string)), { code: 'CLEW_TX_FORMAT' });
      refused += 1;
      continue;
    }
    const tx = roundTrip(hex as string, `vector ${i}`);
    assert.equal(tx.txid, independentTxid(hex as string), `vector ${i}`);
  }
  assert.ok(refused > 0 && refused < 5 && cases.length > 50, `${refused} of ${cases.length}`);
});

test('Core sighash: transactions by chance read and write back', (t) => {
  const vectors = sharedJson<unknown[][]>(t, 'bitcoin/vectors/core/sighash.json');
  if (vectors === undefined) return;
  const cases = vectors.filter((vector) => vector.length === 5);
  assert.equal(cases.length, 500);
  for (const [i, [hex]] of cases.entries()) {
    assert.equal(
      roundTrip(hex as string, `vector ${i}`).txid,
      independentTxid(hex as string),
      `vector ${i}`,
    );
  }
});

test('BIP 341: the signed transaction has the id of the unsigned one', (t) => {
  const vectors = sharedJson<{
    keyPathSpending: { given: { rawUnsignedTx: string }; auxiliary: { fullySignedTx: string } }[];
  }>(t, 'bitcoin/vectors/core/bip341_wallet_vectors.json');
  if (vectors === undefined) return;
  for (const { given, auxiliary } of vectors.keyPathSpending) {
    const unsigned = roundTrip(given.rawUnsignedTx, 'unsigned');
    const signed = roundTrip(auxiliary.fullySignedTx, 'signed');
    // The signed one has scripts in its legacy inputs; without them it is the unsigned one.
    const bare = signed.inputs.map((i) => ({ ...i, scriptSig: new Uint8Array(0), witness: [] }));
    const stripped = serializeTransaction({ ...signed, inputs: bare }, { witness: true });
    assert.equal(bytesToHex(stripped), given.rawUnsignedTx);
    assert.equal(unsigned.outputs.length, signed.outputs.length);
    assert.notEqual(signed.wtxid, signed.txid);
  }
});

interface JsBlock {
  hash: string;
  hex: string;
  height: number;
  size?: number;
  weight?: number;
}

test('bitcoinjs blocks: weights, heights, every transaction writes back', (t) => {
  const vectors = sharedJson<{ valid: JsBlock[]; invalid: { hex: string }[] }>(
    t,
    'bitcoin/vectors/bitcoinjs/block.json',
  );
  if (vectors === undefined) return;
  const main = getNetwork('main');
  let read = 0;
  for (const vector of vectors.valid) {
    const bytes = hexToBytes(vector.hex);
    if (bytes.length === 80) continue;
    const block = parseBlock(bytes, main);
    assert.equal(block.header.hash, hashToDisplay(hexToBytes(vector.hash)));
    if (vector.size !== undefined) assert.equal(block.size, vector.size);
    if (vector.weight !== undefined) assert.equal(block.weight, vector.weight);
    read += 1;
  }
  assert.ok(read > 0);
  for (const { hex } of vectors.invalid) {
    assert.throws(() => parseBlock(hexToBytes(hex), main), { code: 'CLEW_BLOCK_DAMAGED' });
  }
});

test('real blocks write back to the same bytes', (t) => {
  const blocks = allRealBlocks(t)?.filter((block) => block.bytes.length < 700_000);
  if (blocks === undefined) return;
  for (const { name, network, bytes } of blocks) {
    const { transactions } = parseBlock(bytes, network);
    const count = transactions.length < 0xfd ? 1 : 3;
    const parts = transactions.map((tx) => serializeTransaction(tx, { witness: true }));
    assert.ok(bytesEqual(Buffer.concat(parts), bytes.subarray(80 + count)), name);
    assert.equal(transactions.filter((tx) => tx.isCoinbase).length, 1, name);
    assert.ok(transactions[0]!.isCoinbase, name);
  }
});

interface PrevoutTransaction {
  version: number;
  lock_time: number;
  inputs: {
    script: string;
    sequence: number;
    previous_output: { txid: string; vout: number };
    witness: string[];
  }[];
  outputs: { value: number; pk_script: string }[];
}

test('blocks published as JSON, written by us, have the Merkle root that the next state names', (t) => {
  for (const height of [170, 2016, 57043, 116928, 150013, 757753]) {
    const json = sharedJson<{
      chain_state: { best_block_hash: string };
      expected: { best_block_hash: string };
      blocks: {
        header: { version: number; time: number; bits: number; nonce: number };
        data: { transactions: PrevoutTransaction[] };
      }[];
    }>(t, `bitcoin/prevouts/mainnet-${height}.json`);
    if (json === undefined) return;
    const unprefixed = (hex: string): Uint8Array => hexToBytes(hex.slice(2));
    const { header, data } = json.blocks[0]!;
    const parts = data.transactions.map((tx) =>
      serializeTransaction(
        {
          version: tx.version,
          locktime: tx.lock_time,
          inputs: tx.inputs.map((input) => ({
            prevTxid: input.previous_output.txid as Txid,
            vout: input.previous_output.vout,
            scriptSig: unprefixed(input.script),
            sequence: input.sequence,
            witness: input.witness.map(unprefixed),
          })),
          outputs: tx.outputs.map((output) => ({
            valueSats: output.value as Sats,
            script: unprefixed(output.pk_script),
          })),
        },
        { witness: true },
      ),
    );
    const ids = parts.map((part) => parseTransaction(part).tx.txid);
    const level = ids.map((id) => hexToBytes(id).reverse());
    const bytes = Buffer.alloc(80);
    bytes.writeInt32LE(header.version, 0);
    bytes.set(hexToBytes(json.chain_state.best_block_hash).reverse(), 4);
    bytes.set(naiveRoot(level), 36);
    bytes.writeUInt32LE(header.time, 68);
    bytes.writeUInt32LE(header.bits, 72);
    bytes.writeUInt32LE(header.nonce, 76);
    const hash = hashToDisplay(sha256d(bytes));
    assert.equal(hash, json.expected.best_block_hash, `height ${height}`);
  }
});

function naiveRoot(level: Uint8Array[]): Uint8Array {
  if (level.length === 1) return level[0]!;
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    above.push(sha256d(Buffer.concat([level[i]!, level[i + 1] ?? level[i]!])));
  }
  return naiveRoot(above);
}

test('what is no whole transaction is refused with its offset', (t) => {
  const vectors = sharedJson<{ valid: JsTransaction[] }>(
    t,
    'bitcoin/vectors/bitcoinjs/transaction.json',
  );
  if (vectors === undefined) return;
  const whole = hexToBytes(vectors.valid.find((vector) => vector.whex)!.whex!);
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => parseTransaction(whole.subarray(0, length)), { code: 'CLEW_TX_FORMAT' });
  }
  const padded = Buffer.concat([Buffer.alloc(5), whole]);
  assert.equal(parseTransaction(padded, 5).length, whole.length);
});
