// Numbers as people read them.

/** Three digits, with a real minus sign. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return 'not finite';
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : digits(value);
  return text.replaceAll('-', '−');
}

const digits = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 3 : 1);

export const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

const grouped = new Intl.NumberFormat('en');
export const count = (value: number): string => grouped.format(value);

const subscripts = '₀₁₂₃₄₅₆₇₈₉';
export const subscript = (n: number): string =>
  String(n).replaceAll(/\d/g, (d) => subscripts[Number(d)]!);
