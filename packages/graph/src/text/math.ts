// Formulas as text become the same nodes as ops called as functions. It knows names, operators and
// where things stand; shapes are checked by the ops.
import { type ChainruleError, FormulaError, NameError, ShapeError } from '../errors.ts';
import { constant, isConst, size } from '../leaves.ts';
import { isLeaf, isNode, type Node, named } from '../node.ts';
import * as op from '../ops.ts';
import { type MathNode, parseStatement } from './parse.ts';
import { locate, type Statement, type SyntaxNode, statements } from './source.ts';

/** What a formula may refer to: nodes, and numbers. */
export type Bindings = Readonly<Record<string, Node | number>>;

/** Every name of a formula: the bindings, and what each line defines. */
export type Formula<B> = { readonly [K in keyof B]: Node } & Readonly<Record<string, Node>>;

/**
 * Reads formulas: one definition a line (or separated by `;`), `#` starts a comment. `*` is the
 * matrix product, `.*` `./` `.^` are elementwise, `'` transposes, `c ? a : b` chooses; sizes of
 * bindings, such as m, are numbers. Inputs and parameters take the names that they are bound to.
 *
 *     const { J } = math({ X: input('n', 'm'), w: param('n', 1) })`J = mean(w' * X)`
 *
 * @throws FormulaError, NameError, ShapeError with line, column and a caret
 */
export function math<const B extends Bindings>(
  bindings: B,
): (text: TemplateStringsArray | string, ...values: readonly unknown[]) => Formula<B> {
  return (text, ...values) => {
    const source = typeof text === 'string' ? text : String.raw({ raw: text.raw }, ...values);
    return readFormula(bindings, source) as Formula<B>;
  };
}

interface Scope {
  readonly names: Map<string, Node>;
  readonly sizes: ReadonlySet<string>;
}

interface Place {
  readonly statement: Statement;
  readonly where: ReadonlyMap<MathNode, number>;
}

function readFormula(bindings: Bindings, source: string): Record<string, Node> {
  const names = new Map<string, Node>();
  const sizes = new Set<string>();
  for (const [name, value] of Object.entries(bindings)) {
    const node = typeof value === 'number' ? constant(value) : value;
    checkBinding(name, node);
    names.set(name, isLeaf(node) && !isConst(node) ? named(node, name) : node);
    for (const dim of node.shape) if (typeof dim === 'string') sizes.add(dim);
  }
  for (const statement of statements(source)) {
    notTooDeep(statement, () => readStatement(statement, { names, sizes }));
  }
  return Object.fromEntries(names);
}

function checkBinding(name: string, node: unknown): void {
  if (!/^[A-Za-z]\w*$/.test(name)) {
    throw new NameError(
      `math: ${JSON.stringify(name)} is no name.\n  fix: use letters and digits.`,
    );
  }
  if (isNode(node)) return;
  throw new NameError(
    `math: ${name} is ${String(node)}, not a node.`,
    'bind it to input(...), param(...), a number or another node.',
  );
}

function readStatement(statement: Statement, scope: Scope): void {
  if (statement.unclosed !== undefined) {
    const fix = 'close it; a formula may go on over several lines inside parentheses.';
    throw new FormulaError(frame(statement, statement.unclosed, 'this is not closed.', fix));
  }
  const tree = parseOrExplain(statement);
  const where = locate(tree, statement.text);
  const place = { statement, where };
  const n = tree as unknown as SyntaxNode;
  if (n.type !== 'AssignmentNode' || n.index) {
    const what = 'this line defines nothing.';
    throw new FormulaError(frame(statement, 0, what, 'write name = formula.'));
  }
  const { name } = n.object as unknown as { name: string };
  if (scope.names.has(name)) {
    const fix = `choose another name for this ${name}.`;
    throw at(place, n.object, NameError, `${name} is defined already.`, fix);
  }
  const value = translate(n.value, scope, place);
  scope.names.set(name, named(value, name));
}

/** Trees are walked by recursion: a formula that is too deep for it is an error like others. */
function notTooDeep(statement: Statement, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const fix = 'define parts of it on lines of their own.';
    throw new FormulaError(frame(statement, 0, 'the formula is nested too deeply.', fix));
  }
}

function parseOrExplain(statement: Statement): MathNode {
  try {
    return parseStatement(statement.text);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const { message, char } = error as Error & { char?: number };
    const what = message.replace(/ \(char \d+\)$/, '').replace(/\.?$/, '.');
    const offset = Math.min((char ?? 1) - 1, statement.text.length);
    const fix = 'complete the formula; mathjs syntax, with .* ./ .^ for elementwise.';
    throw new FormulaError(frame(statement, offset, what, fix));
  }
}

/** The longest part of a line that an error shows. */
const SHOWN = 72;

