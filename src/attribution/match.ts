/**
 * Tags meet the chain: which scripts and clusters they are about, and what follows for tracing.
 *
 * Only that a *service* holds an address spreads to its cluster, because whoever can spend from one
 * address of a service can spend from all. What else a tag says (ransomware, a sanctioned person, a
 * scam's payment address) is said of that address alone and shown on the cluster as what it is: a tag
 * on a member. So the address of a seller at a payment processor never colours the processor.
 *
 * Sources that name different services for one cluster are all kept; the claim says that it is
 * disputed, and which name is shown first depends on the tags alone.
 */
import type { Address, ScriptId } from '../units/ids.ts';
import { type CategoryId, type CustomerRank, getCategory, isKindOf } from './category.ts';
import type { Statement, Tag } from './tag.ts';
import { compareStatements, compareText, type TagIndex } from './tag-index.ts';

/** One thing that is said about members of a cluster. */
export interface MemberTag {
  /** The tag on the first of these members, by address. */
  readonly tag: Tag;
  /** How many members it is said about. */
  readonly addressCount: number;
}

/** A service that sources see in a cluster or behind an address. */
export interface NamedService {
  /** The actor or, when the source names none, the label: as the source wrote it. */
  readonly name: string;
  /** Equal for claims that mean the same service: the name in lower case. */
  readonly key: string;
  readonly category: CategoryId;
  /** Whether it can say who its customer is; 3 is best. */
  readonly namesCustomers: CustomerRank;
  /** Level of the best source, 0 to 100. */
  readonly confidenceLevel: number;
  /** Addresses that sources named, not all that are in the cluster. */
  readonly addressCount: number;
}

export interface ServiceClaim extends NamedService {
  /** What the claim rests on, one for each different statement, those of other services too. */
  readonly tags: readonly Tag[];
  /** Sources disagree on the service or on its kind. */
  readonly conflicting: boolean;
  /** The other services that are named, the best founded first. */
  readonly others: readonly NamedService[];
  /** `address`: said about this very address; `cluster`: about another one of its cluster. */
  readonly basis: 'address' | 'cluster';
}

export interface Attributions {
  readonly index: TagIndex;
  /** What of the tags is in this ledger. */
  readonly matched: {
    readonly addresses: number;
    readonly scripts: number;
    readonly clusters: number;
  };
  /** Active tags that are about the address of this very script. */
  tagsOfScript(script: ScriptId): readonly Tag[];
  /** What is said about members of a cluster, services first, then by confidence. */
  tagsOfCluster(root: ScriptId): readonly MemberTag[];
  /** The service that holds this script, by its own tags or else by its cluster's. */
  serviceOfScript(script: ScriptId): ServiceClaim | undefined;
  serviceOfCluster(root: ScriptId): ServiceClaim | undefined;
  /** Scripts with an active tag, in the order of their addresses. */
  taggedScripts(): IterableIterator<ScriptId>;
  /** Clusters with a tagged member. */
  taggedClusters(): IterableIterator<ScriptId>;
}

export interface MatchOptions {
  /** Addresses that are looked up at once (20,000). */
  readonly batchSize?: number;
}

/**
 * Find the tagged scripts and clusters of a ledger.
 *
 * @param index the tags of the ledger's network
 * @param resolve the scripts of addresses that are in the ledger; a P2PKH address may have two
 * @param clusterOf the root of a script's cluster, in one run
 * @example const who = await matchTags(index, resolve, (script) => run.rootOf(script))
 */
export async function matchTags(
  index: TagIndex,
  resolve: (addresses: Address[]) => Promise<ReadonlyMap<string, readonly ScriptId[]>>,
  clusterOf: (script: ScriptId) => number,
  options: MatchOptions = {},
): Promise<Attributions> {
  const batchSize = options.batchSize ?? 20_000;
  const addressOf = new Map<ScriptId, Address>();
  const members = new Map<ScriptId, ScriptId[]>();
  let addressCount = 0;
  for (const batch of batches(index.addresses(), batchSize)) {
    const found = await resolve(batch);
    // In the order of the addresses, whatever the order of the answer.
    for (const address of batch) {
      const scripts = found.get(address);
      if (scripts === undefined || scripts.length === 0) continue;
      addressCount += 1;
      for (const script of scripts) {
        addressOf.set(script, address);
        const root = clusterOf(script) as ScriptId;
        const known = members.get(root);
        if (known === undefined) members.set(root, [script]);
        else known.push(script);
      }
    }
  }
  return makeAttributions(index, addressOf, members, clusterOf, addressCount);
}

