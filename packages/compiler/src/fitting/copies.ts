// Copies of kernels for one kernel to be: what one reads of another that was copied is computed,
// not loaded. It knows expressions and buffers; no graph and no device.
import { copier, createExprBuilder, type ExprBuilder } from '../expr.ts';
import { type Affine, type Expr, inputOf, type Nest } from '../nest.ts';

export interface Copies {
  readonly m: ExprBuilder;
  /** The buffers that the copies read. */
  readonly inputs: number[];
  /** Values of buffers that are not read. */
  readonly computed: Map<number, Expr>;
  read(buffer: number, index: readonly Affine[]): Expr;
  /** Copies expressions of a kernel, at other positions and of another fold if given. */
  from(nest: Nest, move?: (i: Affine) => Affine, acc?: Expr): (expr: Expr) => Expr;
}

/** Nothing yet. */
export function createCopies(): Copies {
  const m = createExprBuilder();
  const inputs: number[] = [];
  const computed = new Map<number, Expr>();
  const read: Copies['read'] = (buffer, index) =>
    computed.get(buffer) ?? m.load(inputOf(inputs, buffer), index);
  const from: Copies['from'] = (nest, move = (i) => i, acc = m.acc) =>
    copier(m, (input, index) => read(nest.inputs[input]!, index.map(move)), move, acc);
  return { m, inputs, computed, read, from };
}
