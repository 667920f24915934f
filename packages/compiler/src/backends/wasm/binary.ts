// Encodes functions as a WebAssembly module. It knows the binary format, and nothing of nests.
// A library would bring a parser and a validator along; what is written here is one page.
import {
  type Code,
  eachInstruction,
  type Func,
  type Instruction,
  instructions,
  type Type,
} from './code.ts';

/** A whole number in LEB128: seven bits a byte, the lowest first. */
export function unsigned(value: number, to: number[] = []): number[] {
  let rest = value;
  while (rest >= 128) {
    to.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  to.push(rest);
  return to;
}

/** A signed 32-bit number in LEB128. */
export function signed(value: number, to: number[] = []): number[] {
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    // The last byte's bit 6 is the sign.
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    to.push(done ? low : low + 128);
    if (done) return to;
  }
}

/** The length of a list, then its parts. */
const vector = (parts: readonly (readonly number[])[]): number[] =>
  unsigned(parts.length).concat(...parts);

const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
};

const section = (id: number, content: readonly number[]): number[] =>
  [id].concat(unsigned(content.length), content);

const types: Record<Type, number> = { i32: 0x7f, v128: 0x7b };
const EMPTY_BLOCK = 0x40;
/** Addresses of floats are multiples of 4; the format asks for the exponent. */
const ALIGNMENT = 2;

/** Appends the bytes of one instruction. */
function encode(instruction: Instruction, to: number[]): void {
  const { prefix, code, immediates } = instructions[instruction[0]];
  if (prefix === 0) to.push(code);
  else {
    to.push(prefix);
    unsigned(code, to);
  }
  let next = 1;
  for (const kind of immediates) {
    if (kind === 'block') to.push(EMPTY_BLOCK);
    else if (kind === 'vector' || kind === 'lanes') encodeMany(kind, instruction, to);
    else {
      const value = (instruction[next++] ?? 0) as number;
      if (kind === 'memory') to.push(ALIGNMENT);
      if (kind === 'signed') signed(value, to);
      else unsigned(value, to);
    }
  }
}

/** Four words of a vector, or sixteen numbers of lanes. */
function encodeMany(kind: 'vector' | 'lanes', instruction: Instruction, to: number[]): void {
  for (let i = 1; i < instruction.length; i++) {
    const word = instruction[i] as number;
    if (kind === 'lanes') to.push(word);
    else to.push(word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24);
  }
}

/** The bytes of instructions. */
export function encodeCode(code: Code): number[] {
  const bytes: number[] = [];
  eachInstruction(code, (instruction) => encode(instruction, bytes));
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
  const bytes = declared.concat(encodeCode(body), 0x0b);
  return unsigned(bytes.length).concat(bytes);
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * A module that imports its memory as `env.memory`.
 * @param functions all of them: calls go by their position
 * @param exported the positions of those that can be called from outside, by name
 * @param sharedPages the most pages that a memory shared by threads may have; 0: it is not shared
 */
export function encodeModule(
  functions: readonly Func[],
  exported: Readonly<Record<string, number>>,
  sharedPages = 0,
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
  const size = sharedPages > 0 ? [0x03, 1, ...unsigned(sharedPages)] : [0x00, 1];
  const memory = [...text('env'), ...text('memory'), 0x02, ...size];
  return new Uint8Array(
    HEADER.concat(
      section(1, vector(functions.map(signature))),
      section(2, vector([memory])),
      section(3, vector(functions.map((_, i) => unsigned(i)))),
      section(7, vector(exports)),
      section(10, vector(functions.map(functionBody))),
    ),
  );
}
