/**
 * Block files in, ledger out: reads the blocks of a source in chain order, loads them in batches, keeps
 * one batch in flight while the next is being read, and commits the tip with each.
 *
 * Nothing that was indexed is lost. Before a block is taken out of the ledger, to be replaced or to be put behind
 * others, what shall come is read and checked; blocks that were taken out wait in a table of their own until all is
 * in, so that a stop half-way or a bad block loses none of them.
 */
import { ClewError, type Problem } from '../errors.ts';
import {
  forgetWaiting,
  keepWaiting,
  type LedgerBlock,
  listBlocks,
  listFiles,
  listWaitingBlocks,
} from '../ledger/block-directory.ts';
import { BlockLoader } from '../ledger/block-loader.hot.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BlockSource, SourceBlock } from '../source/block-source.ts';
import { ProblemList } from '../source/problem-list.ts';
import { BlockPlaces, damageProblem, isBlockDamage, isUnreadable } from './block-places.ts';
import { type LoadPlan, planLoad } from './load-plan.ts';
import { LoadSession } from './load-session.ts';
import { type PreparedOrError, PreparePool, threadsFor } from './prepare-pool.ts';
import { RawCopy } from './raw-copy.ts';

/** Inputs and outputs in a batch: enough for large inserts, little enough to stay small in memory. */
const BATCH_ROWS = 1_000_000;

/** Inputs and outputs between two checkpoints of the flow index: some seconds of work to do again after a kill. */
const CHECKPOINT_ROWS = 25_000_000;

/** Stopped by the user, or by a disk that has no room for anything. */
const NO_TIME_TO_PUT_BACK = new Set(['CLEW_INTERRUPTED', 'CLEW_NO_SPACE']);

/**
 * Blocks that are checked whole before others go for their sake, and blocks that wait. A reorganisation brings a few, a
 * filled hole or a ledger that is loaded anew many: reading those twice would take hours.
 */
const CHECKED_BEFORE_MAX = 1_000;

/** Blocks of a better branch that readers wait for. With more of them they see the ledger grow again from the fork. */
const EXCHANGED_AT_ONCE_MAX = 200;

export interface IndexProgress {
  /** Of the blocks to load, damaged ones included. */
  readonly blocksDone: number;
  readonly blocksTotal: number;
  readonly transactions: number;
  readonly height: number;
  readonly bytesDone: number;
}

export interface IndexOptions {
  /** Copy each block's bytes into the data folder. */
  readonly keepRawIn?: string;
  /** Inputs and outputs in a batch; smaller ones commit more often. */
  readonly batchRows?: number;
  /** Inputs and outputs between two checkpoints of the flow index. */
  readonly checkpointRows?: number;
  /** Threads that prepare blocks; when left out none for few blocks, else all cores but one. */
  readonly threads?: number;
  readonly onProgress?: (progress: IndexProgress) => void;
  readonly signal?: AbortSignal;
}

export interface IndexResult {
  readonly plan: LoadPlan<SourceBlock>['kind'];
  readonly blocksAdded: number;
  readonly transactionsAdded: number;
  readonly bytesRead: number;
  /** Undone by a reorganisation: the height above which blocks were dropped; -1 when none stayed. */
  readonly undoneAboveHeight?: number;
  readonly problems: readonly Problem[];
}

/**
 * Bring a ledger up to the best chain of what it has and what a source offers.
 *
 * A block whose bytes are damaged is reported and left out; the blocks after it go on as a window of their own.
 *
 * @throws {ClewError} CLEW_INTERRUPTED after a stop was asked for: everything read so far is committed.
 *   CLEW_BLOCK_INVALID, CLEW_LEDGER_LIMIT for amounts: everything before that block is committed.
 *   CLEW_RAW_GONE, CLEW_FILE_UNREADABLE: nothing that was indexed went, what was read before is committed
 */
