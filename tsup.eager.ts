// Has V8 compile functions together with the file that they are in.
import MagicString from 'magic-string';
import type { Options } from 'tsup';
import ts from 'typescript';

/**
 * A function is parsed twice, and compiled at its first call, unless it stands in parentheses:
 * engines take that as the hint that it is called at once. This plugin gives the hint to all
 * functions of the sources that match, the ones that every training runs. They end up in front
 * of the rest of the file, where nothing is called before it is there.
 * @param sources e.g. `/^src\/rewrite\//`
 */
export const eager = (sources: RegExp): NonNullable<Options['plugins']>[number] => ({
  name: 'eager',
  renderChunk: (code, { path, type }) => {
    if (type !== 'chunk' || !path.endsWith('.js')) return undefined;
    const text = new MagicString(code);
    const put = (before: string, node: ts.Node, after: string): void => {
      text.appendRight(node.getStart(), before).appendLeft(node.getEnd(), after);
    };
    const hint = (node: ts.Node): void => {
      if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) put('(', node, ')');
      ts.forEachChild(node, hint);
    };
    for (const { source, statement } of statementsOf(code)) {
      if (!sources.test(source)) continue;
      ts.forEachChild(statement, hint);
      if (!ts.isFunctionDeclaration(statement)) continue;
      put(`var ${statement.name!.text} = (`, statement, ');\n');
      text.move(statement.getStart(), statement.getEnd(), 0);
    }
    const map = text.generateMap({ source: path, hires: 'boundary' });
    return { code: text.toString(), map: { ...map, sources: [path] } };
  },
});

/** The statements of a bundle, with the sources that they are from: esbuild names each once. */
function statementsOf(code: string): { source: string; statement: ts.Statement }[] {
  const starts = [...code.matchAll(/^\/\/ (.+)$/gm)];
  const file = ts.createSourceFile('bundle.js', code, ts.ScriptTarget.Latest, true);
  let next = 0;
  return file.statements.map((statement) => {
    while ((starts[next]?.index ?? Infinity) < statement.getStart()) next++;
    return { source: starts[next - 1]?.[1] ?? '', statement };
  });
}
