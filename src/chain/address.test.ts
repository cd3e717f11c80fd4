import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base58, bech32, bech32m } from '@scure/base';
import { OutScript, p2pkh, Address as TheirAddress } from '@scure/btc-signer';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { hash160, sha256d } from '../bytes/hash.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import { addressToScript, canonicalAddress, recogniseAddress, scriptToAddress } from './address.ts';
import { getNetwork, NETWORKS, type Network } from './network.ts';
import {
  multisigScript,
  opReturnScript,
  p2pkhScript,
  p2pkScript,
  p2shScript,
  witnessScript,
} from './script.ts';
import { parseBlock } from './transaction.ts';

const {
  main: MAIN,
  testnet3: TESTNET,
  signet: SIGNET,
  regtest: REGTEST,
  litecoin: LITECOIN,
} = NETWORKS;
const ALL = Object.values(NETWORKS);

function refusal(text: string, network: Network): ClewError {
  try {
    addressToScript(text, network);
  } catch (error) {
    if (error instanceof ClewError) return error;
    throw error;
  }
  return assert.fail(`accepted on ${network.name}: ${text}`);
}

function assertRefused(text: string, network: Network, code: ErrorCode, what = text): ClewError {
  const error = refusal(text, network);
  assert.equal(error.code, code, `${what}: ${error.message}`);
  return error;
}

interface KeyIo {
  chain: string;
  isPrivkey: boolean;
  tryCaseFlip?: boolean;
}
type KeyIoVector = [string, string, KeyIo];

const CORE_CHAINS: Record<string, readonly Network[]> = {
  main: [MAIN],
  test: [TESTNET],
  testnet4: [NETWORKS.testnet4],
  signet: [SIGNET],
  regtest: [REGTEST],
};

function flipCase(text: string): string {
  return text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase();
}

test('Core key_io_valid: every address has its script, and the script its address', (t) => {
  const vectors = sharedJson<KeyIoVector[]>(t, 'bitcoin/vectors/core/key_io_valid.json');
  if (vectors === undefined) return;
  let checked = 0;
  for (const [text, scriptHex, { chain, isPrivkey, tryCaseFlip }] of vectors) {
    if (isPrivkey) {
      const error = assertRefused(text, CORE_CHAINS[chain]![0]!, 'CLEW_ADDRESS_FORMAT');
      assert.match(error.message, /private key/);
      assert.ok(!error.message.includes(text), 'a key is never repeated');
      assert.deepEqual(recogniseAddress(text), []);
      continue;
    }
    for (const network of CORE_CHAINS[chain]!) {
      assert.equal(bytesToHex(addressToScript(text, network)), scriptHex, text);
      assert.equal(
        scriptToAddress(hexToBytes(scriptHex), network),
        text.toLowerCase() === text ? text : canonicalAddress(text, network),
      );
      assert.ok(
        recogniseAddress(text).some((found) => found.network === network.name),
        text,
      );
      if (tryCaseFlip) {
        assert.equal(bytesToHex(addressToScript(flipCase(text), network)), scriptHex, text);
        assert.equal(canonicalAddress(flipCase(text), network), text.toLowerCase());
      } else if (/^[123mn]/.test(text)) {
        assert.equal(canonicalAddress(text, network), text);
        assert.throws(() => addressToScript(flipCase(text), network), ClewError);
      }
    }
    checked += 1;
  }
  assert.ok(checked > 30);
});

test('Core key_io_invalid: refused on every network of Bitcoin', (t) => {
  const vectors = sharedJson<[string][]>(t, 'bitcoin/vectors/core/key_io_invalid.json');
  if (vectors === undefined) return;
  assert.ok(vectors.length > 50);
  for (const [text] of vectors) {
    for (const network of ALL) if (network !== LITECOIN) refusal(text, network);
    assert.ok(!recogniseAddress(text).some((found) => found.chain === 'BTC'), text);
  }
});

