// Derivatives in directions, Jacobians and Hessians: against SymPy, differences and each other.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpret, interpretAll, type Node, param } from '../src/index.ts';
import figures from './fixtures/derivatives.json' with { type: 'json' };
import { build, leaves, trees, values } from './support/formulas.ts';
import { normal } from './support/nets.ts';

const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
const numRuns = Number(process.env['CHAINRULE_RUNS'] ?? 100);

interface Figure {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly expected: readonly number[];
}
const cases = figures as unknown as Record<string, Figure>;

const A = param(2, 3, { name: 'A' });
const B = param(3, 2, { name: 'B' });
const x = param(3, { name: 'x' });
const AB = g.matmul(A, B);
const at = (i: number): Node => g.sum(g.mul(x, g.sub(1, g.abs(g.sign(g.sub(ramp, i))))));
const ramp = g.input(3, { name: 'ramp' });

const rosenbrock = [0, 1]
  .map((i) => {
    const valley = g.square(g.sub(at(i + 1), g.square(at(i))));
    return g.add(g.mul(100, valley), g.square(g.sub(1, at(i))));
  })
  .reduce((p, q) => g.add(p, q));
const net = g.sum(g.softplus(g.matmul(AB, g.input(2, 1, { name: 'c' }))));

/** The derivatives that SymPy has figures of. */
const derivatives: Readonly<Record<string, Node>> = {
  'matmul left': g.jacobian(AB, A),
  'matmul right': g.jacobian(AB, B),
  gram: g.jacobian(g.matmul(A, g.transpose(A)), A),
  transpose: g.jacobian(g.sin(g.transpose(A)), A),
  elementwise: g.jacobian(g.sigmoid(A), A),
  'sum of rows': g.jacobian(g.sum(g.exp(A), 1), A),
  softmax: g.jacobian(g.softmax(x), x),
  logsumexp: g.jacobian(g.logsumexp(x), x),
  'hessian of rosenbrock': g.hessian(rosenbrock, x),
  'hessian of logsumexp': g.hessian(g.logsumexp(x), x),
  'hessian of a net': g.hessian(net, A),
  'hessian of a norm': g.hessian(g.sqrt(g.sum(g.square(x))), x),
  'third order of logsumexp': g.jacobian(g.hessian(g.logsumexp(x), x), x),
  'third order of tanh': g.jacobian(g.hessian(g.sum(g.square(g.tanh(x))), x), x),
};

const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void => {
  expect(got.length).toBe(want.length);
  const size = Math.max(1, ...Array.from(want, Math.abs));
  Array.from(want).forEach((v, i) => {
    expect(Math.abs(got[i]! - v), `at ${i}: ${got[i]}, not ${v}`).toBeLessThan(tolerance * size);
  });
};

test('every figure has its derivative', () => {
  expect(Object.keys(derivatives).sort()).toEqual(Object.keys(cases).sort());
});

describe.each(Object.entries(cases))('%s', (name, { inputs, expected }) => {
  test('is that of SymPy', () => {
    const fed = { ...inputs, ramp: [0, 1, 2], c: [1, 2] };
    // A dozen roundings in float64.
    close(interpret(derivatives[name]!, fed).data, expected, 1e-14);
  });

  test('comes simplified', () => {
    expect(g.simplify(derivatives[name]!)).toBe(derivatives[name]);
  });
});

