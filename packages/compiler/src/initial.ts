// The first values of parameters. Pure: the seed decides.
import { createRandom, type Init, type Random } from '@chainrule/graph';
import { sizeOf } from './nest.ts';

/** A value for each parameter, drawn in the order given from one stream. */
export function initialValues(
  params: readonly { readonly init: Init; readonly shape: readonly number[] }[],
  seed: number,
): Float32Array[] {
  const random = createRandom(seed);
  return params.map(({ init, shape }) => initialValue(init, shape, random));
}

function initialValue(init: Init, shape: readonly number[], random: Random): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  switch (init.kind) {
    case 'constant':
      return values.fill(init.value);
    case 'normal':
      random.fillNormal(values, init.std);
      return values;
    case 'uniform':
      return fillUniform(values, init.limit, random);
    case 'variance': {
      // W is [units, inputs]: the fan in is its last size, the fan out the one before.
      const fanIn = shape.at(-1) ?? 1;
      const fanOut = shape.at(-2) ?? 1;
      const fan = { in: fanIn, out: fanOut, average: (fanIn + fanOut) / 2 }[init.fan];
      const std = Math.sqrt(init.scale / fan);
      // A uniform distribution on [-a, a] has the variance a^2 / 3.
      if (init.distribution === 'uniform') return fillUniform(values, std * Math.sqrt(3), random);
      random.fillNormal(values, std);
      return values;
    }
  }
}

function fillUniform(values: Float32Array, limit: number, random: Random): Float32Array {
  // A loop: Float32Array.from takes three times as long.
  for (let i = 0; i < values.length; i++) values[i] = limit * (2 * random.uniform() - 1);
  return values;
}
