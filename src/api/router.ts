/**
 * Routes as a table: a path pattern and what answers it.
 *
 * Patterns are segments divided by `/`; a segment that begins with `:` takes one segment of the path as
 * a parameter, decoded. There is no wildcard and no order to remember: a fixed segment wins over `:name`.
 */

import { ClewError } from '../errors.ts';
import type { Html } from '../report/html.ts';

export interface PageRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** True when the caller asked for JSON rather than a page. */
  readonly wantsJson: boolean;
  /** Aborted when the caller went away. */
  readonly signal: AbortSignal;
}

export interface Answer {
  /** 200 unless said otherwise. */
  readonly status?: number;
  /** Media type, for example `text/html; charset=utf-8`. */
  readonly type: string;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the page itself holds and may run; nothing else is allowed. */
  readonly allows?: PageAllows;
}

/** Inline parts of a page that its content security policy lets through, as texts to take the hash of. */
export interface PageAllows {
  readonly styles?: readonly string[];
  readonly scripts?: readonly string[];
}

export type Handler = (request: PageRequest) => Promise<Answer> | Answer;
export type Routes = Readonly<Record<string, Handler>>;

export interface FoundRoute {
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string>>;
}

/** Takes the table once, gives a function from path to route. */
export function createRouter(routes: Routes): (path: string) => FoundRoute | undefined {
  const table = Object.entries(routes).map(([pattern, handler]) => ({
    segments: pattern.split('/').slice(1),
    handler,
  }));
  return (path) => {
    const segments = path.split('/').slice(1).map(decodeSegment);
    let best: FoundRoute | undefined;
    let bestFixed = -1;
    for (const row of table) {
      const params = matchSegments(row.segments, segments);
      const fixed = row.segments.filter((segment) => !segment.startsWith(':')).length;
      if (params !== undefined && fixed > bestFixed) {
        best = { handler: row.handler, params };
        bestFixed = fixed;
      }
    }
    return best;
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw new ClewError('CLEW_USAGE', 'The address holds a broken % sequence.', {}, error);
  }
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const segment = segments[i]!;
    if (part.startsWith(':')) {
      if (segment === '') return undefined;
      params[part.slice(1)] = segment;
    } else if (part !== segment) return undefined;
  }
  return params;
}

/** A page as an answer; `style` is the style sheet that stands in it. */
export function htmlAnswer(page: Html, style: string, status = 200): Answer {
  return {
    status,
    type: 'text/html; charset=utf-8',
    body: page.markup,
    allows: { styles: [style] },
  };
}

/** A value as JSON; bigints become decimal strings. */
export function jsonAnswer(value: unknown, status = 200, type = 'application/json'): Answer {
  const body = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? part.toString() : part,
  );
  return { status, type, body: `${body}\n` };
}
