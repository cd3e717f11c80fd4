/** Single blocks into a flow index in memory: what the scenario chain does not have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type MinedBlock,
  mineBlock,
  REGTEST_GENESIS,
  spend,
} from '../../test/support/mined-blocks.ts';
import { hash160 } from '../bytes/hash.ts';
import { hexToBytes } from '../bytes/hex.ts';
import { getNetwork } from '../chain/network.ts';
import { BlockLoader } from './block-loader.hot.ts';
import { countFlow, type LedgerCounters } from './counters.ts';
import { FlowIndex } from './flow-index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const NOTHING: LedgerCounters = {
  blocks: 0,
  transactions: 0,
  inputs: 0,
  outputs: 0,
  addresses: 0,
  unspentCount: 0,
  unspentSats: 0n,
  unknownInputs: 0,
  undoInputs: 0,
  knownFeesSats: 0n,
};

/** A chain that grows by one block of given transactions at a time, each in a loader of its own if wanted. */
class Growing {
  readonly flow = FlowIndex.inMemory(getNetwork('regtest'));
  readonly isRestarted: boolean;
  loader = new BlockLoader(this.flow, NOTHING);
  tip: MinedBlock = REGTEST_GENESIS;
  readonly blocks: MinedBlock[] = [];

  constructor(isRestarted: boolean) {
    this.isRestarted = isRestarted;
    this.#load(REGTEST_GENESIS);
  }

  add(...transactions: Uint8Array[]): MinedBlock {
    const block = mineBlock({
      prevHash: this.tip.hash,
      height: this.tip.height + 1,
      transactions,
    });
    this.#load(block);
    return block;
  }

  #load(block: MinedBlock): void {
    if (this.isRestarted) this.loader = new BlockLoader(this.flow, this.loader.counters);
    const { height, hash } = block;
    this.loader.addBlock(block.bytes, { height, hash, fileId: 0, fileOffset: 0 });
    this.tip = block;
    this.blocks.push(block);
  }
}

const KEY = hexToBytes('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const P2PK = Uint8Array.of(33, ...KEY, 0xac);
const P2PKH = Uint8Array.of(0x76, 0xa9, 20, ...hash160(KEY), 0x88, 0xac);
const PROGRAM = Uint8Array.of(0, 20, ...hash160(KEY));
const P2SH = Uint8Array.of(0xa9, 20, ...hash160(PROGRAM), 0x87);
const P2WSH_PROGRAM = Uint8Array.of(0, 32, ...new Uint8Array(32).fill(9));
const P2SH_P2WSH = Uint8Array.of(0xa9, 20, ...hash160(P2WSH_PROGRAM), 0x87);

for (const isRestarted of [false, true]) {
  const how = isRestarted ? 'in a loader for each block' : 'in one loader';

  for (const [order, scripts] of [
    ['bare first', [P2PK, P2PKH]],
    ['bare last', [P2PKH, P2PK]],
  ] as const) {
    test(`a bare key and its hash are one address, ${order}, ${how}`, () => {
      const growing = new Growing(isRestarted);
      const before = growing.loader.counters.addresses;
      for (const script of [...scripts, ...scripts]) {
        const coin = growing.add();
        growing.add(spend(coin.txids[0]!, 0, [{ sats: 5, script }]));
        assert.equal(growing.loader.counters.addresses, before + 1);
      }
      // Both in one transaction, too.
      const coin = growing.add();
      growing.add(
        spend(
          coin.txids[0]!,
          0,
          scripts.map((script) => ({ sats: 5, script })),
        ),
      );
      assert.deepEqual(growing.loader.counters, countFlow(growing.flow));
      assert.equal(growing.loader.counters.addresses, before + 1);
    });
  }

  test(`what is behind a script hash is noted once, by its first spend, ${how}`, () => {
    const growing = new Growing(isRestarted);
    for (const [script, program] of [
      [P2SH, PROGRAM],
      [P2SH_P2WSH, P2WSH_PROGRAM],
    ] as const) {
      const coin = growing.add();
      const paid = growing.add(
        spend(
          coin.txids[0]!,
          0,
          [1, 2, 3].map((sats) => ({ sats, script })),
        ),
      );
      for (const vout of [0, 1, 2]) {
        const scriptSig = Uint8Array.of(program.length, ...program);
        growing.add(spend(paid.txids[1]!, vout, [{ sats: 1, script: P2PKH }], scriptSig));
      }
    }
    const { flow } = growing;
    const reveals = Array.from({ length: flow.revealScript.length }, (_, i) => {
      const spent = flow.inputPrevout.at(flow.txFirstInput.at(flow.revealTx.at(i)));
      return {
        script: hex(flow.scripts.read(flow.revealScript.at(i))),
        payload: hex(flow.revealPayload.at(i)),
        vout: spent - flow.txFirstOutput.at(flow.outputTx.at(spent)),
      };
    });
    assert.deepEqual(reveals, [
      { script: hex(P2SH), payload: hex(PROGRAM.subarray(2)).padEnd(64, '0'), vout: 0 },
      { script: hex(P2SH_P2WSH), payload: hex(P2WSH_PROGRAM.subarray(2)), vout: 0 },
    ]);
    assert.deepEqual(growing.loader.counters, countFlow(flow));
  });
}

test('spends change what is unspent and what was paid in fees; one of an output that is not there is refused', () => {
  const growing = new Growing(false);
  const once = growing.add();
  const before = growing.loader.counters;
  const spent = growing.add(spend(once.txids[0]!, 0, [{ sats: 49e8, script: P2PKH }]));
  assert.equal(growing.loader.counters.unspentCount, before.unspentCount + 1);
  assert.equal(growing.loader.counters.knownFeesSats, 1_0000_0000n);
  const [, txid] = spent.txids;
  assert.throws(() => growing.add(spend(txid!, 1, [{ sats: 1, script: P2PKH }])), {
    code: 'CLEW_BLOCK_INVALID',
  });
});

test('a block that is not what it says changes nothing', () => {
  const growing = new Growing(false);
  growing.add();
  const counters = growing.loader.counters;
  const block = mineBlock({ prevHash: growing.tip.hash, height: 2 });
  const meta = { height: 2, hash: block.hash, fileId: 0, fileOffset: 0 };
  const changed = Uint8Array.from(block.bytes);
  changed[changed.length - 12]! ^= 1;
  const cases: readonly (readonly [Uint8Array, object, string])[] = [
    [block.bytes.subarray(0, 100), meta, 'CLEW_BLOCK_DAMAGED'],
    [changed, meta, 'CLEW_BLOCK_MERKLE'],
    [block.bytes, { ...meta, hash: growing.tip.hash }, 'CLEW_BLOCK_DAMAGED'],
  ];
  const rows = growing.loader.rows.inputs.tx_index.length;
  for (const [bytes, place, code] of cases) {
    assert.throws(() => growing.loader.addBlock(bytes, place as typeof meta), { code });
    assert.deepEqual(growing.loader.counters, counters);
    assert.equal(growing.loader.rows.inputs.tx_index.length, rows);
    assert.deepEqual(countFlow(growing.flow), counters);
  }
  growing.loader.addBlock(block.bytes, meta);
  assert.equal(growing.loader.counters.blocks, 3);
});
