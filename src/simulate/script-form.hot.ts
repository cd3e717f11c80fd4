/**
 * The forms in which simulated actors receive and spend, as bytes.
 *
 * A key is a number; its 32 bytes are derived from that number and the seed whenever they are needed, so
 * nothing is kept per key. They have the right prefix and length but are points of no curve, and
 * signatures are random bytes in the right shape: whoever reads blocks can not tell, whoever
 * verifies signatures will. What must agree does agree: a spend reveals the key, redeem script or witness
 * script whose hash stands in the output.
 *
 * Cost: one short HASH160 per new P2PKH or P2WPKH output, none to spend one. Everything is written
 * into the caller's buffer; `#scratch` is valid within one call only.
 */
import { hash } from 'node:crypto';
import { sha256 } from '../bytes/hash.ts';
import type { SeededRandom } from '../bytes/seeded-random.ts';
import { hash160Short, ripemd160Of32, SHORT_BYTES_MAX } from './short-hash.hot.ts';

/** How an output is written and spent. */
export const FORM = {
  p2pk: 0,
  p2pkUncompressed: 1,
  p2pkh: 2,
  p2pkhUncompressed: 3,
  p2shP2wpkh: 4,
  p2wpkh: 5,
  p2tr: 6,
  p2trScript: 7,
  p2shMultisig: 8,
  p2wshMultisig: 9,
  p2shP2wshMultisig: 10,
  bareMultisig: 11,
  nonstandard: 12,
  futureWitness: 13,
} as const;
export type Form = (typeof FORM)[keyof typeof FORM];

/** Weight units of an input of each form (BIP 141), as wallets estimate it for their fee. */
export const INPUT_WEIGHT: readonly number[] = [
  456, 456, 592, 720, 364, 272, 230, 299, 1188, 419, 559, 460, 168, 164,
];
/** Weight units of an output of each form. */
export const OUTPUT_WEIGHT: readonly number[] = [
  176, 304, 136, 136, 128, 124, 172, 172, 128, 172, 128, 320, 68, 172,
];

/** True when spending the form puts data into the witness. */
export function hasWitness(form: number): boolean {
  return (
    (form >= FORM.p2shP2wpkh && form <= FORM.p2trScript) ||
    form === FORM.p2wshMultisig ||
    form === FORM.p2shP2wshMultisig
  );
}

export const SIGHASH = { all: 0x01, allAnyone: 0x81, singleAnyone: 0x83 } as const;

const COMPRESSED_KEY = 33;
const UNCOMPRESSED_KEY = 65;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;
const OP_2 = 0x52;
const OP_3 = 0x53;
/** Bytes of `2 <key> <key> <key> 3 OP_CHECKMULTISIG` with compressed keys. */
const REDEEM_2_OF_3 = 3 + 3 * 34;

/** Mixes 32 bits so that each output bit depends on each input bit (MurmurHash3's finalizer). */
function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** Writes keys, scripts, signatures for one simulated economy. */
export class ScriptForge {
  readonly #salt: Int32Array;
  readonly #random: SeededRandom;
  readonly #scratch = new Uint8Array(512);

  /** @param random where signatures come from; its seed also sets every key */
  constructor(random: SeededRandom) {
    const digest = sha256(new TextEncoder().encode(`clew-keys:${random.seed}`));
    const view = new DataView(digest.buffer, digest.byteOffset, 32);
    this.#salt = Int32Array.from({ length: 8 }, (_, i) => view.getInt32(4 * i));
    this.#random = random;
  }

  /** The 32 bytes of a key: an x coordinate, a Taproot output key. Part tells keys of one script apart. */
  writeKeyBytes(key: number, part: number, target: Uint8Array, at: number): void {
    const salt = this.#salt;
    for (let i = 0; i < 8; i += 1) {
      const word = mix32(
        mix32(key + salt[i]!) ^ (Math.imul(part + 1, 0x9e3779b1) + salt[(i + 3) & 7]!),
      );
      const p = at + 4 * i;
      target[p] = word;
      target[p + 1] = word >>> 8;
      target[p + 2] = word >>> 16;
      target[p + 3] = word >>> 24;
    }
  }

