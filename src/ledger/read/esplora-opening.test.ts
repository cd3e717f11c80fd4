/** Real inputs open what they spent; the same inputs open nobody else's output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { block300025, jsonPrevoutBlocks } from '../../../test/support/prevout-blocks.ts';
import { hash160 } from '../../bytes/hash.ts';
import { getNetwork } from '../../chain/network.ts';
import {
  classifyScript,
  opReturnScript,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
} from '../../chain/script.ts';
import { scriptKindName } from '../../chain/script-kind.ts';
import { parseBlock } from '../../chain/transaction.ts';
import { canOpen } from './esplora-opening.ts';

test('all inputs of the real blocks whose spent outputs are known', (t) => {
  const blocks = jsonPrevoutBlocks(t);
  const busy = block300025(t);
  if (blocks === undefined || busy === undefined) return;
  const seen: Record<string, number> = {};
  let refused = 0;
  for (const { bytes, transactions: spent } of [...blocks, busy]) {
    const { transactions } = parseBlock(new Uint8Array(bytes), getNetwork('main'));
    for (const [i, tx] of transactions.slice(1).entries()) {
      for (const [vin, input] of tx.inputs.entries()) {
        const { script } = spent[i]![vin]!;
        const kind = scriptKindName(classifyScript(script, 0, script.length));
        seen[kind] = (seen[kind] ?? 0) + 1;
        assert.equal(canOpen(script, input), true, `${tx.txid}:${vin}`);
        const others = [
          p2pkhScript(new Uint8Array(20)),
          p2shScript(new Uint8Array(20)),
          p2wpkhScript(new Uint8Array(20)),
          p2wshScript(new Uint8Array(32)),
        ];
        for (const other of others) if (!canOpen(other, input)) refused += 1;
      }
    }
  }
  t.diagnostic(JSON.stringify({ ...seen, refused }));
  assert.ok((seen['p2pkh'] ?? 0) > 100 && (seen['p2wpkh'] ?? 0) > 50);
});

test('what does not show is not refused, what nobody can spend is', () => {
  const nothing = { scriptSig: new Uint8Array(0), witness: [] };
  assert.equal(canOpen(p2trScript(new Uint8Array(32)), nothing), true);
  assert.equal(canOpen(Uint8Array.of(0x51), nothing), true);
  assert.equal(canOpen(new Uint8Array(0), nothing), true);
  assert.equal(canOpen(opReturnScript(Uint8Array.of(1)), nothing), false);
  assert.equal(canOpen(new Uint8Array(10_001), nothing), false);
  const key = new Uint8Array(33).fill(2);
  const witness = [Uint8Array.of(1), key];
  const program = p2wpkhScript(hash160(key));
  assert.equal(canOpen(program, { scriptSig: new Uint8Array(0), witness }), true);
  // BIP 141: a bare witness program is spent with an empty scriptSig.
  assert.equal(canOpen(program, { scriptSig: Uint8Array.of(0x51), witness }), false);
  const scriptSig = Uint8Array.of(program.length, ...program);
  const nested = p2shScript(hash160(program));
  assert.equal(canOpen(nested, { scriptSig, witness }), true);
  assert.equal(canOpen(nested, { scriptSig, witness: [Uint8Array.of(1)] }), false);
  assert.equal(canOpen(nested, { scriptSig, witness: [] }), false);
  // A scriptSig that is no list of pushes (before BIP 16) does not show what lies on top.
  assert.equal(canOpen(nested, { scriptSig: Uint8Array.of(0x51, 0x76), witness: [] }), true);
});
