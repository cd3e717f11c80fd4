/** Commands over recorded traffic: a busy address of the real chain, of which nothing else was recorded. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EsploraTransaction } from '../src/chain/esplora-transaction.ts';
import { getNetwork } from '../src/chain/network.ts';
import { oddServer } from './support/odd-server.ts';
import { type Run, runClew } from './support/run-clew.ts';
import { sharedJson } from './support/shared-data.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const MAIN = getNetwork('main');
/** Block 1 stands in for the tip: its header has real work. */
const TIP = {
  id: '00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048',
  height: 900_000,
  version: 1,
  timestamp: 1_231_469_665,
  tx_count: 1,
  size: 215,
  weight: 860,
  merkle_root: '0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098',
  previousblockhash: MAIN.genesisHash,
  nonce: 2_573_394_689,
  bits: 486_604_799,
};

interface Replay {
  readonly address: string;
  readonly all: readonly EsploraTransaction[];
  ask(command: string, ...argv: string[]): Promise<Run>;
}

/** What was recorded, with no output spent but by what is there, and no proof. */
async function replay(t: TestContext): Promise<Replay | undefined> {
  const recording = sharedJson<Record<string, string>>(t, 'esplora/recorded-pagination.json');
  if (recording === undefined) return undefined;
  const pages = Object.values(recording).map((text) => JSON.parse(text) as EsploraTransaction[]);
  const { url: first } = JSON.parse(Object.keys(recording)[0]!) as { url: string };
  const address = first.split('/')[4]!;
  const all = pages.flat();
  const answers = new Map<string, unknown>([
    ['block-height/0', MAIN.genesisHash],
    ['block-height/900000', TIP.id],
    ['blocks/tip/hash', TIP.id],
    [`block/${TIP.id}`, TIP],
    [`address/${address}/txs/chain`, pages[0]],
  ]);
  for (const [i, page] of pages.entries()) {
    answers.set(`address/${address}/txs/chain/${page.at(-1)!.txid}`, pages[i + 1] ?? []);
  }
  const spent = (name: string): unknown => {
    for (const { txid, vin, status } of all) {
      const at = vin.findIndex((input) => `${input.txid}:${input.vout}` === name);
      if (at >= 0) return { spent: true, txid, vin: at, status };
    }
    return { spent: false };
  };
  for (const tx of all) {
    answers.set(`tx/${tx.txid}`, tx);
    const { txid, vout } = tx;
    answers.set(
      `tx/${txid}/outspends`,
      vout.map((_, n) => spent(`${txid}:${n}`)),
    );
  }
  const mine = (outputs: readonly ({ scriptpubkey_address?: string; value: number } | null)[]) =>
    outputs.filter((output) => output?.scriptpubkey_address === address);
  const paid = all.flatMap(({ vout }) => mine(vout));
  const taken = all.flatMap(({ vin }) => mine(vin.map(({ prevout }) => prevout)));
  const sum = (outputs: typeof paid): number => outputs.reduce((to, each) => to + each!.value, 0);
  answers.set(`address/${address}`, {
    chain_stats: {
      tx_count: all.length,
      funded_txo_count: paid.length,
      funded_txo_sum: sum(paid),
      spent_txo_count: taken.length,
      spent_txo_sum: sum(taken),
    },
    mempool_stats: {
      tx_count: 0,
      funded_txo_count: 0,
      funded_txo_sum: 0,
      spent_txo_count: 0,
      spent_txo_sum: 0,
    },
  });
  const server = await oddServer(t, ({ url = '' }, answer) => {
    const found = answers.get(url.replace(/^\/api\//, ''));
    answer.statusCode = found === undefined ? 404 : 200;
    answer.end(typeof found === 'string' ? found : JSON.stringify(found ?? ''));
  });
  const folder = temporaryFolder('recorded-commands');
  const how = ['--esplora', new URL('api', server.url).href, '--data', `${folder}/data`];
  return { address, all, ask: (command, ...argv) => runClew(folder, command, ...argv, ...how) };
}

test('a recorded address: all of its transactions, its sums, and that nothing of it was proven', async (t) => {
  const recorded = await replay(t);
  if (recorded === undefined) return;
  const { address, all, ask } = recorded;
  const { json, stderr } = await ask('address', address, '--limit', '1000');
  assert.equal(json?.counts.transactions, all.length, stderr);
  assert.deepEqual(
    new Set(json.history.map(({ txid }: { txid: string }) => txid)),
    new Set(all.map(({ txid }) => txid)),
  );
  const { isWhole, transactions, provenTransactions } = json.factsSource;
  assert.deepEqual([isWhole, transactions, provenTransactions], [true, all.length, 0]);
});

test('traces from a recorded address end where nothing more is known, and add up to the satoshi', async (t) => {
  const recorded = await replay(t);
  if (recorded === undefined) return;
  const { address, all, ask } = recorded;
  for (const direction of ['forward', 'backward']) {
    for (const method of ['fifo', 'haircut']) {
      const asked = ['--direction', direction, '--method', method, '--min-sats', '0'];
      const { json, stderr } = await ask('trace', address, ...asked);
      assert.ok(json !== undefined, stderr);
      const paid = all
        .flatMap(({ vout }) => vout)
        .filter((o) => o.scriptpubkey_address === address);
      const followed = paid.reduce((sum, { value }) => sum + BigInt(value), 0n);
      assert.equal(
        BigInt(json.tracedSats) + BigInt(json.alreadyLabelledSats),
        followed,
        `${direction} ${method}`,
      );
      const ended = json.stops.reduce(
        (sum: bigint, { totalSats }: { totalSats: string }) => sum + BigInt(totalSats),
        0n,
      );
      assert.equal(ended, BigInt(json.tracedSats));
      const reasons = json.stops.map(({ reason }: { reason: string }) => reason);
      // What was not recorded is nowhere: no budget was used up.
      assert.ok(!reasons.includes('not_fetched'), reasons.join());
      assert.equal(json.derivation.factsSource.isWhole, true);
    }
  }
});
