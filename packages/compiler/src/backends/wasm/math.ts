// exp, log, sin and cos on four floats at once, to 2 units in the last place of float32.
// The coefficients are minimax fits of the remainders named beside them.
import {
  $,
  type Code,
  createFrame,
  doubles,
  type Frame,
  type Func,
  floats,
  get,
  type Local,
  local,
  set,
  shuffle,
  words,
} from './code.ts';

/** The functions of this file, in the order in which a module has them. */
export const MATH = ['exp', 'log', 'sin', 'cos'] as const;
export type MathName = (typeof MATH)[number];

const add = (a: Code, b: Code) => $('f32x4.add', a, b);
const sub = (a: Code, b: Code) => $('f32x4.sub', a, b);
const mul = (a: Code, b: Code) => $('f32x4.mul', a, b);

/** c[0] + c[1] x + c[2] x^2 + ..., the last factor first. */
const polynomial = (x: Code, coefficients: readonly number[]): Code =>
  coefficients
    .slice(0, -1)
    .reduceRight((sum, c) => add(floats(c), mul(x, sum)), floats(coefficients.at(-1)!));

const unary = (name: MathName, make: (frame: Frame) => Code): Func => {
  const frame = createFrame('v128');
  const body = make(frame);
  return { name, params: frame.params, results: ['v128'], locals: frame.locals, body };
};

const X: Local = 0;

// ln 2 in two parts: the first has so few bits that its products with whole numbers are exact.
const LN2_HIGH = 0.693145751953125;
const LN2_LOW = 1.42860677e-6;

// exp(r) = 1 + r + r^2 q(r), |r| <= ln(2) / 2; q within 3e-9 of exp.
const EXP = [
  0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.008368780836462975,
  0.0013814462581649423,
];
// Beyond these the result is Infinity, or less than half the smallest float.
const EXP_MOST = 89;
const EXP_LEAST = -104;

/** 2^n of whole numbers, by writing n into the exponent. */
const powerOfTwo = (n: Code): Code =>
  $('i32x4.shl', $('i32x4.add', n, words(127)), $('i32.const', 23));

/** x = n ln 2 + r, and exp(x) = 2^n exp(r); 2^n in two factors, since n goes from -150 to 128. */
function exp(frame: Frame): Code {
  const [n, r, half] = [local(frame, 'v128'), local(frame, 'v128'), local(frame, 'v128')];
  // One instruction each on x64, where min and max take eight; a first operand NaN stays.
  const within = $('f32x4.pmax', $('f32x4.pmin', get(X), floats(EXP_MOST)), floats(EXP_LEAST));
  const rest = sub(sub(get(X), mul(get(n), floats(LN2_HIGH))), mul(get(n), floats(LN2_LOW)));
  const value = add(floats(1), add(get(r), mul(mul(get(r), get(r)), polynomial(get(r), EXP))));
  return [
    set(X, within),
    set(n, $('f32x4.nearest', mul(get(X), floats(Math.LOG2E)))),
    set(r, rest),
    set(n, $('i32x4.trunc_sat_f32x4_s', get(n))),
    set(half, $('i32x4.shr_s', get(n), $('i32.const', 1))),
    mul(mul(value, powerOfTwo(get(half))), powerOfTwo($('i32x4.sub', get(n), get(half)))),
  ];
}

// log(1 + f) = f - f^2 / 2 + f^3 p(f), 1 + f from sqrt(1/2) to sqrt(2); p within 8e-10 of log.
const LOG = [
  0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.16667994856834412,
  0.14219549298286438, -0.12405594438314438, 0.11888190358877182, -0.11675628274679184,
  0.06746551394462585,
];
const SMALLEST_NORMAL = 2 ** -126;
const SQRT_HALF_BITS = 0x3f3504f3;

/** x = 2^e (1 + f), and log(x) = e ln 2 + log(1 + f). */
function log(frame: Frame): Code {
  const [e, f, small, square] = [0, 0, 0, 0].map(() => local(frame, 'v128'));
  const scaled = $('v128.bitselect', mul(get(X), floats(2 ** 23)), get(X), get(small));
  const above = $('i32x4.sub', get(f), words(SQRT_HALF_BITS));
  const mantissa = $('i32x4.sub', get(f), $('i32x4.shl', get(e), $('i32.const', 23)));
  const exponent = sub($('f32x4.convert_i32x4_s', get(e)), $('v128.and', get(small), floats(23)));
  // The smallest terms first.
  const cubic = mul(mul(get(square), get(f)), polynomial(get(f), LOG));
  const low = add(
    sub(add(cubic, mul(get(e), floats(LN2_LOW))), mul(floats(0.5), get(square))),
    get(f),
  );
  const value = add(low, mul(get(e), floats(LN2_HIGH)));
  const where = (condition: Code, a: Code, b: Code) => $('v128.bitselect', a, b, condition);
  const zero = where($('f32x4.eq', get(X), floats(0)), floats(-Infinity), get(f));
  // Infinity is its own logarithm; what is negative has none, and NaN stays.
  const kept = where($('f32x4.lt', get(X), floats(Infinity)), zero, get(X));
  const negative = where($('f32x4.lt', get(X), floats(0)), floats(Number.NaN), kept);
  return [
    set(small, $('f32x4.lt', get(X), floats(SMALLEST_NORMAL))),
    set(f, scaled),
    set(e, $('i32x4.shr_s', above, $('i32.const', 23))),
    set(f, sub(mantissa, floats(1))),
    set(e, exponent),
    set(square, mul(get(f), get(f))),
    set(f, value),
    negative,
  ];
}