export async function indexBlocks(
  ledger: Ledger,
  source: BlockSource,
  options: IndexOptions = {},
): Promise<IndexResult> {
  const known = await listBlocks(ledger.engine);
  const waiting = await listWaitingBlocks(ledger.engine);
  const places = new BlockPlaces(source, [...known, ...waiting]);
  const problems = new ProblemList();
  try {
    const plan = makePlan(known, waiting, source, places, problems);
    reportPlan(plan, places, problems);
    const loaded = await carryOut(ledger, plan, known, waiting, places, problems, options).catch(
      async (error: unknown) => {
        await putBack(ledger, places, error, options);
        throw error;
      },
    );
    return {
      plan: plan.kind,
      ...loaded,
      ...(plan.kind === 'reorganise' ? { undoneAboveHeight: plan.undoAboveHeight ?? -1 } : {}),
      problems: [...problems.finish(), ...places.undoProblems()],
    };
  } finally {
    places.close();
  }
}

interface CheckedPlan extends LoadPlan<SourceBlock> {
  /** False when a block that waits can not be read now: it goes on waiting. Undefined when that was not checked before. */
  readonly isAllReadable: boolean | undefined;
}

/** What to do, found damage included: a block that turns out damaged may change what is worth undoing. */
function makePlan(
  known: readonly LedgerBlock[],
  waiting: readonly LedgerBlock[],
  source: BlockSource,
  places: BlockPlaces,
  problems: ProblemList,
): CheckedPlan {
  const isInLedger = new Set(known.map(({ hash }) => hash));
  const areWaitingChecked = waiting.length <= CHECKED_BEFORE_MAX;
  const isWaiting = new Set(areWaitingChecked ? waiting.map(({ hash }) => hash) : []);
  const damaged = new Set<string>();
  const checked = new Set<string>();
  for (;;) {
    const plan = planLoad<SourceBlock>(known, source.blocks, { waiting, damaged });
    const isUndoing = plan.kind === 'reorganise' || plan.kind === 'reload';
    const before = damaged.size;
    for (const block of plan.blocks) {
      if (isInLedger.has(block.hash) || checked.has(block.hash)) continue;
      const isAtRisk = isUndoing && checked.size < CHECKED_BEFORE_MAX;
      if (!isAtRisk && !isWaiting.has(block.hash)) continue;
      checked.add(block.hash);
      const found = places.damageOf(block);
      if (found.length > 0) damaged.add(block.hash);
      for (const { code, message, facts } of found) problems.add(code, message, facts);
    }
    if (damaged.size > before) continue;
    const isAllReadable = waiting.every(({ hash }) => !damaged.has(hash));
    return { ...plan, isAllReadable: areWaitingChecked ? isAllReadable : undefined };
  }
}

/** Undo what must go, load what is to come. */
async function carryOut(
  ledger: Ledger,
  plan: CheckedPlan,
  known: readonly LedgerBlock[],
  waiting: readonly LedgerBlock[],
  places: BlockPlaces,
  problems: ProblemList,
  options: IndexOptions,
): Promise<Loaded> {
  const isUndoing = plan.kind === 'reorganise' || plan.kind === 'reload';
  const exchange = async (): Promise<Loaded> => {
    if (isUndoing) await takeOut(ledger, plan, known, waiting, places);
    if (plan.blocks.length === 0) return { blocksAdded: 0, transactionsAdded: 0, bytesRead: 0 };
    return loadWhole(ledger, plan.blocks, places, problems, options);
  };
  // Readers go from the old branch to the new one in one step, unless they would have to wait for long.
  const isShort = plan.kind === 'reorganise' && plan.blocks.length <= EXCHANGED_AT_ONCE_MAX;
  const loaded = await (isShort ? ledger.gate.switch(exchange) : exchange());
  const hasWaited = isUndoing || waiting.length > 0;
  const isAllIn = plan.isAllReadable ?? loaded.blocksAdded === plan.blocks.length;
  if (hasWaited && isAllIn) await forgetWaiting(ledger.engine);
  return loaded;
}

/**
 * After a failure: what was taken out for the sake of blocks that did not come is loaded again, as far as nothing better is
 * there. When that fails too, the blocks go on waiting for the next run.
 */
