/**
 * How good a source is: the closed table of GraphSense (`confidence.csv`), with ids and levels as
 * there and the meaning in our words.
 *
 * The level ranks sources. It is no probability and is never multiplied with anything.
 */

const ROWS = {
  override: [100, 'set by hand to stand for a whole cluster, above all other tags'],
  ownership: [100, 'whoever made the tag holds the key'],
  ledger_immanent: [100, 'read from the chain itself by a reliable procedure'],
  manual_transaction: [90, 'whoever made the tag paid from or to the service and saw it'],
  service_api: [70, 'told by the service itself through its programming interface'],
  forensic_investigation: [70, 'found in an investigation, or handed over by a service in one'],
  authority_data: [60, 'published by an authority, for example a sanctions list'],
  trusted_provider: [50, 'from a third party that whoever made the tag trusts'],
  service_data: [50, 'from a file or page of the service'],
  forensic: [50, 'from a report or paper that is held to be sound'],
  untrusted_transaction: [40, 'somebody else paid from or to the service'],
  web_crawl: [20, 'collected from web pages or dumps'],
  heuristic: [10, 'made by a method whose reliability is not known'],
  unknown: [5, 'nothing is known about the source or how good it is'],
} as const satisfies Record<string, readonly [level: number, meaning: string]>;

export type ConfidenceId = keyof typeof ROWS;

export interface Confidence {
  readonly id: ConfidenceId;
  /** 0 to 100; higher sources go first. */
  readonly level: number;
  readonly meaning: string;
}

/** Every confidence, by id, the best first. */
export const CONFIDENCES: ReadonlyMap<ConfidenceId, Confidence> = new Map(
  (Object.keys(ROWS) as ConfidenceId[]).map((id) => {
    const [level, meaning] = ROWS[id];
    return [id, { id, level, meaning }];
  }),
);

/**
 * The confidence of that id.
 *
 * @example getConfidence('authority_data').level // 60
 */
export function getConfidence(id: ConfidenceId): Confidence {
  return CONFIDENCES.get(id)!;
}

/** The confidence that a pack means, or undefined when the table has none of that name. */
export function findConfidence(name: string): Confidence | undefined {
  return CONFIDENCES.get(name as ConfidenceId);
}
