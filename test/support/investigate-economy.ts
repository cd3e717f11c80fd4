/** A simulated economy through the whole of Clew, and its report scored against the truth. */
import { join } from 'node:path';
import { importTags } from '../../src/attribution/import-tags.ts';
import { scriptToAddress } from '../../src/chain/address.ts';
import type { FlowIndex } from '../../src/ledger/flow-index.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { investigateSeeds, readInput } from '../../src/pipeline/investigate-seeds.ts';
import { OpenNetwork } from '../../src/pipeline/open-network.ts';
import { readPriceFile } from '../../src/pipeline/price-workspace.ts';
import type { Report } from '../../src/report/report-format.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { openStore } from '../../src/store/open-store.ts';
import { NONE } from '../../src/units/ids.ts';
import { type ReportScores, scoreReport } from './report-against-truth.ts';
import { readTruth, type Truth } from './truth.ts';

/** Import time of the tags: fixed, so that reports are equal. */
const IMPORTED_AT_SECONDS = 1_700_000_000;

export interface EconomyResult {
  readonly report: Report;
  readonly scores: ReportScores;
  /** Clusters that hold addresses of two owners or more, with the protocols of the transactions that joined them. */
  readonly mixedClusters: readonly {
    readonly owners: number;
    readonly protocols: readonly string[];
  }[];
}

/** @param folder empty or missing; everything is written below it */
export async function investigateEconomy(
  folder: string,
  transactions: number,
  seed: string,
): Promise<EconomyResult> {
  const economy = join(folder, 'economy');
  await simulate({ outDir: economy, transactions, seed });
  const source = await openBlockSource(join(economy, 'blocks'));
  const store = await openStore(join(folder, 'store.sqlite'));
  const network = await OpenNetwork.open(
    { networkFolder: join(folder, source.network.name), store: async () => store },
    source.network,
  );
  try {
    await importTags([join(economy, 'tags.yaml')], store, {
      network: source.network.name,
      importedAtSeconds: IMPORTED_AT_SECONDS,
    });
    await indexBlocks(network.ledger, source);
    const { report } = await investigateSeeds(network, readInput(join(economy, 'seeds.csv')), {
      siteKey: new Uint8Array(32),
      prices: readPriceFile(join(economy, 'prices.csv'), 'BTC'),
    });
    const truth = readTruth(economy);
    const flow = await network.flow();
    return {
      report,
      scores: scoreReport(report, truth, 'vendor-1', spenders(flow, truth)),
      mixedClusters: await findMixedClusters(network, flow, truth),
    };
  } finally {
    source.close();
    await network.close();
    await store.close();
  }
}

/** The owner of a transaction's first input, by the truth's owners of addresses. */
function spenders(flow: FlowIndex, truth: Truth): (txid: string) => string | undefined {
  const rowOf = new Map<string, number>();
  for (let tx = 0; tx < flow.txCount; tx += 1) rowOf.set(flow.txid(tx), tx);
  return (txid) => {
    const prevout = flow.inputPrevout.at(flow.txFirstInput.at(rowOf.get(txid)!));
    return prevout === NONE ? undefined : ownerOf(flow, truth, flow.outputScript.at(prevout));
  };
}

function ownerOf(flow: FlowIndex, truth: Truth, script: number): string | undefined {
  const address = scriptToAddress(flow.scripts.read(script), flow.network);
  return address === undefined ? undefined : truth.ownerOf.get(address);
}

async function findMixedClusters(network: OpenNetwork, flow: FlowIndex, truth: Truth) {
  const run = await network.run();
  const owners = new Map<number, Set<string>>();
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const owner = ownerOf(flow, truth, script);
    if (owner === undefined) continue;
    const root = run.rootOf(script);
    const known = owners.get(root);
    if (known === undefined) owners.set(root, new Set([owner]));
    else known.add(owner);
  }
  const joinedBy = new Map<number, Set<string>>();
  for (let row = 0; row < run.links.txIndex.length; row += 1) {
    const link = run.link(row);
    const two = [ownerOf(flow, truth, link.scriptA), ownerOf(flow, truth, link.scriptB)];
    if (two[0] === two[1] || two.includes(undefined)) continue;
    const root = run.rootOf(link.scriptA);
    const protocol = truth.mixes.get(flow.txid(link.txIndex)) ?? 'no mix';
    joinedBy.set(root, (joinedBy.get(root) ?? new Set<string>()).add(protocol));
  }
  return [...owners]
    .filter(([, names]) => names.size > 1)
    .map(([root, names]) => ({
      owners: names.size,
      protocols: [...(joinedBy.get(root) ?? [])].sort(),
    }));
}
