/** Wallets of simulated actors: where they receive, what they hold, and what make their software is. */
import type { SeededRandom } from '../bytes/seeded-random.ts';
import { type CoinPool, NO_COIN, Purse } from './coin-pool.hot.ts';
import { FORM, type Form } from './script-form.hot.ts';

/** What an address is used for by its owner. */
export type Role =
  | 'receive'
  | 'change'
  | 'deposit'
  | 'invoice'
  | 'hot'
  | 'cold'
  | 'donation'
  | 'payout'
  | 'escrow'
  | 'fee'
  | 'premix'
  | 'mix'
  | 'coinbase'
  | 'data';

/** Takes the coins that arrive at a place. */
export interface Keeper {
  /** A coin that is in no purse yet. */
  receive(coin: number): void;
}

/** Wants to know when a place is paid for the first time. */
export interface Watcher {
  placeSeen(place: Place, address: string | undefined, timeSeconds: number): void;
}

/** One script of one owner. */
export interface Place {
  readonly form: Form;
  readonly key: number;
  /** Id of the actor that holds the key. */
  readonly owner: string;
  readonly role: Role;
  /** Of a deposit address: the actor for whom the service keeps it. */
  readonly customer: string | undefined;
  /** Of a vendor's address: the opaque id of the site that shows it. */
  readonly site: string | undefined;
  /** Where arriving coins go; without one they are never spent. */
  readonly keeper: Keeper | undefined;
  readonly watcher: Watcher | undefined;
  /** Its row stands in the truth already. */
  isKnown: boolean;
}

/** In which order outputs (and inputs) stand. */
export type Order = 'shuffled' | 'given' | 'bip69' | 'descending';

/** What can be told about wallet software from its transactions. */
export interface WalletMake {
  readonly name: string;
  readonly form: Form;
  readonly version: 1 | 2;
  /** `antiSnipe`: the height of the tip, now and then a little less (Bitcoin Core since 0.11). */
  readonly locktime: 'zero' | 'antiSnipe';
  readonly sequence: number;
  readonly order: Order;
  /** Grinds signatures so that R is short (Bitcoin Core since 0.17). */
  readonly lowR: boolean;
  /** `fit`: the smallest single coin that is enough, else oldest first; `oldest`; `many`: some more than needed. */
  readonly selection: 'fit' | 'oldest' | 'many';
  /** Chance that an address is shown again instead of a fresh one. */
  readonly reuse: number;
  /** Change goes back to the address that is shown, not to a fresh one. */
  readonly reusesForChange: boolean;
}

const FINAL = 0xffff_ffff;
const NON_FINAL = 0xffff_fffe;
const REPLACEABLE = 0xffff_fffd;

const PLAIN: WalletMake = {
  name: 'plain',
  form: FORM.p2wpkh,
  version: 2,
  locktime: 'zero',
  sequence: FINAL,
  order: 'shuffled',
  lowR: false,
  selection: 'fit',
  reuse: 0,
  reusesForChange: false,
};

/** The makes that there are, by name. */
export const MAKES = {
  oldUncompressed: {
    ...PLAIN,
    name: 'old-uncompressed',
    form: FORM.p2pkhUncompressed,
    version: 1,
    selection: 'oldest',
    reuse: 0.3,
  },
  legacy: { ...PLAIN, name: 'legacy', form: FORM.p2pkh, version: 1, selection: 'oldest' },
  oneAddress: {
    ...PLAIN,
    name: 'one-address',
    form: FORM.p2pkh,
    version: 1,
    order: 'given',
    selection: 'oldest',
    reuse: 1,
    reusesForChange: true,
  },
  nestedMobile: {
    ...PLAIN,
    name: 'nested-mobile',
    form: FORM.p2shP2wpkh,
    version: 1,
    sequence: REPLACEABLE,
    order: 'bip69',
    reuse: 0.1,
  },
  lightSegwit: {
    ...PLAIN,
    name: 'light-segwit',
    locktime: 'antiSnipe',
    sequence: REPLACEABLE,
    order: 'bip69',
    lowR: true,
    reuse: 0.05,
  },
  node: {
    ...PLAIN,
    name: 'node',
    locktime: 'antiSnipe',
    sequence: NON_FINAL,
    lowR: true,
    selection: 'fit',
  },
  hardware: { ...PLAIN, name: 'hardware', version: 1, sequence: REPLACEABLE, order: 'given' },
  mobileSegwit: { ...PLAIN, name: 'mobile-segwit', selection: 'many', reuse: 0.15 },
  taproot: {
    ...PLAIN,
    name: 'taproot',
    form: FORM.p2tr,
    locktime: 'antiSnipe',
    sequence: REPLACEABLE,
  },
  taprootScript: { ...PLAIN, name: 'taproot-script', form: FORM.p2trScript, sequence: REPLACEABLE },
  multisigSegwit: { ...PLAIN, name: 'multisig-segwit', form: FORM.p2wshMultisig, order: 'bip69' },
  multisigNested: { ...PLAIN, name: 'multisig-nested', form: FORM.p2shP2wshMultisig, version: 1 },
  multisigLegacy: { ...PLAIN, name: 'multisig-legacy', form: FORM.p2shMultisig, version: 1 },
  serviceSegwit: { ...PLAIN, name: 'service-segwit', selection: 'oldest' },
  serviceLegacy: {
    ...PLAIN,
    name: 'service-legacy',
    form: FORM.p2pkh,
    version: 1,
    order: 'given',
    selection: 'oldest',
  },
  serviceNested: {
    ...PLAIN,
    name: 'service-nested',
    form: FORM.p2shP2wpkh,
    order: 'given',
    selection: 'oldest',
  },
  serviceTaproot: {
    ...PLAIN,
    name: 'service-taproot',
    form: FORM.p2tr,
    sequence: REPLACEABLE,
    selection: 'oldest',
  },
} as const satisfies Record<string, WalletMake>;

