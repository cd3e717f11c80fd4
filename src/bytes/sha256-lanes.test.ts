import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { bytesToHex } from './hex.ts';
import { seededRandom } from './seeded-random.ts';
import { Sha256Lanes, sha256Lanes } from './sha256-lanes.hot.ts';
import { writeLanesModule } from './sha256-lanes-module.ts';
import { scalarLanes } from './sha256-lanes-scalar.hot.ts';

/** OpenSSL's answer. */
function expected(message: Uint8Array): string {
  return hash('sha256', hash('sha256', message, 'buffer'), 'hex');
}

const WAYS = [
  ['module', new Sha256Lanes()],
  ['scalar', new Sha256Lanes(scalarLanes())],
] as const;

test('the module stands on its own: valid, and nothing is given to it', () => {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: {
      Module: { new (bytes: Uint8Array): object; imports(module: object): unknown[] };
    };
  };
  const module = new WebAssembly.Module(writeLanesModule(65_536));
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test('the examples of FIPS 180-4', () => {
  // Digests as NIST's examples print them (SHA-256, one block and two); their hash is the second one's.
  const examples: readonly (readonly [string, string])[] = [
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ];
  for (const [way, lanes] of WAYS) {
    for (const [text, digest] of examples) {
      const bytes = new TextEncoder().encode(text);
      lanes.load(bytes, 1);
      lanes.addRange(0, 0, bytes.length);
      const twice = hash('sha256', Buffer.from(digest, 'hex'), 'hex');
      assert.equal(bytesToHex(lanes.finish(1)), twice, `${way}, ${bytes.length} bytes`);
    }
  }
});

test('every length from 0 to 700, alone and with three others', () => {
  const random = seededRandom('lanes-lengths');
  for (const [way, lanes] of WAYS) {
    for (let length = 0; length <= 700; length += 1) {
      const count = 1 + (length % 4);
      const bytes = random.bytes(count * length);
      lanes.load(bytes, count);
      for (let row = 0; row < count; row += 1) lanes.addRange(row, row * length, length);
      const results = lanes.finish(count).slice();
      for (let row = 0; row < count; row += 1) {
        assert.equal(
          bytesToHex(results.subarray(32 * row, 32 * row + 32)),
          expected(bytes.subarray(row * length, (row + 1) * length)),
          `${way}, ${length} bytes, row ${row} of ${count}`,
        );
      }
    }
  }
});

interface Message {
  readonly start: number;
  readonly coreStart: number;
  readonly coreEnd: number;
  readonly tail: number;
}

test('random batches of messages in parts, in any order of rows', () => {
  for (let round = 0; round < 30; round += 1) {
    const random = seededRandom(`lanes-batch-${round}`);
    const longest = random.pick([60, 300, 1500]);
    const messages: Message[] = [];
    let at = random.int(0, 9);
    const count = random.int(1, 200);
    for (let i = 0; i < count; i += 1) {
      const coreStart = at + 4 + random.pick([0, 2, 7]);
      const coreEnd = coreStart + random.int(0, longest);
      const tail = coreEnd + random.pick([0, 5, 120]);
      messages.push({ start: at, coreStart, coreEnd, tail });
      at = tail + 4 + random.pick([0, 0, 3]);
    }
    const source = random.bytes(at);
    const rows = random.shuffle(messages.map((_, row) => row));
    for (const [way, lanes] of WAYS) {
      lanes.load(source, count);
      for (const [i, { start, coreStart, coreEnd, tail }] of messages.entries()) {
        lanes.add(rows[i]!, start, coreStart, coreEnd, tail);
      }
      const results = lanes.finish(count).slice();
      for (const [i, { start, coreStart, coreEnd, tail }] of messages.entries()) {
        const whole = Buffer.concat([
          source.subarray(start, start + 4),
          source.subarray(coreStart, coreEnd),
          source.subarray(tail, tail + 4),
        ]);
        const row = rows[i]!;
        assert.equal(
          bytesToHex(results.subarray(32 * row, 32 * row + 32)),
          expected(whole),
          `${way}, seed ${random.seed}, message ${i}`,
        );
      }
    }
  }
});

test('what was begun and not finished leaves nothing behind', () => {
  const random = seededRandom('lanes-left');
  const [, lanes] = WAYS[0];
  const source = random.bytes(3000);
  lanes.load(source, 3);
  lanes.addRange(0, 0, 100);
  lanes.addRange(1, 100, 900);
  lanes.load(source, 1);
  lanes.addRange(0, 7, 101);
  assert.equal(bytesToHex(lanes.finish(1)), expected(source.subarray(7, 108)));
});

test('the memory grows with the block: 32 MB, and the last bytes of it count', () => {
  const random = seededRandom('lanes-large');
  const source = new Uint8Array(32 * 1024 * 1024);
  const end = random.bytes(1000);
  source.set(end, source.length - end.length);
  for (const [way, lanes] of WAYS) {
    lanes.load(source, 2);
    lanes.addRange(0, source.length - 250, 250);
    lanes.addRange(1, source.length - 1000, 750);
    const results = lanes.finish(2).slice();
    const first = expected(source.subarray(source.length - 250));
    const second = expected(source.subarray(source.length - 1000, source.length - 250));
    assert.equal(bytesToHex(results), first + second, way);
  }
});

test('a level of a Merkle tree, from 2 to 60 hashes, climbs to the hashes of its pairs', () => {
  for (const [way, lanes] of WAYS) {
    for (let count = 2; count <= 60; count += 2) {
      const random = seededRandom(`lanes-level-${count}`);
      const hashes = random.bytes(32 * count);
      const level = lanes.loadLevel(hashes, count);
      lanes.climb(count);
      for (let node = 0; node < count / 2; node += 1) {
        assert.equal(
          bytesToHex(level.subarray(32 * node, 32 * node + 32)),
          expected(hashes.subarray(64 * node, 64 * node + 64)),
          `${way}, seed ${random.seed}, node ${node}`,
        );
      }
    }
  }
});

test('a thread has one set of lanes', () => {
  assert.equal(sha256Lanes(), sha256Lanes());
});
