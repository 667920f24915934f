// Graphs as JSON and as pictures: what comes back is what was written, and what is no graph is not.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { fromJSON, type GraphJSON, math, type Node, print, toDot, toJSON } from '../src/index.ts';
import { build, leaves, trees, values } from './support/formulas.ts';

const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
const numRuns = Number(process.env['CHAINRULE_RUNS'] ?? 300);

const logistic = () =>
  math({
    X: g.input('n', 'm', { order: 'columns' }),
    Y: g.input(1, 'm', { distribution: true }),
    w: g.param('n', 1, {
      init: { kind: 'variance', scale: 2, fan: 'in', distribution: 'normal' },
    }),
    b: g.param(1, 1),
  })`
    A = sigmoid(w' * X + b)
    J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;

/** Through text, as it goes over a wire. */
const wire = (graph: g.Graph): unknown => JSON.parse(JSON.stringify(toJSON(graph)));

describe('what is read is what was written', () => {
  test('a node, a list, nodes by name', () => {
    const { J, A } = logistic();
    expect(print(fromJSON<Node>(wire(J!)))).toBe(print(J!));
    expect(fromJSON<Node[]>(wire([J!, A!])).map((node) => print(node))).toEqual([
      print(J!),
      print(A!),
    ]);
    const both = fromJSON<Record<'J' | 'A', Node>>(wire({ J: J!, A: A! }));
    expect(Object.keys(both)).toEqual(['J', 'A']);
    expect(g.reachable([both['J']])).toContain(both['A']);
  });

  test('inputs and parameters keep their names, starts and declarations, and are new', () => {
    const { J, X, Y, w } = logistic();
    const read = fromJSON<Node>(wire(J!));
    const leaf = (name: string) => g.reachable([read]).find((node) => g.nameOf(node) === name)!;
    for (const node of [X!, Y!, w!]) {
      const again = leaf(g.nameOf(node)!);
      expect(again).not.toBe(node);
      expect(again.shape).toEqual(node.shape);
      expect({ ...again.attr, serial: 0 }).toEqual({ ...node.attr, serial: 0 });
    }
    expect(print(g.grad(read, leaf('w')))).toBe(print(g.grad(J!, w!)));
  });

  test('numbers that JSON has no word for', () => {
    for (const value of [Infinity, -Infinity, NaN]) {
      const x = fromJSON<Node>(wire(g.constant(value, [2])));
      expect(x).toBe(g.constant(value, [2]));
    }
  });

  test('the text of a graph follows from its structure', () => {
    const first = JSON.stringify(toJSON(logistic()['J']!));
    g.pow(g.size('m'), -1);
    expect(JSON.stringify(toJSON(logistic()['J']!))).toBe(first);
    expect(JSON.parse(first)).toMatchSnapshot();
  });

  test(`random formulas, simplified ones and gradients, seed ${seed}`, () => {
    fc.assert(
      fc.property(trees(true), (tree) => {
        const root = build(tree, leaves());
        const J = g.mean(root);
        const simple = g.simplify(root);
        const graph = [root, simple, ...g.grad(J, g.paramsOf([J]))];
        const json = wire(graph);
        const again = fromJSON<Node[]>(json);
        expect(wire(again)).toEqual(json);
        expect(again.map((node) => print(node))).toEqual(graph.map((node) => print(node)));
        // Equal nodes are the same object, before and after.
        expect(g.reachable(again).length).toBe(g.reachable(graph).length);
        expect(again[0] === again[1]).toBe(root === simple);
        const [a, b] = [graph, again].map((nodes) => g.interpretAll(nodes, values(11), { m: 2 }));
        expect(b).toEqual(a);
      }),
      { seed, numRuns },
    );
  });
});

describe('what is no graph is an error', () => {
  type Draft = { [K in keyof GraphJSON]: unknown } & { nodes: Record<string, unknown>[] };
  const draft = (): Draft => wire(logistic()['J']!) as Draft;
  const at = (op: string, json: Draft) => json.nodes.find((node) => node['op'] === op)!;
  const failure = (json: unknown): string => {
    try {
      fromJSON(json);
    } catch (error) {
      expect(error).toBeInstanceOf(g.ChainruleError);
      expect(String(error)).toContain('fix: ');
      return String(error);
    }
    return 'nothing was thrown';
  };

  test.each<[string, (json: Draft) => unknown]>([
    ['nothing', () => undefined],
    ['text', (json) => JSON.stringify(json)],
    ['a list', () => []],
    ['another format', (json) => ({ ...json, format: 'onnx' })],
    ['another version', (json) => ({ ...json, version: 2 })],
    ['a field too many', (json) => ({ ...json, run: 'alert(1)' })],
    ['no nodes', (json) => ({ ...json, nodes: undefined })],
    ['nodes without an end', (json) => ({ ...json, nodes: new Array(2 ** 32 - 1) })],
    ['no such root', (json) => ({ ...json, roots: 1000 })],
    ['a root that is none', (json) => ({ ...json, roots: -1 })],
    ['a root called __proto__', (json) => ({ ...json, roots: JSON.parse('{ "__proto__": 0 }') })],
    ['an unknown op', (json) => Object.assign(at('log', json), { op: 'eval' }) && json],
    ['an op of Object', (json) => Object.assign(at('log', json), { op: 'constructor' }) && json],
    ['a variable of a rule', (json) => Object.assign(at('log', json), { op: 'hole' }) && json],
    ['a source that comes later', (json) => Object.assign(at('log', json), { src: [40] }) && json],
    [
      'a source that is no place',
      (json) => Object.assign(at('log', json), { src: ['0'] }) && json,
    ],
    ['too many sources', (json) => Object.assign(at('log', json), { src: [0, 1] }) && json],
    [
      'sources that do not fit',
      (json) => Object.assign(at('matmul', json), { src: [5, 5] }) && json,
    ],
    ['another shape', (json) => Object.assign(at('matmul', json), { shape: [2, 'm'] }) && json],
    ['a size of 0', (json) => Object.assign(at('input', json), { shape: [0, 'm'] }) && json],
    [
      'a size that is no name',
      (json) => Object.assign(at('input', json), { shape: [''] }) && json,
    ],
    ['an order', (json) => Object.assign(at('permute', json), { attr: { axes: [0, 0] } }) && json],
    ['no axes', (json) => Object.assign(at('sum', json), { attr: { axes: [] } }) && json],
    [
      'axes in disorder',
      (json) => Object.assign(at('sum', json), { attr: { axes: [1, 0] } }) && json,
    ],
    [
      'an axis beyond',
      (json) => Object.assign(at('sum', json), { attr: { axes: [0, 2] } }) && json,
    ],
    [
      'an expansion',
      (json) => Object.assign(at('expand', json), { attr: { dims: [1, 0] } }) && json,
    ],
    [
      'a number as text',
      (json) => Object.assign(at('const', json), { attr: { value: '1' } }) && json,
    ],
    [
      'an attribute too many',
      (json) => Object.assign(at('log', json), { attr: { a: 1 } }) && json,
    ],
    ['an attribute too few', (json) => Object.assign(at('pow', json), { attr: {} }) && json],
    [
      'a start',
      (json) => Object.assign(at('param', json), { attr: { init: { kind: 'f' } } }) && json,
    ],
    ['an empty name', (json) => Object.assign(at('log', json), { name: '' }) && json],
    ['a long name', (json) => Object.assign(at('log', json), { name: 'x'.repeat(1e5) }) && json],
  ])('%s', (_, change) => {
    expect(failure(change(draft()))).toMatchSnapshot();
  });

  test('also for toJSON', () => {
    for (const graph of [undefined, null, 1, [1], { J: undefined }, 'J']) {
      expect(() => toJSON(graph as never)).toThrow(g.ChainruleError);
    }
  });
});

describe('dot', () => {
  test('shows names, ops with attributes, shapes', () => {
    expect(toDot(logistic()['J']!)).toMatchInlineSnapshot(`
      "digraph {
        ordering=in;
        node [shape=box];
        n0 [label="-1\\n[]", shape=plaintext];
        n1 [label="m\\n[]", shape=plaintext];
        n2 [label="pow exponent=-1\\n[]"];
        n1 -> n2;
        n3 [label="Y\\n[1, m]", shape=ellipse];
        n4 [label="w\\n[n, 1]", shape=ellipse, peripheries=2];
        n5 [label="permute axes=[1, 0]\\n[1, n]"];
        n4 -> n5;
        n6 [label="X\\n[n, m]", shape=ellipse];
        n7 [label="matmul\\n[1, m]"];
        n5 -> n7;
        n6 -> n7;
        n8 [label="b\\n[1, 1]", shape=ellipse, peripheries=2];
        n9 [label="expand dims=[0, 1]\\n[1, m]"];
        n8 -> n9;
        n10 [label="add\\n[1, m]"];
        n7 -> n10;
        n9 -> n10;
        n11 [label="A = sigmoid\\n[1, m]"];
        n10 -> n11;
        n12 [label="log\\n[1, m]"];
        n11 -> n12;
        n13 [label="mul\\n[1, m]"];
        n3 -> n13;
        n12 -> n13;
        n14 [label="1\\n[1, m]", shape=plaintext];
        n15 [label="-1\\n[1, m]", shape=plaintext];
        n16 [label="mul\\n[1, m]"];
        n15 -> n16;
        n3 -> n16;
        n17 [label="add\\n[1, m]"];
        n14 -> n17;
        n16 -> n17;
        n18 [label="mul\\n[1, m]"];
        n15 -> n18;
        n11 -> n18;
        n19 [label="add\\n[1, m]"];
        n14 -> n19;
        n18 -> n19;
        n20 [label="log\\n[1, m]"];
        n19 -> n20;
        n21 [label="mul\\n[1, m]"];
        n17 -> n21;
        n20 -> n21;
        n22 [label="add\\n[1, m]"];
        n13 -> n22;
        n21 -> n22;
        n23 [label="sum axes=[0, 1]\\n[]"];
        n22 -> n23;
        n24 [label="mul\\n[]"];
        n2 -> n24;
        n23 -> n24;
        n25 [label="J = mul\\n[]"];
        n0 -> n25;
        n24 -> n25;
      }"
    `);
  });
  test('takes several roots, and names for one picture', () => {
    const x = g.param(2, { name: 'say "x"\\\n' });
    const y = g.leakyRelu(x, 0.1);
    expect(toDot([y, g.sum(y)], new Map([[y, 'dZ1']]))).toMatchInlineSnapshot(`
      "digraph {
        ordering=in;
        node [shape=box];
        n0 [label="say \\"x\\"\\\\\\n\\n[2]", shape=ellipse, peripheries=2];
        n1 [label="dZ1 = leakyRelu slope=0.1\\n[2]"];
        n0 -> n1;
        n2 [label="sum axes=[0]\\n[]"];
        n1 -> n2;
      }"
    `);
  });
  test('no node is an error', () => {
    expect(() => toDot(undefined as never)).toThrow(g.ChainruleError);
    expect(() => toDot([1] as never)).toThrow(g.ChainruleError);
  });
});