test('Litecoin key_io: accepted on Litecoin, refused on Bitcoin; bad ones refused', (t) => {
  const valid = sharedJson<KeyIoVector[]>(t, 'bitcoin/vectors/litecoin/key_io_valid.json');
  const invalid = sharedJson<[string][]>(t, 'bitcoin/vectors/litecoin/key_io_invalid.json');
  if (valid === undefined || invalid === undefined) return;
  let checked = 0;
  for (const [text, scriptHex, { chain, isPrivkey, tryCaseFlip }] of valid) {
    if (isPrivkey || chain !== 'main') continue;
    assert.equal(bytesToHex(addressToScript(text, LITECOIN)), scriptHex, text);
    assertRefused(text, MAIN, 'CLEW_ADDRESS_NETWORK');
    if (tryCaseFlip) {
      assert.equal(bytesToHex(addressToScript(flipCase(text), LITECOIN)), scriptHex, text);
    }
    checked += 1;
  }
  assert.ok(checked > 10);
  for (const [text] of invalid) refusal(text, LITECOIN);
});

test('bitcoinjs address vectors', (t) => {
  const vectors = sharedJson<{
    standard: {
      network: string;
      base58check?: string;
      bech32?: string;
      script: string;
      version: number;
      hash?: string;
      data?: string;
    }[];
    bech32: { address: string; version: number; prefix: string; data: string }[];
    invalid: {
      bech32: { address: string }[];
      toOutputScript: {
        address: string;
        network?: { bech32: string };
        paymentException?: string;
      }[];
    };
  }>(t, 'bitcoin/vectors/bitcoinjs/address.json');
  if (vectors === undefined) return;
  const names: Record<string, Network> = {
    bitcoin: MAIN,
    testnet: TESTNET,
    regtest: REGTEST,
    litecoin: LITECOIN,
  };
  for (const vector of vectors.standard) {
    const network = names[vector.network]!;
    const text = (vector.base58check ?? vector.bech32)!;
    const payload = (vector.hash ?? vector.data)!;
    const script = bytesToHex(addressToScript(text, network));
    assert.ok(script.includes(payload), text);
    const isHashed = vector.script.includes(payload);
    assert.ok(isHashed, text);
    const canonical = vector.base58check ?? text.toLowerCase();
    assert.equal(scriptToAddress(hexToBytes(script), network), canonical);
  }
  for (const { address, version, prefix, data } of vectors.bech32) {
    const network = prefix === 'bc' ? MAIN : TESTNET;
    const expected = bytesToHex(witnessScript(version, hexToBytes(data)));
    assert.equal(bytesToHex(addressToScript(address, network)), expected, address);
  }
  for (const { address } of vectors.invalid.bech32)
    for (const network of ALL) refusal(address, network);
  for (const { address, network, paymentException } of vectors.invalid.toOutputScript) {
    // Those of a made-up network are good elsewhere; a key off the curve is no fault of the address.
    if (network?.bech32 === 'foo' || paymentException !== undefined) continue;
    for (const each of ALL) refusal(address, each);
  }
});

test('base58 keys of bitcoinjs: good ones accepted, bad ones refused', (t) => {
  const valid = sharedJson<
    [string, string, { addrType?: string; isPrivkey: boolean; isTestnet: boolean }][]
  >(t, 'bitcoin/vectors/bitcoinjs/core/base58_keys_valid.json');
  const invalid = sharedJson<[string][]>(
    t,
    'bitcoin/vectors/bitcoinjs/core/base58_keys_invalid.json',
  );
  if (valid === undefined || invalid === undefined) return;
  for (const [text, payload, { addrType, isPrivkey, isTestnet }] of valid) {
    const network = isTestnet ? TESTNET : MAIN;
    if (isPrivkey) {
      assertRefused(text, network, 'CLEW_ADDRESS_FORMAT');
      continue;
    }
    const hash = hexToBytes(payload);
    const script = addrType === 'script' ? p2shScript(hash) : p2pkhScript(hash);
    assert.equal(bytesToHex(addressToScript(text, network)), bytesToHex(script), text);
    assertRefused(text, isTestnet ? MAIN : TESTNET, 'CLEW_ADDRESS_NETWORK');
  }
  for (const [text] of invalid) for (const network of [MAIN, TESTNET]) refusal(text, network);
});

