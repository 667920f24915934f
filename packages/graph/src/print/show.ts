// Turns a graph into a line of mathematics. The walk is one; what differs between text and LaTeX
// is a Notation. It knows sums, products and powers; function names come from the rows.
import { checkNames } from '../checks.ts';
import { isConst } from '../leaves.ts';
import { checkNode, isLeaf, type Node, type NodeOf, nameOf, type OpName } from '../node.ts';
import { type Budget, isScalar, type Monomial, wholeMonomialOf } from '../rewrite/monomial.ts';
import { isTransposition } from '../structural.ts';
import {
  along,
  type Index,
  lettersFor,
  lettersOf,
  type ParamSizes,
  softmaxOf,
} from './indices.ts';
import {
  axesInText,
  isClosed,
  isMark,
  isSilent,
  type Layouts,
  layOut,
  layoutIn,
  type Need,
  needOf,
  placed,
  restored,
} from './layout.ts';
import {
  ATOM,
  HADAMARD,
  type MovingOp,
  type Names,
  type Notation,
  type Piece,
  POWER,
  PRODUCT,
  type ReductionOp,
  type RelationSign,
  SUM,
} from './notation.ts';
import { fractionOf, logarithmOf } from './numbers.ts';

/** Pieces and depth beyond which a print has an ellipsis: a shared graph can be endlessly long. */
const MAX_PIECES = 4000;
const MAX_DEPTH = 250;
/** Parts of products that are read in one print, however often they are shared. */
const MAX_PARTS = 100_000;
const ELLIPSIS: Piece = { text: '...', binds: ATOM };

interface Printer {
  readonly notation: Notation;
  readonly names: Names;
  /** The letters of the sums around, by the dimension that each runs over. */
  readonly index: Index;
  /** Letters of sums around, also of those that this node does not vary with. */
  readonly taken: string;
  readonly depth: number;
  readonly count: Budget & { pieces: number };
  /** Where dimensions lie, in a language that is read as it stands. */
  readonly layouts: Layouts | undefined;
  readonly sizes: ParamSizes;
}

/** One line for a node; nodes with a name inside it appear as their names. */
export function show(root: Node, notation: Notation, names: Names = new Map()): string {
  checkNode(root);
  checkNames('names', names);
  const isNamed = (node: Node) => named({ names }, node) !== undefined;
  const laid = notation.repeat ? layOut(root, isNamed) : { root, layouts: undefined };
  const { layouts } = laid;
  const count = { pieces: 0, parts: MAX_PARTS };
  const start = { index: new Map(), taken: '', depth: 0, count, sizes: new Map() };
  const p = { notation, names, layouts, ...start };
  return placedAs(p, body(p, laid.root), laid.root, 'clear').text;
}

const named = (p: Pick<Printer, 'names'>, node: Node): string | undefined =>
  p.names.get(node) ?? nameOf(node);

/** The factors of a product as a reader sees them: one with a name is one. */
const monomialIn = (p: Printer, node: Node): Monomial | undefined =>
  wholeMonomialOf(node, (n) => isOne(p, n), p.count);

/** A name, or what must not be read as its parts. */
const isOne = (p: Printer, node: Node): boolean =>
  named(p, node) !== undefined || (p.layouts !== undefined && isClosed(node, p.layouts));

function piece(p: Printer, node: Node): Piece {
  const name = named(p, node);
  return name === undefined ? body(p, node) : indexed(p, node, p.notation.name(name, node));
}

/** The piece with the letters of the sums around it. */
function indexed(p: Printer, node: Node, x: Piece): Piece {
  const letters = lettersOf(p.index, node);
  return letters.length === 0 || !p.notation.indexed ? x : p.notation.indexed(x, letters);
}

/** The piece of a source of `user`, with all that the op needs of its shape. */
const whole = (p: Printer, node: Node, user: Node): Piece =>
  placedAs(p, piece(p, node), node, p.layouts ? needOf(user, p.layouts) : 'whole');

const placedAs = (p: Printer, x: Piece, node: Node, need: Need): Piece =>
  p.layouts ? placed(p.notation, x, layoutIn(p.layouts, node), node.shape, need) : x;

const fitted = (p: Printer, node: Node, binds: number): string => fit(p, piece(p, node), binds);

/** The text of a piece where something that binds as tightly as `binds` is needed. */
const fit = (p: Printer, x: Piece, binds: number): string =>
  x.binds < binds ? p.notation.group(x.text) : x.text;

