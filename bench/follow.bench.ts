/**
 * Following a real node (btcd on regtest): how fast a ledger catches up with it, and how long after the node a new block is in
 * the ledger, where readers of the same process see it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { p2pkh, Transaction } from '@scure/btc-signer';
import { pubECDSA } from '@scure/btc-signer/utils.js';
import { systemClock } from '../src/clock.ts';
import { DataSession } from '../src/pipeline/data-session.ts';
import { type FollowEvent, follow } from '../src/pipeline/follow.ts';
import { NodeClient } from '../src/source/node-client.ts';
import { nodeAuthorization } from '../src/source/node-credentials.ts';
import { type BtcdNode, findBtcd, startBtcd } from '../test/support/btcd-node.ts';
import type { BenchFigure } from './figure.ts';

const SMALL_BLOCKS = 2_000;
const FAN_OUTS = 300;
const FAN = 30;
const NEW_BLOCKS = 50;
/** Transactions in each new block, about. */
const NEW_TRANSACTIONS = 20;
const POLL_MS = 100;

const REGTEST = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };
const SECRET = new Uint8Array(32).fill(7);
const OWN = p2pkh(pubECDSA(SECRET), REGTEST);

interface Coin {
  readonly txid: string;
  readonly vout: number;
  readonly sats: bigint;
  readonly raw: Uint8Array;
}

/** A signed transaction that splits a coin evenly. */
function split(coin: Coin, outputs: number): { hex: string; coins: Coin[] } {
  const tx = new Transaction();
  tx.addInput({ txid: coin.txid, index: coin.vout, nonWitnessUtxo: coin.raw });
  const sats = (coin.sats - 2_000n - 40n * BigInt(outputs)) / BigInt(outputs);
  for (let n = 0; n < outputs; n += 1) tx.addOutput({ script: OWN.script, amount: sats });
  tx.sign(SECRET);
  tx.finalize();
  const raw = tx.extract();
  const coins = Array.from({ length: outputs }, (_, vout) => ({ txid: tx.id, vout, sats, raw }));
  return { hex: tx.hex, coins };
}

async function send(node: BtcdNode, hexes: readonly string[]): Promise<void> {
  for (const hex of hexes) await node.call('sendrawtransaction', hex);
}

/** Small blocks, then some thousands of payments in full ones. @returns coins that are left */
async function makeChain(node: BtcdNode): Promise<Coin[]> {
  for (let made = 0; made < SMALL_BLOCKS; made += 500) await node.generate(500);
  const coinbases: Coin[] = [];
  for (let height = 1; height <= FAN_OUTS; height += 1) {
    const block = Buffer.from(await node.call('getblock', await node.hashAt(height), 0), 'hex');
    const raw = new Uint8Array(block.subarray(81));
    const tx = Transaction.fromRaw(raw, { allowUnknownOutputs: true, disableScriptCheck: true });
    coinbases.push({ txid: tx.id, vout: 0, sats: tx.getOutput(0).amount!, raw });
  }
  const fans = coinbases.map((coin) => split(coin, FAN));
  await send(
    node,
    fans.map(({ hex }) => hex),
  );
  await node.generate(1);
  const coins = fans.flatMap((fan) => fan.coins);
  const left = coins.splice(0, NEW_BLOCKS * NEW_TRANSACTIONS);
  const payments = coins.map((coin) => split(coin, 2).hex);
  for (let at = 0; at < payments.length; at += 3_000) {
    await send(node, payments.slice(at, at + 3_000));
    await node.generate(1);
  }
  return left;
}

class Followed {
  readonly #folder = mkdtempSync(join(tmpdir(), 'clew-bench-follow-'));
  readonly #session: DataSession;
  readonly #client: NodeClient;
  readonly #stop = new AbortController();

