// Shapes in types: what broadcasting, products and reductions make of literal sizes, so that sizes
// that do not fit are red in the editor. A size whose type is only `number` or `string` fits all.
import type { AnyShape, Dim, Node, Shape, ShapeIn } from './node.ts';
import type { Operand } from './ops/operand.ts';

/** The shape of an operand as far as the types know it; of a plain number []. */
export type ShapeOf<X> = X extends number ? readonly [] : Plain<ShapeIn<X>>;

type Plain<S extends Shape> = 0 extends 1 & S ? Shape : S;

/** A node of a shape; where not even the rank is known, any node. */
export type NodeLike<S extends Shape> = Node<IsOpen<S> extends true ? AnyShape : S>;

/** Nothing is known of the rank. */
type IsOpen<S extends Shape> = number extends S['length'] ? true : false;

/** A size that is not known to the type checker. */
type IsWide<D> = number extends D ? true : string extends D ? true : false;

/** The size that two become, `never` if they differ. */
type Meet<A, B> = A extends 1
  ? B
  : B extends 1
    ? A
    : IsWide<A> extends true
      ? B
      : IsWide<B> extends true
        ? A
        : [A, B] extends [B, A]
          ? A
          : never;

/** The shape of operands that broadcast, aligned at the right; with `never` where they do not. */
export type Broadcast<A extends Shape, B extends Shape> =
  IsOpen<A> extends true
    ? Shape
    : IsOpen<B> extends true
      ? Shape
      : A extends readonly [...infer RestA extends Shape, infer LastA]
        ? B extends readonly [...infer RestB extends Shape, infer LastB]
          ? readonly [...Broadcast<RestA, RestB>, Meet<LastA, LastB>]
          : A
        : B;

/** Has a shape a size that is `never`? */
type IsBroken<S extends Shape> =
  IsOpen<S> extends true
    ? false
    : S extends readonly [infer First, ...infer Rest extends Shape]
      ? [First] extends [never]
        ? true
        : IsBroken<Rest>
      : false;

/** What is demanded of an operand that does not fit: nothing has this type. */
export interface ShapeMismatch<Message extends string> {
  readonly error: Message;
}

type Show<S extends Shape> = `[${Join<S>}]`;
type Join<S extends Shape> = S extends readonly [infer First extends Dim]
  ? `${First}`
  : S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
    ? `${First}, ${Join<Rest>}`
    : '';

/** Demands nothing of an operand that broadcasts with A. */
export type Fits<A, B> =
  IsBroken<Broadcast<ShapeOf<A>, ShapeOf<B>>> extends true
    ? ShapeMismatch<`${Show<ShapeOf<A>>} and ${Show<ShapeOf<B>>} do not broadcast`>
    : unknown;

/** An elementwise function of one operand. */
export type Unary = <X extends Operand>(x: X) => NodeLike<ShapeOf<X>>;

/** An elementwise function of two operands that broadcast. */
export type Binary = <A extends Operand, B extends Operand>(
  a: A,
  b: B & Fits<A, B>,
) => NodeLike<Broadcast<ShapeOf<A>, ShapeOf<B>>>;

/** An elementwise function of three operands that broadcast. */
export type Ternary = <A extends Operand, B extends Operand, C extends Operand>(
  a: A,
  b: B & Fits<A, B>,
  c: C & Fits<A, C> & Fits<B, C>,
) => NodeLike<Broadcast<Broadcast<ShapeOf<A>, ShapeOf<B>>, ShapeOf<C>>>;

/** An elementwise function of one operand, with an option. */
export type UnaryWith<P> = <X extends Operand>(x: X, options?: P) => NodeLike<ShapeOf<X>>;

type Matrix = readonly [...Shape, Dim, Dim];

/** The shape of a product of matrices; `never` inside where the inner sizes differ. */
export type Product<A extends Shape, B extends Shape> =
  IsOpen<A> extends true
    ? Shape
    : IsOpen<B> extends true
      ? Shape
      : A extends readonly [...infer BatchA extends Shape, infer P, infer K]
        ? B extends readonly [...infer BatchB extends Shape, infer L, infer Q]
          ? Same<K, L> extends true
            ? readonly [...Broadcast<BatchA, BatchB>, P & Dim, Q & Dim]
            : readonly [never]
          : readonly [never]
        : readonly [never];

type Same<A, B> =
  IsWide<A> extends true
    ? true
    : IsWide<B> extends true
      ? true
      : [A, B] extends [B, A]
        ? true
        : false;

/** Demands nothing of a right side that fits the left one. */
export type Multiplies<A, B> =
  IsBroken<Product<ShapeOf<A>, ShapeOf<B>>> extends true
    ? ShapeMismatch<`${Show<ShapeOf<A>>} times ${Show<ShapeOf<B>>}: the inner sizes differ`>
    : unknown;

/** The last two sizes swapped. */
export type Transposed<S extends Shape> = S extends Matrix
  ? S extends readonly [...infer Batch extends Shape, infer P extends Dim, infer Q extends Dim]
    ? readonly [...Batch, Q, P]
    : Shape
  : S extends readonly []
    ? S
    : Shape;

/** What a reduction leaves: [] of all, the other sizes of one axis, anything of several. */
export type Reduced<S extends Shape, Axis, Keep> = [Axis] extends [undefined]
  ? Keep extends true
    ? Shape
    : readonly []
  : Axis extends number
    ? number extends Axis
      ? Shape
      : Without<S, Axis, Keep>
    : Shape;

type Without<S extends Shape, Axis extends number, Keep> =
  IsOpen<S> extends true
    ? Shape
    : `${Axis}` extends `-${infer Back extends number}`
      ? FromEnd<S, Back, Keep>
      : FromStart<S, Axis, Keep>;

type Gap<Keep> = Keep extends true ? readonly [1] : readonly [];

type FromStart<
  S extends Shape,
  N extends number,
  Keep,
  Before extends Shape = readonly [],
> = S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
  ? Before['length'] extends N
    ? readonly [...Before, ...Gap<Keep>, ...Rest]
    : FromStart<Rest, N, Keep, readonly [...Before, First]>
  : Shape;

type FromEnd<
  S extends Shape,
  N extends number,
  Keep,
  After extends Shape = readonly [],
> = S extends readonly [...infer Rest extends Shape, infer Last extends Dim]
  ? [...After, Last]['length'] extends N
    ? readonly [...Rest, ...Gap<Keep>, ...After]
    : FromEnd<Rest, N, Keep, readonly [Last, ...After]>
  : Shape;

/** A shape that is asked for, where -1 stands for a size that is not known here. */
export type Reshaped<S extends Shape> =
  IsOpen<S> extends true ? Shape : { readonly [I in keyof S]: S[I] extends -1 ? Dim : S[I] };
