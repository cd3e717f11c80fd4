/**
 * Investigations of hand-written flow graphs: seeds by the name of a script, services by invented tags, and the sums
 * that must hold in every one of them.
 */
import assert from 'node:assert/strict';
import { scriptName } from '../../src/cluster/script-name.ts';
import { type InvestigateOptions, investigate } from '../../src/trace/investigate.ts';
import type { Investigation, SeedPlace } from '../../src/trace/investigation.ts';
import type { ScriptId } from '../../src/units/ids.ts';
import { FlowGraph } from './flow-graph.ts';
import { clusterAndTag, type NamedScript } from './named-services.ts';

export const HARBOUR: NamedScript = {
  name: 'Harbour',
  category: 'exchange',
  script: 'harbour hot',
};
export const GAMES: NamedScript = { name: 'Games', category: 'gambling', script: 'games hot' };
export const UNTIL_THE_END: InvestigateOptions = { forward: { valueMinSats: 0 } };

export function addressOf(graph: FlowGraph, name: string): string {
  return scriptName(graph.flow, graph.script(name));
}

export function addressSeed(graph: FlowGraph, name: string, line = 2): SeedPlace {
  const script = graph.script(name) as ScriptId;
  return {
    seed: addressOf(graph, name),
    kind: 'address',
    scripts: [script],
    outputs: [],
    lines: [line],
  };
}

export async function investigateSeeds(
  graph: FlowGraph,
  names: readonly string[],
  named: readonly NamedScript[] = [],
  options: InvestigateOptions = UNTIL_THE_END,
): Promise<Investigation> {
  const txEnd =
    options.asOfHeight === undefined ? undefined : graph.flow.txEndAtHeight(options.asOfHeight);
  const { run, attributions } = await clusterAndTag(graph, named, txEnd);
  const seeds = names.map((name, line) => addressSeed(graph, name, line + 2));
  const result = investigate(graph.flow, run, attributions, seeds, options);
  checkSums(result);
  checkUnspent(result, graph, txEnd ?? graph.flow.txCount);
  return result;
}

/** What must hold in every investigation. */
export function checkSums(result: Investigation): void {
  const add = (list: readonly bigint[]): bigint => list.reduce((sum, each) => sum + each, 0n);
  assert.equal(
    add(result.payments.map(({ amountSats }) => BigInt(amountSats))),
    result.receivedSats,
  );
  assert.equal(add(result.payers.map(({ totalSats }) => totalSats)), result.receivedSats);
  assert.equal(result.receivedSats - result.spentSats, result.balanceSats);
  for (const { amountSats, origins } of result.payments) {
    assert.equal(
      origins.reduce((sum, origin) => sum + origin.amountSats, 0),
      amountSats,
    );
  }
  for (const { sumByMethod, deposits, clusters } of result.cashOuts) {
    for (const method of ['fifo', 'haircut'] as const) {
      const all = deposits.map(({ amountByMethod }) => BigInt(amountByMethod[method]));
      assert.equal(add(all), sumByMethod[method]);
    }
    assert.equal(add(clusters!.map(({ totalSats }) => totalSats)), sumByMethod.fifo);
  }
}

/** The list of unspent outputs: whole, each once, in order, and nothing in it that the ledger spends. */
export function checkUnspent(result: Investigation, { flow }: FlowGraph, txEnd: number): void {
  const { unspent, forwardStops } = result;
  for (const method of ['fifo', 'haircut'] as const) {
    const listed = unspent.reduce((sum, each) => sum + BigInt(each.amountByMethod[method]), 0n);
    const ended = forwardStops
      .filter(({ reason }) => reason === 'unspent' || reason === 'self')
      .reduce((sum, { sumByMethod }) => sum + sumByMethod[method], 0n);
    assert.equal(listed, ended, `unspent outputs by ${method}`);
  }
  const unspentInLedger = new Map<string, number>();
  for (let output = 0; output < flow.outputCount; output += 1) {
    const tx = flow.outputTx.at(output);
    if (tx >= txEnd || flow.outputSpender.at(output) < txEnd) continue;
    unspentInLedger.set(`${flow.txid(tx)}:${output - flow.txFirstOutput.at(tx)}`, output);
  }
  const rows = unspent.map(({ txid, vout, valueSats, amountByMethod }) => {
    const output = unspentInLedger.get(`${txid}:${vout}`);
    assert.ok(output !== undefined, `${txid}:${vout} is spent`);
    assert.equal(valueSats, flow.outputValue.at(output));
    const { fifo, haircut } = amountByMethod;
    assert.ok(fifo <= valueSats && haircut <= valueSats && fifo + haircut > 0);
    return [-fifo, -haircut, output];
  });
  const before = (a: readonly number[], b: readonly number[]): number =>
    a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!;
  for (let i = 1; i < rows.length; i += 1) assert.ok(before(rows[i - 1]!, rows[i]!) < 0, 'order');
  for (const { placesByMethod, sumByMethod } of forwardStops) {
    for (const method of ['fifo', 'haircut'] as const) {
      if (placesByMethod[method] === 0) assert.equal(sumByMethod[method], 0n);
    }
  }
}

export function stopOf(result: Investigation, reason: string): bigint {
  return result.forwardStops.find((stop) => stop.reason === reason)?.sumByMethod.fifo ?? 0n;
}

/** Mine coins for some names, one output each. */
export function mine(graph: FlowGraph, ...outputs: [string, number][]): Record<string, number> {
  graph.block();
  const tx = graph.coinbase(outputs);
  return Object.fromEntries(outputs.map(([name], vout) => [name, graph.out(tx, vout)]));
}

/** Three people mix 100,000 each; one of the outputs pays the vendor. */
export function mixGraph(): { graph: FlowGraph; mix: number } {
  const graph = new FlowGraph();
  const coins = mine(graph, ['a', 150_123], ['b', 140_456], ['c', 130_789]);
  graph.block();
  const mix = graph.tx(
    [coins['a']!, coins['b']!, coins['c']!],
    [
      ['vendor', 100_000],
      ['b mixed', 100_000],
      ['c mixed', 100_000],
      ['a change', 50_000],
      ['b change', 40_300],
      ['c change', 30_700],
    ],
  );
  return { graph, mix };
}
