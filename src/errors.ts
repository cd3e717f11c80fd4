/**
 * The error catalogue: every error that a person can meet has a stable code, an exit code for the
 * command line, an HTTP status for the server, and a hint that says what to do. Those of servers elsewhere
 * stand in `remote-errors.ts`.
 *
 * `docs/errors.md` is checked against this table by a test, both ways.
 */
import { type CatalogueEntry, EXIT } from './exit-codes.ts';
import { REMOTE_ERRORS } from './remote-errors.ts';

const LOCAL_ERRORS = {
  // Using the command line and the server
  CLEW_USAGE: {
    exit: EXIT.usage,
    http: 400,
    hint: 'See `clew <command> --help`; each has an example.',
  },
  CLEW_UNKNOWN_COMMAND: {
    exit: EXIT.usage,
    http: 404,
    hint: 'Run `clew --help` for the list of commands.',
  },
  CLEW_INTERRUPTED: {
    exit: EXIT.interrupted,
    http: 503,
    hint: 'The ledger is whole. Run the same command again to go on.',
  },
  CLEW_INTERNAL: {
    exit: EXIT.internal,
    http: 500,
    hint: 'This is a fault in Clew. Please report it with the code and the version.',
  },
  CLEW_WORKER_LOST: {
    exit: EXIT.unavailable,
    http: 503,
    hint: 'A thread that reads blocks ended by itself, most often for want of memory. Run the same command again: it goes on from where it was.',
  },
  CLEW_HOST_REFUSED: {
    exit: EXIT.usage,
    http: 403,
    hint: 'Open the address that `clew serve` printed, on this machine.',
  },
  CLEW_METHOD_REFUSED: { exit: EXIT.usage, http: 405, hint: 'The server only answers GET here.' },
  CLEW_PAGE_NOT_FOUND: { exit: EXIT.notFound, http: 404, hint: 'Start again from the first page.' },
  CLEW_PORT_BUSY: {
    exit: EXIT.busy,
    http: 503,
    hint: 'Another program uses this port: choose one with --port.',
  },

  // Files and folders
  CLEW_FOLDER_MISSING: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'Check the path; it must be an existing folder that you may read.',
  },
  CLEW_FILE_MISSING: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'Check the path; it must be an existing file that you may read.',
  },
  CLEW_FILE_UNREADABLE: {
    exit: EXIT.unavailable,
    http: 503,
    hint: 'Check the permissions and the disk that the file lies on.',
  },
  CLEW_NO_SPACE: {
    exit: EXIT.noSpace,
    http: 507,
    hint: 'Make room on the disk and run the same command again: it goes on from where it was.',
  },
  CLEW_OUT_NOT_EMPTY: {
    exit: EXIT.usage,
    http: 409,
    hint: 'Give a folder that is empty or does not exist yet, or add --force.',
  },

  // The data folder
  CLEW_DATA_NEWER: {
    exit: EXIT.version,
    http: 409,
    hint: 'The folder was made by a newer Clew. Update Clew, or give another --data folder.',
  },
  CLEW_DATA_OLDER: {
    exit: EXIT.version,
    http: 409,
    hint: 'The ledger was made by an older Clew, which stored it otherwise. Load it again from the block files that it knows: `clew index --anew`.',
  },
  CLEW_DATA_FOREIGN: {
    exit: EXIT.badInput,
    http: 409,
    hint: 'The folder holds something else. Give an empty one, or one that Clew made.',
  },
  CLEW_DATA_BUSY: {
    exit: EXIT.busy,
    http: 423,
    hint: 'Another Clew has this data folder open. Wait for it, stop it, or give another --data.',
  },
  CLEW_LEDGER_EMPTY: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'Index some blocks first: `clew index --blocks DIR`.',
  },
  CLEW_NO_LEDGER: {
    exit: EXIT.usage,
    http: 400,
    hint: 'Leave --esplora out to use a ledger of your own, made with `clew index` or `clew follow`.',
  },
  CLEW_LEDGER_DAMAGED: {
    exit: EXIT.damaged,
    http: 500,
    hint: 'The stored ledger does not agree with itself. Check the disk, then load it again from its block files: `clew index --anew`, or index them into a new folder.',
  },
  CLEW_LEDGER_LIMIT: {
    exit: EXIT.unavailable,
    http: 503,
    hint: 'The ledger is larger than this machine or this version can take; the facts say what and how many. Nothing was changed.',
  },
  CLEW_CHECK_FAILED: {
    exit: EXIT.damaged,
    http: 500,
    hint: 'Each finding names its place. When only links, keys or counters disagree, `clew index --rebuild-flow` makes them anew; else check the disk and load the ledger again from its block files: `clew index --anew`.',
  },
  CLEW_STORE_DAMAGED: {
    exit: EXIT.damaged,
    http: 500,
    hint: 'The workspace database can not be trusted. Put a copy from a backup in its place, or import again into a new folder.',
  },
  CLEW_NETWORK_AMBIGUOUS: {
    exit: EXIT.usage,
    http: 400,
    hint: 'Several networks are there: choose one with --network.',
  },
  CLEW_NETWORK_UNKNOWN: {
    exit: EXIT.usage,
    http: 400,
    hint: 'Known networks: main (Bitcoin), litecoin, dogecoin, dash, bitcoincash, and their test networks: see `clew index --help`.',
  },
  CLEW_NETWORK_MISMATCH: {
    exit: EXIT.badInput,
    http: 409,
    hint: 'These blocks belong to another network than the one asked for: check --network and --blocks.',
  },
  CLEW_FLOW_STALE: {
    exit: EXIT.damaged,
    http: 503,
    hint: 'Rebuild the flow index from the ledger: `clew index --rebuild-flow`.',
  },
  CLEW_FLOW_FORMAT: {
    exit: EXIT.version,
    http: 500,
    hint: 'The flow index is damaged or of another version. Make its links anew: `clew index --rebuild-flow`. When that names the same again, load the ledger anew from its block files: `clew index --anew`.',
  },
  CLEW_COLUMN_DAMAGED: {
    exit: EXIT.damaged,
    http: 500,
    hint: 'The disk gave other bytes than were written. Check the disk, then rebuild the flow index: `clew index --rebuild-flow`; when that fails too, load the ledger again from its block files: `clew index --anew`.',
  },
  CLEW_RAW_GONE: {
    exit: EXIT.unavailable,
    http: 410,
    hint: 'The block file moved or changed. Put it back, or index into a new folder with --keep-raw.',
  },

  // Block files
  CLEW_BLOCKS_NONE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'No block was found. Give the folder with blk*.dat files, or a folder of raw blocks.',
  },
  CLEW_XOR_KEY_SIZE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'xor.dat must hold exactly 8 bytes. Copy it again from the node together with the blk files.',
  },
  CLEW_BLOCK_FILE_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'This is not a block file (compressed or something else). Unpack it first.',
  },
  CLEW_BLOCK_OTHER_NETWORK: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The record belongs to another network and was left out; --network chooses which to take.',
  },
  CLEW_BLOCK_CUT: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The record is longer than the file: copy the file again from the node. What is whole is indexed.',
  },
  CLEW_BLOCK_STRAY_BYTES: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'Bytes that belong to no record were passed over. What is whole is indexed.',
  },
  CLEW_BLOCK_DAMAGED: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The block can not be read: copy the file again from the node. What is whole is indexed.',
  },
  CLEW_BLOCK_MERKLE: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The transactions are not those that the header commits to: copy the file again. What is whole is indexed.',
  },
  CLEW_BLOCK_WITNESS: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The witness data is not what the block commits to: copy the file again. What is whole is indexed.',
  },
  CLEW_BLOCK_INVALID: {
    exit: EXIT.damaged,
    http: 500,
    hint: 'The block breaks the rules of the chain although its proof of work is right. What was committed before stays; report it with the height.',
  },
  CLEW_HEADER_WORK: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The header does not meet its own target, so this is no block of a chain. It was left out.',
  },
  CLEW_BLOCK_UNLINKED: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The parent of this block is not there. Add the missing files, or give --height for its first block.',
  },
  CLEW_BLOCK_DUPLICATE: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The same block is there twice; it counts once.',
  },
  CLEW_BLOCK_STALE: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The block lies on a branch with less work; it is not part of the best chain.',
  },
  CLEW_HEIGHT_CONFLICT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The height given, the height in the coinbase, or another block at that height disagree.',
  },
  CLEW_UNDO_CUT: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The record of undo data is longer than the file: copy the rev file again. What is whole is used.',
  },
  CLEW_UNDO_DAMAGED: {
    exit: EXIT.damaged,
    http: 400,
    hint: 'The undo data can not be trusted and was left out: copy the rev file again. Blocks and what is whole are used.',
  },
  CLEW_UNDO_MISSING: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The rev file has no undo data for this block. What it spends from before the ledger stays unknown.',
  },

  // Chain data
  CLEW_TX_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'These bytes are not one whole transaction.',
  },
  CLEW_TXID_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A transaction id is 64 hex digits; an output is written txid:n.',
  },
  CLEW_TX_NOT_FOUND: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'The transaction is not in this ledger: check the id, the network and `clew status`.',
  },
  CLEW_OUTPUT_NOT_FOUND: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'The transaction has no output of that number.',
  },
  CLEW_BLOCK_NOT_FOUND: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'No block of that height or hash is in this ledger: see `clew status`.',
  },
  CLEW_ADDRESS_NOT_FOUND: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'See in clew status whether the ledger covers the time in which the address was used.',
  },
  CLEW_ADDRESS_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'This is no address of a known form. Copy it again from its source.',
  },
  CLEW_ADDRESS_CHECKSUM: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The checksum does not match: a character is wrong or missing. Copy it again from its source.',
  },
  CLEW_ADDRESS_MIXED_CASE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A bech32 address is all lower case or all upper case, never mixed (BIP 173).',
  },
  CLEW_ADDRESS_LOOKALIKE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A character looks like another one (for example O for 0, or a letter of another alphabet).',
  },
  CLEW_ADDRESS_NETWORK: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The address is valid, but belongs to another network than this ledger.',
  },
  CLEW_ADDRESS_AMBIGUOUS: {
    exit: EXIT.usage,
    http: 400,
    hint: 'The same string is an address of several networks in the data folder: say which is meant with --network.',
  },
  CLEW_ADDRESS_VERSION: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The witness version, length or checksum kind do not fit together (BIP 173, BIP 350).',
  },

  // Seeds
  CLEW_SEEDS_EMPTY: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'No line holds a usable address or transaction; the reasons are listed with each line.',
  },
  CLEW_SEEDS_HEADER: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The first line must name the columns, one of them address, txid or outpoint.',
  },
  CLEW_SEEDS_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The file is not CSV text in UTF-8.',
  },
  CLEW_SEEDS_TOO_LARGE: {
    exit: EXIT.badInput,
    http: 413,
    hint: 'A seed file has at most 64 MiB and 1,000,000 lines. Split it and investigate the parts.',
  },
  CLEW_SEED_DUPLICATE: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The same seed stands on an earlier line.',
  },
  CLEW_SEED_OTHER_CHAIN: {
    exit: EXIT.ok,
    http: 200,
    hint: 'A valid address of a chain that Clew does not cover yet; it is listed apart.',
  },
  CLEW_SEED_AMBIGUOUS: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The same string is an address of another network too; it was read as one of the network of this ledger. Check what the source meant.',
  },
  CLEW_SEED_LINK: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The site looked like a link and was replaced by a keyed digest. Use opaque site ids.',
  },
  CLEW_SEED_FORMULA: {
    exit: EXIT.ok,
    http: 200,
    hint: 'A cell began like a spreadsheet formula and was made harmless with a leading apostrophe.',
  },

  // Attribution
  CLEW_TAGS_YAML: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The file is not valid YAML; see the line named.',
  },
  CLEW_TAGS_BOMB: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The file grows beyond all measure when read (aliases or size). It was refused whole.',
  },
  CLEW_TAGS_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The file is not a TagPack or a list of addresses: see docs/operating/tags.md.',
  },
  CLEW_TAG_CATEGORY: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The category is not in the taxonomy; see docs/operating/tags.md for the list.',
  },
  CLEW_TAG_CONFIDENCE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The confidence is not in the closed table; see docs/operating/tags.md.',
  },
  CLEW_TAG_FIELD: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A field of the tag is unknown, missing or of the wrong kind.',
  },
  CLEW_PRICES_FORMAT: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A price file is CSV text with a header, or a JSON object from days to rates: see docs/methods/prices.md.',
  },
  CLEW_PRICES_COLUMNS: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'Say what the header does not: --currency USD, --column NAME for the rates, --date-column NAME for the days.',
  },
  CLEW_PRICES_DAY: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A day is written YYYY-MM-DD and means the day in UTC; a time beside it must be midnight in UTC.',
  },
  CLEW_PRICES_RATE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A rate is a plain decimal above zero, such as 48424.31; leave the cell empty where there is none.',
  },
  CLEW_PRICES_DUPLICATE: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'A day has one rate from one source: take the line out that is wrong, and import again.',
  },
  CLEW_PRICES_FAR: {
    exit: EXIT.badInput,
    http: 409,
    hint: 'The rates are of another size than those of the other sources: check --asset and --currency; --accept-far takes them all the same.',
  },
  CLEW_PRICES_FEWER_DAYS: {
    exit: EXIT.ok,
    http: 200,
    hint: 'The new version replaces the old one whole. If it only goes on from it, import it again with --continue.',
  },
  CLEW_PRICES_EMPTY_DAY: {
    exit: EXIT.ok,
    http: 200,
    hint: 'These days have no rate from this source; another source may have one.',
  },
  CLEW_PRICES_STANDS_OUT: {
    exit: EXIT.ok,
    http: 200,
    hint: 'A rate far from both days beside it is often a slip of the decimal point: compare it with another source.',
  },
  CLEW_PRICES_NONE: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'See `clew prices list`, and bring prices in with `clew prices import`.',
  },
  CLEW_PRICES_NO_RATE: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'No source has a rate for that day, so there is no value: nothing is interpolated or taken from another day.',
  },

  // Clusters, tracing, reports
  CLEW_NOT_CLUSTERED: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'There is no cluster run for this tip: run `clew index` again.',
  },
  CLEW_NOT_LINKED: {
    exit: EXIT.notFound,
    http: 404,
    hint: 'The two addresses are in different clusters: no chain of links joins them.',
  },
  CLEW_TRACE_OPTION: {
    exit: EXIT.usage,
    http: 400,
    hint: 'A limit of the trace is out of range; see `clew trace --help`.',
  },
  CLEW_AS_OF: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'The height lies outside this ledger: see `clew status`.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export const ERRORS = { ...LOCAL_ERRORS, ...REMOTE_ERRORS };

export type ErrorCode = keyof typeof ERRORS;

/** Plain facts that go with an error: never case text, names or bytes that strangers wrote. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null>>;

/**
 * An error of the catalogue.
 *
 * @example throw new ClewError('CLEW_FOLDER_MISSING', 'There is no folder at /x.', { path: '/x' })
 */
export class ClewError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ClewError';
    this.code = code;
    this.facts = facts;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  get httpStatus(): number {
    return ERRORS[this.code].http;
  }

  get hint(): string {
    return ERRORS[this.code].hint;
  }
}

/** A finding that is reported beside the result instead of ending the work. */
export interface Problem {
  readonly code: ErrorCode;
  /** What was wrong, in one sentence. */
  readonly message: string;
  /** Where: file, offset, height, line… */
  readonly facts: ErrorFacts;
}
