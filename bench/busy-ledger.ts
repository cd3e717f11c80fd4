/**
 * A ledger with one very busy service: a hot address with fifty transactions a block, and deposit addresses, each used
 * once and swept into the hot one, so that all of them are one cluster.
 *
 *     two deposits a block   50 new addresses each
 *     one sweep              100 deposits and one coin of the hot address -> the hot address
 *     25 payments            somebody -> the hot address
 *     24 payouts             the hot address -> a customer, and change
 *
 * What the service received and sent is added up while it is written, apart from all code that is measured.
 */
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { INPUT_KIND } from '../src/chain/input-kind.ts';
import { getNetwork } from '../src/chain/network.ts';
import { SCRIPT_KIND } from '../src/chain/script-kind.ts';
import { type FlowIndex, TX_FLAG, UNSPENT } from '../src/ledger/flow-index.ts';
import { checkpointFlow, createFlow } from '../src/ledger/flow-store.ts';
import type { TipRecord } from '../src/ledger/tip-record.ts';
import { NONE } from '../src/units/ids.ts';

const DEPOSITS_PER_BLOCK = 100;
const PAYMENTS_PER_BLOCK = 25;
const PAYOUTS_PER_BLOCK = 24;
const CUSTOMERS = 100_000;
const FEE_SATS = 200;
/** How often what was written is noted. */
const MARKS = 10;

/** What an address, or a cluster, did up to a height. */
export interface KnownSums {
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
  readonly transactions: number;
  readonly outputs: number;
  readonly spentOutputs: number;
}

export interface BusyMark {
  readonly height: number;
  readonly hot: KnownSums;
  readonly cluster: KnownSums;
}

export interface BusyLedger {
  readonly hotScript: number;
  readonly clusterScripts: number;
  /** By rising height; the last one is the tip. */
  readonly marks: readonly BusyMark[];
}

class Sums {
  #received = 0n;
  #sent = 0n;
  #receivedNow = 0;
  #sentNow = 0;
  transactions = 0;
  outputs = 0;
  spentOutputs = 0;

  receive(sats: number): void {
    this.outputs += 1;
    this.#receivedNow += sats;
  }

  send(sats: number): void {
    this.spentOutputs += 1;
    this.#sentNow += sats;
  }

  /** Once a block, so that the numbers in between stay exact. */
  settle(): void {
    this.#received += BigInt(this.#receivedNow);
    this.#sent += BigInt(this.#sentNow);
    this.#receivedNow = 0;
    this.#sentNow = 0;
  }

  get known(): KnownSums {
    const { transactions, outputs, spentOutputs } = this;
    return {
      receivedSats: this.#received,
      sentSats: this.#sent,
      transactions,
      outputs,
      spentOutputs,
    };
  }
}

class BusyWriter {
  readonly flow: FlowIndex;
  readonly #random = seededRandom('bench-busy');
  readonly #id = new Uint8Array(32);
  readonly #idView = new DataView(this.#id.buffer);
  readonly #script = Uint8Array.from([0, 20, ...new Uint8Array(20)]);
  readonly #scriptView = new DataView(this.#script.buffer);
  readonly #customers: number[] = [];
  /** Unspent coins of the hot address. */
  readonly #coins: number[] = [];
  readonly hot = new Sums();
  readonly cluster = new Sums();
  hotScript = -1;

  constructor(folder: string) {
    this.flow = createFlow(folder, getNetwork('regtest'));
  }

  #addTx(flags: number): void {
    const { u32 } = this.#random;
    for (let at = 0; at < 32; at += 4) this.#idView.setUint32(at, u32());
    this.flow.addTx(flags, this.#id, 0);
  }

  #newScript(): number {
    const { u32 } = this.#random;
    for (let at = 2; at < 22; at += 4) this.#scriptView.setUint32(at, u32());
    return this.flow.addScript(SCRIPT_KIND.p2wpkh, this.#script, 0, 22);
  }

