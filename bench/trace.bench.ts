/**
 * How fast coins are followed: transactions visited per second over a flow index of a million transactions in memory.
 *
 * The economy is random (one to three inputs, two or three outputs, newer coins spent first), the sources are its first
 * rewards, and nothing stops the trace but unspent outputs, so that nearly all transactions are visited.
 * Before it is timed, the result is checked: the books balance (the engine throws otherwise) and enough was visited.
 */
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { getNetwork } from '../src/chain/network.ts';
import { systemClock } from '../src/clock.ts';
import { FlowIndex, TX_FLAG, UNSPENT } from '../src/ledger/flow-index.ts';
import type { StopOracle } from '../src/trace/stop-oracle.ts';
import { NO_LIMITS, traceBackward, traceForward } from '../src/trace/trace.ts';
import type { TraceSource } from '../src/trace/trace-sources.ts';
import { NONE } from '../src/units/ids.ts';
import type { BenchFigure } from './figure.ts';

const TX_COUNT = 1_000_000;
const TX_PER_BLOCK = 1_000;
const REWARDS = 200;
const NO_STOPS: StopOracle = { serviceOf: () => undefined, mixOf: () => undefined };

/** A random economy; every script is paid a few times. */
export function randomEconomy(txCount: number): FlowIndex {
  const random = seededRandom('bench-trace');
  const flow = FlowIndex.inMemory(getNetwork('regtest'));
  // As evenly spread as real ones: key indexes rest on that.
  const ids = random.fork('txids');
  const txid = new Uint8Array(32);
  const unspent = new Uint32Array(txCount * 3);
  let unspentCount = 0;
  const pay = (valueSats: number): void => {
    const known = flow.scriptCount;
    const isNew = known === 0 || random.chance(0.6);
    const script = isNew
      ? flow.addScript(4, txid, 0, 22)
      : random.int(Math.max(0, known - 5_000), known - 1);
    unspent[unspentCount] = flow.outputCount;
    unspentCount += 1;
    flow.addOutput(valueSats, script, UNSPENT);
  };
  for (let tx = 0; tx < txCount; tx += 1) {
    if (tx % TX_PER_BLOCK === 0) {
      const block = tx / TX_PER_BLOCK;
      flow.addBlock(block, 1_600_000_000 + block * 600);
    }
    txid.set(ids.bytes(32));
    if (tx < REWARDS || tx % TX_PER_BLOCK === 0) {
      flow.addTx(TX_FLAG.coinbase, txid, 0);
      flow.addInput(NONE, 0xffff_ffff, 1, 0);
      pay(5_000_000_000);
      flow.endTx();
      continue;
    }
    flow.addTx(0, txid, 0);
    let paidIn = 0;
    for (let n = random.int(1, 3); n > 0 && unspentCount > 1; n -= 1) {
      // Half of what is spent is young, half of any age.
      const reach = random.chance(0.5) ? Math.min(200, unspentCount) : unspentCount;
      const place = unspentCount - random.int(1, reach);
      const output = unspent[place]!;
      unspentCount -= 1;
      unspent[place] = unspent[unspentCount]!;
      flow.addInput(output, 0xffff_fffd, 8, 1);
      paidIn += flow.outputValue.at(output);
    }
    let left = paidIn - Math.min(paidIn, 200);
    for (let n = random.int(2, 3); n > 0; n -= 1) {
      const value = n === 1 ? left : random.int(0, left);
      left -= value;
      pay(value);
    }
    flow.endTx();
  }
  return flow;
}

function timed(run: () => { visitedTransactions: number }): { perSecond: number; visited: number } {
  const start = systemClock.elapsedMs();
  const { visitedTransactions } = run();
  const seconds = (systemClock.elapsedMs() - start) / 1000;
  return { perSecond: Math.round(visitedTransactions / seconds), visited: visitedTransactions };
}

/** Run the benchmark; figures in transactions per second. */
export function run(): BenchFigure[] {
  const flow = randomEconomy(TX_COUNT);
  const sources: TraceSource[] = Array.from({ length: REWARDS }, (_, tx) => ({
    outputIndex: flow.txFirstOutput.at(tx),
    label: 'seed',
  }));
  const labelled = sources.map((source, i) => ({ ...source, label: `seed ${i % 16}` }));
  // Backward: what the newest unspent outputs are made of.
  const newest: TraceSource[] = [];
  for (let output = flow.outputCount - 1; newest.length < 20_000; output -= 1) {
    if (flow.outputSpender.at(output) === UNSPENT)
      newest.push({ outputIndex: output, label: 'end' });
  }
  const options = { limits: NO_LIMITS, oracle: NO_STOPS };
  const cases = [
    {
      name: 'trace forward, fifo',
      sources,
      method: 'fifo',
      trace: traceForward,
      targetMin: 200_000,
    },
    {
      name: 'trace forward, haircut',
      sources,
      method: 'haircut',
      trace: traceForward,
      targetMin: 200_000,
    },
    {
      name: 'trace forward, fifo, 16 labels',
      sources: labelled,
      method: 'fifo',
      trace: traceForward,
    },
    {
      name: 'trace forward, haircut, 16 labels',
      sources: labelled,
      method: 'haircut',
      trace: traceForward,
    },
    {
      name: 'trace backward, fifo',
      sources: newest,
      method: 'fifo',
      trace: traceBackward,
      targetMin: 200_000,
    },
    { name: 'trace backward, haircut', sources: newest, method: 'haircut', trace: traceBackward },
  ] as const;
  return cases.map(({ name, sources, method, trace, ...rest }) => {
    const figure = timed(() => trace(flow, sources, { ...options, method }));
    if (figure.visited < 100_000)
      throw new Error(`${name} visited only ${figure.visited} transactions`);
    return {
      name,
      value: figure.perSecond,
      unit: 'tx/s',
      note: `${figure.visited} of a million transactions visited, books balanced`,
      ...rest,
    };
  });
}
