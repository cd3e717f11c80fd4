/**
 * All claims of a report in one place: services by key and the tags that they rest on. The rest of the
 * report only holds keys and places in these lists, so that facts and claims can not run together.
 */
import { type CategoryId, getCategory } from '../attribution/category.ts';
import { getConfidence } from '../attribution/confidence.ts';
import type { NamedService, ServiceClaim } from '../attribution/match.ts';
import type { Tag } from '../attribution/tag.ts';
import type { Investigation } from '../trace/investigation.ts';
import { compareText } from './compare-text.ts';
import type { NamesCustomers, Report, ServiceRow, TagRow } from './report-format.ts';

const NAMES_BY_RANK: readonly NamesCustomers[] = ['none', 'accounts', 'custodian', 'identified'];

/** Claims about one service, put together from wherever it was met. */
interface Gathered {
  best: NamedService;
  isDisputed: boolean;
  readonly others: Map<string, NamedService>;
  readonly tags: Set<string>;
}

function tagRow(tag: Tag): TagRow {
  return {
    label: tag.label,
    ...(tag.actor === undefined ? {} : { actor: tag.actor }),
    category: tag.category,
    categoryName: getCategory(tag.category).label,
    ...(tag.abuse === undefined ? {} : { abuse: tag.abuse }),
    source: tag.source,
    ...(tag.lastmodDay === undefined ? {} : { sourceDate: tag.lastmodDay }),
    confidence: tag.confidence,
    confidenceLevel: tag.confidenceLevel,
    confidenceMeaning: getConfidence(tag.confidence).meaning,
    pack: tag.sourcePack.title,
    packCreator: tag.sourcePack.creator,
    about: tag.address ?? tag.txid ?? '',
    isPending: tag.status === 'pending',
  };
}

/** Equal for tags that say the same of the same. When it was imported here is no part of what it says. */
function tagKey(tag: Tag): string {
  return JSON.stringify([tagRow(tag), tag.sourcePack.sha256]);
}

/** Best source first, then by what is said: the order depends on nothing else. */
function compareTags(
  [keyA, a]: readonly [string, TagRow],
  [keyB, b]: readonly [string, TagRow],
): number {
  return (
    b.confidenceLevel - a.confidenceLevel ||
    compareText(a.label, b.label) ||
    compareText(keyA, keyB)
  );
}

/** Every claim that an investigation met. */
function* claimsOf(investigation: Investigation): Generator<ServiceClaim> {
  for (const { service } of investigation.clusters) if (service) yield service;
  for (const { origins } of investigation.payments) {
    for (const { service } of origins) if (service) yield service;
  }
  for (const { service, sources } of investigation.payers) {
    if (service) yield service;
    for (const source of sources) yield source.service;
  }
  for (const { service } of investigation.cashOuts) yield service;
}

function isBetter(a: NamedService, b: NamedService): boolean {
  return (
    a.confidenceLevel > b.confidenceLevel ||
    (a.confidenceLevel === b.confidenceLevel &&
      (a.addressCount > b.addressCount ||
        (a.addressCount === b.addressCount && compareText(a.name, b.name) < 0)))
  );
}

export class AttributionTable {
  readonly #services = new Map<string, Gathered>();
  readonly #tags = new Map<string, TagRow>();
  readonly #places: ReadonlyMap<string, number>;
  readonly #seenClaims = new Set<ServiceClaim>();

  constructor(investigation: Investigation) {
    for (const claim of claimsOf(investigation)) this.#add(claim);
    for (const { tags } of investigation.clusters) for (const tag of tags) this.#addTag(tag);
    const ordered = [...this.#tags].sort(compareTags);
    this.#places = new Map(ordered.map(([key], place) => [key, place]));
  }

  #addTag(tag: Tag): string {
    const key = tagKey(tag);
    if (!this.#tags.has(key)) this.#tags.set(key, tagRow(tag));
    return key;
  }

  #add(claim: ServiceClaim): void {
    if (this.#seenClaims.has(claim)) return;
    this.#seenClaims.add(claim);
    const keys = claim.tags.map((tag) => this.#addTag(tag));
    const known = this.#services.get(claim.key);
    if (known === undefined) {
      this.#services.set(claim.key, {
        best: claim,
        isDisputed: claim.conflicting,
        others: new Map(claim.others.map((other) => [other.key, other])),
        tags: new Set(keys),
      });
      return;
    }
    if (isBetter(claim, known.best)) known.best = claim;
    known.isDisputed ||= claim.conflicting;
    for (const other of claim.others) known.others.set(other.key, other);
    for (const key of keys) known.tags.add(key);
  }

  /** The key by which the report refers to a service. */
  keyOf(claim: ServiceClaim): string {
    return claim.key;
  }

  /** Whether the service can say who its customer is; 3 is best. */
  rankOf(key: string): number {
    return this.#services.get(key)!.best.namesCustomers;
  }

  placesOf(tags: readonly Tag[]): number[] {
    return tags.map((tag) => this.#places.get(tagKey(tag))!).sort((a, b) => a - b);
  }

  toReport(): Report['attribution'] {
    const services = [...this.#services]
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, gathered]): ServiceRow => {
        const { best } = gathered;
        return {
          key,
          name: best.name,
          category: best.category,
          categoryName: categoryName(best.category),
          namesCustomers: NAMES_BY_RANK[best.namesCustomers]!,
          confidenceLevel: best.confidenceLevel,
          isDisputed: gathered.isDisputed,
          others: [...gathered.others.values()]
            .sort((a, b) => b.confidenceLevel - a.confidenceLevel || compareText(a.key, b.key))
            .map(({ name, category }) => ({ name, categoryName: categoryName(category) })),
          tags: [...gathered.tags].map((tag) => this.#places.get(tag)!).sort((a, b) => a - b),
        };
      });
    const tags = [...this.#tags].sort(compareTags).map(([, row]) => row);
    return { services, tags };
  }
}

function categoryName(id: CategoryId): string {
  return getCategory(id).label;
}
