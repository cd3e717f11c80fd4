/**
 * Where a trace begins: ranges of outputs, each under a label, brought into the order and shape that the
 * engine needs.
 */
import { ClewError } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';

/** A range of one output that is followed. */
export interface TraceSource {
  readonly outputIndex: number;
  /** Where the range begins within the output; 0 unless given. */
  readonly startSats?: number;
  /** How long the range is; to the end of the output unless given. */
  readonly lengthSats?: number;
  /** Sources under one label are added up; different labels are kept apart. */
  readonly label: string;
}

/**
 * Labels that are kept apart in one trace. Beyond, the labels of the oldest sources stay and all others
 * count together as FURTHER_LABELS: every label is a counter in every place, and a list of more is read by nobody.
 */
export const LABELS_MAX = 256;
/** The label that takes up what is beyond LABELS_MAX. */
export const FURTHER_LABELS = 'further labels';

/** Sources by output, ascending; ranges of one output stand together, without overlap. */
export interface SortedSources {
  /** The outputs, each once. */
  readonly outputs: Float64Array;
  /** First range of each output; one more entry holds the end. */
  readonly firstRange: Uint32Array;
  readonly starts: Float64Array;
  readonly lengths: Float64Array;
  readonly labels: Uint16Array;
  /** Names by label number; older sources have smaller numbers. */
  readonly labelNames: readonly string[];
  /** Distinct labels that were folded into FURTHER_LABELS. */
  readonly foldedLabels: number;
  /** Satoshi that were named twice and count once. */
  readonly overlapSats: bigint;
}

/**
 * The outputs that pay some scripts, up to the as-of point, in chain order: an address as the beginning of a trace.
 *
 * @param txEnd the first transaction beyond the as-of point
 * @example outputsOfScripts(flow, scripts, flow.txCount).map((outputIndex) => ({ outputIndex, label: address }))
 */
export function outputsOfScripts(
  flow: FlowIndex,
  scripts: Iterable<number>,
  txEnd: number,
): number[] {
  const outputs: number[] = [];
  for (const script of scripts) {
    let output = flow.scriptLastOutput.at(script);
    for (; output !== NONE; output = flow.outputPrevOfScript.at(output)) {
      if (flow.outputTx.at(output) < txEnd) outputs.push(output);
    }
  }
  return outputs.sort((a, b) => a - b);
}

interface Range {
  readonly outputIndex: number;
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/**
 * Check, sort and number the sources of a trace.
 *
 * A satoshi named by two sources counts for the one given first. Outputs worth nothing are left out.
 *
 * @param txEnd the first transaction beyond the as-of point
 * @throws {ClewError} CLEW_TRACE_OPTION when a source lies outside the ledger, after the as-of point, or outside its output
 * @example sortSources(flow, [{ outputIndex: 5, label: 'seed' }], flow.txCount)
 */
export function sortSources(
  flow: FlowIndex,
  sources: readonly TraceSource[],
  txEnd: number,
): SortedSources {
  const ranges = sources
    .map((source) => checkedRange(flow, source, txEnd))
    .filter((range) => range.end > range.start);
  const sorted = ranges.toSorted((a, b) => a.outputIndex - b.outputIndex);
  const labelNumbers = numberLabels(sorted);
  const outputs: number[] = [];
  const firstRange: number[] = [];
  const pieces: { start: number; length: number; label: number }[] = [];
  const overlap = new SatsTotal();
  for (let i = 0; i < sorted.length; ) {
    const outputIndex = sorted[i]!.outputIndex;
    outputs.push(outputIndex);
    firstRange.push(pieces.length);
    // `toSorted` is stable: within an output the ranges are still in the order in which they were given.
    const kept: { start: number; length: number; label: number }[] = [];
    for (; i < sorted.length && sorted[i]!.outputIndex === outputIndex; i += 1) {
      overlap.add(addWithoutOverlap(kept, sorted[i]!, labelNumbers.numberOf(sorted[i]!.label)));
    }
    pieces.push(...kept.sort((a, b) => a.start - b.start));
  }
  firstRange.push(pieces.length);
  return {
    outputs: Float64Array.from(outputs),
    firstRange: Uint32Array.from(firstRange),
    starts: Float64Array.from(pieces, (piece) => piece.start),
    lengths: Float64Array.from(pieces, (piece) => piece.length),
    labels: Uint16Array.from(pieces, (piece) => piece.label),
    labelNames: labelNumbers.names,
    foldedLabels: labelNumbers.folded,
    overlapSats: overlap.value,
  };
}

function checkedRange(flow: FlowIndex, source: TraceSource, txEnd: number): Range {
  const { outputIndex, label } = source;
  if (!(outputIndex >= 0 && outputIndex < flow.outputCount)) {
    throw new ClewError('CLEW_TRACE_OPTION', 'A source of the trace is not in this ledger.');
  }
  if (flow.outputTx.at(outputIndex) >= txEnd) {
    throw new ClewError(
      'CLEW_TRACE_OPTION',
      'A source of the trace is later than the as-of height.',
      {
        outpoint: flow.outpoint(outputIndex),
      },
    );
  }
  const value = flow.outputValue.at(outputIndex);
  const start = source.startSats ?? 0;
  const end = start + (source.lengthSats ?? value - start);
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0)) {
    throw new ClewError('CLEW_TRACE_OPTION', 'The range of a source is not in whole satoshi.', {
      outpoint: flow.outpoint(outputIndex),
    });
  }
  if (end < start || end > value) {
    throw new ClewError('CLEW_TRACE_OPTION', 'The range of a source lies outside its output.', {
      outpoint: flow.outpoint(outputIndex),
      valueSats: value,
    });
  }
  return { outputIndex, start, end, label };
}

/** Number labels by the age of their oldest source. */
function numberLabels(sorted: readonly Range[]): {
  readonly names: readonly string[];
  readonly folded: number;
  numberOf(label: string): number;
} {
  const distinct = [...new Set(sorted.map((range) => range.label))];
  const folds = distinct.length > LABELS_MAX;
  const names = folds ? [...distinct.slice(0, LABELS_MAX - 1), FURTHER_LABELS] : distinct;
  const numbers = new Map(distinct.map((label, i) => [label, Math.min(i, LABELS_MAX - 1)]));
  return {
    names,
    folded: folds ? distinct.length - (LABELS_MAX - 1) : 0,
    numberOf: (label) => numbers.get(label)!,
  };
}

/** Add the parts of a range that no range in `kept` covers; returns how much was covered. */
function addWithoutOverlap(
  kept: { start: number; length: number; label: number }[],
  range: Range,
  label: number,
): number {
  let open = [{ start: range.start, end: range.end }];
  for (const old of kept) {
    const oldEnd = old.start + old.length;
    open = open
      .flatMap((part) => [
        { start: part.start, end: Math.min(part.end, old.start) },
        { start: Math.max(part.start, oldEnd), end: part.end },
      ])
      .filter((part) => part.end > part.start);
  }
  let added = 0;
  for (const part of open) {
    kept.push({ start: part.start, length: part.end - part.start, label });
    added += part.end - part.start;
  }
  return range.end - range.start - added;
}
