/**
 * Files that hold one bare block each: no magic, no length, so nothing says whose block it is.
 *
 * Which networks a bare block can belong to (`possibleNetworks`):
 *   - it begins with the genesis block of a network, or its parent is one: that network;
 *   - it names the regtest target: regtest, the only network where that is allowed;
 *   - as hard as mainnet's blocks of that time: mainnet. No test network ever was, though any of them would
 *     allow it;
 *   - else every test network whose limit its target keeps and that existed at its time;
 *   - another coin only when it was asked for, or by its genesis block where that is its own.
 * Where several are left, `--network` decides.
 */
import { NETWORKS, type Network, type NetworkName } from '../chain/network.ts';
import { checkProofOfWork, workFromBits } from '../chain/proof-of-work.ts';

/** Time of the genesis blocks: no block of the network is older. Two hours may pass as a wrong clock. */
const BEGAN_AT_SECONDS: Readonly<Record<NetworkName, number>> = {
  main: 1_231_006_505,
  testnet3: 1_296_688_602,
  testnet4: 1_714_777_860,
  signet: 1_598_918_400,
  regtest: 0,
  litecoin: 1_317_972_665,
  'litecoin-regtest': 0,
  dogecoin: 1_386_325_540,
  'dogecoin-regtest': 0,
  dash: 1_390_095_618,
  'dash-regtest': 0,
  bitcoincash: 1_231_006_505,
  'bitcoincash-regtest': 0,
};

/**
 * From that time on no mainnet block was ever easier than this difficulty, with room for a factor of two.
 * Difficulty counts from 1, where one block takes 2^32 hashes.
 */
const MAINNET_FLOOR: readonly (readonly [timeSeconds: number, difficultyMin: number])[] = [
  [Date.UTC(2011, 0, 1) / 1000, 7_000],
  [Date.UTC(2011, 6, 1) / 1000, 280_000],
  [Date.UTC(2012, 0, 1) / 1000, 550_000],
  [Date.UTC(2013, 5, 10) / 1000, 7_500_000],
  [Date.UTC(2014, 0, 1) / 1000, 450_000_000],
  [Date.UTC(2015, 0, 1) / 1000, 12_000_000_000],
  [Date.UTC(2016, 0, 5) / 1000, 50_000_000_000],
  [Date.UTC(2018, 0, 1) / 1000, 900_000_000_000],
  [Date.UTC(2019, 6, 1) / 1000, 3_900_000_000_000],
  [Date.UTC(2023, 1, 1) / 1000, 18_000_000_000_000],
];

const HASHES_PER_DIFFICULTY = 2 ** 32;

/** True when mainnet blocks of that time may be so easy. */
export function isPossibleMainnetDifficulty(bits: number, timeSeconds: number): boolean {
  const difficulty = Number(workFromBits(bits)) / HASHES_PER_DIFFICULTY;
  for (const [fromSeconds, difficultyMin] of MAINNET_FLOOR) {
    if (timeSeconds >= fromSeconds && difficulty < difficultyMin) return false;
  }
  return true;
}

/** The facts of a bare block's header that its network can be told by. */
export interface BareHeader {
  readonly hash: string;
  readonly prevHash: string;
  readonly timeSeconds: number;
  readonly bits: number;
}

function isPossible(header: BareHeader, bytes: Uint8Array, network: Network): boolean {
  const { name } = network;
  if (network.coin !== 'BTC') return false;
  const isRegtest = header.bits === NETWORKS.regtest.powLimitBits;
  if ((name === 'regtest') !== isRegtest) return false;
  if (header.timeSeconds + 7200 < BEGAN_AT_SECONDS[name]) return false;
  if (name === 'main' && !isPossibleMainnetDifficulty(header.bits, header.timeSeconds))
    return false;
  return checkProofOfWork(bytes, network) === 'ok';
}

/**
 * True when somebody who asks for that network may be right that this is one of its blocks: the coins besides Bitcoin can not
 * be told from a header alone.
 *
 * @param header what its header says, its hash made as the network makes it
 */
export function isPossibleBlockOf(
  header: BareHeader,
  bytes: Uint8Array,
  network: Network,
): boolean {
  const isOthers = Object.values(NETWORKS).some(
    ({ genesisHash }) =>
      genesisHash !== network.genesisHash &&
      (header.hash === genesisHash || header.prevHash === genesisHash),
  );
  return !isOthers && checkProofOfWork(bytes, network) !== 'failed';
}

/**
 * The networks that a bare block can belong to.
 *
 * @param header what its header says
 * @param bytes the block, or at least its 80 header bytes
 * @example possibleNetworks(header, bytes) // ['main']
 */
export function possibleNetworks(header: BareHeader, bytes: Uint8Array): NetworkName[] {
  const networks = Object.values(NETWORKS);
  const own = networks.filter(
    ({ genesisHash }) => header.hash === genesisHash || header.prevHash === genesisHash,
  );
  // A genesis block that several share is that of the first.
  if (own.length > 0) return [own[0]!.name];
  const possible = networks.filter((each) => isPossible(header, bytes, each));
  const names = possible.map(({ name }) => name);
  return names.includes('main') ? ['main'] : names;
}

const HEADER_BYTES = 80;

/**
 * True when the bytes begin like a block: a header, a transaction count, and a coinbase, whose only input spends
 * nothing.
 *
 * @param head at least the first 135 bytes
 */
export function looksLikeBlock(head: Uint8Array): boolean {
  const count = head[HEADER_BYTES] ?? 0;
  if (count === 0 || count === 0xff) return false;
  const countBytes = count < 0xfd ? 1 : count === 0xfd ? 3 : 5;
  // With a merged-mining proof, the coinbase of the parent follows at once.
  const isMerged = (head[1]! & 1) !== 0;
  return (
    isCoinbaseAt(head, HEADER_BYTES + countBytes) || (isMerged && isCoinbaseAt(head, HEADER_BYTES))
  );
}

/** True when a transaction begins there whose only input spends nothing. */
function isCoinbaseAt(head: Uint8Array, start: number): boolean {
  let at = start + 4;
  if (head[at] === 0 && head[at + 1] === 1) at += 2;
  if (head[at] !== 1 || head.length < at + 37) return false;
  const prevTxid = head.subarray(at + 1, at + 33);
  return (
    prevTxid.every((byte) => byte === 0) &&
    head.subarray(at + 33, at + 37).every((byte) => byte === 0xff)
  );
}