/** How common each make is among ordinary people. */
const PEOPLE: readonly (readonly [WalletMake, number])[] = [
  [MAKES.lightSegwit, 24],
  [MAKES.mobileSegwit, 18],
  [MAKES.node, 8],
  [MAKES.hardware, 10],
  [MAKES.nestedMobile, 15],
  [MAKES.legacy, 9],
  [MAKES.oneAddress, 5],
  [MAKES.oldUncompressed, 2],
  [MAKES.taproot, 6],
  [MAKES.taprootScript, 1],
  [MAKES.multisigSegwit, 1],
  [MAKES.multisigLegacy, 0.6],
  [MAKES.multisigNested, 0.4],
];

/** A make as it is found among ordinary people. */
export function pickMake(random: SeededRandom): WalletMake {
  let left = random.unit() * PEOPLE.reduce((sum, [, share]) => sum + share, 0);
  for (const [make, share] of PEOPLE) {
    left -= share;
    if (left < 0) return make;
  }
  return MAKES.mobileSegwit;
}

/** What wallets need of the world around them. */
export interface WalletWorld {
  readonly pool: CoinPool;
  readonly random: SeededRandom;
  /** A key number that nobody has. */
  nextKey(): number;
}

/** A wallet: keys of one owner and the coins on them. */
export class Wallet implements Keeper {
  readonly owner: string;
  readonly make: WalletMake;
  readonly purse: Purse;
  readonly #world: WalletWorld;
  readonly #watcher: Watcher | undefined;
  readonly #site: string | undefined;
  #shown: Place | undefined;
  /** The owner is gone: coins that still arrive are never spent. */
  isClosed = false;

  /**
   * @param owner id of the actor
   * @param watcher is told of each address that is paid for the first time
   * @param site opaque id of the page that shows its receiving addresses
   */
  constructor(
    world: WalletWorld,
    owner: string,
    make: WalletMake,
    watcher?: Watcher,
    site?: string,
  ) {
    this.owner = owner;
    this.make = make;
    this.purse = new Purse(world.pool);
    this.#world = world;
    this.#watcher = watcher;
    this.#site = site;
  }

  get balanceSats(): number {
    return this.purse.balanceSats;
  }

  receive(coin: number): void {
    if (this.isClosed) this.#world.pool.drop(coin);
    else this.purse.put(coin);
  }

  /** Forget all coins, now and later. */
  close(): void {
    this.isClosed = true;
    for (let coin = this.purse.first; coin !== NO_COIN; coin = this.purse.first) {
      this.purse.take(coin);
      this.#world.pool.drop(coin);
    }
  }

  /** A place that was never used, in the form of the wallet or another one that it also has keys for. */
  freshPlace(role: Role, extra: Partial<Pick<Place, 'form' | 'customer' | 'keeper'>> = {}): Place {
    return {
      form: extra.form ?? this.make.form,
      key: this.#world.nextKey(),
      owner: this.owner,
      role,
      customer: extra.customer,
      site: role === 'receive' ? this.#site : undefined,
      keeper: extra.keeper ?? this,
      watcher: this.#watcher,
      isKnown: false,
    };
  }

  /** The place that is shown to whoever pays next: fresh, or again the one before. */
  shownPlace(role: Role = 'receive'): Place {
    if (this.#shown !== undefined && this.#world.random.chance(this.make.reuse)) return this.#shown;
    this.#shown = this.freshPlace(role);
    return this.#shown;
  }

  /** Where change goes. */
  changePlace(): Place {
    return this.make.reusesForChange ? this.shownPlace() : this.freshPlace('change');
  }
}
