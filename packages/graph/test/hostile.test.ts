// Formulas and graphs from strangers: each is an error of chainrule or a graph, at once, and nothing
// of it runs. What comes out can be printed, simplified and differentiated.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as g from '../src/index.ts';
import { createRandom, type Node } from '../src/index.ts';
import { FORMULAS, mutatedFormula, mutatedJson } from './support/hostile.ts';

// Another seed: CHAINRULE_SEED=7 npm test -- hostile
const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
const COUNT = 10_000;
/** Of how many one is used further. */
const SAMPLE = 5;

/** Milliseconds of processor time: other work on the machine does not count. */
function timed<T>(run: () => T): { result: T; ms: number } {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  return { result, ms: (user + system) / 1000 };
}

/** What a stranger may cost: the promise itself. Mutated formulas and graphs take a hundredth. */
const MOMENT = 1000;
/** At the limits a text takes up to half of that; other work on the machine may slow it down. */
const SLOW = 4 * MOMENT;

/** The result, or undefined for an error; throws where that is none of chainrule. */
function attempt<T>(input: string, run: () => T, limit = MOMENT): T | undefined {
  const { result, ms } = timed(() => {
    try {
      return { value: run() };
    } catch (error) {
      if (!(error instanceof g.ChainruleError)) throw new Error(`on ${input}`, { cause: error });
      if (error.message.length > 5000) throw new Error(`a message of a book on ${input}`);
      return {};
    }
  });
  expect(ms, input).toBeLessThan(limit);
  return 'value' in result ? result.value : undefined;
}

/** Everything that one does with a graph. */
function use(root: Node): void {
  const J = root.shape.length === 0 ? root : g.sum(root);
  const wrt = [...g.paramsOf([J]), ...g.inputsOf([J])].slice(0, 3);
  const gradients = g.grad(J, wrt);
  const simple = g.simplify(root);
  expect(gradients.map((d) => d.shape)).toEqual(wrt.map((x) => x.shape));
  expect(simple.shape).toEqual(root.shape);
  for (const node of [root, simple, ...gradients]) {
    for (const text of [g.print(node), g.tex(node), g.toDot(node)]) expect(text).not.toBe('');
  }
  expect(g.fromJSON<Node>(g.toJSON(simple)).shape).toEqual(simple.shape);
}

const bindings = () => ({
  X: g.input(3, 'm'),
  Y: g.input(1, 'm'),
  W: g.param(3, 3),
  b: g.param(3, 1),
  s: g.param(),
  T: g.param(2, 3, 4),
});

const ofObject = () => Object.getOwnPropertyNames(Object.prototype).join();
const before = ofObject();
const ran = vi.fn();

beforeAll(() => {
  g.math({})('y = 1'); // mathjs is made once; only what comes after is watched
  Object.assign(globalThis, { pwned: ran });
  vi.spyOn(globalThis, 'eval').mockImplementation(ran);
  vi.spyOn(globalThis, 'Function').mockImplementation(ran);
});

afterAll(() => {
  vi.restoreAllMocks();
  Reflect.deleteProperty(globalThis, 'pwned');
});

