// Launches of a step on devices whose kernels may write several results: what an optimizer keeps
// for a parameter is written by the kernel that updates it.
import type { Program } from '@chainrule/compiler';
import { input } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../../compiler/src/device.ts';
import { createTask, planTask } from '../../compiler/src/executable.ts';
import { outputsOf } from '../../compiler/src/nest.ts';
import {
  adam,
  binaryCrossEntropy,
  dense,
  momentum,
  type Optimizer,
  rmsprop,
  sgd,
  softmaxCrossEntropy,
  train,
} from '../src/index.ts';

const apart: Limits = { inputs: 7, outputs: 4, inPlace: false, arena: false, queue: 1 };
const seven: Limits = { ...apart, line: 16 };
const gpus: [string, Limits][] = [
  ['seven inputs', seven],
  ['fourteen inputs', { ...seven, inputs: 14 }],
];

/** A net of three layers; several classes, or one. */
function net(classes: number, optimizer: Optimizer): Program {
  const X = input(784, 'm', { name: 'X', order: 'columns' });
  const Y = input(classes, 'm', { name: 'Y', distribution: classes > 1 });
  const A2 = dense(dense(X, 256, { activation: 'relu' }), 128, { activation: 'relu' });
  return classes > 1
    ? train(softmaxCrossEntropy(dense(A2, classes, { activation: 'softmax' }), Y), optimizer)
    : train(binaryCrossEntropy(dense(A2, 1, { activation: 'sigmoid' }), Y), optimizer);
}

function planOf(program: Program, limits: Limits) {
  const task = createTask('main', new Map(), [...program.updates], program.names);
  return planTask(task, { m: 64 }, limits);
}

describe.each(gpus)('launches of a step, %s', (_, limits) => {
  test.each<[string, Optimizer, number]>([
    ['SGD', sgd(0.1), 4 * 3 - 1],
    ['momentum', momentum(), 4 * 3 - 1],
    ['RMSprop', rmsprop(), 4 * 3 - 1],
    // One more for the two corrections, which all parameters share.
    ['Adam', adam(), 4 * 3],
  ])('784-256-128-10 by %s', (_, optimizer, launches) => {
    expect(planOf(net(10, optimizer), limits).kernels).toHaveLength(launches);
    expect(planOf(net(1, optimizer), limits).kernels).toHaveLength(launches);
    // Classes that are too many need a normalizer, and a difference that three kernels read.
    expect(planOf(net(17, optimizer), limits).kernels).toHaveLength(launches + 2);
  });
});

test('of a softmax, the product, its normalizer and the difference are one kernel', () => {
  const { kernels } = planOf(net(10, sgd(0.1)), seven);
  const [last, ...others] = kernels.filter((nest) => nest.across);
  expect(others).toEqual([]);
  expect(last).toMatchObject({
    name: 'dZ3',
    axes: [10, 64],
    fold: { kind: 'sum', axes: [128] },
    across: { kind: 'logsumexp', axis: 0 },
  });
  expect(planOf(net(10, sgd(0.1)), apart).kernels).toHaveLength(kernels.length + 2);
});

test('the product of a gradient is folded once, for the parameter and both of its averages', () => {
  const { kernels, buffers } = planOf(net(10, adam()), seven);
  const nameOf = (id: number) => buffers.find((b) => b.id === id)!.name;
  const written = Object.fromEntries(
    kernels.filter((k) => k.also).map((k) => [k.name, outputsOf(k).map(nameOf)]),
  );
  expect(written).toEqual({
    c_m: ['c_m', 'c_v'],
    W1: ['W1', 'm_dW1', 'v_dW1'],
    W2: ['W2', 'm_dW2', 'v_dW2'],
    W3: ['W3', 'm_dW3', 'v_dW3'],
    b1: ['b1', 'm_db1', 'v_db1'],
    b2: ['b2', 'm_db2', 'v_db2'],
    b3: ['b3', 'm_db3', 'v_db3'],
  });
  const folds = kernels.filter((k) => k.also && k.fold).map((k) => k.name);
  expect(folds.sort()).toEqual(['W1', 'W2', 'W3', 'b1', 'b2', 'b3']);
});

test('a rate that is fed is an eighth input: the averages stay with the product', () => {
  const program = net(10, adam({ rate: input({ name: 'rate' }) }));
  expect(planOf(program, { ...seven, inputs: 8 }).kernels).toHaveLength(12);
  expect(planOf(program, seven).kernels).toHaveLength(12 + 3);
});
