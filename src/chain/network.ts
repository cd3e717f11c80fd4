/**
 * The networks that Clew reads, as plain rows.
 *
 * Another coin of the Bitcoin family is another row here and, where it differs, its proof of work
 * (`proof-of-work.ts`), header form (`auxpow.ts`, `block-columns.hot.ts`) or form of address. Sources: Bitcoin Core
 * `src/kernel/chainparams.cpp`, Litecoin Core, Dogecoin Core 1.14, Dash Core and Bitcoin ABC `src/chainparams.cpp`,
 * BIP 34, BIP 94, BIP 173. What is read of each coin, and what is not: `docs/methods/coins.md`.
 */
import { ClewError } from '../errors.ts';

/** Every network that Clew reads, in the order of the table: where several fit, the first is meant. */
export const NETWORK_NAMES = [
  'main',
  'testnet3',
  'testnet4',
  'signet',
  'regtest',
  'litecoin',
  'litecoin-regtest',
  'dogecoin',
  'dogecoin-regtest',
  'dash',
  'dash-regtest',
  'bitcoincash',
  'bitcoincash-regtest',
] as const;

export type NetworkName = (typeof NETWORK_NAMES)[number];

/** Tickers of the coins. */
export type Coin = 'BTC' | 'LTC' | 'DOGE' | 'DASH' | 'BCH';

/** How the target of a block follows from those before it; `unmodelled`: none is said to be right or wrong. */
export type DifficultyLaw =
  | 'interval'
  | 'early-dogecoin'
  | 'digishield'
  | 'dark-gravity-wave'
  | 'emergency'
  | 'daily-work'
  | 'asert'
  | 'unmodelled';

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
  /** Other rules than that of whole intervals, each from a height on, in their order. */
  readonly laws?: readonly { readonly from: number; readonly law: DifficultyLaw }[];
}

/** What the blocks of a network may create. `unmodelled`: the rule needs more than the height. */
export type SubsidyRule =
  | { readonly kind: 'halving'; readonly interval: number; readonly startSats: number }
  | { readonly kind: 'dogecoin' }
  | { readonly kind: 'unmodelled' };

/** A Merkle-tree-and-header chain of the Bitcoin family. */
export interface Network {
  readonly name: NetworkName;
  /** Ticker for display. */
  readonly coin: Coin;
  /** Its coins are worth nothing. */
  readonly isTest: boolean;
  /** The four bytes before each block in block files, read as a little-endian u32. Several networks may share them. */
  readonly magic: number;
  /** Hash of block 0 as people write it. */
  readonly genesisHash: string;
  /** A chain that shares its first blocks with another network: the first block of its own. */
  readonly forkedAt?: {
    readonly from: NetworkName;
    readonly height: number;
    readonly hash: string;
  };
  /** Base58Check version byte of a P2PKH address. */
  readonly p2pkhVersion: number;
  /** Base58Check version bytes of a P2SH address; the first is the one that we write. */
  readonly p2shVersions: readonly number[];
  /** Human-readable part of a segwit address (BIP 173); undefined where there is no segwit. */
  readonly bech32Prefix?: string | undefined;
  /** Prefix of a CashAddr address, the form that is written; the network reads base58 too. */
  readonly cashAddrPrefix?: string;
  /** The hash that names a block. */
  readonly blockHash: 'sha256d' | 'x11';
  /** The function over the 80 header bytes that must fall below the target. */
  readonly proofOfWork: 'sha256d' | 'scrypt' | 'x11' | 'none';
  /** What a header looks like: 80 bytes, or 80 bytes and a merged-mining proof when the version says so. */
  readonly headerForm: 'plain' | 'auxpow';
  /** With `auxpow`: the number of this chain in the Merkle tree of merged-mined chains. */
  readonly auxpowChainId?: number;
  /** The easiest target, as compact bits. */
  readonly powLimitBits: number;
  readonly difficulty: DifficultyRules;
  /** Height from which the block height that a version 2 coinbase names can be trusted (BIP 34). */
  readonly bip34HeightMin: number;
  /** A longer block is none. */
  readonly blockBytesMax: number;
  /** An output may pay more than 2^53 - 1 of the smallest unit: such a block is refused, by a code of its own. */
  readonly hugeAmounts: boolean;
  /** Blocks may be followed by an extension block, and transactions may have flag 8 (Litecoin MWEB). */
  readonly mweb: boolean;
  /** Transactions of version 3 and up may have a type and an extra payload, and then lack inputs or outputs (DIP 2). */
  readonly specialTransactions: boolean;
  /** Outputs may carry tokens before their script (CashTokens). */
  readonly cashTokens: boolean;
  /** Signatures name the chain (0x40 in the signature hash type), and may be Schnorr signatures of 64 bytes. */
  readonly forkId: boolean;
  /**
   * From this height on, transactions stand in a block by their ids and not by who spends whom: rows are numbered in
   * another order (`transaction-order.ts`). Undefined where parents always stand first.
   */
  readonly canonicalOrderFrom?: number;
  readonly subsidy: SubsidyRule;
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
  isTest: false,
  magic: 0xd9b4bef9,
  genesisHash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  p2pkhVersion: 0,
  p2shVersions: [5],
  bech32Prefix: 'bc',
  blockHash: 'sha256d',
  proofOfWork: 'sha256d',
  headerForm: 'plain',
  powLimitBits: 0x1d00ffff,
  difficulty: BITCOIN_DIFFICULTY,
  // BIP 34: a wrong height in a version 2 block has been refused since 224,413 (version 1 since 227,931).
  bip34HeightMin: 224_413,
  // Bitcoin allows 4 MB, Dash and Dogecoin less; a Litecoin extension block comes on top.
  blockBytesMax: 8 * 2 ** 20,
  hugeAmounts: false,
  mweb: false,
  specialTransactions: false,
  cashTokens: false,
  forkId: false,
  subsidy: { kind: 'halving', interval: 210_000, startSats: 50 * 100_000_000 },
};

