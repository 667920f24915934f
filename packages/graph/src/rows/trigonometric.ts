// Circular functions and their inverses; angles are in radians.
import type { Machine } from '../machine.ts';
import type { Node } from '../node.ts';
import * as op from '../ops.ts';
import { horner, withSignOf } from './lowering.ts';
import { call, LINE, one, PAIRS, type Rows } from './row.ts';

const ANGLES = [-3, -1, -0.1, 0.1, 0.5, 2];
/** Arguments of sines: -1 to 1, and where the lowering changes its form. */
const RATIOS = [-0.99, -0.6, -0.499, -0.1, -1e-6, 1e-9, 0.3, 0.501, 0.9, 0.99];
const QUARTER = Math.PI / 2;

/**
 * atan(t) for t in [0, 1]: t times a polynomial in t^2, the best in relative error among those of
 * degree 8 (found by iteratively reweighted least squares); off by 1.6e-8.
 */
function atanNear<E>(m: Machine<E>, t: E): E {
  const coefficients = [
    0.9999999848, -0.3333307334, 0.1999261938, -0.1420364437, 0.1064093366, -0.0750429376,
    0.04269151003, -0.01606862326, 0.002849888192,
  ];
  return m.mul(t, horner(m, m.mul(t, t), coefficients));
}

/** The angle at the origin between the positive x axis and (x, y), for x and y >= 0. */
function angle<E>(m: Machine<E>, y: E, x: E): E {
  const most = m.max(x, y);
  const safe = m.select(m.less(m.constant(0), most), most, m.constant(1));
  const small = atanNear(m, m.div(m.min(x, y), safe));
  return m.select(m.less(x, y), m.sub(m.constant(QUARTER), small), small);
}

/** What asin and acos share: asin(s) of a small s, and of what it tells. */
interface Arc<E> {
  /** Is |x| above 1/2? Then acos(|x|) is 2 asin(s), s = sqrt((1 - |x|) / 2). Else s = |x|. */
  readonly far: E;
  readonly arc: E;
}

/**
 * asin(s) for s in [0, 1/2]: s times a polynomial in s^2, the best in relative error among those
 * of degree 5 (found by iteratively reweighted least squares); off by 4.5e-9.
 */
function arcOf<E>(m: Machine<E>, x: E): Arc<E> {
  const size = m.abs(x);
  const far = m.less(m.constant(0.5), size);
  const half = m.mul(m.constant(0.5), m.sub(m.constant(1), size));
  const square = m.select(far, half, m.mul(size, size));
  const s = m.select(far, m.sqrt(square), size);
  const coefficients = [
    0.9999999956, 0.1666679011, 0.07494434761, 0.04555018512, 0.02385817047, 0.04263564036,
  ];
  return { far, arc: m.mul(s, horner(m, square, coefficients)) };
}

/** 1 / sqrt(1 - x^2): what it loses near 1 is what the rounding of x does to it anyway. */
const arcSlope = (x: Node): Node => op.pow(op.sub(1, op.square(x)), -0.5);
const INFINITE = Number.POSITIVE_INFINITY;

export const trigonometric = {
  sin: {
    meaning: (_, x) => Math.sin(x!),
    lower: (m, _, x) => m.sin(x!),
    grad: (y, g) => [op.mul(g, op.cos(y.src[0]!))],
    tex: call('\\sin'),
    cost: 16,
    points: ANGLES.map(one),
  },
  cos: {
    meaning: (_, x) => Math.cos(x!),
    lower: (m, _, x) => m.cos(x!),
    grad: (y, g) => [op.mul(g, op.neg(op.sin(y.src[0]!)))],
    tex: call('\\cos'),
    cost: 16,
    points: ANGLES.map(one),
  },
  tan: {
    meaning: (_, x) => Math.tan(x!),
    lower: (m, _, x) => m.div(m.sin(x!), m.cos(x!)),
    grad: (y, g) => [op.mul(g, op.add(1, op.square(y)))], // tan' = 1 + tan^2
    tex: call('\\tan'),
    cost: 36,
    points: [...ANGLES, 1e-6, 1.2].map(one),
  },
  asin: {
    meaning: (_, x) => Math.asin(x!),
    lower: (m, _, x) => {
      const { far, arc } = arcOf(m, x!);
      const size = m.select(far, m.sub(m.constant(QUARTER), m.mul(m.constant(2), arc)), arc);
      return withSignOf(m, x!, size);
    },
    grad: (y, g) => [op.mul(g, arcSlope(y.src[0]!))],
    tex: call('\\arcsin'),
    cost: 32,
    points: RATIOS.map(one),
    kinks: [-1, 1].map((x) => ({ at: [x], slopes: () => [INFINITE] })),
  },
  acos: {
    meaning: (_, x) => Math.acos(x!),
    lower: (m, _, x) => {
      const { far, arc } = arcOf(m, x!);
      const double = m.mul(m.constant(2), arc);
      const left = m.less(x!, m.constant(0));
      const outer = m.select(left, m.sub(m.constant(Math.PI), double), double);
      return m.select(far, outer, m.sub(m.constant(QUARTER), m.select(left, m.neg(arc), arc)));
    },
    grad: (y, g) => [op.mul(g, op.neg(arcSlope(y.src[0]!)))],
    tex: call('\\arccos'),
    cost: 34,
    points: RATIOS.map(one),
    kinks: [-1, 1].map((x) => ({ at: [x], slopes: () => [-INFINITE] })),
  },
  atan: {
    meaning: (_, x) => Math.atan(x!),
    lower: (m, _, x) => withSignOf(m, x!, angle(m, m.abs(x!), m.constant(1))),
    grad: (y, g) => [op.div(g, op.add(1, op.square(y.src[0]!)))],
    tex: call('\\arctan'),
    cost: 32,
    points: LINE.map(one),
  },
  atan2: {
    // Adding 0 takes the sign of a zero away, which devices do not keep either.
    meaning: (_, y, x) => Math.atan2(y! + 0, x! + 0),
    lower: (m, _, y, x) => {
      const acute = angle(m, m.abs(y!), m.abs(x!));
      const left = m.less(x!, m.constant(0));
      return withSignOf(m, y!, m.select(left, m.sub(m.constant(Math.PI), acute), acute));
    },
    // (x, -y) / (x^2 + y^2). At the origin both are 0, and so is their quotient by 1.
    grad: (node, g) => {
      const [y, x] = node.src as readonly [Node, Node];
      const square = op.add(op.square(x), op.square(y));
      const safe = op.where(op.less(0, square), square, 1);
      return [op.mul(g, op.div(x, safe)), op.mul(g, op.neg(op.div(y, safe)))];
    },
    tex: call('\\operatorname{atan2}'),
    cost: 36,
    points: [...PAIRS, [-2, -0.5], [1e-9, -3], [-1e20, 1e20]],
    kinks: [{ at: [0, 0], slopes: () => [0, -0] }],
  },
} as const satisfies Rows;
