// Einstein's summation: letters name dimensions, and those that the result lacks are summed.
import { show } from '../checks.ts';
import { ChainruleError } from '../errors.ts';
import type { Dim, Node } from '../node.ts';
import { equal, mul, where } from './arithmetic.ts';
import { expandTo, type Operand, shapeError, toNode } from './operand.ts';
import { reduceAxes } from './reduce.ts';
import { matmul, permute } from './structure.ts';
import { iota } from './views.ts';

/** A tensor and the letter of each of its dimensions. */
interface Term {
  readonly x: Node;
  readonly letters: string;
}

/**
 * `einsum('ij,jk->ik', A, B)` is the matrix product; `'ii->'` the trace; `'bij,bjk->bik'` a batch
 * of products. Products of two that share one summed letter run as matrix products.
 * @throws ChainruleError, ShapeError where letters and tensors do not fit
 */
export function einsum(spec: string, ...operands: readonly Operand[]): Node {
  const text = typeof spec === 'string' ? spec.replace(/\s/g, '') : '';
  const [, left, result] = /^([a-zA-Z,]*)->([a-zA-Z]*)$/.exec(text) ?? [];
  const lists = left?.split(',') ?? [];
  if (result === undefined || lists.length !== operands.length) {
    throw new ChainruleError(
      `einsum: ${show(spec)} does not describe ${operands.length} tensors.`,
      "write the letters of each and those of the result, e.g. 'ij,jk->ik'.",
    );
  }
  const terms = operands.map((x, i) => diagonal(spec, toNode(x), lists[i]!));
  checkLetters(spec, terms, result);
  return inOrder(
    terms.reduce((a, b, i) => product(a, b, laterLetters(terms, i, result))),
    result,
  );
}

const laterLetters = (terms: readonly Term[], i: number, result: string): string =>
  result +
  terms
    .slice(i + 1)
    .map((t) => t.letters)
    .join('');

function checkLetters(spec: string, terms: readonly Term[], result: string): void {
  const sizes = new Map<string, Dim>();
  for (const { x, letters } of terms) {
    [...letters].forEach((letter, d) => {
      const size = sizes.get(letter) ?? x.shape[d]!;
      sizes.set(letter, size);
      if (size === x.shape[d]) return;
      const why = `${letter} is both ${size} and ${x.shape[d]}.`;
      throw shapeError(
        `einsum '${spec}'`,
        terms.map((t) => t.x),
        why,
        'use another letter.',
      );
    });
  }
  const bad = [...result].find((c, i) => !sizes.has(c) || result.indexOf(c) < i);
  if (bad === undefined) return;
  throw new ChainruleError(
    `einsum '${spec}': the letter ${bad} of the result is unknown, or stands twice.`,
    'use letters of the operands, each once.',
  );
}

/** A letter that stands twice takes the diagonal: the second of its dimensions is summed away. */
function diagonal(spec: string, x: Node, letters: string): Term {
  if (letters.length !== x.shape.length) {
    const why = `'${letters}' names ${letters.length} dimensions of ${x.shape.length}.`;
    throw shapeError(`einsum '${spec}'`, [x], why, 'name each dimension with one letter.');
  }
  const again = [...letters].findIndex((c, d) => letters.indexOf(c) < d);
  if (again < 0) return { x, letters };
  const first = letters.indexOf(letters[again]!);
  if (x.shape[first] !== x.shape[again]) {
    const why = `${letters[again]} is both ${x.shape[first]} and ${x.shape[again]}.`;
    throw shapeError(`einsum '${spec}'`, [x], why, 'use another letter.');
  }
  const on = equal(iota(x.shape, first), iota(x.shape, again));
  const rest = letters.slice(0, again) + letters.slice(again + 1);
  return diagonal(spec, reduceAxes('sum', where(on, x, 0), [again]), rest);
}

/** Sums over what nobody needs later. */
function withOnly({ x, letters }: Term, needed: string): Term {
  const axes = [...letters].flatMap((c, d) => (needed.includes(c) ? [] : [d]));
  const kept = [...letters].filter((c) => needed.includes(c)).join('');
  return { x: reduceAxes('sum', x, axes), letters: kept };
}

/** Orders the dimensions by letters; a letter that it lacks becomes a dimension of size 1. */
function arranged({ x, letters }: Term, order: string): Node {
  const own = [...order].filter((c) => letters.includes(c));
  const moved =
    own.join('') === letters
      ? x
      : permute(
          x,
          own.map((c) => letters.indexOf(c)),
        );
  const shape = [...order].map((c): Dim => (own.includes(c) ? moved.shape[own.indexOf(c)]! : 1));
  return expandTo(
    moved,
    shape,
    own.map((c) => order.indexOf(c)),
  );
}

const inOrder = (term: Term, order: string): Node => arranged(withOnly(term, order), order);

/** The product of two, summed over the letters that are not needed any more. */
function product(a: Term, b: Term, needed: string): Term {
  const [left, right] = [withOnly(a, needed + b.letters), withOnly(b, needed + a.letters)];
  const both = [...left.letters].filter((c) => right.letters.includes(c));
  const summed = both.filter((c) => !needed.includes(c));
  const batch = both.filter((c) => needed.includes(c)).join('');
  const rows = [...left.letters].filter((c) => !right.letters.includes(c));
  const columns = [...right.letters].filter((c) => !left.letters.includes(c));
  if (summed.length === 1 && rows.length <= 1 && columns.length <= 1) {
    // A letter that nobody has stands for a dimension of size 1.
    const [i, k, j] = [rows[0] ?? '<', summed[0]!, columns[0] ?? '>'];
    const x = matmul(arranged(left, `${batch}${i}${k}`), arranged(right, `${batch}${k}${j}`));
    const gone = [i, j].flatMap((c, at) => (/[<>]/.test(c) ? [batch.length + at] : []));
    const letters = `${batch}${i}${j}`.replace(/[<>]/g, '');
    return { x: reduceAxes('sum', x, gone), letters };
  }
  const letters = `${batch}${rows.join('')}${columns.join('')}${summed.join('')}`;
  const x = mul(arranged(left, letters), arranged(right, letters));
  return withOnly({ x, letters }, needed);
}
