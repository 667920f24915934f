// The page of the GPU bench: counts are right where a person can count too, and contenders do the
// work that they are timed for. How long anything takes, nobody asks here.
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alias } from '../../vitest.shared.ts';
import { type Lab, openSite, type Site } from '../src/gpu/browser.ts';
import type { GpuName } from '../src/gpu/contenders.ts';
import type { Counts } from '../src/gpu/count/count.ts';
import { countOf, inPage } from '../src/gpu/measure.ts';
import { chainrule } from '../src/peers/chainrule.ts';
import { agree } from '../src/peers/measure.ts';
import { laidOut, net } from '../src/peers/works.ts';

let site: Site;
let lab: Lab;
beforeAll(async () => {
  site = await openSite(alias);
  lab = await site.browser();
});
afterAll(async () => {
  await lab?.close();
  site?.close();
});

describe('counts of calls made by hand', () => {
  /** The counts before and after `calls`, in a page without any library. */
  async function counted(calls: () => void | Promise<void>): Promise<[Counts, Counts]> {
    const page: Page = await lab.open({ counted: true });
    const before = await page.evaluate(() => bench.counts());
    await page.evaluate(calls);
    const after = await page.evaluate(() => bench.counts());
    await page.close();
    return [before, after];
  }
  const nothing: Counts = {
    dispatches: { webgl: 0, webgl2: 0, webgpu: 0 },
    ...{ submits: 0, programs: 0, uploads: 0, uploaded: 0, uniforms: 0, copies: 0 },
    ...{ reads: 0, read: 0, live: { textures: 0, buffers: 0, bytes: 0 } },
  };

  test('WebGL 2', async () => {
    const [before, after] = await counted(() => {
      const gl = document.createElement('canvas').getContext('webgl2')!;
      const texture = () => {
        gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
        return gl.getParameter(gl.TEXTURE_BINDING_2D) as WebGLTexture;
      };
      const gone = texture();
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, 4, 3, 0, gl.RGBA, gl.FLOAT, null);
      texture();
      const data = new Float32Array(4 * 5);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, 5, 1, 0, gl.RGBA, gl.FLOAT, data);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 1, 1, gl.RGBA, gl.FLOAT, data.subarray(4, 8));
      texture();
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32F, 7, 2);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(6), gl.STATIC_DRAW);
      for (let i = 0; i < 3; i++) gl.drawArrays(gl.POINTS, 0, 1);
      gl.readPixels(0, 0, 2, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(8));
      // By way of a buffer of the device: one read.
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, gl.createBuffer());
      gl.bufferData(gl.PIXEL_PACK_BUFFER, 12, gl.STREAM_READ);
      gl.readPixels(0, 0, 3, 1, gl.RGBA, gl.UNSIGNED_BYTE, 0);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, new Uint8Array(12));
      for (const each of [gone, gone, null]) gl.deleteTexture(each);
    });
    expect(before).toEqual(nothing);
    expect(after).toEqual({
      ...nothing,
      dispatches: { webgl: 0, webgl2: 3, webgpu: 0 },
      ...{ uploads: 3, uploaded: 80 + 16 + 24, reads: 2, read: 8 + 12 },
      live: { textures: 2, buffers: 2, bytes: 80 + 56 + 24 + 12 },
    });
  });

  test('WebGL', async () => {
    const [, after] = await counted(() => {
      const gl = document.createElement('canvas').getContext('webgl')!;
      for (let i = 0; i < 2; i++) gl.drawArrays(gl.POINTS, 0, 1);
      gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
      const texel = new Uint8Array(4);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texel);
    });
    expect(after).toEqual({
      ...nothing,
      dispatches: { webgl: 2, webgl2: 0, webgpu: 0 },
      ...{ uploads: 1, uploaded: 4, live: { textures: 1, buffers: 0, bytes: 4 } },
    });
  });

  test('WebGPU', async (context) => {
    const page = await lab.open();
    const { webgpu } = await page.evaluate(() => bench.renderers());
    await page.close();
    if (webgpu === 'none') context.skip('no WebGPU adapter');
    const [, after] = await counted(async () => {
      const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
      const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
      const usage = STORAGE | COPY_SRC | COPY_DST;
      const code = `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
        @compute @workgroup_size(1) fn main() { x[0] += 1; }`;
      const module = device.createShaderModule({ code });
      const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
      const buffer = device.createBuffer({ size: 64, usage });
      const layout = pipeline.getBindGroupLayout(0);
      const entries = [{ binding: 0, resource: { buffer } }];
      const group = device.createBindGroup({ layout, entries });
      device.queue.writeBuffer(buffer, 0, new Float32Array(16));
      device.queue.writeBuffer(buffer, 0, new Float32Array(16), 2, 3);
      const staging = device.createBuffer({ size: 32, usage: MAP_READ | COPY_DST });
      const made = device.createBuffer({ size: 16, usage, mappedAtCreation: true });
      new Float32Array(made.getMappedRange()).fill(1);
      made.unmap();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let i = 0; i < 5; i++) pass.dispatchWorkgroups(1);
      pass.end();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, 32);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ, 0, 8);
      if (new Float32Array(staging.getMappedRange(0, 8))[0] !== 5) throw new Error('not run');
      staging.destroy();
      staging.destroy();
    });
    expect(after).toEqual({
      ...nothing,
      dispatches: { webgl: 0, webgl2: 0, webgpu: 5 },
      ...{ submits: 1, programs: 1, copies: 1 },
      ...{ uploads: 3, uploaded: 64 + 12 + 16, reads: 1, read: 8 },
      live: { textures: 0, buffers: 2, bytes: 64 + 16 },
    });
  });
});

describe('a small net', () => {
  const work = net([2, 3, 1], 8, 'tanh');
  const layout = 'columns';

  // One for each interface, and each library once at least.
  test.each<GpuName>([
    'chainrule webgl2',
    'chainrule webgl',
    'chainrule webgpu',
    'TensorFlow.js webgl',
    'jax-js webgpu',
  ])('is trained by %s, on the GPU and nowhere else', async (name) => {
    const wanted = await (await chainrule('js').net!(work, laidOut(work, layout))).check();
    const runner = await inPage(lab, name).net!(work, laidOut(work, layout));
    expect(() => agree([wanted.at(-1)!], [wanted[0]!])).toThrow();
    agree(await runner.check(), wanted);
    runner.close();
    const counts = await countOf(lab, { name, work, layout }, 0);
    if ('reason' in counts) throw new Error(counts.reason);
    expect(counts.dispatches).toBeGreaterThan(0);
    expect(counts.live.map(({ steps }) => steps)).toEqual([10, 110]);
    if (!name.startsWith('chainrule')) return;
    // At most 4 L - 1 kernels a step; nothing of the data goes up, and no memory is added.
    expect(counts.dispatches).toBeLessThanOrEqual(7);
    expect(counts.step.uploaded).toBeLessThan(4 * 2 * 8 * 7);
    const [early, late] = counts.live.map(({ steps: _, ...live }) => live);
    expect(late).toEqual(early);
  });

  test('says what went wrong in a page', async () => {
    const broken = net([2, 3, 1], 8, 'no such function' as 'tanh');
    const running = inPage(lab, 'chainrule webgl2').net!(broken, laidOut(broken, layout));
    await expect(running).rejects.toThrow(/^[^\n]+$/);
  });
});
