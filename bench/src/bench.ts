// Measures compiled training steps, and the symbolic work on deep nets:
// npm run bench -- [--device wasm,js] [--seconds 1] [--only PART] [--json] [--save]
// with PART one of steps, products, symbolic, peers, first, scaling, gpu. Peers are other
// libraries, side by side with chainrule; first is their time to the first step, scaling how steps
// grow, gpu their steps in a browser (--browsers 0 leaves first steps out). Of peers and gpu
// --work and --who choose by regular expressions.
// --save writes what was measured to bench/results/PART.json.
// Times are of this machine; a device that runs in software says nothing about a GPU.
import { parseArgs } from 'node:util';
import { compile, type DeviceRequest } from '@chainrule/compiler';
import { sgd, train } from '@chainrule/nn';
import { byHand } from './by-hand.ts';
import { gpuTable, measureGpu } from './gpu/gpu.ts';
import { firstTable, measureFirst } from './peers/first.ts';
import { measurePeers, peersTable } from './peers/peers.ts';
import { measureScaling, scalingTable } from './peers/scaling.ts';
import { measureProducts, type ProductRow, productsTable } from './products.ts';
import { type Case, logistic, net } from './programs.ts';
import { circumstances, currentLoad, save } from './results.ts';
import { measureSymbolic } from './symbolic.ts';

const alpha = 0.01;
/** Steps after which the compiled weights must agree with those by hand. */
const compared = 10;
/** Relative to the largest weight: ten steps of float32 sums in another order. */
const tolerance = 1e-4;

interface Row {
  readonly program: string;
  readonly device: string;
  readonly compileMs: number;
  readonly kernels: number;
  readonly stepUs: number;
  readonly gflops: number;
  /** How many times as long the step by hand takes, where there is one. */
  readonly byHand?: number;
}

/** Microseconds per turn, the best of five runs; `turns` runs that many and resolves when done. */
async function time(turns: (n: number) => void | Promise<void>, seconds: number) {
  let n = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; ) {
    const start = performance.now();
    await turns(n);
    const ms = performance.now() - start;
    if (ms * 5 < seconds * 1000 && n < 1e6) {
      n *= 2;
      continue;
    }
    best = Math.min(best, (ms / n) * 1000);
    run++;
  }
  return best;
}

/** Throws when the compiled steps give other weights than those by hand. */
function agree(found: Float32Array, wanted: Float32Array): void {
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
  if (!(worst <= tolerance * scale)) {
    throw new Error(`after ${compared} steps the weights are off by ${worst / scale}`);
  }
}

async function measure(item: Case, device: DeviceRequest, seconds: number): Promise<Row> {
  const { name, J, sizes, feeds } = item;
  const start = performance.now();
  using run = await compile(train(J, sgd(alpha)), { sizes, device });
  const compileMs = performance.now() - start;
  const hand = 'n' in sizes ? byHand(item, alpha) : undefined;
  if (hand) {
    run.write('w', new Float32Array(hand.w.length));
    await run.steps(compared, feeds);
    for (let i = 0; i < compared; i++) hand.step();
    agree((await run.read('w')).data, hand.w);
  }
  // Reading a parameter waits for what a GPU has queued.
  const [parameter] = Object.keys(await run.state());
  const stepUs = await time(async (n) => {
    await run.steps(n, feeds);
    await run.read(parameter!);
  }, seconds);
  const handUs = hand && (await time((n) => repeat(n, hand.step), seconds));
  const { kernels, flops } = run.report();
  return {
    program: name,
    device: run.device.kind,
    compileMs,
    kernels: kernels.length,
    stepUs,
    gflops: flops / stepUs / 1000,
    ...(handUs && { byHand: handUs / stepUs }),
  };
}

function repeat(n: number, step: () => void) {
  for (let i = 0; i < n; i++) step();
}

const fixed = (value: number | undefined, digits: number) =>
  value === undefined ? '' : Number(value.toFixed(digits));

function printWithNotes(table: readonly object[], notes: readonly string[]) {
  console.table(table);
  for (const note of notes) console.log(note);
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'wasm,js' },
    seconds: { type: 'string', default: '0.5' },
    only: { type: 'string' },
    work: { type: 'string', default: '' },
    who: { type: 'string', default: '' },
    browsers: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const asked = (part: string) => values.only === undefined || values.only === part;
const devices = values.device.split(',') as DeviceRequest[];
const seconds = Number(values.seconds);
const choice = { work: new RegExp(values.work), who: new RegExp(values.who) };
const load = currentLoad();
const symbolic = asked('symbolic') ? measureSymbolic([1, 10, 50, 100, 200, 500, 1000]) : [];
const steps: Row[] = [];
const products: ProductRow[] = [];
const cases = [
  net([2, 4, 1], 400, 'tanh'),
  logistic(30, 569),
  logistic(12288, 209),
  net([12288, 20, 7, 5, 1], 209, 'relu'),
  net([784, 128, 10], 64, 'relu'),
  net([784, 256, 128, 10], 128, 'relu'),
];
for (const device of devices) {
  for (const item of asked('steps') ? cases : []) steps.push(await measure(item, device, seconds));
  if (asked('products')) products.push(...(await measureProducts(device, seconds)));
}
const peers = asked('peers') ? await measurePeers(choice) : undefined;
const first = asked('first') ? await measureFirst() : undefined;
const scaling = asked('scaling') ? await measureScaling() : [];
// Only by name: it takes a browser, and as long as all the rest.
const gpu = values.only === 'gpu' ? await measureGpu(choice, Number(values.browsers)) : undefined;
const found = circumstances(load);
if (values.save) {
  for (const [part, rows] of Object.entries({ steps, products, symbolic, scaling })) {
    if (rows.length > 0) save(part, { ...found, rows });
  }
  if (peers) save('peers', { ...found, ...peers });
  if (first) save('first', { ...found, ...first });
  if (gpu) save('gpu', { ...found, ...gpu });
}
if (values.json) {
  console.log(JSON.stringify({ ...found, steps, products, symbolic, peers, first, scaling, gpu }));
} else {
  const readable = steps.map(({ compileMs, stepUs, gflops, byHand, ...row }) => ({
    ...row,
    'compile, ms': fixed(compileMs, 1),
    'step, us': fixed(stepUs, 1),
    'GFLOP/s': fixed(gflops, 2),
    'by hand takes, times': fixed(byHand, 2),
  }));
  const curve = symbolic.map(({ firstMs, bestMs, growth, ...row }) => ({
    ...row,
    'first time, ms': fixed(firstMs, 1),
    'best, ms': fixed(bestMs, 1),
    'grows as layers^': fixed(growth, 2),
  }));
  for (const table of [readable, productsTable(products), curve])
    if (table.length > 0) console.table(table);
  if (peers) printWithNotes(peersTable(peers), peers.notes);
  if (first) printWithNotes(firstTable(first), first.notes);
  if (scaling.length > 0) console.table(scalingTable(scaling));
  if (gpu) printWithNotes(gpuTable(gpu), gpu.notes);
}
