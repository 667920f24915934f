// chainrule on one of its CPU devices.
import { compile } from '@chainrule/compiler';
import { sgd, train } from '@chainrule/nn';
import { product } from '../programs.ts';
import { type Contender, costsOf } from './contender.ts';
import { ALPHA, CHECKED } from './works.ts';

/** chainrule on the device `device`. */
export const chainrule = (device: 'wasm' | 'js'): Contender => ({
  name: `chainrule ${device}`,
  version: 'as built here',
  layouts: ['columns'],
  net: async ({ item: { J, sizes, feeds }, weights }) => {
    const run = await compile(train(J, sgd(ALPHA)), { sizes, device });
    for (const [i, W] of weights.entries()) run.write(`W${i + 1}`, W);
    const turns = async (n: number) => {
      await run.steps(n, feeds);
      await run.read('b1');
    };
    const cost = async () => (await run.value(J, feeds)) as number;
    return {
      check: () => costsOf(CHECKED, cost, () => turns(1)),
      turns,
      close: () => run.dispose(),
    };
  },
  product: async ({ size, transposed, A, B, places }) => {
    const run = await compile(product(size, transposed ? 'left' : 'none'), { device });
    run.write('A', A);
    run.write('B', B);
    const turns = (n: number) => run.steps(n, {});
    const check = async () => {
      await turns(1);
      const { data } = await run.read('C');
      return places.map((i) => data[i]!);
    };
    return { check, turns, close: () => run.dispose() };
  },
});
