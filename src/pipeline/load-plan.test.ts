import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { type LoadPlan, type PlanBlock, type PlanOptions, planLoad } from './load-plan.ts';

/** Two hashes of work. */
const EASY = 0x207fffff;
/** 32 hashes of work, as 16 easy blocks. */
const HARD = 0x2007ffff;

/** Blocks `a5, a6...` on a parent; their names are their hashes. */
function branch(
  name: string,
  heightMin: number,
  heightMax: number,
  parent = `${name}${heightMin - 1}`,
  bits = EASY,
): PlanBlock[] {
  const blocks: PlanBlock[] = [];
  for (let height = heightMin; height <= heightMax; height += 1) {
    const prevHash = height === heightMin ? parent : `${name}${height - 1}`;
    blocks.push({ height, hash: `${name}${height}`, prevHash, bits });
  }
  return blocks;
}

const names = (blocks: readonly PlanBlock[]): string => blocks.map(({ hash }) => hash).join(' ');

/** What a ledger holds after a plan was carried out. */
function after(known: readonly PlanBlock[], plan: LoadPlan<PlanBlock>): PlanBlock[] {
  const isUndone = plan.kind === 'reorganise' || plan.kind === 'reload';
  const top = plan.undoAboveHeight ?? -1;
  return [...known.filter(({ height }) => !isUndone || height <= top), ...plan.blocks];
}

/** A plan in one line: kind, last height that stays, what is loaded, what lost, what does not link, new windows. */
function told(
  known: readonly PlanBlock[],
  offered: readonly PlanBlock[],
  options: PlanOptions<PlanBlock> = {},
): string {
  const plan = planLoad(known, offered, options);
  const said = [
    ['above', 'undoAboveHeight' in plan ? String(plan.undoAboveHeight) : ''],
    ['load', names(plan.blocks)],
    ['stale', names(plan.staleBlocks)],
    ['unlinked', plan.unlinkedRuns.map(names).join(' + ')],
    ['windows', names(plan.windowStarts)],
  ];
  const parts = said.filter(([, what]) => what !== '').map((part) => part.join(' '));
  return [plan.kind, ...parts].join(', ');
}

const a = (heightMin: number, heightMax: number): PlanBlock[] => branch('a', heightMin, heightMax);

test('blocks above the tip are appended, and known ones ask for nothing', () => {
  assert.equal(told([], a(0, 2)), 'append, load a0 a1 a2');
  assert.equal(told(a(0, 2), a(0, 4)), 'append, load a3 a4');
  assert.equal(told(a(0, 2), a(3, 4)), 'append, load a3 a4');
  assert.equal(told(a(0, 2), a(2, 4)), 'append, load a3 a4');
  assert.equal(told(a(0, 4), a(0, 4)), 'nothing');
  assert.equal(told(a(0, 4), a(1, 3)), 'nothing');
  assert.equal(told(a(0, 4), []), 'nothing');
});

test('a gap above the tip makes a window, which is said once', () => {
  assert.equal(told(a(0, 2), a(5, 6)), 'append, load a5 a6, windows a5');
  assert.equal(told([...a(0, 2), ...a(5, 6)], a(5, 7)), 'append, load a7');
  // The source says what it knows itself.
  assert.equal(told(a(0, 1), [...a(0, 2), ...a(5, 6)]), 'append, load a2 a5 a6');
});

test('blocks below the tip are loaded with all that lies above them', () => {
  assert.equal(told([...a(0, 2), ...a(5, 6)], a(3, 4)), 'reload, above 2, load a3 a4 a5 a6');
  assert.equal(told(a(3, 4), a(0, 2)), 'reload, above undefined, load a0 a1 a2 a3 a4');
  assert.equal(told(a(3, 4), a(0, 6)), 'reload, above undefined, load a0 a1 a2 a3 a4 a5 a6');
  assert.equal(
    told([...a(0, 1), ...a(5, 6)], a(3, 3)),
    'reload, above 1, load a3 a5 a6, windows a3',
  );
});

