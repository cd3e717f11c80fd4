/**
 * What kind of party or activity a tag speaks of: a closed table.
 *
 * The ids are those of the GraphSense concepts (version 0.1.0 of its taxonomy, as shipped with
 * graphsense-lib), so that tag packs can be read and written; a few are ours, where following money
 * needs a distinction that the concepts do not make. The labels and the judgements are ours:
 *
 * - *service*: money of many people runs together there, so what leaves proves nothing about what
 *   came in. Tracing stops. Shops and sites that sell files are none: they may be what is looked
 *   for, and what they take is their own. Neither is a single miner; and a CoinJoin output belongs
 *   to one of the people who took part.
 * - *names customers*: whether asking there can lead to a person; see `CUSTOMER_RANK`.
 * - *child exploitation*: reserved. An imported claim stays pending until a named person confirms it.
 */

/** How likely a service can say who its customer is. */
export const CUSTOMER_RANK = {
  /** It has no customers, or no way to know them. */
  none: 0,
  /** It has accounts or keeps logs, but no duty to know its customers. */
  accounts: 1,
  /** It keeps customers' money and usually has to identify them above some sum. */
  custodian: 2,
  /** It trades against money of states and has to identify its customers (VASP, money transmitter). */
  identified: 3,
} as const;

export type CustomerRank = (typeof CUSTOMER_RANK)[keyof typeof CUSTOMER_RANK];

interface Traits {
  readonly service?: CustomerRank;
  /** Not a service, but it has accounts of its customers. */
  readonly names?: CustomerRank;
  readonly mixer?: true;
  readonly sanctioned?: true;
  readonly child?: true;
  /** Our own id; a tag pack for others gets the broader one. */
  readonly own?: true;
}

type Row = readonly [label: string, broader: string | null, traits?: Traits];

const { none, accounts, custodian, identified } = CUSTOMER_RANK;

const ROWS = {
  concept: ['any kind', null],
  unknown: ['unknown kind', 'concept'],

  // Who: people and organisations
  entity: ['party', 'concept'],
  organization: ['organisation', 'entity'],
  user: ['private user', 'entity'],
  victim: ['victim', 'user'],
  perpetrator: ['offender', 'user'],
  donation: ['collection of donations', 'user'],
  miner: ['miner', 'user'],
  charity: ['charity', 'organization', { own: true }],

  // Who: services
  service: ['service of an unstated kind', 'entity', { service: accounts }],
  exchange: ['exchange', 'service', { service: identified }],
  instant_exchange: ['instant exchanger', 'exchange', { service: custodian, own: true }],
  remittance: ['money transmitter', 'service', { service: identified, own: true }],
  atm: ['cryptocurrency kiosk', 'service', { service: identified }],
  wallet_service: ['hosted wallet', 'service', { service: custodian }],
  hosted_wallet: ['hosted wallet', 'wallet_service', { service: custodian, own: true }],
  escrow_wallet: ['escrow', 'wallet_service', { service: custodian }],
  ico_wallet: ['token sale', 'wallet_service', { service: accounts }],
  payment_processor: ['payment processor', 'service', { service: custodian }],
  gambling: ['gambling', 'service', { service: custodian }],
  market: ['marketplace', 'service', { service: none }],
  mixing_service: ['mixer', 'service', { service: none, mixer: true }],
  mining_service: ['cloud mining', 'service', { service: accounts }],
  mining_pool: ['mining pool', 'mining_service', { service: accounts, own: true }],
  faucet: ['faucet', 'service', { service: none }],
  shop: ['shop', 'service', { names: accounts }],
  merchant: ['merchant', 'shop', { names: accounts, own: true }],
  filesharing: ['file sharing', 'service', { names: accounts }],
  index: ['directory of sites', 'service'],
  search_engine: ['search engine', 'service', { service: none }],
  messaging_service: ['messaging', 'service', { service: accounts }],
  hosting: ['hosting provider', 'service', { service: accounts }],
  vpn: ['VPN provider', 'service', { service: accounts }],
  nameservice: ['name service', 'service', { service: accounts }],
  defi: ['smart-contract protocol', 'service', { service: none }],
  defi_token: ['token contract', 'defi', { service: none }],
  defi_lending: ['lending protocol', 'defi', { service: none }],
  defi_dex: ['decentralised exchange', 'defi', { service: none }],
  defi_dex_pair: ['trading pair', 'defi_dex', { service: none }],
  defi_derivative: ['derivatives protocol', 'defi', { service: none }],
  defi_bridge: ['bridge to another chain', 'defi', { service: none }],
  defi_dao: ['decentralised organisation', 'defi', { service: none }],
  defi_staking: ['staking', 'defi', { service: none }],
  defi_custody: ['custody contract', 'defi', { service: none }],

  // What happens there
  behaviour: ['behaviour', 'concept'],
  white_usage: ['ordinary use', 'behaviour'],
  cold_wallet: ['offline store', 'white_usage'],
  hot_wallet: ['wallet in daily use', 'white_usage'],
  warm_wallet: ['wallet used by hand', 'white_usage'],
  deposit_wallet: ['deposit address', 'white_usage'],
  white_list: ['list of the approved', 'white_usage'],
  gov_white_list: ['list of the approved by an authority', 'white_list'],
  gray_usage: ['use that may need a question', 'behaviour'],
  mixing: ['mixing', 'gray_usage', { mixer: true }],
  coinjoin: ['CoinJoin', 'mixing', { mixer: true }],
  deployer: ['maker of contracts', 'behaviour'],
  funder: ['funder of contracts', 'behaviour'],

  // Wrongs
  abuse: ['wrong of an unstated kind', 'behaviour'],
  sexual_abuse: ['sexual abuse', 'abuse'],
  child_sexual_abuse: ['sexual abuse of children', 'sexual_abuse', { child: true }],
  child_sexual_exploitation: [
    'sexual exploitation of children',
    'child_sexual_abuse',
    { child: true, own: true },
  ],
  violence: ['violence', 'abuse'],
  murder: ['murder', 'violence'],
  torture: ['torture', 'violence'],
  human_trafficking: ['human trafficking', 'abuse'],
  scam: ['scam', 'abuse'],
  financial_crime: ['financial crime', 'abuse'],
  investment_fraud: ['investment fraud', 'financial_crime'],
  ponzi_scheme: ['Ponzi scheme', 'investment_fraud'],
  pyramid_scheme: ['pyramid scheme', 'ponzi_scheme'],
  money_laundering: ['money laundering', 'financial_crime'],
  payment_card_fraud: ['payment card fraud', 'financial_crime'],
  extortion: ['extortion', 'abuse'],
  sextortion: ['sextortion', 'extortion'],
  ransomware: ['ransomware', 'extortion'],
  phishing: ['phishing', 'abuse'],
  hacking: ['hacking', 'abuse'],
  service_hack: ['theft from a service', 'hacking'],
  account_hack: ['taken-over account', 'hacking'],
  exploit: ['exploited weakness', 'hacking'],
  data_breach: ['leak of data', 'hacking'],
  social_engineering: ['deceived people', 'hacking'],
  malware: ['malware', 'hacking'],
  drugs: ['drugs', 'abuse'],
  weapons: ['weapons', 'abuse'],
  counterfeit: ['counterfeit goods', 'abuse'],
  extremism: ['extremism', 'abuse'],
  terrorism: ['terrorism', 'extremism'],
  terrorism_financing: ['financing of terrorism', 'extremism'],
  sanction: ['sanctioned', 'abuse', { sanctioned: true }],
  black_list: ['block list', 'abuse'],
  gov_black_list: ['block list of an authority', 'black_list', { sanctioned: true }],

  // Where it was seen
  source: ['kind of source', 'concept'],
  mention: ['mention', 'source'],
  website_mention: ['mention on a site', 'mention'],
  forum_mention: ['mention in a forum', 'website_mention'],
  dark_web: ['dark web', 'source'],

  // Things
  item: ['digital item', 'concept'],
  collectible: ['collectible', 'item'],
} as const satisfies Record<string, Row>;