  /** A public key of 33 bytes; returns the end. */
  writeCompressed(key: number, part: number, target: Uint8Array, at: number): number {
    target[at] = 2 + (mix32(key + this.#salt[part & 7]!) & 1);
    this.writeKeyBytes(key, part, target, at + 1);
    return at + COMPRESSED_KEY;
  }

  /** The same key with both coordinates, 65 bytes; returns the end. */
  writeUncompressed(key: number, part: number, target: Uint8Array, at: number): number {
    target[at] = 4;
    this.writeKeyBytes(key, part, target, at + 1);
    this.writeKeyBytes(key, part + 100, target, at + 33);
    return at + UNCOMPRESSED_KEY;
  }

  /** `2 <key> <key> <key> 3 OP_CHECKMULTISIG`; returns the end. */
  #writeRedeem(key: number, target: Uint8Array, at: number): number {
    let end = at;
    target[end++] = OP_2;
    for (let part = 0; part < 3; part += 1) {
      target[end++] = COMPRESSED_KEY;
      end = this.writeCompressed(key, part, target, end);
    }
    target[end++] = OP_3;
    target[end++] = OP_CHECKMULTISIG;
    return end;
  }

  /** HASH160 of the key as this form uses it, 20 bytes; returns the end. */
  #writeKeyHash(form: number, key: number, target: Uint8Array, at: number): number {
    const scratch = this.#scratch;
    if (form === FORM.p2pkhUncompressed) {
      // 65 bytes are more than one block.
      const digest = hash(
        'sha256',
        scratch.subarray(0, this.writeUncompressed(key, 0, scratch, 0)),
        'buffer',
      );
      ripemd160Of32(digest, 0, target, at);
    } else {
      hash160Short(scratch, 0, this.writeCompressed(key, 0, scratch, 0), target, at);
    }
    return at + 20;
  }

