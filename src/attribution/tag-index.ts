/**
 * All tags of one network in memory, by what they are about.
 *
 * Half a million tags say only some hundred different things, so the index holds statements once
 * and, for each address, which ones; a `Tag` is put together when somebody asks.
 */
import { createHash } from 'node:crypto';
import { sha256Hex } from '../bytes/hash.ts';
import type { NetworkName } from '../chain/network.ts';
import type { Store } from '../store/open-store.ts';
import {
  readStatements,
  readStatementsAbout,
  readTagPacks,
  readTags,
  readTagsOf,
  type TagPackRow,
  type TagStatementRow,
} from '../store/tag-store.ts';
import type { Address, Txid } from '../units/ids.ts';
import type { CategoryId } from './category.ts';
import { type ConfidenceId, getConfidence } from './confidence.ts';
import type { SourcePack, Statement, Tag, TagType } from './tag.ts';

/** What sources say differently of one subject. Nothing here decides who is right. */
export interface TagConflict {
  readonly about: 'actor' | 'label' | 'category';
  /** All that is said, in the order of the tags. */
  readonly values: readonly string[];
}

export interface TagIndex {
  readonly network: NetworkName;
  /** Addresses with at least one active tag. */
  readonly addressCount: number;
  /** Active tags, on addresses and transactions. */
  readonly tagCount: number;
  /** Claims that wait for a person to confirm them. They are in no answer but these counts. */
  readonly pendingCount: number;
  /** The files that the tags came with, in the order in which they were imported. */
  readonly sourcePacks: readonly SourcePack[];
  /** Active tags of an address, the most confident first; empty when there are none. */
  tagsOf(address: Address): readonly Tag[];
  tagsOfTransaction(txid: Txid): readonly Tag[];
  /** What the tags of an address say, without the address: cheaper when there are very many. */
  statementsOf(address: Address): readonly Statement[];
  pendingCountOf(address: Address): number;
  /** Where the tags of an address disagree; empty when they do not. */
  conflicts(address: Address): readonly TagConflict[];
  /** Every address with an active tag, in order. */
  addresses(): IterableIterator<Address>;
  /**
   * SHA-256 over all tags in order, pending ones too, as hex: for manifests. It depends on what the
   * files say, not on when they were imported or in which order.
   */
  readonly digest: string;
}

/**
 * Read the tags of a network into memory.
 *
 * @param store the workspace
 * @param network the ledger's network
 * @example (await loadTagIndex(store, 'main')).tagsOf(address)
 */
export async function loadTagIndex(store: Store, network: NetworkName): Promise<TagIndex> {
  const packs = sourcePacks(await readTagPacks(store));
  const statements: Statement[] = [];
  const positions = new Map<number, number>();
  for (const row of await readStatements(store, network)) {
    positions.set(row.id, statements.length);
    statements.push(toStatement(row, packs.get(row.pack_id)!));
  }
  const builder = new IndexBuilder(network, statements);
  for await (const row of readTags(store, network)) {
    const subjects = row.said_about === 'address' ? builder.addresses : builder.transactions;
    builder.add(subjects, row.subject, positions.get(row.statement_id)!);
  }
  return builder.finish();
}

/**
 * An index of the tags of some addresses only, for questions about few of them. Its counts and its digest are of these
 * tags, not of the whole set.
 *
 * @param addresses each once
 */
export async function loadTagIndexOf(
  store: Store,
  network: NetworkName,
  addresses: readonly Address[],
): Promise<TagIndex> {
  const found = await readTagsOf(store, network, addresses);
  const packs = found.tags.length === 0 ? [] : await readTagPacks(store);
  const byId = sourcePacks(packs);
  const positions = new Map(found.statements.map(({ id }, position) => [id, position]));
  const builder = new IndexBuilder(
    network,
    found.statements.map((row) => toStatement(row, byId.get(row.pack_id)!)),
  );
  for (const { subject, statement_id } of found.tags) {
    builder.add(builder.addresses, subject, positions.get(statement_id)!);
  }
  return builder.finish();
}

/**
 * The tags of one address straight from the store, for a look-up that needs no index.
 *
 * @returns active tags, the most confident first, and how many claims are pending
 */
export async function findTags(
  store: Store,
  network: NetworkName,
  address: Address,
): Promise<{ readonly tags: readonly Tag[]; readonly pendingCount: number }> {
  const subject = { network, said_about: 'address', subject: address } as const;
  const rows = await readStatementsAbout(store, subject);
  if (rows.length === 0) return { tags: [], pendingCount: 0 };
  const packs = sourcePacks(await readTagPacks(store));
  const statements = rows.map((row) => toStatement(row, packs.get(row.pack_id)!));
  const active = statements.filter((statement) => statement.status === 'active');
  return {
    tags: active
      .sort(compareStatements)
      .map((statement) => addressTag(statement, network, address)),
    pendingCount: statements.length - active.length,
  };
}

function sourcePacks(rows: readonly TagPackRow[]): Map<number, SourcePack> {
  return new Map(
    rows.map((row) => [
      row.id,
      {
        title: row.title,
        creator: row.creator,
        fileName: row.file_name,
        sha256: row.sha256,
        recordedAtSeconds: row.imported_at_seconds,
      },
    ]),
  );
}

