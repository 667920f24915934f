// First values of weights, as plain data; the compiler draws them from its seed.
import { ChainruleError, type Init } from '@chainrule/graph';

/** Every value 0. Good for biases; equal weights stay equal, so not for hidden layers. */
export const zeros = (): Init => ({ kind: 'constant', value: 0 });

/** Normal with the standard deviation given: the course's `randn * 0.01`. */
export function normal(std = 0.01): Init {
  if (std > 0) return { kind: 'normal', std };
  throw new ChainruleError(`normal: the standard deviation is ${std}.`, `give one above 0.`);
}

/** Normal with variance 2 / (fan in): for relu (He et al., 2015). */
export const he = (): Init => ({ kind: 'variance', scale: 2, fan: 'in', distribution: 'normal' });

/** Normal with variance 1 / (fan in): for tanh, as the course has it. */
export const xavier = (): Init => ({
  kind: 'variance',
  scale: 1,
  fan: 'in',
  distribution: 'normal',
});

/** Uniform with variance 2 / (fan in + fan out): Glorot and Bengio, 2010. */
export const glorot = (): Init => ({
  kind: 'variance',
  scale: 1,
  fan: 'average',
  distribution: 'uniform',
});
