// A binary heap: what comes first by an order is found without sorting the rest.

/** Items of which the first can be taken. */
export interface Heap<T> {
  push(item: T): void;
  /** Takes the first, if there is one. */
  pop(): T | undefined;
}

/** An empty heap. @param before does a come before b? */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  // The items at 2 i + 1 and 2 i + 2 do not come before that at i.
  const items: T[] = [];
  const swap = (i: number, j: number): void => {
    [items[i], items[j]] = [items[j]!, items[i]!];
  };
  const push = (item: T): void => {
    let i = items.push(item) - 1;
    for (let up = (i - 1) >> 1; i > 0 && before(items[i]!, items[up]!); up = (i - 1) >> 1) {
      swap(i, up);
      i = up;
    }
  };
  const pop = (): T | undefined => {
    const first = items[0];
    const last = items.pop();
    if (items.length === 0) return first;
    items[0] = last!;
    for (let i = 0; ; ) {
      const children = [2 * i + 1, 2 * i + 2].filter((c) => c < items.length);
      const least = children.reduce((a, c) => (before(items[c]!, items[a]!) ? c : a), i);
      if (least === i) return first;
      swap(i, least);
      i = least;
    }
  };
  return { push, pop };
}
