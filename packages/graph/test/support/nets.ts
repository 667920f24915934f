// Nets and data that several tests use.
import { createRandom, type Formula, input, math, type Node, param } from '../../src/index.ts';

/** Layer sizes, from the features to the outputs. */
export interface Net {
  readonly sizes: readonly number[];
  /** A function of formulas, for the hidden layers. */
  readonly hidden: string;
}

/** The course's deep net for two classes, written as its formulas. */
export function classifier({ sizes, hidden }: Net): Formula<Record<string, Node>> {
  const last = sizes.length - 1;
  const bindings: Record<string, Node> = {
    X: input(sizes[0]!, 'm'),
    Y: input(sizes[last]!, 'm'),
  };
  const lines: string[] = [];
  for (let l = 1; l <= last; l++) {
    bindings[`W${l}`] = param(sizes[l]!, sizes[l - 1]!);
    bindings[`b${l}`] = param(sizes[l]!, 1);
    lines.push(
      `Z${l} = W${l} * ${l === 1 ? 'X' : `A${l - 1}`} + b${l}`,
      `A${l} = ${l === last ? 'sigmoid' : hidden}(Z${l})`,
    );
  }
  lines.push(`J = -mean(Y .* log(A${last}) + (1 - Y) .* log(1 - A${last}))`);
  return math(bindings)(lines.join('\n'));
}

/** Standard normal numbers, scaled. */
export function normal(seed: number, count: number, scale = 1): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => scale * random.normal());
}