test('BIP 341 wallet vectors: the address of each output', (t) => {
  const vectors = sharedJson<{
    scriptPubKey: { expected: { scriptPubKey: string; bip350Address: string } }[];
  }>(t, 'bitcoin/vectors/core/bip341_wallet_vectors.json');
  if (vectors === undefined) return;
  assert.ok(vectors.scriptPubKey.length > 0);
  for (const { expected } of vectors.scriptPubKey) {
    assert.equal(scriptToAddress(hexToBytes(expected.scriptPubKey), MAIN), expected.bip350Address);
    assert.equal(bytesToHex(addressToScript(expected.bip350Address, MAIN)), expected.scriptPubKey);
  }
});

test('recorded Esplora answers give the same addresses', (t) => {
  let compared = 0;
  for (const name of [
    'mempool-transactions-random',
    'mempool-transactions-rbfs',
    'recorded-pagination',
  ]) {
    const file = sharedFile(t, `esplora/${name}.json`);
    if (file === undefined) return;
    const pattern = /"scriptpubkey":\s*"([0-9a-f]*)"[^{}]*?"scriptpubkey_address":\s*"(\w+)"/g;
    for (const [, hex, address] of file.toString('utf8').replaceAll('\\"', '"').matchAll(pattern)) {
      assert.equal(scriptToAddress(hexToBytes(hex!), MAIN), address);
      compared += 1;
    }
  }
  assert.ok(compared > 100, `${compared}`);
});

test('5,000 real addresses of each chain: round trip on their own, refused on the other', (t) => {
  const lines = (name: string): string[] | undefined =>
    sharedFile(t, `labels/${name}-addresses.txt`)?.toString('utf8').split(/\r?\n/).filter(Boolean);
  const [btc, ltc, bch, zec] = ['btc', 'ltc', 'bch', 'zec'].map(lines);
  if (!btc || !ltc || !bch || !zec) return;
  for (const [texts, own, other] of [
    [btc, MAIN, LITECOIN],
    [ltc, LITECOIN, MAIN],
  ] as const) {
    assert.equal(texts.length, 5000);
    for (const text of texts) {
      assert.equal(canonicalAddress(text, own), text);
      // Litecoin once wrote P2SH as Bitcoin does: that spelling belongs to both.
      if (text.startsWith('3')) {
        assert.equal(canonicalAddress(text, other).startsWith('M'), other === LITECOIN);
        continue;
      }
      assertRefused(text, other, 'CLEW_ADDRESS_NETWORK');
    }
  }
  for (const text of bch)
    assert.equal(canonicalAddress(text, MAIN), text, 'the strings of Bitcoin');
  for (const text of zec.slice(0, 1000)) {
    const error = assertRefused(text, MAIN, 'CLEW_ADDRESS_NETWORK');
    assert.equal(error.facts['chain'], 'ZEC');
  }
});

test('addresses of real scripts are those of an independent library', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const codec = TheirAddress();
  let compared = 0;
  for (const { name, network, bytes } of blocks) {
    if (network !== MAIN || bytes.length < 5000) continue;
    const outputs = parseBlock(bytes, network).transactions.flatMap((tx) => tx.outputs);
    for (const { script } of outputs.filter((_, i) => i % 50 === 0)) {
      const ours = scriptToAddress(script, MAIN);
      if (ours === undefined) continue;
      const decoded = OutScript.decode(script);
      // The library gives a bare key no address; by our rule it has that of P2PKH.
      const theirs =
        decoded.type === 'pk' ? { type: 'pkh' as const, hash: hash160(decoded.pubkey) } : decoded;
      assert.equal(ours, codec.encode(theirs as never), name);
      compared += 1;
    }
  }
  assert.ok(compared > 600, `${compared}`);
});

