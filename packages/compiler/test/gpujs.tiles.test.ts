// What the gpu.js backend prints where a thread computes several texels. No GPU is needed.
import { describe, expect, test } from 'vitest';
import type { GpuKind } from '../src/backends/gpujs/layout.ts';
import type { Buffer } from '../src/nest.ts';
import { acc, apply, load } from './support/nests.ts';
import { printed, source } from './support/printed.ts';

describe('tiles', () => {
  const large = (columns: number, kind: GpuKind): string => {
    const body = apply('mul', load(0, 0, 2), load(1, 2, 1));
    const fold = { kind: 'sum', axes: [8], body } as const;
    const shapes = [
      [70, 8],
      [8, columns],
    ];
    return source({ axes: [70, columns], fold, result: acc }, shapes, kind);
  };

  test('a large product on WebGPU shares what it reads between rows', () => {
    expect(large(64, 'webgpu')).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> b0 : array<vec4<f32>, 140>;
      @group(0) @binding(1) var<storage, read> b1 : array<vec4<f32>, 128>;
      @group(0) @binding(2) var<storage, read_write> result : array<vec4<f32>, 1120>;
      @compute @workgroup_size(8, 8)
      fn main(@builtin(global_invocation_id) thread : vec3<u32>) {
        if (thread.x >= 16u || thread.y >= 18u) { return; }
        let q = i32(thread.x);
        let row = i32(thread.y);
        let t0 = row + 18;
        let t1 = row + 36;
        let t2 = row + 54;
        var acc = vec4<f32>(0.0);
        var acc_1 = vec4<f32>(0.0);
        var acc_2 = vec4<f32>(0.0);
        var acc_3 = vec4<f32>(0.0);
        for (var k0 = 0; k0 < 8; k0++) {
          let t3 = (k0) >> 2u;
          let t4 = b0[2 * row + t3][k0 - 4 * t3];
          let t5 = b1[16 * k0 + q];
          acc = acc + t4 * t5;
          let t6 = b0[2 * t0 + t3][k0 - 4 * t3];
          acc_1 = acc_1 + t6 * t5;
          let t7 = b0[2 * t1 + t3][k0 - 4 * t3];
          acc_2 = acc_2 + t7 * t5;
          let t8 = b0[2 * t2 + t3][k0 - 4 * t3];
          acc_3 = acc_3 + t8 * t5;
        }
        var accs = array(acc, acc_1, acc_2, acc_3);
        for (var i = 0; i < 4; i++) {
          let below = row + 18 * i;
          if (below < 70) {
            result[16 * below + q] = accs[i];
          }
        }
      }"
    `);
  });

  test('rows that read nothing in common are computed by threads of their own', () => {
    const body = load(0, 0, 2, 1);
    const sums = {
      axes: [1024, 8],
      fold: { kind: 'sum', axes: [64], body },
      result: acc,
    } as const;
    expect(source(sums, [[1024, 64, 8]], 'webgpu')).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> b0 : array<vec4<f32>, 131072>;
      @group(0) @binding(1) var<storage, read_write> result : array<vec4<f32>, 2048>;
      @compute @workgroup_size(64, 1)
      fn main(@builtin(global_invocation_id) thread : vec3<u32>) {
        if (thread.x >= 2048u) { return; }
        let texel = i32(thread.x);
        let row = (texel) >> 1u;
        let q = texel - 2 * row;
        var acc = vec4<f32>(0.0);
        for (var k0 = 0; k0 < 64; k0++) {
          let t0 = b0[128 * row + 2 * k0 + q];
          acc = acc + t0;
        }
        result[2 * row + q] = acc;
      }"
    `);
  });

  test('a larger one between columns too', () => {
    expect(large(260, 'webgpu')).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> b0 : array<vec4<f32>, 140>;
      @group(0) @binding(1) var<storage, read> b1 : array<vec4<f32>, 520>;
      @group(0) @binding(2) var<storage, read_write> result : array<vec4<f32>, 4550>;
      @compute @workgroup_size(8, 8)
      fn main(@builtin(global_invocation_id) thread : vec3<u32>) {
        if (thread.x >= 33u || thread.y >= 9u) { return; }
        let q = i32(thread.x);
        let row = i32(thread.y);
        let t0 = row + 9;
        let t1 = row + 18;
        let t2 = row + 27;
        let t3 = row + 36;
        let t4 = row + 45;
        let t5 = row + 54;
        let t6 = row + 63;
        var acc = vec4<f32>(0.0);
        var acc_1 = vec4<f32>(0.0);
        var acc_2 = vec4<f32>(0.0);
        var acc_3 = vec4<f32>(0.0);
        var acc_4 = vec4<f32>(0.0);
        var acc_5 = vec4<f32>(0.0);
        var acc_6 = vec4<f32>(0.0);
        var acc_7 = vec4<f32>(0.0);
        var acc_8 = vec4<f32>(0.0);
        var acc_9 = vec4<f32>(0.0);
        var acc_10 = vec4<f32>(0.0);
        var acc_11 = vec4<f32>(0.0);
        var acc_12 = vec4<f32>(0.0);
        var acc_13 = vec4<f32>(0.0);
        var acc_14 = vec4<f32>(0.0);
        var acc_15 = vec4<f32>(0.0);
        for (var k0 = 0; k0 < 8; k0++) {
          let t7 = (k0) >> 2u;
          let t8 = b0[2 * row + t7][k0 - 4 * t7];
          let t9 = b1[65 * k0 + q];
          acc = acc + t8 * t9;
          let t10 = b1[65 * k0 + q + 33];
          acc_1 = acc_1 + t8 * t10;
          let t11 = b0[2 * t0 + t7][k0 - 4 * t7];
          acc_2 = acc_2 + t11 * t9;
          acc_3 = acc_3 + t11 * t10;
          let t12 = b0[2 * t1 + t7][k0 - 4 * t7];
          acc_4 = acc_4 + t12 * t9;
          acc_5 = acc_5 + t12 * t10;
          let t13 = b0[2 * t2 + t7][k0 - 4 * t7];
          acc_6 = acc_6 + t13 * t9;
          acc_7 = acc_7 + t13 * t10;
          let t14 = b0[2 * t3 + t7][k0 - 4 * t7];
          acc_8 = acc_8 + t14 * t9;
          acc_9 = acc_9 + t14 * t10;
          let t15 = b0[2 * t4 + t7][k0 - 4 * t7];
          acc_10 = acc_10 + t15 * t9;
          acc_11 = acc_11 + t15 * t10;
          let t16 = b0[2 * t5 + t7][k0 - 4 * t7];
          acc_12 = acc_12 + t16 * t9;
          acc_13 = acc_13 + t16 * t10;
          let t17 = b0[2 * t6 + t7][k0 - 4 * t7];
          acc_14 = acc_14 + t17 * t9;
          acc_15 = acc_15 + t17 * t10;
        }
        var accs = array(acc, acc_1, acc_2, acc_3, acc_4, acc_5, acc_6, acc_7, acc_8, acc_9, acc_10, acc_11, acc_12, acc_13, acc_14, acc_15);
        for (var i = 0; i < 16; i++) {
          let right = q + 33 * (i % 2);
          let below = row + 9 * (i / 2);
          if (right < 65 && below < 70) {
            result[65 * below + right] = accs[i];
          }
        }
      }"
    `);
  });

  test('one row of threads that is folded is still one row', () => {
    const columns = 4 * 4_200_000;
    const buffers = [
      [2, 8],
      [8, columns],
      [2, columns],
    ].map((shape, id): Buffer => {
      return { id, name: `x${id}`, shape, order: 'rows', role: id < 2 ? 'input' : 'output' };
    });
    const body = apply('mul', load(0, 0, 2), load(1, 2, 1));
    const fold = { kind: 'sum', axes: [8], body } as const;
    const nest = { axes: [2, columns], fold, result: acc, name: 'Z', inputs: [0, 1], output: 2 };
    const text = printed({ kernels: [nest], buffers, arena: 0, swaps: [] }, 'webgpu');
    expect(text).toContain('thread.x + thread.y * ');
    expect(text).toContain('let row = 0;');
  });

  test('on WebGL 2 the rows are targets to draw to', () => {
    expect(large(64, 'webgl2')).toMatchInlineSnapshot(`
      "vec4 texel0(float x, float y) { return texture(user_b0, vec2(x + 0.5, y + 0.5) / vec2(2.0, 70.0)); }
      vec4 texel1(float x, float y) { return texture(user_b1, vec2(x + 0.5, y + 0.5) / vec2(16.0, 8.0)); }
      vec4 body() {
        float q = floor(gl_FragCoord.x);
        float row = floor(gl_FragCoord.y);
        float t0 = row + 18.0;
        float t1 = row + 36.0;
        float t2 = row + 54.0;
        vec4 acc = vec4(0.0);
        vec4 acc_1 = vec4(0.0);
        vec4 acc_2 = vec4(0.0);
        vec4 acc_3 = vec4(0.0);
        for (int nk0 = 0; nk0 < 2; nk0++) {
          float k0 = float(nk0);
          vec4 t3 = texel0(k0, row);
          vec4 t4 = texel1(q, 4.0 * k0);
          acc = acc + t3.x * t4;
          vec4 t5 = texel0(k0, t0);
          acc_1 = acc_1 + t5.x * t4;
          vec4 t6 = texel0(k0, t1);
          acc_2 = acc_2 + t6.x * t4;
          vec4 t7 = texel0(k0, t2);
          acc_3 = acc_3 + t7.x * t4;
          vec4 t8 = texel1(q, 4.0 * k0 + 1.0);
          acc = acc + t3.y * t8;
          acc_1 = acc_1 + t5.y * t8;
          acc_2 = acc_2 + t6.y * t8;
          acc_3 = acc_3 + t7.y * t8;
          vec4 t9 = texel1(q, 4.0 * k0 + 2.0);
          acc = acc + t3.z * t9;
          acc_1 = acc_1 + t5.z * t9;
          acc_2 = acc_2 + t6.z * t9;
          acc_3 = acc_3 + t7.z * t9;
          vec4 t10 = texel1(q, 4.0 * k0 + 3.0);
          acc = acc + t3.w * t10;
          acc_1 = acc_1 + t5.w * t10;
          acc_2 = acc_2 + t6.w * t10;
          acc_3 = acc_3 + t7.w * t10;
        }
        further1 = acc_1;
        further2 = acc_2;
        further3 = acc_3;
        return acc;
      }"
    `);
  });
});