function* batches(addresses: Iterable<Address>, size: number): Generator<Address[]> {
  let batch: Address[] = [];
  for (const address of addresses) {
    batch.push(address);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function makeAttributions(
  index: TagIndex,
  addressOf: ReadonlyMap<ScriptId, Address>,
  members: ReadonlyMap<ScriptId, readonly ScriptId[]>,
  clusterOf: (script: ScriptId) => number,
  addressCount: number,
): Attributions {
  const clusterClaims = new Map<ScriptId, ServiceClaim | null>();
  const scriptClaims = new Map<ScriptId, ServiceClaim | null>();
  const said = (scripts: readonly ScriptId[]): Said[] =>
    collect(
      index,
      scripts.map((script) => addressOf.get(script)!),
    );

  const serviceOfCluster = (root: ScriptId): ServiceClaim | undefined => {
    const scripts = members.get(root);
    if (scripts === undefined) return undefined;
    let claim = clusterClaims.get(root);
    if (claim === undefined) {
      claim = makeClaim(index, said(scripts), 'cluster') ?? null;
      clusterClaims.set(root, claim);
    }
    return claim ?? undefined;
  };

  const serviceOfScript = (script: ScriptId): ServiceClaim | undefined => {
    const ofCluster = serviceOfCluster(clusterOf(script) as ScriptId);
    if (ofCluster === undefined || !addressOf.has(script)) return ofCluster;
    let own = scriptClaims.get(script);
    if (own === undefined) {
      own = ownClaim(makeClaim(index, said([script]), 'address'), ofCluster) ?? null;
      scriptClaims.set(script, own);
    }
    return own ?? ofCluster;
  };

  return {
    index,
    matched: { addresses: addressCount, scripts: addressOf.size, clusters: members.size },
    tagsOfScript: (script) => {
      const address = addressOf.get(script);
      return address === undefined ? [] : index.tagsOf(address);
    },
    tagsOfCluster: (root) =>
      said(members.get(root) ?? []).map(({ statement, addresses, first }) => ({
        tag: tagOf(index, statement, first),
        addressCount: addresses,
      })),
    serviceOfCluster,
    serviceOfScript,
    taggedScripts: () => addressOf.keys() as IterableIterator<ScriptId>,
    taggedClusters: () => members.keys() as IterableIterator<ScriptId>,
  };
}

/** A statement with the members that it is about. */
interface Said {
  readonly statement: Statement;
  addresses: number;
  /** The first of them in the order of the texts. */
  first: Address;
}

/** What is said about these addresses; services first, then the most confident, then by the text. */
function collect(index: TagIndex, addresses: readonly Address[]): Said[] {
  const all = new Map<Statement, Said>();
  // The two scripts of one key share an address: it counts once.
  for (const address of new Set(addresses)) {
    for (const statement of index.statementsOf(address)) {
      const known = all.get(statement);
      if (known === undefined) {
        all.set(statement, { statement, addresses: 1, first: address });
        continue;
      }
      known.addresses += 1;
      if (address < known.first) known.first = address;
    }
  }
  return [...all.values()].sort(
    (a, b) =>
      Number(claimsService(b.statement)) - Number(claimsService(a.statement)) ||
      compareStatements(a.statement, b.statement),
  );
}

function tagOf(index: TagIndex, statement: Statement, address: Address): Tag {
  return {
    ...statement,
    network: index.network,
    saidAbout: 'address',
    address,
    recordedAtSeconds: statement.sourcePack.recordedAtSeconds,
  };
}

/**
 * Whether a statement says that a service holds the address. Something that merely happened there or
 * was mentioned does not; and where a service was robbed, the address is the thief's.
 */
export function claimsService(statement: Statement): boolean {
  return (
    statement.status === 'active' &&
    getCategory(statement.category).isService &&
    (statement.tagType === undefined || statement.tagType === 'actor') &&
    !(statement.abuse !== undefined && isKindOf(statement.abuse, 'hacking'))
  );
}

function serviceName(statement: Statement): string {
  return statement.actor ?? statement.label;
}

interface ServiceGroup {
  readonly key: string;
  /** The best founded statement gives name and category. */
  readonly best: Statement;
  addressCount: number;
  readonly categories: Set<CategoryId>;
}

/** Group what is said by service; undefined when no statement claims one. */
function makeClaim(
  index: TagIndex,
  said: readonly Said[],
  basis: ServiceClaim['basis'],
): ServiceClaim | undefined {
  const groups = new Map<string, ServiceGroup>();
  const tags: Tag[] = [];
  for (const { statement, addresses, first } of said) {
    if (!claimsService(statement)) continue;
    tags.push(tagOf(index, statement, first));
    const key = serviceName(statement).toLowerCase();
    const group = groups.get(key);
    if (group === undefined) {
      const categories = new Set([statement.category]);
      groups.set(key, { key, best: statement, addressCount: addresses, categories });
    } else {
      // Two statements may be about the same addresses: the larger number is sure.
      group.addressCount = Math.max(group.addressCount, addresses);
      group.categories.add(statement.category);
    }
  }
  const ordered = [...groups.values()].sort(
    (a, b) =>
      b.best.confidenceLevel - a.best.confidenceLevel ||
      b.addressCount - a.addressCount ||
      compareText(a.key, b.key),
  );
  const [first, ...others] = ordered;
  if (first === undefined) return undefined;
  return {
    ...toService(first),
    tags,
    conflicting: others.length > 0 || first.categories.size > 1,
    others: others.map(toService),
    basis,
  };
}

function toService({ key, best, addressCount }: ServiceGroup): NamedService {
  return {
    name: serviceName(best),
    key,
    category: best.category,
    namesCustomers: getCategory(best.category).namesCustomers,
    confidenceLevel: best.confidenceLevel,
    addressCount,
  };
}

/** What is said about the address itself goes first; that its cluster is said to be another's is kept. */
function ownClaim(
  own: ServiceClaim | undefined,
  ofCluster: ServiceClaim,
): ServiceClaim | undefined {
  if (own === undefined) return undefined;
  const known = new Set([own.key, ...own.others.map((other) => other.key)]);
  const more = [ofCluster, ...ofCluster.others].filter((service) => !known.has(service.key));
  if (more.length === 0) return { ...own, conflicting: own.conflicting || ofCluster.conflicting };
  return {
    ...own,
    conflicting: true,
    others: [
      ...own.others,
      ...more.map(({ name, key, category, namesCustomers, confidenceLevel, addressCount }) => ({
        name,
        key,
        category,
        namesCustomers,
        confidenceLevel,
        addressCount,
      })),
    ],
  };
}
