// Chooses how a kernel is computed: as a packed product, a sweep over a matrix, or plain loops.
import type { Func, Simd } from './code.ts';
import type { Form } from './form.ts';
import { gemmOf } from './gemm.ts';
import { canShare, loopsOf } from './loops.ts';
import { panelsOf, productOf } from './product.ts';
import { joinsOutputs, scheduleOf } from './schedule.ts';
import type { Place } from './share.ts';
import { sumsOf, sweepFunctions, sweepOf } from './sweep.ts';

/** A way to compute a kernel. */
export interface Method {
  /** Floats of scratch memory that each thread needs. */
  readonly scratch: number;
  /** Is it one large product, which runs near the limit of the processor? */
  readonly isProduct: boolean;
  /** Can threads share its outputs? */
  readonly canShare: boolean;
  /** Its functions; the last runs it, or a thread's share of it. */
  functions(place: Place): Func[];
}

/** How a kernel is computed: chosen by its shape alone, for an engine with these instructions. */
export function methodOf(form: Form, simd: Simd): Method {
  const schedule = scheduleOf(form, simd);
  const product = productOf(form);
  if (product && !joinsOutputs(form, schedule, product)) {
    return {
      scratch: panelsOf(form, product).total,
      ...{ isProduct: true, canShare: true },
      functions: (place) => gemmOf(form, product, place),
    };
  }
  const sweep = sweepOf(form, schedule);
  if (sweep) {
    return {
      scratch: sumsOf(form, sweep),
      ...{ isProduct: false, canShare: true },
      functions: (place) => sweepFunctions(form, sweep, place),
    };
  }
  return {
    ...{ scratch: 0, isProduct: product !== undefined, canShare: canShare(form, schedule) },
    functions: (place) => [loopsOf(form, schedule, place)],
  };
}
