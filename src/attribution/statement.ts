/**
 * What a tag of a TagPack says, judged field by field against the closed tables.
 *
 * `category` and `abuse` are the older fields, `concepts` the newer one; all three name concepts of
 * one taxonomy. Where the older ones are missing they are read out of the concepts, so that every
 * tag has one category for display; nothing a tag names is lost, since `concepts` keeps all.
 */
import { type CategoryId, findCategory, getCategory, isKindOf } from './category.ts';
import { type ConfidenceId, findConfidence } from './confidence.ts';
import { NESTED, type RawFields, type RawValue } from './raw-pack.ts';
import type { Reject } from './subject.ts';
import { TAG_TYPES, type TagType } from './tag.ts';
import type { ParsedStatement } from './tag-collector.ts';

/** The fields that make a statement; the rest says whom it is about. */
export const STATEMENT_FIELDS = [
  'label',
  'source',
  'confidence',
  'category',
  'abuse',
  'concepts',
  'actor',
  'lastmod',
  'is_cluster_definer',
  'tag_type',
  'context',
] as const;

/** Characters; the longest in the public packs are 214, 127, 22 and 207. */
const LENGTH_MAX = { label: 500, source: 2_000, actor: 200, context: 10_000 } as const;

/**
 * Control characters and those that turn the direction of writing: they can make a label look like
 * another one, or move the cursor of a terminal.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\ufeff]/u;

/** What GraphSense's own loader takes when a pack gives no confidence: the lowest. */
export const CONFIDENCE_WHEN_MISSING: ConfidenceId = 'unknown';

class FieldError extends Error {
  readonly reject: Reject;
  constructor(reject: Reject) {
    super(reject.reason);
    this.reject = reject;
  }
}

function refuse(code: Reject['code'], reason: string): never {
  throw new FieldError({ code, reason });
}

/**
 * Read a statement.
 *
 * @param fields those of the tag over those of the header
 * @returns the statement, or why there is none
 */
export function readStatement(fields: RawFields): ParsedStatement | Reject {
  try {
    return read(fields);
  } catch (error) {
    if (error instanceof FieldError) return error.reject;
    throw error;
  }
}

/** Whether reading gave a reason instead of a statement. */
export function isReject(outcome: ParsedStatement | Reject): outcome is Reject {
  return 'reason' in outcome;
}

function read(fields: RawFields): ParsedStatement {
  const label = readText(fields, 'label') ?? refuse('CLEW_TAG_FIELD', 'the label is missing');
  const source = readText(fields, 'source') ?? refuse('CLEW_TAG_FIELD', 'the source is missing');
  const named = readConcepts(fields.get('concepts'));
  const givenCategory = readConcept(fields, 'category');
  const givenAbuse = readConcept(fields, 'abuse');
  const abuse = givenAbuse ?? named.find((id) => isKindOf(id, 'abuse'));
  const category =
    givenCategory ??
    named.find((id) => isKindOf(id, 'entity')) ??
    named.find((id) => id !== abuse) ??
    abuse ??
    'unknown';
  const concepts = [
    ...new Set([givenCategory, givenAbuse, ...named].filter((id) => id !== undefined)),
  ];
  const actor = readText(fields, 'actor');
  const lastmodDay = readDay(fields.get('lastmod'));
  const tagType = readTagType(fields.get('tag_type'));
  const context = readText(fields, 'context');
  const isReserved = concepts.some((id) => getCategory(id).isChildExploitation);
  return {
    label,
    source,
    confidence: readConfidence(fields.get('confidence')),
    category,
    ...(abuse !== undefined && { abuse }),
    concepts,
    ...(actor !== undefined && { actor }),
    ...(lastmodDay !== undefined && { lastmodDay }),
    clusterDefiner: readBoolean(fields.get('is_cluster_definer')),
    ...(tagType !== undefined && { tagType }),
    ...(context !== undefined && { context }),
    status: isReserved ? 'pending' : 'active',
  };
}