const TESTNET3: Network = {
  ...MAIN,
  name: 'testnet3',
  isTest: true,
  magic: 0x0709110b,
  genesisHash: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
  p2pkhVersion: 111,
  p2shVersions: [196],
  bech32Prefix: 'tb',
  difficulty: { ...BITCOIN_DIFFICULTY, minDifficultyBlocks: true },
  // Version 1 refused from 21,111, once 75 of 100 blocks said version 2; wrong heights from 51 of 100 on.
  bip34HeightMin: 21_066,
};

/** As Bitcoin Core's regtest: the target never changes, and half of all hashes meet it. */
const REGTEST_DIFFICULTY: DifficultyRules = {
  ...BITCOIN_DIFFICULTY,
  targetTimespanSeconds: 24 * 3600,
  noRetarget: true,
  minDifficultyBlocks: true,
};

const REGTEST: Network = {
  ...TESTNET3,
  name: 'regtest',
  magic: 0xdab5bffa,
  genesisHash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  bech32Prefix: 'bcrt',
  powLimitBits: 0x207fffff,
  difficulty: REGTEST_DIFFICULTY,
  bip34HeightMin: 1,
  subsidy: { kind: 'halving', interval: 150, startSats: 50 * 100_000_000 },
};

const LITECOIN: Network = {
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
  subsidy: { kind: 'halving', interval: 840_000, startSats: 50 * 100_000_000 },
};

/** Without segwit. */
const NO_SEGWIT = { bech32Prefix: undefined };

const DOGECOIN: Network = {
  ...MAIN,
  ...NO_SEGWIT,
  name: 'dogecoin',
  coin: 'DOGE',
  magic: 0xc0c0c0c0,
  genesisHash: '1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691',
  p2pkhVersion: 30,
  p2shVersions: [22],
  proofOfWork: 'scrypt',
  headerForm: 'auxpow',
  auxpowChainId: 0x62,
  powLimitBits: 0x1e0fffff,
  // Four hours with other bounds at first, DigiShield later (Dogecoin Core `src/dogecoin.cpp`). Its versions do not agree
  // about the one block between.
  difficulty: {
    ...BITCOIN_DIFFICULTY,
    targetTimespanSeconds: 4 * 3600,
    targetSpacingSeconds: 60,
    laws: [
      { from: 0, law: 'early-dogecoin' },
      { from: 145_000, law: 'unmodelled' },
      { from: 145_001, law: 'digishield' },
    ],
  },
  bip34HeightMin: 1_034_383,
  hugeAmounts: true,
  subsidy: { kind: 'dogecoin' },
};

const DASH: Network = {
  ...MAIN,
  ...NO_SEGWIT,
  name: 'dash',
  coin: 'DASH',
  magic: 0xbd6b0cbf,
  genesisHash: '00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6',
  p2pkhVersion: 76,
  p2shVersions: [16],
  blockHash: 'x11',
  proofOfWork: 'x11',
  powLimitBits: 0x1e0fffff,
  // Kimoto's Gravity Well from 15,200 on, which computes with doubles; Dark Gravity Wave from 34,140 on (Dash Core
  // `src/pow.cpp`).
  difficulty: {
    ...BITCOIN_DIFFICULTY,
    targetTimespanSeconds: 24 * 3600,
    targetSpacingSeconds: 150,
    laws: [
      { from: 0, law: 'unmodelled' },
      { from: 34_140, law: 'dark-gravity-wave' },
    ],
  },
  bip34HeightMin: 951,
  specialTransactions: true,
  // It falls by a fourteenth every 210,240 blocks from a base that early depended on the difficulty; superblocks add to it.
  subsidy: { kind: 'unmodelled' },
};