test('a branch counts by its work above the fork, not by its length', () => {
  const known = a(0, 5);
  assert.equal(told(known, branch('b', 4, 5, 'a3')), 'stale, stale b4 b5');
  assert.equal(told(known, branch('b', 4, 6, 'a3')), 'reorganise, above 3, load b4 b5 b6');
  assert.equal(told(known, branch('b', 5, 5, 'a4', HARD)), 'reorganise, above 4, load b5');
  const hard = [...a(0, 3), ...branch('h', 4, 4, 'a3', HARD)];
  assert.equal(told(hard, a(0, 19)), `stale, stale ${names(a(4, 19))}`);
  assert.equal(told(hard, a(0, 20)), `reorganise, above 3, load ${names(a(4, 20))}`);
  // From the beginning, and from the block before it.
  assert.equal(
    told([...a(0, 1), ...branch('b', 2, 3, 'a1')], a(0, 4)),
    'reorganise, above 1, load a2 a3 a4',
  );
  assert.equal(
    told(a(3, 5), branch('b', 3, 6, 'a2')),
    `reorganise, above undefined, load ${names(branch('b', 3, 6))}`,
  );
});

test('a block whose parent is another one than the tip is not appended', () => {
  const known = a(0, 5);
  assert.equal(told(known, branch('b', 6, 9)), `unlinked, unlinked ${names(branch('b', 6, 9))}`);
  // Whatever work it has: where it left the chain is not known, and what it spends may be spent there.
  assert.equal(told(known, branch('b', 6, 9, 'b5', HARD)), 'unlinked, unlinked b6 b7 b8 b9');
});

test('a branch that does not reach down to the fork is left out', () => {
  const known = a(0, 9);
  assert.equal(told(known, branch('b', 8, 20)), `unlinked, unlinked ${names(branch('b', 8, 20))}`);
  assert.equal(
    told(known, branch('b', 7, 20, 'a6')),
    `reorganise, above 6, load ${names(branch('b', 7, 20))}`,
  );
});

test('a lower window that the ledger does not stand on is left out', () => {
  assert.equal(told(a(5, 9), branch('b', 0, 4)), 'unlinked, unlinked b0 b1 b2 b3 b4');
  assert.equal(
    told(a(5, 9), branch('b', 0, 3)),
    'reload, above undefined, load b0 b1 b2 b3 a5 a6 a7 a8 a9, windows a5',
  );
});

test('a window of the ledger gives way to a run with more work that covers it from below', () => {
  const whole = branch('b', 0, 9);
  assert.equal(told(a(4, 6), whole), `reorganise, above undefined, load ${names(whole)}`);
  assert.equal(told(a(4, 6), whole.slice(0, 6)), `unlinked, unlinked ${names(whole.slice(0, 6))}`);
  assert.equal(told(a(4, 6), whole.slice(4, 7)), 'unlinked, unlinked b4 b5 b6');
});

test('blocks below a lost branch are still taken where they link', () => {
  const known = a(3, 8);
  const offered = [...a(0, 4), ...branch('b', 5, 6, 'a4')];
  assert.equal(
    told(known, offered),
    `reload, above undefined, load ${names(a(0, 8))}, stale b5 b6`,
  );
});

test('windows further up stay when a branch below them wins, unless it reaches them', () => {
  const known = [...a(0, 3), ...a(10, 11)];
  assert.equal(told(known, branch('b', 3, 4, 'a2')), 'reorganise, above 2, load b3 b4 a10 a11');
  assert.equal(
    told(known, branch('b', 3, 8, 'a2')),
    `reorganise, above 2, load ${names(branch('b', 3, 8))} a10 a11`,
  );
  // Right below the window without being its parent, the branch must beat it too.
  assert.equal(
    told(known, branch('b', 3, 9, 'a2')),
    `reorganise, above 2, load ${names(branch('b', 3, 9))}`,
  );
  assert.equal(
    told([...a(0, 3), ...a(10, 30)], branch('b', 3, 9, 'a2')),
    `stale, stale ${names(branch('b', 3, 9))}`,
  );
});

