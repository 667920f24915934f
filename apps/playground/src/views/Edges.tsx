// The weights as lines: colour for the sign, width for the size. Updated in place each frame.
import { useRef } from 'preact/hooks';
import { type FeatureName, featureNames } from '../logic/features.ts';
import { edgePath, type Layout } from '../logic/layout.ts';
import { config, focus, look, model, view } from '../state/store.ts';
import { useDraw } from './hooks.ts';

interface Edge {
  readonly layer: number;
  readonly unit: number;
  readonly from: number;
  readonly d: string;
}

/** Every line of the net; inputs stand where their features stand. */
function edgesOf({ columns, size }: Layout, chosen: readonly FeatureName[]): Edge[] {
  const rows = chosen.map((name) => featureNames.indexOf(name));
  return columns.slice(1).flatMap((spots, l) => {
    const below = l === 0 ? rows.map((r) => columns[0]![r]!) : columns[l]!;
    return spots.flatMap((to, unit) =>
      below.map((start, from) => ({
        layer: l + 1,
        unit,
        from,
        d: edgePath(start, to, size),
      })),
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

export function Edges({ layout }: { layout: Layout }) {
  const svg = useRef<SVGSVGElement>(null);
  const { features, hidden } = config.value;
  const edges = edgesOf(layout, features);
  const key = `${features} ${hidden} ${layout.size} ${layout.height}`;
  useDraw(() => {
    const params = view.value?.params;
    const { layers } = model.value;
    const lines = svg.current?.querySelectorAll<SVGPathElement>('.line');
    if (!params || !lines) return;
    const { layer, unit } = focus.value ?? {};
    lines.forEach((line, i) => {
      const edge = edges[i]!;
      const at = layers[edge.layer - 1];
      const weight = at && params[at.weights]?.data[edge.unit * at.inputs + edge.from];
      if (weight === undefined) return;
      line.setAttribute('stroke-width', widthOf(weight).toFixed(2));
      line.dataset['sign'] = weight < 0 ? 'negative' : 'positive';
      const dim = unit !== undefined && (layer !== edge.layer || unit !== edge.unit);
      line.dataset['dim'] = String(dim);
    });
  }, [key, edges.length]);
  return (
    <svg ref={svg} class="edges" aria-hidden="true">
      {edges.map(({ layer, unit, from, d }) => (
        <g key={`${layer} ${unit} ${from}`}>
          <path class="line" d={d} />
          <path class="reach" d={d} onPointerEnter={() => look({ layer, unit, from })} />
        </g>
      ))}
    </svg>
  );
}