/** The message of an error in a formula: the line, a caret, what, and the fix. */
function frame(statement: Statement, offset: number, what: string, fix: string): string {
  const at = statement.pieces.findLast((piece) => piece.offset <= offset)!;
  const column = offset - at.offset;
  const from = column > SHOWN ? column - SHOWN / 2 : 0;
  const before = from > 0 ? '... ' : '';
  const after = at.text.length > from + SHOWN ? ' ...' : '';
  const shown = `${before}${at.text.slice(from, from + SHOWN)}${after}`;
  return [
    `in  ${shown}   (line ${at.line}, column ${at.column + column})`,
    `    ${' '.repeat(before.length + column - from)}^`,
    ...what.split('\n').map((row) => `  ${row.trim()}`),
    ...(fix ? [`  fix: ${fix}`] : []),
  ].join('\n');
}

type ErrorClass = new (message: string) => ChainruleError;

function at(
  place: Place,
  node: MathNode,
  kind: ErrorClass,
  what: string,
  fix: string,
): ChainruleError {
  return new kind(frame(place.statement, place.where.get(node) ?? 0, what, fix));
}

function translate(tree: MathNode, scope: Scope, place: Place): Node {
  const n = tree as unknown as SyntaxNode;
  const read = (child: MathNode): Node => translate(child, scope, place);
  const located = (build: () => Node): Node => {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw at(place, tree, ShapeError, error.message.replace(/^\w+: /, ''), '');
    }
  };
  switch (n.type) {
    case 'SymbolNode':
      return lookUp(n.name, tree, scope, place);
    case 'ConstantNode':
      if (typeof n.value === 'number') return constant(n.value);
      throw at(place, tree, FormulaError, `${String(n.value)} is no number.`, 'use numbers only.');
    case 'ParenthesisNode':
      return read(n.content);
    case 'OperatorNode': {
      const operands = n.args.map(read);
      const build = OPERATORS[n.fn];
      if (build) return located(() => build(...operands));
      throw at(place, tree, FormulaError, `the operator ${n.op} is not known.`, KNOWN_OPERATORS);
    }
    case 'ConditionalNode': {
      const [c, a, b] = [n.condition, n.trueExpr, n.falseExpr].map(read);
      return located(() => op.where(c!, a!, b!));
    }
    case 'RelationalNode': {
      const operands = n.params.map(read);
      const parts = n.conditionals.map((fn, i) =>
        located(() => OPERATORS[fn]!(operands[i]!, operands[i + 1]!)),
      );
      return located(() => parts.reduce((a, b) => op.mul(a, b)));
    }
    case 'FunctionNode':
      return callFunction(n, tree, scope, place, located);
    default: {
      const { type } = n as { type: string };
      const what = `${STRANGERS.get(type) ?? 'this'} is not part of formulas.`;
      throw at(place, tree, FormulaError, what, 'use operators, functions and names.');
    }
  }
}

/** What mathjs can read beyond formulas, for messages. */
const STRANGERS: ReadonlyMap<string, string> = new Map([
  ['ArrayNode', 'an array'],
  ['AccessorNode', 'an entry'],
  ['AssignmentNode', 'a definition inside another'],
  ['ObjectNode', 'an object'],
  ['RangeNode', 'a range'],
]);

function lookUp(name: string, tree: MathNode, scope: Scope, place: Place): Node {
  const node = scope.names.get(name);
  if (node) return node;
  if (scope.sizes.has(name)) return size(name);
  if (name === 'pi') return constant(Math.PI);
  if (name === 'e') return constant(Math.E);
  const known = [...scope.names.keys(), ...scope.sizes].join(', ');
  const fix = `define ${name} on a line above, or bind it: math({ ${name}: input(...) }).`;
  throw at(place, tree, NameError, `${name} is not defined. Known: ${known}.`, fix);
}

/** Numbers multiply anything; matrices multiply as matrices. */
function times(a: Node, b: Node): Node {
  return a.shape.length === 0 || b.shape.length === 0 ? op.mul(a, b) : op.matmul(a, b);
}

function over(a: Node, b: Node): Node {
  if (b.shape.length === 0) return op.div(a, b);
  throw new ShapeError('/: the divisor is a matrix.\nfix: use ./ to divide element by element.');
}

function power(a: Node, b: Node): Node {
  if (a.shape.length === 0) return op.pow(a, b);
  throw new ShapeError('^: the base is a matrix.\nfix: use .^ for the power of each element.');
}

const OPERATORS: Readonly<Record<string, (...x: Node[]) => Node>> = {
  add: (a, b) => op.add(a!, b!),
  subtract: (a, b) => op.sub(a!, b!),
  unaryMinus: (a) => op.neg(a!),
  unaryPlus: (a) => a!,
  multiply: (a, b) => times(a!, b!),
  dotMultiply: (a, b) => op.mul(a!, b!),
  divide: (a, b) => over(a!, b!),
  dotDivide: (a, b) => op.div(a!, b!),
  pow: (a, b) => power(a!, b!),
  dotPow: (a, b) => op.pow(a!, b!),
  ctranspose: (a) => op.transpose(a!),
  smaller: (a, b) => op.less(a!, b!),
  larger: (a, b) => op.greater(a!, b!),
  smallerEq: (a, b) => op.lessEqual(a!, b!),
  largerEq: (a, b) => op.greaterEqual(a!, b!),
  equal: (a, b) => op.equal(a!, b!),
  unequal: (a, b) => op.notEqual(a!, b!),
};
const KNOWN_OPERATORS = "use + - * .* / ./ ^ .^ ' < > <= >= == != and ?:.";

