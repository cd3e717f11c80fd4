/**
 * What every engine of the query layer must answer: the same as a slow ledger of plain objects, to the last bit and in the same
 * order, about everything that a chain holds, about what it does not hold, and as of any height.
 *
 * A test gives it a reader and a *world*: the slow ledger, which also tells what there is to ask about.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type SeededRandom, seededRandom } from '../../bytes/seeded-random.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';
import type {
  HistoryQuestion,
  LedgerReader,
  Outpoint,
  ReadHistoryEntry,
  ReadOptions,
} from './ledger-reader.ts';

/** Answers that are right, and everything that there is. */
export interface LedgerWorld extends Omit<LedgerReader, 'engine' | 'network' | 'close'> {
  readonly txids: readonly Txid[];
  readonly outpoints: readonly Outpoint[];
  readonly scripts: readonly ScriptHex[];
  readonly heights: readonly number[];
  readonly blockHashes: readonly BlockHash[];
}

/** What an engine can not know. Each is a line in its documentation. */
export type ContractGap =
  /** Two transactions of one id: the engine tells of one, and counts one. */
  | 'same ids'
  /** `summaries` may leave out the heights of first and last sight of scripts with many transactions. */
  | 'summary heights'
  /** `bareKeysOf` may not find all. */
  | 'bare keys';

export interface ContractOptions {
  /** Ask only about so many things of each kind, chosen by the seed; all when left out. */
  readonly samples?: number;
  readonly seed?: string;
  readonly gaps?: readonly ContractGap[];
}

const NO_TXID = `${'00'.repeat(31)}01`;
const NO_SCRIPT = `0014${'ab'.repeat(20)}`;
const PAGE_LIMITS = [1, 2, 7, 25];
/** Pages of one history that are asked for one after the other: a small page of a long history would take forever. */
const PAGES_MAX = 15;

interface Asked {
  readonly reader: LedgerReader;
  readonly world: LedgerWorld;
  readonly random: SeededRandom;
  readonly txids: readonly Txid[];
  readonly outpoints: readonly Outpoint[];
  readonly scripts: readonly ScriptHex[];
  readonly allScripts: readonly ScriptHex[];
  /** Now, and as of some heights. */
  readonly times: readonly ReadOptions[];
  readonly has: (gap: ContractGap) => boolean;
}

/**
 * Hold an engine to the contract, as subtests.
 *
 * @example await requireContract(t, new FlowReader(ledger), new SlowReader(network, blocks))
 */
export async function requireContract(
  t: TestContext,
  reader: LedgerReader,
  world: LedgerWorld,
  options: ContractOptions = {},
): Promise<void> {
  const { samples, seed = 'contract', gaps = [] } = options;
  const random = seededRandom(seed);
  t.diagnostic(`${reader.engine}: replay with seed ${seed}`);
  const has = (gap: ContractGap): boolean => gaps.includes(gap);
  const some = <T>(all: readonly T[]): readonly T[] =>
    samples === undefined || all.length <= samples ? all : random.shuffle(all).slice(0, samples);
  const { heights } = world;
  const allScripts = has('same ids') ? await scriptsOfOneId(world) : world.scripts;
  const past = [
    heights[0]! - 1,
    heights[0]!,
    random.pick(heights),
    ...(await heightsBeforeRepeats(world)),
    heights.at(-1)! + 9,
  ];
  const asked: Asked = {
    reader,
    world,
    random,
    txids: some(world.txids),
    outpoints: some(world.outpoints),
    scripts: some(allScripts),
    allScripts,
    times: [{}, ...past.map((heightMax) => ({ heightMax }))],
    has,
  };
  for (const [name, check] of CHECKS) {
    await t.test(`${reader.engine}: ${name}`, () => check(asked));
  }
}

/** As of these heights the first of two transactions with one id was still alone. */
async function heightsBeforeRepeats(world: LedgerWorld): Promise<number[]> {
  const all = await world.transactions(world.txids);
  return all.flatMap((tx) => {
    return tx === undefined || tx.sameIdAtHeights.length === 0 ? [] : [tx.place.height - 1];
  });
}

/** Pages after transactions that share an id: after the newest unless the height tells. */
async function pagesAfterRepeats(world: LedgerWorld): Promise<HistoryQuestion[]> {
  const all = await world.transactions(world.txids);
  return all.flatMap((tx) => {
    if (tx === undefined || tx.sameIdAtHeights.length === 0) return [];
    return tx.outputs.flatMap(({ script }) => {
      if (script === undefined) return [];
      const question = { script, after: tx.txid, limit: 5 };
      const heights = [...tx.sameIdAtHeights, tx.place.height];
      return [question, ...heights.map((afterHeight) => ({ ...question, afterHeight }))];
    });
  });
}

