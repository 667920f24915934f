// The machine ops: what every backend must be able to print, and nothing more.
// One row and one word in each printer make a new one: TypeScript asks for both.

/** A machine op: how many operands it takes, what it means, and its price in multiply-adds. */
export interface MachineRow {
  readonly arity: 1 | 2 | 3;
  readonly meaning: (a: number, b: number, c: number) => number;
  readonly cost: number;
}

const row = (
  arity: MachineRow['arity'],
  meaning: MachineRow['meaning'],
  cost: number,
): MachineRow => ({ arity, meaning, cost });

/** Every machine op. `less`, `lessEqual` give 1 or 0; `select(c, a, b)` is `a` where `c` is not 0. */
export const machine = {
  add: row(2, (a, b) => a + b, 1),
  sub: row(2, (a, b) => a - b, 1),
  mul: row(2, (a, b) => a * b, 1),
  div: row(2, (a, b) => a / b, 4),
  min: row(2, (a, b) => Math.min(a, b), 1),
  max: row(2, (a, b) => Math.max(a, b), 1),
  less: row(2, (a, b) => (a < b ? 1 : 0), 1),
  lessEqual: row(2, (a, b) => (a <= b ? 1 : 0), 1),
  select: row(3, (c, a, b) => (c !== 0 ? a : b), 1),
  neg: row(1, (a) => -a, 1),
  abs: row(1, (a) => Math.abs(a), 1),
  floor: row(1, (a) => Math.floor(a), 1),
  sqrt: row(1, (a) => Math.sqrt(a), 6),
  exp: row(1, (a) => Math.exp(a), 16),
  log: row(1, (a) => Math.log(a), 16),
  sin: row(1, (a) => Math.sin(a), 16),
  cos: row(1, (a) => Math.cos(a), 16),
} as const satisfies Record<string, MachineRow>;

export type MachineOp = keyof typeof machine;
