/** The blocks of the shared data of which every spent output is known, as bytes and as undo data. */
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { sharedFile, sharedJson } from './shared-data.ts';
import { type BlockUndo, compactSize, type SpentCoin } from './undo-writer.ts';

export interface PrevoutBlock extends BlockUndo {
  readonly height: number;
  /** As people write it. */
  readonly hash: string;
  readonly timeSeconds: number;
  readonly bits: number;
  /** Beginning with the header. */
  readonly bytes: Buffer;
  readonly feesSats: number;
}

interface JsonInput {
  readonly script: string;
  readonly sequence: number;
  readonly previous_output: {
    readonly txid: string;
    readonly vout: number;
    readonly data: { readonly value: number; readonly pk_script: string };
    readonly block_height: number;
    readonly is_coinbase: boolean;
  };
  readonly witness: readonly string[];
}

interface JsonTransaction {
  readonly version: number;
  readonly is_segwit: boolean;
  readonly inputs: readonly JsonInput[];
  readonly outputs: readonly { readonly value: number; readonly pk_script: string }[];
  readonly lock_time: number;
}

interface JsonBlock {
  readonly chain_state: { readonly block_height: number; readonly best_block_hash: string };
  readonly blocks: readonly [
    {
      readonly header: {
        readonly version: number;
        readonly time: number;
        readonly bits: number;
        readonly nonce: number;
      };
      readonly data: { readonly transactions: readonly JsonTransaction[] };
    },
  ];
}

const hexBytes = (text: string): Buffer => Buffer.from(text.replace(/^0x/, ''), 'hex');
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const counted = (bytes: Buffer): Buffer => Buffer.concat([compactSize(bytes.length), bytes]);
const sha256d = (bytes: Uint8Array): Buffer =>
  createHash('sha256').update(createHash('sha256').update(bytes).digest()).digest();

function transactionBytes(tx: JsonTransaction, hasWitness: boolean): Buffer {
  const inputs = tx.inputs.map((input) =>
    Buffer.concat([
      hexBytes(input.previous_output.txid).reverse(),
      u32(input.previous_output.vout),
      counted(hexBytes(input.script)),
      u32(input.sequence),
    ]),
  );
  const outputs = tx.outputs.map(({ value, pk_script }) =>
    Buffer.concat([u64(value), counted(hexBytes(pk_script))]),
  );
  const witnesses = tx.inputs.map(({ witness }) =>
    Buffer.concat([compactSize(witness.length), ...witness.map((item) => counted(hexBytes(item)))]),
  );
  return Buffer.concat([
    u32(tx.version),
    hasWitness ? Buffer.from([0, 1]) : Buffer.alloc(0),
    compactSize(inputs.length),
    ...inputs,
    compactSize(outputs.length),
    ...outputs,
    ...(hasWitness ? witnesses : []),
    u32(tx.lock_time),
  ]);
}

function merkleRoot(leaves: readonly Buffer[]): Buffer {
  let row = [...leaves];
  while (row.length > 1) {
    if (row.length % 2 === 1) row.push(row.at(-1)!);
    row = row.flatMap((left, i) =>
      i % 2 === 0 ? [sha256d(Buffer.concat([left, row[i + 1]!]))] : [],
    );
  }
  return row[0]!;
}

function blockOfJson({ chain_state, blocks: [block] }: JsonBlock): PrevoutBlock {
  const { header } = block;
  const { transactions } = block.data;
  const hasWitness = (tx: JsonTransaction): boolean =>
    tx.is_segwit && tx.inputs.some(({ witness }) => witness.length > 0);
  const root = merkleRoot(transactions.map((tx) => sha256d(transactionBytes(tx, false))));
  const prevHash = chain_state.best_block_hash;
  const headerBytes = Buffer.concat([
    u32(header.version),
    hexBytes(prevHash).reverse(),
    root,
    u32(header.time),
    u32(header.bits),
    u32(header.nonce),
  ]);
  const spent = transactions.slice(1).map((tx) =>
    tx.inputs.map(({ previous_output: { data, block_height, is_coinbase } }) => ({
      valueSats: data.value,
      script: hexBytes(data.pk_script),
      height: block_height,
      isCoinbase: is_coinbase,
    })),
  );
  const paid = transactions.slice(1).flatMap(({ outputs }) => outputs);
  const sum = (values: readonly number[]): number =>
    values.reduce((total, each) => total + each, 0);
  return {
    height: chain_state.block_height + 1,
    hash: sha256d(headerBytes).reverse().toString('hex'),
    prevHash,
    timeSeconds: header.time,
    bits: header.bits,
    bytes: Buffer.concat([
      headerBytes,
      compactSize(transactions.length),
      ...transactions.map((tx) => transactionBytes(tx, hasWitness(tx))),
    ]),
    transactions: spent,
    feesSats:
      sum(spent.flat().map(({ valueSats }) => valueSats)) - sum(paid.map(({ value }) => value)),
  };
}

