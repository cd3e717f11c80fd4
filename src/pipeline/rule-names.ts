/** What each clustering rule and detector looks for, in one line, for reports. Definitions are in `docs/methods`. */
const RULE_NAMES: Readonly<Record<string, string>> = {
  'MI-1': 'inputs of one transaction are spent by one owner (co-spend), mixes left out',
  'SK-1': 'scripts that one public key can spend, in whichever form',
  'WH-1': 'Whirlpool CoinJoin: equal outputs of a pool, remixers and entrants',
  'TX0-1': 'Whirlpool TX0: the split before mixing, one owner',
  WW1: 'Wasabi 1 CoinJoin: ten or more equal outputs near 0.1 coin',
  WW2: 'Wasabi 2 CoinJoin: sorted outputs of standard denominations',
  'JM-1': 'JoinMarket CoinJoin: equal outputs, each with its change',
  'SW-1': 'Stonewall: two equal outputs that may hide one or two owners',
  'PJ-1': 'PayJoin shape: the payee may have added an input',
  'EQ-1': 'other transactions with three or more equal outputs of several inputs',
  'LA-6': 'swap of several parties: an input signed SINGLE|ANYONECANPAY',
  'LA-7': 'crowdfunding: inputs signed ALL|ANYONECANPAY',
};

/** @example ruleName('MI-1') // 'inputs of one transaction are spent by one owner (co-spend), mixes left out' */
export function ruleName(ruleId: string): string {
  return RULE_NAMES[ruleId] ?? 'see docs/methods';
}
