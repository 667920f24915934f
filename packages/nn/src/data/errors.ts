// The error of everything that reads or prepares data: what is wrong, where, and how to fix it.
import { ChainruleError, explain } from '@chainrule/graph';

/** Data that cannot be read or do not fit together. The message ends with a way to fix it. */
export class DataError extends ChainruleError {
  override name = 'DataError';

  constructor(problem: string, fix: string) {
    super(explain(problem, [], fix));
  }
}
