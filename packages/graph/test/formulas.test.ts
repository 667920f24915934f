// Random formulas: gradients against differences, what simplification keeps, what a print means.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpretAll, type Node, reachable } from '../src/index.ts';
import { build, leaves, type Tree, trees, values } from './support/formulas.ts';
import { expectLatex } from './support/latex.ts';
import { asMeant } from './support/meant.ts';

// Another seed: CHAINRULE_SEED=7 npm test -- formulas; fast-check prints the one that failed.
const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
// All of them in CI; fewer while one works.
const numRuns = Number(process.env['CHAINRULE_RUNS'] ?? (process.env['CI'] ? 2000 : 300));
const TOLERANCE = 1e-6;
const SIZES = { m: 2 };

/** A formula over fresh leaves, and data for it. */
function setUp(tree: Tree) {
  const nodes = leaves();
  return { nodes, root: build(tree, nodes), data: values(11) };
}

/** The gradient of the mean for the first parameter, if there is one. */
function gradient(x: Node): Node {
  const J = g.mean(x);
  const [p] = g.paramsOf([J]);
  return p ? g.grad(J, p) : J;
}

/** All intermediate values, to know what rounding means for the result. */
function largest(root: Node, data: g.Values): number {
  const all = interpretAll(reachable([root]), data, SIZES).flatMap(({ data }) => [...data]);
  return Math.max(...all.filter(Number.isFinite).map(Math.abs));
}

/** Beyond this, differences are too rough to judge by; where a formula overflows there are none. */
const MODERATE = 100;
const isModerate = (root: Node, data: g.Values) =>
  interpretAll(reachable([root]), data, SIZES).every(({ data }) => data.every(isSmall));
const isSmall = (x: number) => Math.abs(x) < MODERATE;

/** Ops with a kink or a jump where their two sides meet; those of one side meet 0. */
const MEETING = new Set(['max', 'min', 'less', 'lessEqual', 'equal', 'abs', 'leakyRelu', 'elu']);

/** Do two sides meet, but for rounding? Then rewriting, like any change of rounding, decides. */
const hasTie = (root: Node, data: g.Values): boolean =>
  reachable([root]).some((node) => {
    if (!MEETING.has(node.op)) return false;
    const [a, b] = interpretAll(node.src, data, SIZES);
    return a!.data.some((x, i) => {
      const y = b?.data[i] ?? 0;
      return Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y), 1e-3);
    });
  });

/** How far off derivatives of an order are. */
function disagreement(J: Node, data: g.Values, order: 1 | 2 = 1): number {
  const { ratio, worst } = g.gradCheck(J, data, { order, sizes: SIZES });
  // Where large values cancel, J rounds at their size, and so do differences at steps of 1e-5.
  const noise = (4 * Number.EPSILON * largest(J, data)) / 1e-5;
  return Math.abs(worst.analytic - worst.numeric) <= noise ? 0 : ratio;
}

const check = (property: (tree: Tree) => void, except: readonly string[] = []) =>
  fc.assert(fc.property(trees(true, except), property), { seed, numRuns });

/** What text names, and does not define. */
const UNREADABLE = ['custom'];

// Thousands of them take minutes on a slow machine.
describe(`random formulas, seed ${seed}`, { timeout: 900_000 }, () => {
  test('gradients agree with differences', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const J = g.mean(root);
      fc.pre(g.paramsOf([J]).length > 0 && isModerate(J, data) && !hasTie(J, data));
      expect(disagreement(J, data), g.print(J)).toBeLessThan(TOLERANCE);
    });
  });

  test('so do gradients of gradients', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const J = g.mean(root);
      fc.pre(g.paramsOf([J]).length > 0 && isModerate(J, data) && !hasTie(J, data));
      expect(disagreement(J, data, 2), g.print(J)).toBeLessThan(TOLERANCE);
    });
  });

  test('simplification keeps the meaning, and is done when it is done', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const simple = g.simplify(root);
      expect(g.simplify(simple), g.print(root)).toBe(simple);
      expect(simple.shape).toEqual(root.shape);
      fc.pre(!hasTie(root, data));
      const [before, after] = interpretAll([root, simple], data, SIZES);
      const scale = Math.max(1, largest(root, data));
      before!.data.forEach((x, i) => {
        // Sums in another order; where values cancel, relative to what was cancelled.
        if (Number.isFinite(x)) expect(Math.abs(x - after!.data[i]!)).toBeLessThan(1e-11 * scale);
      });
    });
  });

  test('it loses no finite value, however far out', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const simple = g.simplify(root);
      for (const scale of [1e-3, 30, 1000]) {
        const far = Object.fromEntries(
          Object.entries(data).map(([name, x]) => [name, x.map((v) => v * scale)]),
        );
        const [before, after] = interpretAll([root, simple], far, SIZES);
        before!.data.forEach((x, i) => {
          if (Number.isFinite(x)) expect(after!.data[i], g.print(root)).not.toBe(NaN);
          if (Number.isFinite(x)) expect(Math.abs(after!.data[i]!)).toBeLessThan(Infinity);
        });
      }
    });
  });

  test('a gradient comes simplified', () => {
    check((tree) => {
      const J = g.mean(setUp(tree).root);
      fc.pre(g.paramsOf([J]).length > 0);
      const gradients = g.grad(J, g.paramsOf([J]));
      expect(g.simplifyAll(gradients)).toEqual(gradients);
    });
  });

  test('every form is LaTeX', () => {
    check((tree) => {
      const { root } = setUp(tree);
      for (const node of [root, g.simplify(root)]) expectLatex(g.tex(node));
    });
  });

  test.each([
    ['as built', (x: Node) => x],
    ['simplified', (x: Node) => g.simplify(x)],
    ['a gradient of it', gradient],
  ])('a print read by math means the same, and prints the same from then on: %s', (_, form) => {
    check((tree) => {
      const { nodes, root, data } = setUp(tree);
      const bindings = Object.fromEntries(nodes.map((node) => [g.nameOf(node)!, node]));
      const node = form(root);
      const text = g.print(node);
      fc.pre(!text.includes('...'));
      const { result } = g.math(bindings)(`result = ${text}`);
      // Where nothing repeats it, a value may come back smaller: as in the text.
      const [want, got] = interpretAll([node, asMeant(result!, node.shape)], data, SIZES);
      const scale = Math.max(1, largest(root, data));
      want!.data.forEach((x, i) => {
        if (!Number.isFinite(x)) return;
        expect(Math.abs(x - got!.data[i]!), text).toBeLessThan(1e-11 * scale);
      });
      // The first print may leave out what no text says, such as the order of a sum's terms; the
      // second, that a number had dimensions of size 1.
      const again = (line: string) => g.print(g.math(bindings)(`again = ${line}`)['again']!);
      const third = again(g.print(result!));
      expect(again(third)).toBe(third);
    }, UNREADABLE);
  });
});
