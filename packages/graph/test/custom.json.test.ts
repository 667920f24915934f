// Functions with derivatives of their own as JSON: their programs come back, and those of strangers
// are checked step by step.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { elementwise, grad, interpret, type Node, param, print } from '../src/index.ts';

const spike = elementwise('spike', 'x > 0', ['x'], { derivative: { x: '1 / (1 + abs(x))^2' } });
const x = param(2, 3, { name: 'x' });
const data = { x: [0.5, -0.5, 0, 3, -1, 2] };
const numbersOf = (node: Node): number[] => [...interpret(node, data).data];

describe('as JSON', () => {
  const soft = elementwise('soft', 'x > t ? log(x) : t', ['x', 't'], {
    derivative: { t: 'x / 0' },
  });
  const y = g.named(soft(spike(x), 0.5), 'y');
  const wire = () => JSON.parse(JSON.stringify(g.toJSON(y))) as { nodes: never[] };
  test('comes back as it was', () => {
    const read = g.fromJSON<Node>(wire());
    expect(JSON.stringify(g.toJSON(read))).toBe(JSON.stringify(g.toJSON(y)));
    expect(numbersOf(read)).toEqual(numbersOf(y));
    const [again] = g.paramsOf([read]);
    expect(print(grad(g.sum(read), again!))).toBe(print(grad(g.sum(y), x)));
    // Read twice on one leaf, it would be one node: its attributes have the same text.
    expect(JSON.stringify(read.attr)).toBe(JSON.stringify(y.attr));
  });

  // biome-ignore lint/suspicious/noExplicitAny: it is changed into what it must not be.
  type Custom = { op: string; src: unknown[]; attr: Record<string, any> };
  /** The JSON with its last function changed. */
  const changed = (change: (node: Custom) => void) => {
    const json = wire();
    change(json.nodes.at(-1)!);
    return () => g.fromJSON(json);
  };
  test.each<[string, (node: Custom) => void]>([
    [
      'a step of another custom function',
      ({ attr }) => {
        attr['body'].steps[0] = { op: 'custom', attr, src: [0, 1] };
      },
    ],
    [
      'a step that is not elementwise',
      ({ attr }) => {
        attr['body'].steps[0] = { op: 'sum', attr: { axes: [0] }, src: [0] };
      },
    ],
    [
      'a step that is no op',
      ({ attr }) => {
        attr['body'].steps[0].op = { toString: 1 };
      },
    ],
    [
      'a step that reads itself',
      ({ attr }) => {
        attr['body'].steps[0].src = [2, 2];
      },
    ],
    [
      'a step of too few sources',
      ({ attr }) => {
        attr['body'].steps[0].src = [0];
      },
    ],
    [
      'a step with strange attributes',
      ({ attr }) => {
        attr['body'].steps[0].attr = { y: 1 };
      },
    ],
    [
      'no steps',
      ({ attr }) => {
        attr['body'].steps = null;
      },
    ],
    [
      'a result that is not there',
      ({ attr }) => {
        attr['body'].result = 100;
      },
    ],
    [
      'no result',
      ({ attr }) => {
        delete attr['slopes'][0].result;
      },
    ],
    [
      'too many steps',
      ({ attr }) => {
        attr['body'].steps = Array.from({ length: 1001 }, () => attr['body'].steps[0]);
      },
    ],
    [
      'no slopes',
      ({ attr }) => {
        attr['slopes'] = [];
      },
    ],
    [
      'a slope too few',
      ({ attr }) => {
        attr['slopes'].pop();
      },
    ],
    [
      'a source too many',
      ({ src }) => {
        src.push(0);
      },
    ],
    [
      'the name of a function',
      ({ attr }) => {
        attr['name'] = 'tanh';
      },
    ],
    [
      'a name that is none',
      ({ attr }) => {
        attr['name'] = '}\\href{x}{y';
      },
    ],
    [
      'a field too many',
      ({ attr }) => {
        attr['code'] = 'pwned()';
      },
    ],
  ])('%s is an error', (_, change) => {
    expect(changed(change)).toThrow(g.ChainruleError);
    expect(changed(change)).toThrow('fromJSON: node ');
  });
});
