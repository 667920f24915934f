// The error of everything that reads or prepares data: what is wrong, where, and how to fix it.
import { ChainruleError } from '@chainrule/graph';

/** Data that cannot be read or do not fit together. */
export class DataError extends ChainruleError {
  override name = 'DataError';
}
