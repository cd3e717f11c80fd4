/**
 * SHA-256 (FIPS 180-4) of four messages at once, as a WebAssembly module: word t of all four stands in the four lanes of
 * one 128-bit value, so each instruction does the work of four.
 *
 *   memory   constants | state of the lanes | words of the block at hand | (from `FREE_AT` on) messages, results
 *
 * The rounds are written out one after the other; the eight working variables change their names from round to round
 * instead of moving. `sha256-lanes.hot.ts` runs the module and says what it costs.
 */
import { extendSchedule, ROUND_CONSTANTS, SHA256_INITIAL } from './sha256-compress.hot.ts';
import { WASM_TYPE, type WasmFunction, WasmModule } from './wasm-writer.ts';

const { i32, v128 } = WASM_TYPE;

const CONSTANTS_AT = 0;
/** Constants and message schedule of the padding after 64 bytes, added: that block is the same for all Merkle nodes. */
const PADDING_AT = 256;
const INITIAL_AT = 512;
const STATE_AT = 576;
const WORDS_AT = 704;
/** The first byte that the module does not need for itself. */
export const FREE_AT = 1024;

/** What the module offers; addresses and lengths in bytes of its memory. */
export interface LanesExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /**
   * SHA-256 twice of four messages of the same number of blocks, padded, `64 * blocks` bytes apart from `at` on; 32 bytes
   * each to the four places.
   */
  double(at: number, blocks: number, a: number, b: number, c: number, d: number): void;
  /** SHA-256 once of four strings of 32 bytes that follow each other from `at` on. */
  short(at: number, a: number, b: number, c: number, d: number): void;
  /** SHA-256 twice of four strings of 64 bytes from `at` on, 128 bytes to `to`; the two may be the same. */
  nodes(at: number, to: number): void;
  /**
   * A message for `double`: 4 bytes from `start`, those in [coreStart, coreEnd), 4 bytes from `tail`, then the padding to the
   * end of block `blocks`. Up to 80 bytes after it are overwritten.
   *
   * @param bits length of the message in bits, as a big-endian number read little-endian
   */
  place(
    to: number,
    blocks: number,
    start: number,
    coreStart: number,
    coreEnd: number,
    tail: number,
    bits: number,
  ): void;
}

function eightLocals(code: WasmFunction): number[] {
  return Array.from({ length: 8 }, () => code.local(v128));
}

/** Leave x rotated to the right by each of the counts, and shifted by the last, all xor-ed, on the stack. */
function mix(code: WasmFunction, x: number, rotations: readonly number[], shift?: number): void {
  for (const [i, count] of rotations.entries()) {
    code.get(x).i32Const(count).shiftRight();
    if (i > 0) code.xor();
    code
      .get(x)
      .i32Const(32 - count)
      .shiftLeft()
      .xor();
  }
  if (shift !== undefined) code.get(x).i32Const(shift).shiftRight().xor();
}

/**
 * 64 rounds on the state in memory.
 *
 * @param words locals with the 16 words of the block; without them the schedule stands in memory, added to the constants
 */
function writeRounds(code: WasmFunction, words?: readonly number[]): void {
  let state = eightLocals(code);
  for (const [i, local] of state.entries()) {
    code
      .i32Const(0)
      .load(STATE_AT + 16 * i)
      .set(local);
  }
  // Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)), where b ^ c is the a ^ b of the round before.
  let bc = code.local(v128);
  let ab = code.local(v128);
  code.get(state[1]!).get(state[2]!).xor().set(bc);
  for (let t = 0; t < 64; t += 1) {
    const [a, b, c, d, e, f, g, h] = state as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    code.get(h);
    if (words === undefined) {
      code
        .i32Const(0)
        .loadSplat(PADDING_AT + 4 * t)
        .add();
    } else {
      if (t >= 16) writeNextWord(code, words, t);
      code.get(words[t % 16]!).add();
      code
        .i32Const(0)
        .loadSplat(CONSTANTS_AT + 4 * t)
        .add();
    }
    code.get(f).get(g).xor().get(e).and().get(g).xor().add();
    mix(code, e, [6, 11, 25]);
    code.add().tee(h);
    code.get(d).add().set(d);
    code.get(a).get(b).xor().tee(ab).get(bc).and().get(b).xor();
    code.get(h).add();
    mix(code, a, [2, 13, 22]);
    code.add().set(h);
    [ab, bc] = [bc, ab];
    state = [h, a, b, c, d, e, f, g];
  }
  for (const [i, local] of state.entries()) {
    const at = STATE_AT + 16 * i;
    code.i32Const(0).get(local).i32Const(0).load(at).add().store(at);
  }
}

/** Word t of the schedule takes the place of word t - 16. */
function writeNextWord(code: WasmFunction, words: readonly number[], t: number): void {
  const word = (back: number): number => words[(t - back) % 16]!;
  code.get(word(16));
  mix(code, word(15), [7, 18], 3);
  code.add().get(word(7)).add();
  mix(code, word(2), [17, 19], 10);
  code.add().set(word(16));
}

