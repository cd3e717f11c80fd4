/**
 * An Esplora server that answers at random something else: changed fields, answers to other questions, cut and flipped bytes,
 * other statuses. Whatever it does, the client gives the right answer or a coded error, and what it kept is right.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import { type SeededRandom, seededRandom } from '../src/bytes/seeded-random.ts';
import { ClewError } from '../src/errors.ts';
import type { EsploraReader } from '../src/ledger/read/esplora-reader.ts';
import type {
  LedgerReader,
  ReadBlock,
  ReadHistory,
  ReadTransaction,
  ReadUnspent,
} from '../src/ledger/read/ledger-reader.ts';
import type { BlockHash, Txid } from '../src/units/ids.ts';
import {
  BUSY_SCRIPT,
  busyChain,
  openReader,
  REGTEST,
  startServer,
} from './support/esplora-client.ts';
import type { Served } from './support/esplora-server.ts';
import { SlowReader } from './support/slow-reader.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const CHAIN = busyChain(8, 5);
const TRUTH = new SlowReader(REGTEST, CHAIN);
const ROUNDS = Number(process.env['CLEW_TEST_ROUNDS'] ?? 40);

type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

/** One thing in a value changed: something at random, or taken from elsewhere in it. */
function mutated(value: Value, random: SeededRandom): Value {
  const copy = structuredClone(value);
  const places: [Value[] | { [name: string]: Value }, string][] = [];
  const walk = (each: Value): void => {
    if (typeof each !== 'object' || each === null) return;
    for (const [name, inner] of Object.entries(each)) {
      places.push([each as { [name: string]: Value }, name]);
      walk(inner);
    }
  };
  walk(copy);
  if (places.length === 0) return odd(random);
  const [holder, name] = random.pick(places);
  const at = holder as { [name: string]: Value };
  switch (random.int(0, 4)) {
    case 0:
      at[name] = odd(random);
      break;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else delete at[name];
      break;
    case 2: {
      const [other, its] = random.pick(places);
      at[name] = structuredClone((other as { [name: string]: Value })[its]!);
      break;
    }
    case 3:
      at[name] = near(at[name]!, random);
      break;
    default:
      if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(name)]!));
      else at[`${name}_`] = 1;
  }
  return copy;
}

function odd(random: SeededRandom): Value {
  return random.pick<Value>([
    null,
    true,
    -1,
    0,
    2 ** 53,
    1e300,
    '',
    '00',
    'ab'.repeat(32),
    [],
    {},
    '🙂',
  ]);
}

function near(value: Value, random: SeededRandom): Value {
  if (typeof value === 'number') return value + random.pick([-1, 1]);
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string' || value === '') return odd(random);
  const at = random.int(0, value.length - 1);
  return value.slice(0, at) + random.pick([...'0123456789abcdefg']) + value.slice(at + 1);
}

function tampered(path: string, answer: Served, random: SeededRandom, other: Served): Served {
  switch (random.int(0, 6)) {
    case 0:
      return other;
    case 1:
      return { status: random.pick([404, 400, 500, 503, 429, 204]), body: answer.body };
    case 2:
      return { ...answer, body: answer.body.slice(0, random.int(0, answer.body.length)) };
    case 3: {
      const body = near(answer.body, random);
      return { ...answer, body: typeof body === 'string' ? body : '' };
    }
    default:
      try {
        return { ...answer, body: JSON.stringify(mutated(JSON.parse(answer.body), random)) };
      } catch {
        return { ...answer, body: path };
      }
  }
}

type Ask = (reader: LedgerReader) => Promise<unknown>;

