/** The Esplora API over ledgers of the other coins: merged mining, extension blocks, special transactions, other addresses. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { scriptToAddress } from '../src/chain/address.ts';
import { COIN_SCENARIOS, writeCoinScenario } from '../src/simulate/coin-scenario.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { scriptHashOf } from './support/naive-esplora.ts';
import { serveSource } from './support/served-ledger.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('esplora-server-coins');

for (const name of COIN_SCENARIOS) {
  test(`${name}: transactions, bytes, blocks, scripts`, async () => {
    const blocks = join(folder, name);
    const { network } = writeCoinScenario(blocks, name);
    const source = await openBlockSource(blocks, { network: network.name });
    const served = await serveSource(source, join(folder, `ledger-${name}`));
    const { naive } = served;
    const get = async (path: string): Promise<Buffer> => {
      const reply = await fetch(`${served.base}/${path}`);
      const body = Buffer.from(await reply.arrayBuffer());
      assert.equal(reply.status, 200, `${path}: ${body}`);
      return body;
    };
    const askValue = async (path: string): Promise<unknown> =>
      JSON.parse((await get(path)).toString());
    try {
      // The newest have what is peculiar to a coin.
      for (const one of [...naive.byTxid.values()].slice(-40)) {
        const path = `tx/${one.tx.txid}`;
        assert.deepEqual(await askValue(path), JSON.parse(JSON.stringify(naive.transaction(one))));
        assert.ok((await get(`${path}/raw`)).equals(one.bytes));
      }
      for (const block of naive.blocks.slice(-12)) {
        const path = `block/${block.hash}`;
        const { difficulty: _, ...value } = (await askValue(path)) as { difficulty: number };
        assert.deepEqual(value, naive.block(block));
        assert.ok((await get(`${path}/raw`)).equals(block.bytes));
        const header = block.bytes.subarray(0, 80).toString('hex');
        assert.equal((await get(`${path}/header`)).toString(), header);
      }
      for (const script of [...naive.scripts.keys()].slice(-25)) {
        const path = `scripthash/${scriptHashOf(script)}`;
        const { chain_stats } = (await askValue(path)) as { chain_stats: unknown };
        assert.deepEqual(chain_stats, naive.chainStats(script));
        const address = scriptToAddress(Buffer.from(script, 'hex'), naive.network);
        if (address === undefined || naive.addressOf(script) === undefined) continue;
        const ofAddress = (await askValue(`address/${address}`)) as { chain_stats: unknown };
        assert.deepEqual(ofAddress.chain_stats, chain_stats);
      }
      assert.deepEqual(served.faults, []);
    } finally {
      await served.close();
      source.close();
    }
  });
}
