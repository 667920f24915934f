// The experiment as what a user of the library would type. Text only.
import type { Config, InitName } from './config.ts';
import { features } from './features.ts';

const initCode: Record<InitName, string> = {
  auto: '',
  he: 'he()',
  xavier: 'xavier()',
  small: 'normal(0.01)',
  zeros: 'zeros()',
};

type Choices = Omit<Config, 'data' | 'count' | 'noise' | 'test' | 'speed'>;

/** A module that trains this model on `data`, { X, Y } as examples(...) makes them. */
export const codeOf = (config: Choices): string =>
  [imports(config), inputs(config), model(config), training(config)].join('\n\n');

function imports({ hidden, init, optimizer }: Choices): string {
  const plain = hidden.length === 0;
  const layer = plain ? [] : ['binaryCrossEntropy', 'dense'];
  const start = init === 'auto' || plain ? [] : [initCode[init].replace(/\(.*/, '')];
  const nn = [...layer, 'fit', ...start, optimizer, 'train'].sort();
  return [
    "import { compile } from '@chainrule/compiler';",
    `import { ${plain ? 'input, math, param' : 'input'} } from '@chainrule/graph';`,
    `import { ${nn.join(', ')} } from '@chainrule/nn';`,
    "import { data } from './data.js'; // { X: examples(n, ...), Y: examples(1, ...) }",
  ].join('\n');
}

const names = (config: Choices): string =>
  config.features.map((name) => features[name].code).join(', ');

function inputs(config: Choices): string {
  const n = config.features.length;
  return [
    `// An example is [${names(config)}].`,
    `const X = input(${n}, 'm', { name: 'X', order: 'columns' });`,
    "const Y = input(1, 'm', { name: 'Y' });",
  ].join('\n');
}

function model({ hidden, activation, init, features }: Choices): string {
  const start = initCode[init] === '' ? '' : `, init: ${initCode[init]}`;
  if (hidden.length === 0) return formula(features.length, init);
  return [
    `const hidden = [${hidden.join(', ')}].reduce(`,
    `  (A, units) => dense(A, units, { activation: '${activation}'${start} }),`,
    '  X,',
    ');',
    `const A = dense(hidden, 1, { activation: 'sigmoid'${start} });`,
    'const J = binaryCrossEntropy(A, Y);',
  ].join('\n');
}

function formula(n: number, init: InitName): string {
  const std = { auto: 1 / n, he: 2 / n, xavier: 1 / n, small: 1e-4, zeros: 0 }[init];
  const start =
    std === 0 ? '' : `, { init: { kind: 'normal', std: ${Number(Math.sqrt(std).toFixed(4))} } }`;
  return [
    `const w = param(${n}, 1${start});`,
    'const b = param(1, 1);',
    'const { J } = math({ X, Y, w, b })`',
    "  Z = w' * X + b",
    '  A = sigmoid(Z)',
    '  J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))',
    '`;',
  ].join('\n');
}

function training({ rate, batch, seed, device, optimizer }: Choices): string {
  const where = device === 'auto' ? '' : `, device: '${device}'`;
  const rule = optimizer === 'sgd' ? `sgd(${rate})` : `${optimizer}({ rate: ${rate} })`;
  const size = batch === 0 ? '' : `, batchSize: ${batch}`;
  return [
    `const run = await compile(train(J, ${rule}), { seed: ${seed}${where} });`,
    `await fit(run, data, { epochs: 200${size}, seed: ${seed}, metrics: { J } });`,
    'console.log(await run.value(J, data), run.device.kind, run.device.why);',
  ].join('\n');
}
