/** What clusters did, against a walk over the whole chain with bigints and sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../bytes/hash.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { INPUT_KIND } from '../chain/input-kind.ts';
import { ClewError } from '../errors.ts';
import type { HistoryEntry, ScriptsSummary } from '../ledger/address-facts.ts';
import { type FlowIndex, TX_FLAG, UNSPENT } from '../ledger/flow-index.ts';
import type { ScriptId } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import { readClusterHistory, summariseCluster } from './cluster-facts.ts';
import { ClusterRun, runClustering } from './cluster-run.ts';
import { collectActivity } from './collect-activity.hot.ts';
import { SmallFlow } from './test-support/small-flow.ts';

const MOST_SATS = 2_099_999_999_999_997;

/** A chain of few owners who use their coins again and again; the amounts are as large as can be. */
function randomChain(random: SeededRandom, transactions: number): SmallFlow {
  const chain = new SmallFlow('main', 0);
  // Block 0 is the genesis block: its output can not be spent.
  chain.coinbase([['owner 0 a', 5_000_000_000]]);
  const unspent: [tx: number, vout: number][] = [];
  const someone = (): string =>
    `owner ${random.int(0, 5)} ${random.pick(['a', 'b', 'c', 'd', 'e'])}`;
  addTransactions(chain, random, transactions, unspent, someone);
  return chain;
}

function addTransactions(
  chain: SmallFlow,
  random: SeededRandom,
  transactions: number,
  unspent: [tx: number, vout: number][],
  someone: () => string,
): void {
  const keep = (tx: number, outputs: number): void => {
    for (let vout = 0; vout < outputs; vout += 1) unspent.push([tx, vout]);
  };
  for (let n = 0; n < transactions; n += 1) {
    if (unspent.length < 4 || random.chance(0.2)) {
      keep(chain.coinbase([[someone(), MOST_SATS - random.int(0, 9)]]), 1);
      continue;
    }
    const inputs = Array.from(
      { length: random.int(1, 3) },
      () => unspent.splice(random.int(0, unspent.length - 1), 1)[0]!,
    );
    if (random.chance(0.05)) {
      keep(chain.tx([...inputs, null], [[someone(), 12]]), 1);
      continue;
    }
    const outputs = Array.from(
      { length: random.int(1, 2) },
      () => [someone(), MOST_SATS - random.int(0, 5)] as const,
    );
    keep(chain.tx(inputs, random.chance(0.1) ? [...outputs, [null, 0]] : outputs), outputs.length);
  }
}

/** A coinbase twice, as before BIP 30: what the first one paid is destroyed. */
function payTwice(chain: SmallFlow, name: string): void {
  const { flow } = chain;
  for (let time = 0; time < 2; time += 1) {
    flow.addBlock(flow.blockHeight.at(flow.blockCount - 1) + 1, 1_700_000_000);
    flow.addTx(TX_FLAG.coinbase, sha256(new Uint8Array([7])), 0);
    flow.addInput(NONE, 0xffff_ffff, INPUT_KIND.coinbase, 0);
    flow.addOutput(777, chain.id(name), UNSPENT);
    flow.endTx();
  }
}

interface Slow {
  readonly summary: Omit<ScriptsSummary, 'firstSeen' | 'lastSeen'>;
  readonly entries: readonly HistoryEntry[];
}

function slowFacts(flow: FlowIndex, members: ReadonlySet<number>, txEnd: number): Slow {
  const entries: HistoryEntry[] = [];
  const sums = { received: 0n, sent: 0n, destroyed: 0n, outputs: 0, spentOutputs: 0 };
  for (let tx = 0; tx < txEnd; tx += 1) {
    let receivedSats = 0n;
    let sentSats = 0n;
    let places = 0;
    for (let at = flow.txFirstInput.at(tx); at < flow.txFirstInput.at(tx + 1); at += 1) {
      const prevout = flow.inputPrevout.at(at);
      if (prevout === NONE || !members.has(flow.outputScript.at(prevout))) continue;
      sentSats += BigInt(flow.outputValue.at(prevout));
      sums.spentOutputs += 1;
      places += 1;
    }
    for (let at = flow.txFirstOutput.at(tx); at < flow.txFirstOutput.at(tx + 1); at += 1) {
      if (!members.has(flow.outputScript.at(at))) continue;
      receivedSats += BigInt(flow.outputValue.at(at));
      sums.outputs += 1;
      places += 1;
      if (tx === 0) sums.destroyed += BigInt(flow.outputValue.at(at));
    }
    sums.received += receivedSats;
    sums.sent += sentSats;
    const [txid, height, timeSeconds] = [flow.txid(tx), flow.txHeight(tx), flow.txTime(tx)];
    if (places > 0) entries.push({ txid, height, timeSeconds, receivedSats, sentSats });
  }
  const ids = new Map<string, number>();
  for (let tx = 0; tx < txEnd; tx += 1) {
    const older = ids.get(flow.txid(tx));
    ids.set(flow.txid(tx), tx);
    if (older === undefined) continue;
    for (let at = flow.txFirstOutput.at(older); at < flow.txFirstOutput.at(older + 1); at += 1) {
      if (members.has(flow.outputScript.at(at))) sums.destroyed += BigInt(flow.outputValue.at(at));
    }
  }
  const { received, sent, destroyed, outputs, spentOutputs } = sums;
  return {
    summary: {
      receivedSats: received,
      sentSats: sent,
      sentFromBeforeSats: 0n,
      balanceSats: received - sent - destroyed,
      transactions: entries.length,
      outputs,
      spentOutputs,
    },
    entries: entries.toReversed(),
  };
}

