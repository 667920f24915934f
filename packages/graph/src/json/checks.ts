// Reading values of unknown form: a check gives what it has read, or says what is wrong with it.
// Only own fields are looked at, each once. It knows no ops.
import { isDim, show } from '../checks.ts';
import { ChainruleError } from '../errors.ts';
import { type Dim, newSerial } from '../node.ts';

/** Most dimensions of a node, and characters of a name. */
export const MAX_RANK = 32;
export const MAX_NAME = 1000;

/** Reads a value of unknown form. @throws ChainruleError */
export type Check<T> = (x: unknown) => T;

export const fail = (what: string): never => {
  throw new ChainruleError(`fromJSON: ${what}`, 'pass what toJSON returned, unchanged.');
};

/** Reads a part; an error says which. */
export function within<T>(part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw error;
    error.message = error.message.replace(/^(fromJSON: )?/, `fromJSON: ${part}: `);
    throw error;
  }
}

/** JSON has no word for these: they are text. */
const WORDS: ReadonlyMap<unknown, number> = new Map(
  [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map((x) => [String(x), x]),
);

export const where =
  <T>(what: string, is: (x: unknown) => boolean): Check<T> =>
  (x) =>
    is(x) ? (x as T) : fail(`${show(x)} is ${what}.`);

const number = where<number>('no number', (x) => typeof x === 'number');
/** Any number; -0 is 0, as in constants. */
export const real: Check<number> = (x) => WORDS.get(x) ?? number(x) + 0;
const aboveZero = where<number>('below 0', (x) => (x as number) >= 0);
export const notNegative: Check<number> = (x) => aboveZero(real(x));
export const natural = where<number>('no place', (x) => Number.isInteger(x) && (x as number) >= 0);
export const positive = where<number>('no step', (x) => Number.isInteger(x) && (x as number) >= 1);
export const boolean = where<boolean>('neither true nor false', (x) => typeof x === 'boolean');
export const oneOf = <const T extends string>(...words: readonly T[]): Check<T> =>
  where(`none of ${words.join(', ')}`, (x) => words.includes(x as T));
export const text = where<string>(
  `no text of 1 to ${MAX_NAME} characters`,
  (x) => typeof x === 'string' && x.length > 0 && x.length <= MAX_NAME,
);
const isWord = (x: string): boolean => x.length <= MAX_NAME && /^[A-Za-z]\w*$/.test(x);
export const word = where<string>(
  'no name of letters and digits',
  (x) => typeof x === 'string' && isWord(x),
);
const dim = where<Dim>(
  'no size',
  (x) => isDim(x) && (typeof x === 'number' || x.length <= MAX_NAME),
);

export const list =
  <T>(of: Check<T>, most: number): Check<readonly T[]> =>
  (x) => {
    if (!Array.isArray(x) || x.length > most) fail(`${show(x)} is no list of up to ${most}.`);
    return Array.from(x as unknown[], of);
  };
export const shape = list(dim, MAX_RANK);
export const axes = list(natural, MAX_RANK);

export type Checks<T> = { readonly [K in keyof T]: Check<T[K]> };

/** Also what is not there. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (x) =>
    x === undefined ? undefined : check(x);

/** An object of just these fields. */
export function record<T>(checks: Checks<T>): Check<T> {
  const fields = Object.entries<Check<unknown>>(checks);
  const isKnown = (field: string): boolean => Object.hasOwn(checks, field);
  return (x) => {
    if (typeof x !== 'object' || x === null) return fail(`${show(x)} is no object.`);
    const strange = Object.keys(x).find((field) => !isKnown(field));
    if (strange !== undefined) fail(`there is no field ${show(strange)}.`);
    const result: Record<string, unknown> = {};
    for (const [field, check] of fields) {
      const value = Object.hasOwn(x, field) ? x[field as never] : undefined;
      result[field] = within(field, () => check(value));
    }
    return result as T;
  };
}

/** A serial: it is not written, and new in every graph that is read. */
export const fresh: Check<number> = () => newSerial();
