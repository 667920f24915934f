// The suites of every device, on WebAssembly; and what only it has: a loop of steps inside the
// module, and one memory that grows.
import {
  exp,
  grad,
  input,
  matmul,
  mean,
  mul,
  param,
  square,
  sub,
  transpose,
} from '@chainrule/graph';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { compile } from '../src/index.ts';
import { net } from './support/programs.ts';
import { sessions } from './support/sessions.ts';
import { training } from './support/training.ts';

describe('wasm', () => {
  sessions('wasm');
  training(openWasm);
});

afterEach(() => void vi.restoreAllMocks());

const small = () => net({ layers: [2, 4, 1], m: 37 });
const start = (c = small(), seed = 3) =>
  compile(c.program, { sizes: c.sizes, device: 'wasm', seed });

/** A parameter whose new value is made of all of the old one: the two trade places. */
function turning() {
  const R = param(2, 2, { name: 'R' });
  return compile({ updates: [{ param: R, value: matmul(R, R) }] }, { device: 'wasm' });
}

describe('steps inside the module', () => {
  test.each([1, 2, 3, 4, 7])('%d at once are as many one by one', async (n) => {
    const c = small();
    using together = await start(c);
    using apart = await start(c);
    await together.steps(n, c.feeds);
    for (let i = 0; i < n; i++) apart.step(c.feeds);
    expect(await together.state()).toEqual(await apart.state());
  });

  test.each([1, 2, 3, 4, 5])('%d where old and new values trade places', async (n) => {
    using run = await turning();
    const angle = 0.1;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    run.write('R', [c, -s, s, c]);
    // A rotation squared turns twice as far; in two calls, and with a step between.
    await run.steps(n, {});
    run.step({});
    await run.steps(1, {});
    const turned = angle * 2 ** (n + 2);
    const { data } = await run.read('R');
    expect(data[0]).toBeCloseTo(Math.cos(turned), 4);
    expect(data[2]).toBeCloseTo(Math.sin(turned), 4);
  });

  test('none leave everything as it is', async () => {
    const c = small();
    using run = await start(c);
    const before = await run.state();
    await run.steps(0, c.feeds);
    expect(await run.state()).toEqual(before);
  });
});

test('100,000 steps keep memory constant, and are the same to the bit in another run', async () => {
  const c = small();
  using run = await start(c);
  await run.steps(10, c.feeds);
  run.step(c.feeds);
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  await run.steps(90_000, c.feeds);
  for (let i = 0; i < 10_000; i++) run.step(c.feeds);
  expect(grow).not.toHaveBeenCalled();
  using again = await start(c);
  await again.steps(100_011, c.feeds);
  expect(await again.state()).toEqual(await run.state());
});

test('the memory of batches of many sizes is used again', async () => {
  const c = small();
  using run = await start(c);
  // More sizes than a session keeps programs for.
  const round = async () => {
    for (let m = 1; m <= 60; m++) await run.steps(1, net({ layers: [2, 4, 1], m }).feeds);
  };
  await round();
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  await round();
  expect(grow).not.toHaveBeenCalled();
});

test('a feed of the wrong size leaves parameters as they were', async () => {
  const c = small();
  using run = await start(c);
  const before = await run.state();
  const feeds = { ...c.feeds, X: new Float32Array(75) };
  expect(() => run.step(feeds)).toThrow(/X .*75/);
  await expect(run.steps(5, feeds)).rejects.toThrow(/X .*75/);
  expect(await run.state()).toEqual(before);
  run.step(c.feeds);
  expect(await run.state()).not.toEqual(before);
});

test('memory that cannot be had is an error, and the session goes on', async () => {
  const x = input(1, 'm', { name: 'x' });
  const w = param(1, 1, { name: 'w' });
  const J = mean(square(sub(matmul(w, x), x)));
  const descended = { param: w, value: sub(w, grad(J, w)) };
  using run = await compile({ updates: [descended] }, { device: 'wasm' });
  const before = await run.state();
  const m = 40_000;
  const large = { x: new Float32Array(m).fill(1) };
  await expect(run.value(exp(matmul(transpose(x), x)), large)).rejects.toThrow(
    /wasm: 6104 MB more than \d+ MB of memory cannot be had\.\n.*fix: use smaller batches/,
  );
  expect(await run.state()).toEqual(before);
  run.step(large);
  expect(await run.state()).not.toEqual(before);
});

test('a feed for which there is no memory leaves nothing behind', async () => {
  const x = input('n', { name: 'x' });
  const y = input('m', { name: 'y' });
  const w = param({ name: 'w' });
  const J = mul(w, mul(mean(x), mean(y)));
  using run = await compile({ updates: [{ param: w, value: sub(w, J) }] }, { device: 'wasm' });
  run.write('w', [1]);
  const feeds = (n: number, m: number) => ({
    x: new Float32Array(n).fill(1),
    y: new Float32Array(m).fill(0.5),
  });
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
    throw new RangeError('no');
  });
  // x has room in the first megabyte, y has none: a hundred times more than there is.
  for (let i = 0; i < 200; i++) {
    expect(() => run.step(feeds(100_000, 200_000))).toThrow(/memory cannot be had/);
  }
  expect((await run.read('w')).data[0]).toBe(1);
  run.step(feeds(100_000, 100_000));
  expect((await run.read('w')).data[0]).toBe(0.5);
  expect(grow).toHaveBeenCalledTimes(200);
});

test('it says where it runs, and shows every kernel', async () => {
  const c = small();
  const options = { sizes: c.sizes, device: 'wasm', threads: 1 } as const;
  using run = await compile(c.program, options);
  expect(run.device.kind).toBe('wasm');
  expect(run.device.why).toMatch(/^WebAssembly (relaxed )?SIMD, one thread: it was asked for$/);
  for (const { name } of run.report().kernels) expect(run.source(name)).toContain(`func $${name}`);
});

test('auto takes it for small work, and JavaScript with the reason where it cannot be had', async () => {
  const c = small();
  using run = await compile(c.program, { sizes: c.sizes });
  expect(run.device.kind).toBe('wasm');
  expect(run.device.why).toContain('launching a kernel for each on a GPU takes longer');
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
  using other = await compile(c.program, { sizes: c.sizes });
  expect(other.device.kind).toBe('js');
  expect(other.device.refused).toContainEqual({
    kind: 'wasm',
    why: 'this WebAssembly is too old',
  });
  await expect(start()).rejects.toThrow(/too old.*\n.*fix: choose the device 'js'/u);
});
