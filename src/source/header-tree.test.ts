import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EASY_BITS,
  HARD_BITS,
  type MinedBlock,
  mineBlock,
  mineChain,
  REGTEST_GENESIS,
} from '../../test/support/mined-blocks.ts';
import { sharedFile } from '../../test/support/shared-data.ts';
import { displayToHash } from '../bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { bip34Height, headerHash, parseHeader } from '../chain/header.ts';
import { getNetwork } from '../chain/network.ts';
import type { ErrorCode, ErrorFacts } from '../errors.ts';
import { type BlockWindow, type LinkOptions, linkBlocks } from './header-tree.ts';
import { NO_HEIGHT, ScannedBlocks } from './scanned-blocks.ts';

interface Linked {
  hashes: string[];
  heights: number[];
  windows: readonly BlockWindow[];
  stale: string[];
  findings: { code: ErrorCode; facts: ErrorFacts }[];
}

type Bytes = Pick<MinedBlock, 'bytes'>;

function link(
  blocks: readonly Bytes[],
  options: Omit<LinkOptions, 'report'> & { cut?: ReadonlySet<Bytes>; network?: 'main' } = {},
): Linked {
  const scanned = new ScannedBlocks();
  const fileRow = scanned.addFile('/blk00000.dat', 8);
  for (const [i, block] of blocks.entries()) {
    const { bytes } = block;
    const { time, bits } = parseHeader(bytes);
    scanned.add({
      hash: headerHash(bytes),
      prevHash: bytes.subarray(4, 36),
      timeSeconds: time,
      bits,
      coinbaseHeight: bip34Height(bytes) ?? NO_HEIGHT,
      fileRow,
      offsetBytes: 1000 * i + 8,
      lengthBytes: bytes.length,
      isWhole: !options.cut?.has(block),
    });
  }
  const findings: Linked['findings'] = [];
  const { rows, heights, windows, staleRows } = linkBlocks(
    scanned,
    getNetwork(options.network ?? 'regtest'),
    { ...options, report: (code, _message, facts) => findings.push({ code, facts }) },
  );
  return {
    hashes: Array.from(rows, (row) => scanned.hashOf(row)),
    heights: Array.from(rows, (row) => heights[row]!),
    windows,
    stale: staleRows.map((row) => scanned.hashOf(row)),
    findings,
  };
}

const codes = ({ findings }: Linked): string[] => findings.map(({ code }) => code);

/** A chain with branches here and there, some of them short and hard. */
function randomTree(random: SeededRandom): MinedBlock[] {
  const blocks: MinedBlock[] = [REGTEST_GENESIS];
  const count = random.int(5, 40);
  while (blocks.length <= count) {
    const parent = random.chance(0.7) ? blocks.at(-1)! : random.pick(blocks);
    const plan = { prevHash: parent.hash, height: parent.height + 1, extra: random.bytes(8) };
    blocks.push(mineBlock({ ...plan, bits: random.chance(0.15) ? HARD_BITS : EASY_BITS }));
  }
  return blocks;
}

/** The slow way: the work of every block by following its parents, one by one. */
function heaviestChain(blocks: readonly MinedBlock[]): { best: MinedBlock[]; isTie: boolean } {
  const byHash = new Map(blocks.map((block) => [block.hash, block]));
  const pathTo = (tip: MinedBlock): MinedBlock[] => {
    const path: MinedBlock[] = [];
    for (let at: MinedBlock | undefined = tip; at; at = byHash.get(at.prevHash)) path.push(at);
    return path.reverse();
  };
  const workOf = ({ bits }: MinedBlock): number => (bits === HARD_BITS ? 32 : 2);
  const works = blocks.map((tip) => pathTo(tip).reduce((sum, block) => sum + workOf(block), 0));
  const most = Math.max(...works);
  return {
    best: pathTo(blocks[works.indexOf(most)]!),
    isTie: works.filter((work) => work === most).length > 1,
  };
}

test('in whatever order blocks are met, the branch with most work is the chain', () => {
  let compared = 0;
  for (let seed = 0; seed < 150; seed += 1) {
    const random = seededRandom(`tree ${seed}`);
    const blocks = randomTree(random);
    const { best, isTie } = heaviestChain(blocks);
    if (isTie) continue;
    compared += 1;
    for (let order = 0; order < 3; order += 1) {
      const linked = link(random.shuffle(blocks));
      const context = `seed tree ${seed}, order ${order}`;
      assert.deepEqual(
        linked.hashes,
        best.map(({ hash }) => hash),
        context,
      );
      assert.deepEqual(
        linked.heights,
        best.map(({ height }) => height),
        context,
      );
      assert.deepEqual(linked.windows, [{ heightMin: 0, heightMax: best.length - 1 }], context);
      const off = blocks.filter((block) => !best.includes(block)).map(({ hash }) => hash);
      assert.deepEqual(linked.stale.toSorted(), off.toSorted(), context);
      assert.deepEqual(
        codes(linked),
        off.map(() => 'CLEW_BLOCK_STALE'),
        context,
      );
    }
  }
  assert.ok(compared > 60, `only ${compared} trees without a tie`);
});

