/** One bit for each row of a family, in pieces: 450 MB for the outputs of Bitcoin. */

const PIECE_BYTES = 1 << 20;
const PIECE_ROWS = PIECE_BYTES * 8;

export class RowBits {
  readonly #pieces: (Uint8Array | undefined)[] = [];

  /** Set the bit of a row. @returns false when it was set before */
  set(row: number): boolean {
    const piece = Math.floor(row / PIECE_ROWS);
    let bytes = this.#pieces[piece];
    if (bytes === undefined) {
      bytes = new Uint8Array(PIECE_BYTES);
      this.#pieces[piece] = bytes;
    }
    const inPiece = row - piece * PIECE_ROWS;
    const mask = 1 << (inPiece & 7);
    if ((bytes[inPiece >>> 3]! & mask) !== 0) return false;
    bytes[inPiece >>> 3]! |= mask;
    return true;
  }

  has(row: number): boolean {
    const piece = Math.floor(row / PIECE_ROWS);
    const inPiece = row - piece * PIECE_ROWS;
    return ((this.#pieces[piece]?.[inPiece >>> 3] ?? 0) & (1 << (inPiece & 7))) !== 0;
  }
}
