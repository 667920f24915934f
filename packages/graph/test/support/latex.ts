// Is this LaTeX? Temml parses it to MathML and throws where it cannot.
import temml from 'temml';
import { expect } from 'vitest';

export function expectLatex(text: string): void {
  const mathml = temml.renderToString(text, { throwOnError: true, displayMode: true });
  // What Temml cannot read but forgives, it shows in red.
  expect(mathml, text).not.toMatch(/color:\s*#b22222|temml-error/);
}
