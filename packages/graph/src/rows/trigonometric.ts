// Circular functions; angles are in radians.
import * as op from '../ops.ts';
import { call, one, type Rows } from './row.ts';

export const trigonometric = {
  sin: {
    meaning: (_, x) => Math.sin(x!),
    lower: (m, _, x) => m.sin(x!),
    grad: (y, g) => [op.mul(g, op.cos(y.src[0]!))],
    tex: call('\\sin'),
    cost: 16,
    points: [-3, -1, -0.1, 0.1, 0.5, 2].map(one),
  },
  cos: {
    meaning: (_, x) => Math.cos(x!),
    lower: (m, _, x) => m.cos(x!),
    grad: (y, g) => [op.mul(g, op.neg(op.sin(y.src[0]!)))],
    tex: call('\\cos'),
    cost: 16,
    points: [-3, -1, -0.1, 0.1, 0.5, 2].map(one),
  },
} as const satisfies Rows;