/** A row was checked against the closed tables when it was imported. */
function toStatement(row: TagStatementRow, sourcePack: SourcePack): Statement {
  const confidence = row.confidence as ConfidenceId;
  return {
    label: row.label,
    source: row.source,
    sourcePack,
    confidence,
    confidenceLevel: getConfidence(confidence).level,
    category: row.category as CategoryId,
    ...(row.abuse !== null && { abuse: row.abuse as CategoryId }),
    concepts: JSON.parse(row.concepts) as CategoryId[],
    ...(row.actor !== null && { actor: row.actor }),
    ...(row.lastmod_day !== null && { lastmodDay: row.lastmod_day }),
    clusterDefiner: row.is_cluster_definer === 1,
    ...(row.tag_type !== null && { tagType: row.tag_type as TagType }),
    ...(row.context !== null && { context: row.context }),
    status: row.status,
  };
}

/** The most confident first; then an order that depends on what is said and nothing else. */
export function compareStatements(a: Statement, b: Statement): number {
  return (
    b.confidenceLevel - a.confidenceLevel ||
    compareText(a.label, b.label) ||
    compareText(a.source, b.source) ||
    compareText(a.category, b.category) ||
    compareText(statementDigest(a), statementDigest(b))
  );
}

/** By code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function statementDigest(statement: Statement): string {
  const { sourcePack, ...said } = statement;
  const entries = Object.entries({ ...said, pack: sourcePack.sha256 });
  return sha256Hex(JSON.stringify(entries.sort(([a], [b]) => compareText(a, b))));
}

function addressTag(statement: Statement, network: NetworkName, address: Address): Tag {
  const { recordedAtSeconds } = statement.sourcePack;
  return { ...statement, network, saidAbout: 'address', address, recordedAtSeconds };
}

/** Positions of statements by subject: one number for nearly all, a list for the rest. */
type Positions = Map<string, number | number[]>;

class IndexBuilder {
  readonly addresses: Positions = new Map();
  readonly transactions: Positions = new Map();
  readonly #network: NetworkName;
  readonly #statements: readonly Statement[];
  readonly #pending: Positions = new Map();
  readonly #used = new Set<number>();
  #tagCount = 0;
  #pendingCount = 0;

  constructor(network: NetworkName, statements: readonly Statement[]) {
    this.#network = network;
    this.#statements = statements;
  }

  add(subjects: Positions, subject: string, position: number): void {
    this.#used.add(position);
    const isPending = this.#statements[position]!.status === 'pending';
    if (isPending) this.#pendingCount += 1;
    else this.#tagCount += 1;
    const positions = isPending ? this.#pending : subjects;
    const known = positions.get(subject);
    if (known === undefined) positions.set(subject, position);
    else if (typeof known === 'number') positions.set(subject, [known, position]);
    else known.push(position);
  }

  finish(): TagIndex {
    const network = this.#network;
    const statements = this.#statements;
    const statementsOf = (subjects: Positions, subject: string): Statement[] => {
      const found = positionsOf(subjects, subject).map((position) => statements[position]!);
      return found.length > 1 ? found.sort(compareStatements) : found;
    };
    const { addresses, transactions } = this;
    const pending = this.#pending;
    const digest = once(() => this.#digest());
    return {
      network,
      addressCount: addresses.size,
      tagCount: this.#tagCount,
      pendingCount: this.#pendingCount,
      sourcePacks: [...new Set([...this.#used].map((at) => statements[at]!.sourcePack))],
      statementsOf: (address) => statementsOf(addresses, address),
      tagsOf: (address) =>
        statementsOf(addresses, address).map((each) => addressTag(each, network, address)),
      tagsOfTransaction: (txid) =>
        statementsOf(transactions, txid).map((statement) => ({
          ...statement,
          network,
          saidAbout: 'transaction',
          txid,
          recordedAtSeconds: statement.sourcePack.recordedAtSeconds,
        })),
      pendingCountOf: (address) => positionsOf(pending, address).length,
      conflicts: (address) => findConflicts(statementsOf(addresses, address)),
      addresses: () => addresses.keys() as IterableIterator<Address>,
      get digest() {
        return digest();
      },
    };
  }

  #digest(): string {
    const digests = this.#statements.map(statementDigest);
    const lines: string[] = [];
    for (const subjects of [this.addresses, this.transactions, this.#pending]) {
      for (const subject of subjects.keys()) {
        for (const position of positionsOf(subjects, subject)) {
          lines.push(`${subject} ${digests[position]!}\n`);
        }
      }
    }
    const hash = createHash('sha256').update(`clew-tags/1 ${this.#network}\n`);
    for (const line of lines.sort()) hash.update(line);
    return hash.digest('hex');
  }
}

function positionsOf(subjects: Positions, subject: string): readonly number[] {
  const known = subjects.get(subject);
  if (known === undefined) return [];
  return typeof known === 'number' ? [known] : known;
}

function once<Value>(make: () => Value): () => Value {
  let value: { readonly made: Value } | undefined;
  return () => {
    value ??= { made: make() };
    return value.made;
  };
}

function findConflicts(statements: readonly Statement[]): TagConflict[] {
  const conflicts: TagConflict[] = [];
  const compare = (about: TagConflict['about'], values: readonly (string | undefined)[]): void => {
    const distinct = new Map<string, string>();
    for (const value of values) {
      // Capitals are no disagreement.
      if (value !== undefined && !distinct.has(value.toLowerCase())) {
        distinct.set(value.toLowerCase(), value);
      }
    }
    if (distinct.size > 1) conflicts.push({ about, values: [...distinct.values()] });
  };
  compare(
    'actor',
    statements.map((statement) => statement.actor),
  );
  compare(
    'label',
    statements.map((statement) => statement.label),
  );
  compare(
    'category',
    statements.map((statement) => statement.category),
  );
  return conflicts;
}
