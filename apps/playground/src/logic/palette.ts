// Two colours that the colour-blind tell apart, blue and orange, with neutral between. Pure.

export type Rgb = readonly [number, number, number];

export interface Palette {
  /** Class 1, positive weights. */
  readonly positive: Rgb;
  /** Class 0, negative weights. */
  readonly negative: Rgb;
  readonly neutral: Rgb;
}

export const palettes = {
  light: { positive: [23, 105, 184], negative: [224, 112, 0], neutral: [245, 246, 248] },
  dark: { positive: [86, 164, 240], negative: [245, 146, 48], neutral: [27, 32, 43] },
} as const satisfies Record<string, Palette>;

export type Theme = keyof typeof palettes;

export const css = ([r, g, b]: Rgb, alpha = 1): string => `rgb(${r} ${g} ${b} / ${alpha})`;

/** How far the strongest colour of a map goes, so that points stand out on it. */
const STRENGTH = 0.66;
const STEPS = 255;

/** The colours of -1 ... 1 as packed little-endian RGBA, for ImageData. */
export function colourTable({ positive, negative, neutral }: Palette): Uint32Array {
  return Uint32Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
    const value = (i - STEPS) / STEPS;
    const end = value < 0 ? negative : positive;
    const part = STRENGTH * Math.abs(value);
    const [r, g, b] = neutral.map((n, k) => Math.round(n + (end[k]! - n) * part));
    return (0xff000000 | (b! << 16) | (g! << 8) | r!) >>> 0;
  });
}

/** Colours of a map of values in -1 ... 1; others are clamped. */
export function paint(values: ArrayLike<number>, table: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) {
    const value = Math.max(-1, Math.min(1, values[i]!));
    // A value that is not finite is shown as neutral.
    out[i] = table[STEPS + (Math.round(value * STEPS) || 0)]!;
  }
}
