/**
 * Any YAML, read by the `yaml` package, for the packs that the flat reader leaves.
 *
 * A file from a stranger must not eat the machine. Before the package builds anything, one pass over
 * its lexer's tokens looks at size, depth and aliases; then the document is read with the fail-safe
 * schema, where every scalar is a text, and nothing is ever expanded: an alias may stand for a
 * scalar only, so a "billion laughs" has nothing to multiply.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { ClewError, type ErrorFacts } from '../errors.ts';
import { NESTED, type RawPack, type RawTag, type RawValue } from './raw-pack.ts';

/** Characters; the package needs some 80 bytes of memory for each. */
const GENERAL_LENGTH_MAX = 4 * 1024 * 1024;
/** A TagPack has four: the pack, its tags, a tag, the list of its concepts. */
const DEPTH_MAX = 12;
const ALIASES_MAX = 1_000;

/**
 * Read a TagPack that may use all of YAML.
 *
 * @param text without a byte-order mark
 * @param file its name, for messages
 * @throws {ClewError} CLEW_TAGS_YAML, CLEW_TAGS_BOMB, CLEW_TAGS_FORMAT
 */
export function readGeneralYaml(text: string, file: string): RawPack {
  refuseBomb(text, file);
  const lines = new LineCounter();
  const document = parse(text, file, lines);
  refuseExpansion(document, file);
  const reader = new Reader(file, lines);
  return reader.readPack(document.contents);
}

function bomb(file: string, what: string, facts: ErrorFacts): ClewError {
  return new ClewError('CLEW_TAGS_BOMB', `${file} ${what}.`, { file, ...facts });
}

/** Size, depth and number of aliases, before anything is built. */
function refuseBomb(text: string, file: string): void {
  if (text.length > GENERAL_LENGTH_MAX) {
    throw bomb(
      file,
      `has ${text.length} characters; a file that is not in the flat form may have ${GENERAL_LENGTH_MAX}`,
      { length: text.length, lengthMax: GENERAL_LENGTH_MAX },
    );
  }
  let aliases = 0;
  let flowDepth = 0;
  let line = 1;
  let column = 0;
  // A collection in block style begins at the first token of a line, or right after a `-` or `?`, in
  // a greater column than the one around it: so the rising columns are the depth.
  const columns: number[] = [];
  let beginsBlock = true;
  for (const token of new Lexer().lex(text)) {
    const kind = token[0];
    // Marks of the lexer itself, which do not stand in the text.
    if (kind === '\u0002' || kind === '\u0018' || kind === '\u001f') continue;
    const isSpace = kind === ' ' || kind === '\t' || kind === '\n' || kind === '\r';
    if (token === '[' || token === '{') flowDepth += 1;
    else if (token === ']' || token === '}') flowDepth -= 1;
    else if (kind === '*') aliases += 1;
    if (!isSpace && kind !== '#' && beginsBlock && flowDepth === 0) {
      while (columns.length > 0 && columns.at(-1)! >= column) columns.pop();
      columns.push(column);
      beginsBlock = token === '-' || token === '?';
    }
    if (columns.length + flowDepth > DEPTH_MAX) {
      throw bomb(file, `is nested more than ${DEPTH_MAX} deep`, { line, depthMax: DEPTH_MAX });
    }
    if (aliases > ALIASES_MAX) {
      throw bomb(file, `has more than ${ALIASES_MAX} aliases`, { line, aliasesMax: ALIASES_MAX });
    }
    const lastBreak = token.lastIndexOf('\n');
    if (lastBreak < 0) {
      column += token.length;
    } else {
      column = token.length - lastBreak - 1;
      line += token.split('\n').length - 1;
      beginsBlock = true;
    }
  }
}

