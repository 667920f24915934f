// Encodes functions as a WebAssembly module. It knows the binary format, and nothing of nests.
// A library would bring a parser and a validator along; what is written here is one page.
import { type Code, type Func, type Instruction, instructions, type Type } from './code.ts';

/** A whole number in LEB128: seven bits a byte, the lowest first. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest >= 128;
    bytes.push((rest % 128) + (more ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

/** A signed 32-bit number in LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    // The last byte's bit 6 is the sign.
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    bytes.push(done ? low : low + 128);
    if (done) return bytes;
  }
}

/** The length of a list, then its parts. */
const vector = (parts: readonly (readonly number[])[]): number[] => [
  ...unsigned(parts.length),
  ...parts.flat(),
];

const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
};

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...unsigned(content.length),
  ...content,
];

const types: Record<Type, number> = { i32: 0x7f, v128: 0x7b };
const EMPTY_BLOCK = 0x40;
/** Addresses of floats are multiples of 4; the format asks for the exponent. */
const ALIGNMENT = 2;
const SIMD_PREFIX = 0xfd;

/** Appends the bytes of one instruction. */
function encode([name, ...numbers]: Instruction, to: number[]): void {
  const { code, immediates } = instructions[name];
  if (code < 0x100) to.push(code);
  else to.push(SIMD_PREFIX, ...unsigned(code - 0xfd00));
  let next = 0;
  for (const kind of immediates) {
    if (kind === 'block') to.push(EMPTY_BLOCK);
    else if (kind === 'unsigned') to.push(...unsigned(numbers[next++]!));
    else if (kind === 'signed') to.push(...signed(numbers[next++]!));
    else if (kind === 'memory') to.push(ALIGNMENT, ...unsigned(numbers[next++] ?? 0));
    else if (kind === 'lane') to.push(numbers[next++]!);
    else if (kind === 'lanes') to.push(...numbers);
    else if (kind === 'vector') to.push(...new Uint8Array(Uint32Array.from(numbers).buffer));
  }
}

/** The bytes of instructions. */
export function encodeCode(code: Code): number[] {
  const bytes: number[] = [];
  for (const instruction of code) encode(instruction, bytes);
  return bytes;
}

function functionBody({ locals, body }: Func): number[] {
  const runs: { type: Type; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  const declared = vector(runs.map(({ type, count }) => [...unsigned(count), types[type]]));
  const bytes = [...declared, ...encodeCode(body), 0x0b];
  return [...unsigned(bytes.length), ...bytes];
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * A module that imports its memory as `env.memory`.
 * @param functions all of them: calls go by their position
 * @param exported the positions of those that can be called from outside, by name
 */
export function encodeModule(
  functions: readonly Func[],
  exported: Readonly<Record<string, number>>,
): Uint8Array<ArrayBuffer> {
  const signature = ({ params, results }: Func): number[] => [
    0x60,
    ...vector(params.map((t) => [types[t]])),
    ...vector(results.map((t) => [types[t]])),
  ];
  const exports = Object.entries(exported).map(([name, at]) => [
    ...text(name),
    0x00,
    ...unsigned(at),
  ]);
  const memory = [...text('env'), ...text('memory'), 0x02, 0x00, ...unsigned(1)];
  return Uint8Array.from([
    ...HEADER,
    ...section(1, vector(functions.map(signature))),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(exports)),
    ...section(10, vector(functions.map(functionBody))),
  ]);
}