async function putBack(
  ledger: Ledger,
  places: BlockPlaces,
  failure: unknown,
  options: IndexOptions,
): Promise<void> {
  if (failure instanceof ClewError && NO_TIME_TO_PUT_BACK.has(failure.code)) return;
  try {
    const known = await listBlocks(ledger.engine);
    const waiting = await listWaitingBlocks(ledger.engine);
    if (waiting.length === 0) return;
    const plan = { ...planLoad<SourceBlock>(known, [], { waiting }), isAllReadable: true };
    places.addOwn([...known, ...waiting]);
    await carryOut(ledger, plan, known, waiting, places, new ProblemList(), options);
  } catch {
    // The first failure is the one to tell.
  }
}

function reportPlan(plan: LoadPlan<SourceBlock>, places: BlockPlaces, problems: ProblemList): void {
  const factsOf = (block: SourceBlock) => places.copiesOf(block)[0]!.facts;
  for (const block of plan.staleBlocks) {
    problems.add(
      'CLEW_BLOCK_STALE',
      `A block at height ${block.height} lies on a branch with no more work than the ledger's.`,
      factsOf(block),
    );
  }
  for (const run of plan.unlinkedRuns) {
    const [first] = run;
    const heightMax = run.at(-1)!.height;
    problems.add(
      'CLEW_BLOCK_UNLINKED',
      `The blocks from height ${first!.height} to ${heightMax} do not link to those of the ledger; they were left out.`,
      { ...factsOf(first!), prevHash: first!.prevHash, heightMax, isLeftOut: true },
    );
  }
  for (const block of plan.windowStarts) {
    problems.add(
      'CLEW_BLOCK_UNLINKED',
      `The blocks from height ${block.height} do not link to those before; they became a window of their own.`,
      { ...factsOf(block), prevHash: block.prevHash, isLeftOut: false },
    );
  }
}

/** Undo the ledger down to where a plan goes on; what goes is kept in mind until what comes is in. */
async function takeOut(
  ledger: Ledger,
  plan: LoadPlan<SourceBlock>,
  known: readonly LedgerBlock[],
  waiting: readonly LedgerBlock[],
  places: BlockPlaces,
): Promise<void> {
  const own = new Set<SourceBlock>(known);
  for (const block of plan.blocks) if (own.has(block)) places.requireHeader(block);
  const isWaiting = new Set(waiting.map(({ hash }) => hash));
  const goes = ({ height }: LedgerBlock): boolean => height > (plan.undoAboveHeight ?? -1);
  await keepWaiting(
    ledger.engine,
    known.filter((block) => goes(block) && !isWaiting.has(block.hash)),
  );
  await ledger.undoAbove(plan.undoAboveHeight ?? -1);
}

type Loaded = Pick<IndexResult, 'blocksAdded' | 'transactionsAdded' | 'bytesRead'>;

/** Load blocks; after a failure the ledger is whole again, and holds everything before a block that is not valid. */
async function loadWhole(
  ledger: Ledger,
  blocks: readonly SourceBlock[],
  places: BlockPlaces,
  problems: ProblemList,
  options: IndexOptions,
): Promise<Loaded> {
  try {
    return await loadBlocks(ledger, blocks, places, problems, options);
  } catch (error) {
    if (error instanceof ClewError && error.code === 'CLEW_INTERRUPTED') throw error;
    // What can not be mended now (a full disk) is mended when the ledger is opened next.
    await ledger.recover().catch(() => undefined);
    // One block that can not be taken in does not cost those before it.
    const codes = ['CLEW_BLOCK_INVALID', 'CLEW_LEDGER_LIMIT'];
    if (!(error instanceof ClewError) || !codes.includes(error.code)) throw error;
    const tipHeight = ledger.tip?.height ?? -1;
    const before = blocks.filter(
      ({ height }) => height > tipHeight && height < Number(error.facts['height']),
    );
    if (before.length > 0) await loadBlocks(ledger, before, places, new ProblemList(), options);
    throw error;
  }
}