// sin(r) = r + r^3 s(r^2), within 4e-9; cos(r) = 1 - r^2 / 2 + r^4 c(r^2), within 2e-10.
const SIN = [-0.16666655242443085, 0.008332173340022564, -0.0001951665326487273];
const COS = [0.04166664555668831, -0.0013887309469282627, 2.4432409190922044e-5];

// pi / 2 in two parts; products of the first with whole numbers up to 2^28 are exact in float64.
const HALF_PI_HIGH = 1.5707963109016418;
const HALF_PI_LOW = 1.5893254773528196e-8;

/** Beyond this the products above are not exact. */
const FAR = 2 ** 28;
// 2 / pi, 28 bits each: their products with a float are exact in float64.
const TWO_OVER_PI = [0xa2f9836, 0xe4e4415, 0x29fc275, 0x7d1f534, 0xddc0db6, 0x295993c, 0x439041f];

/** x = q pi / 2 + r in float64, for |x| up to 2^28. */
function near(half: Code, frame: Frame, q: Local): Code {
  const x = local(frame, 'v128');
  const turns = $('f64x2.nearest', $('f64x2.mul', get(x), doubles(2 / Math.PI)));
  const part = (c: number) => $('f64x2.mul', get(q), doubles(c));
  const r = $('f64x2.sub', $('f64x2.sub', get(x), part(HALF_PI_HIGH)), part(HALF_PI_LOW));
  return [
    set(x, $('f64x2.promote_low_f32x4', half)),
    set(q, turns),
    $('f32x4.demote_f64x2_zero', r),
  ];
}

/**
 * The same for any x: of its product with each part of 2 / pi only what is beyond whole turns
 * counts. The parts are added from the largest on, after q is taken off: nothing is lost.
 */
function far(half: Code, frame: Frame, q: Local): Code {
  const x = local(frame, 'v128');
  const rests = TWO_OVER_PI.map(() => local(frame, 'v128'));
  const add = (a: Code, b: Code) => $('f64x2.add', a, b);
  const quarters = (p: Code) => $('f64x2.nearest', $('f64x2.mul', p, doubles(0.25)));
  const rest = (p: Code) => $('f64x2.sub', p, $('f64x2.mul', quarters(p), doubles(4)));
  const all = rests.map((l) => get(l));
  const [first, ...others] = all as [Code, ...Code[]];
  const r = others.reduce(add, $('f64x2.sub', first, get(q)));
  return [
    set(x, $('f64x2.promote_low_f32x4', half)),
    ...rests.map((l, i) =>
      set(l, rest($('f64x2.mul', get(x), doubles(TWO_OVER_PI[i]! * 2 ** (-28 * (i + 1)))))),
    ),
    set(q, $('f64x2.nearest', all.reduce(add))),
    $('f32x4.demote_f64x2_zero', $('f64x2.mul', r, doubles(Math.PI / 2))),
  ];
}

/** Sets q and r of four floats, by one way for two of them. */
function reduce(way: typeof near, frame: Frame, q: Local, r: Local): Code {
  const [low, high] = [local(frame, 'v128'), local(frame, 'v128')];
  const both = (a: Code, b: Code) => shuffle(a, b, 0, 1, 4, 5);
  const whole = (l: Local) => $('i32x4.trunc_sat_f64x2_s_zero', get(l));
  const upper = shuffle(get(X), get(X), 2, 3, 2, 3);
  return [
    set(r, both(way(get(X), frame, low), way(upper, frame, high))),
    set(q, both(whole(low), whole(high))),
  ];
}

/** sin(x + shift pi / 2): a sine, a cosine, or the negative of one, by the quadrant. */
function sine(frame: Frame, shift: number): Code {
  const v128 = () => local(frame, 'v128');
  const [q, r, square, isFar, farQ, farR] = [v128(), v128(), v128(), v128(), v128(), v128()];
  const s = add(get(r), mul(mul(get(r), get(square)), polynomial(get(square), SIN)));
  const c = add(
    sub(floats(1), mul(floats(0.5), get(square))),
    mul(mul(get(square), get(square)), polynomial(get(square), COS)),
  );
  const odd = $('i32x4.eq', $('v128.and', get(q), words(1)), words(1));
  const sign = $('i32x4.shl', $('v128.and', get(q), words(2)), $('i32.const', 30));
  const chosen = (to: Local, other: Local) =>
    set(to, $('v128.bitselect', get(other), get(to), get(isFar)));
  return [
    set(isFar, $('f32x4.gt', $('f32x4.abs', get(X)), floats(FAR))),
    reduce(near, frame, q, r),
    $('if', $('v128.any_true', get(isFar))),
    reduce(far, frame, farQ, farR),
    chosen(q, farQ),
    chosen(r, farR),
    $('end'),
    set(q, $('i32x4.add', get(q), words(shift))),
    set(square, mul(get(r), get(r))),
    $('v128.xor', $('v128.bitselect', c, s, odd), sign),
  ];
}

const bodies: Record<MathName, (frame: Frame) => Code> = {
  exp,
  log,
  sin: (frame) => sine(frame, 0),
  cos: (frame) => sine(frame, 1),
};

/** The functions, in the order of `MATH`; those that are not used only keep their place. */
export const mathFunctions = (used: ReadonlySet<string>): Func[] =>
  MATH.map((name) => unary(name, used.has(name) ? bodies[name] : () => get(X)));
