/**
 * Keccak-256 as Ethereum and Monero use it (the padding of the first Keccak, before SHA-3).
 *
 * Only for the checksum of an address now and then, so it is written to be read. Source: "The Keccak
 * reference", version 3.0 (2011), Bertoni, Daemen, Peeters, Van Assche.
 */

const LANE = (1n << 64n) - 1n;
const RATE_BYTES = 136;

function rotate(lane: bigint, by: bigint): bigint {
  return by === 0n ? lane : ((lane << by) | (lane >> (64n - by))) & LANE;
}

/** Rotation of the lane at (x, y), by the walk that defines it. */
function rotationOffsets(): bigint[] {
  const offsets = new Array<bigint>(25).fill(0n);
  let x = 1;
  let y = 0;
  for (let step = 0; step < 24; step += 1) {
    offsets[x + 5 * y] = BigInt((((step + 1) * (step + 2)) / 2) % 64);
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return offsets;
}

/** The 24 round constants, from the linear shift register that defines them. */
function roundConstants(): bigint[] {
  const constants: bigint[] = [];
  let register = 1;
  for (let round = 0; round < 24; round += 1) {
    let constant = 0n;
    for (let j = 0; j <= 6; j += 1) {
      if (register % 2 === 1) constant |= 1n << BigInt(2 ** j - 1);
      register *= 2;
      if (register >= 256) register ^= 0x171;
    }
    constants.push(constant);
  }
  return constants;
}

const OFFSETS = rotationOffsets();
const CONSTANTS = roundConstants();

/** One permutation of the 25 lanes, in place. */
function permute(lanes: bigint[]): void {
  for (const constant of CONSTANTS) {
    const columns = [0, 1, 2, 3, 4].map(
      (x) => lanes[x]! ^ lanes[x + 5]! ^ lanes[x + 10]! ^ lanes[x + 15]! ^ lanes[x + 20]!,
    );
    const moved = new Array<bigint>(25).fill(0n);
    for (let x = 0; x < 5; x += 1) {
      const parity = columns[(x + 4) % 5]! ^ rotate(columns[(x + 1) % 5]!, 1n);
      for (let y = 0; y < 5; y += 1) {
        const from = x + 5 * y;
        moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(lanes[from]! ^ parity, OFFSETS[from]!);
      }
    }
    for (let y = 0; y < 25; y += 5) {
      for (let x = 0; x < 5; x += 1) {
        const next = moved[y + ((x + 1) % 5)]! ^ LANE;
        lanes[y + x] = moved[y + x]! ^ (next & moved[y + ((x + 2) % 5)]!);
      }
    }
    lanes[0]! ^= constant;
  }
}

/**
 * Keccak-256 of the bytes: 32 bytes.
 *
 * @example bytesToHex(keccak256(new Uint8Array(0))) // 'c5d24601…'
 */
export function keccak256(data: Uint8Array): Uint8Array {
  const blocks = Math.floor(data.length / RATE_BYTES) + 1;
  const padded = new Uint8Array(blocks * RATE_BYTES);
  padded.set(data);
  padded[data.length]! ^= 0x01;
  padded[padded.length - 1]! ^= 0x80;
  const view = new DataView(padded.buffer);
  const lanes = new Array<bigint>(25).fill(0n);
  for (let block = 0; block < padded.length; block += RATE_BYTES) {
    for (let i = 0; i < RATE_BYTES / 8; i += 1) {
      lanes[i]! ^= view.getBigUint64(block + 8 * i, true);
    }
    permute(lanes);
  }
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  for (let i = 0; i < 4; i += 1) out.setBigUint64(8 * i, lanes[i]!, true);
  return digest;
}
