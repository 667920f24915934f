// docs/numerics.md from what the contenders answered. It must not ask anyone.
import type { Answer, Contender } from './contender.ts';
import { SMALL, second, stability, TOLERANCE, VERDICTS, worst } from './truth.ts';

/** A contender with its answers, in the order of the cells of `stability` and `second`. */
export interface Column extends Contender {
  readonly stability: readonly Answer[];
  readonly second: readonly Answer[];
  /** The same in float64, shown where it is judged otherwise. */
  readonly float64?: Pick<Column, 'stability' | 'second'>;
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** Four digits, and no negative zero. */
const short = (x: number): string => String(Number(x.toPrecision(4)) + 0);

/** A number plain where it is right, bold where it is not. */
function show({ found, verdict }: Answer): string {
  if (typeof found !== 'number') return '**throws**';
  if (verdict === 'right') return short(found);
  return verdict === 'rounded' ? `*${short(found)}*` : `**${short(found)}**`;
}

function showBoth(answer: Answer, float64: Answer | undefined): string {
  const differs = float64 && float64.verdict !== answer.verdict;
  return differs ? `${show(answer)} (float64: ${show(float64)})` : show(answer);
}

/** Consecutive items of equal key, together. */
function groups<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const map = new Map<string, T[]>();
  for (const item of items) map.set(key(item), [...(map.get(key(item)) ?? []), item]);
  return [...map.values()];
}

const indexed = <T>(list: readonly T[]) => list.map((cell, i) => ({ cell, i }));

/** One table a formula: a line a point, value and gradient of the truth and of each contender. */
function stabilityTables(columns: readonly Column[]): string {
  return groups(indexed(stability), ({ cell }) => cell.row)
    .map((cells) => {
      const lines = groups(cells, ({ cell }) => String(cell.x)).map((pair) => [
        pair[0]!.cell.x,
        ...pair.map(({ cell }) => short(cell.truth)),
        ...columns.flatMap(({ stability: own, float64 }) =>
          pair.map(({ i }) => showBoth(own[i]!, float64?.stability[i])),
        ),
      ]);
      const names = ['truth', ...columns.map(({ name }) => name)];
      const head = ['at', ...names.flatMap((name) => [name, 'gradient'])];
      return `### \`${cells[0]!.cell.row}\`\n\n${table(head, lines)}`;
    })
    .join('\n\n');
}

/** What a contender found for one function: how often it is right, and the first that is not. */
function summary(answers: readonly Answer[]): string {
  const verdict = worst(answers.map((answer) => answer.verdict));
  if (verdict === 'right') return 'right';
  const bad = answers.filter((answer) => answer.verdict !== 'right');
  const { cell, found } = bad.find((answer) => answer.verdict === verdict)!;
  const where = bad.length === answers.length ? 'everywhere' : `at ${bad.length} of 4`;
  if (typeof found !== 'number') return `**throws** ${where}`;
  const got = `${short(found)} for ${short(cell.truth)} at ${cell.x}`;
  return `**${verdict}** ${where}: ${got}`;
}

function secondTable(columns: readonly Column[]): string {
  const lines = groups(indexed(second), ({ cell }) => cell.row).map((cells) => {
    const name = cells[0]!.cell.row;
    const found = columns.map(({ second: own, float64, composed }) => {
      const text = summary(cells.map(({ i }) => own[i]!));
      const other = float64 && summary(cells.map(({ i }) => float64.second[i]!));
      const mark = composed.some((it) => it === name) ? ' †' : '';
      return other && other !== text ? `${text} (float64: ${other})` : `${text}${mark}`;
    });
    return [`\`${name}\``, cells.map(({ cell }) => cell.x).join(', '), ...found];
  });
  return table(['function', 'at', ...columns.map(({ name }) => name)], lines);
}

/** How often each verdict was reached. */
const tally = (answers: readonly { verdict: string }[]): number[] =>
  VERDICTS.map((verdict) => answers.filter((answer) => answer.verdict === verdict).length);

function totals(columns: readonly Column[]): string {
  const all = columns.flatMap((column) => [
    column,
    ...(column.float64 ? [{ ...column.float64, name: `${column.name}, in float64` }] : []),
  ]);
  const functions = ({ second: own }: Pick<Column, 'second'>) =>
    groups(own, ({ cell }) => cell.row).map((answers) => ({
      verdict: worst(answers.map((answer) => answer.verdict)),
    }));
  const count = (title: string, of: (c: (typeof all)[number]) => readonly { verdict: string }[]) =>
    table(
      [title, ...VERDICTS],
      all.map((column) => [column.name, ...tally(of(column))]),
    );
  const many = functions(columns[0]!).length;
  return `${count(`${stability.length} values and gradients`, (column) => column.stability)}

${count(`second derivatives of ${many} functions`, functions)}`;
}

/** The whole page. */
export const page = (columns: readonly Column[]): string => `# Numerics

What chainrule, TensorFlow.js and jax-js answer to the same formulas, each typed as its users would
type it, with nothing rewritten by hand. Made by \`npm run numerics\`; edit
\`bench/src/numerics\`, not this page.

- **Truth** is computed from the formulas in up to 1,000 digits by mpmath
  (\`bench/fixtures/numerics.py\`); all points are exact in float32.
- **chainrule** is compiled for its device \`wasm\`, in float32 throughout. The
  same graphs run in its float64 interpreter too; where that is judged otherwise, both are shown.
- **TensorFlow.js** runs on its \`cpu\` backend, **jax-js** on its \`wasm\` backend, both in
  float32.
- A gradient is \`grad\` of the formula, a second derivative \`grad\` of \`grad\`, in each library.
- **Right** is an error of at most ${TOLERANCE} of the truth: three of float32's seven digits may
  go in roundings. Below the smallest normal float32, 1.2e-38, everything counts as 0.
- **Rounded** (*italic* below) is an error above that, yet at most ${SMALL}: 0 where 2e-9 is
  true. It harms only who divides by it or takes its logarithm.
- **Wrong** (bold below) is any other number. A function is judged by its worst point.

${totals(columns)}

## Values and gradients

For a vector, the gradient is that with respect to its first entry. At 0, the norm's gradient is by
convention the shortest subgradient, 0, and \`x log(x)\` has its limits from the right.

${stabilityTables(columns)}

## Second derivatives

† The library has no such function; it is written from its own ops.

${secondTable(columns)}
`;
