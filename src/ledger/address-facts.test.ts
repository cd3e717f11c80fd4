import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { INPUT_KIND } from '../chain/input-kind.ts';
import { getNetwork } from '../chain/network.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { NONE, type ScriptId } from '../units/ids.ts';
import { type HistoryEntry, readHistory, summariseScripts } from './address-facts.ts';
import { FlowIndex, OVERWRITTEN, UNSPENT } from './flow-index.ts';

/** Blocks of the made-up chain, with gaps in height, and transactions in each. */
const HEIGHTS = [5, 6, 7, 20, 21];
const TXS_PER_BLOCK = 400;
const MAX_SATS = 2n ** 53n - 1n;

const DIRECTION = { received: 0, sent: 1, destroyed: 2 } as const;

interface Row {
  readonly script: number;
  readonly tx: number;
  readonly direction: number;
  readonly value: bigint;
  /** Sent, and received before the ledger. */
  readonly isBefore?: true;
}

const random = seededRandom('address-facts-1');
const flow = FlowIndex.inMemory(getNetwork('regtest'));
const rows: Row[] = [];

/** Scripts 1 and 2 in many transactions, often both in one; 3 in none; amounts that pass 2^53 when there are two. */
before(() => {
  const txid = new Uint8Array(32);
  for (let script = 0; script < 4; script += 1) {
    flow.addScript(
      SCRIPT_KIND.p2wpkh,
      Uint8Array.of(0, 20, ...new Uint8Array(20).fill(script)),
      0,
      22,
    );
  }
  const unspent: { output: number; script: number; value: bigint }[] = [];
  const takeUnspent = () => unspent.splice(random.int(0, unspent.length - 1), 1)[0]!;
  for (const height of HEIGHTS) {
    flow.addBlock(height, 1_600_000_000 + height);
    for (let i = 0; i < TXS_PER_BLOCK; i += 1) {
      const tx = flow.txCount;
      new DataView(txid.buffer).setUint32(0, tx + 1);
      flow.addTx(0, txid, 0);
      for (let n = random.int(0, 3); n > 0 && unspent.length > 0; n -= 1) {
        const { output, script, value } = takeUnspent();
        flow.addInput(output, 0xffff_ffff, INPUT_KIND.p2wpkh, 1);
        rows.push({ script, tx, direction: DIRECTION.sent, value });
      }
      if (tx > 100 && random.chance(0.3)) {
        const value = random.chance(0.5) ? MAX_SATS : BigInt(random.u32());
        const script = random.int(1, 2);
        flow.addUndoInput(Number(value), script, 2 * 3);
        flow.addInput(NONE, 0xffff_ffff, INPUT_KIND.p2wpkh, 1);
        rows.push({ script, tx, direction: DIRECTION.sent, value, isBefore: true });
      }
      for (let n = random.int(0, 3); n > 0; n -= 1) {
        const value = random.chance(0.5) ? MAX_SATS : BigInt(random.u32());
        const script = random.int(1, 2);
        unspent.push({ output: flow.outputCount, script, value });
        flow.addOutput(Number(value), script, UNSPENT);
        rows.push({ script, tx, direction: DIRECTION.received, value });
      }
      flow.endTx();
      if (unspent.length > 0 && random.chance(0.1)) {
        // As if a later transaction with the same id had destroyed it.
        const { output, script, value } = takeUnspent();
        flow.outputSpender.set(output, OVERWRITTEN);
        flow.destroyedOutput.push(output);
        flow.destroyedTx.push(tx);
        rows.push({ script, tx, direction: DIRECTION.destroyed, value });
      }
    }
  }
});

const scriptIds = (...numbers: number[]): ScriptId[] => numbers as ScriptId[];

/** Sums by plain addition. */
function expected(scripts: readonly number[], txEnd: number) {
  const own = rows.filter(({ script, tx }) => scripts.includes(script) && tx < txEnd);
  const sum = (direction: number, of = own): bigint =>
    of.reduce((total, row) => total + (row.direction === direction ? row.value : 0n), 0n);
  const { received, sent, destroyed } = DIRECTION;
  const before = sum(
    sent,
    own.filter(({ isBefore }) => isBefore),
  );
  const seen = own.filter(({ direction }) => direction !== destroyed);
  const txs = [...new Set(seen.map(({ tx }) => tx))];
  return {
    receivedSats: sum(received),
    sentSats: sum(sent),
    sentFromBeforeSats: before,
    balanceSats: sum(received) + before - sum(sent) - sum(destroyed),
    outputs: own.filter(({ direction }) => direction === received).length,
    spentOutputs: own.filter(({ direction }) => direction === sent).length,
    txs,
    entries: txs.map((tx) => {
      const of = seen.filter((row) => row.tx === tx);
      return { tx, receivedSats: sum(received, of), sentSats: sum(sent, of) };
    }),
  };
}

