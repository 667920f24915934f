// What tests of errors need: a session to misuse, and what it says.
import { compile } from '../../src/index.ts';
import { cases } from './programs.ts';

export const logistic = cases['logistic regression']!;

export function start() {
  const c = logistic();
  return compile(c.program, { sizes: c.sizes, device: 'js' });
}

/** The text of the error that a call throws. */
export async function messageOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was thrown');
}
