// Where the units of the drawn net stand. Pure geometry, in pixels.

export interface Spot {
  /** The centre. */
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  /** Inputs, hidden layers, output. */
  readonly columns: readonly (readonly Spot[])[];
  /** The side of a unit's map. */
  readonly size: number;
  readonly height: number;
  /** Columns so narrow that the buttons of a layer stand below its number of units. */
  readonly tight: boolean;
}

/** Room above the units for the name of the layer and its buttons. */
const HEADER = 76;
const TIGHT_HEADER = 96;
/** A column that holds two buttons and a number side by side. */
const ROOMY = 78;

/** Room left of the features for their names, of which a part is free anyway. */
const LABELS = 24;

/** Columns of `counts` units across `width`, all beginning at the top. */
export function layoutOf(counts: readonly number[], width: number): Layout {
  const gap = (width - LABELS) / counts.length;
  const tight = gap < ROOMY;
  const header = tight ? TIGHT_HEADER : HEADER;
  const size = Math.max(22, Math.min(42, gap * 0.5));
  const pitch = size + Math.max(8, size * 0.28);
  const most = Math.max(...counts);
  const columns = counts.map((count, c) =>
    Array.from({ length: count }, (_, i) => ({
      x: LABELS + gap * (c + 0.5),
      y: header + size / 2 + i * pitch,
    })),
  );
  return { columns, size, height: header + most * pitch, tight };
}

/** A smooth line from the right of one unit to the left of the next. */
export function edgePath(from: Spot, to: Spot, size: number): string {
  const [x1, x2] = [from.x + size / 2, to.x - size / 2];
  const bend = (x2 - x1) / 2;
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const handles = `${at(x1 + bend, from.y)} ${at(x2 - bend, to.y)}`;
  return `M${at(x1, from.y)}C${handles} ${at(x2, to.y)}`;
}
