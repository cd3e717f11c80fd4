/**
 * The networks that Clew reads, as plain rows.
 *
 * Another coin of the Bitcoin family is another row here and, where it differs, its proof of work
 * (`proof-of-work.ts`) and header form (`block-columns.hot.ts`). Sources: Bitcoin Core
 * `src/kernel/chainparams.cpp`, Litecoin Core `src/chainparams.cpp`, BIP 34, BIP 94, BIP 173.
 */
import { ClewError } from '../errors.ts';

export type NetworkName = 'main' | 'testnet3' | 'testnet4' | 'signet' | 'regtest' | 'litecoin';

/** How a network sets the target of the next block; see `difficulty.ts`. */
export interface DifficultyRules {
  /** Seconds in which one whole interval of blocks should be found. */
  readonly targetTimespanSeconds: number;
  /** Seconds between two blocks, as wished. */
  readonly targetSpacingSeconds: number;
  /** Never changes the target (regtest). */
  readonly noRetarget: boolean;
  /** A block more than two spacings after its parent may use the easiest target (testnets). */
  readonly minDifficultyBlocks: boolean;
  /** BIP 94: a retarget starts from the first block of the interval, not from the last one. */
  readonly bip94: boolean;
  /** Litecoin measures from the block before the interval, which closes the "time warp" gap. */
  readonly measuresFromPreviousInterval: boolean;
}

/** A Merkle-tree-and-header chain of the Bitcoin family. */
export interface Network {
  readonly name: NetworkName;
  /** Ticker for display. */
  readonly coin: 'BTC' | 'LTC';
  /** The four bytes before each block and message, read as a little-endian u32. */
  readonly magic: number;
  /** Hash of block 0 as people write it. */
  readonly genesisHash: string;
  /** Base58Check version byte of a P2PKH address. */
  readonly p2pkhVersion: number;
  /** Base58Check version bytes of a P2SH address; the first is the one that we write. */
  readonly p2shVersions: readonly number[];
  /** Human-readable part of a segwit address (BIP 173). */
  readonly bech32Prefix: string;
  /** The function over the 80 header bytes that must fall below the target. */
  readonly proofOfWork: 'sha256d' | 'scrypt' | 'none';
  /** What a header looks like: 80 bytes, or 80 bytes and a merged-mining proof when the version says so. */
  readonly headerForm: 'plain' | 'auxpow';
  /** The easiest target, as compact bits. */
  readonly powLimitBits: number;
  readonly difficulty: DifficultyRules;
  /** Height from which the block height that a version 2 coinbase names can be trusted (BIP 34). */
  readonly bip34HeightMin: number;
  /** Blocks may be followed by an extension block, and transactions may have flag 8 (Litecoin MWEB). */
  readonly mweb: boolean;
  /** Blocks between two halvings of the subsidy. */
  readonly subsidyHalvingInterval: number;
  /** The subsidy of block 0, in the smallest unit. */
  readonly subsidyStartSats: number;
}

const TWO_WEEKS_SECONDS = 14 * 24 * 3600;

const BITCOIN_DIFFICULTY: DifficultyRules = {
  targetTimespanSeconds: TWO_WEEKS_SECONDS,
  targetSpacingSeconds: 600,
  noRetarget: false,
  minDifficultyBlocks: false,
  bip94: false,
  measuresFromPreviousInterval: false,
};

const MAIN: Network = {
  name: 'main',
  coin: 'BTC',
  magic: 0xd9b4bef9,
  genesisHash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  p2pkhVersion: 0,
  p2shVersions: [5],
  bech32Prefix: 'bc',
  proofOfWork: 'sha256d',
  headerForm: 'plain',
  powLimitBits: 0x1d00ffff,
  difficulty: BITCOIN_DIFFICULTY,
  // BIP 34: a wrong height in a version 2 block has been refused since 224,413 (version 1 since 227,931).
  bip34HeightMin: 224_413,
  mweb: false,
  subsidyHalvingInterval: 210_000,
  subsidyStartSats: 50 * 100_000_000,
};