/** Hash and fees of each as the shared data states them. */
const STATED: readonly (readonly [height: number, hash: string, feesSats: number])[] = [
  [170, '00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee', 0],
  [2016, '00000000a141216a896c54f211301c436e557a8d55900637bbdce14c6c7bddef', 0],
  [57043, '00000000152340ca42227603908689183edc47355204e7aca59383b0aaac1fd8', 99_000_000],
  [116928, '000000000000494457221111a6a99da34a993c69c2761582bec31f90ba5d560d', 4_000_000],
  [150013, '000000000000011f9791dcfdfe0e402b79a165a3b781bafcc918b6f2166d577c', 2_455_419],
  [757753, '000000000000000000032c781dbe11459fba50312acfca3cd96fa2bc4367d5b1', 76_367],
];

/** Six blocks of mainnet with value, script, height and coinbase flag of all that they spend; undefined when skipped. */
export function jsonPrevoutBlocks(t: TestContext): PrevoutBlock[] | undefined {
  const blocks: PrevoutBlock[] = [];
  for (const [height, hash, feesSats] of STATED) {
    const json = sharedJson<JsonBlock>(t, `bitcoin/prevouts/mainnet-${height}.json`);
    if (json === undefined) return undefined;
    const block = blockOfJson(json);
    // A block that was put together wrongly has another hash.
    if (block.hash !== hash || block.height !== height || block.feesSats !== feesSats) {
      throw new Error(`block ${height} was not put together as the shared data states it`);
    }
    blocks.push(block);
  }
  return blocks;
}

/** Block 300025; its prevouts come without height and coinbase flag. */
export function block300025(t: TestContext): PrevoutBlock | undefined {
  const bytes = sharedFile(t, 'bitcoin/blocks/single/mainnet-300025.raw');
  const prevouts = sharedFile(t, 'bitcoin/undo/mainnet-300025.prevouts');
  if (bytes === undefined || prevouts === undefined) return undefined;
  const coins: SpentCoin[] = [];
  for (let at = 0; at < prevouts.length; ) {
    const length = prevouts[at + 8]!;
    if (length >= 253) throw new Error('no script of this block is that long');
    const script = prevouts.subarray(at + 9, at + 9 + length);
    coins.push({ valueSats: prevouts.readBigInt64LE(at), script, height: 0, isCoinbase: false });
    at += 9 + length;
  }
  const inputCounts = inputCountsOf(bytes).slice(1);
  let taken = 0;
  const transactions = inputCounts.map((count) => {
    taken += count;
    return coins.slice(taken - count, taken);
  });
  if (taken !== coins.length) throw new Error('not one prevout for each input');
  return {
    height: 300_025,
    hash: Buffer.from(sha256d(bytes.subarray(0, 80)))
      .reverse()
      .toString('hex'),
    prevHash: Buffer.from(bytes.subarray(4, 36)).reverse().toString('hex'),
    timeSeconds: bytes.readUInt32LE(68),
    bits: bytes.readUInt32LE(72),
    bytes,
    transactions,
    feesSats: 7_773_345,
  };
}

/** Inputs of each transaction of a block without witnesses. */
function inputCountsOf(block: Buffer): number[] {
  let at = 80;
  const count = (): number => {
    const first = block[at]!;
    const width = first < 253 ? 0 : first === 253 ? 2 : 4;
    const value = width === 0 ? first : block.readUIntLE(at + 1, width);
    at += 1 + width;
    return value;
  };
  const pass = (bytes: number): void => {
    at += bytes;
  };
  const counts: number[] = [];
  for (let txs = count(); txs > 0; txs -= 1) {
    pass(4);
    const inputs = count();
    counts.push(inputs);
    for (let i = 0; i < inputs; i += 1) {
      pass(36);
      pass(count());
      pass(4);
    }
    for (let outputs = count(); outputs > 0; outputs -= 1) {
      pass(8);
      pass(count());
    }
    pass(4);
  }
  return counts;
}
