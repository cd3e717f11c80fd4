/**
 * The outcome of reading one file of tags: what it says about whom, and what was left out and why.
 * Every tag of the file is counted once.
 */
import type { ErrorCode, Problem } from '../errors.ts';
import type { Reject, Subject } from './subject.ts';
import type { Statement } from './tag.ts';

/** What a file says; which pack it came with and when is added when it is stored. */
export type ParsedStatement = Omit<Statement, 'sourcePack' | 'confidenceLevel'>;

/** `read` is the sum of all others. */
export interface TagCounts {
  readonly read: number;
  readonly active: number;
  /** Claims of child exploitation, kept until a named person confirms them. */
  readonly pending: number;
  /** The same statement about the same subject once more in the same file. */
  readonly duplicate: number;
  /** Of chains that this import is not for: no error. */
  readonly otherChain: number;
  readonly rejected: number;
}

export interface RejectCount extends Reject {
  readonly count: number;
}

export interface ParsedTags {
  readonly format: 'tagpack' | 'address-list';
  readonly title: string;
  readonly creator: string;
  readonly statements: readonly {
    readonly statement: ParsedStatement;
    readonly subjects: readonly Subject[];
  }[];
  readonly counts: TagCounts;
  /** Tags of other chains, by the name that the file has for the chain. */
  readonly otherChains: ReadonlyMap<string, number>;
  readonly rejects: readonly RejectCount[];
  /** One for each rejected tag, up to a limit, then for things worth knowing. */
  readonly problems: readonly Problem[];
}

/** Where a tag stands in its file. */
export interface Place {
  /** From 1. */
  readonly tag: number;
  /** From 1. */
  readonly line: number;
}

/** Rejects that are listed for one file; all are counted. */
const PROBLEMS_MAX = 1_000;

/** Collects the tags of one file. */
export class TagCollector {
  readonly #file: string;
  /** Subjects by statement; the key of a subject holds its network and kind. */
  readonly #statements = new Map<ParsedStatement, Map<string, Subject>>();
  readonly #otherChains = new Map<string, number>();
  readonly #rejects = new Map<string, { reject: Reject; count: number }>();
  readonly #problems: Problem[] = [];
  readonly #notices: Problem[] = [];
  #read = 0;
  #active = 0;
  #pending = 0;
  #duplicate = 0;
  #otherChain = 0;
  #rejected = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** A good tag. Statements are told apart by identity: give the same object for the same words. */
  add(statement: ParsedStatement, subject: Subject): void {
    this.#read += 1;
    let subjects = this.#statements.get(statement);
    if (subjects === undefined) {
      subjects = new Map();
      this.#statements.set(statement, subjects);
    }
    const key = `${subject.network} ${subject.text}`;
    if (subjects.has(key)) {
      this.#duplicate += 1;
      return;
    }
    subjects.set(key, subject);
    if (statement.status === 'pending') this.#pending += 1;
    else this.#active += 1;
  }

  addOtherChain(chain: string): void {
    this.#read += 1;
    this.#otherChain += 1;
    this.#otherChains.set(chain, (this.#otherChains.get(chain) ?? 0) + 1);
  }

  addReject(reject: Reject, place: Place): void {
    this.#read += 1;
    this.#rejected += 1;
    const key = `${reject.code} ${reject.reason}`;
    const counted = this.#rejects.get(key);
    if (counted === undefined) this.#rejects.set(key, { reject, count: 1 });
    else counted.count += 1;
    if (this.#problems.length >= PROBLEMS_MAX) return;
    this.#problems.push({
      code: reject.code,
      message: `Tag ${place.tag} of ${this.#file} (line ${place.line}): ${reject.reason}.`,
      facts: { file: this.#file, tag: place.tag, line: place.line },
    });
  }

  /** Something about the whole file that the reader should know. */
  addNotice(code: ErrorCode, message: string, facts: Problem['facts'] = {}): void {
    this.#notices.push({ code, message, facts: { file: this.#file, ...facts } });
  }

  finish(head: Pick<ParsedTags, 'format' | 'title' | 'creator'>): ParsedTags {
    return {
      ...head,
      statements: [...this.#statements].map(([statement, subjects]) => ({
        statement,
        subjects: [...subjects.values()],
      })),
      counts: {
        read: this.#read,
        active: this.#active,
        pending: this.#pending,
        duplicate: this.#duplicate,
        otherChain: this.#otherChain,
        rejected: this.#rejected,
      },
      otherChains: this.#otherChains,
      rejects: [...this.#rejects.values()].map(({ reject, count }) => ({ ...reject, count })),
      problems: [...this.#problems, ...this.#notices],
    };
  }
}
