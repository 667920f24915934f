// Fusion: how many kernels a program takes, where they end, and what they look like.
import * as op from '@chainrule/graph';
import { input, type Node, named, param, relu, sigmoid, tanh } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { compile } from '../src/index.ts';
import { descend, net } from './support/programs.ts';

const kernels = async (J: Node, alpha = 0.1) => {
  using run = await compile(descend(J, alpha), { sizes: { m: 8 }, device: 'js' });
  return run.report().kernels;
};

describe('kernels per step', () => {
  test.each([1, 2, 3, 4, 5])('%i sigmoid-output layers take 4 L - 1', async (L) => {
    const layers = [5, ...Array.from({ length: L - 1 }, (_, i) => 6 - i), 1];
    for (const hidden of [tanh, relu, sigmoid]) {
      const { program, sizes } = net({ layers, m: 8, hidden });
      using run = await compile(program, { sizes, device: 'js' });
      expect(run.report().kernels).toHaveLength(4 * L - 1);
    }
  });

  test('a softmax output takes two more: its normalizer and its difference', async () => {
    const { program, sizes } = net({ layers: [5, 4, 3], m: 8, classes: true });
    using run = await compile(program, { sizes, device: 'js' });
    expect(run.report().kernels.map((k) => k.name)).toEqual([
      'A1',
      'Z2',
      'logsumexp',
      'dZ2',
      'b2',
      'dZ1',
      'W2',
      'W1',
      'b1',
    ]);
  });

  test('the kernels of three layers: each update as soon as nobody reads the old value', async () => {
    const { program, sizes } = net({ layers: [5, 4, 3, 1], m: 8 });
    using run = await compile(program, { sizes, device: 'js' });
    const names = run.report().kernels.map((k) => k.name);
    expect(names).toEqual('A1 A2 dZ3 b3 dZ2 W3 b2 dZ1 W2 W1 b1'.split(' '));
  });

  test('leaky ReLU and elementwise losses fuse like the others', async () => {
    const X = input(3, 'm', { name: 'X' });
    const Y = input(2, 'm', { name: 'Y' });
    const W = param(2, 3, { name: 'W' });
    const A = op.leakyRelu(op.matmul(W, X), 0.1);
    const names = (await kernels(op.mean(op.square(op.sub(A, Y))))).map((k) => k.name);
    expect(names).toHaveLength(2);
  });

  test('the sum of two products is two kernels, one of which adds', async () => {
    const X = input(3, 'm', { name: 'X' });
    const [U, V] = ['U', 'V'].map((name) => op.matmul(param(2, 3, { name }), X));
    using run = await compile({ S: op.add(U!, V!) }, { sizes: { m: 4 }, device: 'js' });
    expect(run.report().kernels).toHaveLength(2);
  });

  test('what is broadcast into a product is stored, and says why', async () => {
    const X = input(3, 'm', { name: 'X' });
    const S = named(op.exp(X), 'S');
    const W = param(2, 3, { name: 'W' });
    using run = await compile({ P: op.matmul(W, S) }, { sizes: { m: 4 }, device: 'js' });
    const [first, second] = run.report().kernels;
    expect([first!.name, second!.name]).toEqual(['S', 'P']);
    expect(second!.stop).toBe('it is a result');
  });

  test('each says who reads it', async () => {
    const { program, sizes } = net({ layers: [5, 4, 1], m: 8 });
    using run = await compile(program, { sizes, device: 'js' });
    expect(Object.fromEntries(run.report().kernels.map((k) => [k.name, k.stop]))).toEqual({
      A1: 'dZ2, dZ1 and W2 read it',
      dZ2: 'b2, dZ1 and W2 read it',
      dZ1: 'W1 and b1 read it',
      W1: 'it is a result',
      b1: 'it is a result',
      W2: 'it is a result',
      b2: 'it is a result',
    });
  });

  test('one value for two parameters is computed once', async () => {
    const [a, b] = ['a', 'b'].map((name) =>
      param(2, 2, { name, init: { kind: 'constant', value: 1 } }),
    ) as [Node, Node];
    const value = op.matmul(a, b);
    const updates = [a, b].map((p) => ({ param: p, value }));
    using run = await compile({ updates }, { device: 'js' });
    // Two products and a sum for each of four numbers.
    expect(run.report().kernels.map((k) => k.flops)).toEqual([16]);
    run.step({});
    run.step({});
    expect((await run.read('a')).data).toEqual((await run.read('b')).data);
    expect((await run.read('a')).data[0]).toBe(8);
  });
});

