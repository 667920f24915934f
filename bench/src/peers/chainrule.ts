// chainrule on one of its devices.
import { compile, type Session } from '@chainrule/compiler';
import { input, mul, square, sub, sum } from '@chainrule/graph';
import { adam, dense, sgd, train } from '@chainrule/nn';
import { costOfNet, product } from '../programs.ts';
import { type Contender, costsOf, type Runner, withThreads } from './contender.ts';
import {
  ADAM,
  ALPHA,
  BOTH,
  CHECKED,
  type LaidOut,
  type NetWork,
  type PassWork,
  type ProductWork,
} from './works.ts';

interface Where {
  readonly device: 'wasm' | 'js' | 'webgl2' | 'webgl' | 'webgpu';
  readonly threads?: number;
}

/** chainrule on a device; unless threads are given, on as many as it takes by itself. */
export function chainrule(device: Where['device'], threads?: number): Contender {
  const where: Where = { device, ...(threads !== undefined && { threads }) };
  return {
    name: withThreads(`chainrule ${device}`, threads ?? 1),
    version: 'as built here',
    // What runs in a browser is compared in one.
    layouts: device === 'wasm' || device === 'js' ? BOTH : ['columns'],
    net: (work, data) => startNet(work, data, where),
    pass: (work) => startPass(work, where),
    product: (work) => startProduct(work, where),
  };
}

function writeWeights(run: Session, weights: readonly Float32Array[]): void {
  for (const [i, W] of weights.entries()) run.write(`W${i + 1}`, W);
}

async function startNet(work: NetWork, data: LaidOut, where: Where): Promise<Runner> {
  const { layers, hidden, m, Y, weights, optimizer } = work;
  const X = data.X.data;
  // Nobody draws: all are given the same weights. An example that is a row lies like a column.
  const J = costOfNet(layers, hidden, true, data.layout === 'rows' ? 'columns' : 'rows');
  const program = train(J, optimizer === 'adam' ? adam(ADAM) : sgd(ALPHA));
  const run = await compile(program, { sizes: { m }, ...where });
  writeWeights(run, weights);
  // The other contenders' data are where they compute, too.
  const feeds = run.hold({ X, Y });
  const turns = async (n: number) => {
    await run.steps(n, feeds);
    await run.read('b1');
  };
  const cost = async () => (await run.value(J, feeds)) as number;
  return {
    check: () => costsOf(CHECKED, cost, () => turns(1)),
    turns,
    cost,
    memory: () => {
      const { params, peak } = run.report().memory;
      const fed = X.byteLength + Y.byteLength;
      return { held: params + fed, peak: peak + fed };
    },
    close: () => run.dispose(),
  };
}

async function startPass(work: PassWork, where: Where): Promise<Runner> {
  const { layers, m, weights } = work;
  const A = layers
    .slice(1)
    .reduce(
      (a, units) => dense(a, units, { activation: 'sigmoid' }),
      input(layers[0]!, 1, { name: 'X' }),
    );
  const Y = input(layers.at(-1)!, 1, { name: 'Y' });
  const J = mul(0.5, sum(square(sub(A, Y))));
  const run = await compile(train(J, sgd(ALPHA)), where);
  writeWeights(run, weights);
  const examples = Array.from({ length: m }, (_, i) => ({
    X: column(work.X, m, i),
    Y: column(work.Y, m, i),
  }));
  const turns = async (n: number) => {
    for (let i = 0; i < n; i++) for (const feeds of examples) run.step(feeds);
    await run.read('b1');
  };
  const passCost = async () => {
    let sum = 0;
    for (const feeds of examples) {
      sum += (await run.value(J, feeds)) as number;
      run.step(feeds);
    }
    return sum / m;
  };
  return {
    check: () => costsOf(CHECKED, passCost, () => {}),
    turns,
    close: () => run.dispose(),
  };
}

/** Column `i` of a matrix of `m` columns in rows. */
export const column = (data: Float32Array, m: number, i: number) =>
  data.filter((_, at) => at % m === i);

async function startProduct(work: ProductWork, where: Where): Promise<Runner> {
  const run = await compile(product(work.sizes, work.transposed), where);
  run.write('A', work.A.data);
  run.write('B', work.B.data);
  const turns = (n: number) => run.steps(n, {});
  const check = async () => {
    await turns(1);
    const { data } = await run.read('C');
    return work.places.map((i) => data[i]!);
  };
  return { check, turns, close: () => run.dispose() };
}
