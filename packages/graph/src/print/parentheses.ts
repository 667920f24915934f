// Parentheses in LaTeX, as tall as what stands between them.
const tall = /\\frac|\\sum|\\begin/;

export const parenthesized = (text: string): string =>
  tall.test(text) ? `\\left(${text}\\right)` : `(${text})`;
