// Is this LaTeX? KaTeX and Temml, two renderers that share no code, both read it, or throw.
import katex from 'katex';
import temml from 'temml';
import { expect } from 'vitest';

/** Macros in one text, each `\\operatorname` being one; a thousand unless given. */
const MAX_EXPAND = 100_000;

/** `strict`: KaTeX refuses what LaTeX itself would, too. */
const options = {
  throwOnError: true,
  displayMode: true,
  strict: 'error',
  maxExpand: MAX_EXPAND,
} as const;

export function expectLatex(text: string): void {
  const mathml = temml.renderToString(text, {
    throwOnError: true,
    displayMode: true,
    maxExpand: MAX_EXPAND,
  });
  // What a renderer cannot read but forgives, it shows in red.
  expect(mathml, text).not.toMatch(/color:\s*#b22222|temml-error/);
  expect(katex.renderToString(text, options), text).not.toContain('katex-error');
}
