// One unit of the net as the map of what it responds to.
import { useRef } from 'preact/hooks';
import { type FeatureName, features } from '../logic/features.ts';
import { featureMap } from '../logic/grid.ts';
import type { Spot } from '../logic/layout.ts';
import { choose, config, focus, look, view } from '../state/store.ts';
import { drawMap } from './canvas.ts';
import { useDraw } from './hooks.ts';
import { colours } from './theme.ts';

const place = ({ x, y }: Spot, size: number) => ({
  left: `${x - size / 2}px`,
  top: `${y - size / 2}px`,
  width: `${size}px`,
  height: `${size}px`,
});

/** A feature: pressed if the net is told it. */
export function InputUnit(props: { name: FeatureName; spot: Spot; size: number }) {
  const { name, spot, size } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    if (canvas.current) drawMap(canvas.current, featureMap(name), colours.value);
  }, [name]);
  const chosen = config.value.features;
  const on = chosen.includes(name);
  const toggle = () =>
    choose({ features: on ? chosen.filter((f) => f !== name) : [...chosen, name] });
  return (
    <button
      type="button"
      class="unit input"
      style={place(spot, size)}
      aria-pressed={on}
      aria-label={`Feature ${features[name].title}`}
      title={on ? 'Leave this feature out' : 'Add this feature'}
      disabled={on && chosen.length === 1}
      onClick={toggle}
    >
      <canvas ref={canvas} />
      <span class="name">{features[name].title}</span>
    </button>
  );
}

/** A unit: its map live, its numbers when it is pointed at or focused. */
export function LayerUnit(props: { layer: number; unit: number; spot: Spot; size: number }) {
  const { layer, unit, spot, size } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const map = view.value?.maps[layer - 1]?.[unit];
    if (canvas.current && map) drawMap(canvas.current, map, colours.value);
  }, [layer, unit]);
  const see = () => look({ layer, unit });
  return (
    <button
      type="button"
      class="unit"
      style={place(spot, size)}
      data-lit={focus.value?.layer === layer}
      aria-label={`Unit ${unit + 1} of layer ${layer}`}
      onPointerEnter={see}
      onFocus={see}
      onBlur={() => look(undefined)}
    >
      <canvas ref={canvas} />
    </button>
  );
}