  /** `OP_0 <20 bytes>`, the hash of the compressed key; returns the end. */
  #writeKeyProgram(key: number, target: Uint8Array, at: number): number {
    target[at] = 0;
    target[at + 1] = 20;
    return this.#writeKeyHash(FORM.p2wpkh, key, target, at + 2);
  }

  /** `OP_0 <32 bytes>`, the hash of the witness script; returns the end. */
  #writeScriptProgram(key: number, target: Uint8Array, at: number): number {
    const end = this.#writeRedeem(key, this.#scratch, 0);
    target[at] = 0;
    target[at + 1] = 32;
    target.set(hash('sha256', this.#scratch.subarray(0, end), 'buffer'), at + 2);
    return at + 34;
  }

  /** `OP_HASH160 <20 bytes> OP_EQUAL` over the script at `from` in the scratch; returns the end. */
  #writeP2sh(from: number, to: number, target: Uint8Array, at: number): number {
    const scratch = this.#scratch;
    target[at] = 0xa9;
    target[at + 1] = 20;
    if (to - from <= SHORT_BYTES_MAX) hash160Short(scratch, from, to - from, target, at + 2);
    else ripemd160Of32(hash('sha256', scratch.subarray(from, to), 'buffer'), 0, target, at + 2);
    target[at + 22] = 0x87;
    return at + 23;
  }

  /** The scriptPubKey of that key in that form; returns the end. At most 256 bytes are written. */
  writeOutputScript(form: number, key: number, target: Uint8Array, at: number): number {
    const scratch = this.#scratch;
    switch (form) {
      case FORM.p2pk:
      case FORM.p2pkUncompressed: {
        const compressed = form === FORM.p2pk;
        target[at] = compressed ? COMPRESSED_KEY : UNCOMPRESSED_KEY;
        const end = compressed
          ? this.writeCompressed(key, 0, target, at + 1)
          : this.writeUncompressed(key, 0, target, at + 1);
        target[end] = OP_CHECKSIG;
        return end + 1;
      }
      case FORM.p2pkh:
      case FORM.p2pkhUncompressed:
        target[at] = 0x76;
        target[at + 1] = 0xa9;
        target[at + 2] = 20;
        this.#writeKeyHash(form, key, target, at + 3);
        target[at + 23] = 0x88;
        target[at + 24] = OP_CHECKSIG;
        return at + 25;
      case FORM.p2wpkh:
        return this.#writeKeyProgram(key, target, at);
      case FORM.p2shP2wpkh:
        return this.#writeP2sh(256, this.#writeKeyProgram(key, scratch, 256), target, at);
      case FORM.p2tr:
      case FORM.p2trScript:
        target[at] = 0x51;
        target[at + 1] = 32;
        this.writeKeyBytes(key, 0, target, at + 2);
        return at + 34;
      case FORM.futureWitness:
        target[at] = 0x52 + (key % 15);
        target[at + 1] = 32;
        this.writeKeyBytes(key, 0, target, at + 2);
        return at + 34;
      default:
        return this.#writeRareScript(form, key, target, at);
    }
  }

  #writeRareScript(form: number, key: number, target: Uint8Array, at: number): number {
    const scratch = this.#scratch;
    switch (form) {
      case FORM.p2shMultisig:
        return this.#writeP2sh(0, this.#writeRedeem(key, scratch, 0), target, at);
      case FORM.p2wshMultisig:
        return this.#writeScriptProgram(key, target, at);
      case FORM.p2shP2wshMultisig:
        return this.#writeP2sh(256, this.#writeScriptProgram(key, scratch, 256), target, at);
      case FORM.bareMultisig: {
        // 1 of 2.
        let end = at;
        target[end++] = 0x51;
        for (let part = 0; part < 2; part += 1) {
          target[end++] = COMPRESSED_KEY;
          end = this.writeCompressed(key, part, target, end);
        }
        target[end++] = OP_2;
        target[end++] = OP_CHECKMULTISIG;
        return end;
      }
      case FORM.nonstandard: {
        // <4 bytes> OP_DROP OP_5 OP_EQUAL: whoever says five may have it.
        const word = mix32(key + this.#salt[0]!);
        target[at] = 4;
        for (let i = 0; i < 4; i += 1) target[at + 1 + i] = word >>> (8 * i);
        target[at + 5] = 0x75;
        target[at + 6] = 0x55;
        target[at + 7] = 0x87;
        return at + 8;
      }
      default:
        throw new RangeError(`no script form ${form}`);
    }
  }

  #fill(target: Uint8Array, at: number, length: number): void {
    for (let i = 0; i < length; i += 4) {
      const word = this.#random.u32();
      const p = at + i;
      target[p] = word;
      if (i + 1 < length) target[p + 1] = word >>> 8;
      if (i + 2 < length) target[p + 2] = word >>> 16;
      if (i + 3 < length) target[p + 3] = word >>> 24;
    }
  }

  /**
   * An ECDSA signature in strict DER (BIP 66) with low S, 70 or 71 bytes, and its sighash byte, after a
   * push of its length; returns the end. With `lowR` it is always 70.
   */
  writeSignaturePush(sighash: number, lowR: boolean, target: Uint8Array, at: number): number {
    const highR = !lowR && (this.#random.u32() & 1) === 1;
    const rLength = highR ? 33 : 32;
    const derLength = 4 + rLength + 32;
    let p = at;
    target[p++] = derLength + 2 + 1;
    target[p++] = 0x30;
    target[p++] = derLength;
    target[p++] = 2;
    target[p++] = rLength;
    if (highR) target[p++] = 0;
    this.#fill(target, p, 32);
    target[p] = highR ? target[p]! | 0x80 : (target[p]! & 0x7f) | 0x01;
    p += 32;
    target[p++] = 2;
    target[p++] = 32;
    this.#fill(target, p, 32);
    target[p] = (target[p]! & 0x7f) | 0x01;
    p += 32;
    target[p++] = sighash;
    return p;
  }

  /** The content of a scriptSig, without its length; returns the end. */
  writeScriptSig(
    form: number,
    key: number,
    sighash: number,
    lowR: boolean,
    target: Uint8Array,
    at: number,
  ): number {
    switch (form) {
      case FORM.p2pk:
      case FORM.p2pkUncompressed:
        return this.writeSignaturePush(sighash, lowR, target, at);
      case FORM.p2pkh: {
        const end = this.writeSignaturePush(sighash, lowR, target, at);
        target[end] = COMPRESSED_KEY;
        return this.writeCompressed(key, 0, target, end + 1);
      }
      case FORM.p2pkhUncompressed: {
        const end = this.writeSignaturePush(sighash, lowR, target, at);
        target[end] = UNCOMPRESSED_KEY;
        return this.writeUncompressed(key, 0, target, end + 1);
      }
      case FORM.p2shP2wpkh:
        target[at] = 22;
        return this.#writeKeyProgram(key, target, at + 1);
      case FORM.p2shP2wshMultisig:
        target[at] = 34;
        return this.#writeScriptProgram(key, target, at + 1);
      case FORM.p2shMultisig: {
        let end = at;
        target[end++] = 0;
        end = this.writeSignaturePush(sighash, lowR, target, end);
        end = this.writeSignaturePush(sighash, lowR, target, end);
        target[end++] = 0x4c;
        target[end++] = REDEEM_2_OF_3;
        return this.#writeRedeem(key, target, end);
      }
      case FORM.bareMultisig:
        target[at] = 0;
        return this.writeSignaturePush(sighash, lowR, target, at + 1);
      case FORM.nonstandard:
        target[at] = 0x55;
        return at + 1;
      default:
        return at;
    }
  }

  /** The witness stack of an input with its item count (0 when it has none); returns the end. */
  writeWitness(
    form: number,
    key: number,
    sighash: number,
    lowR: boolean,
    target: Uint8Array,
    at: number,
  ): number {
    let end = at;
    switch (form) {
      case FORM.p2shP2wpkh:
      case FORM.p2wpkh:
        target[end++] = 2;
        end = this.writeSignaturePush(sighash, lowR, target, end);
        target[end++] = COMPRESSED_KEY;
        return this.writeCompressed(key, 0, target, end);
      case FORM.p2tr:
        target[end++] = 1;
        return this.#writeSchnorr(sighash, target, end);
      case FORM.p2trScript:
        target[end++] = 3;
        end = this.#writeSchnorr(sighash, target, end);
        target[end++] = 34;
        target[end++] = 32;
        this.writeKeyBytes(key, 1, target, end);
        end += 32;
        target[end++] = OP_CHECKSIG;
        // Control block: leaf version and parity, then the internal key (BIP 341).
        target[end++] = COMPRESSED_KEY;
        target[end++] = 0xc0 + (key & 1);
        this.writeKeyBytes(key, 2, target, end);
        return end + 32;
      case FORM.p2wshMultisig:
      case FORM.p2shP2wshMultisig:
        target[end++] = 4;
        target[end++] = 0;
        end = this.writeSignaturePush(sighash, lowR, target, end);
        end = this.writeSignaturePush(sighash, lowR, target, end);
        target[end++] = REDEEM_2_OF_3;
        return this.#writeRedeem(key, target, end);
      default:
        target[end++] = 0;
        return end;
    }
  }

  /** A Schnorr signature: 64 bytes for the default sighash, else 65 (BIP 341); returns the end. */
  #writeSchnorr(sighash: number, target: Uint8Array, at: number): number {
    const isDefault = sighash === SIGHASH.all;
    target[at] = isDefault ? 64 : 65;
    this.#fill(target, at + 1, 64);
    if (isDefault) return at + 65;
    target[at + 65] = sighash;
    return at + 66;
  }
}
