import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WASM_TYPE, WasmModule } from './wasm-writer.ts';

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly [name: string]: unknown;
}

/** What V8, which checks every byte of a module, makes of it. */
function start(module: WasmModule, memoryBytes = 1): Exports {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { exports: Exports };
    };
  };
  return new WebAssembly.Instance(new WebAssembly.Module(module.encode(memoryBytes))).exports;
}

test('numbers of every length in LEB128 arrive as they were', () => {
  const numbers = [0, 1, 63, 64, 127, 128, 8191, 8192, 65_535, 2 ** 20, 2 ** 31 - 1];
  const all = [...numbers, ...numbers.map((number) => -number - 1)];
  const module = new WasmModule();
  const code = module.function([], 'write');
  // Offsets are unsigned: those beyond 128 and 16,384 take another byte each.
  for (const [i, number] of all.entries())
    code
      .i32Const(0)
      .i32Const(number)
      .i32Store(1000 * i);
  const { memory, write } = start(module);
  (write as () => void)();
  const view = new DataView(memory.buffer);
  assert.deepEqual(
    all.map((_, i) => view.getInt32(1000 * i, true)),
    all,
  );
});

test('loops, calls, parameters and more locals than fit one byte', () => {
  const module = new WasmModule();
  const store = module.function([WASM_TYPE.i32, WASM_TYPE.i32]);
  store.get(0).get(1).i32Store();
  const code = module.function([WASM_TYPE.i32], 'sum');
  const locals = Array.from({ length: 200 }, () => code.local(WASM_TYPE.i32));
  const sum = locals.at(-1)!;
  code.repeat(() => {
    code.get(sum).get(0).i32Add().set(sum);
    code.get(0).i32Const(1).i32Sub().tee(0);
  });
  code.i32Const(16).get(sum).call(store);
  const { memory, sum: run } = start(module);
  (run as (count: number) => void)(100);
  assert.equal(new DataView(memory.buffer).getInt32(16, true), 5050);
});

test('the memory is as large as asked, in whole pages', () => {
  assert.equal(start(new WasmModule(), 65_537).memory.buffer.byteLength, 131_072);
});

test('a shuffle names all sixteen bytes', () => {
  assert.throws(() => new WasmModule().function([]).shuffle([1, 2]), RangeError);
});
