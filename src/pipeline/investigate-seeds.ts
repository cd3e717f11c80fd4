/**
 * `clew investigate`: a seed file in, a report out.
 *
 *     bytes -> parseSeeds -> found in the ledger -> investigate -> buildReport -> files
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { parseSeeds, type Seed, type SeedSet } from '../intake/seeds.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { resolveAddresses } from '../ledger/script-lookup.ts';
import { findTransactions } from '../ledger/transaction-facts.ts';
import type { PriceBook } from '../report/price-book.ts';
import { REPORT_FILE_NAMES, renderReport } from '../report/render-report.ts';
import { buildReport } from '../report/report-data.ts';
import type { Report } from '../report/report-format.ts';
import type { Derivation } from '../report/report-input.ts';
import type { FactsSource } from '../trace/facts-source.ts';
import { type InvestigateOptions, investigate } from '../trace/investigate.ts';
import type { Investigation, SeedPlace } from '../trace/investigation.ts';
import { formatOutpoint, type OutputIndex } from '../units/ids.ts';
import { VERSION } from '../version.ts';
import type { AsOf } from './as-of.ts';
import type { OpenNetwork } from './open-network.ts';
import { ruleName } from './rule-names.ts';
import type { Named } from './subgraph.ts';

export interface SeedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface InvestigateSeedsOptions {
  /** Key for the digests that stand for links. */
  readonly siteKey: Uint8Array;
  /** Networks that the user works with: an address that is valid there too is warned about. */
  readonly otherNetworks?: readonly NetworkName[];
  readonly title?: string;
  readonly prices?: PriceBook;
  /** Currencies to show, in order; the first two of the prices unless given. */
  readonly currencies?: readonly string[];
  readonly asOfHeight?: number;
  readonly limits?: Pick<InvestigateOptions, 'backward' | 'forward'>;
  /** Told what is being done, in a few words. */
  readonly onStage?: (stage: string) => void;
}

export interface InvestigateSeedsResult {
  readonly report: Report;
  readonly seedSet: SeedSet;
}

