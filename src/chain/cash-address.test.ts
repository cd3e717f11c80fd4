import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cashAddressToLockingBytecode,
  decodeCashAddress,
  lockingBytecodeToCashAddress,
} from '@bitauth/libauth';
import { sharedFile } from '../../test/support/shared-data.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { addressToScript, canonicalAddress, recogniseAddress, scriptToAddress } from './address.ts';
import { readCashAddress, writeCashAddress } from './cash-address.ts';
import { NETWORKS, REAL_NETWORKS } from './network.ts';
import { p2pkhScript, p2sh32Script, p2shScript, witnessScript } from './script.ts';

const { bitcoincash: BCH, main: MAIN, litecoin: LITECOIN } = NETWORKS;

/** The specification of CashAddr, "Examples of Address Translation". */
const TRANSLATIONS: readonly (readonly [legacy: string, cash: string])[] = [
  ['1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu', 'qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a'],
  ['1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR', 'qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy'],
  ['16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb', 'qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r'],
  ['3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC', 'ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq'],
  ['3LDsS579y7sruadqu11beEJoTjdFiFCdX4', 'pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e'],
  ['31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw', 'pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37'],
];

/** The same specification, "Larger Test Vectors", and CHIP-2022-02-CashTokens, `cashaddr.json`: type, address, hash. */
const VECTORS: readonly (readonly [type: number, address: string, hash: string])[] = [
  [
    0,
    'bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2',
    'f5bf48b397dae70be82b3cca4793f8eb2b6cdac9',
  ],
  [
    1,
    'bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t',
    'f5bf48b397dae70be82b3cca4793f8eb2b6cdac9',
  ],
  [
    1,
    'pref:pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks5',
    'f5bf48b397dae70be82b3cca4793f8eb2b6cdac9',
  ],
  [
    15,
    'prefix:0r6m7j9njldwwzlg9v7v53unlr4jkmx6ey3qnjwsrf',
    'f5bf48b397dae70be82b3cca4793f8eb2b6cdac9',
  ],
  [
    0,
    'bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0',
    '7adbf6c17084bc86c1706827b41a56f5ca32865925e946ea',
  ],
  [
    1,
    'bchtest:pgagf7w02x4wnz3mkwnchut2vxphjzccwxgjvvjmlsxqwkcvs7md7wt',
    '3a84f9cf51aae98a3bb3a78bf16a6183790b18719126325bfc0c075b',
  ],
  [
    0,
    'bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake',
    '3173ef6623c6b48ffd1a3dcc0cc6489b0a07bb47a37f47cfef4fe69de825c060',
  ],
  [
    1,
    'pref:pnq8zwpj8cq05n7pytfmskuk9r4gzzel8qtsvwz79zdskftrzxtar994cgutavfklv0vx5z0w3',
    'c07138323e00fa4fc122d3b85b9628ea810b3f381706385e289b0b25631197d194b5c238beb136fb',
  ],
  [
    15,
    'prefix:0h3krj5607v3qlqh5c3wq3lrw3wnuxw0sp8dv0zugrrt5a3kj6ucysfz8kxwv2k53krr7n933jfsunqakcssnmn',
    'e361ca9a7f99107c17a622e047e3745d3e19cf804ed63c5c40c6ba763696b98241223d8ce62ad48d863f4cb18c930e4c',
  ],
  [
    0,
    'bitcoincash:qmvl5lzvdm6km38lgga64ek5jhdl7e3aqd9895wu04fvhlnare5937w4ywkq57juxsrhvw8ym5d8qx7sz7zz0zvcypqscw8jd03f',
    'd9fa7c4c6ef56dc4ff423baae6d495dbff663d034a72d1dc7d52cbfe7d1e6858f9d523ac0a7a5c34077638e4dd1a701bd017842789982041',
  ],
  [
    1,
    'bchtest:plg0x333p4238k0qrc5ej7rzfw5g8e4a4r6vvzyrcy8j3s5k0en7calvclhw46hudk5flttj6ydvjc0pv3nchp52amk97tqa5zygg96mc773cwez',
    'd0f346310d5513d9e01e299978624ba883e6bda8f4c60883c10f28c2967e67ec77ecc7eeeaeafc6da89fad72d11ac961e164678b868aeeec5f2c1da08884175b',
  ],
  [
    2,
    'bitcoincash:zr6m7j9njldwwzlg9v7v53unlr4jkmx6eycnjehshe',
    'f5bf48b397dae70be82b3cca4793f8eb2b6cdac9',
  ],
  [
    3,
    'bitcoincash:rpawqn2h74a4t50phuza84kdp3794pq3cct3k50p0y',
    '7ae04d57f57b55d1e1bf05d3d6cd0c7c5a8411c6',
  ],
  [
    1,
    'bitcoincash:pvqqqqqqqqqqqqqqqqqqqqqqzg69v7ysqqqqqqqqqqqqqqqqqqqqqpkp7fqn0',
    '0000000000000000000000000000123456789000000000000000000000000000',
  ],
  [
    3,
    'bitcoincash:rvqqqqqqqqqqqqqqqqqqqqqqzg69v7ysqqqqqqqqqqqqqqqqqqqqqn9alsp2y',
    '0000000000000000000000000000123456789000000000000000000000000000',
  ],
];