/** A number to the reader: a scalar, or an entry of a tensor whose letters are all there. */
const isNumber = (p: Printer, node: Node): boolean =>
  isScalar(node) ||
  (p.index.size > 0 && node.shape.every((d, axis) => d === 1 || p.index.has(axis)));

function body(outer: Printer, node: Node): Piece {
  const p = { ...outer, depth: outer.depth + 1 };
  if (++p.count.pieces > MAX_PIECES || p.depth > MAX_DEPTH) return ELLIPSIS;
  const { notation } = p;
  switch (node.op) {
    case 'add':
      return showSum(p, node);
    case 'const':
      if (!Number.isFinite(node.attr.value)) return infinite(notation, node.attr.value);
      return showProduct(p, monomialIn(p, node), node);
    case 'mul':
      return showWholeProduct(p, node);
    case 'pow':
      return showPower(p, node.src[0]!, node.attr.exponent, isNumber(p, node));
    case 'matmul':
      return showMatmul(p, node);
    case 'expand':
      return piece(through(p, node), node.src[0]!);
    case 'permute':
      return showPermute(p, node.src[0]!, node.attr.axes, node);
    case 'sum':
    case 'maxOver':
    case 'logsumexp':
    case 'prod':
    case 'norm':
      return showReduction(p, node);
    case 'iota':
      return indexed(p, node, notation.move(node, ELLIPSIS));
    case 'reshape':
      if (p.layouts && isMark(node)) return whole(p, node.src[0]!, node);
      return moved(p, node);
    case 'slice':
    case 'pad':
    case 'flip':
      return moved(p, node);
    case 'power':
      return notation.raised(piece(p, node.src[0]!), piece(p, node.src[1]!));
    case 'less':
    case 'lessEqual':
    case 'equal':
      return showRelation(p, node);
    case 'where':
      return showChoice(p, node.src as [Node, Node, Node]);
    case 'size':
      return notation.name(node.attr.dim, node);
    case 'input':
    case 'param':
    case 'hole':
      return indexed(p, node, notation.name(leafName(node), node));
    default:
      return showCall(p, node);
  }
}

/** Infinity is no coefficient. */
const infinite = (notation: Notation, value: number): Piece => ({
  text: value < 0 ? `-${notation.number(-value)}` : notation.number(value),
  binds: value < 0 ? SUM : ATOM,
});

const leafName = (node: Node): string =>
  nameOf(node) ?? (node.op === 'hole' ? 'xyzuvw'.charAt(node.attr.index) : `unnamed ${node.op}`);

/** The printer for the source of a view or a reduction. */
const through = (p: Printer, node: Node): Printer => ({ ...p, index: along(p.index, node) });
const plain = (p: Printer): Printer => ({ ...p, index: new Map() });

function showCall(p: Printer, node: Node): Piece {
  const softmax = node.op === 'exp' ? softmaxOf(node) : undefined;
  if (!softmax) {
    const args = node.src.map((s) => piece(p, s).text);
    return p.notation.call(node.op, args, node.attr);
  }
  const { x, axis } = softmax;
  return indexed(p, node, p.notation.softmax(placedAs(p, piece(plain(p), x), x, 'exact'), axis));
}

function showMatmul(p: Printer, node: Node): Piece {
  const last = node.shape.length - 1;
  // A letter of the columns is one of the right side: (W X)^{(i)} = W X^{(i)}.
  const onRight = [...p.index.keys()].every((axis) => axis === last);
  const inner = onRight ? p : plain(p);
  const [a, b] = node.src as [Node, Node];
  // Read from the left, `A * (B * C)` needs its parentheses.
  const right = fit(p, whole(inner, b, node), p.notation.leftToRight ? POWER : PRODUCT);
  const text = `${fit(p, whole(plain(p), a, node), PRODUCT)}${p.notation.matmul}${right}`;
  const product = { text, binds: PRODUCT };
  return onRight ? product : indexed(p, node, product);
}

const moved = (p: Printer, node: Node & { op: MovingOp }): Piece =>
  indexed(p, node, p.notation.move(node, whole(plain(p), node.src[0]!, node)));

function showPermute(p: Printer, source: Node, axes: readonly number[], node: Node): Piece {
  const x = whole(plain(p), source, node);
  const { transpose, reorder } = p.notation;
  return indexed(p, node, isTransposition(axes) ? transpose(x) : reorder(x, axes));
}

