// Random formulas: gradients against differences, what simplification keeps, what a print means.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpretAll, type Node, reachable } from '../src/index.ts';
import { build, leaves, type Tree, trees, values } from './support/formulas.ts';
import { expectLatex } from './support/latex.ts';

// Another seed: CHAINRULE_SEED=7 npm test -- formulas; fast-check prints the one that failed.
const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
const numRuns = Number(process.env['CHAINRULE_RUNS'] ?? 300);
const TOLERANCE = 1e-6;
const SIZES = { m: 2 };

/** A formula over fresh leaves, and data for it. */
function setUp(tree: Tree) {
  const nodes = leaves();
  return { nodes, root: build(tree, nodes), data: values(11) };
}

/** All intermediate values, to know what rounding means for the result. */
function largest(root: Node, data: g.Values): number {
  const all = interpretAll(reachable([root]), data, SIZES).flatMap(({ data }) => [...data]);
  return Math.max(...all.filter(Number.isFinite).map(Math.abs));
}

/** Beyond this, differences are too rough to judge by. */
const MODERATE = 100;
const isModerate = (root: Node, data: g.Values) => largest(root, data) < MODERATE;

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

describe(`random formulas, seed ${seed}`, () => {
  test('gradients agree with differences', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const J = g.mean(root);
      fc.pre(g.paramsOf([J]).length > 0 && isModerate(J, data));
      expect(disagreement(J, data), g.print(J)).toBeLessThan(TOLERANCE);
    });
  });

  test('so do gradients of gradients', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const J = g.mean(root);
      fc.pre(g.paramsOf([J]).length > 0 && isModerate(J, data));
      expect(disagreement(J, data, 2), g.print(J)).toBeLessThan(TOLERANCE);
    });
  });

  test('simplification keeps the meaning, and is done when it is done', () => {
    check((tree) => {
      const { root, data } = setUp(tree);
      const simple = g.simplify(root);
      expect(g.simplify(simple), g.print(root)).toBe(simple);
      expect(simple.shape).toEqual(root.shape);
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
  ])('a print read by math means the same, and prints the same from then on: %s', (_, form) => {
    check((tree) => {
      const { nodes, root, data } = setUp(tree);
      const bindings = Object.fromEntries(nodes.map((node) => [g.nameOf(node)!, node]));
      const node = form(root);
      const text = g.print(node);
      fc.pre(!text.includes('...'));
      const { result } = g.math(bindings)(`result = ${text}`);
      // Where nothing repeats it, a value may come back smaller: as in the text.
      const [want, got] = interpretAll([node, g.expand(result!, node.shape)], data, SIZES);
      const scale = Math.max(1, largest(root, data));
      want!.data.forEach((x, i) => {
        if (!Number.isFinite(x)) return;
        expect(Math.abs(x - got!.data[i]!), text).toBeLessThan(1e-11 * scale);
      });
      // The first print may leave out what no text says, such as the order of a sum's terms.
      const second = g.print(result!);
      expect(g.print(g.math(bindings)(`again = ${second}`)['again']!)).toBe(second);
    }, UNREADABLE);
  });
});