describe('shapes', () => {
  const W = param('k', 'n', { name: 'W' });
  const X = g.input('n', 'm', { name: 'X' });
  const Z = g.named(g.matmul(W, X), 'Z');
  const J = g.mean(g.sigmoid(Z));

  test('those of y come first, and may be symbolic', () => {
    expect(g.jacobian(Z, X).shape).toEqual(['k', 'm', 'n', 'm']);
    expect(g.jacobian(J, W).shape).toEqual(['k', 'n']);
    expect(g.hessian(J, W).shape).toEqual(['k', 'n', 'k', 'n']);
    expect(g.jvp(Z, W, g.input('k', 'n')).shape).toEqual(['k', 'm']);
    expect(g.vjp(Z, W, g.input('k', 'm')).shape).toEqual(['k', 'n']);
    const { shape, data } = interpret(g.jacobian(Z, Z), {}, { k: 3, m: 3 });
    expect(shape).toEqual([3, 3, 3, 3]);
    expect([...data]).toEqual(Array.from({ length: 81 }, (_, i) => Number(i % 10 === 0)));
  });

  test('what y does not depend on has zeros', () => {
    const other = param(2, { name: 'other' });
    const zeros = (...shape: g.Dim[]) => g.constant(0, shape);
    expect(g.jacobian(Z, other)).toBe(zeros('k', 'm', 2));
    expect(g.hessian(J, other)).toBe(zeros(2, 2));
    expect(g.jvp(Z, other, g.input(2))).toBe(zeros('k', 'm'));
    expect(g.vjp(Z, other, g.input('k', 'm'))).toBe(zeros(2));
    expect(g.hvp(J, [W, other], [W, other])[1]).toBe(zeros(2));
  });

  test('errors name what does not fit', () => {
    const v = g.input('n', 'k', { name: 'v' });
    const say = (f: () => unknown): string => {
      try {
        f();
      } catch (error) {
        expect(error).toBeInstanceOf(g.ChainruleError);
        return `${(error as Error).name} ${(error as Error).message}`;
      }
      return '';
    };
    expect(say(() => g.jvp(Z, W, v))).toBe(
      'ShapeError jvp: W is [k, n] and v is [n, k].\n  fix: pass a v of shape [k, n].',
    );
    expect(say(() => g.vjp(Z, W, v))).toBe(
      'ShapeError vjp: Z is [k, m] and v is [n, k].\n  fix: pass a g of shape [k, m].',
    );
    expect(say(() => g.hvp(J, [W, X], [W]))).toContain('hvp: 2 variables and 1 directions.');
    expect(say(() => g.hvp(J, [W, Z], [W, Z]))).toContain('Z depends on W');
    expect(say(() => g.hvp(Z, W, W))).toContain('only a number has a gradient');
    expect(say(() => g.hessian(Z, W))).toContain('only a number has a gradient');
    for (const f of [g.jacobian, g.hessian, g.grad, g.valueAndGrad, g.vjp, g.jvp, g.hvp]) {
      const call = f as (...args: unknown[]) => unknown;
      expect(say(() => call(J, undefined, v))).toContain('undefined is no node of a graph');
      expect(say(() => call(undefined, W, W))).toContain('undefined is no node of a graph');
    }
    for (const f of [g.vjp, g.jvp, g.hvp]) {
      expect(say(() => (f as (...args: unknown[]) => unknown)(J, W, 3))).toContain('3 is no node');
    }
  });
});

describe('inner nodes are variables like leaves', () => {
  const { J, Z, b, W } = g.math({ W: param(2, 3), X: g.input(3, 'm'), b: param(2, 1) })`
    Z = W * X + b
    A = sigmoid(Z)
    J = -mean(log(A))`;
  const V = g.input(2, 'm', { name: 'V' });

  test('in the textbook form', () => {
    expect(g.print(g.vjp(g.sigmoid(Z!), Z!, V))).toBe('V .* A .* (1 - A)');
    expect(g.print(g.jvp(J!, Z!, V))).toBe('-1/(2 * m) * sum(sigmoid(-Z) .* V)');
    expect(g.print(g.hvp(J!, Z!, V))).toBe('1/(2 * m) * V .* sigmoid(-Z) .* A');
  });

  test('and simplified with their directions', () => {
    const H = g.hvp(J!, Z!, g.constant(2, [2, 'm']));
    expect(g.print(H)).toBe('1/m * sigmoid(-Z) .* A');
    expect(g.simplify(H)).toBe(H);
    const W2 = g.hvp(g.sum(g.square(W)), W, g.constant(3, [2, 3]));
    expect(W2).toBe(g.constant(6, [2, 3]));
  });

  test('also beside leaves that they depend on', () => {
    expect(g.grad(J!, [Z!, b])).toEqual([g.grad(J!, Z!), g.grad(J!, b)]);
    expect(g.grad(J!, [b, Z!, g.sigmoid(Z!)])).toEqual([
      g.grad(J!, b),
      g.grad(J!, Z!),
      g.grad(J!, g.sigmoid(Z!)),
    ]);
  });

  test('a direction made of the variable stands still', () => {
    const H = g.hvp(J!, [W, b], [W, g.square(b)]);
    const [v, u] = [g.input(2, 3, { name: 'v' }), g.input(2, 1, { name: 'u' })];
    const data = { W: normal(1, 6), X: normal(2, 12), b: [0.3, -0.6] };
    const fed = { ...data, v: data.W, u: [0.09, 0.36] };
    const want = interpretAll(g.hvp(J!, [W, b], [v, u]), fed);
    interpretAll(H, data).forEach(({ data: got }, i) => {
      close(got, want[i]!.data, 1e-15);
    });
  });

  test('a value comes with its gradient', () => {
    const both = g.valueAndGrad(J!, [W, b]);
    expect(both).toEqual({ value: g.simplify(J!), gradients: g.grad(J!, [W, b]) });
    expect(g.valueAndGrad(J!, Z!)).toEqual({ value: g.simplify(J!), gradient: g.grad(J!, Z!) });
  });
});

