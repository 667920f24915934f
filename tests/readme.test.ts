// Runs what the READMEs show: every ts or js block is a module of its own, except that a block whose
// fence says `continue` (```ts continue) goes on where the block before it ended.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
// Inside the repository, where vitest transforms TypeScript and knows our packages' names.
const folder = `${root}tests/.snippets/`;

interface Snippet {
  /** The line of its first fence. */
  readonly line: number;
  readonly typed: boolean;
  readonly text: string;
}

/** The runnable blocks of a markdown text. */
function snippets(markdown: string): Snippet[] {
  const found: Snippet[] = [];
  const fences = /^( *)```(\S+)([^\n]*)\n([\s\S]*?)^ *```\s*$/gm;
  for (const { index, 2: language, 3: words, 4: text } of markdown.matchAll(fences)) {
    if (!/^(ts|js|typescript|javascript|mts|mjs)$/.test(language!)) continue;
    const line = markdown.slice(0, index).split('\n').length;
    const last = found.at(-1);
    if (!words!.split(/\s+/).includes('continue'))
      found.push({ line, typed: /ts$|^type/.test(language!), text: text! });
    else if (last) found[found.length - 1] = { ...last, text: `${last.text}\n${text}` };
    else throw new Error(`the block at line ${line} continues nothing`);
  }
  return found;
}

let modules = 0;

/** Writes a snippet where it can be run and checked. */
function write(text: string): string {
  mkdirSync(folder, { recursive: true });
  // The process in the name: another run of these tests may be under way.
  const file = `${folder}${process.pid}-${modules++}.ts`;
  writeFileSync(file, text);
  return file;
}

/** What the compiler says about the types of snippets: `line: message` for each. */
function typeErrors(texts: readonly string[]): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // A snippet may show a value and leave it there.
  const relaxed = {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    // As most users have it: every name of a formula is a node.
    noUncheckedIndexedAccess: false,
    noPropertyAccessFromIndexSignature: false,
  };
  const files = texts.map(write);
  const program = ts.createProgram(files, relaxed);
  return files.flatMap((file) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)!).map((problem) => {
      const at = problem.file!.getLineAndCharacterOfPosition(problem.start!);
      return `${at.line + 1}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
    }),
  );
}

/** Runs a snippet as a module; rejects when it throws or imports what is not there. */
function run(text: string): Promise<unknown> {
  const file = write(text);
  return import(/* @vite-ignore */ file).finally(() => rmSync(file));
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readmes = [
  'README.md',
  ...readdirSync(`${root}packages`).map((p) => `packages/${p}/README.md`),
];

describe.each(readmes)('%s', (path) => {
  const markdown = existsSync(root + path) ? readFileSync(root + path, 'utf8') : '';
  test('says what it is about', () => {
    expect(markdown).toMatch(/^# \S+/);
  });
  for (const { line, text } of snippets(markdown)) {
    test(`the snippet at line ${line} runs`, () => run(text), 120_000);
  }
  for (const { line, text } of snippets(markdown).filter(({ typed }) => typed)) {
    test(`the types of the snippet at line ${line} are right`, () => {
      expect(typeErrors([text])).toEqual([]);
    });
  }
});

describe('the runner', () => {
  const fence = (info: string, text: string) => `\`\`\`${info}\n${text}\n\`\`\`\n`;

  test('takes ts and js blocks, and joins what continues', () => {
    const text = [fence('ts', 'a'), fence('sh', 'b'), fence('js continue', 'c'), fence('js', 'd')];
    expect(snippets(text.join('words\n'))).toEqual([
      { line: 1, typed: true, text: 'a\n\nc\n' },
      { line: 13, typed: false, text: 'd\n' },
    ]);
  });
  test('refuses a block that continues nothing', () => {
    expect(() => snippets(fence('ts continue', ''))).toThrow('continues nothing');
  });
  test('sees a snippet that throws, now or later', async () => {
    await expect(run("throw new Error('now')")).rejects.toThrow('now');
    await expect(run("await Promise.reject(new Error('later'))")).rejects.toThrow('later');
  });
  test('sees an import that is not there', async () => {
    await expect(run("import { x } from '@chainrule/nowhere'; x();")).rejects.toThrow('nowhere');
    await expect(run("import { x } from '@chainrule/graph'; x();")).rejects.toThrow('x');
  });
  test('sees a wrong type', () => {
    expect(typeErrors(['export const x = 1;', "export const y: number = '';"])).toEqual([
      "1: Type 'string' is not assignable to type 'number'.",
    ]);
  });
  test('knows types', async () => {
    await expect(run('export const x: number = 1;')).resolves.toMatchObject({ x: 1 });
  });
});
