/**
 * What happened to scripts, from `script_events`: pages of histories, sums, unspent outputs.
 *
 * Scripts with few events are asked for together, as many as make a statement of bounded size. Those with many are asked for
 * one by one, in a way that keeps the server's memory bounded: a page reads the newest events only, unspent outputs
 * are found in windows of outputs.
 */
import { NO_ROW_SQL } from '../schema.ts';
import type { SqlState, Wide } from './sql-state.ts';

/** Events read for each entry of a page of a busy script at first. */
const EVENTS_PER_ENTRY = 4;

/** A page to be read, of rows. */
export interface SqlPageQuestion {
  readonly script: number;
  /** Only transactions before this row. */
  readonly txEnd: number;
  readonly limit: number;
}

/** A transaction of a history, of rows. */
export interface SqlHistoryEntry {
  readonly tx: number;
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
}

export interface SqlPage {
  /** Newest first. */
  readonly entries: readonly SqlHistoryEntry[];
  readonly hasMore: boolean;
}

const RECEIVED = 'if(is_input = 0, value, 0)';
const SENT = 'if(is_input = 1, value, 0)';

/** An exact sum of 64-bit numbers, as a decimal string: two limits beyond which a server of 2018 would lose digits. */
function exactSum(amount: string): string {
  return `toString(sum(toDecimal128(${amount}, 0)))`;
}

/** How many events each script has. One statement (for each 2,000 scripts). */
export async function countEvents(
  state: SqlState,
  scripts: Iterable<number>,
): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  await state.inChunks([...new Set(scripts)], state.limits.namesPerStatement, async (some) => {
    const found = await state.query<{ s: Wide; events: Wide }>(
      `SELECT script_id AS s, count() AS events FROM script_events
       WHERE script_id IN (${state.list('scripts', some)}) AND tx_index < ${state.end('transactions')}
       GROUP BY script_id`,
    );
    for (const { s, events } of found) counts.set(state.plain('scripts', s), Number(events));
  });
  return counts;
}

/** Items in groups whose events one statement can take; busy ones alone. */
function grouped<Item extends { readonly script: number }>(
  state: SqlState,
  items: readonly Item[],
  counts: ReadonlyMap<number, number>,
): { readonly few: readonly (readonly Item[])[]; readonly busy: readonly Item[] } {
  const few: Item[][] = [];
  const busy: Item[] = [];
  let events = state.limits.eventsPerStatement;
  for (const item of items) {
    const own = counts.get(item.script) ?? 0;
    if (own === 0) continue;
    if (own > state.limits.fewEvents) {
      busy.push(item);
      continue;
    }
    events += own;
    if (
      events > state.limits.eventsPerStatement ||
      few.at(-1)!.length >= state.limits.namesPerStatement
    ) {
      few.push([]);
      events = own;
    }
    few.at(-1)!.push(item);
  }
  return { few, busy };
}

/** Questions about the same script go into different rounds: a statement has one answer for each script. */
function rounds<Item extends { readonly script: number }>(items: readonly Item[]): Item[][] {
  const asked = new Map<number, number>();
  const all: Item[][] = [];
  for (const item of items) {
    const round = asked.get(item.script) ?? 0;
    asked.set(item.script, round + 1);
    all[round] ??= [];
    all[round].push(item);
  }
  return all;
}

/**
 * Pages of histories. Two statements for scripts with few events, whatever their number; one (rarely more) for each busy one.
 */
export async function readPages(
  state: SqlState,
  questions: readonly SqlPageQuestion[],
): Promise<ReadonlyMap<SqlPageQuestion, SqlPage>> {
  const counts = await countEvents(
    state,
    questions.map(({ script }) => script),
  );
  const pages = new Map<SqlPageQuestion, SqlPage>();
  for (const round of rounds(questions)) {
    const { few, busy } = grouped(state, round, counts);
    await state.inChunks(few, 1, async ([some]) => {
      await readFewPages(state, some!, pages);
    });
    await state.inChunks(busy, 1, async ([one]) => {
      pages.set(one!, await readBusyPage(state, one!));
    });
  }
  return pages;
}

