// Encodes functions as a WebAssembly module. It knows the binary format, and nothing of nests.
// A library would bring a parser and a validator along; what is written here is one page.
import { type Code, type Func, type Immediate, instructions, type Type } from './code.ts';

/** Bytes in the making: `at` of them are written. */
export interface Bytes {
  data: Uint8Array<ArrayBuffer>;
  at: number;
}

/** More than any instruction and any number takes. */
const ROOM = 32;
/** A module of some kernels. */
const START = 16_384;

/** What `write` writes. */
export function bytesOf(write: (to: Bytes) => void): Uint8Array<ArrayBuffer> {
  const to = { data: new Uint8Array(START), at: 0 };
  write(to);
  return to.data.slice(0, to.at);
}

/** Makes room for one instruction or number. */
function reserve(to: Bytes): void {
  if (to.at + ROOM <= to.data.length) return;
  const { data } = to;
  to.data = new Uint8Array(2 * data.length);
  to.data.set(data);
}

function byte(to: Bytes, value: number): void {
  reserve(to);
  to.data[to.at++] = value;
}

/** A whole number in LEB128, where there is room: seven bits a byte, the lowest first. */
export function unsigned(to: Bytes, value: number): void {
  let rest = value;
  while (rest >= 128) {
    to.data[to.at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  to.data[to.at++] = rest;
}

/** A signed 32-bit number in LEB128, where there is room. */
export function signed(to: Bytes, value: number): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    // The last byte's bit 6 is the sign.
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    to.data[to.at++] = done ? low : low + 128;
    if (done) return;
  }
}

/** The length of a list, then its parts. */
function vector<T>(to: Bytes, parts: readonly T[], write: (part: T, i: number) => void): void {
  reserve(to);
  unsigned(to, parts.length);
  parts.forEach((part, i) => {
    reserve(to);
    write(part, i);
  });
}

/** What `write` writes, its length in bytes before it. */
function sized(to: Bytes, write: () => void): void {
  const from = to.at;
  write();
  const end = to.at;
  // Behind the content at first, to see how long the length is.
  reserve(to);
  unsigned(to, end - from);
  const length = to.data.slice(end, to.at);
  to.data.copyWithin(from + length.length, from, end);
  to.data.set(length, from);
}

function text(to: Bytes, value: string): void {
  vector(to, [...new TextEncoder().encode(value)], (b) => byte(to, b));
}

function section(to: Bytes, id: number, write: () => void): void {
  byte(to, id);
  sized(to, write);
}

const types: Record<Type, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const EMPTY_BLOCK = 0x40;
/** Addresses of floats are multiples of 4; the format asks for the exponent. */
const ALIGNMENT = 2;

/** The bytes of what is in a list, or of the operands of an instruction, each after its own. */
export function encodeCode(to: Bytes, code: Code): void {
  // Thousands on the way to a first step, before there is optimized code: by index, and without a
  // call for what most of them are, a byte and a small number.
  for (let i = 0; i < code.length; i++) {
    const part = code[i]!;
    if (typeof part !== 'object') continue;
    if (typeof part.at(-1) === 'object') encodeCode(to, part);
    const name = part[0];
    if (typeof name !== 'string') continue;
    const { prefix, code: op, immediates } = instructions[name];
    if (to.at + ROOM > to.data.length) reserve(to);
    if (prefix === 0) to.data[to.at++] = op;
    else {
      to.data[to.at++] = prefix;
      unsigned(to, op);
    }
    if (immediates.length === 0) continue;
    const value = part[1] as number;
    if (value < 128 && immediates[0] === 'unsigned') to.data[to.at++] = value;
    else encodeImmediates(to, immediates, part);
  }
}

function encodeImmediates(to: Bytes, kinds: readonly Immediate[], instruction: Code): void {
  for (let k = 0; k < kinds.length; k++) {
    const kind = kinds[k]!;
    const given = instruction[k + 1];
    const value = typeof given === 'number' ? given : 0;
    if (kind === 'memory') {
      to.data[to.at++] = ALIGNMENT;
      unsigned(to, value);
    } else if (kind === 'signed') signed(to, value);
    else if (kind === 'block') to.data[to.at++] = EMPTY_BLOCK;
    else if (kind === 'bits' || kind === 'lanes') words(to, kind, instruction);
    else unsigned(to, value);
  }
}

/** The words of a float or a vector; or lanes, of which four are named, and 16 bytes written. */
function words(to: Bytes, kind: 'bits' | 'lanes', instruction: Code): void {
  for (let i = 1; typeof instruction[i] === 'number'; i++) {
    const given = instruction[i] as number;
    const word = kind === 'lanes' ? 0x03020100 + 0x04040404 * given : given;
    to.data[to.at++] = word;
    to.data[to.at++] = word >>> 8;
    to.data[to.at++] = word >>> 16;
    to.data[to.at++] = word >>> 24;
  }
}

function functionBody(to: Bytes, { locals, body }: Func): void {
  const runs: { type: Type; count: number }[] = [];
  for (let i = 0; i < locals.length; i++) {
    const type = locals[i]!;
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  vector(to, runs, ({ type, count }) => {
    unsigned(to, count);
    byte(to, types[type]);
  });
  encodeCode(to, [body]);
  byte(to, 0x0b);
}

function signature(to: Bytes, { params, results }: Func): void {
  byte(to, 0x60);
  vector(to, params, (t) => byte(to, types[t]));
  vector(to, results, (t) => byte(to, types[t]));
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * A module that imports its memory as `env.memory`.
 * @param functions all of them: calls go by their position
 * @param exported the positions of those that can be called from outside, by name
 * @param sharedPages the most pages that a memory shared by threads may have; 0: it is not shared
 */
export const encodeModule = (
  functions: readonly Func[],
  exported: Readonly<Record<string, number>>,
  sharedPages = 0,
): Uint8Array<ArrayBuffer> =>
  bytesOf((to) => {
    for (const b of HEADER) byte(to, b);
    section(to, 1, () => vector(to, functions, (f) => signature(to, f)));
    section(to, 2, () => {
      byte(to, 1);
      text(to, 'env');
      text(to, 'memory');
      for (const b of sharedPages > 0 ? [0x02, 0x03, 0x01] : [0x02, 0x00, 0x01]) byte(to, b);
      if (sharedPages > 0) unsigned(to, sharedPages);
    });
    section(to, 3, () => vector(to, functions, (_, i) => unsigned(to, i)));
    section(to, 7, () =>
      vector(to, Object.entries(exported), ([name, at]) => {
        text(to, name);
        byte(to, 0x00);
        unsigned(to, at);
      }),
    );
    section(to, 10, () => vector(to, functions, (f) => sized(to, () => functionBody(to, f))));
  });
