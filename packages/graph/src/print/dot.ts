// A graph as a picture: text for Graphviz. It knows nodes and attributes, and no op by name.
import { checkNames } from '../checks.ts';
import { type Node, nameOf, showShape, sourcesFirst } from '../node.ts';
import type { Names } from './notation.ts';

/**
 * Text for Graphviz: `toDot(J)`, then `dot -Tsvg`. A node shows its name, its op with attributes,
 * and below its shape; data flow along the arrows from left to right. Inputs are ellipses,
 * parameters double ones, numbers plain. The same graph gives the same text.
 * @param names names that hold in this picture only
 */
export function toDot(roots: Node | readonly Node[], names: Names = new Map()): string {
  checkNames('toDot', names);
  const nodes = sourcesFirst(Array.isArray(roots) ? roots : [roots as Node]);
  const id = new Map(nodes.map((node, i) => [node, `n${i}`]));
  const lines = nodes.flatMap((node) => {
    const label = quoted(labelOf(node, names.get(node) ?? nameOf(node)));
    return [
      `  ${id.get(node)!} [label=${label}${LEAVES.get(node.op) ?? ''}];`,
      ...node.src.map((s) => `  ${id.get(s)!} -> ${id.get(node)!};`),
    ];
  });
  return ['digraph {', '  ordering=in;', '  node [shape=box];', ...lines, '}'].join('\n');
}

/** How leaves differ from boxes. */
const LEAVES: ReadonlyMap<string, string> = new Map([
  ['input', ', shape=ellipse'],
  ['param', ', shape=ellipse, peripheries=2'],
  ['const', ', shape=plaintext'],
  ['size', ', shape=plaintext'],
]);

function labelOf(node: Node, name: string | undefined): string {
  const title = [name, name !== undefined && node.src.length === 0 ? undefined : opOf(node)];
  const line = title.filter((part) => part !== undefined).join(' = ');
  return `${line}\n${showShape(node.shape)}`;
}

/** The op with its attributes, `sum axes=[0]`; of a number, the number alone. */
function opOf(node: Node): string {
  const { op } = node;
  if (op === 'const') return String(node.attr.value);
  if (op === 'size') return node.attr.dim;
  if (op === 'custom') return node.attr.name;
  if (op === 'input' || op === 'param') return op;
  const attr = Object.entries(node.attr as Readonly<Record<string, unknown>>);
  return [op, ...attr.map(([field, value]) => `${field}=${shown(value)}`)].join(' ');
}

const shown = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(shown).join(', ')}]`
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

/** A Graphviz string: a line end is \n; quotes and backslashes are themselves. */
const quoted = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replace(/\r?\n/g, '\\n')}"`;
