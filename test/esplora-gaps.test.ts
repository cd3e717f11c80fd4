/** The Esplora API where a ledger can not know or has lost something: mid-chain, bytes gone, blocks undone, nothing indexed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { esploraApi } from '../src/api/esplora/esplora-routes.ts';
import { ScriptSearch } from '../src/api/esplora/script-search.ts';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { scriptToAddress } from '../src/chain/address.ts';
import { getNetwork } from '../src/chain/network.ts';
import { p2wpkhScript } from '../src/chain/script.ts';
import { SCRIPT_KIND } from '../src/chain/script-kind.ts';
import { systemClock } from '../src/clock.ts';
import { FlowIndex, UNSPENT } from '../src/ledger/flow-index.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import type { OpenNetwork } from '../src/pipeline/open-network.ts';
import { writeScenarioChain } from '../src/simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../src/source/block-source.ts';
import { NaiveEsplora, type NaiveTx, scriptHashOf } from './support/naive-esplora.ts';
import { type ServedLedger, serveSource } from './support/served-ledger.ts';
import { blocksTo, onlyBlocks } from './support/some-blocks.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { writeUndoFiles } from './support/undo-of-chain.ts';

const REGTEST_MAGIC = 0xdab5bffa;
/** Where the ledgers begin that begin in mid-chain. */
const BEGIN = 125;
const folder = temporaryFolder('esplora-gaps');
let ledgers = 0;

before(() => {
  writeScenarioChain(join(folder, 'blocks'));
  writeScenarioChain(join(folder, 'with-undo'));
  writeUndoFiles(join(folder, 'with-undo'), REGTEST_MAGIC);
});

async function ask(
  served: ServedLedger,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const reply = await fetch(`${served.base}/${path}`);
  return { status: reply.status, text: await reply.text() };
}

