/**
 * Scripts as Bitcoin Core packs them in its own files: the usual ones are a code and their hash or key.
 *
 *   code 0     20 bytes   pay to public key hash
 *        1     20 bytes   pay to script hash
 *        2, 3  32 bytes   pay to public key, compressed key that begins with this byte
 *        4, 5  32 bytes   pay to public key, uncompressed key: x only, y is even (4) or odd (5)
 *        n     n - 6      any other script as it is
 *
 * Source: Bitcoin Core `src/compressor.{h,cpp}`, `DecompressScript`; the curve is secp256k1 of SEC 2.
 */

/** Codes below this one stand for a form, the others for a length. */
export const SCRIPT_FORMS = 6;

const OP_DUP = 0x76;
const OP_HASH160 = 0xa9;
const OP_EQUAL = 0x87;
const OP_EQUALVERIFY = 0x88;
const OP_CHECKSIG = 0xac;

const HASH_BYTES = 20;
const COORDINATE_BYTES = 32;

/** The prime of the field of secp256k1; it is 3 modulo 4, so a root is a power. */
const FIELD = 2n ** 256n - 2n ** 32n - 977n;
const ROOT_EXPONENT = (FIELD + 1n) / 4n;

/** Bytes that follow a code below `SCRIPT_FORMS`. */
export function packedScriptBytes(code: number): number {
  return code < 2 ? HASH_BYTES : COORDINATE_BYTES;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % FIELD;
    square = (square * square) % FIELD;
  }
  return result;
}

/**
 * The y coordinate of the point of secp256k1 with this x, or undefined when the curve has none there.
 *
 * Some 100 microseconds; only keys of the first years are stored in this form.
 */
function yOf(x: bigint, isOdd: boolean): bigint | undefined {
  if (x >= FIELD) return undefined;
  const ySquared = (x * x * x + 7n) % FIELD;
  const y = power(ySquared, ROOT_EXPONENT);
  if ((y * y) % FIELD !== ySquared) return undefined;
  return (y & 1n) === (isOdd ? 1n : 0n) ? y : FIELD - y;
}

/** Writes 65 bytes; false when there is no such key. */
function writeUncompressedKey(
  from: Uint8Array,
  at: number,
  isOdd: boolean,
  to: Uint8Array,
  toAt: number,
): boolean {
  const xHex = Buffer.from(from.buffer, from.byteOffset + at, COORDINATE_BYTES).toString('hex');
  const y = yOf(BigInt(`0x${xHex}`), isOdd);
  if (y === undefined) return false;
  to[toAt] = 4;
  to.set(from.subarray(at, at + COORDINATE_BYTES), toAt + 1);
  to.set(Buffer.from(y.toString(16).padStart(64, '0'), 'hex'), toAt + 33);
  return true;
}

/**
 * Write out a packed script of one of the six forms.
 *
 * @param code below `SCRIPT_FORMS`
 * @param from where `packedScriptBytes(code)` bytes stand at `at`
 * @param to takes up to 67 bytes at `toAt`
 * @returns the length of the script, or -1 when the key is no point of the curve
 * @example unpackScript(0, keyHash, 0, script, 0) // 25
 */
export function unpackScript(
  code: number,
  from: Uint8Array,
  at: number,
  to: Uint8Array,
  toAt: number,
): number {
  switch (code) {
    case 0:
      to[toAt] = OP_DUP;
      to[toAt + 1] = OP_HASH160;
      to[toAt + 2] = HASH_BYTES;
      for (let i = 0; i < HASH_BYTES; i += 1) to[toAt + 3 + i] = from[at + i]!;
      to[toAt + 23] = OP_EQUALVERIFY;
      to[toAt + 24] = OP_CHECKSIG;
      return 25;
    case 1:
      to[toAt] = OP_HASH160;
      to[toAt + 1] = HASH_BYTES;
      for (let i = 0; i < HASH_BYTES; i += 1) to[toAt + 2 + i] = from[at + i]!;
      to[toAt + 22] = OP_EQUAL;
      return 23;
    case 2:
    case 3:
      to[toAt] = 33;
      to[toAt + 1] = code;
      for (let i = 0; i < COORDINATE_BYTES; i += 1) to[toAt + 2 + i] = from[at + i]!;
      to[toAt + 34] = OP_CHECKSIG;
      return 35;
    default:
      to[toAt] = 65;
      if (!writeUncompressedKey(from, at, code === 5, to, toAt + 1)) return -1;
      to[toAt + 66] = OP_CHECKSIG;
      return 67;
  }
}
