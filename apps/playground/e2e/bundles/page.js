// A page as small as one that trains can be. The tests bundle it, and ask it what it did. Plain
// JavaScript: not every bundler takes more without a plugin.
import { compile } from '@chainrule/compiler';
import { input, matmul, mean, param, square, sub } from '@chainrule/graph';
import { sgd, train } from '@chainrule/nn';

/** Goes half of the way from 0 to 3 in one step, and tells where it ran.
 * @param {import('@chainrule/compiler').DeviceRequest} device */
async function trained(device) {
  const w = param(1, 1, { name: 'w' });
  const J = mean(square(sub(w, input(1, 'm', { name: 'y' }))));
  const run = await compile(train(J, sgd(0.25)), { sizes: { m: 2 }, device });
  await run.steps(1, { y: [[2, 4]] });
  const { data } = await run.read('w');
  run.dispose();
  return { w: data[0], kind: run.device.kind };
}

/** Trains what is worth a GPU, on the CPU until the GPUs have been looked at; then where it is. */
async function looked() {
  const [n, m] = [256, 256];
  const J = mean(square(matmul(param(n, n, { name: 'W' }), input(n, 'm', { name: 'X' }))));
  /** @type {import('@chainrule/compiler').DeviceChoice | undefined} */
  let choice;
  const onDevice = (/** @type {typeof choice} */ now) => {
    choice = now;
  };
  const run = await compile(train(J, sgd(0.1)), { sizes: { m }, onDevice });
  const X = new Float32Array(n * m).fill(0.1);
  while (!choice) {
    await run.steps(1, { X });
    await new Promise((done) => setTimeout(done));
  }
  run.dispose();
  return choice;
}

Object.assign(globalThis, { trained, looked });
