/** The Esplora client held to the contract of the query layer, against an honest server over the scenario chain. */
import { test } from 'node:test';
import { getNetwork } from '../src/chain/network.ts';
import { openEsploraReader } from '../src/ledger/read/esplora-reader.ts';
import { requireContract } from '../src/ledger/read/ledger-reader.contract.ts';
import { scenarioChain } from '../src/simulate/scenario-chain.ts';
import { EsploraTestServer } from './support/esplora-server.ts';
import { SlowReader } from './support/slow-reader.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const REGTEST = getNetwork('regtest');

test('an Esplora server over the scenario chain', async (t) => {
  const { blocks } = scenarioChain();
  const server = new EsploraTestServer(REGTEST, blocks);
  await server.listen(t);
  const reader = await openEsploraReader({
    network: REGTEST,
    base: server.url,
    cacheFolder: temporaryFolder('esplora-contract'),
    wholeMax: 1000,
  });
  await requireContract(t, reader, new SlowReader(REGTEST, blocks), {
    gaps: ['same ids'],
    samples: 120,
  });
  t.diagnostic(`${reader.requests} requests, proofs ${JSON.stringify(reader.proofs())}`);
  await reader.close();
});
