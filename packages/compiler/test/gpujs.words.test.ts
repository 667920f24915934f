// How the gpu.js backend writes ops and numbers in shading languages. No GPU is needed.
import { describe, expect, test } from 'vitest';
import { number } from '../src/backends/gpujs/dialect.ts';
import { emit } from '../src/backends/gpujs/emit.ts';
import type { GpuKind } from '../src/backends/gpujs/layout.ts';
import type { Nest } from '../src/nest.ts';
import { apply, load, nestCase, value } from './support/nests.ts';

const source = (nest: Pick<Nest, 'axes' | 'result'>, kind: GpuKind) => {
  const inputs = Array.from({ length: 4 }, () => ({ shape: [2] }));
  return emit(nestCase('Z', nest, inputs).plan, { kind, side: 2048 }).sources[0]!;
};

describe('brackets', () => {
  const [a, b, c, d] = [load(0, 0), load(1, 0), load(2, 0), load(3, 0)];
  /** The last line; the texel of each input is called by its letter. */
  const result = (expr: Nest['result'], kind: GpuKind) => {
    const lines = source({ axes: [2], result: expr }, kind).split('\n');
    const names = new Map(
      lines.flatMap((line) => {
        const found = /(t\d+) = (?:texel|b)(\d)[([]/.exec(line);
        return found ? [[found[1]!, 'abcd'[Number(found[2])]!] as const] : [];
      }),
    );
    const value = lines
      .at(-2)!
      .replace(/^ *(return|result\[0\] =) /, '')
      .replace(/;$/, '');
    return value.replace(/t\d+/g, (name) => names.get(name) ?? name);
  };
  test.each([
    ['a sum is not regrouped', apply('add', a, apply('add', b, c)), 'a + (b + c)'],
    ['on the left they are not needed', apply('add', apply('add', a, b), c), 'a + b + c'],
    ['a quotient of quotients', apply('div', a, apply('div', b, c)), 'a / (b / c)'],
    ['minus a negative constant', apply('sub', a, value(-0.5)), 'a + 0.5'],
    ['plus a negated sum', apply('add', a, apply('neg', apply('add', b, c))), 'a - (b + c)'],
    ['a negated product', apply('mul', apply('neg', a), b), '-a * b'],
    ['twice negated', apply('neg', apply('neg', a)), '-(-a)'],
    ['a comparison in arithmetic', apply('mul', apply('less', a, b), c), 'vec4<f32>(a < b) * c'],
    [
      'a choice by a comparison',
      apply('select', apply('less', a, b), c, d),
      'select(d, c, a < b)',
    ],
    [
      'a choice by a number',
      apply('select', apply('sub', a, b), c, d),
      'select(c, d, a - b == vec4<f32>(0.0))',
    ],
  ])('%s', (_, expr, text) => {
    expect(result(expr, 'webgpu')).toBe(text);
  });

  test('the same choice in GLSL', () => {
    const choice = apply('select', apply('less', a, b), c, d);
    expect(result(choice, 'webgl2')).toBe('mix(d, c, lessThan(a, b))');
    expect(result(choice, 'webgl')).toBe('choose(lessThan(a, b), c, d)');
  });
});

describe('numbers', () => {
  test.each([
    [2, '2.0'],
    [0, '0.0'],
    [-0.5, '-0.5'],
    [1e-8, '1e-8'],
    [1e21, '1e+21'],
    [Number.POSITIVE_INFINITY, '3.4028234663852886e+38'],
    [-1e300, '-3.4028234663852886e+38'],
    // A GPU flushes what is not a normal float.
    [1e-40, '0.0'],
  ])('%d', (n, text) => {
    expect(number(n).text).toBe(text);
  });

  test('NaN is refused', () => {
    expect(() => number(Number.NaN)).toThrow('NaN');
  });
});