test('the prevouts of published blocks have the addresses of an independent library', (t) => {
  const codec = TheirAddress();
  for (const height of [116928, 150013, 757753]) {
    const json = sharedFile(t, `bitcoin/prevouts/mainnet-${height}.json`);
    if (json === undefined) return;
    let compared = 0;
    for (const [, hex] of json.toString('utf8').matchAll(/"pk_script":\s*"0x([0-9a-f]+)"/g)) {
      const script = hexToBytes(hex!);
      const ours = scriptToAddress(script, MAIN);
      const decoded = OutScript.decode(script);
      if (ours === undefined) {
        assert.ok(['unknown', 'ms'].includes(decoded.type), hex);
        continue;
      }
      const theirs =
        decoded.type === 'pk' ? { type: 'pkh' as const, hash: hash160(decoded.pubkey) } : decoded;
      assert.equal(ours, codec.encode(theirs as never), hex);
      compared += 1;
    }
    assert.ok(compared > 20, `${height}: ${compared}`);
  }
});

test('every script with an address gives it back, on every network (seeded)', () => {
  const random = seededRandom('addresses');
  for (let i = 0; i < 500; i += 1) {
    const scripts = [
      p2pkhScript(random.bytes(20)),
      p2shScript(random.bytes(20)),
      witnessScript(0, random.bytes(random.pick([20, 32]))),
      witnessScript(random.int(1, 16), random.bytes(random.int(2, 40))),
    ];
    const network = random.pick(ALL);
    for (const script of scripts) {
      const isWitness = scripts.indexOf(script) >= 2;
      if (isWitness && network.bech32Prefix === undefined) {
        assert.equal(scriptToAddress(script, network), undefined);
        continue;
      }
      const text = scriptToAddress(script, network)!;
      assert.equal(bytesToHex(addressToScript(text, network)), bytesToHex(script), `round ${i}`);
      assert.equal(canonicalAddress(text, network), text);
    }
  }
});

test('one changed character is always noticed, and named as checksum, case, form or look-alike', () => {
  const random = seededRandom('typos');
  const codes = new Map<string, number>();
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  for (let i = 0; i < 1500; i += 1) {
    const script = random.chance(0.5)
      ? p2pkhScript(random.bytes(20))
      : witnessScript(1, random.bytes(32));
    const text = scriptToAddress(script, MAIN)!;
    const at = random.int(text.startsWith('bc1') ? 3 : 0, text.length - 1);
    const letter = random.pick([...letters].filter((each) => each !== text[at]));
    const wrong = text.slice(0, at) + letter + text.slice(at + 1);
    const error = refusal(wrong, MAIN);
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
    assert.deepEqual(recogniseAddress(wrong), [], `replay with round ${i}`);
  }
  assert.deepEqual([...codes.keys()].sort(), [
    'CLEW_ADDRESS_CHECKSUM',
    'CLEW_ADDRESS_LOOKALIKE',
    'CLEW_ADDRESS_MIXED_CASE',
  ]);
});

const P2PKH = '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2';
const SEGWIT = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
const TAPROOT = scriptToAddress(witnessScript(1, new Uint8Array(32).fill(7)), MAIN)!;

/** A segwit text by the codecs alone, so that what does not fit together can be written too. */
function segwitText(
  codec: typeof bech32 | typeof bech32m,
  version: number,
  program: Uint8Array,
  prefix = 'bc',
): string {
  return codec.encode(prefix, [version, ...bech32.toWords(program)]);
}
const H32 = new Uint8Array(32).fill(9);
/** 32 bytes in two words too many, and with a bit set behind the last byte. */
const EXTRA_WORD = bech32m.encode('bc', [1, ...bech32.toWords(H32), 0, 0]);
const LEFT_OVER_BIT = bech32m.encode('bc', [1, ...bech32.toWords(H32).with(51, 17)]);