test('a short branch with more work beats a long one', () => {
  const long = mineChain(6);
  const short = mineBlock({ prevHash: long[2]!.hash, height: 3, bits: HARD_BITS });
  const linked = link([...long, short]);
  assert.deepEqual(
    linked.hashes,
    [...long.slice(0, 3), short].map(({ hash }) => hash),
  );
  assert.deepEqual(
    linked.stale,
    long.slice(3).map(({ hash }) => hash),
  );
});

test('between equals the first met wins, unless a ledger follows the other', () => {
  const chain = mineChain(3);
  const other = mineBlock({ prevHash: chain[2]!.hash, height: 3, extra: Uint8Array.of(1) });
  assert.equal(link([...chain, other]).hashes.at(-1), chain[3]!.hash);
  assert.equal(link([other, ...chain]).hashes.at(-1), other.hash);
  const tipHash = displayToHash(other.hash);
  assert.equal(link([...chain, other], { tipHash }).hashes.at(-1), other.hash);
  const unknown = displayToHash('77'.repeat(32));
  assert.equal(link([...chain, other], { tipHash: unknown }).hashes.at(-1), chain[3]!.hash);
  // More work wins all the same.
  const next = mineBlock({ prevHash: chain[3]!.hash, height: 4 });
  assert.equal(link([...chain, other, next], { tipHash }).hashes.at(-1), next.hash);
});

test('missing blocks leave windows at the heights that coinbases name', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(`gaps ${seed}`);
    const chain = mineChain(random.int(4, 30));
    const kept = chain.filter(({ height }) => height > 0 && random.chance(0.7));
    if (kept.length === 0) continue;
    const linked = link(random.shuffle(kept));
    assert.deepEqual(
      linked.heights,
      kept.map(({ height }) => height),
      `seed gaps ${seed}`,
    );
    const starts = kept.filter(({ height }, i) => kept[i - 1]?.height !== height - 1);
    assert.deepEqual(
      linked.windows.map(({ heightMin }) => heightMin),
      starts.map(({ height }) => height),
    );
    assert.deepEqual(
      linked.findings.map(({ code, facts }) => [code, facts['height'], facts['isLeftOut']]),
      starts.slice(1).map(({ height }) => ['CLEW_BLOCK_UNLINKED', height, false]),
    );
  }
});

test('blocks without a height are left out, or begin at the height that the user gave', () => {
  const chain = mineChain(9, { version: 1 });
  const middle = chain.slice(3, 6);
  const late = chain.slice(9);
  const linked = link([...late, ...middle]);
  assert.deepEqual(linked.hashes, []);
  assert.deepEqual(
    linked.findings.map(({ code, facts }) => [code, facts['blocks'], facts['isLeftOut']]),
    [
      ['CLEW_BLOCK_UNLINKED', 1, true],
      ['CLEW_BLOCK_UNLINKED', 3, true],
    ],
  );
  // The height is that of the earliest ones by their time.
  const given = link([...late, ...middle], { height: 3 });
  assert.deepEqual(given.heights, [3, 4, 5]);
  assert.deepEqual(codes(given), ['CLEW_BLOCK_UNLINKED']);
  assert.deepEqual(link(chain).heights.length, 10, 'from the genesis block no height is needed');
});

test('a given height must not contradict what the blocks say', () => {
  const tail = mineChain(6).slice(3);
  assert.deepEqual(link(tail, { height: 3 }).heights, [3, 4, 5, 6]);
  assert.throws(() => link(tail, { height: 4 }), {
    code: 'CLEW_HEIGHT_CONFLICT',
    facts: {
      height: 4,
      knownHeight: 3,
      file: '/blk00000.dat',
      offset: 0,
      hash: tail[0]!.hash,
    },
  });
});

test('most coinbases decide about a height, and the one that says otherwise is named', () => {
  const chain = mineChain(3);
  const liar = mineBlock({ prevHash: chain[3]!.hash, height: 4, coinbaseHeight: 99 });
  const last = mineBlock({ prevHash: liar.hash, height: 5 });
  for (const blocks of [
    [...chain, liar, last],
    [...chain.slice(2), liar, last],
  ]) {
    const linked = link(blocks);
    assert.deepEqual(linked.heights.at(-1), 5);
    assert.deepEqual(
      linked.findings.map(({ code, facts }) => [code, facts['height'], facts['coinbaseHeight']]),
      [['CLEW_HEIGHT_CONFLICT', 4, 99]],
    );
  }
  const undecided = link([liar, last]);
  assert.deepEqual(undecided.hashes, []);
  assert.deepEqual(codes(undecided), ['CLEW_HEIGHT_CONFLICT']);
  // A height that no chain reaches is none.
  const absurd = mineBlock({ prevHash: '22'.repeat(32), height: 7, coinbaseHeight: 486_604_799 });
  assert.deepEqual(codes(link([absurd])), ['CLEW_BLOCK_UNLINKED']);
});

