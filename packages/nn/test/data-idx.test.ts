import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError, readIdx } from '../src/data/index.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('readIdx', () => {
  // struct.pack('>BBBB', 0, 0, code, 1) + struct.pack('>I', 2) + np.array(values, type).tobytes()
  test.each([
    ['08', '00 ff', Uint8Array.of(0, 255)],
    ['09', '7f 80', Int8Array.of(127, -128)],
    ['0b', '7fff fffe', Int16Array.of(32767, -2)],
    ['0c', '80000000 00000007', Int32Array.of(-2147483648, 7)],
    ['0d', '3fc00000 c1200000', Float32Array.of(1.5, -10)],
    ['0e', '3ff0000000000001 bff8000000000000', Float64Array.of(1.0000000000000002, -1.5)],
  ])('reads values of type %s', async (code, values, data) => {
    const file = bytes(`0000${code}01 00000002 ${values}`);
    expect(await readIdx(file)).toEqual({ shape: [2], data });
    expect(await readIdx(gzipSync(file))).toEqual({ shape: [2], data });
  });

  test('reads several axes, also from the middle of a larger buffer', async () => {
    const file = bytes('aaaa 00000803 00000002 00000001 00000003 010203 040506 bb');
    const { shape, data } = await readIdx(file.subarray(2, -1));
    expect(shape).toEqual([2, 1, 3]);
    expect(data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(data.buffer).toBe(file.buffer);
  });

  test('an axis may be empty', async () => {
    expect(await readIdx(bytes('00000801 00000000'))).toEqual({
      shape: [0],
      data: new Uint8Array(0),
    });
  });

  test.each([
    ['', 'truncated: the first 4 bytes'],
    ['000008', 'truncated: the first 4 bytes'],
    ['00000803 0000', 'its header of 3 axes takes 16 bytes, but it has only 6'],
    ['00000c01 00000002 00000001', 'shape [2] takes 16 bytes, but it has only 12'],
    ['00000801 00000001 0102', 'has 10 bytes, but its shape [1] takes only 9'],
    ['00000a01 00000001 01', 'no IDX file: it begins with 00 00 0a 01'],
    ['00000800', 'no IDX file: it begins with 00 00 08 00'],
    [Buffer.from('<!DOCTYPE html>').toString('hex'), 'no IDX file: it begins with 3c 21 44 4f'],
  ])('refuses %j', async (hex, expected) => {
    const refusal = readIdx(bytes(hex));
    await expect(refusal).rejects.toThrow(expected);
    await expect(refusal).rejects.toThrow(DataError);
    await expect(refusal).rejects.toThrow('\n  fix: ');
  });

  test('refuses a truncated or damaged gzip file', async () => {
    const packed = gzipSync(bytes(`00000801 00000400 ${'00ab'.repeat(512)}`));
    await expect(readIdx(packed.subarray(0, -12))).rejects.toThrow('cannot be unpacked');
    const damaged = Uint8Array.from(packed);
    damaged[packed.length - 6]! ^= 0xff;
    await expect(readIdx(damaged)).rejects.toThrow(DataError);
  });
});