/** Bytes of a word turned round: messages are big-endian. */
const SWAP = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12] as const;
const LOW_WORDS = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23] as const;
const HIGH_WORDS = LOW_WORDS.map((lane) => lane + 8);
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] as const;
const HIGH_HALVES = LOW_HALVES.map((lane) => lane + 8);

/** Four rows of four words become four columns, in the same locals. */
function transpose(code: WasmFunction, rows: readonly number[], spare: readonly number[]): void {
  const [a, b, c, d] = rows as [number, number, number, number];
  const [ab, abHigh, cd, cdHigh] = spare as [number, number, number, number];
  code.get(a).get(b).shuffle(LOW_WORDS).set(ab);
  code.get(a).get(b).shuffle(HIGH_WORDS).set(abHigh);
  code.get(c).get(d).shuffle(LOW_WORDS).set(cd);
  code.get(c).get(d).shuffle(HIGH_WORDS).set(cdHigh);
  code.get(ab).get(cd).shuffle(LOW_HALVES).set(a);
  code.get(ab).get(cd).shuffle(HIGH_HALVES).set(b);
  code.get(abHigh).get(cdHigh).shuffle(LOW_HALVES).set(c);
  code.get(abHigh).get(cdHigh).shuffle(HIGH_HALVES).set(d);
}

/** Words `4 * group` to `4 * group + 3` of the blocks at the four addresses in `places` into memory. */
function writeLoad(code: WasmFunction, places: readonly number[], groups: number): void {
  const rows = Array.from({ length: 4 }, () => code.local(v128));
  const spare = Array.from({ length: 4 }, () => code.local(v128));
  for (let group = 0; group < groups; group += 1) {
    for (const [lane, place] of places.entries()) {
      code
        .get(place)
        .load(16 * group)
        .tee(rows[lane]!)
        .get(rows[lane]!)
        .shuffle(SWAP)
        .set(rows[lane]!);
    }
    transpose(code, rows, spare);
    for (const [i, row] of rows.entries()) {
      code
        .i32Const(0)
        .get(row)
        .store(WORDS_AT + 16 * (4 * group + i));
    }
  }
}

function writeBegin(code: WasmFunction): void {
  for (let i = 0; i < 8; i += 1) {
    code
      .i32Const(0)
      .i32Const(0)
      .loadSplat(INITIAL_AT + 4 * i)
      .store(STATE_AT + 16 * i);
  }
}

/** After 32 bytes in words 0 to 7: the rest of their one block, and the state to begin with. */
function writeShortPadding(code: WasmFunction): void {
  for (let word = 8; word < 16; word += 1) {
    const value = word === 8 ? 0x8000_0000 : word === 15 ? 256 : 0;
    code
      .i32Const(0)
      .i32Const(value)
      .splat()
      .store(WORDS_AT + 16 * word);
  }
  writeBegin(code);
}

/** The state as words 0 to 7 of a second hash. */
function writeStateAsWords(code: WasmFunction): void {
  for (let i = 0; i < 8; i += 1) {
    code
      .i32Const(0)
      .i32Const(0)
      .load(STATE_AT + 16 * i)
      .store(WORDS_AT + 16 * i);
  }
}

/** The state as 32 bytes a lane, to the four addresses in `places`. */
function writeResults(code: WasmFunction, places: readonly number[]): void {
  const rows = Array.from({ length: 4 }, () => code.local(v128));
  const spare = Array.from({ length: 4 }, () => code.local(v128));
  for (let half = 0; half < 2; half += 1) {
    for (const [i, row] of rows.entries()) {
      code
        .i32Const(0)
        .load(STATE_AT + 16 * (4 * half + i))
        .set(row);
    }
    transpose(code, rows, spare);
    for (const [lane, row] of rows.entries()) {
      code
        .get(places[lane]!)
        .get(row)
        .get(row)
        .shuffle(SWAP)
        .store(16 * half);
    }
  }
}

/** `base + step * k` into a new local for each k from 0 to 3. */
function fourPlaces(code: WasmFunction, base: number, step: number): number[] {
  return [0, 1, 2, 3].map((lane) => {
    const place = code.local(i32);
    code
      .get(base)
      .i32Const(step * lane)
      .i32Add()
      .set(place);
    return place;
  });
}

interface Parts {
  /** Words at the four addresses into memory. */
  readonly load: WasmFunction;
  /** 64 rounds over the words in memory. */
  readonly rounds: WasmFunction;
  /** 64 rounds over the padding after 64 bytes. */
  readonly paddingRounds: WasmFunction;
}

