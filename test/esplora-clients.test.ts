/**
 * Clients against the Esplora API of `clew serve`, over a simulated economy with busy addresses: a public library from npm, and
 * Clew's own reader, whose answers must be those of the ledger itself.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EsploraExplorer } from '@bitcoinerlab/explorer';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { openEsploraReader } from '../src/ledger/read/esplora-reader.ts';
import { FlowReader } from '../src/ledger/read/flow-reader.ts';
import { simulate } from '../src/simulate/simulate.ts';
import type { ScriptHex, Txid } from '../src/units/ids.ts';
import { type NaiveEsplora, scriptHashOf } from './support/naive-esplora.ts';
import { type ServedLedger, serveLedger } from './support/served-ledger.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const TRANSACTIONS = 3_000;
const folder = temporaryFolder('esplora-clients');
let served: ServedLedger;
let naive: NaiveEsplora;
/** Busiest first. */
let scripts: string[];

before(async () => {
  const economy = join(folder, 'economy');
  await simulate({ outDir: economy, transactions: TRANSACTIONS, seed: 'esplora' });
  served = await serveLedger(join(economy, 'blocks'), folder);
  naive = served.naive;
  scripts = [...naive.scripts.keys()].sort(
    (a, b) => naive.scripts.get(b)!.txs.length - naive.scripts.get(a)!.txs.length,
  );
});

after(async () => {
  await served?.close();
  assert.deepEqual(served?.faults, []);
});

async function askValue<Value>(path: string): Promise<Value> {
  const reply = await fetch(`${served.base}/${path}`);
  assert.equal(reply.status, 200, path);
  return (await reply.json()) as Value;
}

test('a busy address by pages: each transaction once, in order', async () => {
  const [busiest, second] = scripts as [string, string];
  assert.ok(naive.history(busiest).length > 100, `${naive.history(busiest).length} are not many`);
  for (const script of [busiest, second]) {
    const path = `scripthash/${scriptHashOf(script)}/txs/chain`;
    const ids: string[] = [];
    for (let after = ''; ; ) {
      const page = await askValue<{ txid: string }[]>(`${path}${after}`);
      ids.push(...page.map(({ txid }) => txid));
      if (page.length < 25) break;
      after = `/${ids.at(-1)}`;
    }
    assert.deepEqual(
      ids,
      naive.history(script).map(({ tx }) => tx.txid),
    );
    assert.deepEqual(
      await askValue(`scripthash/${scriptHashOf(script)}/utxo`),
      naive.unspent(script),
    );
  }
});

test('a public library reads it like any Esplora server', async () => {
  const explorer = new EsploraExplorer({ url: served.base, irrevConfThresh: 3 });
  await explorer.connect();
  assert.equal(await explorer.isConnected(), true);
  const tip = naive.blocks.at(-1)!;
  assert.equal(await explorer.fetchBlockHeight(), tip.height);
  for (const height of [0, 5, tip.height - 2, tip.height]) {
    const block = naive.blocks[height]!;
    assert.deepEqual(await explorer.fetchBlockStatus(height), {
      blockHeight: height,
      blockHash: block.hash,
      blockTime: block.timeSeconds,
      irreversible: tip.height - height + 1 >= 3,
    });
  }
  assert.equal(await explorer.fetchBlockStatus(tip.height + 1), undefined);
  const random = seededRandom('esplora-library');
  for (const script of [scripts[3]!, ...random.shuffle([...scripts]).slice(0, 12)]) {
    const { funded_txo_sum, spent_txo_sum, tx_count } = naive.chainStats(script);
    const expected = {
      balance: funded_txo_sum - spent_txo_sum,
      txCount: tx_count,
      unconfirmedBalance: 0,
      unconfirmedTxCount: 0,
    };
    // The library writes the hash the way Electrum does: reversed.
    const scriptHash = Buffer.from(scriptHashOf(script), 'hex').reverse().toString('hex');
    assert.deepEqual(await explorer.fetchScriptHash(scriptHash), expected);
    const address = naive.addressOf(script);
    if (address !== undefined) assert.deepEqual(await explorer.fetchAddress(address), expected);
    const history = await explorer.fetchTxHistory({ scriptHash });
    const oldestFirst = naive.history(script).reverse();
    assert.deepEqual(
      history.map(({ txId, blockHeight }) => [txId, blockHeight]),
      oldestFirst.map(({ tx, block }) => [tx.txid, block.height]),
    );
    const one = oldestFirst[0]!;
    assert.equal(await explorer.fetchTx(one.tx.txid), one.bytes.toString('hex'));
  }
  // What it does not have, it says, in ways that the library understands.
  await assert.rejects(explorer.fetchTx('ab'.repeat(32)), /Transaction not found.*404/);
  await assert.rejects(explorer.fetchAddress('not-an-address'), /400/);
  await assert.rejects(explorer.fetchFeeEstimates(), /Invalid fee estimates/);
  await assert.rejects(explorer.push('00'), /405|Failed/);
  explorer.close();
});

test('Clew’s own reader answers from it what the ledger answers', async () => {
  const flow = new FlowReader(served.open.ledger);
  const reader = await openEsploraReader({
    network: served.open.network,
    base: new URL(served.base),
    cacheFolder: join(folder, 'cache'),
  });
  try {
    assert.deepEqual(await reader.tip(), await flow.tip());
    const random = seededRandom('esplora-reader');
    const some = [scripts[4]!, ...random.shuffle([...scripts]).slice(0, 15)] as ScriptHex[];
    const few = some.filter((script) => naive.history(script).length <= 100);
    assert.deepEqual(await reader.summaries(few), await flow.summaries(few));
    const questions = some.map((script) => ({ script, limit: 60 }));
    const histories = await reader.histories(questions);
    assert.deepEqual(histories, await flow.histories(questions));
    assert.deepEqual(await reader.unspent(questions), await flow.unspent(questions));
    const txids = random.shuffle([...naive.byTxid.keys()]).slice(0, 25) as Txid[];
    assert.deepEqual(await reader.transactions(txids), await flow.transactions(txids));
    const outpoints = txids.map((txid) => ({ txid, vout: 0 }));
    assert.deepEqual(await reader.spenders(outpoints), await flow.spenders(outpoints));
    const heights = [0, 1, 7, naive.blocks.length - 1, naive.blocks.length];
    assert.deepEqual(await reader.blocksAt(heights), await flow.blocksAt(heights));
    const { placed, said } = { placed: reader.proofs(), said: reader.requests };
    assert.ok(said > 0 && JSON.stringify(placed).length > 0);
  } finally {
    await reader.close();
    await flow.close();
  }
});