describe(`random formulas, seed ${seed}`, () => {
  const SIZES = { m: 2 };
  const check = (property: (y: Node, params: readonly Node[], data: g.Values) => void) =>
    fc.assert(
      fc.property(trees(true), (tree) => {
        const y = build(tree, leaves());
        const params = g.paramsOf([y]);
        fc.pre(params.length > 0);
        property(y, params, values(11));
      }),
      { seed, numRuns },
    );
  const like = (node: Node, name: string): Node => g.input(...node.shape, { name });
  const count = (node: Node): number =>
    node.shape.reduce<number>((n, d) => n * (d === 'm' ? 2 : Number(d)), 1);
  const inner = (p: Node, q: Node): Node => g.sum(g.mul(p, q));
  const total = (list: readonly Node[]): Node => list.reduce((p, q) => g.add(p, q));
  /** One direction for each parameter, and its data. */
  const along = (params: readonly Node[]) => {
    const vs = params.map((p, i) => like(p, `v${i}`));
    return { vs, fed: Object.fromEntries(vs.map((v, i) => [`v${i}`, normal(i + 5, count(v))])) };
  };
  const value = (y: Node, data: g.Values): number => interpret(y, data, SIZES).data[0]!;
  /** Sums in another order, relative to the largest value on the way. */
  const agree = (p: Node, q: Node, data: g.Values): void => {
    const all = interpretAll(g.reachable([p, q]), data, SIZES).flatMap((t) => [...t.data]);
    const size = Math.max(1, ...all.map(Math.abs));
    const [a, b] = [value(p, data), value(q, data)];
    if (Number.isFinite(size)) expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-12 * size);
  };

  test('jvp and vjp are adjoint, and free of what they are made with', () => {
    check((y, params, data) => {
      const { vs, fed } = along(params);
      const seedOf = like(y, 'g');
      const forward = g.jvp(y, params, vs);
      for (const leaf of g.inputsOf([forward])) expect(vs).toContain(leaf);
      const backward = g.vjp(y, params, seedOf);
      const left = inner(seedOf, forward);
      const right = total(backward.map((u, i) => inner(u, vs[i]!)));
      const all = { ...data, ...fed, g: normal(3, count(y)) };
      agree(left, right, all);
    });
  });

  test('hvp is the slope of the gradient along a direction, and symmetric', () => {
    check((y, params, data) => {
      const J = g.mean(y);
      const { vs, fed } = along(params);
      const us = params.map((p, i) => like(p, `u${i}`));
      const other = Object.fromEntries(us.map((u, i) => [`u${i}`, normal(i + 50, count(u))]));
      const H = g.hvp(J, params, vs);
      for (const leaf of g.inputsOf(H)) expect(vs).toContain(leaf);
      const [p, q] = [total(H.map((h, i) => inner(h, us[i]!))), g.hvp(J, params, us)];
      const all = { ...data, ...fed, ...other };
      agree(p, total(q.map((h, i) => inner(h, vs[i]!))), all);
      agree(p, g.jvp(g.jvp(J, params, vs), params, us), all);
    });
  });

  test('a Jacobian times a direction is the jvp, a Hessian times it the hvp', () => {
    check((y, params, data) => {
      const [x] = params as [Node];
      const v = like(x, 'v');
      const fed = { ...data, v: normal(7, count(x)), g: normal(3, count(y)) };
      const seedOf = like(y, 'g');
      const times = (jacobian: Node, rank: number): Node =>
        g.sum(
          g.mul(jacobian, v),
          Array.from(x.shape, (_, i) => rank + i),
        );
      agree(
        inner(seedOf, times(g.jacobian(y, x), y.shape.length)),
        inner(seedOf, g.jvp(y, x, v)),
        fed,
      );
      const J = g.mean(y);
      const [H, d] = [g.hessian(J, x), like(x, 'd')];
      expect(H.shape).toEqual([...x.shape, ...x.shape]);
      const product = inner(d, times(H, x.shape.length));
      agree(product, inner(d, g.hvp(J, x, v)), { ...fed, d: normal(9, count(x)) });
    });
  });
});
