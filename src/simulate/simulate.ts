/**
 * `clew simulate`: makes a seeded economy and writes it as real block files, with the truth beside them.
 *
 * See `docs/methods/simulated-economy.md` for the files, the actors and what is true of the result.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sha256d } from '../bytes/hash.ts';
import { hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { subsidySats } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { Payers, salesWanted } from './actors/payers.ts';
import { Vendor } from './actors/vendor.ts';
import { BlockFiles } from './block-files.ts';
import { genesisBlock, REGTEST, type SealedBlock } from './block-maker.ts';
import { type ChainPlan, planChain, START_SECONDS } from './chain-plan.ts';
import { liveOn } from './daily-life.ts';
import { Economy } from './economy.ts';
import { PriceWalk } from './price-walk.ts';
import { SeedList } from './seed-list.ts';
import { TagCollector } from './tag-pack.ts';
import { Town } from './town.ts';
import { PLAIN_TRANSACTIONS_MAX, TruthWriter } from './truth-writer.ts';

/** Names of what `simulate` writes; `force` removes these and nothing else. */
const WRITTEN = ['blocks', 'truth.json', 'truth.json.gz', 'tags.yaml', 'prices.csv', 'seeds.csv'];
/** Steps without a transaction after which services are asked to move coins about. */
const IDLE_STEPS_MAX = 300;
const COINBASE_MATURITY = 100;

export interface SimulateOptions {
  /** Made when it does not exist; must be empty unless `force`. */
  readonly outDir: string;
  /** Exact number of transactions, coinbases and genesis included. */
  readonly transactions: number;
  /** The same seed and number give the same bytes. */
  readonly seed: string;
  readonly network?: 'regtest';
  /** Write over an earlier simulation in the folder. */
  readonly force?: boolean;
  readonly onProgress?: (progress: SimulationProgress) => void;
  readonly signal?: AbortSignal;
}

export interface SimulationProgress {
  readonly transactions: number;
  readonly transactionsWanted: number;
  readonly height: number;
}

export interface SimulationSummary {
  readonly outDir: string;
  readonly seed: string;
  readonly transactions: number;
  readonly blocks: number;
  readonly tip: { readonly height: number; readonly hash: string };
  readonly blockBytes: number;
  readonly addresses: number;
  readonly actors: number;
  readonly tags: number;
  readonly wrongTags: number;
  readonly seeds: number;
}

/**
 * Make the economy and write its files.
 *
 * @throws {ClewError} CLEW_USAGE for a number that is no whole number from 1 to 50 million,
 *   CLEW_OUT_NOT_EMPTY, CLEW_NO_SPACE, CLEW_FILE_UNREADABLE, CLEW_INTERRUPTED
 * @example await simulate({ outDir: 'sample', transactions: 20_000, seed: '7' })
 */
export async function simulate(options: SimulateOptions): Promise<SimulationSummary> {
  const { outDir, transactions, seed } = options;
  if (!Number.isInteger(transactions) || transactions < 1 || transactions > 50_000_000) {
    throw new ClewError(
      'CLEW_USAGE',
      'The number of transactions must be a whole number from 1 to 50,000,000.',
      {
        transactions,
      },
    );
  }
  prepareFolder(outDir, options.force === true);
  const random = seededRandom(`simulate:${seed}`);
  const plan = planChain(transactions, random.fork('plan'));
  const lastSeconds = Math.max(START_SECONDS, ...plan.timesSeconds.subarray(-30));
  const prices = new PriceWalk(START_SECONDS, lastSeconds, random.fork('prices'));
  const truth = new TruthWriter(outDir, transactions > PLAIN_TRANSACTIONS_MAX);
  const files = new BlockFiles(join(outDir, 'blocks'), REGTEST.magic);
  try {
    const economy = new Economy({ random, plan, prices, truth });
    truth.row(JSON.stringify({ row: 'economy', seed, transactions, version: 1 }));
    const tags = new TagCollector(random.fork('tags'));
    const seeds = new SeedList(random.fork('seeds'));
    const town = new Town(economy, transactions, tags);
    const vendor = new Vendor(town, town.mixing.whirlpool, seeds);
    new Payers(town, vendor, salesWanted(transactions));
    const tip = await makeChain({ economy, town, files, truth, plan, options });
    const pack = tags.toYaml(truth, lastSeconds);
    write(join(outDir, 'tags.yaml'), pack.yaml);
    write(join(outDir, 'prices.csv'), prices.toCsv());
    write(join(outDir, 'seeds.csv'), seeds.toCsv());
    return {
      outDir,
      seed,
      transactions: economy.maker.made + plan.blocks,
      blocks: plan.blocks,
      tip: { height: plan.blocks - 1, hash: hashToDisplay(tip) },
      blockBytes: files.bytesWritten,
      addresses: economy.addresses.count,
      actors: [...economy.actorCounts.values()].reduce((sum, count) => sum + count, 0),
      tags: pack.tags,
      wrongTags: pack.wrongTags,
      seeds: seeds.length,
    };
  } finally {
    files.close();
    await truth.close();
  }
}

