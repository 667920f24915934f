// The functions that the lines of a kernel call: those that keep a NaN, and what GLSL lacks.
// It knows shading languages and layouts; it must not know nests.
import { type Dialect, dialects, ownName } from './dialect.ts';
import { COMPONENTS, type GpuKind, type Layout } from './layout.ts';

/** What the function is called that reads four numbers of an input. */
export const texelName = (input: number): string => `texel${input}`;

/** The functions that a text calls. */
export function helpersFor(text: string, layouts: readonly Layout[], kind: GpuKind): string[] {
  const texels = layouts.map((layout, i) => [texelName(i), texelOf(i, layout, kind)] as const);
  const owns = [false, true].flatMap((wide) => ownFunctions(dialects[kind], wide));
  const needed: string[] = [];
  let calls = text;
  // Last first: an own function may call those before it.
  const given = kind === 'webgl2' ? { ...glsl, lane: laneByMixing } : glsl;
  const all = kind === 'webgpu' ? owns : [...Object.entries(given), ...owns, ...texels];
  for (const [name, helper] of all.reverse()) {
    if (!calls.includes(`${name}(`)) continue;
    needed.unshift(helper);
    calls += helper;
  }
  return needed;
}

/**
 * Functions that keep a NaN, and have one where there is no value: those of the languages need
 * not, and software GPUs do not. A comparison with NaN does not hold.
 */
function ownFunctions(d: Dialect, wide: boolean): (readonly [name: string, text: string])[] {
  const constant = (n: string) => `${d.types[wide ? 'four' : 'one']}(${n})`;
  const [zero, most] = [constant('0.0'), constant('88.0')];
  const pick = (a: string, b: string, x: string, y: string) =>
    d.choose({ a, sign: '<=', b }, x, y, wide);
  const define = (name: string, of: readonly string[], value: string) => {
    const full = ownName(name, wide);
    return [full, d.define(wide ? 'four' : 'one', full, of, value)] as const;
  };
  return [
    define('max', ['a', 'b'], pick('a', 'b', 'b', pick('b', 'a', 'a', 'a + b'))),
    define('min', ['a', 'b'], pick('a', 'b', 'a', pick('b', 'a', 'b', 'a + b'))),
    define('exp', ['x'], pick('x', most, 'exp(x)', pick(most, 'x', 'exp(x)', 'x'))),
    // The root of a negative number is NaN.
    define('log', ['x'], pick(zero, 'x', 'log(x)', 'sqrt(x)')),
  ];
}

/** From a place in the texture: its middle is sampled. */
function texelOf(input: number, { grid: [across, down] }: Layout, kind: GpuKind): string {
  const sample = kind === 'webgl2' ? 'texture' : 'texture2D';
  const sides = `vec2(${across}.0, ${down}.0)`;
  const value = `${sample}(user_b${input}, vec2(x + 0.5, y + 0.5) / ${sides})`;
  return `vec4 ${texelName(input)}(float x, float y) { return ${value}; }`;
}

const chosen = COMPONENTS.map((c) => `c.${c} ? a.${c} : b.${c}`).join(', ');

/** Without branches: software GPUs compile many of those for minutes. GLSL ES 1.0 lacks it. */
const laneByMixing =
  'float lane(vec4 t, float i) ' +
  '{ return mix(mix(t.x, t.y, i > 0.5), mix(t.z, t.w, i > 2.5), i > 1.5); }';

const glsl = {
  lane:
    'float lane(vec4 t, float i) ' +
    '{ return i < 1.5 ? (i < 0.5 ? t.x : t.y) : (i < 2.5 ? t.z : t.w); }',
  // GLSL ES 1.0 can choose lane by lane only.
  choose: `vec4 choose(bvec4 c, vec4 a, vec4 b) { return vec4(${chosen}); }`,
} as const;
