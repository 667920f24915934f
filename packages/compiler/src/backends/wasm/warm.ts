// Has the engine compile for speed, before a first run, what such a run would spend its time in.
import { $, type Code, createFrame, type Func, get, int, local, set } from './code.ts';

/**
 * V8 counts the bytes of code that have run, up to 13 million, before it compiles a function once
 * more, in the background. The functions that are worth it have 1,000 and more.
 */
const OFTEN = 2 ** 14;

/** A function that does nothing where its first argument, an address, is 0. */
export const orNothing = (func: Func): Func => ({
  ...func,
  body: [$('block'), $('br_if', 0, $('i32.eqz', get(0))), func.body, $('end')],
});

/** warm(): calls functions often that then do nothing, by their position among all. */
export function warmFunction(functions: readonly Func[], which: readonly number[]): Func {
  const frame = createFrame();
  const left = local(frame, 'i32');
  const calls = which.map((at) => $('call', at, ...functions[at].params.map(() => int(0))));
  const again: Code = $('local.tee', left, $('i32.sub', get(left), int(1)));
  const body = [set(left, int(OFTEN)), $('loop'), ...calls, $('br_if', 0, again), $('end')];
  return { name: 'warm', params: [], results: [], locals: frame.locals, body };
}
