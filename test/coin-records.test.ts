/**
 * What nodes of other coins said of real blocks, and vectors that their projects publish: rebuilt from the fields, hashed, and
 * read again.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ByteWriter } from '../src/bytes/byte-writer.ts';
import { bytesToHex, displayToHash, hashToDisplay, hexToBytes } from '../src/bytes/hex.ts';
import { scriptToAddress } from '../src/chain/address.ts';
import { BlockColumns, readBlockColumns } from '../src/chain/block-columns.hot.ts';
import { blockHash, parseHeader } from '../src/chain/header.ts';
import { checkMerkleRoot } from '../src/chain/merkle.ts';
import { NETWORKS, subsidySats } from '../src/chain/network.ts';
import { checkProofOfWork } from '../src/chain/proof-of-work.ts';
import {
  parseBlock,
  parseTransaction,
  serializeTransaction,
  specialType,
} from '../src/chain/transaction.ts';
import type { Sats } from '../src/units/amount.ts';
import type { Txid } from '../src/units/ids.ts';
import { sharedPath } from './support/shared-data.ts';

const ETL = 'esplora/bitcoin-etl/test_export_blocks_job';

/** Fields of a header as nodes give them. */
interface RpcBlock {
  readonly hash: string;
  readonly size: number;
  readonly height: number;
  readonly version: number;
  readonly merkleroot: string;
  readonly time: number;
  readonly nonce: number;
  readonly bits: string;
  readonly previousblockhash: string;
}