/** One text that says something; YAML's ways to write nothing are no text. */
function readScalar(value: RawValue | undefined, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (value === NESTED || typeof value !== 'string') {
    return refuse('CLEW_TAG_FIELD', `${name} is not a text`);
  }
  const text = value.trim();
  if (text === '' || text === '~' || text === 'null') {
    return refuse('CLEW_TAG_FIELD', `${name} is empty`);
  }
  return text;
}

function readText(fields: RawFields, name: keyof typeof LENGTH_MAX): string | undefined {
  const text = readScalar(fields.get(name), name);
  if (text === undefined) return undefined;
  if (text.length > LENGTH_MAX[name]) {
    refuse('CLEW_TAG_FIELD', `${name} has more than ${LENGTH_MAX[name]} characters`);
  }
  // Context may have several lines.
  if (UNPRINTABLE.test(name === 'context' ? text.replaceAll(/[\n\t]/g, ' ') : text)) {
    refuse('CLEW_TAG_FIELD', `${name} has control characters`);
  }
  return text;
}

function readConcept(fields: RawFields, name: 'category' | 'abuse'): CategoryId | undefined {
  const text = readScalar(fields.get(name), name);
  return text === undefined ? undefined : lookUpConcept(text, name);
}

function readConcepts(value: RawValue | undefined): CategoryId[] {
  if (value === undefined) return [];
  if (value === NESTED || typeof value === 'string') {
    return refuse('CLEW_TAG_FIELD', 'concepts is not a list of texts');
  }
  return value.map((text) => lookUpConcept(text.trim(), 'concepts'));
}

function lookUpConcept(text: string, name: string): CategoryId {
  const category = findCategory(text);
  if (category !== undefined) return category.id;
  return refuse('CLEW_TAG_CATEGORY', `${name} names ${nameable(text)}, which the taxonomy has not`);
}

function readConfidence(value: RawValue | undefined): ConfidenceId {
  const text = readScalar(value, 'confidence');
  if (text === undefined) return CONFIDENCE_WHEN_MISSING;
  const confidence = findConfidence(text);
  if (confidence !== undefined) return confidence.id;
  return refuse('CLEW_TAG_CONFIDENCE', `confidence is ${nameable(text)}, which the table has not`);
}

function readTagType(value: RawValue | undefined): TagType | undefined {
  const text = readScalar(value, 'tag_type');
  if (text === undefined) return undefined;
  const type = TAG_TYPES.find((each) => each === text);
  return type ?? refuse('CLEW_TAG_FIELD', `tag_type is ${nameable(text)}, which the table has not`);
}

/** The words that YAML 1.1 and 1.2 have for it. */
function readBoolean(value: RawValue | undefined): boolean {
  const text = readScalar(value, 'is_cluster_definer')?.toLowerCase();
  if (text === undefined || text === 'false' || text === 'no' || text === 'off') return false;
  if (text === 'true' || text === 'yes' || text === 'on') return true;
  return refuse('CLEW_TAG_FIELD', 'is_cluster_definer is neither true nor false');
}

/** The day of a date, with or without a time behind it. */
function readDay(value: RawValue | undefined): string | undefined {
  const text = readScalar(value, 'lastmod');
  if (text === undefined) return undefined;
  return parseDay(text) ?? refuse('CLEW_TAG_FIELD', 'lastmod is no date');
}

/**
 * The day at the beginning of a text, as `YYYY-MM-DD`, or undefined when it is none of the calendar.
 *
 * @example parseDay('2023-8-6 12:18:52') // '2023-08-06'
 */
export function parseDay(text: string): string | undefined {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$/.exec(text);
  if (match === null) return undefined;
  const day = `${match[1]}-${match[2]!.padStart(2, '0')}-${match[3]!.padStart(2, '0')}`;
  const date = new Date(`${day}T00:00:00Z`);
  // 31 February would roll over into March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day) ? day : undefined;
}

/** A value as it may stand in a message: ids as they are, other texts only by their length. */
export function nameable(text: string): string {
  return /^[\w-]{1,40}$/.test(text) ? `"${text}"` : `a text of ${text.length} characters`;
}
