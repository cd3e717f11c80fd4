/** What the pages take from the query of their address. */
import { ClewError } from '../errors.ts';
import type { PageRequest } from './router.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1000;
const HEIGHT_MAX = 0xffff_fffe;

export interface PageQuery {
  readonly page: { readonly limit: number; readonly cursor?: string };
  readonly asOf?: number;
}

/**
 * `limit`, `cursor` and `asOf` of a request.
 *
 * @throws {ClewError} CLEW_USAGE
 */
export function readPageQuery({ query }: PageRequest): PageQuery {
  const limit = readCount(query, 'limit', 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const cursor = query.get('cursor');
  const asOf = readCount(query, 'asOf', 0, HEIGHT_MAX);
  return {
    page: cursor === null || cursor === '' ? { limit } : { limit, cursor },
    ...(asOf !== undefined && { asOf }),
  };
}

function readCount(
  query: URLSearchParams,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw new ClewError('CLEW_USAGE', `${name} is a whole number from ${min} to ${max}.`, {
    parameter: name,
  });
}

/** The query of a link to another page of the same state of the chain. */
export function keptQuery(asOf: number | undefined, cursor?: string): string {
  const query = new URLSearchParams();
  if (asOf !== undefined) query.set('asOf', String(asOf));
  if (cursor !== undefined) query.set('cursor', cursor);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
