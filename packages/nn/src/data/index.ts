// What @chainrule/nn offers for reading and preparing data.
export { type CsvOptions, parseCsv } from './csv.ts';
export { DataError } from './errors.ts';
export {
  type Examples,
  examples,
  gather,
  type NumericArray,
  sliceExamples,
  toExamples,
} from './examples.ts';
export { type IdxArray, type IdxData, readIdx } from './idx.ts';
export { oneHot } from './one-hot.ts';
export { permutation, type RandomIntegers, shuffle } from './permutation.ts';
export { type Dataset, type SplitOptions, split } from './split.ts';
export { fitStandardizer, type Standardizer, standardize } from './standardize.ts';
export { type Column, type Table, toMatrix } from './table.ts';