async function loadBlocks(
  ledger: Ledger,
  blocks: readonly SourceBlock[],
  places: BlockPlaces,
  problems: ProblemList,
  options: IndexOptions,
): Promise<Loaded> {
  ledger.beginWriting();
  const flow = await ledger.openFlowForWriting();
  const expectedBytes = blocks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const loader = new BlockLoader(flow, ledger.counters, ledger.base, expectedBytes);
  const { keepRawIn, batchRows = BATCH_ROWS, checkpointRows = CHECKPOINT_ROWS, signal } = options;
  const rawCopy = keepRawIn === undefined ? undefined : new RawCopy(keepRawIn, ledger.network);
  const files = await listFiles(ledger.engine);
  const session = new LoadSession(ledger, flow, loader, files, rawCopy, checkpointRows);
  const threads = threadsFor(blocks, options.threads);
  const pool = threads > 0 ? new PreparePool(blocks, ledger.network.name, threads) : undefined;
  const transactionsBefore = flow.txCount;
  let blocksAdded = 0;
  let bytesRead = 0;
  let unreadable: ClewError | undefined;
  try {
    for (const [i, block] of blocks.entries()) {
      if (signal?.aborted) break;
      const added = addBlock(session, block, places, problems, await pool?.next());
      bytesRead += added.bytesRead;
      unreadable = added.unreadable;
      if (unreadable !== undefined) break;
      if (added.isAdded) blocksAdded += 1;
      if (session.batchRows >= batchRows) await session.commit();
      else await session.breathe();
      options.onProgress?.({
        blocksDone: i + 1,
        blocksTotal: blocks.length,
        transactions: flow.txCount,
        height: block.height,
        bytesDone: bytesRead,
      });
    }
    await session.finish();
  } finally {
    await pool?.close();
    rawCopy?.close();
    ledger.abandonWriting();
  }
  if (unreadable !== undefined) throw unreadable;
  if (signal?.aborted) {
    throw new ClewError('CLEW_INTERRUPTED', 'Indexing was stopped; what was read is committed.', {
      height: ledger.tip?.height ?? null,
    });
  }
  return { blocksAdded, transactionsAdded: flow.txCount - transactionsBefore, bytesRead };
}

interface Added {
  readonly isAdded: boolean;
  readonly bytesRead: number;
  /** No copy is whole, and one could not even be read: no reason to leave the block out for good. */
  readonly unreadable?: ClewError | undefined;
}

/**
 * Add a block from the first of its copies that is whole; copies that are not become findings.
 *
 * @param first what became of the first copy, when a thread has seen to it
 */
function addBlock(
  session: LoadSession,
  block: SourceBlock,
  places: BlockPlaces,
  problems: ProblemList,
  first: PreparedOrError | undefined,
): Added {
  const failures: Problem[] = [];
  let bytesRead = 0;
  let unreadable: ClewError | undefined;
  let isAdded = false;
  const copies = places.copiesOf(block);
  const undo = places.undoOf(block, copies);
  for (const [i, copy] of copies.entries()) {
    let add: () => void;
    try {
      if (i === 0 && first !== undefined) {
        if (!isUnreadable(first.error)) bytesRead += block.lengthBytes;
        if (first.error !== undefined) throw first.error;
        const { prepared } = first;
        add = () => session.addPrepared(prepared, block, copy, undo);
      } else {
        const bytes = places.read(copy.place);
        bytesRead += bytes.length;
        add = () => session.add(bytes, block, copy, undo);
      }
    } catch (error) {
      if (isUnreadable(error)) unreadable ??= error;
      else if (!isBlockDamage(error)) throw error;
      failures.push(damageProblem(error, copy, true));
      continue;
    }
    try {
      add();
      isAdded = true;
      break;
    } catch (error) {
      // A page of the ledger that can not be read is no fault of the block: half of it may be added.
      if (!isBlockDamage(error)) throw error;
      failures.push(damageProblem(error, copy, true));
    }
  }
  if (!isAdded && unreadable !== undefined) return { isAdded, bytesRead, unreadable };
  for (const { code, message, facts } of failures) {
    problems.add(code, message, { ...facts, isLeftOut: !isAdded });
  }
  return { isAdded, bytesRead };
}
