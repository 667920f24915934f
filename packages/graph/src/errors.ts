// The errors that users meet. Each says what, where and how to fix it, in the user's own names.

/** Every error that chainrule throws on purpose: what is wrong, and the way out of it. */
export class ChainruleError extends Error {
  override name = 'ChainruleError';

  constructor(what: string, fix = '') {
    super(fix ? `${what}\n  fix: ${fix}` : what);
  }
}

/** Shapes that do not fit together; thrown while a graph is built. */
export class ShapeError extends ChainruleError {
  override name = 'ShapeError';
}

/** A formula that cannot be read: syntax, or a construct that chainrule does not have. */
export class FormulaError extends ChainruleError {
  override name = 'FormulaError';
}

/** A name that is unknown, missing or used twice. */
export class NameError extends ChainruleError {
  override name = 'NameError';
}

/** Data that are missing, of the wrong size, or not finite. */
export class FeedError extends ChainruleError {
  override name = 'FeedError';
}

/** Formats a message: what is wrong, more lines of detail, and the way out. */
export function explain(what: string, details: readonly string[], fix: string): string {
  return [what, ...details.map((line) => `  ${line}`), `  fix: ${fix}`].join('\n');
}