async function pagesOf(
  scripts: readonly number[],
  nextLimit: () => number,
  txEnd?: number,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const limit = nextLimit();
    const page = readHistory(flow, scriptIds(...scripts), {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
      ...(txEnd === undefined ? {} : { txEnd }),
    });
    assert.ok(page.entries.length <= limit);
    assert.equal(page.nextCursor !== undefined && page.entries.length < limit, false);
    entries.push(...page.entries);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return entries;
}

test('sums and counts are exact beyond 2^53, for one script, for two together, and as of a height', async () => {
  for (const scripts of [[1], [2], [1, 2]]) {
    for (const height of [...HEIGHTS, 10]) {
      const txEnd = flow.txEndAtHeight(height);
      const { txs, entries, ...sums } = expected(scripts, txEnd);
      const found = summariseScripts(flow, scriptIds(...scripts), txEnd);
      const { firstSeen, lastSeen, transactions, ...rest } = found;
      assert.deepEqual(rest, sums);
      assert.equal(transactions, txs.length);
      assert.equal(firstSeen?.txid, flow.txid(txs[0]!));
      assert.equal(lastSeen?.txid, flow.txid(txs.at(-1)!));
      assert.equal(lastSeen?.height, flow.txHeight(txs.at(-1)!));
    }
  }
  const whole = expected([1, 2], flow.txCount);
  assert.ok(whole.receivedSats > 10n * MAX_SATS, 'the amounts are too small to prove anything');
  assert.ok(whole.sentFromBeforeSats > 10n * MAX_SATS);
});

test('an address that is nowhere has nothing, and no first and last sight', async () => {
  const found = summariseScripts(flow, scriptIds(3));
  assert.deepEqual(found, {
    receivedSats: 0n,
    sentSats: 0n,
    sentFromBeforeSats: 0n,
    balanceSats: 0n,
    transactions: 0,
    outputs: 0,
    spentOutputs: 0,
  });
  assert.deepEqual(readHistory(flow, scriptIds(3), { limit: 5 }), {
    entries: [],
  });
});

test('pages of any size tell every transaction once, newest first, now and as of a height', async () => {
  const sizes = seededRandom('pages-1');
  for (const scripts of [[1], [1, 2]]) {
    for (const txEnd of [undefined, flow.txEndAtHeight(7)]) {
      const { entries } = expected(scripts, txEnd ?? flow.txCount);
      const found = await pagesOf(scripts, () => sizes.int(1, 300), txEnd);
      assert.deepEqual(
        found.map(({ txid, height, receivedSats, sentSats }) => ({
          txid,
          height,
          receivedSats,
          sentSats,
        })),
        entries.reverse().map(({ tx, receivedSats, sentSats }) => ({
          txid: flow.txid(tx),
          height: flow.txHeight(tx),
          receivedSats,
          sentSats,
        })),
        `replay with seed ${sizes.seed}`,
      );
    }
  }
});

test('a cursor goes on at the same place after new blocks came', async () => {
  const txEnd = flow.txEndAtHeight(20);
  const read = (page: { limit: number; cursor?: string; txEnd?: number }) =>
    readHistory(flow, scriptIds(1), page);
  const first = await read({ limit: 10, txEnd });
  const then = await read({ limit: 10, txEnd, cursor: first.nextCursor! });
  assert.deepEqual(await read({ limit: 10, cursor: first.nextCursor! }), then);
});

test('a cursor that no page gave is refused, and not repeated', async () => {
  const cursors = [
    '',
    '5',
    '5:',
    ':1',
    '5:400',
    '4:0',
    '8:0',
    '5:-1',
    '5:1e1',
    ' 5:1',
    '99999999999:1',
  ];
  for (const cursor of [...cursors, "5:1' OR 1=1", '21:999999999']) {
    assert.throws(
      () => readHistory(flow, scriptIds(1), { limit: 5, cursor }),
      (error: { code: string; facts: object; message: string }) => {
        assert.equal(error.code, 'CLEW_USAGE', cursor);
        const said = `${error.message} ${JSON.stringify(error.facts)}`;
        assert.ok(cursor.length < 4 || !said.includes(cursor), said);
        return true;
      },
    );
  }
});