function showReduction(p: Printer, node: Node & { op: ReductionOp }): Piece {
  const inner = through(p, node);
  if (p.layouts && isSilent(node)) return piece(inner, node.src[0]!);
  const { axes } = node.attr;
  const letters: Index =
    node.op !== 'logsumexp' && node.op !== 'norm' && p.notation.indexed
      ? lettersFor(node.src[0]!, axes, p.taken, (n) => named(p, n) !== undefined, p.sizes)
      : new Map();
  const index = new Map([...inner.index, ...letters]);
  const taken = [p.taken, ...letters.values()].join('');
  const x = whole({ ...inner, index, taken }, node.src[0]!, node);
  const inText = p.layouts ? axesInText(node, p.layouts) : axes;
  return p.notation.reduce(node.op, x, node, letters, inText);
}

/** A number stands on the right: x > 0, not 0 < x. */
function showRelation(p: Printer, node: Node): Piece {
  const turned = isConst(node.src[0]!);
  const [a, b] = (turned ? node.src.toReversed() : node.src).map((s) => piece(p, s));
  return p.notation.relation(a!, RELATIONS.get(node.op)![turned ? 1 : 0], b!);
}

/** The signs of comparisons, and of the same from right to left. */
const RELATIONS: ReadonlyMap<OpName, readonly [RelationSign, RelationSign]> = new Map([
  ['less', ['<', '>']],
  ['lessEqual', ['<=', '>=']],
  ['equal', ['==', '==']],
]);

function showChoice(p: Printer, [condition, a, b]: readonly [Node, Node, Node]): Piece {
  const [c, ifTrue, ifFalse] = [condition, a, b].map((s) => piece(p, s)) as [Piece, Piece, Piece];
  if (isConst(a, 1) && isConst(b, 0) && RELATIONS.has(condition.op)) return c;
  const keeps = c.opposite !== undefined && isConst(b, 0);
  const drops = c.opposite !== undefined && isConst(a, 0);
  if (!keeps && !drops) return p.notation.choice(c, ifTrue, ifFalse);
  const joint = isNumber(p, condition) ? p.notation.scale : p.notation.hadamard;
  const [kept, mask] = keeps ? [ifTrue, c.text] : [ifFalse, c.opposite!];
  if (isConst(keeps ? a : b, 1)) return { text: mask, binds: ATOM };
  return { text: `${fit(p, kept, HADAMARD)}${joint}${mask}`, binds: HADAMARD };
}

interface Term {
  readonly p: Printer;
  readonly node: Node;
}

/** The node below unnamed expands, which nobody writes. */
function stripped({ p, node }: Term): Term {
  if (node.op !== 'expand' || named(p, node) !== undefined) return { p, node };
  return stripped({ p: through(p, node), node: node.src[0]! });
}

/** Terms with their signs; the first positive one leads. */
function showSum(p: Printer, node: Node): Piece {
  const terms: Term[] = [];
  const stack: Term[] = [{ p, node }];
  while (stack.length > 0 && terms.length < MAX_PIECES) {
    const top = stripped(stack.pop()!);
    const open = top.node.op === 'add' && (top.node === node || named(p, top.node) === undefined);
    if (open) stack.push(...top.node.src.map((s) => ({ p: top.p, node: s })).reverse());
    else terms.push(top);
  }
  const signed = terms.map(signedPiece);
  const ordered = [...signed.filter((t) => !t.minus), ...signed.filter((t) => t.minus)];
  const text = ordered
    .map(({ minus, text }, i) =>
      i === 0 ? `${minus ? '-' : ''}${text}` : ` ${minus ? '-' : '+'} ${text}`,
    )
    .join('');
  return { text, binds: SUM };
}

function signedPiece({ p, node }: Term): { minus: boolean; text: string } {
  if (p.count.pieces > MAX_PIECES) return { minus: false, text: ELLIPSIS.text };
  const isNumber = node.op === 'const' && Number.isFinite(node.attr.value);
  const isProduct = node.op === 'mul' || isNumber;
  const product = named(p, node) === undefined && isProduct;
  const m = product ? monomialIn(p, node) : undefined;
  if (!m || m.coefficient >= 0) return { minus: false, text: fitted(p, node, SUM) };
  const positive = showWholeProduct(p, node, { ...m, coefficient: -m.coefficient });
  return { minus: true, text: fit(p, positive, HADAMARD) };
}

/** A factor and its exponent, printed with the letters that reach it. */
interface Factor extends Term {
  readonly e: number;
}

function factorOf(p: Printer, node: Node, e: number): Factor {
  const inner = stripped({ p, node });
  const power = inner.node.op === 'pow' && named(inner.p, inner.node) === undefined;
  if (!power) return { p: isScalar(node) ? plain(p) : p, node, e };
  const { src, attr } = inner.node as NodeOf<'pow'>;
  return { p: inner.p, node: src[0]!, e: e * attr.exponent };
}

