/** Starts the programs of the bench `ledger` and reads what they print. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CpuSeconds, ThreadWatch } from './thread-watch.ts';

export interface ChildResult<T> {
  readonly answer: T;
  readonly cpu: CpuSeconds;
}

function start(program: string, args: readonly string[]) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  return spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** @throws Error when the program does not end with 0 */
export async function runChild<T>(
  program: string,
  args: readonly string[],
): Promise<ChildResult<T>> {
  const child = start(program, args);
  const watch = new ThreadWatch(child.pid!);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const cpu = watch.stop();
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return { answer: JSON.parse(Buffer.concat(chunks).toString()) as T, cpu };
}

/**
 * Run the indexing program and kill it once it has said a number of transactions.
 *
 * @returns what it had committed when it was killed, or undefined when it ended before
 */
export async function killChild(
  program: string,
  args: readonly string[],
  transactionsMin: number,
): Promise<number | undefined> {
  const child = start(program, args);
  let killedAt: number | undefined;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const committed = Number(line);
    if (!(committed >= transactionsMin) || killedAt !== undefined) return;
    if (child.kill('SIGKILL')) killedAt = committed;
  });
  await once(child, 'close');
  return killedAt;
}

/**
 * Take a folder's files out of the file cache of the machine.
 *
 * @returns how it was done, for the page
 */
export function dropFromCache(folder: string): string {
  spawnSync('sync', []);
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    // "Discard cache for the whole file" (posix_fadvise), as the manual of dd has it.
    const { status } = spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
    if (status !== 0) return 'the file cache could NOT be emptied here, so nothing is really cold';
  }
  return 'the ledger was taken out of the file cache of the machine before (posix_fadvise)';
}