/** Scripts that no transaction touches whose id another one has too. */
async function scriptsOfOneId(world: LedgerWorld): Promise<ScriptHex[]> {
  const touched = new Set<ScriptHex | undefined>();
  for (const tx of await world.transactions(world.txids)) {
    if (tx === undefined || tx.sameIdAtHeights.length === 0) continue;
    for (const { script } of [...tx.inputs, ...tx.outputs]) touched.add(script);
  }
  return world.scripts.filter((script) => !touched.has(script));
}

const CHECKS: readonly (readonly [string, (asked: Asked) => Promise<void>])[] = [
  ['tip and blocks', checkBlocks],
  ['transactions', checkTransactions],
  ['sets of none, one, a thousand, and twice the same', checkSets],
  ['spenders', checkSpenders],
  ['summaries', checkSummaries],
  ['histories in one page', checkHistories],
  ['histories by small pages', checkPages],
  ['unspent outputs', checkUnspent],
  ['bare keys', checkBareKeys],
  ['what can be no name, and no place to go on from', checkRefusals],
];

/** Item by item, so that a difference names its question. */
function requireSame<Question>(
  questions: readonly Question[],
  found: readonly unknown[],
  expected: readonly unknown[],
  about: string,
): void {
  assert.equal(found.length, questions.length, `${about}: as many answers as questions`);
  for (const [i, question] of questions.entries()) {
    if (isDeepStrictEqual(found[i], expected[i])) continue;
    assert.deepStrictEqual(found[i], expected[i], `${about}: ${JSON.stringify(question)}`);
  }
}

const nameOf = (time: ReadOptions): string =>
  time.heightMax === undefined ? 'now' : `as of ${time.heightMax}`;

async function checkBlocks({ reader, world }: Asked): Promise<void> {
  assert.deepStrictEqual(await reader.tip(), await world.tip());
  const heights = [-1, 0.5, ...world.heights, world.heights[0]!, world.heights.at(-1)! + 1];
  const found = await reader.blocksAt(heights);
  requireSame(heights, found, await world.blocksAt(heights), 'block at');
  const hashes = [...world.blockHashes, NO_TXID as BlockHash, world.blockHashes[0]!];
  const byHash = await reader.blocksWithHash(hashes);
  requireSame(hashes, byHash, await world.blocksWithHash(hashes), 'block');
  const txids = await reader.blockTxids(hashes);
  requireSame(hashes, txids, await world.blockTxids(hashes), 'txids of');
}

async function checkTransactions({ reader, world, txids, times, has }: Asked): Promise<void> {
  for (const time of times) {
    const expected = await world.transactions(txids, time);
    const found = await reader.transactions(txids, time);
    const wanted = has('same ids')
      ? expected.map((tx) => tx && { ...tx, sameIdAtHeights: [] })
      : expected;
    requireSame(txids, found, wanted, nameOf(time));
  }
}

async function checkSets({ reader, world, allScripts, random }: Asked): Promise<void> {
  assert.deepEqual(await reader.transactions([]), []);
  assert.deepEqual(await reader.spenders([]), []);
  assert.deepEqual(await reader.histories([]), []);
  assert.deepEqual(await reader.summaries([]), []);
  assert.deepEqual(await reader.unspent([]), []);
  assert.deepEqual(await reader.bareKeysOf([]), []);
  assert.deepEqual(await reader.blocksAt([]), []);
  assert.deepEqual(await reader.blocksWithHash([]), []);
  assert.deepEqual(await reader.blockTxids([]), []);
  const [one] = world.txids;
  const alone = await reader.transactions([one!]);
  assert.equal(alone[0]?.txid, one);
  assert.deepEqual(await reader.transactions([NO_TXID as Txid]), [undefined]);
  const count = 1000;
  const pick = <T>(all: readonly T[], missing: T): T[] =>
    Array.from({ length: count }, (_, i) => (i % 50 === 7 ? missing : random.pick(all)));
  const txids = pick(world.txids, NO_TXID as Txid);
  requireSame(
    txids,
    (await reader.transactions(txids)).map((tx) => tx?.place),
    (await world.transactions(txids)).map((tx) => tx?.place),
    'of a thousand',
  );
  const outpoints = pick(world.outpoints, { txid: NO_TXID as Txid, vout: 0 });
  const spenders = await reader.spenders(outpoints);
  requireSame(outpoints, spenders, await world.spenders(outpoints), 'of a thousand');
  const scripts = pick(allScripts, NO_SCRIPT as ScriptHex);
  const questions = scripts.map((script) => ({ script, limit: random.int(1, 30) }));
  const histories = await reader.histories(questions);
  requireSame(questions, histories, await world.histories(questions), 'of a thousand');
  const unspent = await reader.unspent(questions);
  requireSame(questions, unspent, await world.unspent(questions), 'of a thousand');
}