test('each fault has its own code and says where it is', () => {
  const cases: [string, Network, ErrorCode, string][] = [
    ['', MAIN, 'CLEW_ADDRESS_FORMAT', 'nothing'],
    ['x', MAIN, 'CLEW_ADDRESS_FORMAT', 'too short'],
    ['hello world', MAIN, 'CLEW_ADDRESS_FORMAT', 'text'],
    [` ${P2PKH}`, MAIN, 'CLEW_ADDRESS_FORMAT', 'a blank before it'],
    ['1'.repeat(5000), MAIN, 'CLEW_ADDRESS_FORMAT', 'very long'],
    [`${P2PKH}'--`, MAIN, 'CLEW_ADDRESS_FORMAT', 'signs'],
    [P2PKH.slice(0, -1), MAIN, 'CLEW_ADDRESS_CHECKSUM', 'last character lost'],
    [`${P2PKH.slice(0, -1)}3`, MAIN, 'CLEW_ADDRESS_CHECKSUM', 'last character wrong'],
    [P2PKH.replace('W', 'w'), MAIN, 'CLEW_ADDRESS_CHECKSUM', 'case of a base58 letter'],
    [P2PKH.replace('M', '0'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'zero'],
    [P2PKH.replace('M', 'O'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'capital o'],
    [P2PKH.replace('M', 'I'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'capital i'],
    [P2PKH.replace('M', 'l'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'small L'],
    [P2PKH.replace('a', '\u0430'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'Cyrillic a'],
    [P2PKH.replace('B', '\u0392'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'Greek beta'],
    [P2PKH.replace('B', '\uff22'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'full-width B'],
    [`${P2PKH}\u200b`, MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'a blank of no width'],
    [P2PKH, TESTNET, 'CLEW_ADDRESS_NETWORK', 'mainnet on testnet'],
    [P2PKH, LITECOIN, 'CLEW_ADDRESS_NETWORK', 'Bitcoin on Litecoin'],
    [SEGWIT, SIGNET, 'CLEW_ADDRESS_NETWORK', 'mainnet on signet'],
    [
      'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
      REGTEST,
      'CLEW_ADDRESS_NETWORK',
      'tb on regtest',
    ],
    [SEGWIT.replace('8f3t4', '8f3t5'), MAIN, 'CLEW_ADDRESS_CHECKSUM', 'bech32 checksum'],
    [SEGWIT.slice(0, -1), MAIN, 'CLEW_ADDRESS_CHECKSUM', 'bech32 cut'],
    [SEGWIT.replace('w', 'W'), MAIN, 'CLEW_ADDRESS_MIXED_CASE', 'one capital'],
    [`BC1${SEGWIT.slice(3)}`, MAIN, 'CLEW_ADDRESS_MIXED_CASE', 'capital prefix'],
    [SEGWIT.replace('8d6', 'bd6'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'b in bech32'],
    [SEGWIT.replace('0c5', 'oc5'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'o in bech32'],
    [SEGWIT.replace('jx', 'ix'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'i in bech32'],
    [SEGWIT.replace('508', '518'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', '1 in bech32'],
    [SEGWIT.replace('e', '\u0435'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'Cyrillic e'],
    [SEGWIT.replace('bc1', 'bcl'), MAIN, 'CLEW_ADDRESS_LOOKALIKE', 'small L for the 1'],
    ['bc1', MAIN, 'CLEW_ADDRESS_FORMAT', 'prefix alone'],
    [`${SEGWIT}${'q'.repeat(60)}`, MAIN, 'CLEW_ADDRESS_FORMAT', 'longer than any bech32'],
    // What BIP 173 and BIP 350 list as invalid, made by the codecs; the published ones are read above.
    [segwitText(bech32, 1, H32), MAIN, 'CLEW_ADDRESS_VERSION', 'version 1 in bech32'],
    [segwitText(bech32m, 0, H32), MAIN, 'CLEW_ADDRESS_VERSION', 'version 0 in bech32m'],
    [segwitText(bech32m, 1, H32.subarray(31)), MAIN, 'CLEW_ADDRESS_VERSION', 'one byte'],
    [segwitText(bech32m, 1, new Uint8Array(41)), MAIN, 'CLEW_ADDRESS_VERSION', '41 bytes'],
    [segwitText(bech32m, 17, H32), MAIN, 'CLEW_ADDRESS_VERSION', 'version 17'],
    [
      segwitText(bech32, 0, new Uint8Array(16)),
      MAIN,
      'CLEW_ADDRESS_VERSION',
      'version 0, 16 bytes',
    ],
    [EXTRA_WORD, MAIN, 'CLEW_ADDRESS_VERSION', 'too much padding'],
    [LEFT_OVER_BIT, MAIN, 'CLEW_ADDRESS_VERSION', 'padding that is not zero'],
    [segwitText(bech32m, 1, H32, 'tc'), MAIN, 'CLEW_ADDRESS_FORMAT', 'unknown prefix'],
  ];
  for (const [text, network, code, what] of cases) assertRefused(text, network, code, what);
  const wrong = refusal(P2PKH.replace('M', 'O'), MAIN);
  assert.deepEqual(wrong.facts, { position: 5, character: 'U+004F' });
  const cyrillic = refusal(SEGWIT.replace('e', '\u0435'), MAIN);
  assert.deepEqual(cyrillic.facts, { position: 12, character: 'U+0435' });
});

test('an address of another chain is refused with the name of that chain', () => {
  const cases: [string, string][] = [
    // EIP-55, and the examples of each project's own documentation.
    ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 'ETH'],
    ['bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', 'BCH'],
    ['rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh', 'XRP'],
  ];
  for (const [text, chain] of cases) {
    assert.equal(assertRefused(text, MAIN, 'CLEW_ADDRESS_NETWORK').facts['chain'], chain);
  }
  const litecoinText = scriptToAddress(p2pkhScript(new Uint8Array(20)), LITECOIN)!;
  const ltc = assertRefused(litecoinText, MAIN, 'CLEW_ADDRESS_NETWORK');
  assert.equal(ltc.facts['networks'], 'litecoin');
  // A good checksum under a version byte that nobody claims.
  const body = Uint8Array.of(0xf0, ...new Uint8Array(20));
  const nobody = base58.encode(Uint8Array.of(...body, ...sha256d(body).subarray(0, 4)));
  assert.equal(assertRefused(nobody, MAIN, 'CLEW_ADDRESS_NETWORK').facts['chain'], null);
});

test('scripts without an address have none', () => {
  const key = hexToBytes('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
  for (const script of [
    multisigScript(1, [key]),
    opReturnScript(key),
    new Uint8Array(0),
    hexToBytes('51'),
    hexToBytes(`0015${'11'.repeat(21)}`),
  ]) {
    assert.equal(scriptToAddress(script, MAIN), undefined);
  }
  assert.equal(scriptToAddress(p2pkScript(key), MAIN), p2pkh(key).address);
});

test('an upper-case bech32 address becomes lower case, Litecoin P2SH gets its own letter', () => {
  assert.equal(canonicalAddress(SEGWIT.toUpperCase(), MAIN), SEGWIT);
  assert.equal(canonicalAddress(TAPROOT.toUpperCase(), MAIN), TAPROOT);
  const legacy = scriptToAddress(p2shScript(new Uint8Array(20)), MAIN)!;
  const modern = canonicalAddress(legacy, LITECOIN);
  assert.ok(legacy.startsWith('3') && modern.startsWith('M'));
  assert.equal(
    bytesToHex(addressToScript(modern, LITECOIN)),
    bytesToHex(addressToScript(legacy, MAIN)),
  );
});

test('an address names all our networks that it fits', () => {
  const networks = (text: string): (string | undefined)[] =>
    recogniseAddress(text).map((found) => found.network);
  assert.deepEqual(networks(P2PKH), ['main', 'bitcoincash']);
  assert.deepEqual(networks(SEGWIT), ['main']);
  assert.deepEqual(networks('tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx'), [
    'testnet3',
    'testnet4',
    'signet',
  ]);
  assert.deepEqual(networks('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn'), [
    'testnet3',
    'testnet4',
    'signet',
    'regtest',
    'litecoin-regtest',
    'dogecoin-regtest',
    'bitcoincash-regtest',
  ]);
  assert.deepEqual(networks(scriptToAddress(p2shScript(new Uint8Array(20)), getNetwork('main'))!), [
    'main',
    'litecoin',
    'bitcoincash',
  ]);
  assert.deepEqual(networks('not an address'), []);
});