function addParts(module: WasmModule): Parts {
  const load = module.function([i32, i32, i32, i32]);
  writeLoad(load, [0, 1, 2, 3], 4);
  const rounds = module.function([]);
  const words = Array.from({ length: 16 }, () => rounds.local(v128));
  for (const [i, word] of words.entries()) {
    rounds
      .i32Const(0)
      .load(WORDS_AT + 16 * i)
      .set(word);
  }
  writeRounds(rounds, words);
  const paddingRounds = module.function([]);
  writeRounds(paddingRounds);
  return { load, rounds, paddingRounds };
}

function addDouble(module: WasmModule, { load, rounds }: Parts): void {
  const code = module.function([i32, i32, i32, i32, i32, i32], 'double');
  const [at, left, ...places] = [0, 1, 2, 3, 4, 5] as const;
  const lanes = [at, code.local(i32), code.local(i32), code.local(i32)];
  const stride = code.local(i32);
  code.i32Const(0).set(stride);
  // 64 * blocks, without a multiplication among the instructions.
  code.get(left).get(left).i32Add().set(stride);
  for (let doubling = 0; doubling < 5; doubling += 1) {
    code.get(stride).get(stride).i32Add().set(stride);
  }
  for (let lane = 1; lane < 4; lane += 1) {
    code
      .get(lanes[lane - 1]!)
      .get(stride)
      .i32Add()
      .set(lanes[lane]!);
  }
  writeBegin(code);
  code.repeat(() => {
    for (const lane of lanes) code.get(lane);
    code.call(load).call(rounds);
    for (const lane of lanes) code.get(lane).i32Const(64).i32Add().set(lane);
    code.get(left).i32Const(1).i32Sub().tee(left);
  });
  writeStateAsWords(code);
  writeShortPadding(code);
  code.call(rounds);
  writeResults(code, places);
}

function addShort(module: WasmModule, { rounds }: Parts): void {
  const code = module.function([i32, i32, i32, i32, i32], 'short');
  writeLoad(code, fourPlaces(code, 0, 32), 2);
  writeShortPadding(code);
  code.call(rounds);
  writeResults(code, [1, 2, 3, 4]);
}

function addNodes(module: WasmModule, { load, rounds, paddingRounds }: Parts): void {
  const code = module.function([i32, i32], 'nodes');
  writeBegin(code);
  for (const lane of fourPlaces(code, 0, 64)) code.get(lane);
  code.call(load).call(rounds).call(paddingRounds);
  writeStateAsWords(code);
  writeShortPadding(code);
  code.call(rounds);
  writeResults(code, fourPlaces(code, 1, 32));
}

function addPlace(module: WasmModule): void {
  const code = module.function([i32, i32, i32, i32, i32, i32, i32], 'place');
  const [to, blocks, start, from, fromEnd, tail, bits] = [0, 1, 2, 3, 4, 5, 6] as const;
  const end = code.local(i32);
  code.get(blocks).get(blocks).i32Add().set(end);
  for (let doubling = 0; doubling < 5; doubling += 1) code.get(end).get(end).i32Add().set(end);
  code.get(end).get(to).i32Add().set(end);
  code.get(to).get(start).i32Load().i32Store();
  code.get(to).i32Const(4).i32Add().set(to);
  // 16 bytes a turn; those too many are written over below. `to` ends where the core does.
  const write = code.local(i32);
  code.get(to).set(write);
  code.get(to).get(fromEnd).i32Add().get(from).i32Sub().set(to);
  code.repeat(() => {
    code.get(write).get(from).load().store();
    code.get(write).i32Const(16).i32Add().set(write);
    code.get(from).i32Const(16).i32Add().tee(from).get(fromEnd).i32Less();
  });
  code.get(to).get(tail).i32Load().i32Store();
  for (let zeros = 0; zeros < 80; zeros += 16) {
    code
      .get(to)
      .i32Const(0)
      .splat()
      .store(4 + zeros);
  }
  code.get(to).i32Const(0x80).i32Store8(4);
  code.get(end).i32Const(4).i32Sub().get(bits).i32Store();
}

/** The bytes of the module, with room for `memoryBytes`. */
export function writeLanesModule(memoryBytes: number): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  const parts = addParts(module);
  addDouble(module, parts);
  addShort(module, parts);
  addNodes(module, parts);
  addPlace(module);
  return module.encode(memoryBytes);
}

/** What must stand at the start of the module's memory before it is used. */
export function writeLanesConstants(memory: ArrayBuffer): void {
  const schedule = new Int32Array(64);
  schedule[0] = 0x8000_0000 | 0;
  schedule[15] = 512;
  extendSchedule(schedule);
  const padding = schedule.map((word, t) => (word + ROUND_CONSTANTS[t]!) | 0);
  new Int32Array(memory, CONSTANTS_AT, 64).set(ROUND_CONSTANTS);
  new Int32Array(memory, PADDING_AT, 64).set(padding);
  new Int32Array(memory, INITIAL_AT, 8).set(SHA256_INITIAL);
}