async function checkSpenders({ reader, world, outpoints, times }: Asked): Promise<void> {
  const [first] = outpoints;
  const asked = [
    ...outpoints,
    { txid: first!.txid, vout: 4_000 },
    { txid: first!.txid, vout: 0xffff_ffff },
    { txid: NO_TXID as Txid, vout: 0 },
  ];
  for (const time of times) {
    const found = await reader.spenders(asked, time);
    requireSame(asked, found, await world.spenders(asked, time), nameOf(time));
  }
}

async function checkSummaries({ reader, world, scripts, times, has }: Asked): Promise<void> {
  const asked = [...scripts, NO_SCRIPT as ScriptHex, '' as ScriptHex];
  for (const time of times) {
    const found = await reader.summaries(asked, time);
    const expected = await world.summaries(asked, time);
    const wanted = expected.map((summary, i) => {
      const isLeftOut = has('summary heights') && found[i]?.firstHeight === undefined;
      if (!isLeftOut) return summary;
      const { firstHeight: _first, lastHeight: _last, ...rest } = summary;
      return rest;
    });
    requireSame(asked, found, wanted, nameOf(time));
  }
}

async function checkHistories({ reader, world, scripts, times }: Asked): Promise<void> {
  const limit = 100_000;
  const asked = [...scripts, NO_SCRIPT as ScriptHex].map((script) => ({ script, limit }));
  for (const time of times) {
    const found = await reader.histories(asked, time);
    requireSame(asked, found, await world.histories(asked, time), nameOf(time));
  }
}

async function checkPages({ reader, world, scripts, times, random, has }: Asked): Promise<void> {
  const repeated = has('same ids') ? [] : await pagesAfterRepeats(world);
  requireSame(
    repeated,
    await reader.histories(repeated),
    await world.histories(repeated),
    'after one of two with the same id',
  );
  for (const limit of PAGE_LIMITS) {
    const time = random.pick(times);
    const whole = await world.histories(
      scripts.map((script) => ({ script, limit: limit * PAGES_MAX })),
      time,
    );
    const found = scripts.map((): ReadHistoryEntry[] => []);
    let open = scripts.map((script, i) => ({ i, question: { script, limit } as HistoryQuestion }));
    for (let page = 0; page < PAGES_MAX && open.length > 0; page += 1) {
      const answers = await reader.histories(
        open.map(({ question }) => question),
        time,
      );
      const next: typeof open = [];
      for (const [n, { i, question }] of open.entries()) {
        const { entries, hasMore } = answers[n]!;
        found[i]!.push(...entries);
        assert.ok(entries.length <= limit);
        if (!hasMore) continue;
        assert.equal(entries.length, limit, 'a page that others follow is full');
        const { txid, height } = entries.at(-1)!;
        next.push({ i, question: { ...question, after: txid, afterHeight: height } });
      }
      open = next;
    }
    const expected = whole.map(({ entries }) => entries);
    requireSame(scripts, found, expected, `by ${limit}, ${nameOf(time)}`);
  }
}

async function checkUnspent({ reader, world, scripts, times }: Asked): Promise<void> {
  for (const time of times) {
    for (const limit of time.heightMax === undefined ? [1, 2, 100_000] : [3]) {
      const asked = [...scripts, NO_SCRIPT as ScriptHex].map((script) => ({ script, limit }));
      const found = await reader.unspent(asked, time);
      requireSame(asked, found, await world.unspent(asked, time), nameOf(time));
    }
  }
}

/** Of all scripts: others than P2PKH have none. */
async function checkBareKeys({ reader, world, scripts, times, has }: Asked): Promise<void> {
  for (const time of times) {
    const found = await reader.bareKeysOf(scripts, time);
    const expected = await world.bareKeysOf(scripts, time);
    const wanted = has('bare keys')
      ? expected.map((keys, i) => keys.filter((key) => found[i]?.includes(key)))
      : expected;
    requireSame(scripts, found, wanted, nameOf(time));
  }
}

