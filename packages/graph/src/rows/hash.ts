// Random bits that need no storage: a hash in float32 arithmetic without any rounding, so that
// every backend computes the same bits.
import type { Machine } from '../machine.ts';
import type { Rows } from './row.ts';

type Exact<E> = Pick<Machine<E>, 'constant' | 'add' | 'sub' | 'mul' | 'floor'>;

/** Whole numbers below this are exact in float32, and so are products of two of its halves. */
export const HASH_RANGE = 2 ** 24;
const HALF = 2 ** 12;

/**
 * A Feistel network of four rounds on a number of two 12-bit halves, kept as fractions of 4096.
 * Each round adds to one half the middle bits of a product (with an odd number below 4096) or of
 * the square of the other: permutations of a for each b, not linear in either. The constants are
 * those of 60 random sets whose pairs at distances 1 to 65,536 along both arguments were closest
 * to independent. Every value is a multiple of 2^-12 below 2^12 or of 1 below 2^24: exact.
 */
function hash<E>(m: Exact<E>, a: E, b: E): E {
  const unit = m.constant(1 / HALF);
  const wrap = (x: E): E => m.sub(x, m.floor(x));
  const split = (x: E): readonly [E, E] => {
    const scaled = m.mul(x, unit);
    const high = m.floor(scaled);
    return [high, m.sub(scaled, high)];
  };
  const [highA, lowA] = split(a);
  const [highB, lowB] = split(b);
  // k -> floor(c k / 64) and k -> floor(k^2 / 64), of k = 4096 x
  const product = (x: E, c: number): E => m.floor(m.mul(x, m.constant(c * (HALF / 64))));
  const square = (x: E): E => m.floor(m.mul(m.mul(x, x), m.constant(HALF ** 2 / 64)));
  const mix = (x: E, by: E): E => wrap(m.add(x, m.mul(by, unit)));
  const keys = m.add(highA, m.mul(m.constant(127), highB));
  let x = mix(lowB, m.add(product(lowA, 2259), keys));
  let y = mix(lowA, m.add(square(x), highB));
  x = mix(x, product(y, 3629));
  y = mix(y, square(x));
  return m.add(m.mul(y, m.constant(HASH_RANGE)), m.mul(x, m.constant(HALF)));
}

const float64: Exact<number> = {
  constant: (x) => x,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floor: Math.floor,
};

export const hashes = {
  hash: {
    meaning: (_, a, b) => hash(float64, a!, b!),
    lower: (m, _, a, b) => hash(m, a!, b!),
    grad: () => [undefined, undefined],
    stops: 'its arguments are whole numbers',
    cost: 39,
    points: [
      [0, 0],
      [1, 0],
      [0, 1],
      [12345, 678],
      [HASH_RANGE - 1, HASH_RANGE - 1],
    ],
    ulps: () => 0,
  },
} as const satisfies Rows;
