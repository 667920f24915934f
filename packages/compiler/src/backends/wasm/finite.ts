// Are all numbers of a region finite? One small module for a memory, whatever its programs are.
import { allFinite, EXPONENT } from '../../finite.ts';
import { encodeModule } from './binary.ts';
import {
  $,
  BYTES,
  type Code,
  createFrame,
  type Func,
  get,
  local,
  plus,
  set,
  WIDTH,
  words,
} from './code.ts';
import type { Heap, Region } from './memory.ts';

/** Vectors that are looked at in a turn of the loop, and the numbers in them. */
const VECTORS = [0, 1, 2, 3];
const TURN = VECTORS.length * WIDTH;

/** Are the numbers of whole turns, from one address to another, finite? */
function finite(): Func {
  const frame = createFrame('i32', 'i32');
  const [at, end, found] = [0, 1, local(frame, 'v128')];
  const all = words(EXPONENT);
  const look = (vector: number): Code => {
    const exponent = $('v128.and', $('v128.load', vector * WIDTH * BYTES, get(at)), all);
    return set(found, $('v128.or', get(found), $('i32x4.eq', exponent, all)));
  };
  const next = $('local.tee', at, plus(get(at), TURN * BYTES));
  const body = [
    $('loop'),
    VECTORS.map(look),
    $('br_if', 0, $('i32.ne', next, get(end))),
    $('end'),
    $('i32.eqz', $('v128.any_true', get(found))),
  ];
  return { name: 'finite', ...frame, results: ['i32'], body };
}

type Look = (from: number, to: number) => number;

/** Looks at regions of a heap; the module is compiled for the first. */
export function createLook({ memory, sharedPages, view }: Heap): (region: Region) => boolean {
  let look: Look | undefined;
  const load = (): Look => {
    const module = new WebAssembly.Module(encodeModule([finite()], { finite: 0 }, sharedPages));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return exports['finite'] as Look;
  };
  return (region) => {
    const { at, length } = region;
    const whole = length - (length % TURN);
    if (whole > 0) {
      look ??= load();
      if (look(at, at + BYTES * whole) === 0) return false;
    }
    return allFinite(view(region).subarray(whole));
  };
}