async function checkRefusals({ reader, world, scripts }: Asked): Promise<void> {
  const refused = async (work: () => Promise<unknown>, ...codes: string[]): Promise<void> => {
    await assert.rejects(work, (error: { code?: string; message: string; facts?: object }) => {
      assert.ok(codes.includes(error.code ?? ''), `${error.code}: ${error.message}`);
      const said = `${error.message} ${JSON.stringify(error.facts)}`;
      assert.ok(!said.includes('OR 1'), 'what was asked is not repeated');
      return true;
    });
  };
  const txid = world.txids[0]!;
  const badTxids = ['', txid.slice(1), txid.toUpperCase().replace(/^../, 'AA'), `${txid}00`];
  for (const bad of [...badTxids, "' OR 1 OR '", `${txid.slice(2)}\n0`] as Txid[]) {
    await refused(() => reader.transactions([txid, bad]), 'CLEW_TXID_FORMAT');
    await refused(() => reader.spenders([{ txid: bad, vout: 0 }]), 'CLEW_TXID_FORMAT');
    await refused(() => reader.blocksWithHash([bad as string as BlockHash]), 'CLEW_USAGE');
    await refused(() => reader.blockTxids([bad as string as BlockHash]), 'CLEW_USAGE');
  }
  for (const vout of [-1, 0.5, Number.NaN, 2 ** 32]) {
    await refused(() => reader.spenders([{ txid, vout }]), 'CLEW_USAGE');
  }
  for (const script of ['0', 'AB', 'zz', "' OR 1 OR '", '00\n'] as ScriptHex[]) {
    await refused(() => reader.summaries([script]), 'CLEW_USAGE');
    await refused(() => reader.histories([{ script, limit: 5 }]), 'CLEW_USAGE');
    await refused(() => reader.unspent([{ script, limit: 5 }]), 'CLEW_USAGE');
    await refused(() => reader.bareKeysOf([script]), 'CLEW_USAGE');
  }
  const [script] = scripts;
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    await refused(() => reader.histories([{ script: script!, limit }]), 'CLEW_USAGE');
    await refused(() => reader.unspent([{ script: script!, limit }]), 'CLEW_USAGE');
  }
  const [history] = await world.histories([{ script: script!, limit: 100_000 }]);
  const { entries } = history!;
  const touching = new Set(entries.map((entry) => entry.txid));
  const other = world.txids.find((each) => !touching.has(each))!;
  const later = entries[0]!;
  const bad: [HistoryQuestion, ReadOptions][] = [
    [{ script: script!, limit: 5, after: NO_TXID as Txid }, {}],
    [{ script: script!, limit: 5, after: other }, {}],
    [{ script: NO_SCRIPT as ScriptHex, limit: 5, after: other }, {}],
    [{ script: script!, limit: 5, after: later.txid, afterHeight: later.height + 1 }, {}],
    [{ script: script!, limit: 5, after: later.txid }, { heightMax: later.height - 1 }],
  ];
  for (const [question, time] of bad) {
    await refused(() => reader.histories([question], time), 'CLEW_USAGE');
  }
  const signal = AbortSignal.abort(new Error('nobody waits any more'));
  await assert.rejects(reader.summaries([script!], { signal }), /nobody waits any more/);
}

/** Rounds of questions that engines are compared by, and questions in each. */
const ROUNDS = 5;
const QUESTIONS = 60;

/** Ask several engines thousands of questions chosen by chance, and compare all their answers. */
export async function requireSameAnswers(
  t: TestContext,
  readers: readonly LedgerReader[],
  world: LedgerWorld,
  seed: string,
): Promise<void> {
  const random = seededRandom(`${seed} compared`);
  const [first, ...others] = readers;
  let asked = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const some = <T>(all: readonly T[]): T[] =>
      Array.from({ length: QUESTIONS }, () => random.pick(all));
    const time = random.chance(0.3) ? {} : { heightMax: random.pick(world.heights) };
    const txids = some(world.txids);
    const outpoints = some(world.outpoints);
    const scripts = some(world.scripts);
    const pages = scripts.map((script) => ({ script, limit: random.int(1, 9) }));
    const hashes = some(world.blockHashes);
    const questions: readonly ((reader: LedgerReader) => Promise<readonly unknown[]>)[] = [
      (reader) => reader.transactions(txids, time),
      (reader) => reader.spenders(outpoints, time),
      (reader) => reader.histories(pages, time),
      (reader) => reader.summaries(scripts, time),
      (reader) => reader.unspent(pages, time),
      (reader) => reader.bareKeysOf(scripts, time),
      (reader) => reader.blocksWithHash(hashes),
      (reader) => reader.blockTxids(hashes),
    ];
    for (const question of questions) {
      const expected = await question(first!);
      asked += expected.length;
      for (const reader of others) {
        const about = `${reader.engine} and ${first!.engine}, seed ${seed}, round ${round}`;
        assert.deepStrictEqual(await question(reader), expected, about);
      }
    }
  }
  t.diagnostic(`${asked} answers of ${readers.map(({ engine }) => engine).join(', ')} are equal`);
}
