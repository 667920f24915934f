// The text around the lines of a kernel: on WebGPU a whole module, on WebGL the function that a
// kernel of gpu.js calls. It knows shading languages and threads; it must not know nests.
import { helpersFor } from './helpers.ts';
import { type GpuKind, LANES, type Layout, lengthOf } from './layout.ts';
import { dispatchOf, lengthOfAll, type Threads } from './threads.ts';

/** The name of the function, and the global in which it leaves a further result. */
export const BODY = 'body';
export const furtherName = (i: number): string => `further${i}`;

export const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** The arrays of a kernel. */
interface Arrays {
  readonly inputs: readonly Layout[];
  /** The layout of each result. */
  readonly layout: Layout;
  readonly results: number;
}

/** The whole text of a kernel that reads inputs of these layouts. */
export function textAround(
  lines: readonly string[],
  arrays: Arrays,
  threads: Threads,
  kind: GpuKind,
): string {
  const text = indent(lines).join('\n');
  const helpers = helpersFor(text, arrays.inputs, kind);
  const parts =
    kind === 'webgpu'
      ? [...bindings(arrays), ...helpers, ...entry(threads), text]
      : [...helpers, `vec4 ${BODY}() {`, text];
  return [...parts, '}'].join('\n');
}

/** The inputs, and the output. Every read is checked, which a known length makes cheaper. */
function bindings({ inputs, layout, results }: Arrays): string[] {
  const bind = (i: number, access: string, name: string, length: number) =>
    `@group(0) @binding(${i}) var<storage, ${access}> ${name} : ` +
    `array<vec4<f32>, ${length / LANES}>;`;
  const read = inputs.map((input, i) => bind(i, 'read', `b${i}`, lengthOf(input)));
  return [...read, bind(inputs.length, 'read_write', 'result', lengthOfAll(layout, results))];
}

function entry(threads: Threads): string[] {
  const [across, down] = threads.grid;
  const { size, line } = dispatchOf(threads);
  const outside = down > 1 ? `thread.x >= ${across}u || thread.y >= ${down}u` : undefined;
  return [
    `@compute @workgroup_size(${size.join(', ')})`,
    'fn main(@builtin(global_invocation_id) thread : vec3<u32>) {',
    `  if (${outside ?? `${threadIndex(line)} >= ${across}u`}) { return; }`,
  ];
}

/** Where a thread is in a line that may be folded. */
const threadIndex = (line: number | undefined): string =>
  line === undefined ? 'thread.x' : `thread.x + thread.y * ${line}u`;

/** The coordinates of a thread as positions. */
export function coordinates(threads: Threads, kind: GpuKind): readonly [x: string, y: string] {
  if (kind !== 'webgpu') return ['floor(gl_FragCoord.x)', 'floor(gl_FragCoord.y)'];
  // A line that is folded is one row all the same.
  const y = threads.grid[1] > 1 ? 'i32(thread.y)' : '0';
  return [`i32(${threadIndex(dispatchOf(threads).line)})`, y];
}
