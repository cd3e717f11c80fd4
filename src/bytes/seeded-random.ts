/**
 * All chance in Clew comes from here, so that whatever happened can be repeated from its seed.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes PractRand.
 * It is not for secrets.
 */
import { sha256 } from './hash.ts';

export interface SeededRandom {
  /** The text that the generator was made from: print it when a test fails. */
  readonly seed: string;
  /** A whole number in [0, 2^32). */
  u32(): number;
  /** A number in [0, 1) with 32 bits of chance. */
  unit(): number;
  /** A whole number in [min, max], both ends included. */
  int(min: number, max: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** Fresh random bytes. */
  bytes(length: number): Uint8Array;
  /** A normally distributed number (Box–Muller). */
  normal(mean: number, deviation: number): number;
  /** The same items in another order (Fisher–Yates), as a new array. */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator for a part of the work, named so that parts do not disturb each other. */
  fork(name: string): SeededRandom;
}

/**
 * A generator that gives the same numbers for the same seed, on every machine.
 *
 * @example const random = seededRandom('7'); random.int(1, 6)
 */
export function seededRandom(seed: string | number): SeededRandom {
  const seedText = String(seed);
  const digest = sha256(new TextEncoder().encode(`clew-seed:${seedText}`));
  const view = new DataView(digest.buffer, digest.byteOffset, 16);
  let a = view.getUint32(0);
  let b = view.getUint32(4);
  let c = view.getUint32(8);
  let counter = view.getUint32(12);

  function u32(): number {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  }
  for (let i = 0; i < 16; i += 1) u32();

  const unit = (): number => u32() / 0x1_0000_0000;
  const int = (min: number, max: number): number => min + Math.floor(unit() * (max - min + 1));
  return {
    seed: seedText,
    u32,
    unit,
    int,
    chance: (probability) => unit() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick from an empty list');
      return items[int(0, items.length - 1)]!;
    },
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i += 4) {
        let word = u32();
        for (let j = i; j < i + 4 && j < length; j += 1) {
          bytes[j] = word & 0xff;
          word >>>= 8;
        }
      }
      return bytes;
    },
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    shuffle: (items) => {
      const copy = items.slice();
      for (let i = copy.length - 1; i > 0; i -= 1) {
        const j = int(0, i);
        const held = copy[i]!;
        copy[i] = copy[j]!;
        copy[j] = held;
      }
      return copy;
    },
    fork: (name) => seededRandom(`${seedText}/${name}`),
  };
}
