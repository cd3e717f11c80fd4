/**
 * How far a long piece of work is: one line that is written over on a terminal, nothing in a pipe,
 * plain lines every few seconds when asked for with `--progress`.
 */
import type { Clock } from '../clock.ts';
import { groupedNumber } from '../units/number-text.ts';
import type { Terminal, TextSink } from './command.ts';
import { durationText, plainText } from './output.ts';

export interface ProgressState {
  /** Units of work done, and in all when that is known. */
  readonly done: number;
  readonly total?: number;
  /** How much of all is done, 0 to 1, where the units say it badly; goes before `total`. */
  readonly share?: number;
  /** More to show, for example `height 840 000`. */
  readonly detail?: string;
}

export interface Progress {
  update(state: ProgressState): void;
  /** Clears the line; later text starts on a clean one. */
  end(): void;
}

export interface ProgressSettings {
  readonly stderr: TextSink;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Print also where nobody watches (a log). */
  readonly forced: boolean;
  /** What is counted, for the rate: `tx` gives `41 200 tx/s`. */
  readonly unit?: string;
}

const TERMINAL_EVERY_MS = 100;
const LOG_EVERY_MS = 5000;
const SILENT: Progress = { update: () => {}, end: () => {} };

/**
 * The line for one state.
 *
 * @param elapsedMs since the work began
 */
export function progressLine(
  title: string,
  state: ProgressState,
  elapsedMs: number,
  unit: string,
): string {
  const parts = [plainText(title)];
  const { done, total, detail } = state;
  const share = state.share ?? (total === undefined || total === 0 ? undefined : done / total);
  if (share !== undefined) parts.push(`${Math.floor(100 * Math.min(share, 1))} %`);
  parts.push(`${groupedNumber(done)}${unit === '' ? '' : ` ${unit}`}`);
  const seconds = elapsedMs / 1000;
  if (seconds >= 1 && done > 0) {
    const rate = done / seconds;
    const shown = rate >= 10 ? groupedNumber(Math.round(rate)) : rate.toFixed(1);
    parts.push(`${shown}${unit === '' ? '' : ` ${unit}`}/s`);
    if (share !== undefined && share > 0 && share < 1) {
      parts.push(`${durationText((seconds * (1 - share)) / share)} left`);
    }
  }
  if (detail !== undefined && detail !== '') parts.push(plainText(detail));
  return parts.join(' · ');
}

/** Progress for one piece of work, named by its title. */
export function startProgress(title: string, settings: ProgressSettings): Progress {
  const { stderr, terminal, clock, forced, unit = '' } = settings;
  if (!terminal.stderrIsTerminal && !forced) return SILENT;
  const startedMs = clock.elapsedMs();
  const everyMs = terminal.stderrIsTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS;
  let shownMs = Number.NEGATIVE_INFINITY;
  let lineShown = false;
  return {
    update(state) {
      const nowMs = clock.elapsedMs();
      if (nowMs - shownMs < everyMs) return;
      shownMs = nowMs;
      const line = progressLine(title, state, nowMs - startedMs, unit);
      if (terminal.stderrIsTerminal) {
        const cut = [...line].slice(0, Math.max(20, terminal.columns - 1)).join('');
        void stderr.write(`\r\u001b[K${cut}`);
        lineShown = true;
      } else void stderr.write(`${line}\n`);
    },
    end() {
      if (lineShown) void stderr.write('\r\u001b[K');
      lineShown = false;
    },
  };
}
