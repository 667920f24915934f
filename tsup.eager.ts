// Has V8 compile functions together with the file that they are in.
import remapping from '@jridgewell/remapping';
import MagicString from 'magic-string';
import type { Options } from 'tsup';
import ts from 'typescript';

/**
 * A function is parsed twice, and compiled at its first call, unless it stands in parentheses:
 * engines take that as the hint that it is called at once. This plugin gives the hint to the
 * arrow functions, function expressions and functions at the top of some modules. The latter
 * become variables, in front of the rest of the file, where nothing is called before it is there;
 * that asks for chunks that do not import each other in a circle.
 * @param modules patterns of paths in `src`, without the ending: `['node', 'rewrite/.*']`
 */
export function eager(modules: readonly string[]): NonNullable<Options['plugins']>[number] {
  const sources = new RegExp(`^src/(${modules.join('|')})\\.ts$`);
  return {
    name: 'eager',
    renderChunk: (code, info) => {
      if (info.type !== 'chunk' || !info.path.endsWith('.js')) return undefined;
      const text = new MagicString(code);
      for (const { source, statement } of statementsOf(code)) {
        if (sources.test(source)) mark(text, statement);
      }
      if (!text.hasChanged()) return undefined;
      // Not returned: tsup would make a source of the bundle.
      const map = text.generateMap({ hires: 'boundary' }).toString();
      info.map = remapping([map, info.map as string], () => null).toString();
      return { code: text.toString() };
    },
  };
}

function mark(text: MagicString, statement: ts.Statement): void {
  const put = (before: string, node: ts.Node, after: string): void => {
    text.appendRight(node.getStart(), before).appendLeft(node.getEnd(), after);
  };
  const hint = (node: ts.Node): void => {
    if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) put('(', node, ')');
    ts.forEachChild(node, hint);
  };
  ts.forEachChild(statement, hint);
  if (!ts.isFunctionDeclaration(statement)) return;
  const name = statement.name!;
  put(`var ${name.text} = (`, statement, ');\n');
  text.remove(name.getStart(), name.getEnd());
  text.move(statement.getStart(), statement.getEnd(), 0);
}

/** The statements of a bundle, with their sources: esbuild writes a source before what is of it. */
function statementsOf(code: string): { source: string; statement: ts.Statement }[] {
  const starts = [...code.matchAll(/^\/\/ (src\/\S+)$/gm)];
  const file = ts.createSourceFile('bundle.js', code, ts.ScriptTarget.Latest, true);
  let next = 0;
  return file.statements.map((statement) => {
    while ((starts[next]?.index ?? Infinity) < statement.getStart()) next++;
    return { source: starts[next - 1]?.[1] ?? '', statement };
  });
}
