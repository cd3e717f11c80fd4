/**
 * The tools that Clew is measured beside. Each is installed by the package client of its language at the version
 * named here and run over the same blocks; `bench/peers.bench.ts` says what was measured and checks what they count.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainWalk } from './chain-walk.ts';
import { electrsPeer } from './electrs.ts';
import {
  crateProgram,
  DRIVERS,
  installCrate,
  installGoDriver,
  installNode,
  installPython,
  installRustDriver,
  pythonProgram,
  rustDriver,
} from './install.ts';
import type { ChainFacts, Peer, PeerWork } from './peer.ts';

const RUSTY_BLOCKPARSER = '0.12.0';
const PYTHON_REQUIREMENTS = [
  'blockchain-parser==0.1.6',
  'plyvel==1.5.1',
  'python-bitcoinlib==0.11.0',
  'ripemd-hash==1.0.1',
];
const BITCOINJS = 'bitcoinjs-lib@7.0.5';
/** What a peer that is a hundred times slower than the others reads. */
const SLOW_TRANSACTIONS = 50_000;

const DECODES: PeerWork = {
  values: 'no',
  addresses: 'no',
  clusters: 'no',
  checks: 'Merkle root',
  keeps: 'nothing',
};

/** What our drivers print on their last line. */
function driverFacts(stdout: string): ChainFacts {
  const { unspentSats, ...counts } = JSON.parse(stdout.trim().split('\n').at(-1)!) as ChainFacts & {
    unspentSats?: string;
  };
  return unspentSats === undefined ? counts : { ...counts, unspentSats: BigInt(unspentSats) };
}

function rustPeer(name: string, mode: string, work: PeerWork, cache: string): Peer {
  return {
    name,
    work,
    install: () => installRustDriver(cache),
    prepare: (node) => ({
      process: { command: rustDriver(cache), args: [mode, node.folder] },
      facts: driverFacts,
    }),
  };
}

/** A binary that was built by hand (`CLEW_BENCH_RUSTY_BLOCKPARSER`), or the crate. */
function rustyBlockparserProgram(cache: string): string {
  return (
    process.env['CLEW_BENCH_RUSTY_BLOCKPARSER'] ??
    crateProgram(cache, 'rusty-blockparser', RUSTY_BLOCKPARSER)
  );
}

function rustyBlockparser(
  callback: 'csvdump' | 'balances',
  work: PeerWork,
  cache: string,
  facts: (stdout: string, dump: string) => ChainFacts,
): Peer {
  const own = process.env['CLEW_BENCH_RUSTY_BLOCKPARSER'] !== undefined;
  return {
    name: `rusty-blockparser ${own ? '(built by hand)' : RUSTY_BLOCKPARSER} ${callback}`,
    work,
    install: () => {
      const program = rustyBlockparserProgram(cache);
      if (own && !existsSync(program)) throw new Error(`${program} is not there`);
      if (!own) installCrate(cache, 'rusty-blockparser', RUSTY_BLOCKPARSER);
    },
    prepare: (node, _heightEnd, scratch) => {
      const dump = join(scratch, 'dump');
      mkdirSync(dump);
      return {
        process: {
          command: rustyBlockparserProgram(cache),
          args: ['--blockchain-dir', join(node.folder, 'blocks'), callback, dump],
        },
        resultFolder: dump,
        facts: (stdout) => facts(stdout, dump),
      };
    },
  };
}

function csvDumpFacts(stdout: string): ChainFacts {
  const count = (what: string): number => {
    const found = new RegExp(`-> ${what}:\\s+(\\d+)`).exec(stdout);
    if (found === null) throw new Error(`csvdump did not say how many ${what}`);
    return Number(found[1]);
  };
  return { transactions: count('transactions'), outputs: count('outputs') };
}

function balanceFacts(_stdout: string, dump: string): ChainFacts {
  const name = readdirSync(dump).find((file) => file.startsWith('balances-'));
  if (name === undefined) throw new Error('balances wrote no file');
  let unspentWithAddressSats = 0n;
  for (const line of readFileSync(join(dump, name), 'utf8').trim().split('\n').slice(1)) {
    unspentWithAddressSats += BigInt(line.slice(line.lastIndexOf(';') + 1));
  }
  return { unspentWithAddressSats };
}

/**
 * @param cache folder that peers are installed into
 * @param walkOf gives the chain's walk, made once for all
 */
export function listPeers(cache: string, walkOf: () => ChainWalk): Peer[] {
  const bitcoinjs = join(cache, 'node/node_modules/bitcoinjs-lib/src/esm/index.js');
  return [
    electrsPeer(cache, walkOf),
    rustyBlockparser(
      'csvdump',
      { ...DECODES, addresses: 'yes', checks: 'none', keeps: 'CSV files' },
      cache,
      csvDumpFacts,
    ),
    rustyBlockparser(
      'balances',
      { ...DECODES, values: 'yes', addresses: 'yes', checks: 'none', keeps: 'balances, as CSV' },
      cache,
      balanceFacts,
    ),
    rustPeer(
      'bitcoin-explorer 1.2.20, inputs connected',
      'explorer-connected',
      { ...DECODES, values: 'yes, in memory', addresses: 'yes', checks: 'none' },
      cache,
    ),
    rustPeer(
      'bitcoin-explorer 1.2.20, blocks',
      'explorer-blocks',
      { ...DECODES, addresses: 'yes', checks: 'none' },
      cache,
    ),
    {
      ...rustPeer(
        'blocks_iterator 3.0.0',
        'blocks-iterator',
        { ...DECODES, values: 'yes, in memory', checks: 'none' },
        cache,
      ),
      blocksLeftOut: 6,
      prepare: (node) => ({
        process: { command: rustDriver(cache), args: ['blocks-iterator', node.sourceBlocks] },
        facts: driverFacts,
      }),
    },
    rustPeer('blk-reader 0.1.0 with bitcoin 0.32.7', 'blk-reader', DECODES, cache),
    {
      name: 'btcd 0.24.2 (wire, blockchain)',
      work: DECODES,
      install: () => installGoDriver(cache),
      prepare: (node) => ({
        process: { command: join(cache, 'go/btcd-driver'), args: [node.folder] },
        facts: driverFacts,
      }),
    },
    {
      name: BITCOINJS.replace('@', ' '),
      work: DECODES,
      transactionsMax: SLOW_TRANSACTIONS,
      install: () => installNode(cache, BITCOINJS),
      prepare: (node, heightEnd) => ({
        process: {
          command: process.execPath,
          args: [join(DRIVERS, 'bitcoinjs-driver.mjs'), bitcoinjs, node.folder, String(heightEnd)],
        },
        facts: driverFacts,
      }),
    },
    {
      name: 'blockchain-parser 0.1.6 (Python)',
      work: { ...DECODES, addresses: 'yes', checks: 'none' },
      transactionsMax: SLOW_TRANSACTIONS,
      install: () => installPython(cache, PYTHON_REQUIREMENTS),
      prepare: (node, heightEnd) => ({
        process: {
          command: pythonProgram(cache),
          args: [join(DRIVERS, 'blockchain_parser_driver.py'), node.folder, String(heightEnd)],
        },
        facts: driverFacts,
      }),
    },
  ];
}
