/**
 * The numbers of the mix detectors, per network. Changing one changes the parameters' digest and with it
 * the id of every run.
 *
 * [P]: taken from a published system or paper; [C]: Clew's own starting value, to be calibrated. Where
 * each comes from stands in `docs/methods/coinjoins.md`.
 */
import type { NetworkName } from '../../chain/network.ts';

/** A gate that never opens: the protocol is not known on this network. */
const NEVER = Number.MAX_SAFE_INTEGER;

export interface WhirlpoolPool {
  /** Value of every output of a mix. */
  readonly denominationSats: number;
  readonly operator: string;
  /** Day of the first mix, 00:00 UTC, Unix seconds. */
  readonly startSeconds: number;
  /** Usual coordinator fee of a TX0; null when no source gives it. */
  readonly feeSats: number | null;
}

export interface CoinjoinParameters {
  /** Below this, a repeated value is dust or a token carrier and says nothing [P]. */
  readonly equalSatsMin: number;

  readonly whirlpool: {
    readonly heightMin: number;
    readonly pools: readonly WhirlpoolPool[];
    readonly inputsMin: number;
    readonly inputsMax: number;
    /** An entrant's input exceeds the denomination by this much [P]. */
    readonly excessSatsMin: number;
    readonly excessSatsMax: number;
    /** A TX0 comes before its pool's first mix by at most this long [C]. */
    readonly tx0LeadSeconds: number;
    readonly premixOutputsMax: number;
    /** Mixes that opened a pool: nobody could remix yet. */
    readonly firstMixes: readonly string[];
  };

  readonly wasabi1: {
    /** Form A, coordinator addresses: from `formAHeightMin` to below `formBHeightMin` [P]. */
    readonly formAHeightMin: number;
    readonly formBHeightMin: number;
    /** Hash160 of the coordinators' P2WPKH scripts, hex. */
    readonly coordinatorHashes: readonly string[];
    readonly formAEqualMin: number;
    readonly equalMin: number;
    readonly equalSatsMin: number;
    readonly equalSatsMax: number;
    readonly onceMin: number;
    /** From here on no coordinator is known: `possible` at best [C]. */
    readonly possibleHeightMin: number;
    /** Level `i` stands around this much times 2^i. */
    readonly levelBaseSats: number;
  };

  readonly wasabi2: {
    readonly heightMin: number;
    /** Fewest inputs before `smallRoundsHeightMin`, and from there on. */
    readonly inputsMin: number;
    readonly smallRoundsHeightMin: number;
    readonly smallInputsMin: number;
    /** Fewer outputs than this are no round of several people [C]. */
    readonly outputsMin: number;
  };

  readonly joinmarket: {
    readonly heightMin: number;
    readonly equalMin: number;
    /** From this many equal outputs on the shape alone is strong. */
    readonly strongEqualMin: number;
    /** No script fills more of all slots than this, in hundredths [P]. */
    readonly scriptSharePercentMax: number;
    readonly sizeMax: number;
    readonly sizeRatioMax: number;
    readonly toleranceSatsMin: number;
    /** Tolerance as a part of the equal value: one in this many. */
    readonly toleranceDivisor: number;
    readonly stepsMax: number;
  };

  readonly equalOutput: { readonly inputsMin: number; readonly equalMin: number };

  readonly stonewall: {
    readonly equalSatsMin: number;
    /** The exact test is tried up to this many inputs. */
    readonly exactInputsMax: number;
  };

  readonly payjoin: { readonly heightMin: number };

  readonly lookAlike: {
    /** LA-1 speaks of transactions with fewer inputs than this. */
    readonly splitInputsMax: number;
    /** LA-1: the rest of an exact split is at most one part in this many. */
    readonly splitDivisor: number;
    /** LA-2 and LA-3: how lopsided a batch payout or a sweep is. */
    readonly ratio: number;
    /** LA-4: a script is concentrated with more than this part of the inputs, in hundredths... */
    readonly concentratedPercent: number;
    readonly concentratedInputsMin: number;
    /** ...and at least this many of them [C]: two of nineteen are no concentration. */
    readonly concentratedCountMin: number;
    /** LA-5: values that carry tokens. */
    readonly tokenSats: readonly number[];
    /** LA-6 without a signature to read: inputs up to this much may be inscriptions [C]. */
    readonly dustSatsMax: number;
    /** LA-7: so many inputs signed ALL|ANYONECANPAY make a crowdfund. */
    readonly crowdfundInputsMin: number;
  };
}

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 1000;

const POOLS: readonly WhirlpoolPool[] = [
  pool(5_000_000, 'Samourai', '2019-04-17', 175_000),
  pool(1_000_000, 'Samourai', '2019-05-23', 50_000),
  pool(50_000_000, 'Samourai', '2019-08-02', 1_750_000),
  pool(100_000, 'Samourai', '2021-03-05', 5_000),
  pool(2_500_000, 'Ashigaru', '2025-05-31', null),
  pool(25_000_000, 'Ashigaru', '2025-06-06', null),
];

function pool(
  denominationSats: number,
  operator: string,
  start: string,
  feeSats: number | null,
): WhirlpoolPool {
  return { denominationSats, operator, startSeconds: day(start), feeSats };
}

