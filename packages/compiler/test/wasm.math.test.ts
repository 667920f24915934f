// exp, log, sin and cos against float64, over the whole range of float32.
import { expect, test } from 'vitest';
import { encodeModule } from '../src/backends/wasm/binary.ts';
import { $, type Func, get, int } from '../src/backends/wasm/code.ts';
import { MATH, type MathName, mathFunctions } from '../src/backends/wasm/math.ts';

const COUNT = 4096;
const START = 16;

/** Each function over an array of `COUNT` floats in memory. */
function overArrays(): { data: Float32Array; apply(name: MathName): void } {
  const loops = MATH.map((name, i): Func => {
    const next = $('local.tee', 0, $('i32.add', get(0), int(16)));
    const value = $('call', i, $('v128.load', 0, get(0)));
    const body = [
      $('loop'),
      $('v128.store', 0, get(0), value),
      $('br_if', 0, $('i32.lt_s', next, int(START + 4 * COUNT))),
      $('end'),
    ];
    return { name, params: ['i32'], results: [], locals: [], body };
  });
  const functions = mathFunctions(new Set(MATH));
  const names = Object.fromEntries(MATH.map((name, i) => [name, functions.length + i]));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(encodeModule([...functions, ...loops], names));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return {
    data: new Float32Array(memory.buffer, START, COUNT),
    apply: (name) => (exports[name] as (at: number) => void)(START),
  };
}

/** The distance between neighbouring floats at a value. */
function unitAt(value: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  return 2 ** (Math.max(-126, exponent) - 23);
}

/** In units of the last place; Infinity where one is finite and the other is not. */
function errorOf(found: number, wanted: number): number {
  const rounded = Math.fround(wanted);
  if (Object.is(found, rounded) || found === rounded) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(found)) return Number.POSITIVE_INFINITY;
  return Math.abs(found - wanted) / unitAt(wanted || 2 ** -126);
}

// Two units: what the docstring promises; exp and log stay below one.
const budgets: Record<MathName, number> = { exp: 1, log: 1, sin: 2, cos: 2 };

test.each(MATH)('%s over the whole range', (name) => {
  const { data, apply } = overArrays();
  const bits = new Uint32Array(data.buffer, data.byteOffset, COUNT);
  const [worst, step] = [{ error: 0, at: 0 }, 2 ** 32 / (COUNT * 256)];
  // A million floats: of every sign and exponent, 2048 of each.
  for (let block = 0; block < 256; block++) {
    for (let i = 0; i < COUNT; i++) bits[i] = (block * COUNT + i) * step + ((i * 2654435) % step);
    const points = data.slice();
    apply(name);
    points.forEach((x, i) => {
      const error = errorOf(data[i]!, Math[name](x));
      if (error > worst.error) Object.assign(worst, { error, at: x });
    });
  }
  expect(worst.error, `at ${worst.at}`).toBeLessThan(budgets[name]);
});

test.each([
  ['exp', [0, -0, -Infinity, Infinity, Number.NaN, 88.8, -88, -103.5, -104]],
  ['log', [1, 0, -0, -1, -Infinity, Infinity, Number.NaN, 2 ** -149, 2 ** -126]],
  ['sin', [0, -0, Infinity, -Infinity, Number.NaN, Math.fround(Math.PI)]],
  ['cos', [0, -0, Infinity, -Infinity, Number.NaN, Math.fround(Math.PI / 2)]],
] as const)('%s at the ends of its range', (name, points) => {
  const { data, apply } = overArrays();
  data.set(points);
  apply(name);
  points.forEach((x, i) => {
    expect(errorOf(data[i]!, Math[name](Math.fround(x))), `at ${x}`).toBeLessThan(2);
  });
});