test('the vectors of the specifications: read and written, all lengths, prefixes and types', () => {
  for (const [type, address, hash] of VECTORS) {
    const [prefix, payload] = address.split(':') as [string, string];
    const read = readCashAddress(prefix, payload);
    assert.deepEqual(read, { prefix, type, hash: hexToBytes(hash) }, address);
    assert.equal(writeCashAddress({ prefix, type, hash: hexToBytes(hash) }), address);
  }
});

test('the old form and the new one mean the same script; the new one is written', () => {
  for (const [legacy, payload] of TRANSLATIONS) {
    const cash = `bitcoincash:${payload}`;
    const script = bytesToHex(addressToScript(legacy, MAIN));
    for (const text of [cash, payload, cash.toUpperCase(), payload.toUpperCase(), legacy]) {
      assert.equal(bytesToHex(addressToScript(text, BCH)), script, text);
      assert.equal(canonicalAddress(text, BCH), cash);
    }
    assert.throws(() => addressToScript(cash, MAIN), { code: 'CLEW_ADDRESS_NETWORK' });
    assert.deepEqual(
      recogniseAddress(payload).map(({ chain }) => chain),
      ['BCH'],
    );
  }
});

test('an address that asks for tokens is the same address', () => {
  const plain = 'bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2';
  assert.equal(
    canonicalAddress('bitcoincash:zr6m7j9njldwwzlg9v7v53unlr4jkmx6eycnjehshe', BCH),
    plain,
  );
  assert.equal(
    canonicalAddress('rpawqn2h74a4t50phuza84kdp3794pq3cct3k50p0y', BCH),
    'bitcoincash:ppawqn2h74a4t50phuza84kdp3794pq3ccvm92p8sh',
  );
});

test('what is wrong is named', () => {
  const good = 'bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2';
  const codes: readonly (readonly [text: string, code: string])[] = [
    [`${good.slice(0, -1)}3`, 'CLEW_ADDRESS_CHECKSUM'],
    [good.replace('qr6', 'Qr6'), 'CLEW_ADDRESS_MIXED_CASE'],
    [good.replace('qr6m', 'qr6o'), 'CLEW_ADDRESS_LOOKALIKE'],
    ['bitcoincash:', 'CLEW_ADDRESS_FORMAT'],
    // A hash of 24 bytes has a form, and no script.
    ['bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0', 'CLEW_ADDRESS_VERSION'],
    // A key's hash has 20 bytes.
    [
      'bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake',
      'CLEW_ADDRESS_VERSION',
    ],
  ];
  for (const [text, code] of codes) assert.throws(() => addressToScript(text, BCH), { code }, text);
});

test('libauth reads and writes the same (seeded)', () => {
  const random = seededRandom('cash-addresses');
  for (let round = 0; round < 300; round += 1) {
    const scripts = [
      p2pkhScript(random.bytes(20)),
      p2shScript(random.bytes(20)),
      p2sh32Script(random.bytes(32)),
    ];
    for (const script of scripts) {
      const ours = scriptToAddress(script, BCH)!;
      const theirs = lockingBytecodeToCashAddress({ bytecode: script, prefix: 'bitcoincash' });
      assert.ok(typeof theirs !== 'string', String(theirs));
      assert.equal(ours, theirs.address, `replay with round ${round}`);
      const withTokens = lockingBytecodeToCashAddress({
        bytecode: script,
        prefix: 'bitcoincash',
        tokenSupport: true,
      });
      assert.ok(typeof withTokens !== 'string');
      assert.equal(canonicalAddress(withTokens.address, BCH), ours);
      const back = cashAddressToLockingBytecode(ours);
      assert.ok(typeof back !== 'string');
      assert.equal(bytesToHex(back.bytecode), bytesToHex(script));
      assert.equal(bytesToHex(addressToScript(ours, BCH)), bytesToHex(script));
    }
  }
});

