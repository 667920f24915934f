// A small net, and what a session of it must hold after so many steps.
import { expect } from 'vitest';
import { compile, type Session } from '../../src/index.ts';
import { net } from './programs.ts';

export const trained = net({ layers: [3, 6, 4, 1], m: 17 });
const options = { sizes: trained.sizes, seed: 3 };

/** Trains it on any device. */
export const train = (more: Parameters<typeof compile>[1]): Promise<Session> =>
  compile(trained.program, { ...options, ...more });

/** Is the state that of so many steps? Within what float32 differs by between devices. */
export async function expectAfter(run: Session, steps: number): Promise<void> {
  using other = await train({ device: 'js' });
  await other.steps(steps, trained.feeds);
  const [found, wanted] = [await run.state(), await other.state()];
  for (const [name, { data }] of Object.entries(wanted)) {
    for (const [i, want] of data.entries()) {
      expect(Math.abs(found[name]!.data[i]! - want), `${name} at ${i}`).toBeLessThan(1e-4);
    }
  }
}
