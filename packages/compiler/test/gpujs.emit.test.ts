// What the gpu.js backend prints. No GPU is needed.
import { describe, expect, test } from 'vitest';
import type { GpuKind } from '../src/backends/gpujs/layout.ts';
import type { Nest, Plan } from '../src/nest.ts';
import { nestCases } from './support/nest-cases.ts';
import { acc, across, apply, type Body, load, nestCase } from './support/nests.ts';
import { printed, source } from './support/printed.ts';

const named = (name: string, kind: GpuKind = 'webgl2') =>
  printed(nestCases.find((nest) => nest.name === name)!.plan, kind);

describe('source', () => {
  test('a product with a prologue and an epilogue takes four turns at a time', () => {
    expect(named('matmul with prologue and epilogue, k = 9')).toMatchInlineSnapshot(`
      "float lane(vec4 t, float i) { return mix(mix(t.x, t.y, i > 0.5), mix(t.z, t.w, i > 2.5), i > 1.5); }
      vec4 max_four(vec4 a, vec4 b) { return mix(mix(a + b, a, lessThanEqual(b, a)), b, lessThanEqual(a, b)); }
      vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(3.0, 10.0)); }
      vec4 texel1(float x, float y) { return texture(user_b1, vec2(x + 0.5, y + 0.5) / vec2(1.0, 9.0)); }
      vec4 texel2(float x, float y) { return texture(user_b2, vec2(x + 0.5, y + 0.5) / vec2(1.0, 3.0)); }
      vec4 texel3(float x, float y) { return texture(user_b3, vec2(x + 0.5, y + 0.5) / vec2(1.0, 3.0)); }
      vec4 body() {
        float row = floor(gl_FragCoord.y);
        vec4 t6 = texel0(2.0, row);
        vec4 t7 = texel1(0.0, 8.0);
        vec4 t8 = texel2(0.0, 2.0);
        vec4 acc = vec4(0.0);
        for (int nk0 = 0; nk0 < 2; nk0++) {
          float k0 = float(nk0);
          vec4 t0 = texel0(k0, row);
          vec4 t1 = texel1(0.0, 4.0 * k0);
          vec4 t2 = texel2(0.0, k0);
          acc = acc + t0.x * max_four(t1 + t2.x, vec4(0.0));
          vec4 t3 = texel1(0.0, 4.0 * k0 + 1.0);
          acc = acc + t0.y * max_four(t3 + t2.y, vec4(0.0));
          vec4 t4 = texel1(0.0, 4.0 * k0 + 2.0);
          acc = acc + t0.z * max_four(t4 + t2.z, vec4(0.0));
          vec4 t5 = texel1(0.0, 4.0 * k0 + 3.0);
          acc = acc + t0.w * max_four(t5 + t2.w, vec4(0.0));
        }
        acc = acc + t6.x * max_four(t7 + t8.x, vec4(0.0));
        float t9 = floor((row + 0.5) / 4.0);
        vec4 t10 = texel3(0.0, t9);
        float t11 = lane(t10, row - 4.0 * t9);
        return max_four(acc * 0.1111111111111111 + t11, vec4(0.0));
      }"
    `);
  });

  test('a fold across three classes', () => {
    const scores = apply('add', acc, load(2, 0));
    const nest: Body = {
      axes: [3, 9],
      fold: { kind: 'sum', axes: [5], body: apply('mul', load(0, 0, 2), load(1, 2, 1)) },
      across: { kind: 'max', axis: 0, body: scores },
      result: apply('sub', scores, across),
    };
    const shapes = [[3, 5], [5, 9], [3]];
    expect(source(nest, shapes, 'webgpu')).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> b0 : array<vec4<f32>, 6>;
      @group(0) @binding(1) var<storage, read> b1 : array<vec4<f32>, 15>;
      @group(0) @binding(2) var<storage, read> b2 : array<vec4<f32>, 1>;
      @group(0) @binding(3) var<storage, read_write> result : array<vec4<f32>, 9>;
      fn max_four(a : vec4<f32>, b : vec4<f32>) -> vec4<f32> { return select(select(a + b, a, b <= a), b, a <= b); }
      @compute @workgroup_size(64, 1)
      fn main(@builtin(global_invocation_id) thread : vec3<u32>) {
        if (thread.x >= 9u) { return; }
        let texel = i32(thread.x);
        let row = (texel) / 3;
        let q = texel - 3 * row;
        let t0 = b0[2 * row];
        let t1 = b1[q];
        let t2 = b0[0];
        let t3 = b0[2];
        let t4 = b0[4];
        let t5 = b1[q + 3];
        let t6 = b1[q + 6];
        let t7 = b1[q + 9];
        let t8 = b0[2 * row + 1];
        let t9 = b1[q + 12];
        let t10 = b0[1];
        let t11 = b0[3];
        let t12 = b0[5];
        var acc = vec4<f32>(0.0);
        var acc_1 = vec4<f32>(0.0);
        var acc_2 = vec4<f32>(0.0);
        var acc_3 = vec4<f32>(0.0);
        acc = acc + t0.x * t1;
        acc_1 = acc_1 + t2.x * t1;
        acc_2 = acc_2 + t3.x * t1;
        acc_3 = acc_3 + t4.x * t1;
        acc = acc + t0.y * t5;
        acc_1 = acc_1 + t2.y * t5;
        acc_2 = acc_2 + t3.y * t5;
        acc_3 = acc_3 + t4.y * t5;
        acc = acc + t0.z * t6;
        acc_1 = acc_1 + t2.z * t6;
        acc_2 = acc_2 + t3.z * t6;
        acc_3 = acc_3 + t4.z * t6;
        acc = acc + t0.w * t7;
        acc_1 = acc_1 + t2.w * t7;
        acc_2 = acc_2 + t3.w * t7;
        acc_3 = acc_3 + t4.w * t7;
        acc = acc + t8.x * t9;
        acc_1 = acc_1 + t10.x * t9;
        acc_2 = acc_2 + t11.x * t9;
        acc_3 = acc_3 + t12.x * t9;
        var acc_across = vec4<f32>(-3.4028234663852886e+38);
        let t13 = b2[0];
        let t14 = acc_1 + t13.x;
        acc_across = max_four(acc_across, t14);
        let t15 = acc_2 + t13.y;
        acc_across = max_four(acc_across, t15);
        let t16 = acc_3 + t13.z;
        acc_across = max_four(acc_across, t16);
        let t17 = (row) >> 2u;
        let t18 = b2[t17][row - 4 * t17];
        let t19 = acc + t18;
        result[3 * row + q] = t19 - acc_across;
      }"
    `);
  });

  test('a product on WebGPU', () => {
    expect(named('matmul with prologue and epilogue, k = 9', 'webgpu')).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> b0 : array<vec4<f32>, 30>;
      @group(0) @binding(1) var<storage, read> b1 : array<vec4<f32>, 9>;
      @group(0) @binding(2) var<storage, read> b2 : array<vec4<f32>, 3>;
      @group(0) @binding(3) var<storage, read> b3 : array<vec4<f32>, 3>;
      @group(0) @binding(4) var<storage, read_write> result : array<vec4<f32>, 10>;
      fn max_four(a : vec4<f32>, b : vec4<f32>) -> vec4<f32> { return select(select(a + b, a, b <= a), b, a <= b); }
      @compute @workgroup_size(64, 1)
      fn main(@builtin(global_invocation_id) thread : vec3<u32>) {
        if (thread.x >= 10u) { return; }
        let row = i32(thread.x);
        let t6 = b0[3 * row + 2];
        let t7 = b1[8];
        let t8 = b2[2];
        var acc = vec4<f32>(0.0);
        for (var k0 = 0; k0 < 2; k0++) {
          let t0 = b0[3 * row + k0];
          let t1 = b1[4 * k0];
          let t2 = b2[k0];
          acc = acc + t0.x * max_four(t1 + t2.x, vec4<f32>(0.0));
          let t3 = b1[4 * k0 + 1];
          acc = acc + t0.y * max_four(t3 + t2.y, vec4<f32>(0.0));
          let t4 = b1[4 * k0 + 2];
          acc = acc + t0.z * max_four(t4 + t2.z, vec4<f32>(0.0));
          let t5 = b1[4 * k0 + 3];
          acc = acc + t0.w * max_four(t5 + t2.w, vec4<f32>(0.0));
        }
        acc = acc + t6.x * max_four(t7 + t8.x, vec4<f32>(0.0));
        let t9 = (row) >> 2u;
        let t10 = b3[t9][row - 4 * t9];
        result[row] = max_four(acc * 0.1111111111111111 + t10, vec4<f32>(0.0));
      }"
    `);
  });

  test('data stored one column after another are read along their columns', () => {
    expect(named('matmul of columns-order, k = 4')).toMatchInlineSnapshot(`
      "vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(1.0, 5.0)); }
      vec4 texel1(float x, float y) { return texture(user_b1, vec2(x + 0.5, y + 0.5) / vec2(1.0, 4.0)); }
      vec4 body() {
        float row = floor(gl_FragCoord.y);
        vec4 t0 = texel0(0.0, row);
        vec4 t1 = texel1(0.0, 0.0);
        vec4 t2 = texel1(0.0, 1.0);
        vec4 t3 = texel1(0.0, 2.0);
        vec4 t4 = texel1(0.0, 3.0);
        vec4 acc = vec4(0.0);
        acc = acc + t0.x * vec4(t1.x, t2.x, t3.x, t4.x);
        acc = acc + t0.y * vec4(t1.y, t2.y, t3.y, t4.y);
        acc = acc + t0.z * vec4(t1.z, t2.z, t3.z, t4.z);
        acc = acc + t0.w * vec4(t1.w, t2.w, t3.w, t4.w);
        return acc;
      }"
    `);
  });

  test('what is used twice is computed once', () => {
    expect(named('shared subexpressions, 4 x 6')).toMatchInlineSnapshot(`
      "vec4 exp_four(vec4 x) { return mix(mix(x, exp(x), lessThanEqual(vec4(88.0), x)), exp(x), lessThanEqual(x, vec4(88.0))); }
      vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(2.0, 4.0)); }
      vec4 body() {
        float q = floor(gl_FragCoord.x);
        float row = floor(gl_FragCoord.y);
        vec4 t0 = texel0(q, row);
        vec4 t1 = exp_four(t0);
        vec4 t2 = vec4(lessThan(t0, vec4(0.0)));
        return t1 * t2 + mix(t1, -t0, equal(t2, vec4(0.0)));
      }"
    `);
  });

  test('what does not change in a loop is computed before it', () => {
    expect(
      named('sum over two axes of what changes outside, in one and in both'),
    ).toMatchInlineSnapshot(`
      "float lane(vec4 t, float i) { return mix(mix(t.x, t.y, i > 0.5), mix(t.z, t.w, i > 2.5), i > 1.5); }
      float exp_one(float x) { return (x <= float(88.0) ? exp(x) : (float(88.0) <= x ? exp(x) : x)); }
      vec4 exp_four(vec4 x) { return mix(mix(x, exp(x), lessThanEqual(vec4(88.0), x)), exp(x), lessThanEqual(x, vec4(88.0))); }
      vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(1.0, 1.0)); }
      vec4 texel1(float x, float y) { return texture(user_b1, vec2(x + 0.5, y + 0.5) / vec2(1.0, 3.0)); }
      vec4 texel2(float x, float y) { return texture(user_b2, vec2(x + 0.5, y + 0.5) / vec2(2.0, 4.0)); }
      vec4 body() {
        vec4 t0 = texel0(0.0, 0.0);
        vec4 t1 = exp_four(t0);
        vec4 acc = vec4(0.0);
        for (int nk0 = 0; nk0 < 4; nk0++) {
          float k0 = float(nk0);
          float t2 = floor((k0 + 0.5) / 4.0);
          vec4 t3 = texel1(t2, 0.0);
          float t4 = lane(t3, k0 - 4.0 * t2);
          vec4 t5 = texel1(t2, 1.0);
          float t6 = lane(t5, k0 - 4.0 * t2);
          vec4 t7 = texel1(t2, 2.0);
          float t8 = lane(t7, k0 - 4.0 * t2);
          vec4 t9 = texel1(t2, 3.0);
          float t10 = lane(t9, k0 - 4.0 * t2);
          vec4 t11 = exp_four(vec4(t4, t6, t8, t10));
          vec4 t12 = t1 * t11;
          vec4 t13 = texel2(0.0, k0);
          vec4 t18 = texel2(1.0, k0);
          float t14 = exp_one(t13.x);
          acc = acc + t12 * t14;
          float t15 = exp_one(t13.y);
          acc = acc + t12 * t15;
          float t16 = exp_one(t13.z);
          acc = acc + t12 * t16;
          float t17 = exp_one(t13.w);
          acc = acc + t12 * t17;
          float t19 = exp_one(t18.x);
          acc = acc + t12 * t19;
        }
        vec4 t20 = acc / t1;
        return t20;
      }"
    `);
  });

  test('logsumexp runs online; WebGL 1 chooses lane by lane', () => {
    expect(named('softmax of columns by its logsumexp', 'webgl')).toMatchInlineSnapshot(`
      "vec4 choose(bvec4 c, vec4 a, vec4 b) { return vec4(c.x ? a.x : b.x, c.y ? a.y : b.y, c.z ? a.z : b.z, c.w ? a.w : b.w); }
      vec4 max_four(vec4 a, vec4 b) { return choose(lessThanEqual(a, b), b, choose(lessThanEqual(b, a), a, a + b)); }
      vec4 exp_four(vec4 x) { return choose(lessThanEqual(x, vec4(88.0)), exp(x), choose(lessThanEqual(vec4(88.0), x), exp(x), x)); }
      vec4 log_four(vec4 x) { return choose(lessThanEqual(vec4(0.0), x), log(x), sqrt(x)); }
      vec4 texel0(float x, float y) { return texture2D(user_b0, vec2(x + 0.5, y + 0.5) / vec2(2.0, 4.0)); }
      vec4 body() {
        float q = floor(gl_FragCoord.y);
        vec4 m = vec4(-1e+30);
        vec4 s = vec4(0.0);
        for (int nk0 = 0; nk0 < 4; nk0++) {
          float k0 = float(nk0);
          vec4 t0 = texel0(q, k0);
          vec4 v0_0 = t0;
          vec4 e0_0 = exp_four(-abs(v0_0 - m));
          s = choose(lessThan(m, v0_0), s * e0_0 + 1.0, s + e0_0);
          m = max_four(m, v0_0);
        }
        vec4 acc = m + log_four(s);
        vec4 t1 = texel0(q, 2.0);
        return exp_four(t1 - acc);
      }"
    `);
  });

  test('more than two dimensions are decoded', () => {
    expect(named('rank 5 map')).toMatchInlineSnapshot(`
      "vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(1.0, 24.0)); }
      vec4 body() {
        float row = floor(gl_FragCoord.y);
        float t0 = floor((row + 0.5) / 2.0);
        float t1 = row - 2.0 * t0;
        float t2 = floor((t0 + 0.5) / 2.0);
        float t3 = t0 - 2.0 * t2;
        float t4 = floor((t2 + 0.5) / 3.0);
        float t5 = t2 - 3.0 * t4;
        vec4 t6 = texel0(0.0, 12.0 * t4 + 4.0 * t5 + 2.0 * t3 + t1);
        return -t6;
      }"
    `);
  });

  test('loops over one value are no loops', () => {
    const fold = { kind: 'max', axes: [1], body: load(0, 0, 1) } as const;
    expect(source({ axes: [3], fold, result: acc }, [[3, 1]])).toMatchInlineSnapshot(`
      "vec4 max_four(vec4 a, vec4 b) { return mix(mix(a + b, a, lessThanEqual(b, a)), b, lessThanEqual(a, b)); }
      vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(1.0, 1.0)); }
      vec4 body() {
        vec4 acc = vec4(-3.4028234663852886e+38);
        vec4 t0 = texel0(0.0, 0.0);
        acc = max_four(acc, t0);
        return acc;
      }"
    `);
  });

  test('sine has its own polynomial', () => {
    expect(named('op sin')).toMatchInlineSnapshot(`
      "vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(1.0, 2.0)); }
      vec4 body() {
        float q = floor(gl_FragCoord.y);
        vec4 t0 = texel0(0.0, q);
        vec4 t1 = floor(t0 * 0.3183098861837907 + 0.5);
        vec4 t2 = t0 - t1 * 3.140625 - t1 * 0.00096750259 - t1 * 1.509958e-7;
        vec4 t3 = t2 * t2;
        return (1.0 - (t1 - floor(t1 * 0.5) * 2.0) * 2.0) * (t2 * ((((0.00000260507828 * t3 - 0.000198090047) * t3 + 0.00833305) * t3 - 0.166666579) * t3 + 1.0));
      }"
    `);
  });

  test('what is longer than a texture lies in lines', () => {
    const nest = { axes: [3, 9000], result: load(0, 0, 1) };
    expect(source(nest, [[3, 9000]])).toMatchInlineSnapshot(`
      "vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(2048.0, 4.0)); }
      vec4 body() {
        float texel = floor(gl_FragCoord.x) + 2048.0 * floor(gl_FragCoord.y);
        float row = floor((texel + 0.5) / 2250.0);
        float q = texel - 2250.0 * row;
        float t0 = floor((2250.0 * row + q + 0.5) / 2048.0);
        vec4 t1 = texel0(2250.0 * row + q - 2048.0 * t0, t0);
        return t1;
      }"
    `);
  });

  test('a further result goes to a global, or behind the first', () => {
    const { plan } = nestCase('Z', { axes: [2, 5], result: load(0, 0, 1) }, [{ shape: [2, 5] }]);
    const nest: Nest = {
      ...plan.kernels[0]!,
      also: [{ result: apply('neg', load(0, 0, 1)), output: 2 }],
    };
    const both: Plan = { ...plan, kernels: [nest] };
    expect(printed(both, 'webgl2')).toMatchInlineSnapshot(`
      "vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(2.0, 2.0)); }
      vec4 body() {
        float q = floor(gl_FragCoord.x);
        float row = floor(gl_FragCoord.y);
        vec4 t0 = texel0(q, row);
        further1 = -t0;
        return t0;
      }"
    `);
    expect(printed(both, 'webgpu')).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> b0 : array<vec4<f32>, 4>;
      @group(0) @binding(1) var<storage, read_write> result : array<vec4<f32>, 20>;
      @compute @workgroup_size(64, 1)
      fn main(@builtin(global_invocation_id) thread : vec3<u32>) {
        if (thread.x >= 4u) { return; }
        let texel = i32(thread.x);
        let row = (texel) >> 1u;
        let q = texel - 2 * row;
        let t0 = b0[2 * row + q];
        result[2 * row + q] = t0;
        result[2 * row + q + 16] = -t0;
      }"
    `);
  });

  test('is the same text every time', () => {
    for (const { plan } of nestCases) {
      expect(printed(plan, 'webgl')).toEqual(printed(plan, 'webgl'));
    }
  });
});