const TESTNET3: Network = {
  ...MAIN,
  name: 'testnet3',
  magic: 0x0709110b,
  genesisHash: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
  p2pkhVersion: 111,
  p2shVersions: [196],
  bech32Prefix: 'tb',
  difficulty: { ...BITCOIN_DIFFICULTY, minDifficultyBlocks: true },
  // Version 1 refused from 21,111, once 75 of 100 blocks said version 2; wrong heights from 51 of 100 on.
  bip34HeightMin: 21_066,
};

/** Every network, by name. */
export const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  main: MAIN,
  testnet3: TESTNET3,
  testnet4: {
    ...TESTNET3,
    name: 'testnet4',
    magic: 0x283f161c,
    genesisHash: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
    difficulty: { ...BITCOIN_DIFFICULTY, minDifficultyBlocks: true, bip94: true },
    bip34HeightMin: 1,
  },
  signet: {
    ...TESTNET3,
    name: 'signet',
    magic: 0x40cf030a,
    genesisHash: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
    powLimitBits: 0x1e0377ae,
    difficulty: BITCOIN_DIFFICULTY,
    bip34HeightMin: 1,
  },
  regtest: {
    ...TESTNET3,
    name: 'regtest',
    magic: 0xdab5bffa,
    genesisHash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    bech32Prefix: 'bcrt',
    powLimitBits: 0x207fffff,
    difficulty: {
      ...BITCOIN_DIFFICULTY,
      targetTimespanSeconds: 24 * 3600,
      noRetarget: true,
      minDifficultyBlocks: true,
    },
    bip34HeightMin: 1,
    subsidyHalvingInterval: 150,
  },
  litecoin: {
    ...MAIN,
    name: 'litecoin',
    coin: 'LTC',
    magic: 0xdbb6c0fb,
    genesisHash: '12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2',
    p2pkhVersion: 48,
    // 5 is how Litecoin wrote P2SH before 2017: the same strings as Bitcoin.
    p2shVersions: [50, 5],
    bech32Prefix: 'ltc',
    proofOfWork: 'scrypt',
    powLimitBits: 0x1e0fffff,
    difficulty: {
      ...BITCOIN_DIFFICULTY,
      targetTimespanSeconds: TWO_WEEKS_SECONDS / 4,
      targetSpacingSeconds: 150,
      measuresFromPreviousInterval: true,
    },
    bip34HeightMin: 710_000,
    mweb: true,
    subsidyHalvingInterval: 840_000,
  },
};

const BY_MAGIC: ReadonlyMap<number, Network> = new Map(
  Object.values(NETWORKS).map((network) => [network.magic, network]),
);

/**
 * The network whose blocks are preceded by this magic, or undefined when we know none.
 *
 * @param magic the four bytes read as a little-endian u32
 * @example networkByMagic(0xd9b4bef9)?.name // 'main'
 */
export function networkByMagic(magic: number): Network | undefined {
  return BY_MAGIC.get(magic);
}

/**
 * The network of that name.
 *
 * @throws {ClewError} CLEW_NETWORK_UNKNOWN
 * @example getNetwork('signet').bech32Prefix // 'tb'
 */
export function getNetwork(name: string): Network {
  if (Object.hasOwn(NETWORKS, name)) return NETWORKS[name as NetworkName];
  throw new ClewError('CLEW_NETWORK_UNKNOWN', `There is no network "${name}".`, { network: name });
}

/**
 * What a block of that height may create, in the smallest unit.
 *
 * @example subsidySats(840_000, getNetwork('main')) // 312_500_000
 */
export function subsidySats(height: number, network: Network): number {
  const halvings = Math.floor(height / network.subsidyHalvingInterval);
  return halvings >= 64 ? 0 : Math.floor(network.subsidyStartSats / 2 ** halvings);
}
