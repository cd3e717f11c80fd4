/**
 * SQL answers while somebody writes: rows that do not count yet are not seen, and an answer that takes several statements
 * is of one state, also when blocks come or are undone between two of them.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { getNetwork } from '../src/chain/network.ts';
import { type LedgerEngine, openChdb } from '../src/ledger/engine.ts';
import { requireContract } from '../src/ledger/read/ledger-reader.contract.ts';
import type { LedgerReader } from '../src/ledger/read/ledger-reader.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import { scenarioChain } from '../src/simulate/scenario-chain.ts';
import type { BlockHash, ScriptHex, Txid } from '../src/units/ids.ts';
import { EngineFiller } from './support/fill-engine.ts';
import { SlowReader } from './support/slow-reader.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const network = getNetwork('regtest');
const folder = temporaryFolder('sql-tips');
const { blocks } = scenarioChain();
/** Enough blocks for everything to have happened before and after it. */
const MIDDLE = 130;
const TOP = blocks.at(-1)!.height;

let engine: LedgerEngine;
let filler: EngineFiller;

before(async () => {
  engine = await openChdb(join(folder, 'wide'), true);
  filler = await EngineFiller.of(network, engine);
});
after(() => engine.close());

const slowTo = (heightMax: number): SlowReader =>
  new SlowReader(
    network,
    blocks.filter(({ height }) => height <= heightMax),
  );

function addBlocks(from: number, to: number): void {
  for (const block of blocks)
    if (block.height >= from && block.height <= to) filler.addBlock(block);
}

/** The engine, with something happening before the n-th statement of a reader. */
function interrupted(n: number, happen: () => Promise<void>): LedgerEngine {
  let asked = 0;
  return new Proxy(engine, {
    get(target, name) {
      if (name !== 'query') {
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (sql: string) => {
        asked += 1;
        if (asked === n) await happen();
        return target.query(sql);
      };
    },
  });
}

const whole = slowTo(TOP);
/** All kinds of questions, about everything. */
const QUESTIONS: Readonly<Record<string, (reader: LedgerReader | SlowReader) => Promise<unknown>>> =
  {
    tip: (reader) => reader.tip(),
    transactions: (reader) => reader.transactions(whole.txids),
    spenders: (reader) => reader.spenders(whole.outpoints),
    histories: (reader) => reader.histories(whole.scripts.map((script) => ({ script, limit: 3 }))),
    summaries: (reader) => reader.summaries(whole.scripts),
    unspent: (reader) => reader.unspent(whole.scripts.map((script) => ({ script, limit: 3 }))),
    bareKeys: (reader) => reader.bareKeysOf(whole.scripts as ScriptHex[]),
    blocks: (reader) => reader.blocksAt(whole.heights),
    txids: (reader) => reader.blockTxids(whole.blockHashes as BlockHash[]),
  };

test('an empty ledger answers with nothing, and has blocks once they are there', async () => {
  const reader = new SqlReader(engine, network);
  assert.equal(await reader.tip(), undefined);
  assert.deepEqual(await reader.transactions([whole.txids[0] as Txid]), [undefined]);
  addBlocks(0, MIDDLE);
  await filler.commit();
  assert.equal((await reader.tip())?.height, MIDDLE);
});

test('rows of a batch whose tip is not in are not seen', async (t) => {
  addBlocks(MIDDLE + 1, TOP);
  await filler.insertRows();
  await requireContract(t, new SqlReader(engine, network), slowTo(MIDDLE), { samples: 60 });
  await filler.insertTip();
});

test('an answer between two tips is of one of them: blocks come', async () => {
  const [old, now] = [slowTo(MIDDLE), whole];
  const hash = blocks[MIDDLE]!.hash;
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    const [before, afterwards] = [await ask(old), await ask(now)];
    for (const n of [2, 5, 9]) {
      await filler.undoAbove(MIDDLE, hash);
      addBlocks(MIDDLE + 1, TOP);
      await filler.insertRows();
      let hasCome = false;
      const come = async () => {
        hasCome = true;
        await filler.insertTip();
      };
      const reader = new SqlReader(interrupted(n, come), network);
      const found = await ask(reader);
      try {
        assert.deepStrictEqual(found, hasCome ? afterwards : before, `${name} at statement ${n}`);
      } finally {
        if (!hasCome) await filler.insertTip();
      }
    }
  }
});

test('an answer between two tips is of one of them: blocks are undone', async () => {
  const [old, now] = [slowTo(MIDDLE), whole];
  const hash = blocks[MIDDLE]!.hash;
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    const [undone, full] = [await ask(old), await ask(now)];
    for (const n of [3, 8]) {
      let isUndone = false;
      const undo = async () => {
        isUndone = true;
        await filler.undoAbove(MIDDLE, hash);
      };
      const reader = new SqlReader(interrupted(n, undo), network);
      const found = await ask(reader);
      assert.deepStrictEqual(found, isUndone ? undone : full, `${name} at statement ${n}`);
      if (!isUndone) continue;
      addBlocks(MIDDLE + 1, TOP);
      await filler.commit();
    }
  }
});

test('blocks that are undone again and again give an error, never a mixture', async () => {
  const hash = blocks[MIDDLE]!.hash;
  const restless = new Proxy(engine, {
    get(target, name) {
      if (name !== 'query') {
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (sql: string) => {
        if (sql.includes('FROM script_events')) {
          await filler.undoAbove(MIDDLE, hash);
          addBlocks(MIDDLE + 1, TOP);
          await filler.commit();
        }
        return target.query(sql);
      };
    },
  });
  const reader = new SqlReader(restless, network);
  await assert.rejects(reader.summaries(whole.scripts.slice(0, 3)), { code: 'CLEW_REMOTE_BUSY' });
});

test('a reader goes on after the ledger was forgotten and loaded anew', async (t) => {
  const reader = new SqlReader(engine, network);
  assert.equal((await reader.tip())?.height, TOP);
  await engine.forgetAll();
  assert.equal(await reader.tip(), undefined);
  filler = await EngineFiller.of(network, engine);
  addBlocks(0, 20);
  await filler.commit();
  await requireContract(t, reader, slowTo(20), { samples: 30 });
});

test('a ledger of another network is refused', async () => {
  const reader = new SqlReader(engine, getNetwork('main'));
  await assert.rejects(reader.tip(), { code: 'CLEW_NETWORK_MISMATCH' });
});
