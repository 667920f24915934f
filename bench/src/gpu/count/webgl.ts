// What is counted of WebGL, 1 and 2. Constants are those of the standard, by its names.
import { type Call, each, type Hooks, type LiveThings, partBytes, type Totals } from './hooks.ts';

const TEXTURE_2D = 0x0de1;
const TEXTURE_BINDING_2D = 0x8069;
/** From what a buffer is bound to, to the question which one it is. */
const BUFFER_BINDINGS = new Map([
  [0x8892, 0x8894], // ARRAY_BUFFER
  [0x8893, 0x8895], // ELEMENT_ARRAY_BUFFER
  [0x88eb, 0x88ed], // PIXEL_PACK_BUFFER
  [0x88ec, 0x88ef], // PIXEL_UNPACK_BUFFER
  [0x8a11, 0x8a28], // UNIFORM_BUFFER
  [0x8f36, 0x8f36], // COPY_READ_BUFFER
  [0x8f37, 0x8f37], // COPY_WRITE_BUFFER
]);
/** Numbers of a texel; others, such as RGBA, have four. */
const CHANNELS = new Map([
  [0x1906, 1], // ALPHA
  [0x1909, 1], // LUMINANCE
  [0x1903, 1], // RED
  [0x8d94, 1], // RED_INTEGER
  [0x8227, 2], // RG
  [0x1907, 3], // RGB
]);
/** Bytes of such a number; others, such as UNSIGNED_BYTE, have one. */
const SIZES = new Map([
  [0x1404, 4], // INT
  [0x1405, 4], // UNSIGNED_INT
  [0x1406, 4], // FLOAT
  [0x140b, 2], // HALF_FLOAT
  [0x8d61, 2], // HALF_FLOAT_OES
]);
/** Bytes of a texel, for formats that say so. */
const SIZED = new Map([
  [0x8814, 16], // RGBA32F
  [0x881a, 8], // RGBA16F
  [0x8230, 8], // RG32F
  [0x822e, 4], // R32F
  [0x822d, 2], // R16F
]);

const texelBytes = (format: number, type: number) =>
  (CHANNELS.get(format) ?? 4) * (SIZES.get(type) ?? 1);

const draws = [
  ...['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced'],
  'drawRangeElements',
];
const uniforms = ['1', '2', '3', '4'].flatMap((n) =>
  ['f', 'i', 'ui'].flatMap((type) => [`uniform${n}${type}`, `uniform${n}${type}v`]),
);

type Area = { readonly width: number; readonly height: number };
const areaOf = ({ width, height }: Area) => width * height;

/** After the functions of a WebGL context. */
export function glHooks(
  api: 'webgl' | 'webgl2',
  totals: Totals,
  { made, resized, freed }: LiveThings,
): Hooks {
  const upload = (bytes: number) => {
    totals.uploads++;
    totals.uploaded += bytes;
  };
  const fetch = (bytes: number) => {
    totals.reads++;
    totals.read += bytes;
  };
  const pixels = ({ args }: Call) => {
    const data = args.at(-1);
    const view = args.find((arg) => ArrayBuffer.isView(arg));
    if (view) upload(view.byteLength);
    // An image, a canvas; a number is a place in a buffer of the device.
    else if (typeof data === 'object' && data !== null) upload(4 * areaOf(data as Area));
  };
  const bound = (gl: object, binding: number) =>
    (gl as WebGLRenderingContext).getParameter(binding) as object;
  return {
    ...each(draws, () => totals.dispatches[api]++),
    ...each(uniforms, () => totals.uniforms++),
    linkProgram: () => totals.programs++,
    createTexture: ({ result }) => made('textures', result),
    createBuffer: ({ result }) => made('buffers', result),
    ...each(['deleteTexture', 'deleteBuffer'], ({ args }) => freed(args[0])),
    texImage2D: (call) => {
      const [target, level, inside, width, height, , format, type] = call.args as number[];
      pixels(call);
      if (call.args.length < 9 || target !== TEXTURE_2D || level !== 0) return;
      const texel = SIZED.get(inside!) ?? texelBytes(format!, type!);
      resized(bound(call.self, TEXTURE_BINDING_2D), width! * height! * texel);
    },
    texStorage2D: ({ self, args }) => {
      const [target, , format, width, height] = args as number[];
      if (target !== TEXTURE_2D) return;
      resized(bound(self, TEXTURE_BINDING_2D), width! * height! * (SIZED.get(format!) ?? 4));
    },
    ...each(['texSubImage2D', 'texImage3D', 'texSubImage3D'], pixels),
    bufferData: ({ self, args }) => {
      const [target, data, , offset, length] = args as [number, unknown, number, number, number];
      const bytes = typeof data === 'number' ? data : partBytes(data, offset, length);
      if (typeof data !== 'number') upload(bytes);
      const binding = BUFFER_BINDINGS.get(target);
      if (binding) resized(bound(self, binding), bytes);
    },
    bufferSubData: ({ args }) => {
      const [, , data, offset, length] = args as [number, number, unknown, number, number];
      upload(partBytes(data, offset, length));
    },
    readPixels: ({ args }) => {
      const [, , width, height, format, type, into] = args as number[];
      // Into a buffer of the device: read when it is fetched from there.
      if (typeof into === 'object') fetch(width! * height! * texelBytes(format!, type!));
    },
    getBufferSubData: ({ args }) => {
      const [, , into, offset, length] = args as [number, number, unknown, number, number];
      fetch(partBytes(into, offset, length));
    },
  };
}
