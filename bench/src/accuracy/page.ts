// docs/accuracy.md from what was measured. It must not ask any device.
import type { Accuracy } from './measure.ts';

/** What was found, by function. */
export type Found = Readonly<Record<string, Accuracy>>;

const grouped = (n: number): string => n.toLocaleString('en');

const lines = (found: Found): string =>
  Object.entries(found)
    .map(([name, { worst, at, nearest }]) => {
      const cells = [
        `\`${name}\``,
        worst.toFixed(2),
        at.toPrecision(6),
        (100 * nearest).toFixed(1),
      ];
      return `| ${cells.join(' | ')} |`;
    })
    .join('\n');

const table = (title: string, found: Found): string =>
  `| ${title} | worst error, ulp | at | nearest float32, % |
| --- | --- | --- | --- |
${lines(found)}`;

/** The whole page. @param count numbers of each sign and exponent that were asked */
export const page = (count: number, primitive: Found, composed: Found): string => `# Accuracy

How far the functions of the device \`wasm\` are from the truth, in units in the last place of
float32 (ulp): half a unit is what rounding alone costs. Each is compiled as \`compile(f(x))\` and
asked at ${grouped(count)} numbers of each sign and exponent, ${grouped(510 * count)} in all,
subnormal numbers among them.
Truth is JavaScript's \`Math\` in float64; for \`erf\` a series, for \`sigmoid\` and \`softplus\`
their formulas. Made by \`npm run numerics\`; edit \`bench/src/accuracy\`, not this page.

The module's own functions:

${table('function', primitive)}

What the graph makes of these and of arithmetic, the same on every device:

${table('function', composed)}

On \`js\` all of them are computed in float64 and rounded once. On a GPU \`exp\` and \`log\` are
the driver's, and the lower table holds as far as they do; \`sin\` and \`cos\` are polynomials with
an absolute error of about 1e-7 near 0, which grows with the number: far out no digit is left.
NaN and infinities mean there what they mean in float64, with these exceptions: what is smaller
than 2^-126 counts as 0; a maximum of nothing but -Infinity is -3.4e38, its logsumexp -1e30; the
norm and the logsumexp of several infinities are NaN.
`;
