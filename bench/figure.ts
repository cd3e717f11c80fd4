/** One measured number with what it must reach. */
export interface BenchFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the figure must at least reach. */
  readonly targetMin?: number;
  /** What the figure must at most be. */
  readonly targetMax?: number;
  /** What was checked before it was timed, or on what it was measured. */
  readonly note?: string;
}

/** @returns undefined when no target was set */
export function meetsTarget(figure: BenchFigure): boolean | undefined {
  if (figure.targetMin !== undefined) return figure.value >= figure.targetMin;
  if (figure.targetMax !== undefined) return figure.value <= figure.targetMax;
  return undefined;
}
