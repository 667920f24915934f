// Parentheses in LaTeX, as tall as what stands between them.
const tall = /\\frac|\\sum|\\begin/;

/** A factor: a sum needs parentheses. */
export const factor = (text: string): string =>
  /^[\w\\^{}[\]]+$/.test(text) ? text : parenthesized(text);

export const parenthesized = (text: string): string =>
  tall.test(text) ? `\\left(${text}\\right)` : `(${text})`;
