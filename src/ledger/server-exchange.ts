/**
 * One statement sent to a ClickHouse server, and its answer: whole, within bounds, or a coded error.
 *
 * What answers may be no ClickHouse at all: a proxy that is busy, a login page, a redirect. The client does not tell these
 * apart, so the status is looked at here. Nobody is followed to another address, and no answer may fill the memory.
 */
import { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { systemClock } from '../clock.ts';
import { ClewError, type ErrorFacts } from '../errors.ts';
import { retryAfterMs } from '../net/retry-delay.ts';
import { type ServerName, serverWords } from './server-error.ts';

export interface Statement {
  readonly sql: string;
  /** What follows the statement: the rows of an insert. */
  readonly body?: Uint8Array;
  readonly queryId?: string;
  readonly signal?: AbortSignal;
  readonly settings?: ClickHouseSettings;
  /** Larger answers are refused. */
  readonly bytesMax: number;
}

/** An answer that is for people: a version, a count, an error. */
export const SHORT_ANSWER_BYTES_MAX = 64 * 1024;

const BUSY = new Set([429, 502, 503, 504]);

/** @throws {ClewError} CLEW_REMOTE_*; Error with the server's words, for `serverError` */
export async function exchange(
  client: ClickHouseClient,
  name: ServerName,
  statement: Statement,
): Promise<Buffer> {
  const { sql, body, queryId, signal, settings, bytesMax } = statement;
  const answer = await client.exec({
    query: sql,
    ignore_error_response: true,
    ...(body !== undefined && { values: Readable.from([body]) }),
    ...(queryId !== undefined && { query_id: queryId }),
    ...(signal !== undefined && { abort_signal: signal }),
    ...(settings !== undefined && { clickhouse_settings: settings }),
  });
  const status = answer.http_status_code ?? 0;
  const isGood = status >= 200 && status < 300;
  const { bytes, isWhole } = await collect(
    answer.stream,
    isGood ? bytesMax : SHORT_ANSWER_BYTES_MAX,
  );
  if (!isGood) throw refusal(status, answer.response_headers, bytes.toString(), name);
  if (isWhole) return bytes;
  throw new ClewError(
    'CLEW_REMOTE_TOO_LARGE',
    `${serverWords(name)} answers with more than ${bytesMax} bytes.`,
    { ...name, bytesMax },
  );
}

async function collect(
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
  bytesMax: number,
): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > bytesMax) {
      stream.destroy();
      return { bytes: Buffer.concat(parts), isWhole: false };
    }
    parts.push(part);
  }
  return { bytes: Buffer.concat(parts), isWhole: true };
}

/** What an answer with another status than 2xx means. */
function refusal(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  words: string,
  name: ServerName,
): Error {
  // The engine's own refusals come with 4xx and 5xx too, and say a number.
  if (/\bCode: \d+[.,]/.test(words)) return new Error(words);
  const facts: ErrorFacts = { ...name, status };
  const whom = serverWords(name);
  if (status >= 300 && status < 400) {
    const to = URL.parse(String(headers['location'] ?? ''))?.origin ?? 'nowhere';
    const what = `${whom} sends us to ${to}, where nobody told Clew to go.`;
    return new ClewError('CLEW_REMOTE_REDIRECT', what, { ...facts, to });
  }
  if (BUSY.has(status)) {
    const pauseMs = retryAfterMs(String(headers['retry-after'] ?? ''), systemClock.nowSeconds());
    return new ClewError('CLEW_REMOTE_BUSY', `${whom} is too busy (HTTP ${status}).`, {
      ...facts,
      ...(pauseMs !== undefined && { retryAfterSeconds: Math.ceil(pauseMs / 1000) }),
    });
  }
  return new ClewError(
    'CLEW_REMOTE_FORMAT',
    `${whom} answers, but not as a ClickHouse server does (HTTP ${status}).`,
    facts,
  );
}
