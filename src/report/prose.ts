/** Sentences whose claims and figures stay marked, so that text and page say the same words. */

/** Text, a figure to stress, or a service that is named by its sources. */
export type ProsePiece = string | { readonly figure: string } | { readonly service: string };
export type Prose = readonly ProsePiece[];

/**
 * Prose as plain text; a service's name stands in quotation marks with its kind.
 *
 * @param nameOf what to write for a service's key
 */
export function proseText(prose: Prose, nameOf: (serviceKey: string) => string): string {
  return prose
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      return 'figure' in piece ? piece.figure : nameOf(piece.service);
    })
    .join('');
}

/** Pieces with commas and a last "and". */
export function listProse(items: readonly ProsePiece[]): ProsePiece[] {
  return items.flatMap((item, place) => {
    if (place === 0) return [item];
    return [place === items.length - 1 ? ' and ' : ', ', item];
  });
}
