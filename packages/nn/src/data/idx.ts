// Reads IDX files, the format of MNIST: two zero bytes, a type, the number of axes, their lengths
// (32 bits, big-endian), then the values. Described at http://yann.lecun.com/exdb/mnist/.
import { DataError } from './errors.ts';

export type IdxData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** The values of an IDX file in its own number type, the last axis running fastest. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: IdxData;
}

interface ValueType {
  readonly bytes: number;
  read(view: DataView, start: number, length: number): IdxData;
}

/** The type codes that the format defines. Its values are big-endian. */
const valueTypes: Readonly<Record<number, ValueType>> = {
  8: {
    bytes: 1,
    read: ({ buffer, byteOffset }, at, n) => new Uint8Array(buffer, byteOffset + at, n),
  },
  9: {
    bytes: 1,
    read: ({ buffer, byteOffset }, at, n) => new Int8Array(buffer, byteOffset + at, n),
  },
  11: {
    bytes: 2,
    read: (view, at, n) => fill(new Int16Array(n), (i) => view.getInt16(at + 2 * i)),
  },
  12: {
    bytes: 4,
    read: (view, at, n) => fill(new Int32Array(n), (i) => view.getInt32(at + 4 * i)),
  },
  13: {
    bytes: 4,
    read: (view, at, n) => fill(new Float32Array(n), (i) => view.getFloat32(at + 4 * i)),
  },
  14: {
    bytes: 8,
    read: (view, at, n) => fill(new Float64Array(n), (i) => view.getFloat64(at + 8 * i)),
  },
};

function fill<T extends IdxData>(out: T, value: (i: number) => number): T {
  for (let i = 0; i < out.length; i++) out[i] = value(i);
  return out;
}

/**
 * Reads an IDX file of any type, gzipped or not, in Node and in browsers. Bytes are not copied:
 * the result of an unpacked file of bytes views `bytes`. `toExamples` turns it into examples.
 * @throws DataError if the file is truncated, too long or no IDX file
 */
export async function readIdx(bytes: Uint8Array): Promise<IdxArray> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return parseIdx(isGzip ? await gunzip(bytes) : bytes);
}

function parseIdx(bytes: Uint8Array): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { type, axes } = readMagic(view);
  const headerBytes = 4 + 4 * axes;
  if (bytes.length < headerBytes) {
    throw truncated(`its header of ${axes} axes takes ${headerBytes} bytes`, bytes.length);
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const length = shape.reduce((product, n) => product * n, 1);
  const expected = headerBytes + length * type.bytes;
  if (bytes.length < expected) {
    throw truncated(`shape [${shape.join(', ')}] takes ${expected} bytes`, bytes.length);
  }
  if (bytes.length > expected) {
    throw new DataError(
      `the IDX file has ${bytes.length} bytes, but its shape [${shape.join(', ')}] takes only ` +
        `${expected}.`,
      'use the original file; this one has something appended or a damaged header.',
    );
  }
  return { shape, data: type.read(view, headerBytes, length) };
}

function readMagic(view: DataView): { type: ValueType; axes: number } {
  if (view.byteLength < 4) throw truncated('the first 4 bytes say what it holds', view.byteLength);
  const type = valueTypes[view.getUint8(2)];
  const axes = view.getUint8(3);
  if (view.getUint16(0) === 0 && type !== undefined && axes > 0) return { type, axes };
  const start = [0, 1, 2, 3].map((i) => view.getUint8(i).toString(16).padStart(2, '0')).join(' ');
  throw new DataError(
    `this is no IDX file: it begins with ${start}, not with 00 00, a type (08 to 0e) and ` +
      'the number of axes.',
    'pass the bytes of an .idx or -ubyte file, gzipped or not; a download may have failed.',
  );
}

function truncated(needs: string, has: number): DataError {
  return new DataError(
    `the IDX file is truncated: ${needs}, but it has only ${has}.`,
    'download or copy the file again.',
  );
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    const unpacked = new Response(bytes as Uint8Array<ArrayBuffer>).body!.pipeThrough(
      new DecompressionStream('gzip'),
    );
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  } catch (error) {
    throw new DataError(
      `the gzipped file cannot be unpacked: ${error instanceof Error ? error.message : error}.`,
      'download or copy the file again; it is truncated or damaged.',
    );
  }
}
