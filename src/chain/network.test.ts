import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { parseHeader } from './header.ts';
import {
  getNetwork,
  NETWORK_NAMES,
  NETWORKS,
  networkByMagic,
  networksByMagic,
  subsidySats,
} from './network.ts';

test('the magic of each network is recognised as it stands in files', () => {
  // Bytes as listed in Bitcoin Core's and Litecoin Core's chainparams.cpp (pchMessageStart).
  const magics: Record<string, number[]> = {
    main: [0xf9, 0xbe, 0xb4, 0xd9],
    testnet3: [0x0b, 0x11, 0x09, 0x07],
    testnet4: [0x1c, 0x16, 0x3f, 0x28],
    signet: [0x0a, 0x03, 0xcf, 0x40],
    regtest: [0xfa, 0xbf, 0xb5, 0xda],
    litecoin: [0xfb, 0xc0, 0xb6, 0xdb],
    dogecoin: [0xc0, 0xc0, 0xc0, 0xc0],
    dash: [0xbf, 0x0c, 0x6b, 0xbd],
    'dash-regtest': [0xfc, 0xc1, 0xb7, 0xdc],
  };
  for (const [name, bytes] of Object.entries(magics)) {
    assert.equal(networkByMagic(Buffer.from(bytes).readUInt32LE())?.name, name);
  }
  assert.equal(networkByMagic(0xfeb4bef9), undefined, 'Namecoin is no network of ours');
});

test('networks that share a magic are all named, in the order of the table', () => {
  const names = (magic: number): string[] => networksByMagic(magic).map(({ name }) => name);
  assert.deepEqual(names(NETWORKS.main.magic), ['main', 'bitcoincash']);
  assert.deepEqual(names(NETWORKS.regtest.magic), [
    'regtest',
    'litecoin-regtest',
    'dogecoin-regtest',
    'bitcoincash-regtest',
  ]);
  assert.deepEqual(names(0xfeb4bef9), []);
});

test('every row is listed under its own name', () => {
  assert.deepEqual(Object.keys(NETWORKS), [...NETWORK_NAMES]);
  for (const [name, network] of Object.entries(NETWORKS)) assert.equal(network.name, name);
});

test('an unknown name is refused with its code', () => {
  assert.throws(() => getNetwork('namecoin'), { code: 'CLEW_NETWORK_UNKNOWN' });
  assert.throws(() => getNetwork('toString'), { code: 'CLEW_NETWORK_UNKNOWN' });
});

test('genesis hashes are those of the real first headers', (t) => {
  const main = sharedFile(t, 'bitcoin/headers/mainnet-0-10236.bin');
  const signet = sharedFile(t, 'bitcoin/headers/signet-0-2015.bin');
  const filters = sharedJson<[number, string, string][]>(
    t,
    'bitcoin/vectors/core/blockfilters.json',
  );
  const regtest = sharedFile(t, 'coinjoin/wasabi2-emulated/blk00000.dat');
  if (!main || !signet || !filters || !regtest) return;
  assert.equal(parseHeader(main).hash, NETWORKS.main.genesisHash);
  assert.equal(parseHeader(signet).hash, NETWORKS.signet.genesisHash);
  assert.equal(filters[1]?.[1], NETWORKS.testnet3.genesisHash);
  assert.equal(parseHeader(regtest, 8).hash, NETWORKS.regtest.genesisHash);
  assert.equal(regtest.readUInt32LE(0), NETWORKS.regtest.magic);
});

test('the testnet4 and Litecoin genesis headers hash to their rows', () => {
  // Fields of CreateGenesisBlock in the chainparams.cpp of Bitcoin Core and Litecoin Core.
  const genesis = (merkleRoot: string, time: number, bits: number, nonce: number): string => {
    const header = Buffer.alloc(80);
    header.writeInt32LE(1, 0);
    Buffer.from(merkleRoot, 'hex').reverse().copy(header, 36);
    header.writeUInt32LE(time, 68);
    header.writeUInt32LE(bits, 72);
    header.writeUInt32LE(nonce, 76);
    return parseHeader(header).hash;
  };
  const testnet4Root = '7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e';
  const litecoinRoot = '97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9';
  assert.equal(
    genesis(testnet4Root, 1714777860, 0x1d00ffff, 393743547),
    NETWORKS.testnet4.genesisHash,
  );
  assert.equal(
    genesis(litecoinRoot, 1317972665, 0x1e0ffff0, 2084524493),
    NETWORKS.litecoin.genesisHash,
  );
});

test('subsidies halve as the coins say', () => {
  const { main, litecoin, regtest } = NETWORKS;
  assert.equal(subsidySats(0, main), 5_000_000_000);
  assert.equal(subsidySats(209_999, main), 5_000_000_000);
  assert.equal(subsidySats(210_000, main), 2_500_000_000);
  assert.equal(subsidySats(757_753, main), 625_000_000);
  assert.equal(subsidySats(840_000, main), 312_500_000);
  assert.equal(subsidySats(6_929_999, main), 1);
  assert.equal(subsidySats(6_930_000, main), 0);
  assert.equal(subsidySats(64 * 210_000, main), 0);
  assert.equal(subsidySats(840_000, litecoin), 2_500_000_000);
  assert.equal(subsidySats(150, regtest), 2_500_000_000);
});

test('all coins that Bitcoin can ever have add up to the known total', () => {
  // Bitcoin Core's subsidy_limit_test: 2,099,999,997,690,000 satoshi.
  let total = 0;
  for (let height = 0; height < 7_000_000; height += 210_000) {
    total += 210_000 * subsidySats(height, NETWORKS.main)!;
  }
  assert.equal(total, 2_099_999_997_690_000);
});
