// Reads a source file into the few facts the laws ask about. It knows syntax, not the laws.
import ts from 'typescript';

export interface Import {
  readonly from: string;
  readonly line: number;
  readonly kind: 'value' | 'type' | 'dynamic';
  /** The names taken, where the statement lists them. */
  readonly names: readonly string[];
}

/** Something the syntax of a file holds, with its place. */
export interface Mark {
  readonly kind: 'class' | 'enum' | 'default export' | 'statement';
  /** The name of a class or enum; the text of a statement. */
  readonly name: string;
  readonly line: number;
}

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  readonly marks: readonly Mark[];
  /** Uses such as `Math.random` or `console.log`, and calls of a bare name such as `fetch`. */
  readonly uses: readonly { readonly name: string; readonly line: number }[];
}

const named = (clause: ts.NamedImportBindings | ts.NamedExportBindings | undefined): string[] =>
  clause && (ts.isNamedImports(clause) || ts.isNamedExports(clause))
    ? clause.elements.map((element) => (element.propertyName ?? element.name).text)
    : [];

/** Declarations do nothing when a file is loaded; everything else does. */
const declares = (node: ts.Statement): boolean =>
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node) ||
  ts.isExportAssignment(node) ||
  ts.isFunctionDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isEnumDeclaration(node) ||
  ts.isModuleDeclaration(node) ||
  ts.isVariableStatement(node);

/** `import(...)` and `import x from`, `export x from`, and the type `import('...')`. */
function importOf(node: ts.Node): Omit<Import, 'line'> | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause;
    const bindings = clause?.namedBindings;
    const types =
      bindings && ts.isNamedImports(bindings) && bindings.elements.length > 0
        ? !clause.name && bindings.elements.every((element) => element.isTypeOnly)
        : false;
    const kind = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || types ? 'type' : 'value';
    return { from: node.moduleSpecifier.text, kind, names: named(bindings) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    const from = (node.moduleSpecifier as ts.StringLiteral).text;
    return { from, kind: node.isTypeOnly ? 'type' : 'value', names: named(node.exportClause) };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    const from = argument && ts.isStringLiteralLike(argument) ? argument.text : '(computed)';
    return { from, kind: 'dynamic', names: [] };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { from: (node.argument.literal as ts.StringLiteral).text, kind: 'type', names: [] };
  }
  return undefined;
}

function markOf(node: ts.Node): Omit<Mark, 'line'> | undefined {
  if (ts.isClassLike(node)) return { kind: 'class', name: node.name?.text ?? '(nameless)' };
  if (ts.isEnumDeclaration(node)) return { kind: 'enum', name: node.name.text };
  if (ts.isExportAssignment(node)) return { kind: 'default export', name: 'default' };
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) {
    return { kind: 'default export', name: 'default' };
  }
  if (ts.isExportSpecifier(node) && node.name.text === 'default') {
    return { kind: 'default export', name: 'default' };
  }
  return undefined;
}

function useOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    return `${node.expression.text}.${node.name.text}`;
  }
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  return ts.isIdentifier(node.expression) ? node.expression.text : undefined;
}

/** The facts of one file. */
export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const marks: Mark[] = [];
  const uses: { name: string; line: number }[] = [];
  const lineOf = (node: ts.Node) =>
    file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;

  const visit = (node: ts.Node): void => {
    const line = lineOf(node);
    const found = importOf(node);
    if (found) imports.push({ ...found, line });
    const mark = markOf(node);
    if (mark) marks.push({ ...mark, line });
    // `export default class` is two marks in one node.
    if (mark?.kind === 'class' && ts.canHaveModifiers(node)) {
      const words = ts.getModifiers(node)?.map(({ kind }) => kind) ?? [];
      if (words.includes(ts.SyntaxKind.DefaultKeyword)) {
        marks.push({ kind: 'default export', name: 'default', line });
      }
    }
    const use = useOf(node);
    if (use) uses.push({ name: use, line });
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const statement of file.statements) {
    if (declares(statement)) continue;
    const name = statement.getText(file).split('\n')[0]!;
    marks.push({ kind: 'statement', name, line: lineOf(statement) });
  }
  return { path, lines: text.replace(/\n$/, '').split('\n'), imports, marks, uses };
}
