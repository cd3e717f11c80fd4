import { cpus, totalmem } from 'node:os';
import { systemClock } from '../src/clock.ts';
import { formatDay } from '../src/units/time.ts';

/** Day and machine of a run, as they stand above its figures. */
export function dayAndMachine(): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
  return `${formatDay(systemClock.nowSeconds())} · ${machine}`;
}