describe(`seed ${seed}`, () => {
  test(`${COUNT} formulas`, () => {
    const random = createRandom(seed);
    let graphs = 0;
    for (let i = 0; i < COUNT; i++) {
      const text = mutatedFormula(random);
      const found = attempt(text.slice(0, 2000), () => g.math(bindings())(text));
      if (found === undefined) continue;
      graphs++;
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
      const nodes = Object.values<Node>(found);
      expect(nodes.every(g.isNode)).toBe(true);
      const last = nodes.at(-1)!;
      if (graphs % SAMPLE === 0 && g.reachable([last]).length < 1000) use(last);
    }
    // Neither all refused nor all let through: the changes are of the right size.
    expect(graphs).toBeGreaterThan(COUNT / 10);
    expect(graphs).toBeLessThan(COUNT / 2);
    expect(ran).not.toHaveBeenCalled();
    expect(ofObject()).toBe(before);
  });

  test('a thousand functions of numbers', () => {
    const random = createRandom(seed + 2);
    let functions = 0;
    for (let i = 0; i < 1000; i++) {
      const line = mutatedFormula(random)
        .split('\n')[0]!
        .replace(/^\w+ = /, '');
      const given = i % 2 === 0 ? { derivative: { X: line } } : {};
      const made = attempt(line, () => g.elementwise('f', line, undefined, given));
      if (made === undefined) continue;
      functions++;
      const used = attempt(line, () => made(g.param(2, 3)));
      if (used) use(used);
    }
    expect(functions).toBeGreaterThan(20);
    expect(ran).not.toHaveBeenCalled();
  });

  test(`${COUNT} graphs`, () => {
    const random = createRandom(seed + 1);
    const jsons = FORMULAS.flatMap((text): unknown[] => {
      const found = attempt(text, () => g.math(bindings())(text));
      const last = found && Object.values<Node>(found).at(-1)!;
      if (!last) return [];
      const J = last.shape.length === 0 ? last : g.mean(last);
      const graph = { J, ...g.grad(J, g.paramsOf([J])) };
      return [JSON.parse(JSON.stringify(g.toJSON(graph)))];
    });
    const slopes = { derivative: { k: 'abs(x) < 1 ? x : 0' } };
    const own = g.elementwise('own', 'x > k ? log(x) : k', ['x', 'k'], slopes);
    const { X, s } = bindings();
    for (const y of [own(X, s), own(own(s, 2), 0.5)])
      jsons.push(JSON.parse(JSON.stringify(g.toJSON(y))));
    expect(jsons.length).toBeGreaterThan(10);
    let graphs = 0;
    for (let i = 0; i < COUNT; i++) {
      const json = mutatedJson(jsons[i % jsons.length], random);
      const text = JSON.stringify(json)?.slice(0, 5000) ?? '';
      const found = attempt(text, () => g.fromJSON(json));
      if (found === undefined) continue;
      graphs++;
      const nodes = g.isNode(found) ? [found] : Object.values<Node>(found as readonly Node[]);
      expect(nodes.every(g.isNode)).toBe(true);
      if (graphs % SAMPLE === 0 && nodes.length > 0) use(nodes.at(-1)!);
    }
    expect(graphs).toBeGreaterThan(COUNT / 50);
    expect(graphs).toBeLessThan(COUNT / 2);
    expect(ran).not.toHaveBeenCalled();
    expect(ofObject()).toBe(before);
  });
});

describe('texts at the limits', () => {
  const fill = (part: (i: number) => string): string => {
    let text = '';
    for (let i = 0; text.length < 99_000; i++) text += part(i);
    return text.slice(0, text.lastIndexOf(';') + 1 || undefined);
  };
  test.each<[string, string]>([
    ['percent signs and parentheses', `y = ${'1%('.repeat(40)}1${')'.repeat(40)}`],
    ['percent signs and parentheses without an end', `y = ${'1%('.repeat(30_000)}`],
    ['nothing but parentheses', ')('.repeat(49_000)],
    ['one line of comparisons', fill(() => 'X == X + ')],
    ['lines of comparisons', fill((i) => `a${i} = ${i ? `a${i - 1}` : 'X'} == X;`)],
    ['lines that name each other', fill((i) => `a${i} = m + ${i ? `a${i - 1}` : '1'};`)],
    ['functions that call each other', fill((i) => `f${i}(x) = ${i ? `f${i - 1}(x)` : 'x'} + 1;`)],
    ['functions of many arguments', `f(${fill((i) => `x${i},`)}x) = 1`],
    ['a list without an end', `y = sum(X, [${'1,'.repeat(40_000)}1])`],
    ['an index of ranges', `y = X[${'1:2,'.repeat(24_000)}1]`],
    ['a number of digits', `y = ${'9'.repeat(99_000)}`],
    ['a name of letters', `y = ${'x'.repeat(99_000)}`],
    ['blanks', ' '.repeat(99_999)],
    ['semicolons', ';'.repeat(99_999)],
    ['lines', 'y\n'.repeat(49_000)],
    ['comments', '#('.repeat(49_000)],
    ['transposes', `y = X${"'".repeat(99_000)}`],
    ['divisions', `y = 1${'/1'.repeat(49_000)}`],
    ['products without a sign', `y = ${'s '.repeat(49_000)}`],
    ['objects', '{a:'.repeat(33_000)],
    ['quotes', `"'`.repeat(49_000)],
    ['what no text has', '\0'.repeat(99_000)],
  ])('%s', (_, text) => {
    attempt(text.slice(0, 100), () => g.math(bindings())(text), SLOW);
  });

  test.each([
    ['100,001 characters', ' '.repeat(100_001)],
    [
      'functions that double',
      `f0(x) = tanh(x);${Array.from({ length: 40 }, (_, i) => `f${i + 1}(x) = f${i}(x .* 2) + f${i}(x + 1);`).join('')} y = f40(X)`,
    ],
  ])('%s are an error', (_, text) => {
    const run = () => g.math(bindings())(text);
    expect(attempt(text.slice(0, 100), run, SLOW)).toBeUndefined();
    expect(run).toThrow(g.FormulaError);
  });

  test.each<[string, () => unknown]>([
    ['no text', () => g.math({})(1 as never)],
    ['nothing', () => g.math({})(undefined as never)],
    ['no bindings', () => g.math(undefined as never)('y = 1')],
    ['a node in a template', () => g.math({})`y = ${g.param()}`],
    ['what looks like a node', () => g.math({ x: { op: 'exp', src: [] } as never })('y = x')],
    ['what looks like a node as an operand', () => g.exp({ op: 'exp', src: [] } as never)],
    ['a symbol in a template', () => g.math({})`y = ${Symbol('x')}`],
  ])('%s is an error', (_, run) => {
    expect(run).toThrow(g.ChainruleError);
  });
});