test('a damaged block counts for its branch, but not as its end, and is not loaded', () => {
  const known = a(0, 3);
  const better = branch('b', 3, 5, 'a2');
  const without = (...hashes: string[]) => ({ damaged: new Set(hashes) });
  assert.equal(told(known, better, without('b4')), 'reorganise, above 2, load b3 b5');
  assert.equal(told(known, better, without('b5', 'b4')), 'stale, stale b3');
  assert.equal(told(known, better, without('b5')), 'reorganise, above 2, load b3 b4');
  // A hole that stays a hole asks for nothing, however often it is offered.
  assert.equal(told([...a(0, 1), ...a(3, 4)], a(0, 4), without('a2')), 'nothing');
  assert.equal(told([...a(0, 1), ...a(3, 4)], a(0, 5), without('a2')), 'append, load a5');
  // What the ledger has is not damaged, whatever the copy is that was offered.
  assert.equal(told(a(0, 4), a(0, 5), without('a2')), 'append, load a5');
});

test('blocks that the ledger has at other heights are refused, unless the right ones take their place', () => {
  const wrong = a(2, 4).map((block) => ({ ...block, height: block.height + 5 }));
  assert.throws(() => planLoad(wrong, a(0, 4)), { code: 'CLEW_HEIGHT_CONFLICT' });
  assert.equal(told(wrong, a(0, 20)), `reload, above undefined, load ${names(a(0, 20))}`);
});

test('blocks that wait are loaded again, with or without being offered', () => {
  const waiting = a(4, 6);
  assert.equal(told(a(0, 3), [], { waiting }), 'append, load a4 a5 a6');
  assert.equal(told(a(0, 1), a(0, 3), { waiting }), 'append, load a2 a3 a4 a5 a6');
  assert.equal(told(a(0, 6), a(0, 3), { waiting }), 'nothing');
  assert.equal(told(a(0, 3), a(0, 7), { waiting }), 'append, load a4 a5 a6 a7');
  assert.equal(told([], [], { waiting }), 'append, load a4 a5 a6');
  assert.equal(told(a(0, 3), a(5, 7), { waiting: a(4, 4) }), 'append, load a4 a5 a6 a7');
});

test('a branch that was being replaced comes back when the better one did not come whole', () => {
  const waiting = a(4, 6);
  const better = branch('b', 4, 8, 'a3');
  assert.equal(told(a(0, 3), [], { waiting }), 'append, load a4 a5 a6');
  assert.equal(told(a(0, 3), better, { waiting }), `append, load ${names(better)}`);
  const half = [...a(0, 3), ...better.slice(0, 2)];
  assert.equal(told(half, [], { waiting }), 'reorganise, above 3, load a4 a5 a6');
  assert.equal(told(half, better, { waiting }), `append, load ${names(better.slice(2))}`);
  assert.equal(told([...a(0, 3), ...better], [], { waiting }), 'nothing');
  assert.equal(told(half, half, { waiting }), 'reorganise, above 3, load a4 a5 a6, stale b4 b5');
});

// --- properties, over a random tree of blocks ---

/** A tree: mostly straight on, sometimes a fork some blocks back, now and then a hard block. */
function randomTree(random: SeededRandom, count: number): PlanBlock[] {
  const tree: PlanBlock[] = branch('g', 0, 0, 'none');
  for (let i = 1; i < count; i += 1) {
    const back = random.chance(0.75) ? 0 : random.int(0, Math.min(8, i - 1));
    const parent = tree[i - 1 - back]!;
    tree.push({
      height: parent.height + 1,
      hash: `n${i}`,
      prevHash: parent.hash,
      bits: random.chance(0.1) ? HARD : EASY,
    });
  }
  return tree;
}

function chainTo(tree: readonly PlanBlock[], tip: PlanBlock): PlanBlock[] {
  const byHash = new Map(tree.map((block) => [block.hash, block]));
  const chain: PlanBlock[] = [];
  for (let block: PlanBlock | undefined = tip; block; block = byHash.get(block.prevHash)) {
    chain.push(block);
  }
  return chain.reverse();
}

