/** Load on an HTTP server by `wrk` (installed by `npm run services`): many connections that ask for listed paths. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../test/support/service-process.ts';

const run = promisify(execFile);

export interface LoadOptions {
  /** Scheme, host and port: `http://127.0.0.1:7777`. */
  readonly base: string;
  /** Asked for in turn, each thread from another place on; at the end from the beginning again. */
  readonly paths: readonly string[];
  readonly seconds: number;
  /** Connections in all; 16 unless told. */
  readonly connections?: number;
  /** 1 unless told: the server needs the other cores. */
  readonly threads?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly bytes: number;
  /** Answers with a status of 400 and above. */
  readonly badStatuses: number;
  /** Connections that failed, requests that were cut or took more than two seconds. */
  readonly failures: number;
}

export function findWrk(): string | undefined {
  return findProgram(['wrk'], ['/usr/bin', '/usr/local/bin']);
}

const SCRIPT = `
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  paths = {}
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  at = math.floor(number * #paths / tonumber(args[2]))
end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,"status":%d,"failures":%d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency.max, e.status, e.connect + e.read + e.write + e.timeout))
end
`;

/**
 * Puts load on a server and reads what `wrk` measured. Await it when the server runs in the same process; better, give
 * the server a process of its own.
 *
 * @throws Error when wrk is missing or fails
 */
export async function runWrk(options: LoadOptions): Promise<LoadResult> {
  const wrk = findWrk();
  if (wrk === undefined) throw new Error('wrk is missing: npm run services');
  const { base, paths, seconds, connections = 16, threads = 1, headers = {} } = options;
  if (paths.length === 0) throw new Error('no paths to ask for');
  const folder = mkdtempSync(join(tmpdir(), 'clew-wrk-'));
  try {
    const script = join(folder, 'paths.lua');
    const list = join(folder, 'paths.txt');
    writeFileSync(script, SCRIPT);
    writeFileSync(list, `${paths.join('\n')}\n`);
    const { stdout } = await run(wrk, [
      ...['-t', String(threads), '-c', String(connections), '-d', `${seconds}s`, '-s', script],
      ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      ...[base, '--', list, String(threads)],
    ]);
    const said = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
    return {
      requests: said['requests']!,
      requestsPerSecond: said['requests']! / (said['microseconds']! / 1e6),
      medianMs: said['p50']! / 1000,
      p90Ms: said['p90']! / 1000,
      p99Ms: said['p99']! / 1000,
      maxMs: said['max']! / 1000,
      bytes: said['bytes']!,
      badStatuses: said['status']!,
      failures: said['failures']!,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
