/**
 * GraphSense TagPacks: a header, and tags that inherit from it.
 *
 * Source of the rules: GraphSense's schema (`tagpack_schema.yaml`) and the checks of its own loader.
 * What is wrong with one tag leaves out that tag; what is wrong with the header leaves out the file.
 * Two kindnesses of that loader are ours too: a missing `network` is the `currency`, and a missing
 * `confidence` is the lowest one, with a notice.
 */
import { ClewError } from '../errors.ts';
import { NESTED, type RawFields, type RawTag, type RawValue } from './raw-pack.ts';
import { readRawPack } from './read-raw-pack.ts';
import {
  CONFIDENCE_WHEN_MISSING,
  isReject,
  nameable,
  readStatement,
  STATEMENT_FIELDS,
} from './statement.ts';
import { type Placed, placeSubject, type Reject, type Scope } from './subject.ts';
import { type ParsedStatement, type ParsedTags, TagCollector } from './tag-collector.ts';

const HEADER_ONLY = ['title', 'creator', 'description', 'owner', 'is_public'];
const CHAIN_FIELDS = ['currency', 'network'];
const SUBJECT_FIELDS = ['address', 'tx_hash'];
const STATEMENT_NAMES: ReadonlySet<string> = new Set(STATEMENT_FIELDS);
const HEADER_NAMES: ReadonlySet<string> = new Set([
  ...HEADER_ONLY,
  ...CHAIN_FIELDS,
  ...STATEMENT_FIELDS,
]);
const TAG_NAMES: ReadonlySet<string> = new Set([
  ...SUBJECT_FIELDS,
  ...CHAIN_FIELDS,
  ...STATEMENT_FIELDS,
]);

const TITLE_LENGTH_MAX = 500;
/**
 * Characters that all statements of a file may have together. A long header field is repeated by
 * every tag with words of its own, so a small file could fill a disk.
 */
const STATEMENTS_LENGTH_MAX = 128 * 1024 * 1024;

/**
 * Read a TagPack.
 *
 * @param text the file, decoded
 * @param file its name, for messages
 * @param scope for which ledger the tags are read, see `subject.ts`
 * @returns what it says about whom, and what was left out and why
 * @throws {ClewError} for the whole file: CLEW_TAGS_YAML, CLEW_TAGS_BOMB, CLEW_TAGS_FORMAT,
 *   CLEW_TAG_FIELD (in the header)
 * @example parseTagPack(text, 'pools.yaml', 'real').counts.active
 */
export function parseTagPack(text: string, file: string, scope: Scope): ParsedTags {
  const { header, tags } = readRawPack(text, file);
  const head = checkHeader(header, file);
  const collector = new TagCollector(file);
  const statements = new StatementReader(header, file);
  let index = 0;
  for (const tag of tags) {
    index += 1;
    const outcome = readTag(tag, header, scope, statements);
    if (outcome.kind === 'elsewhere') collector.addOtherChain(outcome.chain);
    else if (outcome.kind === 'rejected') {
      collector.addReject(outcome.reject, { tag: index, line: tag.line });
    } else collector.add(outcome.statement, outcome.subject);
  }
  if (statements.countWithoutConfidence > 0) {
    collector.addNotice(
      'CLEW_TAG_CONFIDENCE',
      `${file} gives no confidence; its tags have the lowest one, "${CONFIDENCE_WHEN_MISSING}".`,
    );
  }
  return collector.finish({ format: 'tagpack', ...head });
}

type TagOutcome =
  | Exclude<Placed, { kind: 'subject' }>
  | (Extract<Placed, { kind: 'subject' }> & { readonly statement: ParsedStatement });

function readTag(
  { fields }: RawTag,
  header: RawFields,
  scope: Scope,
  statements: StatementReader,
): TagOutcome {
  for (const [name, value] of fields) {
    if (!TAG_NAMES.has(name)) return rejected(`${nameable(name)} is no field of a tag`);
    if (value === NESTED) return rejected(`${name} is neither a text nor a list of texts`);
  }
  const address = fields.get('address');
  const txid = fields.get('tx_hash');
  if ((address === undefined) === (txid === undefined)) {
    return rejected('there must be one of address and tx_hash');
  }
  const currency = fields.get('currency') ?? header.get('currency');
  if (currency === undefined) return rejected('the currency is missing');
  const network = fields.get('network') ?? header.get('network') ?? currency;
  const text = address ?? txid;
  if (!isText(text) || !isText(network) || !isText(currency)) {
    return rejected('address, tx_hash, currency and network must be texts');
  }
  const placed = placeSubject(
    address === undefined ? 'transaction' : 'address',
    text.trim(),
    network.trim(),
    scope,
  );
  if (placed.kind !== 'subject') return placed;
  const statement = statements.read(fields);
  if (isReject(statement)) return { kind: 'rejected', reject: statement };
  return { ...placed, statement };
}

function isText(value: RawValue | undefined): value is string {
  return typeof value === 'string';
}

function rejected(reason: string): TagOutcome {
  return { kind: 'rejected', reject: { code: 'CLEW_TAG_FIELD', reason } };
}

/** Reads each statement of a pack once: many thousand tags share one. */
class StatementReader {
  readonly #header: RawFields;
  readonly #file: string;
  readonly #known = new Map<string, ParsedStatement | Reject>();
  #length = 0;
  countWithoutConfidence = 0;

  constructor(header: RawFields, file: string) {
    this.#header = header;
    this.#file = file;
  }

  read(tag: RawFields): ParsedStatement | Reject {
    const own: RawValue[] = [];
    for (const [name, value] of tag) if (STATEMENT_NAMES.has(name)) own.push(name, value as string);
    const key = own.length === 0 ? '' : JSON.stringify(own);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fields = own.length === 0 ? this.#header : new Map([...this.#header, ...tag]);
    const statement = readStatement(fields);
    this.#known.set(key, statement);
    if (!fields.has('confidence')) this.countWithoutConfidence += 1;
    this.#guardLength(fields);
    return statement;
  }

  #guardLength(fields: RawFields): void {
    for (const name of STATEMENT_FIELDS) {
      const value = fields.get(name);
      if (isText(value)) this.#length += value.length;
    }
    if (this.#length <= STATEMENTS_LENGTH_MAX) return;
    throw new ClewError('CLEW_TAGS_BOMB', `${this.#file} grows beyond all measure when read.`, {
      file: this.#file,
      lengthMax: STATEMENTS_LENGTH_MAX,
    });
  }
}

function checkHeader(header: RawFields, file: string): { title: string; creator: string } {
  for (const [name, value] of header) {
    if (!HEADER_NAMES.has(name)) {
      throw wrongHeader(file, `has the field ${nameable(name)}, which a header can not have`, name);
    }
    if (value === NESTED) {
      throw wrongHeader(file, `has something else than a text under ${name}`, name);
    }
  }
  return {
    title: headerText(header, 'title', file),
    creator: headerText(header, 'creator', file),
  };
}

function headerText(header: RawFields, name: string, file: string): string {
  const value = header.get(name);
  const text = isText(value) ? value.trim() : '';
  if (text === '') throw wrongHeader(file, `has no ${name}`, name);
  if (text.length > TITLE_LENGTH_MAX || /\p{C}/u.test(text)) {
    throw wrongHeader(file, `has a ${name} that is too long or has control characters`, name);
  }
  return text;
}

function wrongHeader(file: string, what: string, name: string): ClewError {
  const field = /^[\w-]{1,40}$/.test(name) ? name : null;
  return new ClewError('CLEW_TAG_FIELD', `The header of ${file} ${what}.`, { file, field });
}