function questions(random: SeededRandom): Ask[] {
  const txids = Array.from({ length: 4 }, () => random.pick(TRUTH.txids)) as Txid[];
  const hashes = [random.pick(CHAIN).hash as BlockHash];
  const outpoints = txids.map((txid) => ({ txid, vout: random.int(0, 1) }));
  const script = BUSY_SCRIPT;
  const limits = [random.int(1, 60), random.int(1, 60)] as const;
  const height = random.int(0, 9);
  const all: Ask[] = [
    (reader) => reader.transactions(txids),
    (reader) => reader.spenders(outpoints),
    (reader) => reader.histories([{ script, limit: limits[0] }]),
    (reader) => reader.summaries([script]),
    (reader) => reader.unspent([{ script, limit: limits[1] }]),
    (reader) => reader.blockTxids(hashes),
    (reader) => reader.blocksWithHash(hashes),
    (reader) => reader.blocksAt([height]),
  ];
  return random.shuffle(all).slice(0, 4);
}

/** What of an answer is more than the word of the server: the rest is not compared when an answer differs. */
function proven(answer: unknown): unknown {
  const { inputs, outputs, place, ...rest } = answer as Partial<ReadTransaction>;
  if (inputs === undefined || outputs === undefined) {
    const { height, sizeBytes, transactions, ...block } = rest as Partial<ReadBlock>;
    return block;
  }
  return {
    ...rest,
    sizeBytes: 0,
    place: { ...place, height: 0 },
    inputs: inputs.map(({ prevout, sequence }) => ({ prevout, sequence })),
    outputs: outputs.map(({ status, spentBy, ...output }) => output),
  };
}

/** True for what a server can say that nothing contradicts: that something is not there, and what `proven` leaves out. */
function isBelieved(found: unknown, expected: unknown): boolean {
  if (found === undefined) return true;
  const { entries, isWhole } = found as Partial<ReadHistory & ReadUnspent>;
  if (isWhole !== undefined) return false;
  if (entries !== undefined) return entries.length === 0;
  return isDeepStrictEqual(proven(found), proven(expected));
}

async function askOne(reader: EsploraReader, ask: Ask, about: string): Promise<boolean> {
  let found: unknown;
  try {
    found = await ask(reader);
  } catch (error) {
    assert.ok(error instanceof ClewError, `${about}: ${inspect(error)}`);
    assert.match(error.code, /^CLEW_REMOTE_/, `${about}: ${inspect(error)}`);
    return false;
  }
  const expected = (await ask(TRUTH as unknown as LedgerReader)) as unknown[];
  for (const [i, each] of (found as unknown[]).entries()) {
    if (isDeepStrictEqual(each, expected[i]) || isBelieved(each, expected[i])) continue;
    assert.deepStrictEqual(each, expected[i], about);
  }
  return true;
}

test('random tampering: the right answer or a coded error, and a cache that stays right', async (t) => {
  const seed = process.env['CLEW_TEST_SEED'] ?? 'esplora-fuzz';
  t.diagnostic(`replay with CLEW_TEST_SEED=${seed}`);
  const counts = { answered: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const random = seededRandom(`${seed}/${round}`);
    const server = await startServer(t, CHAIN);
    const folder = temporaryFolder('esplora-fuzz');
    const reader = await openReader(t, server, folder);
    const fate = random.fork('answers');
    let last: Served = { status: 200, body: '[]' };
    server.tamper = (path, answer) => {
      const other = last;
      last = answer;
      return fate.chance(0.05) ? tampered(path, answer, fate, other) : answer;
    };
    const asked = questions(random);
    for (const ask of asked) {
      const isAnswered = await askOne(reader, ask, `round ${round}`);
      counts[isAnswered ? 'answered' : 'refused'] += 1;
    }
    server.tamper = undefined;
    await reader.close();
    const later = await openReader(t, server, folder);
    const history = [{ script: BUSY_SCRIPT, limit: 100 }];
    const name = `round ${round}, afterwards`;
    // Claims that nothing contradicted until now are found and dropped, loudly.
    await later.histories(history).catch((error) => assert.equal(error.code, 'CLEW_REMOTE_LIE'));
    assert.deepStrictEqual(await later.histories(history), await TRUTH.histories(history), name);
    await later.close();
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.answered > 0 && counts.refused > 0);
});
