/**
 * A small assembler for WebAssembly modules (W3C WebAssembly Core 2.0, binary format, chapter 5), with the instructions
 * that hashing in SIMD lanes needs and no others.
 *
 * Why not a compiled file: what runs on the evidence has to be readable as source. The module is written when it is first used
 * and takes a few milliseconds; nothing is compiled at install.
 */

/** Types of values, as the binary format writes them. */
export const WASM_TYPE = { i32: 0x7f, v128: 0x7b } as const;
export type WasmType = (typeof WASM_TYPE)[keyof typeof WASM_TYPE];

const SECTION = { types: 1, functions: 3, memory: 5, exports: 7, code: 10 } as const;
const FUNCTION_FORM = 0x60;
const EXPORT_FUNCTION = 0;
const EXPORT_MEMORY = 2;
const NO_RESULT = 0x40;
const SIMD = 0xfd;
/** Addresses need not be a multiple of anything. */
const ANY_ALIGNMENT = 0;
const PAGE_BYTES = 65_536;

/** Append an unsigned number in LEB128. */
function pushUnsigned(to: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    to.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  to.push(rest);
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  pushUnsigned(bytes, value);
  return bytes;
}

/** Append a signed number of 32 bits in LEB128. */
function pushSigned(to: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    to.push(isLast ? low : low | 0x80);
    if (isLast) return;
  }
}

/** A byte count and the bytes. */
function sized(bytes: readonly number[]): number[] {
  return unsigned(bytes.length).concat(bytes);
}

/** The code of one function, written instruction by instruction; each method is the instruction of that name. */
export class WasmFunction {
  readonly index: number;
  readonly parameters: readonly WasmType[];
  readonly exportName: string | undefined;
  readonly #locals: WasmType[] = [];
  readonly #code: number[] = [];

  constructor(index: number, parameters: readonly WasmType[], exportName: string | undefined) {
    this.index = index;
    this.parameters = parameters;
    this.exportName = exportName;
  }

  /** A new local variable; returns its number. */
  local(type: WasmType): number {
    this.#locals.push(type);
    return this.parameters.length + this.#locals.length - 1;
  }

  get(local: number): this {
    return this.#plain(0x20, local);
  }

  set(local: number): this {
    return this.#plain(0x21, local);
  }

  tee(local: number): this {
    return this.#plain(0x22, local);
  }

  call(target: WasmFunction): this {
    return this.#plain(0x10, target.index);
  }

  /** Repeat `body` until the number it leaves on the stack is zero: at least once. */
  repeat(body: () => void): this {
    this.#plain(0x03, NO_RESULT);
    body();
    this.#plain(0x0d, 0);
    return this.#plain(0x0b);
  }

  i32Const(value: number): this {
    this.#code.push(0x41);
    pushSigned(this.#code, value);
    return this;
  }

  i32Add(): this {
    return this.#plain(0x6a);
  }

  i32Sub(): this {
    return this.#plain(0x6b);
  }

  /** Signed: 1 when the first is less, else 0. */
  i32Less(): this {
    return this.#plain(0x48);
  }

  i32Load(offset = 0): this {
    return this.#plain(0x28, ANY_ALIGNMENT, offset);
  }

  i32Store(offset = 0): this {
    return this.#plain(0x36, ANY_ALIGNMENT, offset);
  }

  i32Store8(offset = 0): this {
    return this.#plain(0x3a, ANY_ALIGNMENT, offset);
  }

  load(offset = 0): this {
    return this.#simd(0x00, ANY_ALIGNMENT, offset);
  }

  /** One word of 32 bits from memory into all four lanes. */
  loadSplat(offset = 0): this {
    return this.#simd(0x09, ANY_ALIGNMENT, offset);
  }

  store(offset = 0): this {
    return this.#simd(0x0b, ANY_ALIGNMENT, offset);
  }

  /** Bytes chosen from the 32 of the two operands. */
  shuffle(lanes: readonly number[]): this {
    if (lanes.length !== 16) throw new RangeError(`${lanes.length} lanes of 16`);
    this.#simd(0x0d);
    for (const lane of lanes) this.#code.push(lane);
    return this;
  }

  and(): this {
    return this.#simd(0x4e);
  }

  or(): this {
    return this.#simd(0x50);
  }

  xor(): this {
    return this.#simd(0x51);
  }

  splat(): this {
    return this.#simd(0x11);
  }

  shiftLeft(): this {
    return this.#simd(0xab);
  }

  /** Zeros come in from the left. */
  shiftRight(): this {
    return this.#simd(0xad);
  }

  add(): this {
    return this.#simd(0xae);
  }

  /** Locals, code and the end mark, as the code section has them. */
  body(): number[] {
    const locals = this.#locals.map((type) => [1, type]);
    return sized(unsigned(locals.length).concat(locals.flat(), this.#code, 0x0b));
  }

  /** An instruction and its immediate numbers. */
  #plain(opcode: number, first?: number, second?: number): this {
    this.#code.push(opcode);
    if (first !== undefined) pushUnsigned(this.#code, first);
    if (second !== undefined) pushUnsigned(this.#code, second);
    return this;
  }

  /** An instruction of the vector group and its immediate numbers. */
  #simd(opcode: number, first?: number, second?: number): this {
    this.#code.push(SIMD);
    pushUnsigned(this.#code, opcode);
    if (first !== undefined) pushUnsigned(this.#code, first);
    if (second !== undefined) pushUnsigned(this.#code, second);
    return this;
  }
}

/** A module with functions that return nothing and one memory, exported as `memory`. */
export class WasmModule {
  readonly #functions: WasmFunction[] = [];

  /** A function to be written; with a name it can be called from outside. */
  function(parameters: readonly WasmType[], exportName?: string): WasmFunction {
    const added = new WasmFunction(this.#functions.length, parameters, exportName);
    this.#functions.push(added);
    return added;
  }

  /** @param memoryBytes that the module's memory has at first; it can grow */
  encode(memoryBytes: number): Uint8Array<ArrayBuffer> {
    const all = this.#functions;
    const exported = all.filter(({ exportName }) => exportName !== undefined);
    const name = (text: string): number[] => sized([...new TextEncoder().encode(text)]);
    const list = (items: readonly (readonly number[])[]): number[] =>
      unsigned(items.length).concat(...items);
    const section = (id: number, content: number[]): number[] => [id].concat(sized(content));
    // `concat` and no spreading: tens of thousands of numbers.
    const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00].concat(
      section(
        SECTION.types,
        list(all.map(({ parameters }) => [FUNCTION_FORM, ...sized([...parameters]), 0])),
      ),
      section(SECTION.functions, list(all.map(({ index }) => unsigned(index)))),
      section(SECTION.memory, list([[0, ...unsigned(Math.ceil(memoryBytes / PAGE_BYTES))]])),
      section(
        SECTION.exports,
        list([
          [...name('memory'), EXPORT_MEMORY, 0],
          ...exported.map(({ index, exportName }) => [
            ...name(exportName!),
            EXPORT_FUNCTION,
            ...unsigned(index),
          ]),
        ]),
      ),
      section(SECTION.code, list(all.map((each) => each.body()))),
    );
    return new Uint8Array(bytes);
  }
}
