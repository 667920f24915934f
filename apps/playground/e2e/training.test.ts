// What a visitor does: train, pause, step, reset, change the net; on the built page.
import { describe, expect, test } from 'vitest';
import { useLab } from './support.ts';

const open = useLab();
/** What runs where no GPU pays. */
const CPU = /^(js|wasm)$/;
/** Long enough for a slow machine that draws in software; nothing here measures time. */
const PATIENCE = { timeout: 60_000, interval: 100 };

/** Presses play and waits until the test points are classified right. */
async function trainTo(lab: Awaited<ReturnType<typeof open>>, accuracy: number) {
  const before = { step: await lab.figure('step'), loss: await lab.figure('train-loss') };
  expect(before.step).toBe(0);
  await lab.press('Play');
  await expect.poll(() => lab.figure('accuracy'), PATIENCE).toBeGreaterThanOrEqual(accuracy);
  await lab.press('Pause');
  expect(await lab.figure('step')).toBeGreaterThan(0);
  expect(await lab.figure('train-loss')).toBeLessThan(before.loss);
}

test('circles are learned by a deep net', async () => {
  const lab = await open('#data=spirals');
  await lab.page.getByRole('radio', { name: 'Circles' }).check({ force: true });
  await expect.poll(() => lab.page.url()).not.toContain('spirals');
  await trainTo(lab, 95);
});

test('two Gaussians are learned by logistic regression', async () => {
  const lab = await open('#data=gaussians');
  for (let i = 0; i < 2; i++) {
    await lab.page.getByRole('button', { name: 'Remove a hidden layer' }).click();
  }
  await lab.page.getByRole('heading', { name: 'Logistic regression' }).waitFor();
  expect(Object.keys(await lab.shapes())).toEqual(['Z', 'A', 'J', 'dZ', 'dw', 'db', 'w', 'b']);
  await trainTo(lab, 95);
});

test('pause holds, step does one step, reset begins again', async () => {
  const lab = await open('#hidden=3');
  const start = await lab.figure('train-loss');
  await lab.press('Step');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBe(1);
  await lab.press('Play');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBeGreaterThan(20);
  await lab.press('Pause');
  await lab.page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  // A last slice may have been under way: two frames later it is done.
  const frame = () => lab.page.evaluate(() => new Promise((r) => requestAnimationFrame(r)));
  for (let i = 0; i < 3; i++) await frame();
  const paused = await lab.figure('step');
  for (let i = 0; i < 10; i++) await frame();
  expect(await lab.figure('step')).toBe(paused);
  await lab.press('Step');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBe(paused + 1);
  await lab.press('Reset');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBe(0);
  expect(await lab.figure('train-loss')).toBe(start);
});

test('the keyboard alone trains a net', async () => {
  const lab = await open();
  const { page } = lab;
  for (let i = 0; i < 10; i++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    if (name === 'Play') break;
  }
  await page.keyboard.press('Enter');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Unit 1 of layer 1' }).focus();
  await expect
    .poll(() => page.locator('.inspector').textContent(), PATIENCE)
    .toMatch(/W\[1\].*gradient −?\d/s);
});

test('other units mean another graph: shapes, kernels and code change', async () => {
  const lab = await open('#hidden=4,3');
  const { page } = lab;
  expect(await lab.shapes()).toMatchObject({ Z1: '4 × m', W2: '3 × 4' });
  await page.getByRole('button', { name: 'Add a unit to layer 1' }).click();
  await expect.poll(lab.shapes, PATIENCE).toMatchObject({ Z1: '5 × m', W2: '3 × 5' });
  await page.getByRole('button', { name: 'Add a hidden layer' }).click();
  await expect.poll(lab.shapes, PATIENCE).toMatchObject({ Z3: '3 × m', W4: '1 × 3' });
  expect(await page.locator('.code pre').textContent()).toContain('[5, 3, 3].reduce');
  // At most 4 L - 1 kernels for L layers.
  await expect.poll(() => page.locator('.kernels tbody tr').count(), PATIENCE).toBe(15);
  await lab.press('Step');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBe(1);
});

test('another optimizer begins anew, at a rate that suits it', async () => {
  const lab = await open('#hidden=4');
  const { page } = lab;
  await lab.press('Step');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBe(1);
  await lab.choose('Optimizer', 'Adam');
  await expect.poll(() => lab.figure('step'), PATIENCE).toBe(0);
  expect(page.url()).toContain('optimizer=adam&rate=0.01');
  expect(await page.locator('.code pre').textContent()).toContain('adam({ rate: 0.01 })');
  await trainTo(lab, 95);
});

test('the page derives dZ = A - Y, as MathML', async () => {
  const lab = await open('#hidden=3');
  const line = lab.page.locator('[data-equation="dZ2"] math');
  await line.waitFor();
  const words = (await line.textContent())!.replaceAll(/\s/g, '');
  expect(words).toBe('dZ[2]=A[2]−Y');
  expect(await line.locator('msup').count()).toBe(2);
  expect(await lab.page.locator('.stable math').textContent()).toContain('softplus');
});

