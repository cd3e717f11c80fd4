/** Expected: every script found by its hash and every address by its beginning, compared with a look at all of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { scriptToAddress } from '../chain/address.ts';
import { getNetwork, type Network } from '../chain/network.ts';
import {
  classifyScript,
  p2pkhScript,
  p2pkScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wshScript,
  witnessScript,
} from '../chain/script.ts';
import { NONE } from '../units/ids.ts';
import { FlowIndex, UNSPENT } from './flow-index.ts';
import { SearchIndex } from './search-index.ts';
import { findScriptByHash, SCRIPT_HASHES } from './search-index-hash.ts';
import { ADDRESS_PREFIXES, payloadRanges, searchAddresses } from './search-index-prefix.ts';

const folder = temporaryFolder('search');
const MAIN = getNetwork('main');

function randomScript(random: SeededRandom): Uint8Array {
  const hash20 = random.bytes(20);
  // Base58 writes zeros in front as ones: some of those.
  for (let i = random.int(0, 40); i < 3; i += 1) hash20[i] = 0;
  const hash32 = random.bytes(32);
  switch (random.int(0, 8)) {
    case 0:
      return p2pkScript(Uint8Array.of(2, ...hash32));
    case 1:
      return p2shScript(hash20);
    case 2:
      return p2wpkhScript(hash20);
    case 3:
      return p2wshScript(hash32);
    case 4:
      return p2trScript(hash32);
    case 5:
      return witnessScript(random.int(1, 16), random.bytes(random.int(2, 40)));
    case 6:
      return random.bytes(random.int(1, 50));
    default:
      return p2pkhScript(hash20);
  }
}

/** Blocks of a few transactions; a seed for each block says what is in it. */
function flowOf(blockSeeds: readonly string[], network: Network = MAIN): FlowIndex {
  const flow = FlowIndex.inMemory(network);
  for (const [height, seed] of blockSeeds.entries()) {
    const random = seededRandom(seed);
    flow.addBlock(height, 1_600_000_000 + height);
    for (let tx = random.int(1, 6); tx > 0; tx -= 1) {
      flow.addTx(0, random.bytes(32), 0);
      for (let n = random.int(1, 8); n > 0; n -= 1) {
        const bytes = randomScript(random);
        const kind = classifyScript(bytes, 0, bytes.length);
        flow.addOutput(1, flow.addScript(kind, bytes, 0, bytes.length), UNSPENT);
      }
      flow.endTx();
    }
  }
  return flow;
}

const seeds = (count: number, branch = 'a', from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `${i < from ? 'a' : branch}-${i}`);

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function takeAllIn(index: SearchIndex, flow: FlowIndex): void {
  index.use(flow);
  while (!index.advance(flow, 1));
  assert.ok(index.use(flow));
  assert.equal(index.covered, flow.scriptCount);
}

function checkHashes(index: SearchIndex, flow: FlowIndex): void {
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const bytes = flow.scripts.read(script);
    const found = findScriptByHash(index, flow, sha256(bytes));
    assert.equal(bytesToHex(flow.scripts.read(found)), bytesToHex(bytes));
  }
  assert.equal(findScriptByHash(index, flow, sha256(Uint8Array.of(1, 2, 3, 4, 5, 6))), NONE);
}

test('every script is found by its hash: in memory, on the disk, opened again', () => {
  const flow = flowOf(seeds(60));
  const inMemory = new SearchIndex(SCRIPT_HASHES, undefined);
  takeAllIn(inMemory, flow);
  checkHashes(inMemory, flow);
  const place = join(folder, 'hashes');
  for (let round = 0; round < 2; round += 1) {
    const index = new SearchIndex(SCRIPT_HASHES, place);
    takeAllIn(index, flow);
    checkHashes(index, flow);
    index.close();
  }
});

test('after blocks were undone, at any depth, the index is that of the new branch', () => {
  const random = seededRandom('search-undo');
  const index = new SearchIndex(SCRIPT_HASHES, undefined);
  let branch = seeds(40);
  for (let round = 0; round < 12; round += 1) {
    const flow = flowOf(branch);
    takeAllIn(index, flow);
    checkHashes(index, flow);
    const kept = random.int(round === 7 ? 0 : 1, branch.length - 1);
    const added = random.int(1, 30);
    branch = [
      ...branch.slice(0, kept),
      ...Array.from({ length: added }, (_, i) => `round-${round}-${i}`),
    ];
  }
});

