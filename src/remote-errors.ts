/** The part of the error catalogue about servers and nodes elsewhere, see `errors.ts`. */
import { type CatalogueEntry, EXIT } from './exit-codes.ts';

export const REMOTE_ERRORS = {
  // Servers and nodes elsewhere
  CLEW_REMOTE_UNREACHABLE: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'Check the URL, that the server runs, and the way to it (--proxy, firewall). What is stored stays as it is.',
  },
  CLEW_REMOTE_SLOW: {
    exit: EXIT.unavailable,
    http: 504,
    hint: 'The server took too long. Run the same command again: it goes on from where it was. Set CLEW_REMOTE_TIMEOUT to more seconds for a slow line.',
  },
  CLEW_REMOTE_CUT: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'The answer ended too early and was thrown away. Run the same command again.',
  },
  CLEW_REMOTE_BUSY: {
    exit: EXIT.unavailable,
    http: 503,
    hint: 'The server wants fewer questions. Wait, or ask more slowly with --rate; what was fetched is kept.',
  },
  CLEW_REMOTE_REDIRECT: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'Give the URL that the server names, if you trust it: Clew does not pass questions on to hosts that nobody chose.',
  },
  CLEW_REMOTE_CERTIFICATE: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'Somebody may listen in. Check the name in the URL. An authority of your own is trusted with --rpc-ca (nodes), caFile (servers of a ledger) or NODE_EXTRA_CA_CERTS.',
  },
  CLEW_REMOTE_TOO_LARGE: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'The answer was thrown away. Check that the URL is what you mean it to be.',
  },
  CLEW_REMOTE_STATUS: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'Check the URL and the rights there; the HTTP status is among the facts.',
  },
  CLEW_REMOTE_FORMAT: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'The URL may lead to something else than the server meant. Nothing of the answer was kept.',
  },
  CLEW_REMOTE_LIE: {
    exit: EXIT.damaged,
    http: 502,
    hint: 'The server says what can not be true. Nothing of the answer was kept; ask another server.',
  },
  CLEW_REMOTE_CONSENT: {
    exit: EXIT.usage,
    http: 403,
    hint: 'Say yes when asked, or give --consent: the server sees which addresses and transactions are asked for.',
  },
  CLEW_REMOTE_BUDGET: {
    exit: EXIT.unavailable,
    http: 503,
    hint: 'Allow more with --max-requests, or ask for less. What was fetched is kept: the next run goes on from there.',
  },
  CLEW_PROXY: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'Check --proxy: its host and port, its user and password, and whether it allows this.',
  },
  CLEW_SHARD_MAP: {
    exit: EXIT.badInput,
    http: 400,
    hint: 'Check the file that names the shards against the servers: each shard once, in the order in which the ledger was made. See `clew ledger config` and docs/operating/cluster.md.',
  },
  CLEW_SHARD_DOWN: {
    exit: EXIT.unavailable,
    http: 503,
    hint: 'A part of the data can not be asked, so there is no answer: start that shard again.',
  },
  CLEW_LEDGER_TAKEN: {
    exit: EXIT.busy,
    http: 423,
    hint: 'One data folder writes into a ledger on servers, the others read. When the other one is gone for good: --take-over.',
  },
  CLEW_ENGINE_OLD: {
    exit: EXIT.version,
    http: 502,
    hint: 'The database server is older than Clew can use: see docs/operating/cluster.md for the versions.',
  },
  CLEW_ENGINE_AUTH: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'Check user and password (CLEW_LEDGER_PASSWORD, or "passwordFile" of a shard file), and the rights that docs/operating/cluster.md lists.',
  },
  CLEW_ENGINE_DATABASE: {
    exit: EXIT.notFound,
    http: 502,
    hint: 'Check the end of the URL. A new ledger needs an empty database: `CREATE DATABASE name`, on every server.',
  },
  CLEW_ENGINE_REFUSED: {
    exit: EXIT.unavailable,
    http: 502,
    hint: "The number of the server's error is among the facts, its text in its log. What is stored stays as it is.",
  },
  CLEW_NODE_AUTH: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'The node wants another user or password: see --rpc-cookie, --rpc-user with --rpc-password-file, and CLEW_RPC_PASSWORD.',
  },
  CLEW_NODE_BLOCK_GONE: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'The node does not keep this block (it is pruned, or has not fetched it yet). Ask one that keeps all blocks, or begin later with --from HEIGHT.',
  },
  CLEW_NODE_REFUSED: {
    exit: EXIT.unavailable,
    http: 502,
    hint: 'The node answered a question with an error; the facts name the method and its code. Look at what the node logs.',
  },
  CLEW_SECRET_IN_ARGUMENT: {
    exit: EXIT.usage,
    http: 400,
    hint: 'Everybody on the machine can read arguments. Give the password in a file (--rpc-cookie, --rpc-password-file) or in an environment variable (CLEW_LEDGER_PASSWORD for --ledger), and change the one that was typed.',
  },
} as const satisfies Record<string, CatalogueEntry>;