const MAIN: CoinjoinParameters = {
  equalSatsMin: 2_731,
  whirlpool: {
    heightMin: 570_000,
    pools: POOLS,
    inputsMin: 5,
    inputsMax: 10,
    excessSatsMin: 100,
    excessSatsMax: 110_000,
    tx0LeadSeconds: 7 * 24 * 3600,
    premixOutputsMax: 70,
    firstMixes: [
      'a554db794560458c102bab0af99773883df13bc66ad287c29610ad9bac138926',
      'c6c27bef217583cca5f89de86e0cd7d8b546844f800da91d91a74039c3b40fba',
      'b42df707a3d876b24a22b0199e18dc39aba2eafa6dbeaaf9dd23d925bb379c59',
      'ac9566a240a5e037471b1a58ea50206062c13e1a75c0c2de3f21c7053573330a',
      '737a867727db9a2c981ad622f2fa14b021ce8b1066a001e34fb793f8da833155',
      '7784df1182ab86ee33577b75109bb0f7c5622b9fb91df24b65ab2ab01b27dffa',
    ],
  },
  wasabi1: {
    formAHeightMin: 530_500,
    formBHeightMin: 610_000,
    coordinatorHashes: [
      // bc1qs604c7jv6amk4cxqlnvuxv26hv3e48cds4m0ew
      '869f5c7a4cd7776ae0c0fcd9c3315abb239a9f0d',
      // bc1qa24tsgchvuxsaccp8vrnkfd85hrcpafg20kmjw
      'eaaab82317670d0ee3013b073b25a7a5c780f528',
    ],
    formAEqualMin: 3,
    equalMin: 10,
    equalSatsMin: 8_000_000,
    equalSatsMax: 12_000_000,
    onceMin: 2,
    possibleHeightMin: 850_000,
    levelBaseSats: 10_000_000,
  },
  wasabi2: {
    heightMin: 741_213,
    inputsMin: 50,
    smallRoundsHeightMin: 840_000,
    smallInputsMin: 15,
    outputsMin: 3,
  },
  joinmarket: {
    heightMin: 336_861,
    equalMin: 3,
    strongEqualMin: 5,
    scriptSharePercentMax: 34,
    sizeMax: 100,
    sizeRatioMax: 4,
    toleranceSatsMin: 50_000,
    toleranceDivisor: 100,
    stepsMax: 100_000,
  },
  equalOutput: { inputsMin: 3, equalMin: 3 },
  stonewall: { equalSatsMin: 5_000, exactInputsMax: 20 },
  payjoin: { heightMin: 630_000 },
  lookAlike: {
    splitInputsMax: 20,
    splitDivisor: 10_000,
    ratio: 5,
    concentratedPercent: 10,
    concentratedInputsMin: 10,
    concentratedCountMin: 3,
    tokenSats: [294, 330, 546, 600, 2730],
    dustSatsMax: 10_000,
    crowdfundInputsMin: 2,
  },
};

/**
 * Test networks have no history to gate by, and emulated rounds are small: the gates stand at 0, and Wasabi 2
 * rounds count from 10 inputs (the rounds of a real coordinator on a test chain had 13 to 31).
 */
const TEST: CoinjoinParameters = {
  ...MAIN,
  whirlpool: {
    ...MAIN.whirlpool,
    heightMin: 0,
    pools: POOLS.map((row) => ({ ...row, startSeconds: 0 })),
  },
  wasabi1: {
    ...MAIN.wasabi1,
    formAHeightMin: 0,
    formBHeightMin: 0,
    coordinatorHashes: [],
    possibleHeightMin: NEVER,
  },
  wasabi2: { ...MAIN.wasabi2, heightMin: 0, smallRoundsHeightMin: 0, smallInputsMin: 10 },
  joinmarket: { ...MAIN.joinmarket, heightMin: 0 },
  payjoin: { heightMin: 0 },
};

/** None of the protocols is known on other coins; the rules that look at the shape alone stay. */
const OTHER_COINS: CoinjoinParameters = {
  ...MAIN,
  whirlpool: { ...MAIN.whirlpool, heightMin: NEVER, pools: [], firstMixes: [] },
  wasabi1: {
    ...MAIN.wasabi1,
    formAHeightMin: NEVER,
    formBHeightMin: NEVER,
    coordinatorHashes: [],
  },
  wasabi2: { ...MAIN.wasabi2, heightMin: NEVER },
  joinmarket: { ...MAIN.joinmarket, heightMin: NEVER },
  payjoin: { heightMin: NEVER },
};

const BY_NETWORK: Readonly<Record<NetworkName, CoinjoinParameters>> = {
  main: MAIN,
  testnet3: TEST,
  testnet4: TEST,
  signet: TEST,
  regtest: TEST,
  litecoin: OTHER_COINS,
  'litecoin-regtest': OTHER_COINS,
  dogecoin: OTHER_COINS,
  'dogecoin-regtest': OTHER_COINS,
  dash: OTHER_COINS,
  'dash-regtest': OTHER_COINS,
  bitcoincash: OTHER_COINS,
  'bitcoincash-regtest': OTHER_COINS,
};

/**
 * The detectors' numbers for a network.
 *
 * @example coinjoinParameters('main').wasabi2.inputsMin // 50
 */
export function coinjoinParameters(network: NetworkName): CoinjoinParameters {
  return BY_NETWORK[network];
}