test('the source of logistic regression', async () => {
  const { program, sizes } = net({ layers: [5, 1], m: 9 });
  using run = await compile(program, { sizes, device: 'js' });
  expect(run.source('dZ1')).toMatchInlineSnapshot(`
    "// dZ1 [1, 9]
    const out0 = env[6];
    const b0 = env[0];
    const b1 = env[3];
    const b2 = env[1];
    const b3 = env[2];
    for (let i1 = 0; i1 < 8; i1 += 2) {
      const o0 = i1 + 1;
      let s0 = 0;
      let s1 = 0;
      for (let i2 = 0; i2 < 5; i2++) {
        const t0 = b0[i2];
        const t1 = b1[i1 + i2 * 9];
        const t2 = t0 * t1;
        s0 += t2;
        const t3 = b1[o0 + i2 * 9];
        const t4 = t0 * t3;
        s1 += t4;
      }
      const r0 = b2[0];
      const r1 = s0 + r0;
      const r2 = r1 < 0 ? 1 : 0;
      const r3 = Math.abs(r1);
      const r4 = -r3;
      const r5 = Math.exp(r4);
      const r6 = 1 + r5;
      const r7 = r5 / r6;
      const r8 = 1 / r6;
      const r9 = r2 !== 0 ? r7 : r8;
      const r10 = b3[i1];
      const r11 = r9 - r10;
      out0[i1] = r11;
      const r12 = s1 + r0;
      const r13 = r12 < 0 ? 1 : 0;
      const r14 = Math.abs(r12);
      const r15 = -r14;
      const r16 = Math.exp(r15);
      const r17 = 1 + r16;
      const r18 = r16 / r17;
      const r19 = 1 / r17;
      const r20 = r13 !== 0 ? r18 : r19;
      const r21 = b3[o0];
      const r22 = r20 - r21;
      out0[o0] = r22;
    }
    for (let i1 = 8; i1 < 9; i1 += 1) {
      let s0 = 0;
      for (let i2 = 0; i2 < 5; i2++) {
        const t0 = b0[i2];
        const t1 = b1[i1 + i2 * 9];
        const t2 = t0 * t1;
        s0 += t2;
      }
      const r0 = b2[0];
      const r1 = s0 + r0;
      const r2 = r1 < 0 ? 1 : 0;
      const r3 = Math.abs(r1);
      const r4 = -r3;
      const r5 = Math.exp(r4);
      const r6 = 1 + r5;
      const r7 = r5 / r6;
      const r8 = 1 / r6;
      const r9 = r2 !== 0 ? r7 : r8;
      const r10 = b3[i1];
      const r11 = r9 - r10;
      out0[i1] = r11;
    }"
  `);
  expect(run.source('W1')).toMatchInlineSnapshot(`
    "// W1 [1, 5]
    const out0 = env[0];
    const b0 = env[0];
    const b1 = env[6];
    const b2 = env[3];
    for (let i1 = 0; i1 < 4; i1 += 2) {
      const o0 = i1 * 9;
      const o1 = i1 * 9 + 9;
      const o2 = i1 + 1;
      let s0 = 0;
      let s1 = 0;
      for (let i2 = 0; i2 < 9; i2++) {
        const t0 = b1[i2];
        const t1 = b2[o0 + i2];
        const t2 = t0 * t1;
        s0 += t2;
        const t3 = b2[o1 + i2];
        const t4 = t0 * t3;
        s1 += t4;
      }
      const r0 = b0[i1];
      const r1 = (-0.05555555555555555) * s0;
      const r2 = r0 + r1;
      out0[i1] = r2;
      const r3 = b0[o2];
      const r4 = (-0.05555555555555555) * s1;
      const r5 = r3 + r4;
      out0[o2] = r5;
    }
    for (let i1 = 4; i1 < 5; i1 += 1) {
      const o0 = i1 * 9;
      let s0 = 0;
      for (let i2 = 0; i2 < 9; i2++) {
        const t0 = b1[i2];
        const t1 = b2[o0 + i2];
        const t2 = t0 * t1;
        s0 += t2;
      }
      const r0 = b0[i1];
      const r1 = (-0.05555555555555555) * s0;
      const r2 = r0 + r1;
      out0[i1] = r2;
    }"
  `);
});

test('the work of a step: two multiply-adds a weight and example, three with the way back', async () => {
  const { program, sizes } = net({ layers: [100, 1], m: 50 });
  using run = await compile(program, { sizes, device: 'js' });
  const { flops, kernels: list, memory } = run.report();
  const products = list.filter((k) => k.name !== 'b1').reduce((sum, k) => sum + k.flops, 0);
  expect(products).toBeGreaterThanOrEqual(2 * 2 * 100 * 50);
  expect(flops).toBeLessThan(3 * 2 * 100 * 50);
  // W1, b1; dZ1, and room for nothing else.
  expect(memory.params).toBe(4 * 101);
  expect(memory.temporaries).toBe(4 * 52);
});

test('intermediate values share memory when their times do not overlap', async () => {
  const { A, sizes } = net({ layers: [8, 8, 8, 8, 8, 1], m: 16 });
  using run = await compile(A, { sizes, device: 'js' });
  const { temporaries, withoutReuse } = run.report().memory;
  // A1 to A4 and the result; two layers are enough at a time.
  expect(withoutReuse).toBe(4 * 16 * (4 * 8 + 1));
  expect(temporaries).toBe(4 * 16 * 2 * 8);
});
