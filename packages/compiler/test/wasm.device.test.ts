// What the device does around a program: modules that only compile in the background.
import { afterEach, expect, test, vi } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { inMemory } from './support/conformance.ts';
import { apply, load, nestCase } from './support/nests.ts';

afterEach(() => void vi.unstubAllGlobals());

test('a module that is too large for the main thread is compiled in the background', async () => {
  const device = await openWasm();
  const result = apply('mul', load(0, 0), load(0, 0));
  const { plan, data } = nestCase('square', { axes: [5], result }, [{ shape: [5] }]);
  const program = device.emit(plan);
  const { Memory, Instance, compile } = WebAssembly;
  const Module = vi.fn(function tooLarge() {
    throw new RangeError('WebAssembly.Compile is disallowed on the main thread');
  });
  vi.stubGlobal('WebAssembly', { Memory, Instance, compile, Module });
  const loading = device.load(program);
  expect(Module).toHaveBeenCalledOnce();
  expect(loading).toBeInstanceOf(Promise);
  const loaded = await loading;
  const input = plan.buffers[0]!;
  const env = [device.upload(inMemory(data[0]!, input), [5], 'rows')];
  loaded.run(env);
  const found = await device.read(env[1], [5], 'rows');
  expect([...found]).toEqual([...data[0]!].map((x) => Math.fround(x * x)));
});

test('a disposed program gives its memory back, once', async () => {
  const device = await openWasm();
  const { plan } = nestCase('large', { axes: [100_000], result: load(0, 0) }, [
    { shape: [100_000] },
  ]);
  const program = device.emit(plan);
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  for (let i = 0; i < 100; i++) {
    const loaded = await device.load(program);
    loaded.dispose();
    loaded.dispose();
  }
  expect(grow).not.toHaveBeenCalled();
  const [a, b] = [await device.load(program), await device.load(program)];
  const env = [device.upload(new Float32Array(100_000).fill(1), [100_000], 'rows')];
  a.run(env);
  const ones = env[1];
  env[0] = device.upload(new Float32Array(100_000).fill(2), [100_000], 'rows');
  b.run(env);
  // Two programs never share a place.
  expect((await device.read(ones, [100_000], 'rows')).every((x) => x === 1)).toBe(true);
  grow.mockRestore();
});