function parse(text: string, file: string, lines: LineCounter): Document<ParsedNode> {
  let document: Document<ParsedNode>;
  try {
    document = parseDocument(text, {
      schema: 'failsafe',
      version: '1.2',
      resolveKnownTags: false,
      stringKeys: true,
      // The package compares each name with all others of a map; ours is linear.
      uniqueKeys: false,
      prettyErrors: false,
      // At "silent" the package would not report a second document in the file.
      logLevel: 'error',
      lineCounter: lines,
    }) as Document<ParsedNode>;
  } catch (error) {
    if (error instanceof RangeError) throw bomb(file, 'is nested too deep to be read', {});
    throw error;
  }
  const finding = document.errors[0] ?? document.warnings[0];
  if (finding !== undefined) {
    throw invalid(file, lines.linePos(finding.pos[0]), finding.code);
  }
  return document;
}

function invalid(file: string, at: { line: number; col: number }, finding: string): ClewError {
  const { line, col } = at;
  return new ClewError(
    'CLEW_TAGS_YAML',
    `${file} is no valid YAML at line ${line}, column ${col} (${finding}).`,
    { file, line, column: col, yaml: finding },
  );
}

/** An alias of a list or map is what bombs are made of, and no TagPack needs one. */
function refuseExpansion(document: Document<ParsedNode>, file: string): void {
  const collections = new Set<string>();
  const aliases = new Set<string>();
  visit(document, {
    Collection: (_key, node) => {
      if (node.anchor !== undefined) collections.add(node.anchor);
    },
    Alias: (_key, node) => {
      aliases.add(node.source);
    },
  });
  for (const name of aliases) {
    if (collections.has(name)) {
      throw bomb(file, 'repeats a list or map by an alias', { aliases: aliases.size });
    }
  }
}

class Reader {
  readonly #file: string;
  readonly #lines: LineCounter;
  /** Texts that have an anchor. An alias comes after its anchor, and we read in order. */
  readonly #anchors = new Map<string, string>();

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  readPack(contents: ParsedNode | null): RawPack {
    if (!isMap(contents)) throw this.#notTags('is not a map of fields', contents);
    const header = new Map<string, RawValue>();
    const tags: RawTag[] = [];
    let hasTags = false;
    for (const [name, node] of this.#pairs(contents)) {
      if (name !== 'tags') {
        header.set(name, this.#value(node));
        continue;
      }
      if (!isSeq(node)) throw this.#notTags('has no list under `tags`', node);
      hasTags = true;
      for (const item of node.items as Node[]) {
        if (!isMap(item)) throw this.#notTags('has a tag that is not a map', item);
        const fields = new Map<string, RawValue>();
        for (const [field, value] of this.#pairs(item)) fields.set(field, this.#value(value));
        tags.push({ fields, line: this.#line(item) });
      }
    }
    if (!hasTags) throw this.#notTags('has no field `tags`', contents);
    return { header, tags };
  }

  *#pairs(map: YAMLMap): Generator<[string, Node | null]> {
    const names = new Set<string>();
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (names.has(name)) this.#refuse(key as Node, 'DUPLICATE_KEY');
      names.add(name);
      yield [name, value as Node | null];
    }
  }

  #value(node: Node | null): RawValue {
    if (node === null) return '';
    if (isSeq(node)) {
      const items = (node.items as (Node | null)[]).map((item) => this.#value(item));
      return items.every((item) => typeof item === 'string') ? items : NESTED;
    }
    if (isAlias(node)) return this.#anchors.get(node.source) ?? this.#refuse(node, 'BAD_ALIAS');
    if (!isScalar(node)) return NESTED;
    const text = node.value === null ? '' : String(node.value);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, text);
    return text;
  }

  #refuse(node: Node, finding: string): never {
    throw invalid(this.#file, this.#lines.linePos(node.range?.[0] ?? 0), finding);
  }

  #line(node: Node | null): number {
    return this.#lines.linePos(node?.range?.[0] ?? 0).line;
  }

  #notTags(what: string, node: Node | null): ClewError {
    const line = this.#line(node);
    return new ClewError('CLEW_TAGS_FORMAT', `${this.#file} ${what} (line ${line}).`, {
      file: this.#file,
      line,
    });
  }
}
