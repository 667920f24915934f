// Chooses how a kernel is computed: as a packed product, a sweep over a matrix, or plain loops.
import type { Func } from './code.ts';
import type { Form } from './form.ts';
import { gemmOf } from './gemm.ts';
import { loopsOf, sharedLoop } from './loops.ts';
import { productOf, splitOf, tilesOf } from './product.ts';
import { isDot, joinsOutputs, scheduleOf } from './schedule.ts';
import type { Place, Sharing } from './share.ts';
import { sweepFunctions, sweepOf, sweepSharing } from './sweep.ts';
import { type Engine, tileAt } from './tile.ts';

/** A way to compute a kernel. */
export interface Method {
  /** Is it one large product, which runs near the limit of the processor? */
  readonly isProduct: boolean;
  /** The positions of the tiles that it calls. */
  readonly tiles: readonly number[];
  /** Is its first function one that adds products up, without tiles? It has most of the work. */
  readonly isDot: boolean;
  /** Can threads share its outputs? */
  readonly canShare: boolean;
  /** How so many threads share it, or one has it all. */
  sharing(threads: number): Sharing;
  /** Its functions; the last runs it, or a part of it. */
  functions(place: Place): Func[];
}

/** How a kernel is computed: chosen by its shape alone, for an engine. */
export function methodOf(form: Form, { simd, shapes }: Engine): Method {
  const schedule = scheduleOf(form, simd);
  const product = productOf(form, shapes);
  if (product && !joinsOutputs(form, schedule, product)) {
    return {
      ...{ isProduct: true, isDot: false, canShare: true, tiles: tilesOf(product).map(tileAt) },
      sharing: (threads) => splitOf(form, product, threads),
      functions: (place) => gemmOf(form, product, place),
    };
  }
  const sweep = sweepOf(form, schedule);
  if (sweep) {
    return {
      ...{ isProduct: false, canShare: true, isDot: true, tiles: [] },
      sharing: (threads) => sweepSharing(form, sweep, threads),
      functions: (place) => sweepFunctions(form, sweep, place),
    };
  }
  return {
    isProduct: product !== undefined,
    isDot: isDot(form),
    tiles: [],
    canShare: sharedLoop(form, schedule, 2) !== undefined,
    sharing: (threads) => {
      const most = sharedLoop(form, schedule, threads)?.blocks ?? 1;
      return { most, scratch: 0, prepares: false };
    },
    functions: (place) => [loopsOf(form, schedule, place)],
  };
}
