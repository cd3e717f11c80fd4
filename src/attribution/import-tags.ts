/**
 * Bringing tags in: TagPacks and sanctions lists, single or by the folder.
 *
 * A file goes in whole or not at all. The same file again changes nothing; another version of a
 * pack stands beside the older one, each with its date, because nothing here decides who is right.
 */
import { basename } from 'node:path';
import { sha256Hex } from '../bytes/hash.ts';
import type { NetworkName } from '../chain/network.ts';
import { ClewError, type Problem } from '../errors.ts';
import { listInputFiles, readInputFile } from '../store/input-file.ts';
import type { Store } from '../store/open-store.ts';
import { addTagPack, findTagPack, type NewStatement, type TagPackKey } from '../store/tag-store.ts';
import { type ListOrigin, OFAC_ORIGIN, parseOfacList, tickerOfList } from './ofac-list.ts';
import { type Scope, scopeOf } from './subject.ts';
import type { ParsedTags, RejectCount, TagCounts } from './tag-collector.ts';
import { parseTagPack } from './tagpack.ts';

/** Bytes of one file, unpacked; the largest public pack has 4 million. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Problems that are listed; all are counted. */
const PROBLEMS_MAX = 1_000;

const PACK_NAME = /\.ya?ml(?:\.gz)?$/i;
/** Files that lie beside packs in repositories of them, and are none. */
const NO_PACK_NAME = /(?:\.actorpack|^config|^header)\.ya?ml(?:\.gz)?$/i;

export interface ImportOptions {
  /**
   * The ledger's network. Tags of main and litecoin go in together; for a test network only its own
   * (see `subject.ts`).
   */
  readonly network: NetworkName;
  /** Unix seconds, kept with each pack: when we were told. */
  readonly importedAtSeconds: number;
  /** Whose list the .txt files are and of which day; OFAC's, of no stated day, when left out. */
  readonly listOrigin?: ListOrigin;
  /** Called after each file. */
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Ends the work between two files; what is in stays in. */
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  /** Tags looked at so far. */
  readonly tagsRead: number;
}

export interface ImportedFile {
  readonly path: string;
  /** `known`: the same file was imported before, nothing changed. `refused`: see `problem`. */
  readonly status: 'imported' | 'known' | 'refused';
  readonly title?: string;
  /** Of this file, also when it was known. */
  readonly counts?: TagCounts;
  readonly problem?: Problem;
}

export interface ImportResult {
  readonly files: readonly ImportedFile[];
  /** Files in the folders that are neither packs nor lists. */
  readonly filesPassedOver: number;
  /** Over the files that were imported now. */
  readonly counts: TagCounts;
  readonly otherChains: Readonly<Record<string, number>>;
  readonly rejects: readonly RejectCount[];
  readonly problems: readonly Problem[];
  /** How many more there are than are listed. */
  readonly problemsLeftOut: number;
}

/**
 * Import files of tags.
 *
 * @param paths TagPacks (.yaml, .yml, also .gz), sanctions lists (.txt), or folders of them
 * @param store the workspace
 * @returns what went in, and what was left out and why; a file that can not be read is listed there
 *   and does not stop the others
 * @throws {ClewError} CLEW_FILE_MISSING for a path that is not there; CLEW_NO_SPACE, CLEW_DATA_BUSY;
 *   CLEW_INTERRUPTED
 * @example await importTags(['packs/'], store, { network: 'main', importedAtSeconds: 1_700_000_000 })
 */
export async function importTags(
  paths: readonly string[],
  store: Store,
  options: ImportOptions,
): Promise<ImportResult> {
  const scope = scopeOf(options.network);
  const { files, filesPassedOver } = listInputFiles(paths, isWanted);
  const summary = new Summary();
  for (const { path } of files) {
    if (options.signal?.aborted) {
      throw new ClewError('CLEW_INTERRUPTED', 'The import was stopped between two files.', {
        filesDone: summary.files.length,
        filesTotal: files.length,
      });
    }
    await importFile(path, store, scope, options, summary);
    options.onProgress?.({
      filesDone: summary.files.length,
      filesTotal: files.length,
      tagsRead: summary.tagsRead,
    });
  }
  return summary.finish(filesPassedOver);
}

function isWanted(name: string): boolean {
  return (PACK_NAME.test(name) && !NO_PACK_NAME.test(name)) || tickerOfList(name) !== undefined;
}

