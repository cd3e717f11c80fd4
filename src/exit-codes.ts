/** Exit codes of the command line, by kind of trouble. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  badInput: 4,
  damaged: 5,
  busy: 6,
  version: 7,
  noSpace: 8,
  unavailable: 9,
  interrupted: 130,
} as const;

/** What the catalogue says of an error. */
export interface CatalogueEntry {
  readonly exit: number;
  readonly http: number;
  readonly hint: string;
}
