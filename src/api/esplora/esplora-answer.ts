/** Answers and refusals of the Esplora API: JSON, plain text or bytes; errors are plain text with a status. */
import type { ClewError } from '../../errors.ts';
import type { Answer } from '../router.ts';

const TEXT = 'text/plain; charset=utf-8';

/** A refusal as Esplora gives it: a status and some words. */
export class Refusal extends Error {
  readonly status: number;
  /** Seconds after which asking again makes sense. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, words: string, retryAfterSeconds?: number) {
    super(words);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function notFound(words: string): Refusal {
  return new Refusal(404, words);
}

export function badRequest(words: string): Refusal {
  return new Refusal(400, words);
}

export function textAnswer(text: string, status = 200): Answer {
  return { status, type: TEXT, body: text };
}

/** A value whose numbers are all below 2^53. */
export function valueAnswer(value: unknown): Answer {
  return jsonText(JSON.stringify(value));
}

/** JSON that was put together already. */
export function jsonText(text: string): Answer {
  return { type: 'application/json', body: text };
}

export function bytesAnswer(bytes: Uint8Array): Answer {
  return { type: 'application/octet-stream', body: bytes };
}

/** Errors of which the question is the cause. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  CLEW_TXID_FORMAT: 400,
  CLEW_TX_NOT_FOUND: 404,
  CLEW_OUTPUT_NOT_FOUND: 404,
  CLEW_USAGE: 400,
};

/**
 * What a thrown error is to the caller. What can not be answered just now (bytes that are gone, a node that is away, nothing
 * indexed) is 503 with the reason and its code: never a part of an answer. A fault inside says nothing of itself.
 */
export function refusalOf(error: ClewError): Refusal {
  const { code, message } = error;
  if (code === 'CLEW_INTERNAL') {
    return new Refusal(500, 'We encountered an error. Please try again later.');
  }
  const status = code.startsWith('CLEW_ADDRESS_') ? 400 : STATUS_OF_CODE[code];
  if (status !== undefined) return new Refusal(status, message);
  return new Refusal(503, `${message} (${code})`);
}

export function refusalAnswer({ status, message, retryAfterSeconds }: Refusal): Answer {
  return {
    ...textAnswer(message, status),
    ...(retryAfterSeconds === undefined
      ? {}
      : { headers: { 'Retry-After': String(retryAfterSeconds) } }),
  };
}

/** A whole number in a path, as Esplora reads it. @throws {Refusal} 400 */
export function parseNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw badRequest('Invalid number');
  return Number(text);
}

/** A txid or block hash in a path, in lower case. @throws {Refusal} 400 */
export function parseHash(text: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw badRequest('Invalid hash string');
  return text.toLowerCase();
}