test('one changed letter is noticed by us whenever libauth notices it (seeded)', () => {
  const random = seededRandom('cash-typos');
  const letters = [...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'];
  for (let round = 0; round < 500; round += 1) {
    const good = scriptToAddress(p2pkhScript(random.bytes(20)), BCH)!;
    const at = random.int('bitcoincash:'.length, good.length - 1);
    const wrong = good.slice(0, at) + random.pick(letters) + good.slice(at + 1);
    const isTheirs = typeof decodeCashAddress(wrong) !== 'string';
    const isOurs = recogniseAddress(wrong).length > 0;
    assert.equal(isOurs, isTheirs, `replay with round ${round}`);
  }
});

test('no address stands for a witness program where there is no segwit', () => {
  const script = witnessScript(0, new Uint8Array(20));
  for (const name of ['bitcoincash', 'dogecoin', 'dash'] as const) {
    assert.equal(scriptToAddress(script, NETWORKS[name]), undefined);
  }
});

test('5,000 real addresses: all are both Bitcoin’s and Bitcoin Cash’s, and of no other coin', (t) => {
  const list = sharedFile(t, 'labels/bch-addresses.txt')?.toString('utf8');
  if (list === undefined) return;
  let old = 0;
  for (const text of list.split(/\r?\n/).filter(Boolean)) {
    const cash = canonicalAddress(text, BCH);
    assert.ok(cash.startsWith('bitcoincash:'));
    assert.equal(canonicalAddress(cash, BCH), cash);
    assert.equal(
      bytesToHex(addressToScript(cash, BCH)),
      bytesToHex(addressToScript(text, MAIN)),
      'the same script as on Bitcoin',
    );
    // What begins with 3 was Litecoin's form for P2SH too.
    if (!text.startsWith('3')) {
      assert.throws(() => addressToScript(text, LITECOIN), { code: 'CLEW_ADDRESS_NETWORK' });
      old += 1;
    }
    assert.throws(() => addressToScript(text, NETWORKS.dogecoin), { code: 'CLEW_ADDRESS_NETWORK' });
    assert.throws(() => addressToScript(cash, LITECOIN), { code: 'CLEW_ADDRESS_NETWORK' });
  }
  assert.ok(old > 3000, `${old}`);
});

test('5,000 real addresses of Litecoin and of Zcash: round trip, and refused elsewhere', (t) => {
  const litecoin = sharedFile(t, 'labels/ltc-addresses.txt')?.toString('utf8');
  const zcash = sharedFile(t, 'labels/zec-addresses.txt')?.toString('utf8');
  if (litecoin === undefined || zcash === undefined) return;
  for (const text of litecoin.split(/\r?\n/).filter(Boolean)) {
    const canonical = canonicalAddress(text, LITECOIN);
    assert.equal(canonicalAddress(canonical, LITECOIN), canonical);
    for (const name of ['dogecoin', 'dash'] as const) {
      assert.throws(() => addressToScript(text, NETWORKS[name]), { code: 'CLEW_ADDRESS_NETWORK' });
    }
    if (text.startsWith('3')) continue;
    assert.throws(() => addressToScript(text, BCH), { code: 'CLEW_ADDRESS_NETWORK' });
  }
  // Refusing is slow work: it looks at every chain that is known.
  for (const text of zcash.split(/\r?\n/).filter((line, i) => line && i % 10 === 0)) {
    for (const network of REAL_NETWORKS) {
      assert.throws(() => addressToScript(text, network), { code: 'CLEW_ADDRESS_NETWORK' });
    }
  }
});

test('the sanctions lists of Bitcoin Cash, Dash and Litecoin are read on their networks', (t) => {
  const lists = [
    ['BCH', 'bitcoincash'],
    ['DASH', 'dash'],
    ['LTC', 'litecoin'],
  ] as const;
  for (const [ticker, name] of lists) {
    const list = sharedFile(t, `attribution/ofac/${ticker}.txt`)?.toString('utf8');
    if (list === undefined) return;
    for (const text of list.split(/\r?\n/).filter(Boolean)) {
      const network = NETWORKS[name];
      const canonical = canonicalAddress(text, network);
      assert.equal(scriptToAddress(addressToScript(text, network), network), canonical);
    }
  }
});
