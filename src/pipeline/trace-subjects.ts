/** `clew trace`: from what was named, addresses, outputs or a whole seed file, to where its coins lead. */

import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { parseSeeds, type SeedSet } from '../intake/seeds.ts';
import { getOutputIndex } from '../ledger/transaction-facts.ts';
import type { TraceLimits, TraceMethod } from '../trace/investigation.ts';
import { ledgerOracle } from '../trace/ledger-oracle.ts';
import { buildSeedSet, SEED_SET_LIMITS } from '../trace/seed-set.ts';
import { type TraceDirection, traceBackward, traceForward } from '../trace/trace.ts';
import { outputsOfScripts, type TraceSource } from '../trace/trace-sources.ts';
import { type TraceView, traceView } from '../trace/trace-view.ts';
import type { Txid } from '../units/ids.ts';
import { VERSION } from '../version.ts';
import type { AsOf } from './as-of.ts';
import { namedBySeeds, placeSeeds, type SeedFile } from './investigate-seeds.ts';
import type { OpenNetwork } from './open-network.ts';
import { type Named, namedAddresses } from './subgraph.ts';
import { whichArgument } from './which-argument.ts';

export interface TraceSubjectsOptions {
  readonly direction: TraceDirection;
  readonly method: TraceMethod;
  readonly limits: TraceLimits;
  readonly passServices: boolean;
  readonly passMixes: boolean;
  readonly asOfHeight?: number;
}

/** Where a trace begins: single things, or a seed file with the key for its links. */
export type TraceSubjects =
  | { readonly subjects: readonly string[] }
  | {
      readonly seedFile: SeedFile;
      readonly siteKey: Uint8Array;
      /** Networks that the user works with: an address that is valid there too is warned about. */
      readonly otherNetworks?: readonly NetworkName[];
      /** Told what the file holds, lines that could not be used too. */
      readonly onSeedSet?: (set: SeedSet) => void;
    };

const TXID = /^[0-9a-fA-F]{64}$/;
const OUTPOINT = /^([0-9a-fA-F]{64}):(\d{1,10})$/;

interface Beginning {
  readonly sources: readonly TraceSource[];
  /** Scripts of whom the question is about: coming back there is an end of its own. */
  readonly own: ReadonlySet<number>;
}

/**
 * Traces what was named, and gives the answer with names instead of rows.
 *
 * @throws {ClewError} CLEW_ADDRESS_*, CLEW_TXID_FORMAT, CLEW_TX_NOT_FOUND, CLEW_OUTPUT_NOT_FOUND, CLEW_SEEDS_*,
 *   CLEW_AS_OF, CLEW_TRACE_OPTION
 */
export async function traceSubjects(
  network: OpenNetwork,
  from: TraceSubjects,
  options: TraceSubjectsOptions,
): Promise<TraceView> {
  const beginning = readBeginning(network, from);
  const view = await network.ask(namedBy(network, beginning), options.asOfHeight, () =>
    traceOnce(network, beginning, options),
  );
  const { factsSource } = network;
  if (factsSource === undefined) return view;
  return { ...view, derivation: { ...view.derivation, factsSource } };
}

/** Seed files are read once, however often the question is asked. */
type ReadSubjects = { readonly subjects: readonly string[] } | { readonly seeds: SeedSet };

function readBeginning({ network }: OpenNetwork, from: TraceSubjects): ReadSubjects {
  if ('subjects' in from) return from;
  const seeds = parseSeeds(from.seedFile.bytes, network, from);
  from.onSeedSet?.(seeds);
  return { seeds };
}

