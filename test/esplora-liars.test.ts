/**
 * An Esplora server that lies, or answers what is no answer. Each has its code, and what is kept stays good: afterwards the
 * same folder gives all the right answers.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sha256d } from '../src/bytes/hash.ts';
import { hashToDisplay } from '../src/bytes/hex.ts';
import type { ErrorCode } from '../src/errors.ts';
import type { EsploraReader } from '../src/ledger/read/esplora-reader.ts';
import type { Outpoint, ReadTransaction } from '../src/ledger/read/ledger-reader.ts';
import type { BlockHash, Txid } from '../src/units/ids.ts';
import {
  BUSY_SCRIPT,
  busyChain,
  fails,
  openReader,
  REGTEST,
  startServer,
} from './support/esplora-client.ts';
import { EsploraTestServer, type Served } from './support/esplora-server.ts';
import { SlowReader } from './support/slow-reader.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const CHAIN = busyChain(10, 6);
const HONEST = new EsploraTestServer(REGTEST, CHAIN);
const TRUTH = new SlowReader(REGTEST, CHAIN);
/** A transaction in the middle of a block in the middle, and the block. */
const BLOCK = CHAIN[6]!;
const TXID = BLOCK.txids[3] as Txid;
const OTHER_TXID = BLOCK.txids[5] as Txid;

type Json = Record<string, unknown>;

interface Lie {
  readonly what: string;
  readonly code: ErrorCode;
  /** What of the answers is another; undefined leaves one as it is. */
  readonly tamper: (path: string, answer: Served) => Served | undefined;
  readonly ask: (reader: EsploraReader) => Promise<unknown>;
}

const askTransaction = (reader: EsploraReader): Promise<unknown> => reader.transactions([TXID]);
const askHistory = (reader: EsploraReader): Promise<unknown> =>
  reader.histories([{ script: BUSY_SCRIPT, limit: 1000 }]);

/** The answer to one path with its JSON changed. */
function changed(wanted: string | RegExp, change: (value: never) => unknown) {
  return (path: string, answer: Served): Served | undefined => {
    const isWanted = typeof wanted === 'string' ? path === wanted : wanted.test(path);
    if (!isWanted || answer.status !== 200) return undefined;
    const value = JSON.parse(answer.body);
    return { status: 200, body: JSON.stringify(change(value as never) ?? value) };
  };
}

function body(wanted: string | RegExp, text: string) {
  return (path: string): Served | undefined => {
    const isWanted = typeof wanted === 'string' ? path === wanted : wanted.test(path);
    return isWanted ? { status: 200, body: text } : undefined;
  };
}

/** A transaction of which one thing is another. */
function transactionLie(
  what: string,
  code: ErrorCode,
  change: (tx: Json & { vin: Json[]; vout: Json[]; status: Json }) => void,
): Lie {
  const tamper = changed(`tx/${TXID}`, (tx: never) => void change(tx));
  return { what, code, tamper, ask: askTransaction };
}

const PAGE = /txs\/chain/;
const LATER_PAGE = /txs\/chain\//;