test('of two windows that claim the same heights the one with less work is left out', () => {
  const chain = mineChain(6);
  const foreign = mineBlock({ prevHash: '33'.repeat(32), height: 4 });
  const beyond = mineBlock({ prevHash: '44'.repeat(32), height: 7 });
  const later = mineBlock({ prevHash: '55'.repeat(32), height: 8 });
  const linked = link([foreign, beyond, later, ...chain]);
  // `beyond` names another parent at height 6, so it contradicts the chain; what `later` links to is not known.
  assert.deepEqual(linked.heights, [0, 1, 2, 3, 4, 5, 6, 8]);
  assert.deepEqual(
    linked.findings.map(({ code, facts }) => [code, facts['height']]),
    [
      ['CLEW_HEIGHT_CONFLICT', 4],
      ['CLEW_HEIGHT_CONFLICT', 7],
      ['CLEW_BLOCK_UNLINKED', 8],
    ],
  );
});

test('a block that the next window contradicts is stale: the work above it decides', () => {
  const chain = mineChain(9, { extra: Uint8Array.of(1) });
  const branch = mineBlock({ prevHash: chain[4]!.hash, height: 5 });
  const upper = chain.slice(6);
  // The ledger's files end with a stale block at height 5, and go on from 6: its parent is missing.
  const linked = link([...chain.slice(0, 5), branch, ...upper]);
  assert.deepEqual(linked.heights, [0, 1, 2, 3, 4, 6, 7, 8, 9]);
  assert.deepEqual(linked.stale, [branch.hash]);
  assert.deepEqual(codes(linked), ['CLEW_BLOCK_UNLINKED', 'CLEW_BLOCK_STALE']);
  // Two stale blocks, four above them; and the whole lower window is stale when it is short.
  const second = mineBlock({ prevHash: branch.hash, height: 6 });
  assert.deepEqual(link([...chain.slice(0, 5), branch, second, ...upper]).heights, linked.heights);
  assert.deepEqual(link([branch, second, ...upper]).heights, [6, 7, 8, 9]);
  // A single block does not push the tip aside.
  const lone = link([...chain.slice(0, 5), branch, upper[0]!]);
  assert.deepEqual(lone.heights, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(codes(lone), ['CLEW_HEIGHT_CONFLICT']);
});

test('a block of which only the header is there links its children but is no block of the chain', () => {
  const chain = mineChain(6, { version: 1 });
  const linked = link(chain, { cut: new Set([chain[3]!]) });
  assert.deepEqual(linked.heights, [0, 1, 2, 4, 5, 6]);
  assert.deepEqual(linked.windows, [
    { heightMin: 0, heightMax: 2 },
    { heightMin: 4, heightMax: 6 },
  ]);
  const atTip = link(chain, { cut: new Set([chain[6]!]) });
  assert.deepEqual(atTip.heights, [0, 1, 2, 3, 4, 5]);
  // A whole copy takes the place of a cut one, before or after it.
  const copy = { ...chain[3]! };
  const cut = new Set([chain[3]!]);
  assert.equal(link([...chain, copy], { cut }).heights.length, 7);
  assert.equal(link([copy, ...chain], { cut }).heights.length, 7);
});

test('mainnet headers link, and a real stale block is seen as one', (t) => {
  const headers = sharedFile(t, 'bitcoin/headers/mainnet-822528-830592.bin');
  const stale = sharedFile(t, 'bitcoin/headers/stale-823226.bin');
  if (headers === undefined || stale === undefined) return;
  const blocks: Bytes[] = [];
  for (let at = 0; at < headers.length; at += 80) {
    blocks.push({ bytes: headers.subarray(at, at + 80) });
  }
  const random = seededRandom('mainnet headers');
  const linked = link(random.shuffle([...blocks, { bytes: stale }]), {
    height: 822_528,
    network: 'main',
  });
  assert.deepEqual(linked.windows, [{ heightMin: 822_528, heightMax: 830_592 }]);
  assert.deepEqual(
    linked.hashes,
    blocks.map(({ bytes }) => parseHeader(bytes).hash),
  );
  assert.deepEqual(linked.stale, [
    '0000000000000000000365e705dbbea406f6e383f510d400fa23e40eae71e056',
  ]);
  assert.equal(linked.findings[0]?.facts['height'], 823_226);
});