/** Makes a folder that is there to be written into. @throws {ClewError} CLEW_OUT_NOT_EMPTY */
export function prepareFolder(outDir: string, force: boolean): void {
  try {
    if (existsSync(outDir) && readdirSync(outDir).length > 0) {
      if (!force) {
        throw new ClewError('CLEW_OUT_NOT_EMPTY', `The folder ${outDir} is not empty.`, {
          path: outDir,
        });
      }
      for (const name of WRITTEN) rmSync(join(outDir, name), { recursive: true, force: true });
    }
    mkdirSync(outDir, { recursive: true });
  } catch (cause) {
    throw fileError(cause, outDir);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw fileError(cause, path);
  }
}

interface Making {
  readonly economy: Economy;
  readonly town: Town;
  readonly files: BlockFiles;
  readonly truth: TruthWriter;
  readonly plan: ChainPlan;
  readonly options: SimulateOptions;
}

/** Make block after block; returns the hash of the last one, internal order. */
async function makeChain(making: Making): Promise<Uint8Array> {
  const { economy, files, truth, plan, options } = making;
  const genesis = genesisBlock();
  files.append(genesis);
  let previousHash: Uint8Array = sha256d(genesis.subarray(0, 80));
  for (let height = 1; height < plan.blocks; height += 1) {
    economy.beginBlock(height);
    fillBlock(economy, making.town);
    const sealed = sealBlock(economy, making.town, previousHash);
    files.append(sealed.front, sealed.body);
    previousHash = sealed.hash;
    await truth.drain();
    // Let signals and the compressor have their turn.
    if (height % 16 === 0) await setImmediate();
    if (options.signal?.aborted === true) {
      throw new ClewError('CLEW_INTERRUPTED', `Stopped at block ${height}.`, { height });
    }
    options.onProgress?.({
      transactions: economy.maker.made + height + 1,
      transactionsWanted: options.transactions,
      height,
    });
  }
  return previousHash;
}

/** Fill the block at hand to its quota exactly. */
function fillBlock(economy: Economy, town: Town): void {
  if (economy.height <= COINBASE_MATURITY) return;
  const { agenda, block, maker } = economy;
  while (economy.hasRoom()) {
    const run = agenda.next(economy.height);
    if (run === undefined) break;
    run();
  }
  town.doChores(Math.ceil(economy.quota * 0.5));
  let idle = 0;
  while (economy.hasRoom()) {
    const before = block.count;
    liveOn(town);
    idle = block.count === before ? idle + 1 : 0;
    if (idle % 50 === 49) town.doChores(Math.max(1, economy.quota * 0.1));
    if (idle > IDLE_STEPS_MAX && !town.fill()) break;
  }
  // No room is left unused: the number of transactions is a promise.
  if (economy.hasRoom()) {
    throw new ClewError('CLEW_INTERNAL', `Block ${economy.height} could not be filled.`, {
      height: economy.height,
      made: maker.made,
    });
  }
}

/** Pay whoever found the block, finish it, tell the truth about its coinbase. */
function sealBlock(economy: Economy, town: Town, previousHash: Uint8Array): SealedBlock {
  const { block, forge, height } = economy;
  const reward = town.miners.reward(subsidySats(height, REGTEST)! + block.feesSats);
  const scripts = reward.shares.map(({ place }) => {
    const script = new Uint8Array(256);
    return script.slice(0, forge.writeOutputScript(place.form, place.key, script, 0));
  });
  const sealed = block.seal({
    height,
    timeSeconds: economy.timeSeconds,
    previousHash,
    outputs: reward.shares.map(({ sats }, i) => ({ script: scripts[i]!, sats })),
    mark: Buffer.concat([economy.random.bytes(8), Buffer.from(reward.mark, 'latin1')]),
  });
  const txid = hashToDisplay(sealed.coinbaseTxid);
  for (const [vout, { place, sats }] of reward.shares.entries()) {
    if (!place.isKnown) {
      const address = economy.addresses.introduce(place, scripts[vout]!);
      place.watcher?.placeSeen(place, address, economy.timeSeconds);
    }
    economy.truth.row(
      `{"row":"payment","txid":"${txid}","vout":${vout},"from":"coinbase","to":"${place.owner}","sats":${sats},"purpose":"mining"}`,
    );
    if (place.keeper === undefined || sats === 0) continue;
    const coin = economy.pool.add(
      sealed.coinbaseTxid,
      vout,
      sats,
      place.form,
      place.key,
      height + COINBASE_MATURITY,
    );
    place.keeper.receive(coin);
  }
  return sealed;
}