/** The product; factors that cancel must not take their dimensions with them. */
function showWholeProduct(p: Printer, node: Node, m = monomialIn(p, node)): Piece {
  const x = showProduct(p, m, node);
  return p.layouts && m ? restored(p.notation, x, p.layouts, node, [...m.factors.keys()]) : x;
}

/** A scale such as 1/m, then the factors, divisors below a line. */
function showProduct(p: Printer, m: Monomial | undefined, node: Node): Piece {
  if (!m) return ELLIPSIS;
  if (m.coefficient < 0) {
    const positive = showProduct(p, { ...m, coefficient: -m.coefficient }, node);
    return { text: `-${fit(p, positive, HADAMARD)}`, binds: SUM };
  }
  const inScale = (f: Node, e: number) => isScalar(f) && (!isScalar(node) || isLeaf(f) || e < 0);
  const entries = [...m.factors];
  const factors = (wanted: boolean): Factor[] =>
    entries.filter(([f, e]) => inScale(f, e) === wanted).map(([f, e]) => factorOf(p, f, e));
  const scale = showScale(p, m.coefficient, factors(true));
  const rest = factors(false);
  const number = isNumber(p, node);
  const numerator = showFactors(p, rest.filter(isAbove), number);
  const below = rest.filter((f) => !isAbove(f)).map((f) => ({ ...f, e: -f.e }));
  if (below.length === 0) return joinScale(p, scale, numerator);
  const denominator = showFactors(p, below, number)!;
  const top = numerator ?? { text: '1', binds: ATOM };
  return joinScale(p, scale, p.notation.quotient(top, denominator, number));
}

const isAbove = ({ e }: Factor): boolean => e > 0;

function joinScale(p: Printer, scale: Piece | undefined, rest: Piece | undefined): Piece {
  if (!scale) return rest ?? { text: '1', binds: ATOM };
  if (!rest) return scale;
  const body = fit(p, rest, HADAMARD);
  const binds = rest.binds < HADAMARD ? PRODUCT : Math.min(rest.binds, PRODUCT);
  const joint = /^\d/.test(body) ? p.notation.dot : p.notation.scale;
  return { text: `${fit(p, scale, PRODUCT)}${joint}${body}`, binds };
}

/** The number in front: a coefficient and scalars, as one fraction. */
function showScale(
  p: Printer,
  coefficient: number,
  factors: readonly Factor[],
): Piece | undefined {
  const raise = ({ p, node, e }: Factor) => showPower(p, node, Math.abs(e), true);
  const above = factors.filter(isAbove).map(raise);
  const below = factors.filter((f) => !isAbove(f)).map(raise);
  const number = (value: number): Piece => ({ text: p.notation.number(value), binds: ATOM });
  const n = logarithmOf(coefficient);
  const [top, bottom] = n ? [1, 1] : fractionOf(coefficient);
  if (n) above.unshift(p.notation.call('log', [String(n)], {}));
  if (top !== 1) above.unshift(number(top));
  if (bottom !== 1) below.unshift(number(bottom));
  if (above.length + below.length === 0) return undefined;
  const join = (list: readonly Piece[]): Piece =>
    list.length === 1
      ? list[0]!
      : { text: list.map((x) => fit(p, x, PRODUCT)).join(p.notation.scale), binds: PRODUCT };
  const numerator = above.length > 0 ? join(above) : number(1);
  return below.length > 0 ? p.notation.quotient(numerator, join(below), true) : numerator;
}

function showFactors(p: Printer, factors: readonly Factor[], number: boolean): Piece | undefined {
  if (factors.length === 0) return undefined;
  const pieces = factors.map((f) => showPower(f.p, f.node, f.e, number));
  if (pieces.length === 1) return pieces[0]!;
  const joint = number ? p.notation.scale : p.notation.hadamard;
  // Read from the left, `a .* (B * C)` needs its parentheses.
  const tight = p.notation.leftToRight ? POWER : PRODUCT;
  const text = pieces.map((x, i) => fit(p, x, i === 0 ? PRODUCT : tight)).join(joint);
  return { text, binds: HADAMARD };
}

function showPower(p: Printer, base: Node, exponent: number, number: boolean): Piece {
  const x = piece(p, base);
  if (exponent === 1) return x;
  if (exponent > 0) return p.notation.power(x, exponent);
  const below = exponent === -1 ? x : p.notation.power(x, -exponent);
  return p.notation.quotient({ text: '1', binds: ATOM }, below, number);
}
