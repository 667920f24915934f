// Choices and addresses: what is not valid is clamped or replaced, and never evaluated.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  activations,
  batches,
  defaults,
  devices,
  initializers,
  keys,
  MAX_LAYERS,
  MAX_UNITS,
  optimizers,
  rates,
  sanitize,
  speeds,
} from '../src/logic/config.ts';
import { datasetNames } from '../src/logic/datasets.ts';
import { featureNames } from '../src/logic/features.ts';
import { formatHash, parseHash } from '../src/logic/url.ts';

const config = fc
  .record({
    data: fc.constantFrom(...datasetNames),
    count: fc.integer({ min: 1, max: 20 }).map((n) => 50 * n),
    noise: fc.integer({ min: 0, max: 20 }).map((n) => n / 20),
    test: fc.integer({ min: 1, max: 8 }).map((n) => n / 10),
    features: fc.subarray([...featureNames], { minLength: 1 }),
    hidden: fc.array(fc.integer({ min: 1, max: MAX_UNITS }), { maxLength: MAX_LAYERS }),
    activation: fc.constantFrom(...keys(activations)),
    init: fc.constantFrom(...keys(initializers)),
    seed: fc.integer({ min: 1, max: 9999 }),
    optimizer: fc.constantFrom(...keys(optimizers)),
    rate: fc.constantFrom(...rates),
    batch: fc.constantFrom(...batches),
    speed: fc.constantFrom(...keys(speeds)),
    device: fc.constantFrom(...devices),
  })
  .map(sanitize);

test('an address keeps every choice', () => {
  fc.assert(
    fc.property(config, (c) => {
      expect(parseHash(formatHash(c))).toEqual(c);
    }),
  );
  expect(formatHash(defaults)).toBe('');
  expect(parseHash('')).toEqual(defaults);
});

test('any text is a valid experiment', () => {
  const value = fc.oneof(fc.string(), fc.constantFrom('NaN', '-1', '1e99', 'Infinity', ','));
  const hash = fc
    .array(fc.tuple(fc.constantFrom(...keys(defaults)), value))
    .map((pairs) => `#${pairs.map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&')}`);
  fc.assert(
    fc.property(fc.oneof(hash, fc.string()), (text) => {
      const c = parseHash(text);
      // Sanitizing a valid experiment changes nothing.
      expect(sanitize(c)).toEqual(c);
    }),
  );
});

test('values out of range are clamped', () => {
  const c = parseHash('#hidden=99,0,x,2,5,6&noise=7&seed=-3&count=1e9&features=x1x2,alert(1)');
  expect(c.hidden).toEqual([MAX_UNITS, 1, 1, 2]);
  expect([c.noise, c.seed, c.count]).toEqual([1, 1, 1000]);
  expect(c.features).toEqual(['x1x2']);
  expect(parseHash('#hidden=').hidden).toEqual([]);
  expect(parseHash('#device=headlessgl&data=__proto__&rate=0.2')).toEqual(defaults);
});
