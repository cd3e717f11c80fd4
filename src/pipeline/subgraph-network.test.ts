/** Answers over a server's facts, beside those of a ledger that holds all of them: here the server is that ledger. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import { scriptToAddress } from '../chain/address.ts';
import { hasAddress } from '../chain/script-kind.ts';
import { scriptName } from '../cluster/script-name.ts';
import { FlowReader } from '../ledger/read/flow-reader.ts';
import { resolveAddress } from '../ledger/script-lookup.ts';
import { writeScenarioChain } from '../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { NO_LIMITS } from '../trace/trace.ts';
import { indexBlocks } from './index-blocks.ts';
import { OpenNetwork } from './open-network.ts';
import { SubgraphNetwork } from './subgraph-network.ts';
import { traceSubjects } from './trace-subjects.ts';

const folder = temporaryFolder('subgraph-network');
let source: BlockSource;
let store: Store;
let whole: OpenNetwork;
let part: SubgraphNetwork;

before(async () => {
  writeScenarioChain(join(folder, 'blocks'));
  source = await openBlockSource(join(folder, 'blocks'));
  store = await openStore(join(folder, 'store.sqlite'));
  const places = { networkFolder: join(folder, 'network'), store: async () => store };
  whole = await OpenNetwork.open(places, source.network);
  await indexBlocks(whole.ledger, source);
  part = new SubgraphNetwork(places, {
    reader: new FlowReader(whole.ledger),
    server: 'here:1',
    strippedBytes: async (txid) =>
      hexToBytes((await whole.transaction(txid, undefined, true)).strippedHex!),
  });
});

after(async () => {
  await part.close();
  await whole.close();
  await store.close();
  source.close();
});

async function addresses(every: number): Promise<string[]> {
  const flow = await whole.flow();
  const found: string[] = [];
  for (let script = 0; script < flow.scriptCount; script += every) {
    const address = hasAddress(flow.scriptKind.at(script))
      ? scriptToAddress(flow.scripts.read(script), flow.network)
      : undefined;
    if (address !== undefined) found.push(address);
  }
  return found;
}

test('a transaction is told as the ledger tells it, but for clusters and the place of its bytes', async () => {
  const flow = await whole.flow();
  for (let tx = 0; tx < flow.txCount; tx += 9) {
    const txid = flow.txid(tx);
    const wanted = await whole.transaction(txid);
    const { run: _run, factsSource, ...found } = await part.transaction(txid);
    assert.equal(factsSource?.server, 'here:1');
    const { raw: _raw, run: _wholeRun, ...rest } = wanted;
    const bare = <T extends { readonly cluster?: string }>({ cluster: _, ...item }: T) => item;
    const strip = (answer: typeof rest) => ({
      ...answer,
      inputs: answer.inputs.map(bare),
      outputs: answer.outputs.map(bare),
      // Neighbours raise a verdict from possible to strong; they were not fetched.
      verdicts: answer.verdicts.map(({ rule }) => rule),
    });
    assert.deepEqual(strip(found), strip(rest), txid);
  }
  await assert.rejects(part.transaction('00'.repeat(32)), { code: 'CLEW_TX_NOT_FOUND' });
  await assert.rejects(part.transaction('00'), { code: 'CLEW_TXID_FORMAT' });
  const txid = flow.txid(40);
  const bytes = hexToBytes((await part.transaction(txid, undefined, true)).strippedHex!);
  assert.equal(hashToDisplay(sha256d(bytes)), txid);
});

test('an address is told as the ledger tells it, short histories to the letter, long ones page by page', async () => {
  for (const address of await addresses(7)) {
    const page = { limit: 5 };
    const { cluster: _c, ...wanted } = await whole.address(address, page);
    const { cluster, factsSource, ...found } = await part.address(address, page);
    assert.equal(cluster, null);
    assert.equal(factsSource!.kind, 'flow');
    if (wanted.counts.transactions <= 50) {
      assert.deepEqual(found, wanted, address);
      continue;
    }
    assert.deepEqual(
      { ...found, nextCursor: 0, firstSeen: 0 },
      { ...wanted, nextCursor: 0, firstSeen: 0 },
    );
    const next = await part.address(address, { limit: 5, cursor: found.nextCursor! });
    const same = await whole.address(address, { limit: 5, cursor: wanted.nextCursor! });
    assert.deepEqual(next.history, same.history);
  }
  const at = 30;
  for (const address of await addresses(31)) {
    const wanted = await whole.address(address, { limit: 5 }, at).catch(({ code }) => code);
    const found = await part.address(address, { limit: 5 }, at).catch(({ code }) => code);
    if (typeof wanted === 'string') assert.equal(found, wanted);
    else assert.deepEqual(found.history, wanted.history);
  }
});

test('clusters that are asked for are fetched whole, through links of both rules', async () => {
  const flow = await whole.flow();
  const run = await whole.run();
  let joined = 0;
  for (const [i, address] of (await addresses(1)).entries()) {
    const root = run.rootOf(resolveAddress(flow, address)[0]!);
    if (run.size(root).scripts === 1 && i % 25 > 0) continue;
    const page = { limit: 1_000 };
    const wanted = await whole.cluster(address, page);
    const found = await part.cluster(address, page);
    assert.deepEqual([...found.members].sort(), [...wanted.members].sort(), address);
    for (const key of ['size', 'received', 'sent', 'balance', 'counts'] as const) {
      assert.deepEqual(found[key], wanted[key], `${key} of ${address}`);
    }
    if (wanted.members.length < 2) continue;
    joined += 1;
    const other = wanted.members.at(-1)!;
    if (other.startsWith('script:')) continue;
    const why = await whole.why(address, other);
    assert.equal((await part.why(address, other)).links.length, why.links.length);
  }
  assert.ok(joined > 10, `${joined} addresses in clusters`);
  // Two that nothing joins.
  const [a, b] = [0, flow.scriptCount - 1].map((script) => scriptName(flow, script));
  assert.notEqual(run.rootOf(0), run.rootOf(flow.scriptCount - 1));
  await assert.rejects(part.why(a!, b!), { code: 'CLEW_NOT_LINKED' });
});

test('a trace names where its facts come from; but for that and the clusters it is the same', async () => {
  const limits = { ...NO_LIMITS, depth: 8 };
  const options = { limits, passServices: false, passMixes: false } as const;
  let compared = 0;
  for (const [i, address] of (await addresses(13)).entries()) {
    const direction = i % 2 === 0 ? 'forward' : 'backward';
    const asked = { ...options, direction, method: i % 4 < 2 ? 'fifo' : 'haircut' } as const;
    const wanted = await traceSubjects(whole, { subjects: [address] }, asked);
    const found = await traceSubjects(part, { subjects: [address] }, asked);
    const { factsSource, runId: _run, ...derivation } = found.derivation;
    const { runId: _wholeRun, ...wholeDerivation } = wanted.derivation;
    assert.equal(factsSource!.isWhole, true);
    assert.deepEqual(derivation, wholeDerivation);
    const strip = ({ derivation: _, leaves, ...view }: typeof found) => ({
      ...view,
      leaves: leaves.map(({ mix, ...leaf }) => ({ ...leaf, mix: mix?.txid })),
    });
    assert.deepEqual(strip(found), strip(wanted), address);
    compared += 1;
  }
  assert.ok(compared > 20);
});

test('what needs a ledger is refused by name', async () => {
  assert.throws(() => part.ledger, { code: 'CLEW_NO_LEDGER' });
  await assert.rejects(part.status(), { code: 'CLEW_NO_LEDGER' });
});