  constructor(node: BtcdNode) {
    const { user, password } = node;
    const authorization = nodeAuthorization({ user, password });
    this.#client = new NodeClient({ url: new URL(node.url), authorization });
    mkdirSync(join(this.#folder, 'regtest'));
    this.#session = new DataSession({
      storePath: join(this.#folder, 'store.sqlite'),
      networkFolder: (network) => join(this.#folder, network),
    });
  }

  follow(isOnce: boolean, onEvent: (event: FollowEvent) => void): Promise<void> {
    return follow(this.#session, 'regtest', this.#client, {
      isOnce,
      isServing: true,
      pollMs: POLL_MS,
      clock: systemClock,
      signal: this.#stop.signal,
      onEvent,
    });
  }

  /** What a reader sees. */
  tipHash(): Promise<string> {
    return this.#session.useNetwork('regtest', async (open) => (await open.status()).tip.hash);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#client.close();
    await this.#session.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Seconds between a height and the end, with what came in. */
interface Part {
  seconds: number;
  blocks: number;
  transactions: number;
  bytes: number;
}

async function catchUp(node: BtcdNode): Promise<{ small: Part; full: Part }> {
  const followed = new Followed(node);
  const parts = {
    small: { seconds: 0, blocks: 0, transactions: 0, bytes: 0 },
    full: { seconds: 0, blocks: 0, transactions: 0, bytes: 0 },
  };
  try {
    let beforeMs = performance.now();
    await followed.follow(true, (event) => {
      if (event.kind !== 'progress') return;
      const { height, transactions, bytes } = event.block;
      const part = height <= SMALL_BLOCKS ? parts.small : parts.full;
      const nowMs = performance.now();
      part.seconds += (nowMs - beforeMs) / 1000;
      beforeMs = nowMs;
      part.blocks += 1;
      part.transactions += transactions;
      part.bytes += bytes;
    });
    parts.full.seconds += (performance.now() - beforeMs) / 1000;
    if ((await followed.tipHash()) !== (await node.bestHash())) throw new Error('not at the tip');
  } finally {
    await followed.close();
  }
  return parts;
}

/** From the answer of `generate` to a reader's answer of that tip, in milliseconds. */
async function latencies(node: BtcdNode, coins: Coin[]): Promise<number[]> {
  const followed = new Followed(node);
  const found: number[] = [];
  try {
    await followed.follow(true, () => undefined);
    let wanted = '';
    let told = Promise.withResolvers<number>();
    const following = followed.follow(false, (event) => {
      if (event.kind === 'step' && event.step.hash === wanted) told.resolve(performance.now());
    });
    for (let n = 0; n < NEW_BLOCKS; n += 1) {
      const some = coins.splice(0, NEW_TRANSACTIONS);
      await send(
        node,
        some.map((coin) => split(coin, 2).hex),
      );
      // At any moment between two looks.
      await sleep((n * 37) % POLL_MS);
      told = Promise.withResolvers();
      // It may be told before its hash is known here.
      const height = (await node.height()) + 1;
      const startMs = performance.now();
      const [hash] = await node.generate(1);
      wanted = hash!;
      const deadline = sleep(5_000, undefined, { ref: false });
      for (;;) {
        if ((await followed.tipHash()) === wanted) break;
        await Promise.race([told.promise, sleep(1), deadline]);
        if (performance.now() - startMs > 5_000) throw new Error(`block ${height} did not come`);
      }
      found.push(performance.now() - startMs);
    }
    await followed.close();
    await following.catch(() => undefined);
  } finally {
    await followed.close();
  }
  return found.sort((a, b) => a - b);
}

export async function run(): Promise<BenchFigure[]> {
  if (findBtcd() === undefined) {
    process.stderr.write('btcd is missing (npm run services): nothing is measured\n');
    return [];
  }
  const node = await startBtcd({ miningAddress: OWN.address! });
  try {
    const coins = await makeChain(node);
    const { small, full } = await catchUp(node);
    const waits = await latencies(node, coins);
    const quantile = (share: number): number => waits[Math.floor(share * (waits.length - 1))]!;
    const about = `${full.transactions} transactions in ${full.blocks} blocks, ${(full.bytes / 1e6).toFixed(1)} MB`;
    return [
      {
        name: 'catching up, empty blocks',
        value: small.blocks / small.seconds,
        unit: 'blocks/s',
        note: `${small.blocks} blocks of btcd over JSON-RPC`,
      },
      {
        name: 'catching up, full blocks',
        value: full.transactions / full.seconds,
        unit: 'tx/s',
        note: `${about}; with all checks, to the last checkpoint`,
      },
      { name: 'the same', value: full.bytes / 1e6 / full.seconds, unit: 'MB/s', note: about },
      {
        name: 'new block at the node to readers, p50',
        value: quantile(0.5),
        unit: 'ms',
        note: `${NEW_BLOCKS} blocks of ${NEW_TRANSACTIONS} transactions, ten looks a second; mining included`,
      },
      { name: 'the same, p99', value: quantile(0.99), unit: 'ms', targetMax: 1_000 },
    ];
  } finally {
    await node.close();
  }
}
