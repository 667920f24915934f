// The arithmetic that every device has. Rows of the op table lower to it; the compiler's
// expressions and the tests' float32 numbers are two of its implementations.

/**
 * About seventeen operations on values of type `E`. `less(a, b)` and `lessEqual(a, b)`
 * are 1 or 0, 0 where a or b is NaN;
 * `select(c, a, b)` is `a` where `c` is not 0, else `b`, and may evaluate both.
 */
export interface Machine<E> {
  constant(value: number): E;
  add(a: E, b: E): E;
  sub(a: E, b: E): E;
  mul(a: E, b: E): E;
  div(a: E, b: E): E;
  min(a: E, b: E): E;
  max(a: E, b: E): E;
  less(a: E, b: E): E;
  lessEqual(a: E, b: E): E;
  select(c: E, a: E, b: E): E;
  neg(a: E): E;
  abs(a: E): E;
  floor(a: E): E;
  sqrt(a: E): E;
  exp(a: E): E;
  log(a: E): E;
  sin(a: E): E;
  cos(a: E): E;
}
