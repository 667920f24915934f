// Random orders from a seeded generator: the same seed gives the same order everywhere.

/** What an order needs of a random generator; `createRandom(seed)` of @chainrule/graph has it. */
export interface RandomIntegers {
  /** A whole number from 0 up to, not including, `n`, all equally likely. */
  integer(n: number): number;
}

/** Shuffles in place (Fisher and Yates; all orders equally likely) and returns its argument. */
export function shuffle<T extends { [index: number]: unknown; readonly length: number }>(
  items: T,
  random: RandomIntegers,
): T {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const kept = items[last];
    items[last] = items[other];
    items[other] = kept;
  }
  return items;
}

/** The numbers 0 to n - 1 in random order. */
export function permutation(n: number, random: RandomIntegers): Uint32Array {
  return shuffle(
    Uint32Array.from({ length: n }, (_, i) => i),
    random,
  );
}