/** Work by the definition of it, apart from the plan's. */
function work(chain: readonly PlanBlock[]): number {
  return chain.reduce((sum, { bits }) => sum + (bits === EASY ? 2 : 32), 0);
}

const SEED = 'load-plan-1';

test('chains offered from genesis, in any order, leave the first with the most work', () => {
  for (let round = 0; round < 300; round += 1) {
    const random = seededRandom(`${SEED} ${round}`);
    const tree = randomTree(random, random.int(2, 60));
    let ledger: PlanBlock[] = [];
    let best: PlanBlock[] = [];
    for (let i = 0; i < 8; i += 1) {
      const offered = chainTo(tree, random.pick(tree));
      if (work(offered) > work(best)) best = offered;
      ledger = after(ledger, planLoad(ledger, offered));
      assert.equal(names(ledger), names(best), `replay with seed ${random.seed}`);
    }
  }
});

test('the pieces of a chain, offered in any order, make the whole', () => {
  for (let round = 0; round < 300; round += 1) {
    const random = seededRandom(`${SEED} pieces ${round}`);
    const whole = branch('a', 0, random.int(0, 40));
    const pieces: PlanBlock[][] = [];
    for (let from = 0; from < whole.length; ) {
      const to = Math.min(whole.length, from + random.int(1, 9));
      pieces.push(whole.slice(Math.max(0, from - random.int(0, 2)), to));
      from = to;
    }
    let ledger: PlanBlock[] = [];
    for (const piece of random.shuffle(pieces)) ledger = after(ledger, planLoad(ledger, piece));
    assert.equal(names(ledger), names(whole), `replay with seed ${random.seed}`);
  }
});

test('whatever is offered, the ledger stays a chain and nothing goes but for more work', () => {
  for (let round = 0; round < 2_000; round += 1) {
    const random = seededRandom(`${SEED} any ${round}`);
    const tree = randomTree(random, random.int(2, 40));
    let ledger: PlanBlock[] = [];
    for (let i = 0; i < 5; i += 1) {
      const message = `replay with seed ${random.seed}, step ${i}`;
      // Windows of one chain, as a source gives them: a gap between two of them, never a touch that does not link.
      const chain = chainTo(tree, random.pick(tree));
      const isMissing = random.chance(0.5) ? new Set<number>() : new Set([random.int(0, 40)]);
      const from = random.int(0, chain.length - 1);
      const offered = chain.slice(from).filter(({ height }) => !isMissing.has(height));
      const damaged = new Set(offered.filter(() => random.chance(0.05)).map(({ hash }) => hash));
      const plan = planLoad(ledger, offered, { damaged });
      const next = after(ledger, plan);

      for (const [at, block] of next.entries()) {
        const below = next[at - 1];
        if (below === undefined) continue;
        assert.ok(block.height > below.height, message);
        if (block.height === below.height + 1) assert.equal(block.prevHash, below.hash, message);
      }
      const isIn = new Set(next.map(({ hash }) => hash));
      const wasIn = new Set(ledger.map(({ hash }) => hash));
      const gone = ledger.filter(({ hash }) => !isIn.has(hash));
      const come = next.filter(({ hash }) => !wasIn.has(hash));
      if (gone.length > 0) {
        const rival = offered.filter(({ height }) => height >= gone[0]!.height);
        assert.ok(work(rival) > work(gone), message);
        assert.equal(plan.kind, 'reorganise', message);
      }
      for (const block of come) assert.ok(!damaged.has(block.hash), message);
      const lost = [...plan.staleBlocks, ...plan.unlinkedRuns.flat()].map(({ hash }) => hash);
      for (const { hash } of offered) {
        const isTold = isIn.has(hash) || damaged.has(hash) || lost.includes(hash);
        assert.ok(isTold, `${hash} was dropped in silence, ${message}`);
      }
      const again = planLoad(next, offered, { damaged });
      assert.equal(names(again.blocks), '', message);
      assert.equal(again.windowStarts.length, 0, message);
      ledger = next;
    }
  }
});
