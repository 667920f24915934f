// The graph for a choice, its equations, and the code that is shown for it.

import * as compiler from '@chainrule/compiler';
import * as graph from '@chainrule/graph';
import { equations } from '@chainrule/graph';
import * as nn from '@chainrule/nn';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../src/logic/code.ts';
import {
  activations,
  type Config,
  defaults,
  initializers,
  keys,
  optimizers,
} from '../src/logic/config.ts';
import { makeData } from '../src/logic/examples.ts';
import { mathematicsOf } from '../src/logic/mathematics.ts';
import { buildModel } from '../src/logic/model.ts';
import { createTrainer } from '../src/logic/trainer.ts';

const logistic: Config = { ...defaults, hidden: [] };
const texOf = (config: Config) => {
  const { forward, backward, update, ...rest } = mathematicsOf(buildModel(config));
  const lines = [...forward, ...rest.cost, ...backward, ...update];
  return { ...rest, lines: Object.fromEntries(lines.map((l) => [l.name, l])), update };
};

test('logistic regression has the equations of the course', () => {
  const { lines, update } = texOf(logistic);
  expect(lines['Z']!.tex).toBe('Z = w^{T} X + b');
  expect(lines['dZ']).toMatchObject({ tex: 'dZ = A - Y', shape: '1 × m', layer: 1 });
  expect(update.map(({ tex }) => tex)).toEqual([
    'w \\coloneqq w - \\alpha dw',
    'b \\coloneqq b - \\alpha db',
  ]);
});

test('a deep net has equations for each layer, with the shapes of its units', () => {
  const { lines, stable, rewrites } = texOf({ ...defaults, hidden: [5, 2] });
  expect(lines['dZ3']!.tex).toBe('dZ^{[3]} = A^{[3]} - Y');
  expect(lines['dA1']!.tex).toBe('dA^{[1]} = W^{[2]T} dZ^{[2]}');
  expect(lines['Z1']).toMatchObject({ shape: '5 × m', layer: 1 });
  expect(lines['W2']).toMatchObject({ shape: '2 × 5', layer: 2 });
  expect(lines['J']!.shape).toBe('scalar');
  expect(stable).toContain('softplus');
  expect(rewrites.map(({ tex }) => tex)).toContainEqual(expect.stringContaining('\\log(1 - A'));
});

test('an update is that of the optimizer', () => {
  const { lines } = texOf({ ...logistic, optimizer: 'momentum' });
  expect(lines['b']!.tex).toBe('b \\coloneqq b - \\alpha (0.9 v_{db} + 0.1 db)');
});

describe('the code that is shown', () => {
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  /** Runs the code with its imports handed in. */
  const runCode = async (config: Config) => {
    const { train } = makeData(config);
    const data = { X: nn.examples(config.features.length, train.X), Y: nn.examples(1, train.Y) };
    const text = codeOf(config)
      .replaceAll(/^import .*$/gm, '')
      .replaceAll(/epochs: \d+/g, 'epochs: 2')
      .replaceAll(/^console.*$/gm, 'return { J, run, loss: await run.value(J, data) };');
    const named = [...codeOf(config).matchAll(/^import \{ ([^}]*) \}/gm)].flatMap((m) =>
      m[1]!.split(', '),
    );
    const all: Record<string, unknown> = { ...graph, ...compiler, ...nn, data };
    for (const name of named) expect(all).toHaveProperty(name);
    return new AsyncFunction(...named, text)(...named.map((name) => all[name]));
  };

  const choices: Partial<Config>[] = [
    { hidden: [] },
    { hidden: [], init: 'zeros', features: ['x1', 'x1x1'] },
    ...keys(activations).map((activation) => ({ activation })),
    ...keys(optimizers).map((optimizer) => ({ optimizer })),
    ...keys(initializers).map((init) => ({ init, batch: 0 })),
    { hidden: [3, 3, 3, 3], device: 'js' as const },
  ];
  test.each(choices)('makes the model that the page trains: %o', async (choice) => {
    const config = { ...defaults, ...choice };
    const model = buildModel(config);
    const { J, run, loss } = await runCode(config);
    expect(equations(J)).toEqual(equations(model.J));
    expect(Number.isFinite(loss)).toBe(true);
    run.dispose();
  });

  test.each([
    { hidden: [] },
    { hidden: [4, 3] },
    ...keys(optimizers).map((o) => ({ optimizer: o })),
  ])('trains to the same loss: %o', async (choice) => {
    const config = { ...defaults, ...choice, batch: 0, seed: 3 };
    const data = makeData(config);
    const trainer = await createTrainer(buildModel(config), data, config);
    await trainer.train({ steps: 2, rate: config.rate, deadline: 0, now: () => -1 });
    const { train } = await trainer.figures();
    const { loss } = await runCode(config);
    // The deviation of w is printed with four digits.
    expect(loss).toBeCloseTo(train.loss, 3);
  });
});
