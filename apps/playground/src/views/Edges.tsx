// The weights as lines: colour for the sign, width for the size. On a canvas, because hundreds of
// SVG paths that change in every frame take browsers ten times as long.
import { useMemo, useRef } from 'preact/hooks';
import { type FeatureName, featureNames } from '../logic/features.ts';
import { edgePath, type Layout } from '../logic/layout.ts';
import { css } from '../logic/palette.ts';
import { config, focus, look, model, view } from '../state/store.ts';
import { clearedContext } from './canvas.ts';
import { useDraw } from './hooks.ts';
import { palette } from './theme.ts';

interface Edge {
  readonly layer: number;
  readonly unit: number;
  readonly from: number;
  readonly path: Path2D;
}

/** Every line of the net; inputs stand where their features stand. */
function edgesOf({ columns, size }: Layout, chosen: readonly FeatureName[]): Edge[] {
  const rows = chosen.map((name) => featureNames.indexOf(name));
  return columns.slice(1).flatMap((spots, l) => {
    const below = l === 0 ? rows.map((r) => columns[0]![r]!) : columns[l]!;
    return spots.flatMap((to, unit) =>
      below.map((start, from) => {
        const path = new Path2D(edgePath(start, to, size));
        return { layer: l + 1, unit, from, path };
      }),
    );
  });
}

/** The widest and the thinnest line, and the weight from which on it is as wide as it gets. */
const WIDEST = 6;
const THINNEST = 0.5;
const LARGE = 3;

/** The root keeps small weights visible beside large ones. */
const widthOf = (weight: number): number =>
  THINNEST + (WIDEST - THINNEST) * Math.sqrt(Math.min(1, Math.abs(weight) / LARGE));

const OPACITY = 0.75;
const DIMMED = 0.12;

function weightOf({ layer, unit, from }: Edge): number {
  const at = model.value.layers[layer - 1];
  return (at && view.value?.params[at.weights]?.data[unit * at.inputs + from]) ?? 0;
}

/** Is something else looked at: another unit, or another line of it? */
function dimmed(edge: Edge): boolean {
  const { layer, unit, from } = focus.value ?? {};
  if (unit === undefined) return false;
  return edge.layer !== layer || edge.unit !== unit || (from ?? edge.from) !== edge.from;
}

function draw(context: CanvasRenderingContext2D, edges: readonly Edge[]): void {
  const { positive, negative } = palette.value;
  const [plus, minus] = [css(positive), css(negative)];
  for (const edge of edges) {
    const weight = weightOf(edge);
    context.globalAlpha = dimmed(edge) ? DIMMED : OPACITY;
    context.lineWidth = widthOf(weight);
    context.strokeStyle = weight < 0 ? minus : plus;
    context.stroke(edge.path);
  }
}

/** How near to a line the pointer must come, in pixels across it. */
const REACH = 9;

export function Edges({ layout, width }: { layout: Layout; width: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { features } = config.value;
  const edges = useMemo(() => edgesOf(layout, features), [layout, features]);
  useDraw(() => {
    const context = ref.current && clearedContext(ref.current, width, layout.height);
    if (context) draw(context, edges);
  }, [edges, width]);
  const point = (event: PointerEvent) => {
    const context = ref.current?.getContext('2d');
    if (!context) return;
    const ratio = ref.current!.width / width;
    context.lineWidth = REACH;
    // The canvas measures in its own pixels, whatever the transform of the drawing is.
    const [x, y] = [event.offsetX * ratio, event.offsetY * ratio];
    const hit = edges.find(({ path }) => context.isPointInStroke(path, x, y));
    if (hit) look({ layer: hit.layer, unit: hit.unit, from: hit.from });
    else if (focus.value?.from !== undefined) look(undefined);
  };
  return <canvas ref={ref} class="edges" onPointerMove={point} />;
}
