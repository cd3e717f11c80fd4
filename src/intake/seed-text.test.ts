import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { getNetwork } from '../chain/network.ts';
import { readSeedText, type SeedReading } from './seed-text.ts';

const main = getNetwork('main');
const TXID = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b';
// BIP 173's example, and the address of the genesis block.
const SEGWIT = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
const LEGACY = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';

test('addresses come in their one spelling', () => {
  assert.deepEqual(readSeedText(SEGWIT.toUpperCase(), main), { kind: 'address', address: SEGWIT });
  assert.deepEqual(readSeedText(LEGACY, main), { kind: 'address', address: LEGACY });
  assert.deepEqual(readSeedText(`bitcoin:${SEGWIT}?amount=0.1&label=x`, main), {
    kind: 'address',
    address: SEGWIT,
  });
  assert.deepEqual(readSeedText(`BITCOIN:${SEGWIT.toUpperCase()}`, main), {
    kind: 'address',
    address: SEGWIT,
  });
});

test('transactions and outputs', () => {
  assert.deepEqual(readSeedText(TXID.toUpperCase(), main), { kind: 'tx', txid: TXID });
  assert.deepEqual(readSeedText(`${TXID}:0`, main), { kind: 'output', txid: TXID, vout: 0 });
  assert.deepEqual(readSeedText(`${TXID} : 12`, main), { kind: 'output', txid: TXID, vout: 12 });
  assert.deepEqual(readSeedText(TXID, main, '3'), { kind: 'output', txid: TXID, vout: 3 });
  assert.deepEqual(readSeedText(`${TXID}:1`, main, '3'), { kind: 'output', txid: TXID, vout: 1 });
});

const BAD: readonly (readonly [what: string, text: string, code: string])[] = [
  ['63 hex digits', TXID.slice(1), 'CLEW_TXID_FORMAT'],
  ['a negative output', `${TXID}:-1`, 'CLEW_TXID_FORMAT'],
  ['an output beyond 32 bits', `${TXID}:4294967295`, 'CLEW_TXID_FORMAT'],
  ['no output number', `${TXID}:`, 'CLEW_TXID_FORMAT'],
  ['another separator', `${TXID}/1`, 'CLEW_TXID_FORMAT'],
  ['a wrong checksum', SEGWIT.replace('w508', 'w509'), 'CLEW_ADDRESS_CHECKSUM'],
  ['a wrong base58 checksum', `${LEGACY.slice(0, -1)}b`, 'CLEW_ADDRESS_CHECKSUM'],
  ['mixed case', SEGWIT.replace('bc1q', 'bc1Q'), 'CLEW_ADDRESS_MIXED_CASE'],
  ['a lookalike', LEGACY.replace('1A1', '1\u04101'), 'CLEW_ADDRESS_LOOKALIKE'],
  ['a zero in base58', LEGACY.replace('zP1', '0P1'), 'CLEW_ADDRESS_LOOKALIKE'],
  ['a test network', 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx', 'CLEW_ADDRESS_NETWORK'],
  ['words', 'no address', 'CLEW_ADDRESS_FORMAT'],
];
for (const [what, text, code] of BAD) {
  test(`${what} is refused with ${code}`, () => {
    const reading = readSeedText(text, main) as Extract<SeedReading, { kind: 'rejected' }>;
    assert.equal(reading.kind, 'rejected');
    assert.equal(reading.code, code);
    assert.ok(!reading.reason.includes(text), 'the reason does not repeat the text');
  });
}

test('a bad vout column spoils a transaction id', () => {
  const reading = readSeedText(TXID, main, 'x');
  assert.equal(reading.kind === 'rejected' && reading.code, 'CLEW_TXID_FORMAT');
});

test('the example of another coin is no mistake', () => {
  // Ethereum's EIP-55 example, Monero's donation address in its own documentation.
  const ethereum = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  assert.deepEqual(readSeedText(ethereum, main), { kind: 'otherChain', chain: 'ETH' });
  // The same script on Litecoin.
  const litecoin = 'ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9';
  assert.deepEqual(readSeedText(litecoin, main), { kind: 'otherChain', chain: 'LTC' });
  assert.deepEqual(readSeedText(SEGWIT, getNetwork('litecoin')), {
    kind: 'otherChain',
    chain: 'BTC',
  });
  assert.equal(readSeedText(litecoin, getNetwork('litecoin')).kind, 'address');
});

const LISTS: readonly (readonly [file: string, kind: SeedReading['kind']])[] = [
  ['btc-addresses.txt', 'address'],
  ['zec-addresses.txt', 'otherChain'],
];
for (const [file, kind] of LISTS) {
  test(`every line of ${file} is read as ${kind}`, (t) => {
    const bytes = sharedFile(t, `labels/${file}`);
    if (bytes === undefined) return;
    const lines = bytes.toString().trim().split('\n');
    assert.equal(lines.length, 5000);
    for (const [row, text] of lines.entries()) {
      assert.equal(readSeedText(text.trim(), main).kind, kind, `row ${row}`);
    }
  });
}
