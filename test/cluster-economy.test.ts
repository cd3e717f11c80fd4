/** Clustering of a simulated economy against its truth: who owns what, and which transactions are mixes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { scriptToAddress } from '../src/chain/address.ts';
import { getNetwork } from '../src/chain/network.ts';
import { runClustering } from '../src/cluster/cluster-run.ts';
import { flowFromBlockFile } from '../src/cluster/test-support/blocks-to-flow.ts';
import { simulate } from '../src/simulate/simulate.ts';

const SEED = 'clusters 3';

interface TruthRow {
  readonly row: string;
  readonly address?: string;
  readonly owner?: string;
  readonly txid?: string;
  readonly protocol?: string;
}

const EXPECTED: Readonly<Record<string, string>> = {
  whirlpool: 'WH-1',
  wasabi1: 'WW1',
  wasabi2: 'WW2',
  joinmarket: 'JM-1',
  stonewall: 'SW-1',
  stonewall_x2: 'SW-1',
};

test('all mixes of an economy are found, nothing else is taken for one, and only PayJoins join two owners', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clew-economy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const outDir = join(folder, 'economy');
  await simulate({ outDir, transactions: 6000, seed: SEED });
  const blocks = readdirSync(join(outDir, 'blocks'))
    .filter((name) => name.endsWith('.dat'))
    .sort()
    .map((name) => readFileSync(join(outDir, 'blocks', name)));
  const network = getNetwork('regtest');
  const flow = flowFromBlockFile(Buffer.concat(blocks), network);
  const run = runClustering(flow);
  const rows = readFileSync(join(outDir, 'truth.json'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TruthRow);
  const protocolOf = new Map(
    rows.filter(({ row }) => row === 'mix').map(({ txid, protocol }) => [txid!, protocol!]),
  );

  const counted: Record<string, number> = {};
  for (let tx = 0; tx < flow.txCount; tx += 1) {
    const protocol = protocolOf.get(flow.txid(tx)) ?? 'none';
    const found = run.stopVerdict(tx)?.ruleId as string | undefined;
    assert.equal(found, EXPECTED[protocol], `seed ${SEED}: ${protocol} ${flow.txid(tx)}`);
    counted[protocol] = (counted[protocol] ?? 0) + 1;
  }
  for (const protocol of ['whirlpool', 'wasabi1', 'wasabi2', 'joinmarket', 'stonewall']) {
    assert.ok((counted[protocol] ?? 0) > 0, `${protocol} occurs`);
  }

  const ownerOf = new Map(
    rows
      .filter(({ row, address }) => row === 'address' && address !== undefined)
      .map(({ address, owner }) => [address!, owner!]),
  );
  const ownerOfScript = (script: number): string | undefined =>
    ownerOf.get(scriptToAddress(flow.scripts.read(script), network) ?? '');
  let between = 0;
  for (let row = 0; row < run.links.txIndex.length; row += 1) {
    const { scriptA, scriptB, txIndex } = run.link(row);
    if (ownerOfScript(scriptA) === ownerOfScript(scriptB)) continue;
    between += 1;
    assert.equal(protocolOf.get(flow.txid(txIndex)), 'payjoin', `seed ${SEED}`);
  }
  t.diagnostic(`${run.links.txIndex.length} links, ${between} between two owners, all PayJoins`);
});