async function traceOnce(
  network: OpenNetwork,
  from: ReadSubjects,
  options: TraceSubjectsOptions,
): Promise<TraceView> {
  const flow = await network.flow();
  const at = await network.asOf(options.asOfHeight);
  const run = await network.run(at);
  const { sources, own } =
    'subjects' in from
      ? await beginAtSubjects(network, from.subjects, at)
      : await beginAtSeeds(network, from.seeds, at);
  const oracle = ledgerOracle(run, await network.attributions(run), (script) => own.has(script));
  const { method, limits, passServices, passMixes } = options;
  const traceOptions = { method, limits, oracle, txEnd: at.txEnd, passServices, passMixes };
  const trace = options.direction === 'forward' ? traceForward : traceBackward;
  const { height, hash } = network.tipOf(flow);
  return traceView(flow, trace(flow, sources, traceOptions), {
    sources,
    options: traceOptions,
    asOfHeight: at.height,
    derivation: {
      clewVersion: VERSION,
      network: network.network.name,
      tip: { height, hash },
      runId: run.runId,
      rules: run.rules.map(({ id, version }) => ({ id, version })),
      tagsDigest: (await network.tagIndex()).digest,
    },
  });
}

/** What has to be known before it can be begun. */
function namedBy({ network }: OpenNetwork, from: ReadSubjects): Named {
  if ('seeds' in from) return namedBySeeds(from.seeds.seeds);
  const texts = from.subjects.map((text) => text.trim());
  return {
    txids: texts.flatMap((text) => {
      const txid = OUTPOINT.exec(text)?.[1];
      return txid === undefined ? [] : [txid.toLowerCase() as Txid];
    }),
    addresses: namedAddresses(
      texts.filter((text) => !OUTPOINT.test(text) && !TXID.test(text)),
      network,
    ),
  };
}

/** All outputs of the addresses, and the outputs named singly, each subject under its own label. */
async function beginAtSubjects(
  network: OpenNetwork,
  subjects: readonly string[],
  at: AsOf,
): Promise<Beginning> {
  const flow = await network.flow();
  const sources: TraceSource[] = [];
  const own = new Set<number>();
  for (const [i, text] of subjects.entries()) {
    const outpoint = OUTPOINT.exec(text.trim());
    if (outpoint !== null) {
      const vout = Number(outpoint[2]);
      sources.push(await whichArgument(i + 1, outputSource(network, outpoint[1]!, vout, at)));
      continue;
    }
    if (TXID.test(text.trim())) {
      throw new ClewError('CLEW_TXID_FORMAT', 'Name one output of the transaction: txid:n.');
    }
    const { address, scripts } = await whichArgument(i + 1, network.subject(text, at));
    for (const script of scripts) own.add(script);
    for (const outputIndex of outputsOfScripts(flow, scripts, at.txEnd)) {
      sources.push({ outputIndex, label: address });
    }
  }
  return { sources, own };
}

async function outputSource(
  network: OpenNetwork,
  txid: string,
  vout: number,
  at: AsOf,
): Promise<TraceSource> {
  const flow = await network.flow();
  const outputIndex = getOutputIndex(flow, txid, vout);
  const txIndex = flow.outputTx.at(outputIndex);
  if (txIndex >= at.txEnd) {
    throw new ClewError(
      'CLEW_TX_NOT_FOUND',
      'The transaction is later than the height asked for.',
      {
        height: flow.txHeight(txIndex),
      },
    );
  }
  return { outputIndex, label: flow.outpoint(outputIndex) };
}

/** The outputs of a seed set as an investigation counts them, each cluster under its own label. */
async function beginAtSeeds(network: OpenNetwork, seedSet: SeedSet, at: AsOf): Promise<Beginning> {
  const flow = await network.flow();
  const run = await network.run(at);
  const places = await placeSeeds(flow, seedSet.seeds, at);
  const attributions = await network.attributions(run);
  const set = buildSeedSet(flow, run, attributions, places, at.txEnd, SEED_SET_LIMITS);
  const sources = Array.from(set.outputs, (outputIndex) => ({
    outputIndex,
    label: set.groups[set.groupOf(outputIndex)]?.clusterId ?? 'named outputs',
  }));
  return { sources, own: set.own };
}