test('a kernel shows its generated source', async () => {
  const lab = await open('#device=js');
  await lab.page.getByRole('button', { name: 'dZ3', exact: true }).click();
  expect(await lab.page.locator('.source').textContent()).toContain('for (let i1 = 0');
});

describe('devices', () => {
  test('a small net runs on the CPU, and the page says why without loading gpu.js', async () => {
    const lab = await open();
    expect(await lab.device()).toMatch(CPU);
    expect(await lab.page.locator('.device').textContent()).toContain('GPU takes longer');
    expect(lab.requests.filter((address) => /gpu/i.test(address))).toEqual([]);
  });

  test('WebGL 2 takes over the training where it stands', async () => {
    const lab = await open('#hidden=3');
    await lab.press('Play');
    await expect.poll(() => lab.figure('step'), PATIENCE).toBeGreaterThan(50);
    await lab.press('Pause');
    await lab.choose('Device', 'WebGL 2');
    await expect.poll(lab.device, PATIENCE).toBe('webgl2');
    const [step, loss] = [await lab.figure('step'), await lab.figure('train-loss')];
    expect(step).toBeGreaterThan(50);
    await lab.press('Play');
    await expect.poll(() => lab.figure('step'), PATIENCE).toBeGreaterThan(step + 20);
    await lab.press('Pause');
    expect(await lab.device()).toBe('webgl2');
    expect(await lab.figure('train-loss')).toBeLessThan(loss);
    expect(lab.requests.filter((address) => /gpu/i.test(address))).not.toEqual([]);
  });

  test('a device that is not there says so, and the page goes on without it', async () => {
    const lab = await open('', {});
    await lab.page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
    });
    await lab.page.reload();
    await lab.choose('Device', 'WebGPU');
    await lab.page.locator('.notice').waitFor();
    expect(await lab.page.locator('.notice').textContent()).toContain('webgpu');
    expect(await lab.device()).toMatch(CPU);
    await lab.press('Step');
    await expect.poll(() => lab.figure('step'), PATIENCE).toBe(1);
  });
});

describe('a check of the device', () => {
  test.each(['js', 'wasm', 'webgl2'])('on %s tells what every result is off by', async (kind) => {
    const lab = await open(`#hidden=3&device=${kind}`);
    const { page } = lab;
    expect(await lab.device()).toBe(kind);
    await lab.press('Step');
    await expect.poll(() => lab.figure('step'), PATIENCE).toBe(1);
    const loss = await lab.figure('train-loss');
    await page.getByRole('button', { name: 'Check this device' }).focus();
    await page.keyboard.press('Enter');
    const verdict = page.locator('[role="status"] .verdict');
    await verdict.waitFor();
    expect(await verdict.textContent()).toMatch(/float64.*(rounding|float32)/);
    const error = Number(await verdict.getAttribute('data-error'));
    expect(error).toBeLessThan(1e-5);
    await page.getByText('Worst error of each result').click();
    const names = await page.locator('.deviations dt').allTextContents();
    expect(names).toEqual(expect.arrayContaining(['W1', 'b1', 'W2', 'b2']));
    const errors = await page.locator('.deviations dd').allTextContents();
    expect(errors.map((text) => Number(text.replaceAll('−', '-'))).every((x) => x <= 1e-5)).toBe(
      true,
    );
    // It has looked, and moved nothing.
    expect([await lab.figure('step'), await lab.figure('train-loss')]).toEqual([1, loss]);
    // What was found is of this session: another one has not been checked.
    await lab.press('Reset');
    await expect.poll(() => verdict.count(), PATIENCE).toBe(0);
  });
});

test('a choice is in the address, and an address is a choice', async () => {
  const lab = await open('#data=flower&hidden=5&rate=99&device=<script>');
  expect(await lab.page.getByRole('radio', { name: 'Planar flower' }).isChecked()).toBe(true);
  expect(await lab.shapes()).toMatchObject({ Z1: '5 × m' });
  // What is not valid is gone.
  await expect.poll(() => new URL(lab.page.url()).hash).toBe('#data=flower&hidden=5');
  await lab.choose('Hidden activation', 'ReLU');
  await expect.poll(() => lab.page.url()).toContain('activation=relu');
});

test('pointing at a line or a unit shows its numbers, and a unit its response', async () => {
  const { page } = await open('#hidden=3');
  const unit = page.getByRole('button', { name: 'Unit 2 of layer 1' });
  await unit.hover();
  await expect.poll(() => page.locator('.inspector li').count(), PATIENCE).toBe(3);
  expect(await page.locator('.output .note').textContent()).toBe('Unit 2 of layer 1');
  // Half way between the second unit and the output runs one line, the one from that unit.
  const from = (await unit.boundingBox())!;
  const net = (await page.locator('.net').boundingBox())!;
  await page.mouse.move(from.x + from.width + 4, from.y + from.height / 2);
  await expect.poll(() => page.locator('.inspector li').count(), PATIENCE).toBe(1);
  expect(await page.locator('.inspector').textContent()).toMatch(/W\[2\]₁ ₂ = /);
  await page.mouse.move(net.x + net.width / 2, net.y + net.height + 200);
  await expect
    .poll(() => page.locator('.inspector').textContent(), PATIENCE)
    .toContain('Each map');
});