function check(flow: FlowIndex, run: ClusterRun, txEnd: number, note: string): void {
  for (const root of new Set(run.data.roots) as Set<ScriptId>) {
    const members = new Set<number>(run.members(root, { limit: 1e6 }));
    const slow = slowFacts(flow, members, txEnd);
    const { firstSeen, lastSeen, ...summary } = summariseCluster(flow, run, root, txEnd);
    assert.deepEqual(summary, slow.summary, note);
    assert.equal(firstSeen!.txid, slow.entries.at(-1)!.txid, note);
    assert.equal(lastSeen!.txid, slow.entries[0]!.txid, note);
    for (const limit of [1, 7, slow.entries.length, 1000]) {
      const pages: HistoryEntry[] = [];
      let cursor: string | undefined;
      do {
        const page = readClusterHistory(flow, run, root, {
          limit,
          txEnd,
          ...(cursor !== undefined && { cursor }),
        });
        assert.ok(page.entries.length === limit || page.nextCursor === undefined, note);
        pages.push(...page.entries);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(pages, slow.entries, `${note}, root ${root}, limit ${limit}`);
    }
  }
}

/** The run with its activity, clusters of some events being busy already. */
function withActivity(flow: FlowIndex, run: ClusterRun, busyEvents: number): ClusterRun {
  const { roots, countsAsAddress, txEnd } = run.data;
  const activity = collectActivity(flow, roots, countsAsAddress, txEnd, busyEvents);
  return new ClusterRun(flow, run.data, activity);
}

test('sums, counts and every page of clusters are exact, busy or not, beyond 2^53', () => {
  for (const seed of ['facts 1', 'facts 2', 'facts 3']) {
    const chain = randomChain(seededRandom(seed), 250);
    payTwice(chain, 'owner 0 a');
    const run = runClustering(chain.flow);
    for (const busyEvents of [2, 40, 512]) {
      const busy = withActivity(chain.flow, run, busyEvents);
      if (busyEvents === 2) assert.ok(busy.activity.root.length > 0);
      check(chain.flow, busy, chain.flow.txCount, `seed ${seed}, busy from ${busyEvents}`);
    }
    const largest = summariseCluster(chain.flow, run, run.rootOf(chain.id('owner 0 a')));
    assert.ok(largest.receivedSats > 2n ** 53n);
  }
});

test('blocks that came after the run count, and a cursor from before them goes on where it was', () => {
  const random = seededRandom('facts later');
  const chain = randomChain(random, 200);
  const { flow } = chain;
  const runEnd = flow.txCount;
  const run = withActivity(flow, runClustering(flow), 2);
  const root = run.data.roots[run.activity.root[0]!] as ScriptId;
  const first = readClusterHistory(flow, run, root, { limit: 5 });
  const rest = readClusterHistory(flow, run, root, { limit: 9, cursor: first.nextCursor! });
  addTransactions(
    chain,
    random,
    60,
    [],
    () => `owner ${random.int(0, 5)} ${random.pick(['a', 'b'])}`,
  );
  payTwice(chain, 'owner 0 a');
  check(flow, run, flow.txCount, 'grown');
  check(flow, run, runEnd, 'grown, as of the run');
  check(flow, run, runEnd + 1, 'grown, as of the first transaction after the run');
  assert.deepEqual(
    readClusterHistory(flow, run, root, { limit: 9, cursor: first.nextCursor! }),
    rest,
  );
});

test('a cursor that no page gave is refused', () => {
  const { flow } = randomChain(seededRandom('facts cursor'), 80);
  const run = withActivity(flow, runClustering(flow), 2);
  const root = run.activity.root[0]! as ScriptId;
  for (const cursor of ['', '1', '7:9', '999999:0', 'x:y']) {
    assert.throws(
      () => readClusterHistory(flow, run, root, { limit: 3, cursor }),
      (error) => error instanceof ClewError && error.code === 'CLEW_USAGE',
    );
  }
});
