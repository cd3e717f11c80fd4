import assert from 'node:assert/strict';
import { test } from 'node:test';
import { block300025, jsonPrevoutBlocks } from '../../test/support/prevout-blocks.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { getNetwork } from './network.ts';
import { REVEALED, revealedScript } from './revealed-script.hot.ts';
import { classifyScript } from './script.ts';
import { SCRIPT_KIND } from './script-kind.ts';

const BY_HASH: readonly number[] = [
  SCRIPT_KIND.p2pkh,
  SCRIPT_KIND.p2sh,
  SCRIPT_KIND.p2wpkh,
  SCRIPT_KIND.p2wsh,
];

test('on real blocks each spend of a hash shows it, and no other', (t) => {
  const blocks = jsonPrevoutBlocks(t);
  const large = block300025(t);
  if (blocks === undefined || large === undefined) return;
  const random = seededRandom('revealed');
  t.diagnostic(`seed ${random.seed}`);
  const kinds = new Map<number, number>();
  let told = 0;
  for (const { bytes, transactions, height } of [...blocks, large]) {
    const columns = new BlockColumns();
    readBlockColumns(bytes, getNetwork('main'), columns);
    const coins = transactions.flat();
    for (const [row, { script }] of coins.entries()) {
      const input = row + 1;
      const reveal = (other: Uint8Array): number =>
        revealedScript(bytes, columns, input, other, 0, other.length);
      const kind = classifyScript(script, 0, script.length);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const isByHash = BY_HASH.includes(kind);
      assert.equal(
        reveal(script),
        isByHash ? REVEALED.same : REVEALED.nothing,
        `input ${row} of block ${height}`,
      );
      if (!isByHash) continue;
      told += 1;
      const changed = Uint8Array.from(script);
      changed[random.int(3, 21)]! ^= 2 ** random.int(0, 7);
      assert.equal(reveal(changed), REVEALED.other);
    }
  }
  for (const kind of BY_HASH) assert.ok((kinds.get(kind) ?? 0) > 0, `no input of kind ${kind}`);
  assert.ok(told > 1_400);
});

test('small numbers, an empty redeem script, an unfinished push, no witness yet', () => {
  const reveal = (scriptSig: string, script: string): number => {
    const bytes = Buffer.from(scriptSig, 'hex');
    const columns = new BlockColumns();
    columns.inScriptOffset = Uint32Array.of(0);
    columns.inScriptLength = Uint32Array.of(bytes.length);
    columns.inWitnessOffset = Uint32Array.of(0);
    const from = Buffer.from(script, 'hex');
    return revealedScript(bytes, columns, 0, from, 0, from.length);
  };
  // HASH160 of no bytes, a known value; `1 0` leaves an empty redeem script, which BIP 16 allows.
  const emptyHash = 'a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87';
  assert.equal(reveal('5100', emptyHash), REVEALED.same);
  assert.equal(reveal('0101', emptyHash), REVEALED.other);
  assert.equal(reveal('0051', emptyHash), REVEALED.nothing);
  assert.equal(reveal('', emptyHash), REVEALED.nothing);
  assert.equal(reveal('004c', emptyHash), REVEALED.nothing);
  assert.equal(reveal('0161ab', emptyHash), REVEALED.nothing);
  assert.equal(reveal('', `0014${'11'.repeat(20)}`), REVEALED.nothing);
});
