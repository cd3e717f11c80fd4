/**
 * What the rules say, in words for people who never heard of them, and what follows for clusters and for
 * following money. Conditions and numbers are in `docs/methods/clustering.md` and `coinjoins.md`.
 */
export interface RuleMeaning {
  /** What it sees, to stand after "looks like" or as a heading. */
  readonly name: string;
  readonly looksFor: string;
  readonly effect: string;
}

const MIX_EFFECT =
  'Nobody can tell from the transaction whose coins went where. Its inputs are not put into one cluster, and following money stops here.';

const MEANINGS: Readonly<Record<string, RuleMeaning>> = {
  'MI-1': {
    name: 'spent together (co-spend)',
    looksFor: 'Addresses whose coins are inputs of one transaction.',
    effect:
      'Whoever made the transaction could spend from all of them, so they are put into one cluster; not when the transaction looks like one that several people made together.',
  },
  'SK-1': {
    name: 'same key',
    looksFor: 'Different forms of address that one and the same public key can spend.',
    effect: 'They are put into one cluster. A key that several people hold makes one cluster too.',
  },
  'WH-1': {
    name: 'a Whirlpool mix (CoinJoin)',
    looksFor: 'Five to ten inputs and as many outputs, all outputs worth one pool’s amount.',
    effect: MIX_EFFECT,
  },
  'TX0-1': {
    name: 'the split before a Whirlpool mix (TX0)',
    looksFor: 'Equal outputs slightly above a pool’s amount, a data output, the coordinator’s fee.',
    effect:
      'One owner gets coins ready for mixing. It is no mix itself: its inputs are put into one cluster, and money is followed through it.',
  },
  WW2: {
    name: 'a Wasabi 2 mix (CoinJoin)',
    looksFor: 'Many inputs and outputs in descending order, most outputs of standard amounts.',
    effect: MIX_EFFECT,
  },
  WW1: {
    name: 'a Wasabi 1 mix (CoinJoin)',
    looksFor:
      'Ten or more equal outputs near 0.1 coin, or an early round that pays its coordinator.',
    effect: MIX_EFFECT,
  },
  'JM-1': {
    name: 'a JoinMarket mix (CoinJoin)',
    looksFor:
      'Three or more equal outputs, each with its change, and inputs that can be dealt out to them.',
    effect: MIX_EFFECT,
  },
  'SW-1': {
    name: 'a Stonewall',
    looksFor: 'Two equal outputs and their change, made by one owner or by two together.',
    effect:
      'Whether one or two people made it can not be told. Its inputs are not put into one cluster, and following money stops here.',
  },
  'PJ-1': {
    name: 'perhaps a PayJoin',
    looksFor: 'Two outputs, both at least as large as the smallest input.',
    effect:
      'In a PayJoin the payee adds an input. The shape is common among ordinary payments too, so the inputs are put into one cluster, and the link is marked as weaker.',
  },
  'EQ-1': {
    name: 'equal outputs as in a CoinJoin',
    looksFor:
      'A value that occurs three times or more, and as many input addresses, whatever the protocol.',
    effect: `${MIX_EFFECT} Some payouts of services look the same.`,
  },
  'LA-6': {
    name: 'a swap of several parties',
    looksFor: 'An input that is signed so that others could add theirs (SINGLE|ANYONECANPAY).',
    effect:
      'Only inputs that sign the whole transaction are put into one cluster, and following money stops here.',
  },
  'LA-7': {
    name: 'a crowdfunding',
    looksFor: 'Two or more inputs signed as pledges (ALL|ANYONECANPAY).',
    effect: 'The pledges are put into no cluster; the other inputs are.',
  },
};

/** @returns undefined for a rule that this version does not describe */
export function ruleMeaning(ruleId: string): RuleMeaning | undefined {
  return MEANINGS[ruleId];
}

/** Every rule with its meaning, the linking ones first. */
export function allRuleMeanings(): [ruleId: string, meaning: RuleMeaning][] {
  return Object.entries(MEANINGS);
}

const STRENGTHS: Readonly<Record<string, string>> = {
  certain: 'known from outside the chain',
  strong: 'the rule fits and nothing known looks alike',
  possible: 'only the shape fits: it may be something else',
};

/** @example strengthText('possible') // 'only the shape fits: it may be something else' */
export function strengthText(strength: string): string {
  return STRENGTHS[strength] ?? strength;
}