export type CategoryId = keyof typeof ROWS;

export interface Category {
  readonly id: CategoryId;
  /** For people, in plain words. */
  readonly label: string;
  /** The wider kind that this one belongs to; null at the root. */
  readonly broader: CategoryId | null;
  /** Money of many people runs together here: following it further proves nothing. */
  readonly isService: boolean;
  /** Whether asking there can lead to a person; 3 is best. */
  readonly namesCustomers: CustomerRank;
  readonly isMixer: boolean;
  readonly isSanctioned: boolean;
  /** Reserved: an imported claim of it stays pending. */
  readonly isChildExploitation: boolean;
  /** The id that others know, for a tag pack that leaves this machine. */
  readonly graphsenseId: CategoryId;
}

function makeCategory(id: CategoryId): Category {
  const [label, broader, traits]: Row = ROWS[id];
  const parent = broader as CategoryId | null;
  return {
    id,
    label,
    broader: parent,
    isService: traits?.service !== undefined,
    namesCustomers: traits?.service ?? traits?.names ?? CUSTOMER_RANK.none,
    isMixer: traits?.mixer ?? false,
    isSanctioned: traits?.sanctioned ?? false,
    isChildExploitation: traits?.child ?? false,
    graphsenseId: traits?.own ? (parent as CategoryId) : id,
  };
}

/** Every category, by id, in the order of the table. */
export const CATEGORIES: ReadonlyMap<CategoryId, Category> = new Map(
  (Object.keys(ROWS) as CategoryId[]).map((id) => [id, makeCategory(id)]),
);

/** Names in packs that mean one of our ids: the taxonomy calls one concept by two names. */
const ALIASES: ReadonlyMap<string, CategoryId> = new Map([['defi_derivatives', 'defi_derivative']]);

/**
 * The category of that id.
 *
 * @example getCategory('exchange').namesCustomers // 3
 */
export function getCategory(id: CategoryId): Category {
  return CATEGORIES.get(id)!;
}

/**
 * The category that a pack means, or undefined when the table has none of that name.
 *
 * @example findCategory('exchange')?.isService // true
 */
export function findCategory(name: string): Category | undefined {
  return CATEGORIES.get((ALIASES.get(name) ?? name) as CategoryId);
}

/**
 * Whether a category is another one or a kind of it.
 *
 * @example isKindOf('ransomware', 'abuse') // true
 */
export function isKindOf(id: CategoryId, wider: CategoryId): boolean {
  for (let at: CategoryId | null = id; at !== null; at = getCategory(at).broader) {
    if (at === wider) return true;
  }
  return false;
}