const TRANSACTION_LIES: readonly Lie[] = [
  transactionLie('a changed value', 'CLEW_REMOTE_LIE', (tx) => {
    tx.vout[0]!['value'] = 1;
  }),
  transactionLie('a changed script', 'CLEW_REMOTE_LIE', (tx) => {
    tx.vout[0]!['scriptpubkey'] = `0014${'ab'.repeat(20)}`;
  }),
  transactionLie('an output more', 'CLEW_REMOTE_LIE', (tx) => {
    tx.vout.push({ ...tx.vout[0]! });
  }),
  transactionLie('another id', 'CLEW_REMOTE_LIE', (tx) => {
    tx['txid'] = OTHER_TXID;
  }),
  transactionLie('another size', 'CLEW_REMOTE_LIE', (tx) => {
    tx['size'] = 100;
  }),
  transactionLie('a witness that it does not have', 'CLEW_REMOTE_LIE', (tx) => {
    tx.vin[0]!['witness'] = ['00'];
  }),
  transactionLie('another block', 'CLEW_REMOTE_LIE', (tx) => {
    const [hash, height] = [CHAIN[7]!.hash, 7];
    Object.assign(tx.status, { block_hash: hash, block_height: height });
  }),
  transactionLie('a block that does not exist', 'CLEW_REMOTE_LIE', (tx) => {
    tx.status['block_hash'] = 'ab'.repeat(32);
  }),
  transactionLie('another time', 'CLEW_REMOTE_LIE', (tx) => {
    tx.status['block_time'] = 1;
  }),
  transactionLie('an amount beyond 2^53', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.vout[0]!['value'] = 2 ** 53;
  }),
  transactionLie('a negative amount', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.vout[0]!['value'] = -1;
  }),
  transactionLie('half a satoshi', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.vout[0]!['value'] = 0.5;
  }),
  transactionLie('an amount as text', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.vout[0]!['value'] = '1000';
  }),
  transactionLie('a missing field', 'CLEW_REMOTE_FORMAT', (tx) => {
    delete tx['locktime'];
  }),
  transactionLie('no inputs', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.vin.length = 0;
  }),
  transactionLie('hex that is none', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.vout[0]!['scriptpubkey'] = '0g';
  }),
  transactionLie('confirmed, perhaps', 'CLEW_REMOTE_FORMAT', (tx) => {
    tx.status['confirmed'] = 'yes';
  }),
  {
    what: 'another transaction',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${TXID}`, () => JSON.parse(honest(`tx/${OTHER_TXID}`))),
    ask: askTransaction,
  },
  {
    what: 'HTML',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: body(`tx/${TXID}`, '<html><script>alert(1)</script></html>'),
    ask: askTransaction,
  },
  {
    what: 'deep JSON',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: body(`tx/${TXID}`, '['.repeat(200_000) + ']'.repeat(200_000)),
    ask: askTransaction,
  },
  {
    what: 'deep JSON in a field',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: body(`tx/${TXID}`, `{"vin":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`),
    ask: askTransaction,
  },
  {
    what: 'null',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: body(`tx/${TXID}`, 'null'),
    ask: askTransaction,
  },
  {
    what: 'nothing',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: body(`tx/${TXID}`, ''),
    ask: askTransaction,
  },
];

const PROOF_LIES: readonly Lie[] = [
  {
    what: 'the Merkle proof of another transaction',
    code: 'CLEW_REMOTE_LIE',
    tamper: (path) =>
      path === `tx/${TXID}/merkleblock-proof`
        ? { status: 200, body: honest(`tx/${OTHER_TXID}/merkleblock-proof`) }
        : undefined,
    ask: askTransaction,
  },
  {
    what: 'a Merkle proof with one bit changed',
    code: 'CLEW_REMOTE_LIE',
    tamper: (path, answer) =>
      path === `tx/${TXID}/merkleblock-proof`
        ? { ...answer, body: answer.body.replace(/.{70}$/, (end) => flipped(end)) }
        : undefined,
    ask: askTransaction,
  },
  {
    what: 'a Merkle proof cut short',
    code: 'CLEW_REMOTE_LIE',
    tamper: (path, answer) =>
      path === `tx/${TXID}/merkleblock-proof`
        ? { ...answer, body: answer.body.slice(0, -64) }
        : undefined,
    ask: askTransaction,
  },
  {
    what: 'a header without its work, for a Merkle tree of the liar',
    code: 'CLEW_REMOTE_LIE',
    tamper: forgedBlock(),
    ask: askTransaction,
  },
  {
    what: 'a wrong Merkle branch',
    code: 'CLEW_REMOTE_LIE',
    tamper: without(
      'merkleblock-proof',
      changed(`tx/${TXID}/merkle-proof`, (proof: { merkle: string[] }) => {
        proof.merkle[1] = 'ab'.repeat(32);
      }),
    ),
    ask: askTransaction,
  },
  {
    what: 'another place in the tree',
    code: 'CLEW_REMOTE_LIE',
    tamper: without(
      'merkleblock-proof',
      changed(`tx/${TXID}/merkle-proof`, (proof: Json) => {
        proof['pos'] = 4;
      }),
    ),
    ask: askTransaction,
  },
  {
    what: 'a place outside of the tree',
    code: 'CLEW_REMOTE_LIE',
    tamper: without(
      'merkleblock-proof',
      changed(`tx/${TXID}/merkle-proof`, (proof: Json) => {
        proof['pos'] = 3 + 16;
      }),
    ),
    ask: askTransaction,
  },
  {
    what: 'a header of another block',
    code: 'CLEW_REMOTE_LIE',
    tamper: without('merkleblock-proof', (path) =>
      path === `block/${BLOCK.hash}/header`
        ? { status: 200, body: honest(`block/${CHAIN[5]!.hash}/header`) }
        : undefined,
    ),
    ask: askTransaction,
  },
  {
    what: 'half a header',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: without('merkleblock-proof', body(`block/${BLOCK.hash}/header`, '00'.repeat(40))),
    ask: askTransaction,
  },
  {
    what: 'a list of ids with one left out',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`block/${BLOCK.hash}/txids`, (txids: string[]) => void txids.splice(3, 1)),
    ask: (reader) => reader.blockTxids([BLOCK.hash as BlockHash]),
  },
  {
    what: 'a list of ids with its end repeated (CVE-2012-2459)',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(
      `block/${BLOCK.hash}/txids`,
      (txids: string[]) => void txids.push(txids.at(-1)!),
    ),
    ask: (reader) => reader.blockTxids([BLOCK.hash as BlockHash]),
  },
  {
    what: 'a block with another time',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`block/${BLOCK.hash}`, (block: Json) => {
      block['timestamp'] = 5;
    }),
    ask: (reader) => reader.blocksWithHash([BLOCK.hash as BlockHash]),
  },
  {
    what: 'another block',
    code: 'CLEW_REMOTE_LIE',
    tamper: (path) =>
      path === `block/${BLOCK.hash}`
        ? { status: 200, body: honest(`block/${CHAIN[5]!.hash}`) }
        : undefined,
    ask: (reader) => reader.blocksAt([6]),
  },
];

const HISTORY_LIES: readonly Lie[] = [
  {
    what: 'a page without its last transactions, and the next goes on from the right one',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(LATER_PAGE, (page: unknown[]) => void page.splice(3, 1)),
    ask: askHistory,
  },
  {
    what: 'the first page only',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(LATER_PAGE, () => []),
    ask: askHistory,
  },
  {
    what: 'nothing at all of a history that has a count',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(PAGE, () => []),
    ask: askHistory,
  },
  {
    what: 'the first page over and over',
    code: 'CLEW_REMOTE_LIE',
    tamper: (path) =>
      LATER_PAGE.test(path)
        ? { status: 200, body: honest(path.replace(/\/[0-9a-f]+$/, '')) }
        : undefined,
    ask: askHistory,
  },
  {
    what: 'a page with a transaction twice',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(PAGE, (page: unknown[]) => void page.splice(4, 0, page[4])),
    ask: askHistory,
  },
  {
    what: 'oldest first',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(PAGE, (page: unknown[]) => page.reverse()),
    ask: askHistory,
  },
  {
    what: 'a transaction that has nothing to do with the script',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(PAGE, (page: { status: Json }[]) => {
      const at = page.findIndex(({ status }) => status['block_height'] === 9);
      if (at >= 0) page.splice(at, 0, JSON.parse(honest(`tx/${CHAIN[9]!.txids[0]}`)));
    }),
    ask: askHistory,
  },
  {
    what: 'an unconfirmed one among the confirmed',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(PAGE, (page: Json[]) => {
      page[2]!['status'] = { confirmed: false };
    }),
    ask: askHistory,
  },
  {
    what: 'a changed value in the middle of a page',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(PAGE, (page: { vout: Json[] }[]) => {
      page[7]!.vout[0]!['value'] = 5;
    }),
    ask: askHistory,
  },
  {
    what: 'an object for a page',
    code: 'CLEW_REMOTE_FORMAT',
    tamper: changed(PAGE, (page: unknown) => ({ page })),
    ask: askHistory,
  },
  {
    what: 'sums that are not those of the history',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(/^scripthash\/[0-9a-f]+$/, (stats: { chain_stats: Json }) => {
      stats.chain_stats['funded_txo_sum'] = 77;
    }),
    ask: (reader) => reader.summaries([BUSY_SCRIPT]),
  },
];

const SPENT: Outpoint = { txid: TXID, vout: 1 };

const SPENDER_LIES: readonly Lie[] = [
  {
    what: 'a spender that spends something else',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${TXID}/outspends`, (spends: Json[]) => {
      spends[1]!['txid'] = BLOCK.txids[6];
    }),
    ask: (reader) => reader.spenders([SPENT]),
  },
  {
    what: 'a spender that does not exist',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${TXID}/outspends`, (spends: Json[]) => {
      spends[1]!['txid'] = 'ab'.repeat(32);
    }),
    ask: (reader) => reader.spenders([SPENT]),
  },
  {
    what: 'another input',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${TXID}/outspends`, (spends: Json[]) => {
      spends[1]!['vin'] = 1;
    }),
    ask: (reader) => reader.spenders([SPENT]),
  },
  {
    what: 'fewer outputs',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${TXID}/outspends`, (spends: Json[]) => void spends.pop()),
    ask: askTransaction,
  },
  {
    what: 'a spender of data',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${BLOCK.txids[0]}/outspends`, (spends: Json[]) => {
      spends[1] = spends[0]!;
    }),
    ask: (reader) => reader.transactions([BLOCK.txids[0] as Txid]),
  },
  {
    what: 'a previous output of another value',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${OTHER_TXID}`, (tx: { vin: { prevout: Json }[] }) => {
      tx.vin[0]!.prevout['value'] = 3;
    }),
    // The transaction before it is known: its word is hashed.
    ask: (reader) => reader.transactions([BLOCK.txids[4] as Txid, OTHER_TXID]),
  },
  {
    what: 'a previous output with another script, before the transaction that made it is known',
    code: 'CLEW_REMOTE_LIE',
    tamper: changed(`tx/${OTHER_TXID}`, (tx: { vin: { prevout: Json }[] }) => {
      tx.vin[0]!.prevout['scriptpubkey'] = '52';
    }),
    ask: async (reader) => {
      await reader.transactions([OTHER_TXID]);
      await reader.transactions([BLOCK.txids[4] as Txid]);
    },
  },
];

/** What an honest server answers. */
function honest(path: string): string {
  return HONEST.answer(path).body;
}

function flipped(hex: string): string {
  return `${hex.slice(0, 10)}${(Number.parseInt(hex[10]!, 16) ^ 1).toString(16)}${hex.slice(11)}`;
}

function without(missing: string, tamper: Lie['tamper']): Lie['tamper'] {
  return (path, answer) =>
    path.endsWith(missing) ? { status: 404, body: '' } : tamper(path, answer);
}

/** A block of the liar's own: a header whose hash is right, but above its target. */
function forgedBlock(): Lie['tamper'] {
  return (path, answer) => {
    const proof = Buffer.from(honest(`tx/${TXID}/merkleblock-proof`), 'hex');
    // The hardest target there is: no header meets it.
    proof.writeUInt32LE(0x0100_0001, 72);
    const hash = hashToDisplay(sha256d(proof.subarray(0, 80)));
    if (path === `tx/${TXID}`) {
      return { ...answer, body: answer.body.replace(BLOCK.hash, hash) };
    }
    if (path === 'block-height/6') return { status: 200, body: hash };
    if (path !== `tx/${TXID}/merkleblock-proof`) return undefined;
    return { status: 200, body: proof.toString('hex') };
  };
}

async function holdAfterwards(t: TestContext, folder: string, about: string): Promise<void> {
  const server = await startServer(t, CHAIN);
  const reader = await openReader(t, server, folder);
  const questions = [{ script: BUSY_SCRIPT, limit: 1000 }];
  assert.deepStrictEqual(
    await reader.histories(questions),
    await TRUTH.histories(questions),
    about,
  );
  const txids = BLOCK.txids as Txid[];
  const found: (ReadTransaction | undefined)[] = await reader.transactions(txids);
  assert.deepStrictEqual(found, await TRUTH.transactions(txids), about);
  assert.deepStrictEqual(await reader.spenders([SPENT]), await TRUTH.spenders([SPENT]), about);
  assert.deepStrictEqual(await reader.blocksAt([6]), await TRUTH.blocksAt([6]), about);
  await reader.close();
}

for (const [about, lies] of Object.entries({
  'of a transaction': TRANSACTION_LIES,
  'of its place': PROOF_LIES,
  'of a history': HISTORY_LIES,
  'of what spends and is spent': SPENDER_LIES,
})) {
  test(`lies and nonsense ${about}`, async (t) => {
    for (const { what, code, tamper, ask } of lies) {
      const folder = temporaryFolder('esplora-liar');
      const server = await startServer(t, CHAIN);
      server.tamper = (path, answer) => tamper(path, answer) ?? answer;
      const reader = await openReader(t, server, folder);
      const error = await fails(() => ask(reader), code, what);
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error.facts)}`, /html|alert/);
      // It is still a lie when it is told again, and no lie once it is not told any more. A spender that was fetched to see
      // whether it spends is known from then on: then nobody asks again.
      if (lies !== SPENDER_LIES) await fails(() => ask(reader), code, `${what}, again`);
      server.tamper = undefined;
      await ask(reader);
      await reader.close();
      await holdAfterwards(t, folder, what);
    }
  });
}

