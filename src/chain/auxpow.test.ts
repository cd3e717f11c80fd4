import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { coinScenario } from '../simulate/coin-scenario.ts';
import { auxpowFault, hasAuxpow } from './auxpow.ts';
import { BlockColumns, blockBodyOffset, readBlockColumns } from './block-columns.hot.ts';
import { headerHash } from './header.ts';
import { checkMerkleRoot } from './merkle.ts';
import { NETWORKS, type Network } from './network.ts';
import { parseBlock } from './transaction.ts';

const DOGECOIN = NETWORKS['dogecoin-regtest'];

/** Namecoin's rules, as far as a record of it asks for them: chain 1, mined with Bitcoin. Not read otherwise. */
const NAMECOIN: Network = {
  ...NETWORKS.main,
  headerForm: 'auxpow',
  auxpowChainId: 1,
  proofOfWork: 'sha256d',
};

const merged = coinScenario('dogecoin-auxpow').blocks.filter(({ bytes }) =>
  hasAuxpow(bytes, DOGECOIN),
);

test('a real Namecoin block: its proof holds, its transactions give its Merkle root', (t) => {
  const record = sharedFile(t, 'bitcoin/framing/namecoin-auxpow.blk');
  if (record === undefined) return;
  const block = record.subarray(8);
  assert.ok(hasAuxpow(block, NAMECOIN));
  assert.equal(auxpowFault(block, NAMECOIN), undefined);
  const columns = new BlockColumns();
  readBlockColumns(block, NAMECOIN, columns);
  assert.equal(checkMerkleRoot(block, columns), 'ok');
  assert.equal(parseBlock(block, NAMECOIN).transactions.length, columns.txCount);
  // The same bytes as another chain's.
  assert.equal(auxpowFault(block, { ...NAMECOIN, auxpowChainId: 0x62 }), 'it is for another chain');
  // Any byte of the header is part of what the coinbase of the parent names.
  for (const at of [5, 40, 70, 76]) {
    const changed = Uint8Array.from(block);
    changed[at] = changed[at]! ^ 1;
    assert.equal(
      auxpowFault(changed, NAMECOIN),
      'the coinbase of the parent does not name the block',
    );
  }
});

test('made-up proofs of all shapes hold', () => {
  assert.equal(merged.length, 4);
  for (const { bytes, hash, height } of merged) {
    assert.equal(auxpowFault(bytes, DOGECOIN), undefined, `${height}`);
    assert.equal(hashToDisplay(headerHash(bytes)), hash, 'the proof is no part of the hash');
  }
});

test('a proof in which any byte is changed does not hold', () => {
  for (const { bytes } of merged) {
    const end = blockBodyOffset(bytes, DOGECOIN);
    let notNoticed = 0;
    for (let at = 80; at < end; at += 1) {
      const changed = Uint8Array.from(bytes);
      changed[at] = changed[at]! ^ 0x40;
      let fault: string | undefined = 'unreadable';
      try {
        fault = auxpowFault(changed, DOGECOIN);
      } catch (error) {
        assert.ok(
          ['CLEW_BLOCK_DAMAGED', 'CLEW_TX_FORMAT'].includes((error as { code: string }).code),
        );
      }
      if (fault === undefined) notNoticed += 1;
    }
    // The hash of the parent that stands behind its coinbase is checked by nobody (Dogecoin Core ignores it too), and
    // half of all headers meet a regression-test target whatever their bytes are.
    assert.ok(notNoticed >= 32 && notNoticed < 32 + 80, `${notNoticed}`);
  }
});

test('the rules of merged mining, one by one', () => {
  const [, deep] = merged;
  const { bytes } = deep!;
  const edit = (change: (bytes: Uint8Array) => void): string | undefined => {
    const changed = Uint8Array.from(bytes);
    change(changed);
    return auxpowFault(changed, DOGECOIN);
  };
  const text = Buffer.from(bytes);
  const markAt = text.indexOf(Buffer.from('fabe6d6d', 'hex'));
  const bodyOffset = blockBodyOffset(bytes, DOGECOIN);
  assert.equal(
    edit((b) => b.set([0x63, 0], 2)),
    'it is for another chain',
  );
  assert.equal(
    edit((b) => b.set([0x62, 0], bodyOffset - 80 + 2)),
    'its parent is of the same chain',
  );
  assert.equal(
    edit((b) => b.set([0xff], markAt)),
    'the coinbase is not in the parent block',
    'the coinbase has another id',
  );
});
