// The plane as the net sees it: probability, the boundary where it is one half, and the points.
import { useRef } from 'preact/hooks';
import { signChanges } from '../logic/grid.ts';
import { css } from '../logic/palette.ts';
import { data, focus, model, showTest, view } from '../state/store.ts';
import { clearedContext, drawMap, drawPoints, drawSegments } from './canvas.ts';
import { Panel } from './fields.tsx';
import { useDraw, useWidth } from './hooks.ts';
import { LossChart } from './LossChart.tsx';
import { colours, palette, theme } from './theme.ts';

/** The map to show: that of the unit that is looked at, or the output's. */
function shownMap() {
  const maps = view.value?.maps;
  const { layer, unit } = focus.value ?? {};
  const chosen = layer && unit !== undefined ? maps?.[layer - 1]?.[unit] : undefined;
  return chosen ?? maps?.at(-1)?.[0];
}

function caption(): string {
  const { layer, unit } = focus.value ?? {};
  const hidden = layer !== undefined && layer < model.value.layers.length;
  if (hidden && unit !== undefined) return `Unit ${unit + 1} of layer ${layer}`;
  return 'Probability of class 1';
}

function Plane() {
  const { ref, width } = useWidth<HTMLDivElement>(320);
  const map = useRef<HTMLCanvasElement>(null);
  const line = useRef<HTMLCanvasElement>(null);
  const dots = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const values = shownMap();
    if (!values || !map.current || !line.current) return;
    drawMap(map.current, values, colours.value);
    const colour = theme.value === 'dark' ? '#e8ecf4' : '#1a2233';
    drawSegments(line.current, width, signChanges(values), colour);
  }, [width]);
  useDraw(() => {
    const context = dots.current && clearedContext(dots.current, width);
    if (!context) return;
    const rim = theme.value === 'dark' ? '#0f131b' : '#ffffff';
    const style = { palette: palette.value, radius: 3.1, rim };
    drawPoints(context, width, data.value.train.points, 'disc', style);
    if (!showTest.value) return;
    const dark = theme.value === 'dark' ? '#ffffff' : '#1a2233';
    drawPoints(context, width, data.value.test.points, 'diamond', { ...style, rim: dark });
  }, [width]);
  return (
    <div
      class="plane"
      ref={ref}
      role="img"
      aria-label={`${caption()} over the plane, with points`}
    >
      <canvas ref={map} />
      <canvas ref={line} />
      <canvas ref={dots} />
    </div>
  );
}

function Legend() {
  const { positive, negative, neutral } = palette.value;
  const scale = `linear-gradient(90deg, ${css(negative)}, ${css(neutral)}, ${css(positive)})`;
  return (
    <div class="legend">
      <div class="scale">
        <span>0</span>
        <i style={{ background: scale }} />
        <span>1</span>
      </div>
      <span class="key">
        <svg viewBox="0 0 12 12" aria-hidden="true">
          <circle cx="6" cy="6" r="4" />
        </svg>
        training
      </span>
      <label class="key">
        <input
          type="checkbox"
          checked={showTest.value}
          onChange={(event) => {
            showTest.value = event.currentTarget.checked;
          }}
        />
        <svg viewBox="0 0 12 12" aria-hidden="true">
          <path d="M6 1l5 5-5 5-5-5z" />
        </svg>
        test
      </label>
    </div>
  );
}

export function OutputPanel() {
  return (
    <Panel title="Output" class="output" aside={<p class="note">{caption()}</p>}>
      <Plane />
      <Legend />
      <LossChart />
    </Panel>
  );
}