test('lies about a history that is kept already do not reach it', async (t) => {
  const folder = temporaryFolder('esplora-liar');
  const server = await startServer(t, CHAIN);
  const before = await openReader(t, server, folder);
  await before.histories([{ script: BUSY_SCRIPT, limit: 1000 }]);
  await before.close();
  for (const { tamper, ask } of [...TRANSACTION_LIES, ...PROOF_LIES, ...HISTORY_LIES]) {
    server.tamper = (path, answer) => tamper(path, answer) ?? answer;
    const reader = await openReader(t, server, folder);
    await ask(reader).catch(() => {});
    await reader.close();
  }
  await holdAfterwards(t, folder, 'after all of them');
});

test('where a spender stands is read from itself, whatever is said of it', async (t) => {
  const server = await startServer(t, CHAIN);
  server.tamper = (path, answer) =>
    changed(`tx/${TXID}/outspends`, (spends: { status: Json }[]) => {
      spends[1]!.status['block_height'] = 9;
    })(path, answer) ?? answer;
  const reader = await openReader(t, server, temporaryFolder('esplora-liar'));
  assert.deepStrictEqual(await reader.spenders([SPENT]), await TRUTH.spenders([SPENT]));
});

test('a history of which a part is left out, with a count to match, does not fit its sums', async (t) => {
  const server = await startServer(t, CHAIN);
  const left = CHAIN[9]!.txids[2];
  server.tamper = (path, answer) => {
    if (!/^scripthash/.test(path)) return answer;
    const value = JSON.parse(answer.body);
    if (Array.isArray(value)) {
      return { ...answer, body: JSON.stringify(value.filter(({ txid }) => txid !== left)) };
    }
    value.chain_stats.tx_count -= 1;
    return { ...answer, body: JSON.stringify(value) };
  };
  const folder = temporaryFolder('esplora-liar');
  const reader = await openReader(t, server, folder);
  await fails(() => reader.summaries([BUSY_SCRIPT]), 'CLEW_REMOTE_LIE');
  await fails(() => reader.summaries([BUSY_SCRIPT]), 'CLEW_REMOTE_LIE');
  server.tamper = undefined;
  assert.deepStrictEqual(
    await reader.summaries([BUSY_SCRIPT]),
    await TRUTH.summaries([BUSY_SCRIPT]),
  );
});