  #payHot(sats: number): void {
    if (this.hotScript < 0) this.hotScript = this.#newScript();
    this.#coins.push(this.flow.outputCount);
    this.flow.addOutput(sats, this.hotScript, UNSPENT);
    this.hot.receive(sats);
    this.cluster.receive(sats);
  }

  /** Takes a coin of the hot address as an input; returns its value. */
  #spendHot(): number {
    const coins = this.#coins;
    const place = this.#random.int(0, coins.length - 1);
    const output = coins[place]!;
    coins[place] = coins.at(-1)!;
    coins.pop();
    const sats = this.flow.outputValue.at(output);
    this.#spend(output);
    this.hot.send(sats);
    this.cluster.send(sats);
    return sats;
  }

  #spend(output: number): void {
    this.flow.addInput(output, 0xffff_fffd, INPUT_KIND.p2wpkh, 1);
  }

  #begin(isHot: boolean, isFromOutside: boolean): void {
    this.#addTx(isFromOutside ? TX_FLAG.unknownPrevout : 0);
    if (isFromOutside) this.#spend(NONE);
    this.cluster.transactions += 1;
    if (isHot) this.hot.transactions += 1;
  }

  #payment(): void {
    this.#begin(true, true);
    this.#payHot(this.#random.int(1_000_000, 50_000_000_000));
    this.flow.endTx();
  }

  #payout(): void {
    this.#begin(true, false);
    const sats = this.#spendHot();
    const paid = Math.min(sats - FEE_SATS, this.#random.int(1, 1_000_000));
    const isNew = this.#customers.length < CUSTOMERS && this.#random.chance(0.2);
    if (isNew || this.#customers.length === 0) this.#customers.push(this.#newScript());
    const customer = isNew ? this.#customers.at(-1)! : this.#random.pick(this.#customers);
    this.flow.addOutput(Math.max(0, paid), customer, UNSPENT);
    this.#payHot(paid > 0 ? sats - FEE_SATS - paid : sats);
    this.flow.endTx();
  }

  #depositsAndSweep(): void {
    const deposits: number[] = [];
    for (let half = 0; half < 2; half += 1) {
      this.#begin(false, true);
      for (let n = 0; n < DEPOSITS_PER_BLOCK / 2; n += 1) {
        const sats = this.#random.int(10_000, 2_000_000_000);
        const script = this.#newScript();
        deposits.push(this.flow.outputCount);
        this.flow.addOutput(sats, script, UNSPENT);
        this.cluster.receive(sats);
      }
      this.flow.endTx();
    }
    this.#begin(true, false);
    let sats = this.#spendHot();
    for (const output of deposits) {
      const value = this.flow.outputValue.at(output);
      this.#spend(output);
      this.cluster.send(value);
      sats += value;
    }
    this.#payHot(sats - FEE_SATS);
    this.flow.endTx();
  }

  block(height: number): void {
    this.flow.addBlock(height, 1_500_000_000 + 600 * height);
    for (let n = 0; n < PAYMENTS_PER_BLOCK; n += 1) this.#payment();
    for (let n = 0; n < PAYOUTS_PER_BLOCK; n += 1) this.#payout();
    this.#depositsAndSweep();
    this.hot.settle();
    this.cluster.settle();
  }
}

/**
 * Write the index into a folder, and close it.
 *
 * @param blocks 100,000 give a hot address of 5 million transactions in a cluster of 10 million addresses
 */
export function writeBusyLedger(folder: string, blocks: number): BusyLedger {
  const writer = new BusyWriter(folder);
  const marks: BusyMark[] = [];
  for (let height = 0; height < blocks; height += 1) {
    writer.block(height);
    if ((height + 1) % Math.floor(blocks / MARKS) !== 0 && height + 1 !== blocks) continue;
    marks.push({ height, hot: writer.hot.known, cluster: writer.cluster.known });
  }
  checkpointFlow(writer.flow, tipOf(writer.flow), true);
  writer.flow.close();
  return {
    hotScript: writer.hotScript,
    clusterScripts: 1 + blocks * DEPOSITS_PER_BLOCK,
    marks,
  };
}

/** What a checkpoint needs of a ledger's tip; there are no tables beside this index. */
function tipOf(flow: FlowIndex): TipRecord {
  const tip: Partial<TipRecord> = {
    network: flow.network.name,
    height: flow.blockCount - 1,
    hash: 'b5'.repeat(32),
    rows: { ...flow.counts, files: 0 },
    facts: flow.columns.states('fact'),
  };
  return tip as TipRecord;
}