interface RpcTransaction {
  readonly hex: string;
  readonly txid: string;
  readonly vout: readonly {
    readonly value: number;
    readonly scriptPubKey: { readonly hex: string; readonly addresses: readonly string[] };
  }[];
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** The block of one transaction that the answers are about. */
function rebuild(block: RpcBlock, tx: RpcTransaction): Uint8Array {
  return new ByteWriter(512)
    .i32(block.version)
    .bytes(displayToHash(block.previousblockhash))
    .bytes(displayToHash(block.merkleroot))
    .u32(block.time)
    .u32(Number.parseInt(block.bits, 16))
    .u32(block.nonce)
    .varint(1)
    .bytes(hexToBytes(tx.hex))
    .finish();
}

const CASES = [
  {
    network: NETWORKS.dogecoin,
    folder: 'dogecoin/block_without_transactions',
    block:
      'rpc_response_getblock_ea5380659e02a68c073369e502125c634b2fb0aaf351b9360c673368c4f20c96_True',
    tx: 'rpc_response_getrawtransaction_3b14b76d22a3f2859d73316002bc1b9bfc7f37e2c3393be9b722b62bbd786983',
  },
  {
    network: NETWORKS.bitcoincash,
    folder: 'bitcoin_cash/block_with_duplicate_txid',
    block:
      'rpc_response_getblock_00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e_True',
    tx: 'rpc_response_getrawtransaction_e3bf3d07d4b0375638d5f1db5255fe07ba2c4cb067cd81b84ee974b6585fb468',
  },
] as const;

test('blocks that nodes of Dogecoin and Bitcoin Cash described: hash, work, Merkle root, amounts, addresses', (t) => {
  for (const { network, folder, block: blockFile, tx: txFile } of CASES) {
    const root = sharedPath(t, `${ETL}/${folder}`);
    if (root === undefined) return;
    const block = readJson<RpcBlock>(`${root}/${blockFile}.json`);
    const tx = readJson<RpcTransaction>(`${root}/${txFile}.json`);
    const bytes = rebuild(block, tx);
    assert.equal(hashToDisplay(blockHash(bytes, network)), block.hash);
    assert.equal(bytes.length, block.size);
    assert.equal(checkProofOfWork(bytes, network), 'ok');
    const columns = new BlockColumns();
    readBlockColumns(bytes, network, columns);
    assert.equal(checkMerkleRoot(bytes, columns), 'ok');
    const [coinbase] = parseBlock(bytes, network).transactions;
    assert.equal(coinbase!.txid, tx.txid);
    for (const [vout, { value, scriptPubKey }] of tx.vout.entries()) {
      const output = coinbase!.outputs[vout]!;
      assert.equal(bytesToHex(output.script), scriptPubKey.hex);
      assert.equal(output.valueSats, Math.round(value * 100_000_000));
      assert.deepEqual([scriptToAddress(output.script, network)], scriptPubKey.addresses);
      assert.ok(output.valueSats <= subsidySats(block.height, network)!);
    }
  }
});

/** Rows as bitcoin-etl expects them. */
interface EtlTransaction {
  readonly hash: string;
  readonly size: number;
  readonly version: number;
  readonly lock_time: number;
  readonly is_coinbase: boolean;
  readonly inputs: readonly {
    readonly spent_transaction_hash: string;
    readonly spent_output_index: number;
    readonly script_hex: string;
    readonly sequence: number;
  }[];
  readonly outputs: readonly {
    readonly script_hex: string;
    readonly addresses: readonly string[];
    readonly value: number;
  }[];
}

test('a Dogecoin block whose amounts lose digits elsewhere: ids from the amounts, to the unit', (t) => {
  const root = sharedPath(t, `${ETL}/dogecoin/block_with_float_precision_loss`);
  if (root === undefined) return;
  const lines = readFileSync(`${root}/expected_transactions.json`, 'utf8').trim().split('\n');
  const network = NETWORKS.dogecoin;
  let compared = 0;
  for (const line of lines) {
    const row = JSON.parse(line) as EtlTransaction;
    for (const { script_hex: hex, addresses } of row.outputs) {
      assert.deepEqual([scriptToAddress(hexToBytes(hex), network)], addresses);
    }
    // The script of the coinbase stands elsewhere.
    if (row.is_coinbase) continue;
    const bytes = serializeTransaction(
      {
        version: row.version,
        locktime: row.lock_time,
        inputs: row.inputs.map((input) => ({
          prevTxid: input.spent_transaction_hash as Txid,
          vout: input.spent_output_index,
          scriptSig: hexToBytes(input.script_hex),
          sequence: input.sequence,
          witness: [],
        })),
        outputs: row.outputs.map(({ script_hex: script, value }) => ({
          script: hexToBytes(script),
          valueSats: value as Sats,
        })),
      },
      { witness: false },
    );
    assert.equal(bytes.length, row.size);
    assert.equal(parseTransaction(bytes, 0, network).tx.txid, row.hash);
    compared += 1;
  }
  assert.equal(compared, lines.length - 1);
});

/** Dash: a coinbase of its test network with its id (bitcoinj for Dash, `CoinbaseTxTest`). */
const DASH_COINBASES: readonly (readonly [txid: string, hex: string])[] = [
  [
    'afb7aeb1cb84049c7c81c980c996515dda91ec5c15c29398bad985e9a286d2dc',
    '03000500010000000000000000000000000000000000000000000000000000000000000000ffffffff0502fe070101ffffffff022dc71a3d05000000232103ee68257f0a4b1d9cadaf24809b2dddcf557cd3f11db99430c3a682d003861891ac21c71a3d050000001976a914e1e24b11deb712819c7d0da193423bda1b47c25d88ac0000000024fe0700006c45528d7b8d4e7a33614a1c3806f4faf5c463f0b313aa0ece1ce12c34154a44',
  ],
];

test('Dash: the payload of a coinbase is part of its id', () => {
  for (const [txid, hex] of DASH_COINBASES) {
    const { tx, length } = parseTransaction(hexToBytes(hex), 0, NETWORKS.dash);
    assert.equal(length, hex.length / 2);
    assert.equal(tx.txid, txid);
    assert.equal(specialType(tx.version), 5);
    assert.equal(bytesToHex(serializeTransaction(tx, { witness: true })), hex);
    // To Bitcoin's rules the payload is bytes that follow.
    assert.notEqual(parseTransaction(hexToBytes(hex)).tx.txid, txid);
  }
});

/** Blocks 106 to 108 of a Dash regression-test chain (DashSync, its tests of reorganisations): the headers. */
const DASH_HEADERS = [
  '00000020384621d0c5b5e0f84fe336d37e4cce7d9c2d56493102cf88234254721dd3f35c3da65260508ff789b65b19047cded17bf161fc64916f91365a3edab0a675099de699275fffff7f2001000000',
  '00000020cfc988ba6d83e212dc73f0f46e241f90051f39e7372a796bffe2e9703fdb8d4f94419d7b35becec0f9214f0724df6399099a453e9870d828e81a302653010dfd359c275fffff7f2000000000',
  '000000207ec1e064a7ee15439427af2b430993112ff6f006ded8dcbac1e7893106952e47191725fce3cb5ed1fdd8722d7f85e8009fd0c43fb9dc11b54dc452da51ed30c4359c275fffff7f2001000000',
  '0000002058edb8e10452b08016c96f9d83f73256ce2a5284444f538e4e40c90bb7ce4e60ff9d49c738cfd1a7bc0efc7a506edb64cdd94d685f1c6f65cee103c625226e41359c275fffff7f2004000000',
];

/** The transactions of block 107: a coinbase, and a commitment of masternodes, which has neither inputs nor outputs. */
const DASH_BODY = `0203000500010000000000000000000000000000000000000000000000000000000000000000ffffffff04016b0101ffffffff010088526a740000002321027304c3ed545c15abb68422c0f0c739a5f74a7be556c627b56b3575bcbf74712aac000000002601006b0000000000${'00'.repeat(30)}03000600000000000000fd490101006b000000010001f2efb75bd621e59c7115e5c4bdadae772d178f587687c715f88f7f414d34c66b3200000000000000320000000000000000${'00'.repeat(271)}`;

test('Dash: real headers link by X11 and meet their target; a real block with a commitment', () => {
  const network = NETWORKS['dash-regtest'];
  const headers = DASH_HEADERS.map(hexToBytes);
  for (const [i, header] of headers.entries()) {
    assert.equal(checkProofOfWork(header, network), 'ok');
    if (i === 0) continue;
    const before = hashToDisplay(blockHash(headers[i - 1]!, network));
    assert.equal(parseHeader(header, 0, network).prevHash, before);
  }
  const block = hexToBytes(DASH_HEADERS[1] + DASH_BODY);
  const { transactions } = parseBlock(block, network);
  assert.deepEqual(
    transactions.map(({ version, inputs, outputs }) => [
      specialType(version),
      inputs.length,
      outputs.length,
    ]),
    [
      [5, 1, 1],
      [6, 0, 0],
    ],
  );
  const columns = new BlockColumns();
  readBlockColumns(block, network, columns);
  assert.equal(checkMerkleRoot(block, columns), 'ok');
});