async function importFile(
  path: string,
  store: Store,
  scope: Scope,
  options: ImportOptions,
  summary: Summary,
): Promise<void> {
  const origin = options.listOrigin ?? OFAC_ORIGIN;
  const isPack = PACK_NAME.test(path);
  let key: TagPackKey;
  let parsed: ParsedTags;
  try {
    const bytes = readInputFile(path, { bytesMax: FILE_BYTES_MAX, code: 'CLEW_TAGS_BOMB' });
    const edition = isPack ? '' : editionOfList(path, origin);
    key = { sha256: sha256Hex(bytes), scope, edition };
    const known = await findTagPack(store, key);
    if (known !== undefined) {
      summary.addKnown(path, known.title, JSON.parse(known.counts) as TagCounts);
      return;
    }
    const text = decode(bytes, path);
    parsed = isPack ? parseTagPack(text, path, scope) : parseOfacList(text, path, scope, origin);
  } catch (error) {
    if (!(error instanceof ClewError) || error.code === 'CLEW_DATA_BUSY') throw error;
    summary.addRefused(path, error);
    return;
  }
  const added = await addTagPack(
    store,
    {
      ...key,
      format: parsed.format,
      title: parsed.title,
      creator: parsed.creator,
      file_name: basename(path),
      imported_at_seconds: options.importedAtSeconds,
      counts: JSON.stringify(parsed.counts),
    },
    parsed.statements.map(toRow),
  );
  if (added === undefined) summary.addKnown(path, parsed.title, parsed.counts);
  else summary.addImported(path, parsed);
}

/** The same bytes are another list when they stand for another coin, day or source. */
function editionOfList(path: string, origin: ListOrigin): string {
  return [tickerOfList(basename(path)) ?? '', origin.day ?? '', origin.source].join(' ');
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const message = `${path} is no text in UTF-8.`;
    throw new ClewError('CLEW_TAGS_FORMAT', message, { file: path }, error);
  }
}

function toRow({ statement, subjects }: ParsedTags['statements'][number]): NewStatement {
  return {
    label: statement.label,
    source: statement.source,
    confidence: statement.confidence,
    category: statement.category,
    abuse: statement.abuse ?? null,
    concepts: JSON.stringify(statement.concepts),
    actor: statement.actor ?? null,
    lastmod_day: statement.lastmodDay ?? null,
    is_cluster_definer: statement.clusterDefiner ? 1 : 0,
    tag_type: statement.tagType ?? null,
    context: statement.context ?? null,
    status: statement.status,
    subjects: subjects.map(({ network, saidAbout, text }) => ({
      network,
      said_about: saidAbout,
      subject: text,
    })),
  };
}

const COUNT_NAMES = ['read', 'active', 'pending', 'duplicate', 'otherChain', 'rejected'] as const;

/** Adds up over the files. */
class Summary {
  readonly files: ImportedFile[] = [];
  tagsRead = 0;
  readonly #counts = { read: 0, active: 0, pending: 0, duplicate: 0, otherChain: 0, rejected: 0 };
  readonly #otherChains = new Map<string, number>();
  readonly #rejects = new Map<string, RejectCount>();
  readonly #problems: Problem[] = [];
  #problemCount = 0;

  addImported(path: string, parsed: ParsedTags): void {
    this.files.push({ path, status: 'imported', title: parsed.title, counts: parsed.counts });
    this.tagsRead += parsed.counts.read;
    for (const name of COUNT_NAMES) this.#counts[name] += parsed.counts[name];
    for (const [chain, count] of parsed.otherChains) {
      this.#otherChains.set(chain, (this.#otherChains.get(chain) ?? 0) + count);
    }
    for (const reject of parsed.rejects) {
      const key = `${reject.code} ${reject.reason}`;
      const count = (this.#rejects.get(key)?.count ?? 0) + reject.count;
      this.#rejects.set(key, { ...reject, count });
    }
    // What the file does not list any more is still a reject.
    const listed = parsed.problems.filter((problem) => 'tag' in problem.facts).length;
    this.#problemCount += parsed.counts.rejected - listed;
    for (const problem of parsed.problems) this.#addProblem(problem);
  }

  addKnown(path: string, title: string, counts: TagCounts): void {
    this.files.push({ path, status: 'known', title, counts });
    this.tagsRead += counts.read;
  }

  addRefused(path: string, error: ClewError): void {
    const problem = { code: error.code, message: error.message, facts: error.facts };
    this.files.push({ path, status: 'refused', problem });
    this.#addProblem(problem);
  }

  #addProblem(problem: Problem): void {
    this.#problemCount += 1;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem);
  }

  finish(filesPassedOver: number): ImportResult {
    return {
      files: this.files,
      filesPassedOver,
      counts: { ...this.#counts },
      otherChains: Object.fromEntries(this.#otherChains),
      rejects: [...this.#rejects.values()].sort((a, b) => b.count - a.count),
      problems: this.#problems,
      problemsLeftOut: this.#problemCount - this.#problems.length,
    };
  }
}