test('a large index is kept between runs, and taken back to the fork', () => {
  const place = join(folder, 'kept');
  const many = flowOf(seeds(2_500));
  assert.ok(many.scriptCount > 20_000);
  const first = new SearchIndex(SCRIPT_HASHES, place);
  takeAllIn(first, many);
  first.close();
  const files = readdirSync(join(place, 'search', 'script-hash'));
  assert.ok(files.includes('search.json'), files.join());
  // The same state: nothing is left to do. Fewer blocks, then others: what is common stays.
  const second = new SearchIndex(SCRIPT_HASHES, place);
  assert.ok(second.use(many));
  const forked = flowOf([...seeds(2_400), 'x', 'y', 'z']);
  assert.equal(second.use(forked), false);
  takeAllIn(second, forked);
  for (const script of [0, 17, forked.scriptCount - 1]) {
    const hash = sha256(forked.scripts.read(script));
    assert.equal(findScriptByHash(second, forked, hash), script);
  }
  second.close();
  // A ledger that begins elsewhere, and a damaged file: made anew.
  const other = flowOf(['other', ...seeds(20)]);
  const third = new SearchIndex(SCRIPT_HASHES, place);
  takeAllIn(third, other);
  checkHashes(third, other);
  third.close();
  writeFileSync(join(place, 'search', 'script-hash', 'search.json'), '{"format":"clew-search/1"');
  const fourth = new SearchIndex(SCRIPT_HASHES, place);
  takeAllIn(fourth, other);
  checkHashes(fourth, other);
  fourth.close();
});

test('a damaged run is made again', () => {
  const place = join(folder, 'damaged');
  const flow = flowOf(seeds(2_200));
  const first = new SearchIndex(SCRIPT_HASHES, place);
  takeAllIn(first, flow);
  first.close();
  const inner = join(place, 'search', 'script-hash');
  const run = readdirSync(inner).find((name) => name.endsWith('.run'))!;
  const bytes = readFileSync(join(inner, run));
  bytes[40]! ^= 0xff;
  writeFileSync(join(inner, run), bytes);
  const second = new SearchIndex(SCRIPT_HASHES, place);
  takeAllIn(second, flow);
  const hash = sha256(flow.scripts.read(5));
  assert.equal(findScriptByHash(second, flow, hash), 5);
  second.close();
});

test('addresses by their beginning: those that a look at all of them finds', () => {
  for (const name of ['main', 'regtest', 'litecoin'] as const) {
    const network = getNetwork(name);
    const flow = flowOf(seeds(300, name), network);
    for (const place of [undefined, join(folder, `prefix-${name}`)]) {
      const index = new SearchIndex(ADDRESS_PREFIXES, place);
      takeAllIn(index, flow);
      const addresses = new Set<string>();
      for (let script = 0; script < flow.scriptCount; script += 1) {
        // A bare key is named by another script's address, under which it is not searched.
        if (flow.scriptKind.at(script) === 1) continue;
        const address = scriptToAddress(flow.scripts.read(script), network);
        if (address !== undefined) addresses.add(address);
      }
      const all = [...addresses].sort();
      const random = seededRandom(`prefix-${name}`);
      for (let round = 0; round < 400; round += 1) {
        const address = all[random.int(0, all.length - 1)]!;
        const prefix = address.slice(0, random.int(1, address.length));
        const matching = all.filter((each) => each.startsWith(prefix));
        const found = searchAddresses(index, flow, prefix, 10);
        if (matching.length <= 10) assert.deepEqual(found, matching, prefix);
        else {
          assert.equal(found.length, 10, prefix);
          for (const each of found) assert.ok(each.startsWith(prefix) && addresses.has(each));
        }
      }
      index.close();
    }
  }
});

test('beginnings that no address has', () => {
  for (const prefix of ['0', 'I', 'l', 'O', 'bc1b', 'bc1qi', 'tb1', '7', 'é', '2', 'ltc1q']) {
    assert.deepEqual(payloadRanges(prefix, MAIN), [], prefix);
  }
  assert.equal(payloadRanges('1'.repeat(25), MAIN).length, 1);
  assert.deepEqual(payloadRanges('1'.repeat(26), MAIN), []);
  assert.deepEqual(payloadRanges('1'.repeat(90), MAIN), []);
});
