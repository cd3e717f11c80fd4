import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitBlockFile } from '../../test/support/real-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { hexToBytes } from '../bytes/hex.ts';
import { type HeaderTimes, nextBits, retarget, retargetInterval } from './difficulty.ts';
import { parseHeader } from './header.ts';
import { getNetwork, NETWORKS, type Network } from './network.ts';

const MAIN = getNetwork('main');

test('intervals', () => {
  assert.equal(retargetInterval(MAIN), 2016);
  assert.equal(retargetInterval(NETWORKS.litecoin), 2016);
  assert.equal(retargetInterval(NETWORKS.regtest), 144);
});

test('every retarget of Bitcoin up to height 832,608', (t) => {
  const headers = sharedJson<Record<string, string>>(t, 'bitcoin/headers/retarget-headers.json');
  if (headers === undefined) return;
  const at = (height: number): HeaderTimes | undefined => {
    const hex = headers[height];
    return hex === undefined ? undefined : parseHeader(hexToBytes(hex));
  };
  let checked = 0;
  for (let height = 2016; height <= 832_608; height += 2016) {
    const header = at(height)!;
    const expected = nextBits({ height, time: header.time, network: MAIN, headerAt: at });
    assert.equal(expected, header.bits, `height ${height}`);
    checked += 1;
  }
  assert.equal(checked, 413);
});

/** Every header of the file against the rules, as far as the file reaches back. */
function checkChain(file: Uint8Array, firstHeight: number, network: Network): number {
  const headers: HeaderTimes[] = [];
  for (let at = 0; at < file.length; at += 80) headers.push(parseHeader(file, at));
  let checked = 0;
  for (const [i, header] of headers.entries()) {
    const bits = nextBits({
      height: firstHeight + i,
      time: header.time,
      network,
      headerAt: (height) => headers[height - firstHeight],
    });
    if (bits === undefined) continue;
    assert.equal(bits, header.bits, `${network.name} ${firstHeight + i}`);
    checked += 1;
  }
  return checked;
}

test('whole chains of headers name the target that the rules give', (t) => {
  const early = sharedFile(t, 'bitcoin/headers/mainnet-0-10236.bin');
  const late = sharedFile(t, 'bitcoin/headers/mainnet-822528-830592.bin');
  const signet = sharedFile(t, 'bitcoin/headers/signet-0-2015.bin');
  if (!early || !late || !signet) return;
  assert.equal(checkChain(early, 0, MAIN), 10_236);
  assert.equal(checkChain(late, 822_528, MAIN), 8064);
  assert.equal(checkChain(signet, 0, NETWORKS.signet), 2015);
});

test('a real regtest chain never changes its target, also over an interval', (t) => {
  const file = sharedFile(t, 'coinjoin/wasabi2-emulated/blk00000.dat');
  if (file === undefined) return;
  const blocks = splitBlockFile('regtest', file, NETWORKS.regtest);
  const headers = Buffer.concat(blocks.map((block) => block.bytes.subarray(0, 80)));
  assert.equal(checkChain(headers, 0, NETWORKS.regtest), 323);
});

test('a header that is missing makes the answer unknown, not a guess', () => {
  const headerAt = (height: number): HeaderTimes | undefined =>
    height === 2015 ? { time: 5, bits: 0x1d00ffff } : undefined;
  assert.equal(nextBits({ height: 2016, time: 9, network: MAIN, headerAt }), undefined);
  assert.equal(nextBits({ height: 3000, time: 9, network: MAIN, headerAt }), undefined);
});

test('retargets at the limits, as in the unit tests of Bitcoin Core (pow_tests)', () => {
  // get_next_work, get_next_work_pow_limit, get_next_work_lower_limit_actual, get_next_work_upper_limit_actual
  assert.equal(retarget(0x1d00ffff, 1262152739 - 1261130161, MAIN), 0x1d00d86a);
  assert.equal(retarget(0x1d00ffff, 1233061996 - 1231006505, MAIN), 0x1d00ffff);
  assert.equal(retarget(0x1c05a3f4, 1279297671 - 1279008237, MAIN), 0x1c0168fd);
  assert.equal(retarget(0x1c387f6f, 1269211443 - 1263163443, MAIN), 0x1d00e1fd);
  assert.equal(retarget(0x1c387f6f, -5, MAIN), 0x1c0e1fdb, 'time that runs backwards');
});

/** A chain in which each block takes `spacing` seconds, with bits by height. */
function chain(spacing: number, bitsAt: (height: number) => number) {
  return (height: number): HeaderTimes | undefined =>
    height < 0 ? undefined : { time: 1_600_000_000 + spacing * height, bits: bitsAt(height) };
}

test('testnet3: twenty minutes without a block allow the easiest target, for that block alone', () => {
  const real = 0x1c00ffff;
  const easy = 0x1d00ffff;
  const headerAt = chain(600, (height) => (height % 2016 > 5 && height % 2016 < 9 ? easy : real));
  const network = NETWORKS.testnet3;
  const parent = headerAt(4038)!;
  assert.equal(parent.bits, easy);
  const ask = (wait: number): number | undefined =>
    nextBits({ height: 4039, time: parent.time + wait, network, headerAt });
  assert.equal(ask(1201), easy);
  assert.equal(ask(1200), real, 'else that of the last block which was not easy');
  const main = nextBits({ height: 4039, time: parent.time + 9999, network: MAIN, headerAt });
  assert.equal(main, easy, 'mainnet just keeps it');
});

test('testnet3: the search for a real target ends at the start of the interval', () => {
  const easy = 0x1d00ffff;
  const headerAt = chain(600, (height) => (height >= 4032 ? easy : 0x1c00ffff));
  const time = headerAt(4040)!.time;
  assert.equal(nextBits({ height: 4041, time, network: NETWORKS.testnet3, headerAt }), easy);
});

test('a retarget after an easy last block: testnet3 starts from it, testnet4 from the first (BIP 94)', () => {
  const real = 0x1c00ffff;
  const easy = 0x1d00ffff;
  // 2015 spacings instead of 2016, so the target falls by 2015/2016.
  const headerAt = chain(600, (height) => (height === 4031 ? easy : real));
  const time = headerAt(4031)!.time + 600;
  const bits = (network: Network): number | undefined =>
    nextBits({ height: 4032, time, network, headerAt });
  assert.equal(bits(NETWORKS.testnet3), retarget(easy, 2015 * 600, NETWORKS.testnet3));
  assert.equal(bits(NETWORKS.testnet4), retarget(real, 2015 * 600, NETWORKS.testnet4));
  assert.notEqual(bits(NETWORKS.testnet3), bits(NETWORKS.testnet4));
});

test('Litecoin measures 2,016 spacings, but 2,015 the first time', () => {
  const network = NETWORKS.litecoin;
  // Only the last spacing is long, so what is measured shows in the sum.
  const headerAt = (height: number): HeaderTimes | undefined =>
    height < 0 ? undefined : { time: 1_400_000_000 + 100 * height, bits: 0x1d00ffff };
  const time = 1_500_000_000;
  const first = nextBits({ height: 2016, time, network, headerAt });
  const second = nextBits({ height: 4032, time, network, headerAt });
  assert.equal(first, retarget(0x1d00ffff, 201_500, network));
  assert.equal(second, retarget(0x1d00ffff, 201_600, network));
  assert.notEqual(first, second);
});
