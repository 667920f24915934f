// The net: what each unit responds to, and the weights between. Layers and units can be added.
import { useMemo } from 'preact/hooks';
import { activations, MAX_LAYERS, MAX_UNITS } from '../logic/config.ts';
import { featureNames } from '../logic/features.ts';
import { type Layout, layoutOf } from '../logic/layout.ts';
import { choose, config, focus, look } from '../state/store.ts';
import { Edges } from './Edges.tsx';
import { Panel } from './fields.tsx';
import { useWidth } from './hooks.ts';
import { Inspector } from './Inspector.tsx';
import { InputUnit, LayerUnit } from './Unit.tsx';

interface CounterProps {
  readonly value: number;
  readonly noun: string;
  /** Names what is counted, for those who do not see where it stands. */
  readonly of: string;
  readonly range: readonly [number, number];
  readonly onChoose: (value: number) => void;
}

function Counter({ value, noun, of, range: [min, max], onChoose }: CounterProps) {
  return (
    <fieldset class="counter" aria-label={of}>
      <button
        type="button"
        aria-label={`Remove a ${noun}${of === 'Net' ? '' : ` from ${of}`}`}
        disabled={value <= min}
        onClick={() => onChoose(value - 1)}
      >
        −
      </button>
      <span>
        {value} <span class="noun">{value === 1 ? noun : `${noun}s`}</span>
      </span>
      <button
        type="button"
        aria-label={`Add a ${noun}${of === 'Net' ? '' : ` to ${of}`}`}
        disabled={value >= max}
        onClick={() => onChoose(value + 1)}
      >
        +
      </button>
    </fieldset>
  );
}

function setUnits(layer: number, units: number): void {
  choose({ hidden: config.value.hidden.map((n, l) => (l === layer ? units : n)) });
}

function setLayers(count: number): void {
  const { hidden } = config.value;
  choose({ hidden: count < hidden.length ? hidden.slice(0, count) : [...hidden, 3] });
}

function Headers({ layout }: { layout: Layout }) {
  const { hidden, activation } = config.value;
  const gap = layout.columns.length > 1 ? layout.columns[1]![0]!.x - layout.columns[0]![0]!.x : 0;
  const at = (column: number) => ({
    left: `${layout.columns[column]![0]!.x}px`,
    width: `${gap}px`,
  });
  return (
    <>
      <div class="head" style={at(0)}>
        <b>Features</b>
        <span>X</span>
      </div>
      {hidden.map((units, l) => (
        <div key={l} class="head" style={at(l + 1)} data-lit={focus.value?.layer === l + 1}>
          <b>Layer {l + 1}</b>
          <span>{activations[activation]}</span>
          <Counter
            value={units}
            noun="unit"
            of={`layer ${l + 1}`}
            range={[1, MAX_UNITS]}
            onChoose={(n) => setUnits(l, n)}
          />
        </div>
      ))}
      <div
        class="head"
        style={at(hidden.length + 1)}
        data-lit={focus.value?.layer === hidden.length + 1}
      >
        <b>Output</b>
        <span>sigmoid</span>
      </div>
    </>
  );
}

export function NetworkPanel() {
  const { ref, width } = useWidth<HTMLDivElement>(560);
  const { hidden } = config.value;
  const shape = hidden.join();
  const layout = useMemo(
    () => layoutOf([featureNames.length, ...hidden, 1], width),
    [shape, width],
  );
  const title = hidden.length === 0 ? 'Logistic regression' : 'Deep net';
  return (
    <Panel
      title={title}
      class="network"
      aside={
        <Counter
          value={hidden.length}
          noun="hidden layer"
          of="Net"
          range={[0, MAX_LAYERS]}
          onChoose={setLayers}
        />
      }
    >
      <div
        class="net"
        data-tight={layout.tight}
        ref={ref}
        style={{ height: `${layout.height}px` }}
        onPointerLeave={() => look(undefined)}
      >
        <Edges layout={layout} width={width} />
        <Headers layout={layout} />
        {featureNames.map((name, i) => (
          <InputUnit key={name} name={name} spot={layout.columns[0]![i]!} size={layout.size} />
        ))}
        {layout.columns
          .slice(1)
          .flatMap((spots, l) =>
            spots.map((spot, u) => (
              <LayerUnit key={`${l} ${u}`} layer={l + 1} unit={u} spot={spot} size={layout.size} />
            )),
          )}
      </div>
      <Inspector />
    </Panel>
  );
}