async function readFewPages(
  state: SqlState,
  questions: readonly SqlPageQuestion[],
  pages: Map<SqlPageQuestion, SqlPage>,
): Promise<void> {
  const limitMax = Math.max(...questions.map(({ limit }) => limit));
  const scripts = state.list(
    'scripts',
    questions.map(({ script }) => script),
  );
  const [{ txEnd }] = questions as [SqlPageQuestion];
  const isOneEnd = questions.every((question) => question.txEnd === txEnd);
  const end = isOneEnd
    ? state.sql('transactions', txEnd)
    : `transform(script_id, [${scripts}], [${state.list(
        'transactions',
        questions.map((question) => question.txEnd),
      )}], toUInt64(0))`;
  const rows = await state.query<{ s: Wide; t: Wide; received: string; sent: string }>(
    `SELECT script_id AS s, tx_index AS t, ${exactSum(RECEIVED)} AS received, ${exactSum(SENT)} AS sent
     FROM script_events WHERE script_id IN (${scripts}) AND tx_index < ${end}
     GROUP BY script_id, tx_index ORDER BY script_id, tx_index DESC LIMIT ${limitMax + 1} BY script_id`,
  );
  const byScript = new Map<number, SqlHistoryEntry[]>();
  for (const { s, t, received, sent } of rows) {
    const script = state.plain('scripts', s);
    const entry = {
      tx: state.plain('transactions', t),
      receivedSats: BigInt(received),
      sentSats: BigInt(sent),
    };
    const entries = byScript.get(script);
    if (entries === undefined) byScript.set(script, [entry]);
    else entries.push(entry);
  }
  for (const question of questions) {
    const entries = byScript.get(question.script) ?? [];
    pages.set(question, {
      entries: entries.slice(0, question.limit),
      hasMore: entries.length > question.limit,
    });
  }
}

/** The newest events only, more of them when they are all of a few transactions. */
async function readBusyPage(
  state: SqlState,
  { script, txEnd, limit }: SqlPageQuestion,
): Promise<SqlPage> {
  for (let eventsMax = EVENTS_PER_ENTRY * (limit + 1); ; eventsMax *= 8) {
    const rows = await state.query<{ t: Wide; isIn: number; sats: Wide }>(
      `SELECT tx_index AS t, is_input AS isIn, value AS sats FROM script_events
       WHERE script_id = ${state.sql('scripts', script)} AND tx_index < ${state.sql('transactions', txEnd)}
       ORDER BY tx_index DESC LIMIT ${eventsMax}`,
    );
    const entries: { tx: number; receivedSats: bigint; sentSats: bigint }[] = [];
    for (const { t, isIn, sats } of rows) {
      const tx = state.plain('transactions', t);
      if (entries.at(-1)?.tx !== tx) {
        // One more than the page: it may be cut, and only says that there is more.
        if (entries.length > limit) break;
        entries.push({ tx, receivedSats: 0n, sentSats: 0n });
      }
      const entry = entries.at(-1)!;
      if (isIn === 1) entry.sentSats += BigInt(sats);
      else entry.receivedSats += BigInt(sats);
    }
    if (rows.length < eventsMax || entries.length > limit) {
      return { entries: entries.slice(0, limit), hasMore: entries.length > limit };
    }
  }
}

/** Of the pairs of a script and a transaction, those that touch: as `script:tx`. One statement (for each 2,000 scripts). */
export async function readTouches(
  state: SqlState,
  pairs: readonly { readonly script: number; readonly tx: number }[],
): Promise<ReadonlySet<string>> {
  const touches = new Set<string>();
  await state.inChunks(pairs, state.limits.namesPerStatement, async (some) => {
    const scripts = new Set(some.map(({ script }) => script));
    const txs = new Set(some.map(({ tx }) => tx));
    const found = await state.query<{ s: Wide; t: Wide }>(
      `SELECT DISTINCT script_id AS s, tx_index AS t FROM script_events
       WHERE script_id IN (${state.list('scripts', scripts)})
         AND tx_index IN (${state.list('transactions', txs)})`,
    );
    for (const { s, t } of found) {
      touches.add(`${state.plain('scripts', s)}:${state.plain('transactions', t)}`);
    }
  });
  return touches;
}

export interface SqlSums {
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
  readonly outputs: number;
  readonly inputs: number;
  readonly transactions: number;
  readonly firstTx: number;
  readonly lastTx: number;
}