/** Reads a seed file. @throws {ClewError} CLEW_FILE_MISSING, CLEW_FILE_UNREADABLE */
export function readInput(path: string): SeedFile {
  try {
    return { name: basename(path), bytes: readFileSync(path) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EISDIR') throw fileError(cause, path);
    throw new ClewError('CLEW_FILE_MISSING', `There is no file at ${path}.`, { path }, cause);
  }
}

/**
 * Investigate the seeds of a file.
 *
 * @throws {ClewError} CLEW_SEEDS_*, CLEW_AS_OF, CLEW_LEDGER_EMPTY, CLEW_TRACE_OPTION
 */
export async function investigateSeeds(
  network: OpenNetwork,
  file: SeedFile,
  options: InvestigateSeedsOptions,
): Promise<InvestigateSeedsResult> {
  const seedSet = parseSeeds(file.bytes, network.network, options);
  options.onStage?.(`${seedSet.seeds.length} seeds`);
  const { investigation, flow, at } = await network.ask(
    namedBySeeds(seedSet.seeds),
    options.asOfHeight,
    () => investigateOnce(network, seedSet.seeds, options),
  );
  options.onStage?.('writing the report');
  const report = buildReport({
    investigation: withUnfetched(investigation, network.factsSource),
    seedFile: { name: file.name, ...seedSet },
    derivation: await derive(network, flow, at),
    ...(options.prices === undefined ? {} : { prices: options.prices }),
    ...(options.currencies === undefined ? {} : { currencies: options.currencies }),
    ...(options.title === undefined ? {} : { title: options.title }),
  });
  return { report, seedSet };
}

/** What a server's facts leave open, beside what the investigation found open itself. */
function withUnfetched(
  investigation: Investigation,
  source: FactsSource | undefined,
): Investigation {
  const count = source?.notExpanded.length ?? 0;
  if (count === 0) return investigation;
  const what =
    'addresses of the seed set or of the same keys with too many transactions: not all of theirs were fetched, so payments may be missing';
  return { ...investigation, unresolved: [...investigation.unresolved, { what, count }] };
}

async function investigateOnce(
  network: OpenNetwork,
  found: readonly Seed[],
  options: InvestigateSeedsOptions,
): Promise<{
  readonly investigation: Investigation;
  readonly flow: FlowIndex;
  readonly at: AsOf;
}> {
  const flow = await network.flow();
  const at = await network.asOf(options.asOfHeight);
  const run = await network.run(at);
  options.onStage?.('matching tags');
  const attributions = await network.attributions(run);
  const seeds = await placeSeeds(flow, found, at);
  options.onStage?.('tracing');
  const limits = { asOfHeight: at.height, ...options.limits };
  return { investigation: investigate(flow, run, attributions, seeds, limits), flow, at };
}

/** What seeds name, for whoever has to fetch it first. */
export function namedBySeeds(seeds: readonly Seed[]): Named {
  return {
    addresses: seeds.flatMap(({ address }) => (address === undefined ? [] : [address])),
    txids: seeds.flatMap(({ txid }) => (txid === undefined ? [] : [txid])),
  };
}

/** Where each seed stands in the ledger as of a height; seeds that are not there keep empty lists. */
export async function placeSeeds(
  flow: FlowIndex,
  seeds: readonly Seed[],
  at: AsOf,
): Promise<SeedPlace[]> {
  const addresses = seeds.flatMap((seed) => (seed.address === undefined ? [] : [seed.address]));
  const scriptsOf = resolveAddresses(flow, addresses);
  const places: SeedPlace[] = [];
  for (const seed of seeds) {
    const found = seed.address === undefined ? [] : (scriptsOf.get(seed.address) ?? []);
    const scripts = found.filter((script) => {
      return flow.outputTx.at(flow.scriptFirstOutput.at(script)) < at.txEnd;
    });
    const outputs = seed.txid === undefined ? [] : await placeOutputs(flow, seed, at);
    places.push({
      seed: seedName(seed),
      kind: seed.kind,
      scripts,
      outputs,
      lines: seed.lines,
      ...(seed.source === undefined ? {} : { source: seed.source }),
      ...(seed.site === undefined ? {} : { site: seed.site }),
      ...(seed.seenAt === undefined ? {} : { seenAt: seed.seenAt }),
      ...(seed.note === undefined ? {} : { note: seed.note }),
    });
  }
  return places;
}

async function placeOutputs(flow: FlowIndex, seed: Seed, at: AsOf): Promise<OutputIndex[]> {
  const tx = findTransactions(flow, seed.txid!).at(-1);
  if (tx === undefined || tx >= at.txEnd) return [];
  const first = flow.txFirstOutput.at(tx);
  const end = flow.txFirstOutput.at(tx + 1);
  if (seed.vout === undefined) {
    return Array.from({ length: end - first }, (_, vout) => (first + vout) as OutputIndex);
  }
  return first + seed.vout < end ? [(first + seed.vout) as OutputIndex] : [];
}

function seedName(seed: Seed): string {
  if (seed.address !== undefined) return seed.address;
  return seed.vout === undefined ? seed.txid! : formatOutpoint(seed.txid!, seed.vout);
}

/** Everything that decides the figures, for whoever computes them again. */
async function derive(network: OpenNetwork, flow: FlowIndex, at: AsOf): Promise<Derivation> {
  const run = await network.run(at);
  const tags = await network.tagIndex();
  const tip = network.tipOf(flow);
  const unknownInputs = network.unknownInputsOf(flow);
  const { factsSource } = network;
  // What was fetched from a server begins where it happens to; the server's ledger begins with block 0.
  const asOfBlock = factsSource === undefined ? flow.txBlock.at(at.txEnd - 1) : flow.blockCount - 1;
  const heightMin = factsSource === undefined ? flow.blockHeight.at(0) : 0;
  return {
    clewVersion: VERSION,
    network: network.network.name,
    tip: {
      height: tip.height,
      hash: tip.hash,
      timeSeconds: flow.blockTime.at(flow.blockCount - 1),
    },
    asOfSeconds: flow.blockTime.at(asOfBlock),
    ...(heightMin === 0 ? {} : { heightMin }),
    runId: run.runId,
    rules: run.rules.map(({ id, version }) => ({ id, version, what: ruleName(id) })),
    parameters: {
      clusterProfile: run.profile,
      coinjoinParametersSha256: run.data.parametersDigest,
      payjoinMarkedTransactions: run.counts.payjoinMarked,
      ...(unknownInputs === undefined ? {} : { unknownInputsInLedger: unknownInputs }),
    },
    tagPacks: tags.sourcePacks.map((pack) => ({
      name: pack.title,
      creator: pack.creator,
      fileName: pack.fileName,
      sha256: pack.sha256,
    })),
    tagsDigest: tags.digest,
    ...(factsSource === undefined ? {} : { factsSource }),
  };
}

/**
 * That a report may be written into a folder: it does not exist yet, is empty, or holds a report and nothing else.
 * A file that the report is made from is never written over, not even with force.
 *
 * @param force other files may be there
 * @param inputs paths of the seed file and the like
 * @throws {ClewError} CLEW_OUT_NOT_EMPTY; CLEW_FILE_UNREADABLE when it is a file or may not be read
 */
export function checkReportFolder(folder: string, force: boolean, inputs: readonly string[]): void {
  let present: string[];
  try {
    present = readdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileError(cause, folder);
  }
  const isReport = present.includes(REPORT_FILE_NAMES[0]!);
  const other = present.find((name) => !isReport || !REPORT_FILE_NAMES.includes(name));
  if (other !== undefined && !force) {
    throw new ClewError('CLEW_OUT_NOT_EMPTY', `${folder} holds something else than a report.`, {
      path: folder,
      file: other,
    });
  }
  const taken = new Set(present.map((name) => join(realpathSync(folder), name)));
  for (const path of inputs) {
    const input = existsSync(path) ? realpathSync(path) : path;
    if (!REPORT_FILE_NAMES.includes(basename(input)) || !taken.has(input)) continue;
    throw new ClewError('CLEW_OUT_NOT_EMPTY', `The report would be written over ${path}.`, {
      path: folder,
      file: basename(input),
    });
  }
}

/**
 * Write the files of a report into a folder that `checkReportFolder` found fit. A file is there whole or not at all.
 *
 * @returns the paths written
 * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE
 */
export function writeReport(report: Report, folder: string): string[] {
  const files = renderReport(report);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return files.map(({ name, bytes }) => {
      const path = join(folder, name);
      writeFileSync(`${path}.new`, bytes, { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
      return path;
    });
  } catch (cause) {
    throw fileError(cause, folder);
  }
}