async function askValue(served: ServedLedger, path: string): Promise<unknown> {
  const { status, text } = await ask(served, path);
  assert.equal(status, 200, `${path}: ${text}`);
  return JSON.parse(text);
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Serves the blocks of a folder, or some of them, for a while; only one ledger can be open. */
async function withServed(
  name: string,
  choose: (source: BlockSource) => BlockSource,
  work: (served: ServedLedger, source: BlockSource) => Promise<void>,
): Promise<void> {
  const source = await openBlockSource(join(folder, name));
  ledgers += 1;
  const served = await serveSource(choose(source), join(folder, `ledger-${ledgers}`));
  try {
    await work(served, source);
    assert.deepEqual(served.faults, []);
  } finally {
    await served.close();
    source.close();
  }
}

const fromBegin = (source: BlockSource): BlockSource =>
  onlyBlocks(source, (height) => height >= BEGIN);

test('in mid-chain: what is not known is null, never zero; medians and lists end where the ledger does', async () => {
  await withServed('blocks', fromBegin, async (served) => {
    const { naive } = served;
    let unknown = 0;
    for (const one of naive.byTxid.values()) {
      const value = (await askValue(served, `tx/${one.tx.txid}`)) as {
        fee: number | null;
        vin: { prevout: unknown; is_coinbase: boolean }[];
      };
      assert.deepEqual(value, plain(naive.transaction(one)));
      const isUnknown = value.vin.some((input) => input.prevout === null && !input.is_coinbase);
      assert.equal(value.fee === null, isUnknown);
      if (isUnknown) unknown += 1;
    }
    assert.ok(unknown > 5);
    const [first, second] = [naive.blocks[0]!, naive.blocks[11]!];
    const ofFirst = (await askValue(served, `block/${first.hash}`)) as { mediantime: unknown };
    assert.equal(ofFirst.mediantime, null);
    const { difficulty: _, ...ofSecond } = (await askValue(served, `block/${second.hash}`)) as {
      difficulty: number;
    };
    assert.deepEqual(ofSecond, naive.block(second));
    assert.equal(((await askValue(served, `blocks/${BEGIN + 2}`)) as unknown[]).length, 3);
    assert.equal((await ask(served, `block-height/${BEGIN - 1}`)).status, 404);
    // An output from before: whether it is spent can not be told.
    const input = [...naive.byTxid.values()]
      .flatMap(({ tx }) => tx.inputs)
      .find(({ prevTxid }) => !naive.byTxid.has(prevTxid) && !/^0+$/.test(prevTxid))!;
    assert.equal((await ask(served, `tx/${input.prevTxid}/outspend/${input.vout}`)).status, 404);
  });
});

test('in mid-chain with undo data, every transaction is that of the whole chain', async () => {
  await withServed('with-undo', fromBegin, async (served, source) => {
    const whole = new NaiveEsplora(source);
    for (const one of served.naive.byTxid.values()) {
      const expected = plain(whole.transaction(whole.byTxid.get(one.tx.txid)!));
      assert.deepEqual(await askValue(served, `tx/${one.tx.txid}`), expected);
    }
  });
});

test('when bytes are gone or changed: 503 with a reason, and nothing of an answer', async () => {
  await withServed(
    'blocks',
    (source) => source,
    async (served, source) => {
      const { naive } = served;
      const { file } = source.blocks[0]!;
      const one = [...naive.byTxid.values()].find(({ tx }) => !tx.isCoinbase)!;
      const script = Buffer.from(one.tx.outputs[0]!.script).toString('hex');
      const paths = [
        `tx/${one.tx.txid}`,
        `tx/${one.tx.txid}/hex`,
        `tx/${one.tx.txid}/raw`,
        `scripthash/${scriptHashOf(script)}/txs`,
        `block/${one.block.hash}/raw`,
        `block/${one.block.hash}/txs`,
      ];
      const expectGone = async (): Promise<void> => {
        for (const path of paths) {
          const { status, text } = await ask(served, path);
          assert.equal(status, 503, path);
          assert.match(text, /CLEW_RAW_GONE/, path);
          // No path of this machine.
          assert.ok(!text.includes(folder), text);
        }
        // What needs no bytes is answered.
        await askValue(served, `scripthash/${scriptHashOf(script)}`);
        await askValue(served, `tx/${one.tx.txid}/merkle-proof`);
        await askValue(served, `block/${one.block.hash}`);
      };
      const changed = readFileSync(file);
      renameSync(file, `${file}.away`);
      try {
        // Some other bytes at the place of each transaction: the last one of its lock time.
        for (const { offsetBytes } of source.blocks) changed.fill(0x5a, offsetBytes + 90);
        writeFileSync(file, changed);
        await expectGone();
      } finally {
        renameSync(`${file}.away`, file);
      }
      await askValue(served, `tx/${one.tx.txid}`);
    },
  );
});

test('blocks come and go: answers and search follow, pages do not go on from what is gone', async () => {
  await withServed(
    'blocks',
    (source) => blocksTo(source, 160),
    async (served, source) => {
      const check = async (height: number): Promise<void> => {
        const naive = new NaiveEsplora(blocksTo(source, height));
        assert.equal((await ask(served, 'blocks/tip/height')).text, String(height));
        assert.equal((await ask(served, 'blocks/tip/hash')).text, naive.blocks.at(-1)!.hash);
        let n = 0;
        for (const script of whole.scripts.keys()) {
          n += 1;
          if (n % 7 !== 0) continue;
          const { chain_stats } = (await askValue(
            served,
            `scripthash/${scriptHashOf(script)}`,
          )) as {
            chain_stats: unknown;
          };
          assert.deepEqual(chain_stats, naive.chainStats(script), script);
        }
      };
      const whole = new NaiveEsplora(source);
      await check(160);
      await indexBlocks(served.open.ledger, source);
      const last: NaiveTx = whole.blocks.at(-1)!.txs.at(-1)!;
      const script = Buffer.from(last.tx.outputs[0]!.script).toString('hex');
      const page = `scripthash/${scriptHashOf(script)}/txs/chain/${last.tx.txid}`;
      await check(whole.blocks.at(-1)!.height);
      assert.equal((await ask(served, page)).status, 200);
      await served.open.ledger.undoAbove(140);
      await check(140);
      assert.equal((await ask(served, page)).status, 400);
      assert.deepEqual(await askValue(served, `tx/${last.tx.txid}/status`), { confirmed: false });
      assert.deepEqual(await askValue(served, `block/${last.block.hash}/status`), {
        in_best_chain: false,
        height: null,
        next_best: null,
      });
      await indexBlocks(served.open.ledger, blocksTo(source, 150));
      await check(150);
    },
  );
});

test('before anything is indexed everything is 503', async () => {
  const api = esploraApi({ network: undefined, useNetwork: () => assert.fail('not reached') });
  const signal = new AbortController().signal;
  for (const path of [
    'blocks/tip/height',
    'address/x',
    `tx/${'ab'.repeat(32)}`,
    'address-prefix/1',
  ]) {
    const answer = await api.answer(`/api/${path}`, new URLSearchParams(), signal);
    assert.equal(answer.status, 503, path);
    assert.match(String(answer.body), /CLEW_LEDGER_EMPTY/);
  }
  await api.close();
});

/** One script that was paid more than a double holds exactly. */
function richFlow(): { flow: FlowIndex; script: Uint8Array; address: string } {
  const flow = FlowIndex.inMemory(getNetwork('main'));
  const script = p2wpkhScript(new Uint8Array(20).fill(7));
  flow.addBlock(0, 1);
  let row = -1;
  for (let n = 0; n < 9; n += 1) {
    flow.addTx(0, new Uint8Array(32).fill(n + 1), 0);
    if (n === 0) row = flow.addScript(SCRIPT_KIND.p2wpkh, script, 0, script.length);
    flow.addOutput(2 ** 52 + 1, row, UNSPENT);
    flow.endTx();
  }
  return { flow, script, address: scriptToAddress(script, flow.network)! };
}

test('sums beyond 2^53 are written whole; an index that is not ready keeps nobody else waiting', async () => {
  const { flow, script, address } = richFlow();
  const open = { ledger: {}, folder: join(folder, 'rich'), flow: async () => flow };
  let isStuck = false;
  const api = esploraApi({
    network: 'main',
    // Once stuck, the work in the background waits for ever.
    useNetwork: (_, work) =>
      isStuck ? new Promise(() => undefined) : work(open as unknown as Parameters<typeof work>[0]),
  });
  const signal = new AbortController().signal;
  const askPath = (path: string) => api.answer(`/api/${path}`, new URLSearchParams(), signal);
  const { body } = await askPath(`address/${address}`);
  const sum = 9n * (2n ** 52n + 1n);
  assert.ok(String(body).includes(`"funded_txo_sum":${sum},`), String(body));
  const hash = scriptHashOf(Buffer.from(script).toString('hex'));
  assert.ok(String((await askPath(`scripthash/${hash}`)).body).includes(`:${sum},`));
  await api.close();

  isStuck = true;
  const search = new ScriptSearch(() => new Promise(() => undefined));
  const state = { folder: join(folder, 'stuck'), flow };
  assert.equal(search.scriptOf(state, Buffer.from(hash, 'hex')), undefined);
  assert.equal(search.addressesOf(state, 'bc1', 10), undefined);
  const start = systemClock.elapsedMs();
  await search.waitForHashes();
  assert.ok(systemClock.elapsedMs() - start < 10_000);
  const refusal = search.comeAgain('hashes', flow);
  assert.equal(refusal.status, 503);
  assert.match(refusal.message, /0 of 1 scripts/);
  assert.ok(refusal.retryAfterSeconds! > 0);
});

test('a search index that is damaged on the disk is made again, and answers meanwhile only what it knows', async () => {
  const flow = FlowIndex.inMemory(getNetwork('main'));
  flow.addBlock(0, 1);
  flow.addTx(0, new Uint8Array(32), 0);
  const random = seededRandom('damaged-search');
  for (let n = 0; n < 25_000; n += 1) {
    const script = p2wpkhScript(random.bytes(20));
    flow.addOutput(1, flow.addScript(SCRIPT_KIND.p2wpkh, script, 0, script.length), UNSPENT);
  }
  flow.endTx();
  const state = { folder: join(folder, 'damaged'), flow };
  const useNetwork = <T>(work: (open: OpenNetwork) => Promise<T>): Promise<T> =>
    work({ folder: state.folder, flow: async () => flow } as unknown as OpenNetwork);
  const first = new ScriptSearch(useNetwork);
  await first.prepare('all');
  await first.close();
  for (const name of ['script-hash', 'address-prefix']) {
    const inner = join(state.folder, 'search', name);
    for (const run of readdirSync(inner).filter((file) => file.endsWith('.run'))) {
      const bytes = readFileSync(join(inner, run));
      // The middle of each block of entries, behind header and filter; lists at the ends stay whole.
      for (let at = 60_000; at < bytes.length - 2_048; at += 1_024) bytes[at]! ^= 0xff;
      writeFileSync(join(inner, run), bytes);
    }
  }
  const second = new ScriptSearch(useNetwork);
  const hashOf = (script: number): Uint8Array =>
    Buffer.from(scriptHashOf(Buffer.from(flow.scripts.read(script)).toString('hex')), 'hex');
  const asked = [...Array.from({ length: 50 }, (_, i) => 500 * i)];
  const before = asked.map((script) => second.scriptOf(state, hashOf(script)));
  assert.ok(before.includes(undefined), 'the damage is met');
  await second.prepare('hashes');
  for (const script of asked) assert.equal(second.scriptOf(state, hashOf(script)), script);
  second.addressesOf(state, 'bc1q', 10);
  await second.prepare('all');
  assert.equal(second.addressesOf(state, 'bc1q', 10)!.length, 10);
  await second.close();
});