/** Sums and counts of scripts; no entry for one without events. One statement (for each 2,000 scripts). */
export async function readSums(
  state: SqlState,
  scripts: Iterable<number>,
): Promise<ReadonlyMap<number, SqlSums>> {
  const sums = new Map<number, SqlSums>();
  await state.inChunks([...new Set(scripts)], state.limits.namesPerStatement, async (some) => {
    const rows = await state.query<
      Record<'s' | 'received' | 'sent' | 'events' | 'ins' | 'txs' | 'first_t' | 'last_t', Wide>
    >(
      `SELECT script_id AS s, ${exactSum(RECEIVED)} AS received, ${exactSum(SENT)} AS sent,
         count() AS events, sum(is_input) AS ins, uniqExact(tx_index) AS txs,
         min(tx_index) AS first_t, max(tx_index) AS last_t
       FROM script_events
       WHERE script_id IN (${state.list('scripts', some)}) AND tx_index < ${state.end('transactions')}
       GROUP BY script_id`,
    );
    for (const row of rows) {
      sums.set(state.plain('scripts', row.s), {
        receivedSats: BigInt(row.received),
        sentSats: BigInt(row.sent),
        outputs: Number(row.events) - Number(row.ins),
        inputs: Number(row.ins),
        transactions: Number(row.txs),
        firstTx: state.plain('transactions', row.first_t),
        lastTx: state.plain('transactions', row.last_t),
      });
    }
  });
  return sums;
}

/** An unspent output, of rows. */
export interface SqlUnspent {
  readonly output: number;
  readonly valueSats: number;
}

/**
 * Unspent outputs of scripts, newest first, one more than asked for when there are more. Two statements for scripts with few
 * events, whatever their number; one for each window of a busy one.
 */
export async function readUnspent(
  state: SqlState,
  questions: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, readonly SqlUnspent[]>> {
  const counts = await countEvents(state, questions.keys());
  const items = Array.from(questions, ([script, limit]) => ({ script, limit }));
  const { few, busy } = grouped(state, items, counts);
  const unspent = new Map<number, SqlUnspent[]>();
  const { outputs } = state.ends;
  await state.inChunks(few, 1, async ([some]) => {
    await readUnspentBetween(state, some!, [state.spendableFrom, outputs], unspent);
  });
  await state.inChunks(busy, 1, async ([one]) => {
    const windows = Math.ceil(counts.get(one!.script)! / state.limits.eventsPerStatement);
    const width = Math.max(1, Math.ceil((outputs - state.spendableFrom) / windows));
    for (let end = outputs; end > state.spendableFrom; end -= width) {
      const found = unspent.get(one!.script)?.length ?? 0;
      if (found > one!.limit) return;
      const range = [Math.max(state.spendableFrom, end - width), end] as const;
      await readUnspentBetween(state, [one!], range, unspent);
    }
  });
  return unspent;
}

async function readUnspentBetween(
  state: SqlState,
  questions: readonly { readonly script: number; readonly limit: number }[],
  [from, end]: readonly [number, number],
  unspent: Map<number, SqlUnspent[]>,
): Promise<void> {
  const scripts = state.list(
    'scripts',
    questions.map(({ script }) => script),
  );
  const limitMax = Math.max(...questions.map(({ limit }) => limit));
  const destroyed = [...state.destroyed].flatMap(([output, tx]) => {
    return tx < state.ends.transactions ? [output] : [];
  });
  const isThere =
    destroyed.length === 0 ? '' : `AND output_index NOT IN (${state.list('outputs', destroyed)})`;
  const rows = await state.query<{ s: Wide; o: Wide; sats: Wide }>(
    `SELECT script_id AS s, output_index AS o, any(value) AS sats FROM script_events
     WHERE script_id IN (${scripts}) AND tx_index < ${state.end('transactions')}
       AND output_index != ${NO_ROW_SQL}
       AND output_index >= ${state.sql('outputs', from)} AND output_index < ${state.sql('outputs', end)}
       ${isThere}
     GROUP BY script_id, output_index HAVING max(is_input) = 0
     ORDER BY script_id, output_index DESC LIMIT ${limitMax + 1} BY script_id`,
  );
  for (const { s, o, sats } of rows) {
    const script = state.plain('scripts', s);
    const each = { output: state.plain('outputs', o), valueSats: Number(sats) };
    const known = unspent.get(script);
    if (known === undefined) unspent.set(script, [each]);
    else known.push(each);
  }
}