const BITCOIN_CASH: Network = {
  ...MAIN,
  ...NO_SEGWIT,
  name: 'bitcoincash',
  coin: 'BCH',
  // Peers greet each other with e3e1f3e8, but block files have Bitcoin's four bytes.
  forkedAt: {
    from: 'main',
    height: 478_559,
    hash: '000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec',
  },
  cashAddrPrefix: 'bitcoincash',
  difficulty: {
    ...BITCOIN_DIFFICULTY,
    laws: [
      { from: 478_559, law: 'emergency' },
      { from: 504_032, law: 'daily-work' },
      { from: 661_648, law: 'asert' },
    ],
  },
  // 32 MB of transactions.
  blockBytesMax: 34 * 2 ** 20,
  cashTokens: true,
  forkId: true,
  // "Magnetic anomaly": from the first block after 556,766 on (15 November 2018).
  canonicalOrderFrom: 556_767,
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
  regtest: REGTEST,
  litecoin: LITECOIN,
  'litecoin-regtest': {
    ...LITECOIN,
    name: 'litecoin-regtest',
    isTest: true,
    magic: REGTEST.magic,
    genesisHash: '530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9',
    p2pkhVersion: 111,
    p2shVersions: [58, 196],
    bech32Prefix: 'rltc',
    powLimitBits: 0x207fffff,
    difficulty: REGTEST_DIFFICULTY,
    bip34HeightMin: 1,
    subsidy: REGTEST.subsidy,
  },
  dogecoin: DOGECOIN,
  'dogecoin-regtest': {
    ...DOGECOIN,
    name: 'dogecoin-regtest',
    isTest: true,
    magic: REGTEST.magic,
    genesisHash: '3d2160a3b5dc4a9d62e7e66a295f70313ac808440ef7400d6c0772171ce973a5',
    p2pkhVersion: 111,
    p2shVersions: [196],
    powLimitBits: 0x207fffff,
    difficulty: REGTEST_DIFFICULTY,
    bip34HeightMin: 1,
    // 500,000 at first, halved every 150 blocks, then 10,000 for ever; the halvings are all that is needed of it.
    subsidy: { kind: 'halving', interval: 150, startSats: 500_000 * 100_000_000 },
  },
  dash: DASH,
  'dash-regtest': {
    ...DASH,
    name: 'dash-regtest',
    isTest: true,
    magic: 0xdcb7c1fc,
    genesisHash: '000008ca1832a4baf228eb1553c03d3a2c8e02399550dd6ea8d65cec3ef23d2e',
    p2pkhVersion: 140,
    p2shVersions: [19],
    powLimitBits: 0x207fffff,
    difficulty: REGTEST_DIFFICULTY,
    bip34HeightMin: 1,
  },
  bitcoincash: BITCOIN_CASH,
  'bitcoincash-regtest': {
    ...REGTEST,
    ...NO_SEGWIT,
    name: 'bitcoincash-regtest',
    coin: 'BCH',
    cashAddrPrefix: 'bchreg',
    blockBytesMax: BITCOIN_CASH.blockBytesMax,
    cashTokens: true,
    forkId: true,
    canonicalOrderFrom: 1,
  },
};

/** Networks whose coins are worth something, in the order of the table. */
export const REAL_NETWORKS: readonly Network[] = Object.values(NETWORKS).filter(
  ({ isTest }) => !isTest,
);

const BY_MAGIC: ReadonlyMap<number, readonly Network[]> = Map.groupBy(
  Object.values(NETWORKS),
  ({ magic }) => magic,
);

/**
 * The networks whose blocks are preceded by this magic, in the order of the table: Bitcoin Cash kept Bitcoin's, and most
 * regression-test networks share one.
 *
 * @param magic the four bytes read as a little-endian u32
 * @example networksByMagic(0xd9b4bef9).map(({ name }) => name) // ['main', 'bitcoincash']
 */
export function networksByMagic(magic: number): readonly Network[] {
  return BY_MAGIC.get(magic) ?? [];
}

/**
 * The first network whose blocks are preceded by this magic, or undefined when we know none.
 *
 * @param magic the four bytes read as a little-endian u32
 * @example networkByMagic(0xd9b4bef9)?.name // 'main'
 */
export function networkByMagic(magic: number): Network | undefined {
  return BY_MAGIC.get(magic)?.[0];
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

const DOGE_INTERVAL = 100_000;
const DOGE_SATS = 100_000_000;

/**
 * What a Dogecoin block may create at most. Up to 145,000 it was a random number of coins, seeded by the block before, below
 * this bound; then half a million with every 100,000 blocks halved, and 10,000 from 600,000 on (Dogecoin Core
 * `GetDogecoinBlockSubsidy`).
 */
function dogecoinSubsidySats(height: number): number {
  const halvings = Math.floor(height / DOGE_INTERVAL);
  if (height < 145_000) return (1_000_000 / 2 ** halvings) * DOGE_SATS;
  if (halvings < 6) return (500_000 / 2 ** halvings) * DOGE_SATS;
  return 10_000 * DOGE_SATS;
}

/**
 * What a block of that height may create at most, in the smallest unit; undefined where the network's rule is not modelled,
 * so that nothing may be concluded.
 *
 * @example subsidySats(840_000, getNetwork('main')) // 312_500_000
 */
export function subsidySats(height: number, network: Network): number | undefined {
  const { subsidy } = network;
  if (subsidy.kind === 'unmodelled') return undefined;
  if (subsidy.kind === 'dogecoin') return dogecoinSubsidySats(height);
  const halvings = Math.floor(height / subsidy.interval);
  return halvings >= 64 ? 0 : Math.floor(subsidy.startSats / 2 ** halvings);
}
