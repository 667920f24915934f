// Runs the quick start as a user does, as a process of its own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

function quickstart(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${root}node_modules/tsx/dist/cli.mjs`, `${root}examples/src/quickstart.ts`, ...args],
    // From the root, where tsx finds that our packages' names mean their sources.
    { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } },
  );
  return { status, stdout, stderr };
}

test('one epoch on all of MNIST, on the CPU, as JSON and nothing else', () => {
  const { status, stdout, stderr } = quickstart(['--json', '--device', 'js', '--epochs', '1']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  const { logistic, mnist, gradient, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({});
  const figures = ['accuracy', 'device', 'kernelsPerStep', 'loss'];
  for (const part of [logistic, mnist]) expect(Object.keys(part).sort()).toEqual(figures);
  expect(logistic).toMatchObject({ device: 'js', kernelsPerStep: 3 });
  expect(logistic.accuracy).toBeGreaterThanOrEqual(0.95);
  expect(logistic.loss).toBeLessThan(0.2);
  expect(mnist.device).toBe('js');
  // 4 L - 1 for L = 2 layers, and two for the sums of softmax.
  expect(mnist.kernelsPerStep).toBeLessThanOrEqual(9);
  expect(mnist.accuracy).toBeGreaterThanOrEqual(0.95);
  expect(mnist.loss).toBeLessThan(0.2);
  expect(gradient.tex).toBe('\\frac{1}{m} X (A - Y)^{T}');
}, 240_000);

test('--help goes to stdout and trains nothing', () => {
  const { status, stdout, stderr } = quickstart(['--help']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('npm run quickstart -- [options]');
});

describe('what cannot be done ends with 1, words on stderr and nothing on stdout', () => {
  test.each([
    [['--device', 'tpu'], '--device cannot be "tpu".\n  choose from: auto, gpu,'],
    [['--json', '--speed'], '--speed is not a flag.\n  choose from: --device,'],
    [['--json', '--device', 'webgl2'], 'the device webgl2 cannot be had here'],
  ])('%j', (args, expected) => {
    const { status, stdout, stderr } = quickstart(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('    at ');
  });

  // Elsewhere WebGPU needs no Vulkan driver that could be hidden from it.
  test.runIf(process.platform === 'linux')('--device webgpu without a driver', () => {
    const hidden = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' };
    const { status, stdout, stderr } = quickstart(['--device', 'webgpu'], hidden);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('webgpu: there is no graphics driver that WebGPU can use');
    expect(stderr).toContain('fix: install a Vulkan driver');
  });
});
