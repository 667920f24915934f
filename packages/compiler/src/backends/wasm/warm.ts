// Has the engine compile for speed, before a first run, what such a run would spend its time in.
import { $, type Code, createFrame, type Func, get, int, local, set } from './code.ts';

/**
 * V8 (12 and later) counts the bytes of code that have run, up to 13 million, before it compiles a
 * function once more, in the background. Those of products have 1,000 and more.
 */
const OFTEN = 2 ** 14;

/**
 * The functions of a module with some of them, by their position, guarded, and a last one, `warm`,
 * that calls these often. Guarded they do nothing where all arguments, numbers of type i32, are 0:
 * the first is an address, and none is 0.
 */
export function warmed(functions: readonly Func[], hot: readonly number[]): Func[] {
  const frame = createFrame();
  const left = local(frame, 'i32');
  const calls = hot.map((at) => $('call', at, ...functions[at].params.map(() => int(0))));
  const again: Code = $('local.tee', left, $('i32.sub', get(left), int(1)));
  const body = [set(left, int(OFTEN)), $('loop'), ...calls, $('br_if', 0, again), $('end')];
  return [
    ...functions.map((func, at) => (hot.includes(at) ? guarded(func) : func)),
    { name: 'warm', params: [], results: [], locals: frame.locals, body },
  ];
}

/** It leaves at its end: V8 counts what lies before the place where a function is left. */
const guarded = (func: Func): Func => ({
  ...func,
  body: [$('block'), $('br_if', 0, $('i32.eqz', get(0))), func.body, $('end')],
});
