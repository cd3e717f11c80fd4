/** The process of the command line: signals, pipes and the exit code. The work is in run-command-line. */

import { systemClock } from '../clock.ts';
import { EXIT } from '../exit-codes.ts';
import { localHost } from './local-host.ts';
import { runCommandLine } from './run-command-line.ts';

/** npm, a shell and a terminal may each pass the same Ctrl-C on: that counts as one. */
const SAME_KEYPRESS_MS = 300;

function abortOnSignals(): AbortSignal {
  const abort = new AbortController();
  let firstMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const nowMs = systemClock.elapsedMs();
      if (firstMs === undefined) {
        firstMs = nowMs;
        abort.abort();
      } else if (nowMs - firstMs > SAME_KEYPRESS_MS) process.exit(EXIT.interrupted);
    });
  }
  return abort.signal;
}

/** `clew address … | head` ends quietly when head has seen enough. */
function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
      throw error;
    });
  }
}

endQuietlyOnClosedPipe();
const code = await runCommandLine(process.argv.slice(2), localHost(abortOnSignals()));
process.exitCode = code;
