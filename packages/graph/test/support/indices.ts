// REPLACE: until the op table has `iota`, the indices that Jacobians are made of are fed.
import type { Data, Values } from '../../src/index.ts';

/** The values, and the indices along sizes: by number, or by name with its number. */
export function withIndices(values: Values, sizes: Readonly<Record<string, number>> = {}): Values {
  const numbers = Array.from({ length: 12 }, (_, i) => [String(i + 1), i + 1] as const);
  const entries = [...numbers, ...Object.entries(sizes)].map(([dim, count]): [string, Data] => [
    `iota_${dim}`,
    Array.from({ length: count }, (_, i) => i),
  ]);
  return { ...values, ...Object.fromEntries(entries) };
}