/** A function of formulas: how many nodes it takes, then how many plain numbers. */
interface TextFunction {
  readonly nodes: number;
  readonly numbers?: number;
  readonly build: (nodes: readonly Node[], numbers: readonly number[]) => Node;
}

const unary = (build: (x: Node) => Node): TextFunction => ({
  nodes: 1,
  build: ([x]) => build(x!),
});
const binary = (build: (a: Node, b: Node) => Node): TextFunction => ({
  nodes: 2,
  build: ([a, b]) => build(a!, b!),
});
const alongAxis = (build: (x: Node, axis?: number) => Node): TextFunction => ({
  nodes: 1,
  numbers: 1,
  build: ([x], [axis]) => build(x!, axis),
});

const FUNCTIONS: ReadonlyMap<string, TextFunction> = new Map(
  Object.entries({
    exp: unary(op.exp),
    log: unary(op.log),
    log1p: unary(op.log1p),
    expm1: unary(op.expm1),
    sqrt: unary(op.sqrt),
    square: unary(op.square),
    abs: unary(op.abs),
    sign: unary(op.sign),
    sin: unary(op.sin),
    cos: unary(op.cos),
    sinh: unary(op.sinh),
    cosh: unary(op.cosh),
    asinh: unary(op.asinh),
    acosh: unary(op.acosh),
    atanh: unary(op.atanh),
    erf: unary(op.erf),
    erfc: unary(op.erfc),
    erfcHazard: unary(op.erfcHazard),
    logErfc: unary(op.logErfc),
    log1mexp: unary(op.log1mexp),
    xlogx: unary(op.xlogx),
    sigmoid: unary(op.sigmoid),
    tanh: unary(op.tanh),
    relu: unary(op.relu),
    softplus: unary(op.softplus),
    transpose: unary(op.transpose),
    leakyRelu: { nodes: 1, numbers: 1, build: ([x], [slope]) => op.leakyRelu(x!, slope) },
    pow: binary(op.pow),
    max: binary(op.max),
    min: binary(op.min),
    hypot: binary(op.hypot),
    logaddexp: binary(op.logaddexp),
    matmul: binary(op.matmul),
    where: { nodes: 3, build: ([c, a, b]) => op.where(c!, a!, b!) },
    // As in NumPy, an axis counts from 0; here a reduced axis stays, so that rows stay rows.
    sum: alongAxis((x, axis) => op.sum(x, axis, { keepdims: axis !== undefined })),
    mean: alongAxis((x, axis) => op.mean(x, axis, { keepdims: axis !== undefined })),
    maxOver: alongAxis((x, axis) => op.maxOver(x, axis, { keepdims: axis !== undefined })),
    logsumexp: alongAxis((x, axis) => op.logsumexp(x, axis, { keepdims: axis !== undefined })),
    softmax: alongAxis((x, axis) => op.softmax(x, axis)),
    logSoftmax: alongAxis((x, axis) => op.logSoftmax(x, axis)),
  } satisfies Record<string, TextFunction>),
);

function callFunction(
  n: Extract<SyntaxNode, { type: 'FunctionNode' }>,
  tree: MathNode,
  scope: Scope,
  place: Place,
  located: (build: () => Node) => Node,
): Node {
  const name = n.fn.name ?? '';
  const known = FUNCTIONS.get(name);
  if (!known) {
    const list = [...FUNCTIONS.keys()].join(', ');
    const fix = scope.names.has(name)
      ? `write ${name} * (...) for a product.`
      : `use one of ${list}.`;
    throw at(place, tree, NameError, `the function ${name} is not known.`, fix);
  }
  const most = known.nodes + (known.numbers ?? 0);
  if (n.args.length < known.nodes || n.args.length > most) {
    const range = most > known.nodes ? `${known.nodes} to ${most}` : `${most}`;
    const takes = `${range} argument${most === 1 ? '' : 's'}`;
    const what = `${name} takes ${takes}, not ${n.args.length}.`;
    throw at(place, tree, FormulaError, what, `give ${name} ${takes}.`);
  }
  const args = n.args.map((arg) => translate(arg, scope, place));
  const numbers = args.slice(known.nodes).map((arg, i) => {
    if (arg.op === 'const') return arg.attr.value;
    const what = `argument ${known.nodes + i + 1} of ${name} must be a number.`;
    throw at(
      place,
      n.args[known.nodes + i]!,
      FormulaError,
      what,
      'write a number such as 0 or -1.',
    );
  });
  return located(() => known.build(args.slice(0, known.nodes), numbers));
}