/** A graph of JSON in which each node uses the one before it twice or more. */
const shared = (
  depth: number,
  add: (at: number) => readonly (readonly [string, number[], object?])[],
) => {
  const leaf = {
    op: 'param',
    src: [] as number[],
    attr: { init: { kind: 'constant', value: 1 } },
  };
  const nodes: object[] = [{ ...leaf, shape: [3, 3], name: 'x' }];
  for (let i = 0; i < depth; i++) {
    for (const [op, src, attr = {}] of add(nodes.length - 1)) {
      nodes.push({ op, src, attr, shape: [3, 3] });
    }
  }
  return { format: 'chainrule-graph', version: 1, nodes, roots: nodes.length - 1 };
};

describe('graphs that are endless when they are written out', () => {
  const depths = [60, 1000];
  test.each<[string, Parameters<typeof shared>[1]]>([
    ['sums', (y) => [['add', [y, y]]]],
    ['products', (y) => [['mul', [y, y]]]],
    ['matrix products', (y) => [['matmul', [y, y]]]],
    [
      'sums of functions',
      (y) => [
        ['tanh', [y]],
        ['add', [y, y + 1]],
      ],
    ],
    [
      'products of functions',
      (y) => [
        ['sigmoid', [y]],
        ['mul', [y, y + 1]],
      ],
    ],
    [
      'transposes',
      (y) => [
        ['permute', [y], { axes: [1, 0] }],
        ['add', [y, y + 1]],
      ],
    ],
    [
      'powers',
      (y) => [
        ['pow', [y], { exponent: 0.5 }],
        ['mul', [y, y + 1]],
      ],
    ],
    [
      'quotients',
      (y) => [
        ['pow', [y], { exponent: -1 }],
        ['add', [y, y + 1]],
      ],
    ],
    [
      'choices',
      (y) => [
        ['less', [y, y]],
        ['where', [y + 1, y, y]],
      ],
    ],
    [
      'the larger of two',
      (y) => [
        ['exp', [y]],
        ['max', [y, y + 1]],
      ],
    ],
  ])('%s', (_, add) => {
    for (const depth of depths) {
      const { result, ms } = timed(() => g.fromJSON<Node>(shared(depth, add)));
      expect(ms).toBeLessThan(SLOW);
      use(result);
    }
  });

  test('many products over one long chain', () => {
    const x = g.param(3, 3, { name: 'x' });
    let chain: Node = x;
    for (let i = 0; i < 3000; i++)
      chain = g.mul(chain, i % 2 ? chain : g.constant(i + 0.5, [3, 3]));
    let sum: Node = x;
    for (let i = 0; i < 1000; i++)
      sum = g.add(g.mul(chain, g.sin(g.mul(x, i + 0.5))), g.tanh(sum));
    for (const write of [g.print, g.tex, g.toDot]) {
      expect(timed(() => write(sum)).ms).toBeLessThan(SLOW);
    }
  });
});
