// Logistic regression, its formulas as a textbook has them: is a tumour malignant?
import { readFile } from 'node:fs/promises';
import { compile } from '@chainrule/compiler';
import { grad, input, math, param, print, tex } from '@chainrule/graph';
import {
  accuracy,
  type Examples,
  evaluate,
  fitStandardizer,
  parseCsv,
  sgd,
  split,
  standardize,
  toMatrix,
  train,
} from '@chainrule/nn';
import type { Settings } from './arguments.ts';
import { type Display, plot } from './display.ts';
import type { Outcome } from './outcome.ts';

const file = new URL('../../datasets/breast_cancer.csv', import.meta.url);
const alpha = 1;
const steps = 300;
/** Reading the loss takes about as long as a step, so not after every one. */
const stepsPerReading = 5;

export async function trainLogistic(
  settings: Settings,
  display: Display,
): Promise<Outcome & { gradientTex: string }> {
  const tumours = await readTumours(settings.seed);
  const [n, m] = tumours.train.X.shape;

  const { A, J, Y, w } = math({
    X: input('n', 'm', { order: 'columns' }),
    Y: input(1, 'm', { order: 'columns' }),
    w: param('n', 1),
    b: param(1, 1),
  })`
    Z = w' * X + b
    A = sigmoid(Z)
    J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;
  const gradient = grad(J, w);

  display.say('Logistic regression: is a tumour malignant?');
  display.say(
    `  ${m} tumours to learn from, ${tumours.test.X.shape[1]} to test, ${n} features each`,
  );
  display.say(`  J     = ${print(J)}`);
  display.say(`  dJ/dw = ${print(gradient)}`);
  display.say(`  LaTeX   ${tex(gradient)}`);

  const { device, seed } = settings;
  using run = await compile(train(J, sgd(alpha)), { sizes: { n, m }, device, seed });
  const losses = [(await run.value(J, tumours.train)) as number];
  const progress = display.progress(steps);
  const start = performance.now();
  for (let step = 1; step <= steps; step++) {
    run.step(tumours.train);
    if (step % stepsPerReading !== 0) continue;
    const loss = (await run.value(J, tumours.train)) as number;
    losses.push(loss);
    progress.update(step, { loss });
  }
  const seconds = (performance.now() - start) / 1000;
  progress.stop();
  display.say(plot('loss on the training examples', losses));

  const tested = await evaluate(run, { loss: J, accuracy: accuracy(A, Y) }, tumours.test);
  return {
    accuracy: tested['accuracy']!,
    loss: tested['loss']!,
    seconds,
    steps,
    kernelsPerStep: run.report().kernels.length,
    device: run.device,
    gradientTex: tex(gradient),
  };
}

type Tumours = Readonly<Record<'X' | 'Y', Examples>>;

/** Four fifths to train on; the features are standardized by the figures of those alone. */
async function readTumours(seed: number): Promise<{ train: Tumours; test: Tumours }> {
  const table = parseCsv(await readFile(file, 'utf8'));
  const features = table.names.filter((name) => name !== 'malignant');
  const all = { X: toMatrix(table, features), Y: toMatrix(table, ['malignant']) };
  const parts = split(all, { test: 0.2, seed, stratify: 'Y' });
  const standardizer = fitStandardizer(parts.train.X);
  const prepare = ({ X, Y }: Tumours) => ({ X: standardize(X, standardizer), Y });
  return { train: prepare(parts.train), test: prepare(parts.test) };
}
