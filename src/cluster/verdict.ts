/**
 * What a detector says about one transaction, and the table of the rules that say it.
 *
 * A verdict carries the numbers that decided it, so that a reader can check it against the transaction
 * alone. Codes and fact positions are a stored format (`run-store.ts`): append, never reorder.
 */

/** What the finding means for clustering and tracing. */
export type VerdictGroup = 'mix' | 'tx0' | 'stonewall' | 'payjoin' | 'swap' | 'crowdfund';

/**
 * `certain`: observed outside the chain, for example at the coordinator (nothing here gives it yet);
 * `strong`: the protocol's rule holds and no look-alike does; `possible`: the shape only.
 */
export type Strength = 'certain' | 'strong' | 'possible';

/** A fact that is a number, or a word out of a closed list (stored as its place in the list). */
interface FactSpec {
  readonly name: string;
  readonly words?: readonly string[];
}

interface VerdictRule {
  readonly id: string;
  readonly version: number;
  readonly group: VerdictGroup;
  readonly facts: readonly FactSpec[];
}

const ASSIGNABLE = ['no', 'yes', 'timeout'] as const;
export type Assignable = (typeof ASSIGNABLE)[number];

const numbers = (...names: string[]): FactSpec[] => names.map((name) => ({ name }));

/** The rules by code (their place). At most FACTS_MAX facts each. */
export const VERDICT_RULES = [
  {
    id: 'WH-1',
    version: 1,
    group: 'mix',
    facts: [
      ...numbers('poolSats', 'inputs', 'remixers', 'entrants', 'scriptHashOutputs'),
      { name: 'firstMixOfPool', words: ['no', 'yes'] },
    ],
  },
  {
    id: 'TX0-1',
    version: 1,
    group: 'tx0',
    facts: numbers('poolSats', 'premixSats', 'premixOutputs', 'feeOutputSats'),
  },
  {
    id: 'WW2',
    version: 1,
    group: 'mix',
    facts: [
      ...numbers('inputs', 'outputs', 'denominationOutputs'),
      { name: 'x1', words: ['no', 'yes'] },
      { name: 'x2', words: ['no', 'yes'] },
      { name: 'x3', words: ['no', 'yes'] },
    ],
  },
  {
    id: 'WW1',
    version: 1,
    group: 'mix',
    facts: [
      { name: 'form', words: ['A', 'B'] },
      ...numbers('equalSats', 'equalOutputs', 'inputs', 'outputs', 'levels'),
    ],
  },
  {
    id: 'JM-1',
    version: 1,
    group: 'mix',
    facts: [
      ...numbers('equalSats', 'equalOutputs', 'inputs', 'outputs'),
      { name: 'assignable', words: ASSIGNABLE },
      { name: 'usualSize', words: ['no', 'yes'] },
    ],
  },
  {
    id: 'SW-1',
    version: 1,
    group: 'stonewall',
    facts: [
      ...numbers('equalSats', 'inputs', 'outputs'),
      { name: 'form', words: ['stonewall_shape', 'stonewall_exact'] },
    ],
  },
  {
    id: 'PJ-1',
    version: 1,
    group: 'payjoin',
    facts: numbers('inputs', 'smallestInputSats', 'smallestOutputSats'),
  },
  {
    id: 'EQ-1',
    version: 1,
    group: 'mix',
    facts: numbers('equalSats', 'equalOutputs', 'inputs', 'outputs', 'distinctInputScripts'),
  },
  {
    id: 'LA-6',
    version: 1,
    group: 'swap',
    facts: numbers('inputs', 'singleAnyoneCanPayInputs', 'permittedInputs'),
  },
  {
    id: 'LA-7',
    version: 1,
    group: 'crowdfund',
    facts: numbers('inputs', 'allAnyoneCanPayInputs'),
  },
] as const satisfies readonly VerdictRule[];

export type VerdictRuleId = (typeof VERDICT_RULES)[number]['id'];

/** Places for facts in a stored verdict. */
export const FACTS_MAX = 6;

export type Facts = Readonly<Record<string, number | string>>;

/** A finding: `result` is always `yes` here; `no` and `incomplete` belong to the whole `Detection`. */
export interface Verdict {
  readonly ruleId: VerdictRuleId;
  readonly ruleVersion: number;
  readonly result: 'yes';
  readonly strength: Strength;
  /** The numbers that decided, by the names of VERDICT_RULES. */
  readonly facts: Facts;
}

/** What all detectors together say of a transaction. */
export interface Detection {
  /** `incomplete`: a previous output is unknown, so nothing can be said; never to be read as `no`. */
  readonly result: 'yes' | 'no' | 'incomplete';
  /** Every match, in the order in which the detectors run. */
  readonly verdicts: readonly Verdict[];
}

const CODES: ReadonlyMap<string, number> = new Map(
  VERDICT_RULES.map((rule, code) => [rule.id, code]),
);

/** The stored code of a rule. */
export function verdictCode(ruleId: VerdictRuleId): number {
  return CODES.get(ruleId)!;
}

/** What a rule's findings mean. */
export function verdictGroup(ruleId: VerdictRuleId): VerdictGroup {
  return VERDICT_RULES[verdictCode(ruleId)]!.group;
}

/** A finding of a rule, with its present version. */
export function makeVerdict(ruleId: VerdictRuleId, strength: Strength, facts: Facts): Verdict {
  const ruleVersion = VERDICT_RULES[verdictCode(ruleId)]!.version;
  return { ruleId, ruleVersion, result: 'yes', strength, facts };
}

/**
 * Among all matches the one that names the protocol: the first `certain` or `strong` mix, else the first
 * `possible` one; undefined when none is a mix.
 */
export function namingMix<V extends Verdict>(verdicts: readonly V[]): V | undefined {
  const mixes = verdicts.filter((verdict) => verdictGroup(verdict.ruleId) === 'mix');
  return mixes.find((verdict) => verdict.strength !== 'possible') ?? mixes[0];
}

/** Facts as numbers, in the places that the rule's table gives them. */
export function encodeFacts(ruleId: VerdictRuleId, facts: Facts): number[] {
  const specs: readonly FactSpec[] = VERDICT_RULES[verdictCode(ruleId)]!.facts;
  const row = new Array<number>(FACTS_MAX).fill(0);
  specs.forEach((spec, place) => {
    const value = facts[spec.name];
    row[place] = spec.words === undefined ? Number(value) : spec.words.indexOf(String(value));
  });
  return row;
}

/** The facts that stand in stored places from `start` on. */
export function decodeFacts(code: number, row: ArrayLike<number>, start: number): Facts {
  const facts: Record<string, number | string> = {};
  const specs: readonly FactSpec[] = VERDICT_RULES[code]!.facts;
  specs.forEach((spec, place) => {
    const value = row[start + place]!;
    facts[spec.name] = spec.words === undefined ? value : spec.words[value]!;
  });
  return facts;
}
