/** The Esplora client for other coins: payloads, tokens and extension blocks that the fields of an answer do not tell. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesToHex } from '../src/bytes/hex.ts';
import { parseBlock } from '../src/chain/transaction.ts';
import { FlowReader } from '../src/ledger/read/flow-reader.ts';
import type { LedgerReader } from '../src/ledger/read/ledger-reader.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { OpenNetwork } from '../src/pipeline/open-network.ts';
import { COIN_SCENARIOS, coinScenario, writeCoinScenario } from '../src/simulate/coin-scenario.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import type { BlockHash, ScriptHex } from '../src/units/ids.ts';
import { openReader } from './support/esplora-client.ts';
import { EsploraTestServer } from './support/esplora-server.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

for (const name of COIN_SCENARIOS) {
  test(`${name}: the client answers what the ledger answers`, async (t) => {
    const folder = temporaryFolder('esplora-coins');
    const { network, blocks } = coinScenario(name);
    writeCoinScenario(join(folder, 'chain'), name);
    const source = await openBlockSource(join(folder, 'chain'), {
      network: network.name,
    });
    t.after(() => source.close());
    const places = { networkFolder: join(folder, network.name), store: () => assert.fail('none') };
    const open = await OpenNetwork.open(places, network);
    t.after(() => open.close());
    await indexBlocks(open.ledger, source);
    const flow = new FlowReader(open.ledger);

    const server = new EsploraTestServer(network, blocks);
    await server.listen(t);
    const reader = await openReader(t, server, join(folder, 'cache'), { network, wholeMax: 1000 });
    const parsed = blocks.map(({ bytes }) => parseBlock(bytes, network).transactions);
    const txids = parsed.flat().map(({ txid }) => txid);
    assert.deepStrictEqual(await reader.transactions(txids), await flow.transactions(txids));
    const hashes = blocks.map(({ hash }) => hash as BlockHash);
    assert.deepStrictEqual(await reader.blockTxids(hashes), await flow.blockTxids(hashes));
    const heights = blocks.map(({ height }) => height);
    assert.deepStrictEqual(await reader.blocksAt(heights), await flow.blocksAt(heights));
    const paid = parsed.flat().flatMap((tx) => tx.outputs.map(({ script }) => bytesToHex(script)));
    const scripts = [...new Set(paid)].filter((script) => !script.startsWith('6a')) as ScriptHex[];
    const questions = scripts.map((script) => ({ script, limit: 1000 }));
    // Where ids order a block, a ledger's rows stand in the order of spending, and histories with them.
    const inOrder = <T extends { readonly height: number; readonly txid: string }>(
      all: readonly T[],
    ): readonly T[] =>
      network.canonicalOrderFrom !== undefined ? [...all].sort(byHeightAndId) : all;
    const histories = async (from: LedgerReader) =>
      (await from.histories(questions)).map(({ entries }) => inOrder(entries));
    const unspent = async (from: LedgerReader) =>
      (await from.unspent(questions)).map(({ outputs }) => inOrder(outputs));
    assert.deepStrictEqual(await histories(reader), await histories(flow));
    assert.deepStrictEqual(await reader.summaries(scripts), await flow.summaries(scripts));
    assert.deepStrictEqual(await unspent(reader), await unspent(flow));
    assert.equal(reader.proofs().missing, 0);

    // From the folder alone: what was kept of them is all that is needed.
    const asked = server.asked.length;
    const later = await openReader(t, server, join(folder, 'cache'), { network, wholeMax: 1000 });
    assert.deepStrictEqual(await later.transactions(txids), await flow.transactions(txids));
    const again = server.asked.slice(asked).filter((path) => /^tx\/[0-9a-f]+$/.test(path));
    assert.deepEqual(again, []);
  });
}

function byHeightAndId(
  a: { readonly height: number; readonly txid: string },
  b: { readonly height: number; readonly txid: string },
): number {
  return b.height - a.height || (a.txid < b.txid ? -1 : a.txid > b.txid ? 1 : 0);
}
